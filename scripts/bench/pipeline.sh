#!/usr/bin/env bash
# The whole pipeline against a Python script that does the same job without durability: CPU and wall
# time, interleaved runs at zero latency. The CPU of fd-coordinator counts all its workers. The goal
# is a CPU ratio of at most 0.55.
#
# usage: scripts/bench/pipeline.sh [folder with fd-coordinator, fd-worker, fd-simulator]
#   ROWS=20000 RUNS=5 WORKERS=2 IN_FLIGHT=64   may be set in the environment
#   KEEP=DIR                                   work there and leave everything in place
#
# Both sides must keep the same samples, or the figures are not printed.
. "$(dirname "$0")/common.sh"
bin=${1:-$repository/build/release/bin}
rows=${ROWS:-20000}
runs=${RUNS:-5}
workers=${WORKERS:-2}
in_flight=${IN_FLIGHT:-64}

# Debian's python3 knows python3-aiohttp; another python3 that comes first in PATH may not.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
"$python" -c 'import aiohttp' 2>/dev/null ||
  { echo "aiohttp is missing: apt-get install python3-aiohttp" >&2; exit 2; }
need_programs "$bin" fd-coordinator fd-worker fd-simulator

work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
[ -n "${KEEP:-}" ] || to_remove+=("$work")

"$python" "$repository/scripts/bench/make_bench_set.py" "$work/set" --rows "$rows"
start_simulator "$bin/fd-simulator" "$work" --answers "$work/set/answers.jsonl"

"$python" - "$repository" "$bin" "$work" "$runs" "$workers" "$in_flight" "$port" <<'PYTHON'
import json, os, resource, shutil, statistics, subprocess, sys, time

repository, bin_dir, work = sys.argv[1:4]
runs, workers, in_flight, port = map(int, sys.argv[4:])
base_url = f"http://127.0.0.1:{port}/v1"
rows = sum(1 for _ in open(f"{work}/set/samples.jsonl", "rb"))


def measure(command, log):
    """Runs a command to its end: (wall, CPU) in seconds, with the processes it waited for."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("FASTDISTILL_", "OLLAMA_"))}
    with open(log, "wb") as file:
        code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file,
                              stderr=subprocess.STDOUT,
                              env={**environment, "FASTDISTILL_BASE_URL": base_url}).returncode
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code != 0:
        sys.stderr.write(open(log, errors="replace").read()[-4000:])
        sys.exit(f"exit code {code}: {' '.join(command)}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def kept_ids(folder):
    return {json.loads(line)["metadata"]["sample_id"] for name in ("train", "valid")
            for line in open(f"{folder}/{name}.jsonl", "rb")}


def run_python():
    return measure([sys.executable, f"{repository}/scripts/bench/baseline_aiohttp.py",
                    f"{work}/set", "--base-url", base_url, "--out", f"{work}/baseline",
                    "--concurrency", str(in_flight)], f"{work}/baseline.log")


def run_ours():
    shutil.rmtree(f"{work}/artifacts", ignore_errors=True)
    return measure([f"{bin_dir}/fd-coordinator", "run", f"{work}/set/bench.yaml",
                    "--out", f"{work}/artifacts", "--run-id", "bench",
                    "--workers", str(workers), "--quiet",
                    "--set", f"gateway.providers.0.max_concurrency={in_flight}"],
                   f"{work}/ours.log")


def spread(name, values, unit):
    return (f"{name:24} median {statistics.median(values):9.3f} {unit}  "
            f"({min(values):.3f} to {max(values):.3f})")


print(f"{rows} rows, {in_flight} in flight, {workers} workers, {runs} interleaved runs, "
      f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}", flush=True)
python_runs, our_runs = [], []
for turn in range(runs):
    # Who goes first changes from turn to turn, so that neither always meets the warmer machine.
    for which in ((run_python, run_ours) if turn % 2 == 0 else (run_ours, run_python)):
        (python_runs if which is run_python else our_runs).append(which())
    report = json.load(open(f"{work}/artifacts/bench/reports/cost_report.json"))
    if report["reused"]["calls"] > 0:
        sys.exit("answers of an earlier run were used again: nothing was measured")
    theirs, ours = kept_ids(f"{work}/baseline"), kept_ids(f"{work}/artifacts/bench/export")
    if theirs != ours:
        sys.exit(f"different samples were kept: {len(theirs)} by Python, "
                 f"{len(ours)} by Fast Distill, first difference {sorted(theirs ^ ours)[0]}")
    print(f"  run {turn + 1}: "
          f"python {python_runs[-1][1]:.2f} s CPU {python_runs[-1][0]:.2f} s wall, "
          f"fast-distill {our_runs[-1][1]:.2f} s CPU {our_runs[-1][0]:.2f} s wall", flush=True)

scale = 1e6 / rows
print(spread("python CPU", [cpu * scale for _, cpu in python_runs], "us/sample"))
print(spread("fast-distill CPU", [cpu * scale for _, cpu in our_runs], "us/sample"))
print(spread("python wall", [wall for wall, _ in python_runs], "s"))
print(spread("fast-distill wall", [wall for wall, _ in our_runs], "s"))
cpu_ratios = [ours[1] / theirs[1] for ours, theirs in zip(our_runs, python_runs)]
wall_ratios = [ours[0] / theirs[0] for ours, theirs in zip(our_runs, python_runs)]
print(spread("CPU ratio (goal <= 0.55)", cpu_ratios, ""))
print(spread("wall ratio", wall_ratios, ""))
print(f"kept {len(ours)} of {rows}, the same on both sides")
PYTHON
