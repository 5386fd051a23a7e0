#!/usr/bin/env bash
# From a clean checkout to a distilled training set: installs what is missing, builds, and runs the
# quick-start set (configs/text2sql) with two workers.
#
# usage: scripts/quickstart.sh [--workers N] [--out DIR]
#   --workers N   local worker processes (default: 2)
#   --out DIR     where everything goes (default: build/quickstart)
#
# Without a model, fd-simulator stands in for the teacher. With one:
#   OLLAMA_MODEL=qwen3:0.6b scripts/quickstart.sh
#   FASTDISTILL_BASE_URL=https://api.example.com/v1 FASTDISTILL_MODEL=... FASTDISTILL_API_KEY=... \
#     scripts/quickstart.sh
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() { sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

workers=2
out=$repository/build/quickstart
while [ $# -gt 0 ]; do
  case $1 in
    --workers | --out)
      [ $# -ge 2 ] || die "$1 needs a value"
      if [ "$1" = --workers ]; then workers=$2; else out=$2; fi
      shift 2
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    *) die "unknown option '$1' (try --help)" ;;
  esac
done
[[ $workers =~ ^[1-9][0-9]{0,2}$ ]] || die "--workers: '$workers' is not a number from 1 to 999"

simulator=
stop_simulator() {
  if [ -n "$simulator" ]; then
    kill "$simulator" 2>/dev/null || true
    wait "$simulator" 2>/dev/null || true
    simulator=
  fi
}

# prepare_set: a working copy of the set, with its databases beside the rows that name them.
prepare_set() {
  mkdir -p "$out/text2sql"
  out=$(cd "$out" && pwd)
  cp "$repository"/configs/text2sql/{samples.jsonl,text2sql.yaml,quality_gates.yaml} \
    "$repository"/configs/text2sql/provider_gateway.yaml "$out/text2sql/"
  "$python" "$repository/scripts/make_text2sql.py" --databases "$out/text2sql"
}

# start_simulator: in a session of its own, so that Ctrl-C reaches the coordinator first, which lets
# the calls under way finish.
start_simulator() {
  rm -f "$out/simulator.port"
  setsid "$bin/fd-simulator" --dataset "$out/text2sql/samples.jsonl" --seed 7 --wrong 0.2 \
    --fenced 0.3 --broken 0.05 --latency-ms 250 --sigma 0.5 --port-file "$out/simulator.port" \
    >"$out/simulator.log" 2>&1 &
  simulator=$!
  port=$(wait_for_port "$out/simulator.port" "$simulator")
}

install_packages "${build_packages[@]}"
build_preset release fd-coordinator fd-worker fd-simulator
bin=$repository/build/release/bin
prepare_set

options=(--workers "$workers" --out "$out/artifacts")
model=real
if [ -z "${FASTDISTILL_BASE_URL:-}" ] && [ -z "${OLLAMA_MODEL:-}" ]; then
  model=simulator
  trap stop_simulator EXIT
  start_simulator
  # A model name of its own: a simulated run is never taken for one of a real model.
  unset FASTDISTILL_MODEL FASTDISTILL_API_KEY
  options+=(--set teacher.model=simulator
    --set "gateway.providers.0.base_url=http://127.0.0.1:$port/v1")
  say "No model is set: fd-simulator stands in for the teacher"
  echo "It answers from the gold queries, with mistakes on purpose, so that every gate has work to"
  echo "do. The result says nothing about any model. With a real one:"
  echo "  OLLAMA_MODEL=qwen3:0.6b scripts/quickstart.sh"
  echo "  FASTDISTILL_BASE_URL=https://... FASTDISTILL_MODEL=... scripts/quickstart.sh"
fi

say "fd-coordinator run"
trap : INT TERM # the coordinator gets the signal too and drains; this script waits for it
code=0
"$bin/fd-coordinator" run "$out/text2sql/text2sql.yaml" "${options[@]}" || code=$?
trap - INT TERM
stop_simulator

if [ "$code" -le 1 ]; then
  echo
  if [ "$model" = simulator ]; then
    echo "These answers came from fd-simulator, a stand-in. With a real model: see README.md."
  fi
  echo "A job that is complete is not run twice: another --out, or rm -r $out, starts over."
  echo "fd-coordinator is $bin/fd-coordinator"
elif [ "$model" = simulator ]; then
  echo "fd-simulator ended with this script: to go on, run scripts/quickstart.sh again."
fi
exit "$code"
