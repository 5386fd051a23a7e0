"""Programs of different versions at one run: who may take part, and what those are told that may not (P13)."""

import hashlib
import json
import re
import socket
import struct
import subprocess
import unittest

import fd_faults
import fd_processes as fd
import fd_rawpeer

LATENCY_MS = 40


def version_of(frame):
    return struct.unpack(">H", frame[4:6])[0]


class CoordinatorTest(fd_faults.FaultTest):
    """A peer that is not like this coordinator, and an honest worker whom it must not disturb."""

    rows = 40

    def setUp(self):
        self.running = self.job(simulator=("--latency-ms", LATENCY_MS))
        self.coordinator = self.running.listen()
        self.peer = fd_rawpeer.Peer.worker(self.running.endpoint)
        self.addCleanup(self.peer.close)

    def log(self):
        return self.running.out.with_suffix(".log").read_text()

    def finish(self):
        self.running.worker("honest")
        self.running.check(self.reference, code=self.running.finish(self.coordinator))

    def policy(self):
        """What this build judges by: as its worker says."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            worker, peer = worker_at(self, listener)
            text = re.search(rb"sandbox [ -~]+", peer.receive())[0].decode()
            fd_faults.end(worker)
        return text

    def test_P13_another_protocol_version_is_refused_with_both_named(self):
        self.peer.send(fd_rawpeer.frame(fd_rawpeer.WORKER_STATE, b"\x80", version=1))
        told = self.peer.receive()
        self.assertEqual(version_of(told), fd_rawpeer.PROTOCOL_VERSION)
        self.assertIn(b"protocol version 1, this program speaks 2", told)
        fd_faults.until(lambda: "protocol version 1, this program speaks 2" in self.log(), self.coordinator)
        self.finish()

    def test_P13_another_build_policy_is_refused_with_both_named(self):
        self.peer.send(fd_rawpeer.worker_state("other", "sandbox 0, SQLite 3.0.0 (beef)"))
        told = self.peer.receive()
        mine = self.policy()
        self.assertIn(b"sandbox 0, SQLite 3.0.0 (beef)", told)
        self.assertIn(mine.encode(), told)
        fd_faults.until(lambda: "worker 'other' judges SQL by 'sandbox 0" in self.log(), self.coordinator)
        self.assertIn(mine, self.log())
        self.assertEqual(self.running.simulator.requests() if self.running.simulator.log.exists() else [], [])
        self.finish()

    def test_P13_a_worker_that_does_not_say_its_policy_is_refused(self):
        self.peer.send(fd_rawpeer.worker_state("silent", ""))
        self.assertIn(b"worker 'silent' judges SQL by ''", self.peer.receive())
        self.finish()

    def test_P13_a_config_that_reads_otherwise_at_the_worker_ends_it_with_both_digests(self):
        facts = json.loads((self.running.run_dir / "run.json").read_text())
        with socket.create_server(("127.0.0.1", 0)) as listener:
            worker, peer = worker_at(self, listener)
            # As of a program with other defaults: what is read here is not what was sent, byte for byte.
            digest = offer(peer, peer.receive(), json.dumps(facts["config"]))
            self.assertEqual(worker.wait(fd.DEADLINE_S), 11)
        self.assertRegex(worker.stderr.read(),
                         f"reads the run's config {digest} as [0-9a-f]{{64}}: it has other keys or defaults")
        self.finish()

    def test_P13_another_program_version_with_a_field_more_takes_part(self):
        self.peer.send(fd_rawpeer.worker_state("newer", self.policy(), version="9.9.9", k99="new"))
        told = self.peer.receive()
        self.assertNotIn(b"judges SQL", told)
        fd_faults.until(lambda: "worker_version" in self.log(), self.coordinator)
        self.assertRegex(self.log(), r"worker_version worker=newer version=9\.9\.9")
        self.peer.close()  # it never works; its shards go to the honest one after its lease
        self.finish()


def worker_at(test, listener):
    """Starts a worker that connects to `listener`. Returns it and the connection on which it says its state."""
    folder = fd.temporary_folder()
    test.addCleanup(folder.cleanup)
    worker = fd.start("fd-worker", "--connect", f"tcp://127.0.0.1:{listener.getsockname()[1]}", "--name", "w",
                      "--state", folder.name, stdout=subprocess.DEVNULL)
    test.addCleanup(worker.stderr.close)
    test.addCleanup(fd_faults.end, worker)
    control, bulk = fd_rawpeer.Peer.coordinator(listener)
    test.addCleanup(control.close)
    test.addCleanup(bulk.close)
    return worker, control


def offer(peer, state, config):
    """Sends the worker that said `state` a run with this config. Returns the config's digest."""
    digest = hashlib.sha256(config.encode()).digest()
    to = fd_rawpeer.incarnation_of(state)
    order = fd_rawpeer.pack(fd_rawpeer.order_body(digest))
    spec = fd_rawpeer.pack({1: digest, 2: config})
    peer.send(fd_rawpeer.frame(fd_rawpeer.ORDER, order, run_id="run", incarnation=to))
    peer.send(fd_rawpeer.frame(fd_rawpeer.RUN_SPEC, spec, run_id="run", incarnation=to))
    return digest.hex()


class WorkerTest(unittest.TestCase):
    """A coordinator that is not like this worker."""

    def setUp(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.worker, self.peer = worker_at(self, self.listener)
        self.state = self.peer.receive()

    def ends(self):
        self.assertEqual(self.worker.wait(fd.DEADLINE_S), 11)
        return self.worker.stderr.read()

    def test_P13_a_coordinator_of_another_protocol_version_ends_the_worker_with_both_named(self):
        self.peer.send(fd_rawpeer.frame(fd_rawpeer.ORDER, b"\x80", version=7))
        self.assertIn("protocol version 7, this program speaks 2", self.ends())

    def test_P13_a_refusal_ends_the_worker_with_its_reason(self):
        self.peer.send(fd_rawpeer.order("for another process", incarnation=1))
        self.peer.send(fd_rawpeer.order("verdicts could differ", incarnation=fd_rawpeer.incarnation_of(self.state)))
        told = self.ends()
        self.assertIn("verdicts could differ", told)
        self.assertNotIn("for another process", told)

    def test_P13_a_config_that_cannot_be_read_here_ends_the_worker_with_its_digest(self):
        digest = offer(self.peer, self.state, '{"later_key":1}')
        self.assertIn(f"this program cannot read the run's config {digest}: ", self.ends())


if __name__ == "__main__":
    unittest.main()
