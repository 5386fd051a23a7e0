#!/usr/bin/env bash
# What keys cost: CPU of a whole run (coordinator and local workers) with and without CURVE,
# interleaved, at zero latency of the teacher. The goal is a ratio of at most 1.15.
#
# usage: scripts/bench/curve.sh [folder with fd-coordinator, fd-worker, fd-simulator]
#   ROWS=20000 RUNS=5 WORKERS=2 IN_FLIGHT=64   may be set in the environment
#
# Both runs must export the same bytes, or the figures are not printed.
. "$(dirname "$0")/common.sh"
bin=${1:-$repository/build/release/bin}
rows=${ROWS:-20000}
runs=${RUNS:-5}
workers=${WORKERS:-2}
in_flight=${IN_FLIGHT:-64}

need_programs "$bin" fd-coordinator fd-worker fd-simulator

work=$(mktemp -d)
to_remove+=("$work")

python3 "$repository/scripts/bench/make_bench_set.py" "$work/set" --rows "$rows"
"$bin/fd-coordinator" keygen "$work/keys" >/dev/null
start_simulator "$bin/fd-simulator" "$work" --answers "$work/set/answers.jsonl"

python3 - "$bin" "$work" "$runs" "$workers" "$in_flight" "$port" <<'PYTHON'
import os, pathlib, resource, shutil, statistics, subprocess, sys

bin_dir, work = sys.argv[1:3]
runs, workers, in_flight, port = map(int, sys.argv[3:])
rows = sum(1 for _ in open(f"{work}/set/samples.jsonl", "rb"))


def cpu_of_run(keys):
    """Runs the set once: (CPU in seconds, bytes of the export)."""
    shutil.rmtree(f"{work}/artifacts", ignore_errors=True)
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("FASTDISTILL_", "OLLAMA_"))}
    command = [f"{bin_dir}/fd-coordinator", "run", f"{work}/set/bench.yaml", "--out", f"{work}/artifacts",
               "--run-id", "bench", "--workers", str(workers), "--quiet",
               "--set", f"gateway.providers.0.max_concurrency={in_flight}"]
    if keys:
        command += ["--set", f"transport.keys={work}/keys"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={**environment, "FASTDISTILL_BASE_URL": f"http://127.0.0.1:{port}/v1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode}: {' '.join(command)}\n{done.stderr[-4000:]}")
    export = b"".join(pathlib.Path(f"{work}/artifacts/bench/export/{name}.jsonl").read_bytes()
                      for name in ("train", "valid"))
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, export


print(f"{rows} rows, {in_flight} in flight, {workers} workers, {runs} interleaved pairs, "
      f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}", flush=True)
plain, curve = [], []
for turn in range(runs):
    exports = []
    for keys in ((False, True) if turn % 2 == 0 else (True, False)):
        cpu, export = cpu_of_run(keys)
        (curve if keys else plain).append(cpu)
        exports.append(export)
    if exports[0] != exports[1]:
        sys.exit("the export differs with keys and without")
    print(f"  pair {turn + 1}: plaintext {plain[-1]:.2f} s CPU, CURVE {curve[-1]:.2f} s CPU", flush=True)
for name, values in (("plaintext CPU, s", plain), ("CURVE CPU, s", curve),
                     ("ratio (goal <= 1.15)", [c / p for c, p in zip(curve, plain)])):
    print(f"{name:24} median {statistics.median(values):8.3f}  ({min(values):.3f} to {max(values):.3f})")
PYTHON
