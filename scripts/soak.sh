#!/usr/bin/env bash
# K10: runs jobs for some minutes while a random process dies every few seconds, and checks each of them.
#
# usage: scripts/soak.sh [--minutes N] [--seed N] [--rows N] [--no-build]
#   Each run has a coordinator and two workers of its own, which it did not start; every 1 to 4 seconds
#   one of the three is killed (kill -9) or stopped for longer than a lease, and started again. At the
#   end of each run: every sample has one outcome, the bytes are those of a calm run, and no more calls
#   were repeated than were in flight at the deaths of workers; those of the coordinator cost none.
#   --minutes N   how long (default: 5); a nightly soak is 60
#   --seed N      decides who dies when (default: 1)
#   --rows N      samples of one run (default: 3000)
#   --no-build    the programs are built already
#   Needs no root and no network. Exit code 0: nothing was lost. The last line has the totals.
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

build=yes
arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --minutes | --seed | --rows)
      [ $# -ge 2 ] || die "$1 needs a number"
      arguments+=("$1" "$2")
      shift 2
      ;;
    --no-build) build= && shift ;;
    *) die "usage: scripts/soak.sh [--minutes N] [--seed N] [--rows N] [--no-build]" ;;
  esac
done

if [ -n "$build" ]; then
  install_packages "${build_packages[@]}"
  build_preset release fd-coordinator fd-worker fd-simulator
fi
FD_BIN_DIR=$repository/build/release/bin exec "$python" -B "$repository/tests/e2e/soak.py" "${arguments[@]}"
