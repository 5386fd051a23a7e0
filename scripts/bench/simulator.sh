#!/usr/bin/env bash
# How fast fd-simulator is, driven by wrk (Debian package wrk): the stand-in must not be what another
# benchmark measures. Prints requests per second and CPU per request for each mode.
#
# usage: scripts/bench/simulator.sh [path to fd-simulator]
#   CONNECTIONS=64 SECONDS_EACH=5 RUNS=5 QUESTIONS=20000   may be set in the environment
. "$(dirname "$0")/common.sh"
program=${1:-$repository/build/release/bin/fd-simulator}
connections=${CONNECTIONS:-64}
seconds=${SECONDS_EACH:-5}
runs=${RUNS:-5}
questions=${QUESTIONS:-20000}

command -v wrk >/dev/null || { echo "wrk is missing: apt-get install wrk" >&2; exit 2; }
[ -x "$program" ] || { echo "$program is missing: build target fd-simulator, preset release" >&2; exit 2; }

work=$(mktemp -d)
to_remove+=("$work")

python3 - "$work" "$questions" <<'PYTHON'
import json, sys

work, count = sys.argv[1], int(sys.argv[2])
schema = "; ".join(f"table_{t}(id, name, amount, created_at, kind, parent_{t})" for t in range(12))
with open(f"{work}/answers.jsonl", "w") as answers, open(f"{work}/post.lua", "w") as lua:
    for i in range(count):
        question = f"What is the total amount in table_{i % 12} of entries named name_{i} since 2020?"
        answer = f"SELECT sum(amount) FROM table_{i % 12} WHERE name = 'name_{i}' AND created_at >= '2020'"
        answers.write(json.dumps({"question": question, "answer": answer}) + "\n")
    # Prompts of about 1 KiB; each thread walks through the questions from a place of its own.
    lua.write(f"""
local count, place = {count}, 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local head = [[{{"model":"bench","messages":[{{"role":"system","content":"Return SQL only."}},]] ..
  [[{{"role":"user","content":"Schema: {schema}\\nQuestion: What is the total amount in table_]]
local tail = [[ since 2020?\\nSQL:"}}],"temperature":0.2,"max_tokens":512,"seed":]]
function init(arguments) place = math.random(count) end
function request()
  place = (place * 5 + 7) % count
  return wrk.format(nil, nil, nil, head .. (place % 12) .. " of entries named name_" .. place ..
    tail .. place .. "}}")
end
""")
    with open(f"{work}/fixed.lua", "w") as fixed:
        fixed.write("""
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{"model":"bench","messages":[{"role":"user","content":"How many rows?"}]}]]
""")
PYTHON

cpu_ticks() { awk '{print $14 + $15}' "/proc/$simulator/stat"; }

# measure NAME LUA CONNECTIONS [simulator options...]
measure() {
  local name=$1 script=$2 open=$3
  shift 3
  start_simulator "$program" "$work" "$@"
  local rates=() costs=() before after result rate bad run
  for ((run = 0; run < runs; run++)); do
    before=$(cpu_ticks)
    result=$(wrk -t1 -c"$open" -d"${seconds}s" -s "$script" "http://127.0.0.1:$port/v1/chat/completions")
    after=$(cpu_ticks)
    rate=$(awk '/^Requests\/sec:/ {print $2}' <<<"$result")
    bad=$(grep -E 'Non-2xx|Socket errors' <<<"$result" || true)
    [ -z "$bad" ] || { echo "$name: $bad" >&2; exit 1; }
    rates+=("$rate")
    costs+=("$(awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" \
      '/requests in/ {printf "%.2f", ticks / hz * 1e6 / $1}' <<<"$result")")
  done
  stop_simulator
  printf '%-28s %5d connections  median %8.0f req/s (%s)  %6.2f us CPU/request\n' "$name" "$open" \
    "$(median "${rates[@]}")" "$(spread "${rates[@]}")" "$(median "${costs[@]}")"
}

median() { printf '%s\n' "$@" | sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
spread() { printf '%s\n' "$@" | sort -g | awk 'NR == 1 {a = $1} {b = $1} END {printf "%.0f to %.0f", a, b}'; }

echo "$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1); $runs runs of $seconds s"
measure "fixed" "$work/fixed.lua" "$connections" --fixed
measure "answers, $questions questions" "$work/post.lua" "$connections" --answers "$work/answers.jsonl"
measure "answers, 4,000 connections" "$work/post.lua" 4000 --answers "$work/answers.jsonl"
measure "answers, request log" "$work/post.lua" "$connections" --answers "$work/answers.jsonl" \
  --request-log "$work/requests.jsonl"
