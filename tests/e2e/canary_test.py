"""A key that must be nowhere but in the environment it came from and in requests (faults.md J07, P15), and what
a teacher says must stay on one line (J09)."""

import base64
import json
import os
import pathlib
import re
import subprocess
import unittest

import fd_faults
import fd_processes as fd
import fd_teacher

VARIABLE = "CANARY_API_KEY"
OVERRIDE = "FASTDISTILL_API_KEY"  # and the one that needs no config
CANARY = "sk-canary-7f3a9c51e2d84b60af17"
ROWS = 40
UNAUTHORIZED = 10
HOSTILE = "first\r\n2026-01-01T00:00:00.000Z error coordinator forged=1\x1b[2J\x1b]0;title\x07\u009b31m\u2028" + "A" * (1 << 20)


def disguises(key):
    """The key as it may stand in a file: whole, as a part that is long enough to be of use, or encoded."""
    whole = key.encode()
    half = len(whole) // 2
    found = {whole, whole[:half], whole[half:], whole.hex().encode(), whole.hex().upper().encode(), whole[::-1],
             key.replace("-", "%2D").encode(), key.replace("-", "%2d").encode(), key.encode("utf-16-le")}
    for shift in range(3):  # where it begins within a group of three bytes
        text = base64.b64encode(bytes(shift) + whole)[4 if shift else 0:-4]
        found |= {text, text.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def hits(data):
    return {disguise for disguise in disguises(CANARY) if disguise in data}


class Teacher(fd_teacher.Teacher):
    """Refuses every call, as `reply` says, and remembers what keys it was given."""

    def __init__(self, status, reply):
        self.keys = []

        def answer(handler):
            authorization = handler.headers.get("Authorization", "")
            self.keys.append(authorization)
            body = json.dumps(reply(authorization.removeprefix("Bearer ")), ensure_ascii=False).encode()
            handler.send_response(status, f"no {authorization}")
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(body)))
            handler.send_header("X-Your-Key", authorization)
            handler.end_headers()
            handler.wfile.write(body)

        super().__init__(answer)


def says_the_key(key):
    return {"error": {"message": f"Incorrect API key provided: {key}. {key[:15]}... ...{key[15:]} (Bearer {key})",
                      "type": key, "code": key, "param": {key: [key]}}}


class TeacherTest(fd_faults.FaultTest):
    rows = ROWS
    settings = ("lease.ttl_ms=1000", "lease.heartbeat_ms=100")

    def teacher(self, status, reply):
        teacher = Teacher(status, reply)
        self.addCleanup(teacher.stop)
        return teacher

    def loud(self, job, url):
        """Returns the job's arguments for another teacher, with everything logged that can be."""
        arguments = [argument for argument in job.arguments if argument != "--quiet"] + ["--log-level", "trace"]
        arguments[arguments.index(fd.teacher(job.simulator.url)[1])] = fd.teacher(url)[1]
        return arguments

    @staticmethod
    def logs(job):
        return b"".join(path.read_bytes() for path in sorted(job.run_dir.glob("workers/*/worker.log")))


class CanaryTest(TeacherTest):
    def setUp(self):
        os.environ[VARIABLE] = CANARY
        self.addCleanup(os.environ.pop, VARIABLE)

    def keyed_job(self, **options):
        return self.job(settings=(*self.settings, f"gateway.providers.0.api_key_env={VARIABLE}"), **options)

    def seen_processes(self, coordinator):
        """Checks what can be seen of the programs, and that the key stands in no variable but its own."""
        for pid in [coordinator.pid, *fd_faults.processes_of(coordinator.pid)]:
            try:
                arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                variables = fd_faults.environment_of(pid).split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            self.assertEqual(hits(arguments), set())
            named = {variable.split(b"=")[0] for variable in variables if hits(variable)}
            self.assertLessEqual(named, {VARIABLE.encode()})

    def search(self, folder):
        """Checks every byte of every file, free pages of the ledger too. Returns the files."""
        files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
        for path in files:
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue  # a temporary file
            self.assertEqual(hits(content), set(), path)
            self.assertEqual(hits(str(path).encode()), set())
        return files

    def refused_output(self, job):
        """Runs the job against a teacher that tells the key. Returns what was said."""
        teacher = self.teacher(401, says_the_key)
        told = fd.run("fd-coordinator", *self.loud(job, teacher.url))
        self.assertEqual(told.returncode, UNAUTHORIZED, told.stderr)
        self.assertEqual(set(teacher.keys), {f"Bearer {CANARY}"})  # it was there to be told
        self.assertIn("HTTP 401", told.stderr)
        self.assertIn("Incorrect API key provided: [redacted]", told.stderr)
        return told.stdout + told.stderr

    def test_J07_J11_the_key_is_in_no_file_no_output_and_no_argument(self):
        job = self.keyed_job(simulator=("--latency-ms", 60), workers=2)
        output = self.refused_output(job)
        self.search(job.out)

        # The same run with a willing teacher, in which a worker and then the coordinator are killed.
        job.arguments = self.loud(job, job.simulator.url)
        log = self.folder / "killed.log"
        with open(log, "wb") as out:
            coordinator = job.start(stdout=out, stderr=out)
            self.after_requests(job, 8, coordinator)
            self.seen_processes(coordinator)
            fd_faults.kill(fd_faults.processes_of(coordinator.pid)[0])
            self.after_requests(job, 20, coordinator)
            self.seen_processes(coordinator)
            coordinator.kill()
            coordinator.wait(fd.DEADLINE_S)
        during = {path.name for path in self.search(job.out)}
        self.assertTrue({"ledger.sqlite", "ledger.sqlite-wal", "worker.log"} <= during, sorted(during))
        self.assertTrue(any(name.endswith(".fdj") for name in during), sorted(during))
        self.assertEqual(job.run(), 0, job.output)
        output += log.read_text() + job.output

        sample = fd.outcomes(job.run_dir)[0]["sample_id"]
        for command in (("status", job.run_dir), ("verify", job.run_dir), ("show", job.run_dir),
                        ("explain", job.run_dir, sample), ("replay", job.run_dir, "--shard", 0)):
            done = fd.run("fd-coordinator", *command)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            output += done.stdout + done.stderr
        self.assertEqual(hits(output.encode()), set())
        self.assertGreater(len(self.search(job.out)), 20)
        run = json.loads((job.run_dir / "run.json").read_text())
        self.assertEqual(run["config"]["gateway"]["providers"][0]["api_key_env"], VARIABLE)
        self.assertEqual(fd.stable_files(job.run_dir), self.reference)

    def test_J07_J11_a_key_that_overrides_the_config_is_recorded_by_name_too(self):
        job = self.job()
        teacher = self.teacher(401, says_the_key)
        url = teacher.url
        environment = fd.environment() | {"FASTDISTILL_BASE_URL": url, OVERRIDE: CANARY}
        output = self.folder / "override.log"
        with open(output, "wb") as out:
            code = subprocess.run([fd.BIN / "fd-coordinator", *map(str, self.loud(job, url))], stdout=out,
                                            stderr=out, env=environment, timeout=fd.DEADLINE_S).returncode
        self.assertEqual(code, UNAUTHORIZED, output.read_text())
        self.assertEqual(set(teacher.keys), {f"Bearer {CANARY}"})
        self.assertEqual(hits(output.read_bytes()), set())
        self.assertGreater(len(self.search(job.out)), 10)
        self.assertIn(OVERRIDE, (job.run_dir / "run.json").read_text())

    def test_J11_a_key_in_the_place_of_its_variables_name_is_refused_and_not_repeated(self):
        job = self.job(settings=(f"gateway.providers.0.api_key_env={CANARY}",))
        self.assertEqual(job.run(), 2, job.output)
        self.assertIn("the key itself must not be in the config", job.output)
        self.assertEqual(hits(job.output.encode()), set())
        self.assertFalse(job.run_dir.exists())

    def test_J07_the_search_finds_what_it_looks_for(self):
        for disguise in disguises(CANARY):
            self.assertGreaterEqual(len(disguise), 14)
            self.assertIn(disguise, hits(b"before " + disguise + b" after"))
        for shift in range(3):
            self.assertTrue(hits(base64.b64encode(b"x" * shift + CANARY.encode() + b" and more")))
        self.assertEqual(hits(VARIABLE.encode()), set())
        place = self.folder / "spilt"
        place.mkdir()
        (place / "log").write_text(f"Authorization: Bearer {CANARY}\n")
        with self.assertRaises(AssertionError):
            self.search(place)


class LogTest(TeacherTest):
    def test_J09_what_a_teacher_says_stays_on_one_line_and_is_cut(self):
        for status, code in ((401, UNAUTHORIZED), (400, UNAUTHORIZED)):
            with self.subTest(status=status):
                job = self.job(f"J09-{status}")
                teacher = self.teacher(status, lambda _: {"error": {"message": HOSTILE, "type": HOSTILE}})
                done = fd.run("fd-coordinator", *self.loud(job, teacher.url))
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertTrue(teacher.keys)
                said = done.stdout + done.stderr
                for command in ("show", "status"):
                    shown = fd.run("fd-coordinator", command, job.run_dir)
                    said += shown.stdout + shown.stderr
                said += self.logs(job).decode()
                if code == UNAUTHORIZED:
                    self.assertIn("first\\u000d\\u000a2026-01-01", done.stderr)
                self.assertEqual(re.findall("[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f]", said), [])
                self.assertEqual([line for line in said.split("\n") if line.startswith("2026-01-01")], [])
                self.assertLess(max(map(len, said.split("\n"))), 2000)
                for path in job.run_dir.rglob("calls.jsonl"):
                    for line in path.read_text().split("\n")[:-1]:
                        self.assertLess(len(json.loads(line).get("error", "")), 1000)


if __name__ == "__main__":
    unittest.main()
