#!/usr/bin/env bash
# Formats the C++ files of the project with clang-format (Debian package clang-format).
#
# usage: scripts/format.sh [--check]
#   --check: change nothing; exit code 1 and the places when a file is not formatted
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v clang-format >/dev/null || die "clang-format is missing: apt-get install clang-format"
mode=(-i)
case ${1:-} in
  "") ;;
  --check) mode=(--dry-run -Werror) ;;
  *) die "usage: scripts/format.sh [--check]" ;;
esac

cd "$repository"
git ls-files -z --cached --others --exclude-standard -- '*.cpp' '*.hpp' |
  xargs -0 clang-format "${mode[@]}"
