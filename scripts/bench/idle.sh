#!/usr/bin/env bash
# Idle is idle: CPU of a live run that only waits. One row whose answer takes ten minutes, one
# worker. Prints for coordinator and worker the CPU time as per cent of a core and how often their
# threads woke up, and exits with 1 when one of them is beyond the limit.
#
# usage: scripts/bench/idle.sh [folder with fd-coordinator, fd-worker, fd-simulator]
#   SECONDS_WATCHED=60 LIMIT=0.1   may be set in the environment; the limit in per cent of a core
#   KEEP=DIR                       work there and leave everything in place
#
# CPU time is that of /proc/PID/task/TID/schedstat, in nanoseconds, over all threads.
. "$(dirname "$0")/common.sh"
bin=${1:-$repository/build/release/bin}
seconds=${SECONDS_WATCHED:-60}
limit=${LIMIT:-0.1}

need_programs "$bin" fd-coordinator fd-worker fd-simulator
work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
[ -n "${KEEP:-}" ] || to_remove+=("$work")
unset "${!FASTDISTILL_@}" "${!OLLAMA_@}"

coordinator=
# shellcheck disable=SC2317 # the trap calls it
stop_run() {
  [ -n "$coordinator" ] || return 0
  kill "$coordinator" 2>/dev/null || true
  wait "$coordinator" 2>/dev/null || true
}
trap 'stop_run; clean_up' EXIT

# wait_for WHAT COMMAND...: until the command succeeds, half a minute at most
wait_for() {
  local turn
  for ((turn = 0; turn < 300; turn++)); do
    ! "${@:2}" || return 0
    kill -0 "$coordinator" || break
    sleep 0.1
  done
  echo "$1 did not come" >&2
  cat "$work/run.log" >&2
  exit 1
}

python3 "$repository/scripts/bench/make_bench_set.py" "$work/set" --rows 1
start_simulator "$bin/fd-simulator" "$work" --answers "$work/set/answers.jsonl" --latency-ms 600000 \
  --request-log "$work/requests.jsonl"
# shellcheck disable=SC2154 # start_simulator sets port
FASTDISTILL_BASE_URL="http://127.0.0.1:$port/v1" "$bin/fd-coordinator" run "$work/set/bench.yaml" \
  --out "$work/artifacts" --run-id idle --workers 1 --drain-s 0 --quiet \
  --set gateway.request_timeout_s=3600 </dev/null >"$work/run.log" 2>&1 &
coordinator=$!
wait_for "the call" test -s "$work/requests.jsonl"
worker=$(pgrep -P "$coordinator" -x fd-worker)
sleep 5 # what the start leaves to do

# watched PID: CPU time in ns and wake-ups, over all threads
watched() {
  awk 'FILENAME ~ /schedstat$/ {cpu += $1} /^voluntary_ctxt_switches/ {woken += $2} END {print cpu, woken}' \
    "/proc/$1"/task/*/schedstat "/proc/$1"/task/*/status
}
read -r coordinator_cpu coordinator_woken < <(watched "$coordinator")
read -r worker_cpu worker_woken < <(watched "$worker")
sleep "$seconds"

# tell NAME PID CPU_BEFORE WOKEN_BEFORE: fails when beyond the limit
tell() {
  watched "$2" | awk -v name="$1" -v cpu="$3" -v woken="$4" -v seconds="$seconds" -v limit="$limit" '{
    share = ($1 - cpu) / 1e7 / seconds
    printf "%-12s %.3f %% of a core (limit %s), woken %.1f times a second\n", name, share, limit, ($2 - woken) / seconds
    exit share > limit }'
}
result=0
tell coordinator "$coordinator" "$coordinator_cpu" "$coordinator_woken" || result=1
tell worker "$worker" "$worker_cpu" "$worker_woken" || result=1
exit "$result"
