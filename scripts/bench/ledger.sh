#!/usr/bin/env bash
# What the ledger commits: outcomes per second (with the answer of each) through the real Ledger, on a
# disk and in memory, interleaved, and the ratio of the two. Each turn starts a new ledger.
#
# usage: scripts/bench/ledger.sh [folder on the disk, default: the temporary folder]
#   RECORDS=100000 RUNS=5  may be set in the environment (samples; turns)
#   MEMORY=/dev/shm        a folder in memory
#   ARGS="--batch 16 --outstanding 128"   more options of fd_bench_ledger
#
# At most 4,096 records wait for their commit by default: a coordinator under full load. With 128 of
# them commits are small, as in a run whose teacher sets the pace, and CPU per sample is mostly that
# of the commit.
. "$(dirname "$0")/common.sh"
disk=${1:-${TMPDIR:-/tmp}}
memory=${MEMORY:-/dev/shm}
records=${RECORDS:-100000}
runs=${RUNS:-5}
goal=20000
read -ra more <<<"${ARGS:-}"

for folder in "$disk" "$memory"; do
  [ -w "$folder" ] || { echo "$folder is no folder that can be written to" >&2; exit 2; }
done
case $(stat -f -c %T "$disk") in
  tmpfs | ramfs) echo "$disk is in memory, too: name a folder on a disk" >&2; exit 2 ;;
esac
(cd "$repository" && cmake --preset release >/dev/null && cmake --build --preset release --target fd_bench_ledger >/dev/null)

work=$(mktemp -d)
to_remove+=("$work")

echo "$(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg); $runs interleaved turns of $records samples"
for ((turn = 1; turn <= runs; turn++)); do
  for place in disk memory; do
    "$repository/build/release/bin/fd_bench_ledger" --records "$records" --runs 1 \
      --dir "${!place}" ${more[@]+"${more[@]}"} >"$work/$place.$turn.json"
  done
done

python3 - "$work" "$runs" "$goal" <<'PYTHON'
import json, statistics, sys

work, runs, goal = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rates = {}
for place in ("disk", "memory"):
    turns = [json.load(open(f"{work}/{place}.{turn}.json")) for turn in range(1, runs + 1)]
    each = lambda key: [turn[key]["median"] for turn in turns]
    rates[place] = each("samples_per_s")
    print(f"{place:7} median {statistics.median(rates[place]):8.0f} outcomes/s "
          f"({min(rates[place]):.0f} to {max(rates[place]):.0f})  "
          f"{statistics.median(each('rows_per_s')):8.0f} rows/s  "
          f"{statistics.median(each('commits_per_s')):5.0f} commits/s  "
          f"{statistics.median(each('cpu_us_per_sample')):6.2f} us CPU/sample  "
          f"{statistics.median(each('file_bytes_per_sample')):5.0f} bytes/sample")
ratio = statistics.median(d / m for d, m in zip(rates["disk"], rates["memory"]))
print(f"disk / memory: median {ratio:.2f} (goal on disk: {goal} outcomes/s)")
PYTHON
