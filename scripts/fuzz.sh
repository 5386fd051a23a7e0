#!/usr/bin/env bash
# Feeds random and broken bytes to everything that reads what another process wrote: frames, every
# message, journals, the ledger's rows; with AddressSanitizer and UBSan, under limits for memory.
#
# usage: scripts/fuzz.sh [N] [--seed S] [--target NAME]
#   N        inputs for every target (default: 1000000, some minutes each)
#   --seed   other inputs (default: 1); input number i of a seed is the same on every machine
#   --target one of them: tests/fuzz/targets.cpp
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

inputs=1000000
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
  inputs=$1
  shift
fi
(cd "$repository" && cmake --preset asan >/dev/null)
build_preset asan fuzz_K02_test
"$repository/build/asan/tests/fuzz/fuzz_K02_test" --inputs "$inputs" "$@"
