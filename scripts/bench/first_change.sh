#!/usr/bin/env bash
# How long a newcomer waits: the commands of CONTRIBUTING.md, "Your first change", in a fresh clone and
# without ccache.
#
# usage: scripts/bench/first_change.sh
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

commands=$(awk '/^### Your first change/ {here = 1} here && /^```$/ {exit} here && code {print} here && /^```sh/ {code = 1}' \
  "$repository/CONTRIBUTING.md")
[ -n "$commands" ] || die "CONTRIBUTING.md tells of no first change"

clone=$(mktemp -d)
trap 'rm -rf "$clone"' EXIT
begin=$SECONDS
git clone -q "$repository" "$clone/fast-distill"
(cd "$clone/fast-distill" && CCACHE_DISABLE=1 bash -euxo pipefail -c "$commands")
echo "from clone to a passing unit test: $((SECONDS - begin)) s on $(nproc) cores"
