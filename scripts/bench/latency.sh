#!/usr/bin/env bash
# Rate, CPU a sample and peak memory at a teacher that takes its time, beside two yardsticks that
# make nothing durable: the aiohttp script as two processes that share the rows, and a bare epoll
# loop in C++ (tests/bench/bench_epoll.cpp). Also how full the teacher is kept, as shares of the
# ideal (calls in flight / mean latency): of the whole job, start and export included, and of the
# arrivals in the middle 80 % of the simulator's request log.
#
# usage: scripts/bench/latency.sh [folder with fd-coordinator, fd-worker, fd-simulator, fd_bench_epoll]
#   WORKERS=2              may be set in the environment
#   CASES="..."            mean_ms:sigma:in_flight:rows:runs, ...  by default all six
#   RUNS=5                 of every case, whatever the case says
#   SIDES="..."            of ours, aiohttp, epoll; by default all three
#   KEEP=DIR               work there and leave everything in place
#   LOG_DIR=/dev/shm       where the simulator's request log goes
#
# The sides take turns, and who goes first changes. All must keep the same samples.
# CPU and memory are those of measure.py: of all processes of a side, the simulator's not counted.
# The last answers of a lognormal job take about five times the mean while nothing is left to ask: a
# short job (ten seconds at 1,024 in flight and 500 ms) loses about a sixth of the whole to that.
# The simulator syncs its log before it replies, so the log stands in memory unless LOG_DIR says
# otherwise: what a slow disk costs the stand-in says nothing about the pipeline. At zero latency
# there is no ideal and no log.
. "$(dirname "$0")/common.sh"
bin=${1:-$repository/build/release/bin}
workers=${WORKERS:-2}
cases=${CASES:-"500:0.5:16:2000:3 500:0.5:64:4000:3 500:0.5:256:20000:3 500:0.5:1024:20000:5
  2000:0.5:4096:20000:5 0:0:64:20000:5"}
read -ra sides <<<"${SIDES:-ours aiohttp epoll}"

# Debian's python3 knows python3-aiohttp; another python3 that comes first in PATH may not.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
"$python" -c 'import aiohttp' 2>/dev/null ||
  { echo "aiohttp is missing: apt-get install python3-aiohttp" >&2; exit 2; }
need_programs "$bin" fd-coordinator fd-worker fd-simulator fd_bench_epoll
ulimit -n "$(ulimit -Hn)" # a connection for each call in flight

work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
log_dir=${LOG_DIR:-/dev/shm}
[ -w "$log_dir" ] || log_dir=$work
log=$(mktemp "$log_dir/fd-bench-requests.XXXXXX")
rm -f "$work"/*.results
to_remove+=("$log")
[ -n "${KEEP:-}" ] || to_remove+=("$work")
unset "${!FASTDISTILL_@}" "${!OLLAMA_@}"

# run_side SIDE SET OUT IN_FLIGHT: prints the line of measure.py
run_side() {
  # shellcheck disable=SC2154 # start_simulator sets port
  local side=$1 set=$2 out=$3 in_flight=$4 url="http://127.0.0.1:$port/v1" command=()
  case $side in
    ours)
      command=("$bin/fd-coordinator" run "$set/bench.yaml" --out "$out" --run-id bench
        --workers "$workers" --quiet --set "gateway.providers.0.max_concurrency=$in_flight")
      ;;
    aiohttp)
      local shard
      for shard in 0 1; do
        command+=("$python" "$repository/scripts/bench/baseline_aiohttp.py" "$set" --base-url "$url"
          --out "$out/$shard" --shard "$shard/2" --concurrency $(((in_flight + shard) / 2)) :::)
      done
      ;;
    epoll) command=("$bin/fd_bench_epoll" "$set" "$port" "$out" "$in_flight") ;;
    *) echo "SIDES names $side" >&2; exit 2 ;;
  esac
  FASTDISTILL_BASE_URL=$url "$python" "$repository/scripts/bench/measure.py" \
    --log "$work/$side.log" -- "${command[@]}"
}

# one_run CASE SIDE: appends one line of JSON to CASE.SIDE.results
one_run() {
  local case=$1 side=$2 mean sigma in_flight rows set measured wall shares='{}'
  IFS=: read -r mean sigma in_flight rows _ <<<"$case"
  set="$work/set-$rows"
  [ -s "$set/bench.yaml" ] ||
    "$python" "$repository/scripts/bench/make_bench_set.py" "$set" --rows "$rows"
  rm -rf "$log" "$work/out-$side"
  mkdir "$work/out-$side"
  local options=(--answers "$set/answers.jsonl" --latency-ms "$mean" --sigma "$sigma")
  [ "$mean" = 0 ] || options+=(--request-log "$log")
  start_simulator "$bin/fd-simulator" "$work" "${options[@]}"
  measured=$(run_side "$side" "$set" "$work/out-$side" "$in_flight")
  stop_simulator
  wall=${measured#*'"wall_s": '}
  [ "$mean" = 0 ] ||
    shares=$("$python" "$repository/scripts/bench/rate_of_log.py" "$log" --in-flight "$in_flight" \
      --mean-ms "$mean" --wall-s "${wall%%,*}" --json)
  "$python" - "$rows" "$measured" "$shares" "$work/out-$side" >>"$work/$case.$side.results" <<'PYTHON'
import hashlib, json, pathlib, sys

rows, run = int(sys.argv[1]), json.loads(sys.argv[2]) | json.loads(sys.argv[3])
kept = sorted(json.loads(line)["metadata"]["sample_id"]
              for name in ("train", "valid") for file in pathlib.Path(sys.argv[4]).rglob(f"{name}.jsonl")
              for line in file.open("rb"))
if any(json.loads(report.read_text())["reused"]["calls"] > 0
       for report in pathlib.Path(sys.argv[4]).rglob("cost_report.json")):
    sys.exit("answers of an earlier run were used again: nothing was measured")
run |= {"rate": round(rows / run["wall_s"], 1), "cpu_us": round(run["cpu_s"] * 1e6 / rows, 1),
        "kept": len(kept), "kept_digest": hashlib.sha256("\n".join(kept).encode()).hexdigest()}
print(json.dumps(run))
PYTHON
}

# print_case CASE
print_case() {
  "$python" - "$work" "$1" "${sides[@]}" <<'PYTHON'
import json, statistics, sys

work, case, *sides = sys.argv[1:]
mean, sigma, in_flight, rows, _ = case.split(":")
runs = {side: [json.loads(line) for line in open(f"{work}/{case}.{side}.results")] for side in sides}
if len({run["kept_digest"] for side in sides for run in runs[side]}) != 1:
    sys.exit(f"{case}: different samples were kept: "
             f"{ {side: sorted({run['kept'] for run in runs[side]}) for side in sides} }")
print(f"{mean} ms, sigma {sigma}, {in_flight} in flight, {rows} rows; "
      f"medians of {len(runs[sides[0]])} (least to most)")
columns = (("rate", "samples/s", 0), ("cpu_us", "us CPU/sample", 0), ("peak_mib", "MiB", 0),
           ("job_share", "of ideal", 3), ("middle_share", "in the middle 80 %", 3))
for side in sides:
    cells = []
    for key, unit, digits in columns:
        values = [run[key] for run in runs[side] if key in run]
        if values:
            cells.append(f"{statistics.median(values):,.{digits}f} {unit} "
                         f"({min(values):,.{digits}f} to {max(values):,.{digits}f})")
    print(f"  {side:8} {'  '.join(cells)}")
PYTHON
}

echo "$workers workers, $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
for case in $cases; do
  turns=${RUNS:-${case##*:}}
  for ((turn = 0; turn < turns; turn++)); do
    for ((i = 0; i < ${#sides[@]}; i++)); do
      one_run "$case" "${sides[(turn + i) % ${#sides[@]}]}"
    done
  done
  print_case "$case"
done
