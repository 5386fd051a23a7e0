#!/usr/bin/env bash
# How full the teacher is kept when it takes its time: the arrival rate at the simulator over the
# middle 80 % of its request log, as a share of the ideal (calls in flight / mean latency), and the
# same for the whole job, start and export included.
#
# usage: scripts/bench/latency.sh [folder with fd-coordinator, fd-worker, fd-simulator]
#   RUNS=5 WORKERS=2       may be set in the environment
#   CASES="..."            name:mean_ms:sigma:in_flight:rows:goal_of_middle:goal_of_job, ...
#                          by default all three
#   KEEP=DIR               work there and leave everything in place
#   LOG_DIR=/dev/shm       where the simulator's request log goes
#
# Fixed latency returns whole waves of answers at once, lognormal latency does not: both are told.
# The last answers of a lognormal job take about five times the mean while nothing is left to ask: a
# job of 20,000 rows (ten seconds at 1,024 in flight and 500 ms) loses about a sixth to that alone,
# so these have 40,000.
#
# The simulator syncs its log before it replies, so the log stands in memory unless LOG_DIR says
# otherwise: what a slow disk costs the stand-in says nothing about the pipeline.
. "$(dirname "$0")/common.sh"
bin=${1:-$repository/build/release/bin}
runs=${RUNS:-5}
workers=${WORKERS:-2}
cases=${CASES:-"fixed-500:500:0:1024:40000:0.95:0.85 lognormal-500:500:0.5:1024:40000:0.95:0.85
  lognormal-50:50:0.5:256:40000:0.90:-"}

python=/usr/bin/python3
[ -x "$python" ] || python=python3
need_programs "$bin" fd-coordinator fd-worker fd-simulator

work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
log_dir=${LOG_DIR:-/dev/shm}
[ -w "$log_dir" ] || log_dir=$work
log=$(mktemp "$log_dir/fd-bench-requests.XXXXXX")
rm -f "$work"/*.results
to_remove+=("$log")
[ -n "${KEEP:-}" ] || to_remove+=("$work")
unset "${!FASTDISTILL_@}" "${!OLLAMA_@}"

# one_run NAME MEAN_MS SIGMA IN_FLIGHT ROWS: appends one line of JSON to NAME.results
one_run() {
  local name=$1 mean=$2 sigma=$3 in_flight=$4 rows=$5 set="$work/set-$5" start end wall
  [ -s "$set/samples.jsonl" ] ||
    "$python" "$repository/scripts/bench/make_bench_set.py" "$set" --rows "$rows"
  rm -rf "$log" "$work/artifacts"
  start_simulator "$bin/fd-simulator" "$work" --answers "$set/answers.jsonl" --latency-ms "$mean" --sigma "$sigma" \
    --request-log "$log"
  start=$(date +%s%N)
  FASTDISTILL_BASE_URL="http://127.0.0.1:$port/v1" \
    "$bin/fd-coordinator" run "$set/bench.yaml" \
    --out "$work/artifacts" --run-id "$name" --workers "$workers" --quiet \
    --set "gateway.providers.0.max_concurrency=$in_flight" \
    </dev/null >"$work/$name.log" 2>&1 || {
    echo "$name: fd-coordinator ended with exit code $?" >&2
    tail -40 "$work/$name.log" >&2
    exit 1
  }
  end=$(date +%s%N)
  stop_simulator
  wall=$(awk -v ns=$((end - start)) 'BEGIN {printf "%.3f", ns / 1e9}')
  "$python" "$repository/scripts/bench/rate_of_log.py" "$log" --in-flight "$in_flight" \
    --mean-ms "$mean" --wall-s "$wall" --json >>"$work/$name.results"
}

echo "$workers workers, $runs interleaved runs, $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
for ((turn = 1; turn <= runs; turn++)); do
  for entry in $cases; do
    IFS=: read -r name mean sigma in_flight rows _ _ <<<"$entry"
    one_run "$name" "$mean" "$sigma" "$in_flight" "$rows"
    echo "  run $turn: $name $(tail -n 1 "$work/$name.results")"
  done
done
for entry in $cases; do
  IFS=: read -r name mean sigma in_flight rows goal_middle goal_job <<<"$entry"
  "$python" - "$work/$name.results" \
    "$name: $in_flight in flight, $mean ms, sigma $sigma, $rows rows" "$goal_middle" \
    "$goal_job" <<'PYTHON'
import json, statistics, sys

runs = [json.loads(line) for line in open(sys.argv[1])]
print(sys.argv[2])
for key, label, goal in (("middle_share", "middle 80 %", sys.argv[3]),
                         ("job_share", "whole job", sys.argv[4])):
    values = [run[key] for run in runs]
    wanted = "no goal" if goal == "-" else f"goal {goal}"
    print(f"  {label:12} median {statistics.median(values):.3f} of ideal  "
          f"({min(values):.3f} to {max(values):.3f}; {wanted})")
PYTHON
done
