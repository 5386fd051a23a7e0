#!/usr/bin/env bash
# What durability costs: the same job at zero latency with its run folder (ledger, journals, shards) on
# disk, where every sync is one, and in memory, where it costs nothing. Interleaved runs; the goal is
# that the durable run reaches 70 % of the other's rate.
#
# usage: scripts/bench/durability.sh [folder with fd-coordinator, fd-worker, fd-simulator]
#   ROWS=20000 RUNS=5 WORKERS=2 IN_FLIGHT=64 DISK=DIR MEMORY=/dev/shm   may be set in the environment
. "$(dirname "$0")/common.sh"
bin=${1:-$repository/build/release/bin}
disk=$(mktemp -d "${DISK:-/var/tmp}/fd-durability-XXXXXX")
memory=$(mktemp -d "${MEMORY:-/dev/shm}/fd-durability-XXXXXX")
to_remove+=("$disk" "$memory")

python3 "$repository/scripts/bench/make_bench_set.py" "$memory/set" --rows "${ROWS:-20000}"
start_simulator "$bin/fd-simulator" "$memory" --answers "$memory/set/answers.jsonl"

run_once() { # run_once FOLDER: prints the wall time in seconds
  rm -rf "$1/artifacts"
  local begin=$EPOCHREALTIME
  FASTDISTILL_BASE_URL="http://127.0.0.1:$port/v1" "$bin/fd-coordinator" run \
    "$memory/set/bench.yaml" --out "$1/artifacts" --run-id bench --workers "${WORKERS:-2}" --quiet \
    --set "gateway.providers.0.max_concurrency=${IN_FLIGHT:-64}" >"$1/log" 2>&1 ||
    { tail -20 "$1/log" >&2; exit 1; }
  echo "$begin $EPOCHREALTIME" | awk '{printf "%.3f\n", $2 - $1}'
}

ratios=()
for turn in $(seq "${RUNS:-5}"); do
  if [ $((turn % 2)) = 0 ]; then
    in_memory=$(run_once "$memory") on_disk=$(run_once "$disk")
  else
    on_disk=$(run_once "$disk") in_memory=$(run_once "$memory")
  fi
  ratios+=("$(echo "$in_memory $on_disk" | awk '{printf "%.3f", $1 / $2}')")
  echo "run $turn: $on_disk s on disk, $in_memory s in memory, rate on disk / in memory ${ratios[-1]}"
done
printf '%s\n' "${ratios[@]}" | sort -n |
  awk '{v[NR] = $1} END {printf "rate ratio (goal >= 0.7)  median %.3f  (%.3f to %.3f)\n", v[int((NR + 1) / 2)], v[1], v[NR]}'
