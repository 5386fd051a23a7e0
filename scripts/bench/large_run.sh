#!/usr/bin/env bash
# Peak memory of the commands that read a whole run, on runs that are made up here and cost nothing:
#   samples   10,000,000 samples of short rows: resume (which merges), status, show, explain, verify
#   export    an export file of more than 4 GiB, of fewer and longer rows: resume, verify
# Fails when a command fails, or takes more memory than it may.
#
# usage: scripts/bench/large_run.sh [folder to work in, default: the temporary folder]
#   ONLY=samples            one of the two
#   ROWS=10000000           samples of the first
#   EXPORT_ROWS=370000 EXPORT_PROMPT_BYTES=16384    of the second: each row has the system prompt
#   KEEP=1                  leave the runs there
#
# The first takes 24 GB and, beside others, an hour; the second 7 GB and a few minutes.
. "$(dirname "$0")/common.sh"
folder=${1:-${TMPDIR:-/tmp}}
only=${ONLY:-}
rows=${ROWS:-10000000}
export_rows=${EXPORT_ROWS:-370000}
export_prompt_bytes=${EXPORT_PROMPT_BYTES:-16384}
memory_mb=512
export_memory_mb=128

case "$only" in
  "" | samples | export) ;;
  *) echo "ONLY is samples or export" >&2; exit 2 ;;
esac
[ -w "$folder" ] || { echo "$folder is no folder that can be written to" >&2; exit 2; }
(cd "$repository" && cmake --preset release >/dev/null &&
  cmake --build --preset release --target fd-coordinator fd-worker fd_bench_make_run >/dev/null)
programs=$repository/build/release/bin
work=$(mktemp -d "$folder/large_run-XXXXXX")
[ -n "${KEEP:-}" ] || to_remove+=("$work")
failed=0

# measured LIMIT_MB COMMAND...: runs it, prints its time and peak memory; false when it fails or takes more
measured() {
  python3 - "$work/output" "$@" <<'PYTHON'
import os, sys, time

output, limit_mb, *command = sys.argv[1:]
began = time.monotonic()
pid = os.fork()
if pid == 0:
    to = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(to, 1)
    os.dup2(to, 2)
    os.execv(command[0], command)
_, status, usage = os.wait4(pid, 0)
code, peak_mb = os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024
print(f"{os.path.basename(command[1] if len(command) > 1 else command[0]):8} {time.monotonic() - began:7.1f} s "
      f"{usage.ru_utime + usage.ru_stime:7.1f} s CPU {peak_mb:6.0f} MB (at most {limit_mb}), exit {code}", flush=True)
if code != 0:
    sys.stdout.write(open(output, encoding="utf-8", errors="replace").read()[-2000:])
sys.exit(code != 0 or peak_mb > float(limit_mb))
PYTHON
}

# check LIMIT_MB COMMAND RUN...: one command of fd-coordinator
check() {
  measured "$1" "$programs/fd-coordinator" "${@:2}" || { echo "FAILED: ${*:2}"; failed=1; }
}

# make_run ROWS PROMPT_BYTES: an unmerged run; its folder is put into $run, one of its ids into $id
make_run() {
  rm -rf "$work/made"
  mkdir "$work/made"
  "$programs/fd_bench_make_run" --out "$work/made" --rows "$1" --prompt-bytes "$2" | tee "$work/made.json"
  run=$work/made/large
  id=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["id"])' "$work/made.json")
}

if [ "$only" != export ]; then
  echo "samples: $rows"
  make_run "$rows" 20
  check $memory_mb status "$run"
  check $memory_mb resume "$run"
  check $memory_mb status "$run"
  check $memory_mb show "$run" --limit 1000000
  check $memory_mb explain "$run" "$id"
  check $memory_mb verify "$run"
  check $memory_mb resume "$run"
fi
if [ "$only" != samples ]; then
  echo "export: $export_rows samples, a system prompt of $export_prompt_bytes bytes"
  make_run "$export_rows" "$export_prompt_bytes"
  check $export_memory_mb resume "$run"
  stat -c '%n: %s bytes' "$run/export/train.jsonl"
  check $export_memory_mb verify "$run"
fi
exit $failed
