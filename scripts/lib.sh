# Shared by the scripts here: sourced, not run. Sets up a bare Debian 12 and builds presets.
# The caller has set -euo pipefail.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C.UTF-8

# Debian's own Python, which sees Debian's modules, even when another one stands first in PATH.
python=/usr/bin/python3

build_packages=(
  g++ cmake ninja-build ccache pkg-config git ca-certificates
  libcaf-dev libzmq3-dev cppzmq-dev libmsgpack-cxx-dev libyaml-cpp-dev libcurl4-openssl-dev
  libsqlite3-dev libgtest-dev libsimdjson-dev libssl-dev zlib1g-dev libzstd-dev libre2-dev
  python3 sqlite3
)
# shellcheck disable=SC2034  # read by the scripts in scripts/bench
bench_packages=(python3-aiohttp wrk)

# Prints a line that stands out from what the tools print.
say() { printf '\n== %s\n' "$*"; }

# fail TEXT: ends the script with exit code 1.
fail() {
  printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# usage_error TEXT: ends the script with exit code 2.
usage_error() {
  printf '%s: %s (see --help)\n' "$(basename "$0")" "$*" >&2
  exit 2
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

# Prints those of the named Debian packages that are not installed.
missing_packages() {
  local package state
  for package in "$@"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || printf '%s\n' "$package"
  done
}

# install_packages NAME...: installs what is missing with apt-get, and touches nothing otherwise.
install_packages() {
  command -v dpkg-query >/dev/null || fail "this needs Debian 12's packages: $*"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    fail "run this as root: apt-get install ${missing[*]}"
  say "installing ${missing[*]}"
  # A fresh container has no package lists, and old lists name files that are gone.
  local install=(apt-get install -y -q --no-install-recommends "${missing[@]}")
  if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || ! as_root "${install[@]}"; then
    as_root apt-get update -q
    as_root "${install[@]}"
  fi
}

# build_preset NAME [TARGET...]: configures and builds build/NAME; all targets when none is named.
build_preset() {
  local preset=$1
  shift
  (
    cd "$repository"
    cmake --preset "$preset" >"/tmp/fd-configure.$$" 2>&1 || {
      cat "/tmp/fd-configure.$$" >&2
      rm -f "/tmp/fd-configure.$$"
      exit 1
    }
    rm -f "/tmp/fd-configure.$$"
    cmake --build --preset "$preset" ${1:+--target "$@"}
  )
}
