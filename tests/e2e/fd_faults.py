"""Faults on purpose: failpoints, kills, and the checks that every run with faults must pass."""

import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

import fd_processes as fd

FAILPOINT_BIN = fd.BIN.parent / "failpoint-bin"
SOURCE = pathlib.Path(__file__).resolve().parents[2]
KILLED = -signal.SIGKILL

# One call at a time: its slot is taken until its answer is on the worker's disk, so a death can cost one call.
ONE_CALL = ("gateway.providers.0.max_concurrency=1", "sharding.target_size=8")
SLOWER_THAN_A_SYNC = ("--latency-ms", 6)
IN_FLIGHT = 1

LONG_ANSWERS = "teacher.decode.max_tokens=1000000"
# How a coordinator says that it took a worker for dead.
DEATH = "has not been heard of"


def failpoint_names():
    """Returns every name that actors/system/failpoint.hpp lists."""
    text = (SOURCE / "actors" / "system" / "failpoint.hpp").read_text()
    return re.findall(r'^ +"([a-z0-9_.]+)",', text, re.MULTILINE)


class Failpoints:
    """What FD_FAILPOINTS asks for, and what came of it."""

    def __init__(self, folder, plan):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.plan = plan

    def environment(self):
        return fd.environment() | {"FD_FAILPOINTS": self.plan, "FD_FAILPOINT_DIR": str(self.folder)}

    def fired(self, name):
        return len(list(self.folder.glob(f"{name}.fired.*")))

    def hold(self, name):
        """From now on whoever comes to this place (plan NAME=hold) waits there."""
        (self.folder / f"{name}.hold").touch()

    def holds(self, name):
        return (self.folder / f"{name}.held").exists()

    def hits(self, name):
        path = self.folder / f"{name}.hits"
        return path.stat().st_size if path.exists() else 0


class Job:
    """One run folder, a simulated teacher of its own, and the command that works on them."""

    def __init__(self, test, folder, name, *, rows, workers=1, settings=(), simulator=()):
        self.test = test
        self.folder = pathlib.Path(folder)
        self.name = name
        self.rows = rows
        self.simulator = fd.Simulator(self.folder, *fd.dataset_arguments(self.folder), *simulator)
        test.addCleanup(self.simulator.stop)
        self.out = self.folder / name
        self.arguments = ["run", self.folder / "job.yaml", "--out", self.out, "--workers", workers, "--quiet",
                          "--limit", rows, "--run-id", "job", *fd.teacher(self.simulator.url)]
        for setting in settings:
            self.arguments += ["--set", setting]
        self.output = ""
        self.endpoint = ""

    @property
    def run_dir(self):
        return self.out / "job"

    def start(self, failpoints=None, **options):
        """Starts the command; with failpoints, the programs that know them."""
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.STDOUT)
        folder = FAILPOINT_BIN if failpoints else fd.BIN
        env = failpoints.environment() if failpoints else fd.environment()
        process = subprocess.Popen([folder / "fd-coordinator", *map(str, self.arguments)], text=True, env=env,
                                   **options)
        if process.stdout:
            self.test.addCleanup(process.stdout.close)
        return process

    def listen(self, failpoints=None):
        """Starts the command without local workers. Returns the process once it listens, or has ended since only the
        merge was left to do; `endpoint` is where it listens, the same one at every start."""
        self.arguments = [argument for argument in self.arguments if argument != "--quiet"]
        self.arguments[self.arguments.index("--workers") + 1] = 0
        if "--listen" not in self.arguments:
            self.arguments += ["--listen", "tcp://127.0.0.1:*"]
        log = open(self.out.with_suffix(".log"), "a+", encoding="utf-8")
        self.test.addCleanup(log.close)
        begin = log.seek(0, os.SEEK_END)
        process = self.start(failpoints, stdout=log, stderr=log)
        self.test.addCleanup(end, process)

        def heard():
            log.seek(begin)
            return re.search(r"listening on (tcp://\S+)", log.read())

        until(lambda: heard() or process.poll() is not None)
        if heard():
            self.endpoint = heard()[1]
        log.seek(begin)
        self.test.assertTrue(self.endpoint, log.read())
        self.arguments[self.arguments.index("--listen") + 1] = self.endpoint
        return process

    def worker(self, name, failpoints=None, arguments=(), endpoint=None):
        """Starts a worker of its own, which lives on when the coordinator dies; `endpoint`: the way to the coordinator,
        where it is not the direct one."""
        log = open(self.out.with_suffix(f".{name}.log"), "a", encoding="utf-8")
        self.test.addCleanup(log.close)
        folder = FAILPOINT_BIN if failpoints else fd.BIN
        process = subprocess.Popen(
            [folder / "fd-worker", "--connect", endpoint or self.endpoint, "--name", name, "--state",
             self.folder / f"{self.name}-{name}", *map(str, arguments)],
            stdout=log, stderr=log, env=failpoints.environment() if failpoints else fd.environment())
        self.test.addCleanup(end, process)
        return process

    def log(self):
        """Returns what the starts by listen() have said so far."""
        return self.out.with_suffix(".log").read_text()

    def finish(self, process):
        """Waits for the coordinator's end. Returns the exit code."""
        code = process.wait(fd.DEADLINE_S)
        log = self.out.with_suffix(".log")
        self.output = log.read_text() if log.exists() else ""
        return code

    def run(self, failpoints=None):
        """Runs the command to its end. Returns the exit code."""
        process = self.start(failpoints)
        self.output, _ = process.communicate(timeout=fd.DEADLINE_S)
        return process.returncode

    def requests_per_key(self):
        return collections.Counter(request["key"] for request in self.simulator.requests())

    def extra_requests(self):
        """How many requests so far repeat an earlier one."""
        per_key = self.requests_per_key()
        return sum(per_key.values()) - len(per_key)

    def calls_in_doubt(self):
        """How many calls the run reports as under way when their worker ended."""
        lines = [line for path in self.run_dir.glob("shards/*/calls.jsonl") for line in path.read_text().splitlines()]
        return sum(json.loads(line)["end"] == "in_doubt" for line in lines)

    def report(self, name):
        return json.loads((self.run_dir / "reports" / name).read_text())

    def check_bill(self, nobody_died=False):
        """Every request in the teacher's log is on the bill: in an ended call, in doubt, or with a worker that never
        came back. Where no process died, nothing is in doubt."""
        report = self.report("cost_report.json")
        log = len(self.simulator.requests())
        attempts, doubt, unknown = report["total"]["attempts"], report["in_doubt"]["calls"], report["unknown"]["calls"]
        said = f"{log} requests, {attempts} attempts, {doubt} in doubt, {unknown} unknown"
        self.test.assertLessEqual(attempts, log, said)
        # A worker that is lost may have had as many calls in flight as its share, and others that it had not handed over.
        self.test.assertLessEqual(log, attempts + doubt + 2 * unknown, said)
        if nobody_died:
            self.test.assertEqual((attempts, doubt, unknown), (log, 0, 0), said)

    def check_doubts(self):
        """Where every journal was read again, each call that was repeated is reported as in doubt."""
        self.test.assertLessEqual(self.extra_requests(), self.calls_in_doubt())

    def check(self, reference, extra=0, exit_code=0, code=None, cut_off=False):
        """What must hold at the end of every run: complete, the bytes of the calm run, paid once but for `extra` calls,
        all on the bill. `cut_off`: a worker was at work whom nobody heard any more, until its lease ended."""
        test = self.test
        if code is not None:
            test.assertEqual(code, exit_code, self.output)
        outcomes = fd.outcomes(self.run_dir)
        test.assertEqual(len({outcome["sample_id"] for outcome in outcomes}), self.rows)
        test.assertEqual(len(outcomes), self.rows)
        asked = sum(outcome["candidates"] != [] or outcome["reason"] != "gold_error" for outcome in outcomes)
        per_key = self.requests_per_key()
        test.assertEqual(len(per_key), asked, "a call that no sample needs, or one that is missing")
        test.assertLessEqual(sum(per_key.values()) - asked, extra, "more calls were paid than the fault allows")
        files = fd.stable_files(self.run_dir)
        test.assertEqual(sorted(files), sorted(reference))
        test.assertEqual({name for name in files if files[name] != reference[name]}, set())
        test.assertEqual([str(path) for path in self.out.rglob("*.tmp")], [])
        if not cut_off:
            self.check_bill()


def until(condition, alive=None):
    """Asks again and again until `condition` holds; a process that must live meanwhile may be given."""
    begin = time.monotonic()
    while not condition():
        if alive is not None and alive.poll() is not None:
            raise AssertionError(f"ended with {alive.returncode} before its time")
        if time.monotonic() - begin > fd.DEADLINE_S:
            raise AssertionError("waited in vain")
        time.sleep(0.002)  # between two looks, never instead of one


def let_pass(seconds):
    """Where the fault is time itself: a process that is stopped for longer than a lease."""
    begin = time.monotonic()
    until(lambda: time.monotonic() - begin >= seconds)


def end(process):
    if process.poll() is None:
        process.kill()
        process.wait(fd.DEADLINE_S)


def processes_of(group_leader):
    """Returns the local workers of a coordinator."""
    try:
        children = pathlib.Path(f"/proc/{group_leader}/task/{group_leader}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(child) for child in children.split()]


def environment_of(pid):
    """Returns what the environment of a process looks like from outside: nothing when only root may look."""
    try:
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except PermissionError:
        return b""


def state_of(pid):
    """Returns the letter of a process's state, such as T for stopped; nothing when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return ""


def threads_of(pid):
    """Returns the names of a process's threads; none when it is gone."""
    names = []
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/comm"):
        try:
            names.append(path.read_text().strip())
        except FileNotFoundError:
            pass  # that thread has ended meanwhile
    return names


def kill(pid, number=signal.SIGKILL):
    """Sends a signal; false when the process has ended already."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def manifests(run_dir):
    return [json.loads(path.read_text()) for path in sorted(pathlib.Path(run_dir).glob("shards/*/manifest.json"))]


class FaultTest(unittest.TestCase):
    """Cases over one set of `rows` rows, whose bytes after faults are compared with those of a calm run."""

    rows = 0
    settings = ()

    @classmethod
    def setUpClass(cls):
        holder = fd.temporary_folder()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        cls.make_set(cls.folder)
        cls.reference = cls.calm(cls.rows)

    @classmethod
    def make_set(cls, folder, **options):
        fd.make_set(folder, rows=cls.rows, duplicates=0, **options)

    @classmethod
    def calm(cls, rows, failpoints=None):
        """Returns the stable files of a run without faults."""
        case = cls("runTest")
        job = case.job(f"calm-{rows}" + ("-with-failpoints" if failpoints else ""), rows=rows)
        try:
            case.assertEqual(job.run(failpoints), 0, job.output)
        finally:
            case.doCleanups()
        return fd.stable_files(job.run_dir)

    def runTest(self):
        """Only carries the assertions of calm()."""

    def job(self, name=None, **options):
        """Returns a job with a folder of its own, named like the case unless there is a name."""
        options = {"rows": self.rows, "settings": self.settings} | options
        return Job(self, self.folder, name or self.id().rsplit(".", 1)[1], **options)

    def after_requests(self, job, count, alive):
        """Waits until the teacher has been asked so often; the process `alive` must live meanwhile."""
        until(lambda: job.simulator.log.exists() and len(job.simulator.requests()) >= count, alive)
