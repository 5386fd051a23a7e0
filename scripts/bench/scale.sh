#!/usr/bin/env bash
# How the coordinator grows with the run: its peak memory at a small and at a large number of samples
# (goal: within 64 MB of each other), and how long a restart of the large one takes until calls are
# made again (goal: 5 s), measured by killing it when half of the samples are done.
#
# usage: scripts/bench/scale.sh [folder with fd-coordinator, fd-worker, fd-simulator]
#   SMALL=10000 LARGE=1000000 DIR=/var/tmp   may be set in the environment; a million samples take about
#   10 GB there, and some minutes
. "$(dirname "$0")/common.sh"
bin=${1:-$repository/build/release/bin}
work=$(mktemp -d "${DIR:-/var/tmp}/fd-scale-XXXXXX")
to_remove+=("$work")

start_simulator "$bin/fd-simulator" "$work" --fixed

python3 - "$bin" "$work" "$port" "${SMALL:-10000}" "${LARGE:-1000000}" <<'PYTHON'
import json, os, pathlib, signal, subprocess, sys, time

bin_dir, work, port = sys.argv[1:4]
small, large = map(int, sys.argv[4:])
environment = {name: value for name, value in os.environ.items() if not name.startswith(("FASTDISTILL_", "OLLAMA_"))}


def prepare(rows):
    folder = pathlib.Path(work) / str(rows)
    folder.mkdir()
    with open(folder / "rows.jsonl", "w") as file:
        for number in range(rows):
            file.write(json.dumps({"question": f"Question {number}: " + "what is it? " * 20}) + "\n")
    (folder / "job.yaml").write_text(f"""task: scale
input: [rows.jsonl]
contract: {{fields: [question]}}
teacher: {{model: fixed, prompt: "{{{{question}}}}"}}
gateway: {{providers: [{{name: fixed, base_url: "http://127.0.0.1:{port}/v1", max_concurrency: 128}}]}}
gates: {{exec: {{kind: none}}, select: {{require_exec: false, require_gold_match: false}}}}
""")
    return folder


def start(folder, *command):
    return subprocess.Popen([f"{bin_dir}/fd-coordinator", *command, "--quiet"], cwd=folder, env=environment,
                            stdout=subprocess.DEVNULL)


def status(folder):
    try:
        return json.loads((folder / "out/run/workers/status.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}


def done(folder):
    return status(folder).get("samples", {}).get("done", 0)


def peak_mb(process):
    try:
        for line in open(f"/proc/{process.pid}/status"):
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def finish(process):
    """Waits for the end; returns the peak memory in MB, and ends the program when the run failed."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_mb(process))
        time.sleep(0.05)
    if process.returncode != 0:
        sys.exit(f"exit code {process.returncode}")
    return peak


folder = prepare(small)
small_mb = finish(start(folder, "run", "job.yaml", "--out", "out", "--run-id", "run"))
folder = prepare(large)
begin = time.monotonic()
process = start(folder, "run", "job.yaml", "--out", "out", "--run-id", "run")
first_mb = 0
while done(folder) < large // 2:
    if process.poll() is not None:
        sys.exit(f"ended before half of it could be seen: exit code {process.returncode}")
    first_mb = max(first_mb, peak_mb(process))
    time.sleep(0.1)
process.send_signal(signal.SIGKILL)
process.wait()
before = done(folder)
(folder / "out/run/workers/status.json").unlink()
begin = time.monotonic()
process = start(folder, "resume", "out/run")
while not any(worker.get("in_flight", 0) for worker in status(folder).get("workers", [])):
    if process.poll() is not None:
        sys.exit(f"the resumed run ended: exit code {process.returncode}")
    time.sleep(0.01)
restart = time.monotonic() - begin
large_mb = max(first_mb, finish(process))
print(f"peak memory of the coordinator: {small_mb:.0f} MB at {small:,} samples, {large_mb:.0f} MB at {large:,} "
      f"(goal: within 64 MB)")
print(f"killed with {before:,} samples done; calls in flight again {restart:.2f} s after the restart "
      f"(the status is written once a second; goal: 5 s)")
PYTHON
