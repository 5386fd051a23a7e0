# shellcheck shell=bash disable=SC2034 # the scripts that source it use its names
# What the scripts share: packages, Python, and building a preset. Source it; it runs nothing itself.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Debian's own interpreter first: python3-aiohttp belongs to it, and another one may shadow it.
python=python3
if [ -x /usr/bin/python3 ]; then
  python=/usr/bin/python3
fi
export PYTHONDONTWRITEBYTECODE=1

build_packages=(
  g++ cmake ninja-build ccache pkg-config git ca-certificates python3 sqlite3
  libcaf-dev libzmq3-dev cppzmq-dev libmsgpack-cxx-dev libyaml-cpp-dev libcurl4-openssl-dev
  libsqlite3-dev libsimdjson-dev libssl-dev zlib1g-dev libzstd-dev libre2-dev libjemalloc-dev libgtest-dev
)
test_packages=(strace iproute2)
bench_packages=(python3-aiohttp wrk)

say() { printf '\n== %s\n' "$*"; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 2
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "packages are missing and there is no sudo; as root: apt-get install $missing_text"
  fi
}

# install_packages NAME...: installs with apt-get what is not installed yet; nothing else is fetched.
install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian: these packages (or their like) must be there: $*" >&2
    return 0
  fi
  local name missing=()
  for name in "$@"; do
    case $(dpkg-query -W -f '${Status}' "$name" 2>/dev/null) in
      *" installed") ;;
      *) missing+=("$name") ;;
    esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  missing_text=${missing[*]}
  say "Installing: $missing_text"
  as_root apt-get update -q || echo "apt-get update failed: trying with the lists that are there" >&2
  as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
    apt-get install -y -q --no-install-recommends "${missing[@]}" ||
    die "cannot install: $missing_text"
}

# install_npm_packages: puts the programs of tests/e2e/npm below build/npm, in the versions of its lock
# file, whose digests npm checks. None of their own scripts is run. Without npm, or a registry that npm
# reaches, it says what is left out, and goes on.
install_npm_packages() {
  local sources=$repository/tests/e2e/npm folder=$repository/build/npm
  if cmp -s "$sources/package-lock.json" "$folder/installed.json"; then
    return 0
  fi
  say "Installing programs of npm"
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$sources"/package*.json "$folder"
  if command -v npm >/dev/null &&
    timeout 300 npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error; then
    cp "$folder/package-lock.json" "$folder/installed.json"
  else
    rm -rf "$folder"
    echo "SKIPPED: e2e_real_programs: no npm, or npm reaches no registry" >&2
  fi
}

# build_jobs: one per core, but no more than memory allows: a file that includes CAF takes over 1 GB.
build_jobs() {
  local cores memory_kb by_memory
  cores=$(nproc)
  memory_kb=$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)
  by_memory=$((memory_kb / 1500000))
  [ "$by_memory" -ge 1 ] || by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# build_preset PRESET [TARGET...]: configures and builds build/PRESET; without targets, all of it.
build_preset() {
  local preset=$1
  shift
  local begin=$SECONDS targets=()
  [ $# -eq 0 ] || targets=(--target "$@")
  say "Building preset $preset"
  (cd "$repository" && cmake --preset "$preset" >/dev/null &&
    cmake --build --preset "$preset" -j "$(build_jobs)" "${targets[@]}")
  echo "built preset $preset in $((SECONDS - begin)) s"
}

# wait_for_port FILE PID: prints the port that fd-simulator wrote, or fails when it ended.
wait_for_port() {
  local file=$1 pid=$2
  until [ -s "$file" ]; do
    kill -0 "$pid" 2>/dev/null || die "fd-simulator ended before it listened"
    sleep 0.05
  done
  cat "$file"
}
