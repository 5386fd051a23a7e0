#!/usr/bin/env python3
"""How busy two healthy endpoints are kept beside one that fails, for every way to fail of tests/e2e/fd_bad_endpoints.py.

usage: endpoints.py [--bin DIR] [--kinds A,B] [--rows 1000] [--runs 3] [--in-flight 32] [--mean-ms 500] [--sigma 0.5]

Each of the three endpoints allows --in-flight calls. A line for each kind: the share of what the healthy two allow that was in
flight there over the middle 80 % of their requests (from fd-simulator's logs), the median of --runs; the wall time; and how
many rows failed. The first line is a run whose third endpoint does not exist at all, for comparison.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import fd_bad_endpoints as bad  # noqa: E402
from fd_teacher import Teacher  # noqa: E402

LATE_S = 10  # longer than an answer of the healthy takes


def late(handler, _):
    time.sleep(LATE_S + 1)
    bad.close(handler)


class Simulator:
    def __init__(self, folder, name, options, rows):
        self.log = folder / f"{name}.log"
        port = folder / f"{name}.port"
        for path in (self.log, port):
            path.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [options.bin / "fd-simulator", "--port-file", port, "--answers", rows / "answers.jsonl", "--request-log", self.log,
             "--latency-ms", str(options.mean_ms), "--sigma", str(options.sigma)], stdout=subprocess.DEVNULL)
        while not (port.exists() and port.read_text()):
            if self.process.poll() is not None:
                sys.exit("fd-simulator ended")
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{port.read_text().strip()}/v1"

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def requests(self):
        """Returns when each request came and was replied to, in us."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [(line["t_us"], line["reply_us"]) for line in lines if line.get("reply_us") is not None]


def busy(requests, allowed):
    """Returns the share of `allowed` that was in flight between the arrivals a tenth from either end."""
    arrivals = sorted(begin for begin, _ in requests)
    low, high = arrivals[len(arrivals) // 10], arrivals[-1 - len(arrivals) // 10]
    inside = sum(max(0, min(end, high) - max(begin, low)) for begin, end in requests)
    return inside / ((high - low) * allowed)


def one_run(kind, options, folder, rows):
    """Returns the share, the wall time in s, and the number of rows that failed."""
    simulators = [Simulator(folder, name, options, rows) for name in ("one", "two", "other")]
    one, two, other = simulators
    endpoints = [("one", one.url, options.in_flight), ("two", two.url, options.in_flight)]
    reply = late if kind == "late" else bad.KINDS.get(kind)
    teacher = Teacher(lambda handler: reply(handler, other.url)) if reply else None
    if kind is not None:
        endpoints.insert(0, ("bad", teacher.url if teacher else "http://127.0.0.1:9/v1", options.in_flight))
    config = bad.config_with(rows / "bench.yaml", bad.gateway(endpoints, request_timeout_s=LATE_S), rows / "endpoints.yaml")
    out = tempfile.mkdtemp(dir=folder)
    begin = time.monotonic()
    done = subprocess.run([options.bin / "fd-coordinator", "run", config, "--out", out, "--workers", "2", "--quiet"],
                          capture_output=True, text=True)
    wall = time.monotonic() - begin
    for simulator in simulators:
        simulator.stop()
    if teacher:
        teacher.stop()
    if done.returncode not in (0, 4):
        sys.exit(f"{kind}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    outcomes = [json.loads(line)["verdict"] for path in pathlib.Path(out).glob("*/shards/*/outcomes.jsonl")
                for line in path.read_text().splitlines()]
    return busy(one.requests() + two.requests(), 2 * options.in_flight), wall, outcomes.count("failed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=list(bad.KINDS))
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--mean-ms", type=float, default=500)
    parser.add_argument("--sigma", type=float, default=0.5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as holder:
        folder = pathlib.Path(holder)
        rows = folder / "set"
        subprocess.run([sys.executable, ROOT / "scripts" / "bench" / "make_bench_set.py", rows, "--rows", str(options.rows)],
                       check=True, stdout=subprocess.DEVNULL)
        print(f"{'the third endpoint':20} busy  wall s  failed rows", flush=True)
        for kind in [None, *options.kinds]:
            runs = [one_run(kind, options, folder, rows) for _ in range(options.runs)]
            share = statistics.median(run[0] for run in runs)
            wall = statistics.median(run[1] for run in runs)
            print(f"{kind or '(none)':20} {share:.3f} {wall:6.1f}  {max(run[2] for run in runs)}", flush=True)


if __name__ == "__main__":
    main()
