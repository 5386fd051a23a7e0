"""Keys: who may work for a run, what becomes of everybody else, and that no secret is left anywhere."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import unittest

import fd_faults
import fd_processes as fd

ROWS = 80
SLOTS = 8
SETTINGS = (f"gateway.providers.0.max_concurrency={SLOTS}", "sharding.target_size=10", "lease.ttl_ms=1000",
            "lease.heartbeat_ms=100")
REFUSED = 8
NOT_WANTED = "server key mismatch or not on the allow-list"


class SecurityTest(fd_faults.FaultTest):
    rows = ROWS
    settings = SETTINGS

    def setUp(self):
        self.keys = self.folder / f"{self.id().rsplit('.', 1)[1]}-keys"

    def keygen(self, *names):
        done = fd.run("fd-coordinator", "keygen", self.keys, *(f"--worker={name}" for name in names))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def keyed_job(self, *names, latency_ms=20, **options):
        self.keygen(*names)
        options["simulator"] = ("--latency-ms", latency_ms)
        return self.job(settings=(*SETTINGS, f"transport.keys={self.keys}"), **options)

    def worker(self, job, name, keys=None):
        return job.worker(name, arguments=("--keys", keys or self.keys))

    def log_of(self, job, name=None):
        return job.out.with_suffix(f".{name}.log" if name else ".log").read_text()

    def expect_refused(self, process, log, why):
        self.assertEqual(process.wait(fd.DEADLINE_S), REFUSED, log())
        self.assertIn(why, log())

    def secrets(self):
        return [path.read_text().split()[1] for path in self.keys.rglob("*.secret")]

    def test_keys_change_no_byte_of_a_run_with_local_workers(self):
        job = self.keyed_job(workers=2)
        process = job.start()
        self.after_requests(job, 1, process)
        for pid in fd_faults.processes_of(process.pid):
            arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            self.assertIn(b"--keys-fd", arguments)
            self.assertNotIn(b"curve-secret", arguments + fd_faults.environment_of(pid))
        job.output, _ = process.communicate(timeout=fd.DEADLINE_S)
        job.check(self.reference, code=process.returncode)
        self.assertEqual(json.loads((job.run_dir / "run.json").read_text())["transport"], "CURVE")
        for path in job.out.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                self.assertNotIn(b"curve-secret", content, path)
                for secret in self.secrets():
                    self.assertNotIn(secret.encode(), content, path)

    def test_one_folder_serves_a_coordinator_and_workers_of_others(self):
        job = self.keyed_job()
        coordinator = job.listen()
        self.assertIn("(CURVE)", self.log_of(job))
        self.worker(job, "worker")
        self.worker(job, "worker-2", self.keys / "workers" / "worker")
        job.check(self.reference, code=job.finish(coordinator))

    def test_a_worker_without_a_name_gets_one_that_fits_its_key(self):
        job = self.keyed_job("gpu")
        coordinator = job.listen()
        state = self.folder / "unnamed-state"
        worker = fd.start("fd-worker", "--connect", job.endpoint, "--keys", self.keys, "--state", state)
        self.addCleanup(worker.stdout.close)
        self.addCleanup(worker.stderr.close)
        self.addCleanup(fd_faults.end, worker)
        job.check(self.reference, code=job.finish(coordinator))

    def test_B22_strangers_are_rejected_and_the_run_goes_on(self):
        job = self.keyed_job()
        coordinator = job.listen()
        other = self.folder / "other-keys"
        self.assertEqual(fd.run("fd-coordinator", "keygen", other).returncode, 0)
        mixed = self.folder / "mixed-keys"  # our server's key, a worker's that is not on the list
        shutil.copytree(other / "workers" / "worker", mixed)
        shutil.copy(self.keys / "coordinator.public", mixed)
        strangers = {"plain": (None, "speaks another mechanism"), "worker-other": (other, NOT_WANTED),
                     "worker-mixed": (mixed, NOT_WANTED)}
        for name, (keys, why) in strangers.items():
            process = self.worker(job, name, keys) if keys else job.worker(name)
            self.expect_refused(process, lambda name=name: self.log_of(job, name), why)
        stranger = (mixed / "worker.public").read_text().split()[1]
        log = self.log_of(job)
        self.assertIn(f"127.0.0.1: the key {stranger} is not on the allow-list", log)
        # Lines of one kind are limited (10 a minute): attempts that end early may use them up.
        self.assertRegex(log, "handshake_failed why=.*(made for another server key|another mechanism|ended before its handshake)")
        self.assertEqual(len(job.simulator.requests()) if job.simulator.log.exists() else 0, 0)
        self.worker(job, "worker")
        job.check(self.reference, code=job.finish(coordinator))

    def test_B13_a_coordinator_that_is_not_there_yet_is_waited_for(self):
        job = self.keyed_job()
        coordinator = job.listen()
        fd_faults.end(coordinator)
        worker = self.worker(job, "worker")
        fd_faults.let_pass(2)  # longer than it takes to be rejected
        self.assertIsNone(worker.poll(), self.log_of(job, "worker"))
        job.check(self.reference, code=job.finish(job.listen()))

    def test_B25_a_key_that_is_removed_counts_for_nothing_any_more(self):
        job = self.keyed_job("stays", "goes")
        coordinator = job.listen()
        goes = self.worker(job, "goes", self.keys / "workers" / "goes")
        self.after_requests(job, 1, coordinator)
        stays = self.worker(job, "stays", self.keys / "workers" / "stays")
        self.after_requests(job, 2 * SLOTS, coordinator)
        (self.keys / "allowed" / "goes.public").unlink()
        coordinator.send_signal(signal.SIGHUP)
        fd_faults.until(lambda: "message_of_removed_key" in self.log_of(job), coordinator)
        self.assertIn("allow-list read again: 1 keys", self.log_of(job))
        # What it asks until its lease lapses is not taken from it, and asked again by the other one.
        job.check(self.reference, extra=ROWS, code=job.finish(coordinator), cut_off=True)
        self.assertIsNone(stays.poll())
        self.assertIsNone(goes.poll())

    def test_B25_a_list_that_cannot_be_read_changes_nothing(self):
        job = self.keyed_job()
        coordinator = job.listen()
        (self.keys / "allowed" / "worker.public").write_text("curve-public nonsense\n")
        coordinator.send_signal(signal.SIGHUP)
        fd_faults.until(lambda: "allow-list NOT changed: " in self.log_of(job), coordinator)
        self.worker(job, "worker")
        job.check(self.reference, code=job.finish(coordinator))

    def test_B26_a_worker_that_takes_another_ones_name_is_not_heard(self):
        job = self.keyed_job("honest", "thief")
        coordinator = job.listen()
        forged = self.folder / "forged-keys"
        shutil.copytree(self.keys / "workers" / "honest", forged)
        shutil.copy(self.keys / "workers" / "thief" / "thief.secret", forged / "honest.secret")
        thief = job.worker("honest-9", arguments=("--keys", forged))
        fd_faults.until(lambda: "a worker calls itself honest-9, which its key, that of thief, does not allow"
                        in self.log_of(job), coordinator)
        self.assertFalse(job.simulator.log.exists() and job.simulator.requests())
        self.worker(job, "honest", self.keys / "workers" / "honest")
        job.check(self.reference, code=job.finish(coordinator))
        self.assertIsNone(thief.poll())

    def test_B26_a_worker_says_itself_that_its_name_does_not_fit(self):
        self.keygen("honest")
        done = fd.run("fd-worker", "--connect", "tcp://127.0.0.1:1", "--keys", self.keys, "--name", "thief")
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("has no key for a worker called thief", done.stderr)

    def test_B23_the_coordinator_ends_with_the_thread_that_checks_keys(self):
        job = self.keyed_job()
        # The first request is that of the start-up test.
        failpoints = fd_faults.Failpoints(f"{job.out}-fired", "zap.read_error=error:EIO@2")
        coordinator = job.listen(failpoints)
        self.worker(job, "worker")
        self.assertEqual(job.finish(coordinator), 70)
        self.assertIn("nobody is let in", job.output)
        self.assertFalse(job.simulator.log.exists() and job.simulator.requests())

    def test_J06_unsafe_keys_are_refused_before_anything_is_started(self):
        job = self.keyed_job()
        secret = self.keys / "coordinator.secret"
        good = secret.read_text()
        public = (self.keys / "coordinator.public").read_text()
        cases = {"others can read": (good, 0o644), "a public key where a secret one": (public, 0o600),
                 "has 40 characters": (good[:-2] + "\n", 0o600), "no Z85": (good[:-2] + "~\n", 0o600),
                 "zmq_curve(7)": ("curve-secret JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\n", 0o600)}
        for why, (text, mode) in cases.items():
            with self.subTest(why):
                secret.write_text(text)
                secret.chmod(mode)
                self.assertEqual(job.run(), REFUSED, job.output)
                self.assertIn(why, job.output)
                self.assertIn(str(secret), job.output)
                self.assertNotIn(good.split()[1], job.output)
                self.assertFalse(job.run_dir.exists())
        if os.geteuid() == 0:
            secret.write_text(good)
            secret.chmod(0o600)
            os.chown(secret, 12345, 0)
            self.assertEqual(job.run(), REFUSED, job.output)
            self.assertIn("belongs to another user", job.output)
        worker_secret = self.keys / "workers" / "worker" / "worker.secret"
        worker_secret.chmod(0o640)
        done = fd.run("fd-worker", "--connect", "tcp://127.0.0.1:1", "--keys", self.keys)
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("others can read", done.stderr)

    def test_plaintext_on_a_network_is_refused_unless_it_is_asked_for(self):
        job = self.job(workers=1)
        job.arguments += ["--listen", "tcp://0.0.0.0:*"]
        self.assertEqual(job.run(), REFUSED, job.output)
        self.assertIn("fd-coordinator keygen DIR", job.output)
        self.assertFalse(job.run_dir.exists())
        done = fd.run("fd-worker", "--connect", "tcp://192.0.2.1:5555")
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("--keys DIR", done.stderr)
        job.arguments += ["--set", "transport.allow_plaintext_non_loopback=true"]
        job.check(self.reference, code=job.run())
        self.assertIn("plaintext_on_network", job.output)
        self.assertEqual(json.loads((job.run_dir / "run.json").read_text())["transport"],
                         "plaintext, allowed on a network")

    def test_B28_an_address_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            job = self.job(workers=1)
            endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
            job.arguments += ["--listen", endpoint]
            self.assertEqual(job.run(), 2, job.output)
            self.assertIn(f"cannot listen on {endpoint}: Address already in use", job.output)

    def test_a_stopped_run_goes_on_with_its_keys(self):
        job = self.keyed_job(latency_ms=60)
        process = job.start()
        self.after_requests(job, 10, process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(fd.DEADLINE_S), 143)
        done = fd.run("fd-coordinator", "resume", job.run_dir, "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        job.check(self.reference)

    def test_keygen_prints_public_keys_only_and_adds_without_replacing(self):
        first = self.keygen("a")
        before = {path: path.read_bytes() for path in self.keys.rglob("*") if path.is_file()}
        second = self.keygen("a", "b")
        for secret in self.secrets():
            self.assertNotIn(secret, first + second)
        for path, content in before.items():
            self.assertEqual(path.read_bytes(), content)
        self.assertEqual(len(re.findall(r"curve-public \S{40}", second)), 3)
        self.assertEqual({oct(path.stat().st_mode & 0o777) for path in self.keys.rglob("*.secret")}, {"0o600"})


if __name__ == "__main__":
    unittest.main()
