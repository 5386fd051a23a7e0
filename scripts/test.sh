#!/usr/bin/env bash
# Everything that must pass before a change goes in; .ci/run is this script.
#
# usage: scripts/test.sh [--fast]
#   installs what is missing, builds preset release and runs all its tests (but those labelled timed);
#   then the unit tests, a small simulation and some end-to-end tests with AddressSanitizer and UBSan,
#   and the tests of the threads below CAF with ThreadSanitizer.
#   --fast: release only
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export LC_ALL=C.UTF-8

fast=
case ${1:-} in
  "") ;;
  --fast) fast=yes ;;
  *) die "usage: scripts/test.sh [--fast]" ;;
esac
unset "${!FASTDISTILL_@}" OLLAMA_MODEL OLLAMA_HOST # tests never meet a real model

# Debian's CAF and libzmq are not instrumented, which ThreadSanitizer takes for races: these tests have
# threads and do without both.
thread_tests=(gateway_test curl_senders_test simulator_server_test ledger_test answer_journal_test)

# Real programs with AddressSanitizer and UBSan: a run, its leases and faults, its stages elsewhere.
program_tests=(e2e_run e2e_lease e2e_stages)
programs=(fd-coordinator fd-worker fd-simulator fd-coordinator-failpoint fd-worker-failpoint)

timings=()
timed() { # timed NAME COMMAND...
  local name=$1 begin=$SECONDS
  shift
  "$@"
  timings+=("$(printf '%5d s  %s' $((SECONDS - begin)) "$name")")
}

# build_tests PRESET LABELS [TARGET...]: builds the test programs with a label and what they need, no
# more; each target has the name of its test.
build_tests() {
  local preset=$1 names
  (cd "$repository" && cmake --preset "$preset" >/dev/null)
  names=$(ctest --test-dir "$repository/build/$preset" -N -L "$2" | sed -n 's/^ *Test *#[0-9]*: //p')
  [ -n "$names" ] || die "no test has a label like $2"
  # shellcheck disable=SC2086 # one word each
  build_preset "$preset" $names "${@:3}"
}

run_tests() { # run_tests PRESET CTEST-OPTIONS...
  local preset=$1
  shift
  say "Testing preset $preset"
  (cd "$repository" && ctest --test-dir "build/$preset" -j2 --output-on-failure "$@")
}

# tests_of NAME...: the pattern of these tests for ctest
tests_of() { (IFS='|' && echo "^($*)\$"); }

# A worker that a sanitizer ends is started again and the run goes on: what sanitizers found is in files.
run_program_tests() {
  local reports
  reports=$(mktemp -d)
  ASAN_OPTIONS="log_path=$reports/asan" UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1" \
    run_tests asan -R "$(tests_of "${program_tests[@]}")" --no-tests=error
  if [ -n "$(ls -A "$reports")" ]; then
    cat "$reports"/*
    die "sanitizers found the above; it is in $reports"
  fi
  rmdir "$reports"
}

timed "packages" install_packages "${build_packages[@]}" "${test_packages[@]}"
timed "programs of npm" install_npm_packages
timed "release: build" build_preset release
if [ -z "$fast" ]; then
  timed "asan: build" build_tests asan 'unit|golden' sim_tests "${programs[@]}"
  timed "tsan: build" build_preset tsan "${thread_tests[@]}"
  timed "asan: unit and golden tests" run_tests asan -L 'unit|golden'
  FD_SIM_SEEDS=100 timed "asan: simulation" run_tests asan -R '^sim_' -E mutants
  timed "asan: programs" run_program_tests
  TSAN_OPTIONS="ignore_noninstrumented_modules=1 halt_on_error=1" \
    timed "tsan: tests of threads" run_tests tsan -R "$(tests_of "${thread_tests[@]}")" --no-tests=error
fi
timed "release: all tests" run_tests release -LE timed

say "Passed"
printf '%s\n' "${timings[@]}"
[ -d "$repository/build/npm" ] || echo "SKIPPED: e2e_real_programs: no npm, or npm reaches no registry"
