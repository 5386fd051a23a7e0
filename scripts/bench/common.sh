# Sourced by the measurements of this folder: where things are, the simulator, and cleaning up.
# shellcheck shell=bash

set -euo pipefail
# shellcheck disable=SC2034  # for whoever sources this
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
simulator=   # process, while it runs
to_remove=() # at the end

stop_simulator() {
  [ -n "$simulator" ] || return 0
  kill "$simulator" 2>/dev/null || true
  wait "$simulator" 2>/dev/null || true
  simulator=
}
clean_up() {
  stop_simulator
  [ ${#to_remove[@]} = 0 ] || rm -rf "${to_remove[@]}"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# need_programs FOLDER PROGRAM...
need_programs() {
  local folder=$1 program
  for program in "${@:2}"; do
    [ -x "$folder/$program" ] || { echo "$folder/$program is missing: build preset release" >&2; exit 2; }
  done
}

# start_simulator PROGRAM FOLDER OPTION...: on a free port, which is put into $port; FOLDER is to write in
start_simulator() {
  rm -f "$2/port"
  "$1" --port-file "$2/port" "${@:3}" >/dev/null &
  simulator=$!
  until [ -s "$2/port" ]; do
    kill -0 "$simulator" || { echo "fd-simulator ended" >&2; exit 1; }
    sleep 0.05
  done
  # shellcheck disable=SC2034
  port=$(cat "$2/port")
}
