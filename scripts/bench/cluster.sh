#!/usr/bin/env bash
# One coordinator against many workers without a teacher (fd_load): outcomes a second, how long a
# heartbeat waits for its order meanwhile (goals: 20,000/s and 50 ms at p99), CPU an outcome, and what
# a worker costs the coordinator in memory. Then the same heartbeats while a real worker fetches a
# large database, and how much memory both ends take for that.
#
# usage: scripts/bench/cluster.sh [folder with fd-coordinator, fd-worker, fd-simulator, fd_load]
#   SAMPLES=200000 WORKERS=64 RATE=20000 DATABASE_MB=1024 DIR=/var/tmp   may be set in the environment;
#   RATE is that of the second run, DATABASE_MB=0 leaves the database out. Everything lies under DIR,
#   on disk: about 10 KB a sample and three times the database.
#   ONLY_DATABASE=1 leaves all but the database out.
. "$(dirname "$0")/common.sh"
bin=${1:-$repository/build/release/bin}
work=$(mktemp -d "${DIR:-/var/tmp}/fd-cluster-XXXXXX")
to_remove+=("$work")

start_simulator "$bin/fd-simulator" "$work" --fixed

python3 -B - "$bin" "$work" "$port" "${SAMPLES:-200000}" "${WORKERS:-64}" "${RATE:-20000}" \
  "${DATABASE_MB:-1024}" <<'PYTHON'
import json, os, pathlib, re, shutil, sqlite3, subprocess, sys, time

bin_dir, work, port = sys.argv[1:4]
samples, workers, rate, database_mb = map(int, sys.argv[4:])
work = pathlib.Path(work)
environment = {name: value for name, value in os.environ.items() if not name.startswith(("FASTDISTILL_", "OLLAMA_"))}
environment["TMPDIR"] = str(work)
ticks = os.sysconf("SC_CLK_TCK")


class Usage:
    """CPU and memory of a process, read until it is gone."""

    def __init__(self, pid):
        self.pid, self.cpu_s, self.peak_mb, self.low_mb = pid, 0.0, 0.0, float("inf")

    def read(self):
        try:
            fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
            status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return
        if match := re.search(r"VmRSS:\s+(\d+)", status):
            now = int(match[1]) / 1024
            self.cpu_s = (int(fields[11]) + int(fields[12])) / ticks
            self.peak_mb, self.low_mb = max(self.peak_mb, now), min(self.low_mb, now)


def prepare(name, rows, database=None):
    folder = work / name
    folder.mkdir()
    if database:
        os.link(database, folder / database.name)
    with open(folder / "rows.jsonl", "w") as file:
        for number in range(rows):
            row = {"question": f"Question {number}: " + "what is it? " * 20}
            if database:
                row |= {"gold_sql": "SELECT count(*) FROM filler", "db_path": database.name}
            file.write(json.dumps(row) + "\n")
    (folder / "job.yaml").write_text(f"""task: {'text2sql' if database else 'load'}
input: [rows.jsonl]
contract: {{fields: [question]}}
teacher: {{model: load, prompt: "{{{{question}}}}"}}
gateway: {{providers: [{{name: load, base_url: "http://127.0.0.1:{port}/v1", max_concurrency: 1024}}]}}
""" + ("" if database else "gates: {exec: {kind: none}, select: {require_exec: false, require_gold_match: false}}\n"))
    return folder


def run(folder, local, load_workers, pace):
    """Runs a job. Returns what fd_load measured, and the usage of coordinator and local worker."""
    log = open(folder / "log", "w+")
    coordinator = subprocess.Popen(
        [f"{bin_dir}/fd-coordinator", "run", "job.yaml", "--out", "out", "--run-id", "run", "--workers", str(local),
         "--listen", "tcp://127.0.0.1:*"], cwd=folder, env=environment, stdout=log, stderr=log)
    heard = None
    while not heard:
        if coordinator.poll() is not None:
            sys.exit((folder / "log").read_text())
        time.sleep(0.02)
        heard = re.search(r"listening on (tcp://\S+)", (folder / "log").read_text())
    usage = Usage(coordinator.pid)
    usage.read()
    ingest_cpu_s = usage.cpu_s
    load = subprocess.Popen([f"{bin_dir}/fd_load", "--connect", heard[1], "--workers", str(load_workers), "--rate",
                             str(pace)], stdout=subprocess.PIPE, text=True)
    children, held = None, 0
    serving_cpu_s = 0
    while coordinator.poll() is None:
        usage.read()
        if load.poll() is None:
            serving_cpu_s = usage.cpu_s - ingest_cpu_s  # without the merge
        if local and not children:
            found = pathlib.Path(f"/proc/{coordinator.pid}/task/{coordinator.pid}/children").read_text().split()
            children = Usage(int(found[0])) if found else None
        if children:
            children.read()
        time.sleep(0.02)
    if coordinator.returncode != 0:
        sys.exit(f"exit code {coordinator.returncode}: {(folder / 'log').read_text()}")
    measured = json.loads(load.communicate()[0])
    measured["coordinator_cpu_us"] = serving_cpu_s * 1e6 / max(measured["outcomes"], 1)
    return measured, usage, children


def row(name, measured, usage):
    control = measured["control_ms"]
    print(f"{name:34} {measured['outcomes_per_s']:>10,.0f} {measured['coordinator_cpu_us']:>10.1f} "
          f"{measured['own_cpu_us_per_outcome']:>9.1f} {control['p50']:>8.1f} {control['p99']:>8.1f} {control['max']:>8.1f} "
          f"{measured['own_round_ms']['p99']:>8.1f} {usage.peak_mb:>7.0f}", flush=True)
    fresh, same = measured["new_lease_ms"], measured["no_new_lease_ms"]
    print(f"  of these: orders with a new lease p50 {fresh['p50']:.1f}, p99 {fresh['p99']:.1f} ms; all others "
          f"p50 {same['p50']:.1f}, p99 {same['p99']:.1f} ms", flush=True)


print(f"{'':34} {'outcomes/s':>10} {'CPU us':>10} {'CPU us':>9} {'control':>8} {'p99':>8} {'max':>8} {'of them':>8} {'RSS':>7}")
print(f"{'':34} {'':>10} {'coordin.':>10} {'fd_load':>9} {'p50 ms':>8} {'ms':>8} {'ms':>8} {'own, ms':>8} {'MB':>7}")
peak = {}
only_database = bool(os.environ.get("ONLY_DATABASE"))
for name, count, pace in () if only_database else ((f"{workers} workers, as fast as it goes", workers, 0),
                          (f"{workers} workers, {rate:,}/s at most", workers, rate),
                          ("4 workers, as fast as it goes", 4, 0)):
    folder = prepare(name.split(",")[0].replace(" ", "-") + f"-{pace}", samples)
    measured, usage, _ = run(folder, 0, count, pace)
    row(name, measured, usage)
    peak[count, pace] = usage.peak_mb
    shutil.rmtree(folder)
if not only_database and workers > 4:
    print(f"a worker more: {(peak[workers, 0] - peak[4, 0]) / (workers - 4):.2f} MB of the coordinator")

if database_mb:
    database = work / "large.sqlite"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE filler(id INTEGER PRIMARY KEY, bytes BLOB)")
    for _ in range(database_mb):
        connection.execute("INSERT INTO filler(bytes) VALUES(randomblob(1048576 - 64))")
    connection.commit()
    connection.close()
    small = prepare("before", 2000)
    measured, usage, child = run(small, 1, 4, 100)
    row("4 workers, 100/s, no database", measured, usage)
    calm = usage.peak_mb, child.peak_mb
    folder = prepare("database", 4000, database)
    measured, usage, child = run(folder, 1, 4, 100)
    row(f"the same, beside {database_mb} MiB", measured, usage)
    print(f"memory beside the database: coordinator {usage.peak_mb:.0f} MB ({calm[0]:.0f} without), the worker that "
          f"fetched it {child.peak_mb:.0f} MB ({calm[1]:.0f} without)")
PYTHON
