"""Starts the real programs for end-to-end tests, and looks at what they leave behind."""

import hashlib
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import tempfile

BIN = pathlib.Path(os.environ["FD_BIN_DIR"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTPUT_VERSION = int(re.search(r"kOutputVersion = ([0-9]+);", (ROOT / "protocol" / "output_version.hpp").read_text())[1])
DEADLINE_S = 120  # of anything: only a broken test waits for it

# Files that docs/contract.md lets differ between two runs of the same job.
VARYING = {"run.json", "seal.jsonl", "timing_report.json", "cost_report.json", "report.html", "calls.jsonl", "lock"}


class Simulator:
    """An fd-simulator on a free port."""

    count = 0

    def __init__(self, folder, *arguments):
        Simulator.count += 1
        self.log = pathlib.Path(folder) / f"requests-{Simulator.count}.jsonl"
        self.process = subprocess.Popen(
            [BIN.parent / "bin" / "fd-simulator", "--listen", "127.0.0.1:0", "--request-log", self.log, *map(str, arguments)],
            stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def requests(self):
        # It is being written: the last line may be there in part. A file that is read line by line would go on after that part.
        lines = self.log.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


STATE = tempfile.TemporaryDirectory(prefix="fd-e2e-state-")  # what the programs keep for a user, not for a run


def environment():
    """Without the variables that would replace the config's teacher, and with a state folder of the tests' own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FASTDISTILL_", "OLLAMA_"))}
    return {**kept, "XDG_STATE_HOME": STATE.name}


def start(program, *arguments, **options):
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([BIN / program, *map(str, arguments)], text=True, env=environment(), **options)


def run(program, *arguments, **options):
    """Runs a program to its end. Returns the completed process."""
    return subprocess.run([BIN / program, *map(str, arguments)], text=True, env=environment(),
                          capture_output=True, timeout=DEADLINE_S, **options)


def stable_files(run_dir):
    """Returns {relative name: SHA-256} of every file that must be the same for equal jobs."""
    root = pathlib.Path(run_dir)
    files = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and path.name not in VARYING and not path.name.startswith("ledger.sqlite") \
                and name.parts[0] != "workers":
            files[str(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return files


ROWS = 240  # of make_set()
BROKEN_GOLD = 3
CALLS = ROWS - BROKEN_GOLD  # nothing is asked about a row whose gold does not run


def make_set(folder, rows=ROWS, duplicates=12, broken_gold=BROKEN_GOLD):
    """Writes a small Text2SQL set with a database of its own. Returns the path of its config."""
    folder = pathlib.Path(folder)
    database = sqlite3.connect(folder / "shop.sqlite")
    database.executescript("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price INTEGER);")
    database.executemany("INSERT INTO item VALUES(?, ?, ?)", [(i, f"item {i}", i * 7 % 101) for i in range(200)])
    database.commit()
    database.close()
    lines = []
    for i in range(rows):
        gold = f"SELECT name FROM item WHERE price > {i % 90} AND id < {i + 5} ORDER BY id"
        if i < broken_gold:
            gold = f"SELECT no_such FROM nowhere WHERE id = {i}"
        lines.append({"task_id": f"shop-{i:04}", "schema": "item(id, name, price)",
                      "instruction": f"Which items with an id below {i + 5} cost more than {i % 90}?",
                      "gold_sql": gold, "db_path": "shop.sqlite"})
    lines += lines[40:40 + duplicates]
    with open(folder / "samples.jsonl", "w", encoding="utf-8") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
    config = folder / "job.yaml"
    config.write_text("""task: text2sql
input: [samples.jsonl]
contract: {fields: [schema, instruction]}
sharding: {target_size: 16}
teacher:
  model: simulator
  system_prompt: Return SQL only.
  prompt: "Schema: {{schema}}\\nQuestion: {{instruction}}\\nSQL:"
  decode: {temperature: 0.2, max_tokens: 512, seed: 123}
gateway:
  providers:
    - {name: local, base_url: "http://127.0.0.1:1/v1", max_concurrency: 32}
  retry: {base_ms: 10, max_ms: 50}
lease: {ttl_ms: 3000, heartbeat_ms: 200}
""", encoding="utf-8")
    return config


def make_bulky(folder, row_bytes, answer_bytes, database_bytes):
    """Makes the rows of a set, its gold answers and its database so much bigger."""
    path = pathlib.Path(folder) / "samples.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        row["schema"] += " " + "s" * row_bytes
        row["gold_sql"] += " /* " + "a" * answer_bytes + " */"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    database = sqlite3.connect(pathlib.Path(folder) / "shop.sqlite")
    database.execute("CREATE TABLE bulk(bytes BLOB)")
    database.execute("INSERT INTO bulk VALUES(?)", (bytes(database_bytes),))
    database.commit()
    database.close()


def dataset_arguments(folder):
    """A teacher knows the samples' gold, unless the folder has a file of its own for it."""
    own = pathlib.Path(folder) / "teacher.jsonl"
    return ["--dataset", own if own.exists() else pathlib.Path(folder) / "samples.jsonl", "--seed", 7, "--wrong", 0.2, "--fenced", 0.3,
            "--broken", 0.05]


def teacher(url):
    return ["--set", f"gateway.providers.0.base_url={url}"]


def temporary_folder():
    return tempfile.TemporaryDirectory(prefix="fd-e2e-")


def memory_of(pid, what):
    """Returns VmRSS of a process, or VmHWM, its peak so far, in bytes."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", text)[1]) << 10


def report(run_dir, stage):
    return json.loads((pathlib.Path(run_dir) / "reports" / stage / "quality_report.json").read_text())


def outcomes(run_dir):
    found = []
    for path in sorted((pathlib.Path(run_dir) / "shards").glob("*/outcomes.jsonl")):
        with open(path, encoding="utf-8") as lines:
            found += [json.loads(line) for line in lines]
    return found
