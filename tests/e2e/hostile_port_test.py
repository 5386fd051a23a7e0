"""Strangers at the coordinator's port: random bytes, huge frames, endless messages, silence.

`SmallAttack` is part of the normal suite; `LargeAttack` has bounds on time and is run by `ctest -L timed`.
"""

import collections
import contextlib
import pathlib
import random
import re
import socket
import struct
import threading
import time
import unittest

import fd_faults
import fd_processes as fd

MEMORY_MAX = 32 << 20
SERVED_S = 3.0
HANDSHAKE_S = 2.0  # kHandshakeMs
# ZMTP 3.1: signature, version, mechanism, as-server, filler.
GREETING = b"\xff" + bytes(7) + b"\x01\x7f" + b"\x03\x01" + b"CURVE".ljust(20, b"\0") + b"\0" + bytes(31)
HUGE_COMMAND = b"\x06" + struct.pack(">Q", 2 << 30)
MORE_FRAME = b"\x01\x01x"  # one byte, more to come
SETTINGS = ("gateway.providers.0.max_concurrency=8", "sharding.target_size=10", "lease.ttl_ms=1000",
            "lease.heartbeat_ms=100")


def forget_peak(pid):
    """VmHWM is the peak since then."""
    with contextlib.suppress(PermissionError):  # only root may; else it is the peak since the start: no less
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def connected(address):
    peer = socket.create_connection(address, timeout=fd.DEADLINE_S)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def ended(peer):
    """Reads until the other side closes."""
    try:
        while peer.recv(65536):
            pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    peer.close()


def random_bytes(address, count, seed=7, open_at_once=64):
    """Connections that say anything: half of them after a proper greeting."""
    rng = random.Random(seed)
    held = collections.deque()
    for index in range(count):
        peer = connected(address)
        held.append(peer)
        try:
            peer.sendall((GREETING if index % 2 else b"") + rng.randbytes(rng.randrange(1, 600)))
        except (ConnectionResetError, BrokenPipeError):
            pass
        if len(held) > open_at_once:
            held.popleft().close()
    for peer in held:
        peer.close()


def flood(address, first, rest, bytes_max):
    """Sends `first` and then `rest` over and over until the other side hangs up. Returns the bytes it took."""
    taken = 0
    with connected(address) as peer:
        try:
            peer.sendall(GREETING + first)
            while taken < bytes_max:
                taken += peer.send(rest)
        except (ConnectionResetError, BrokenPipeError):
            pass
    return taken


class Attack(fd_faults.FaultTest):
    """One coordinator that waits for workers, and what strangers may do to it."""

    rows = 60
    settings = SETTINGS

    def coordinator(self, keys=True, **options):
        if keys:
            self.keys = self.folder / f"{self.id().rsplit('.', 1)[1]}-keys"
            self.assertEqual(fd.run("fd-coordinator", "keygen", self.keys).returncode, 0)
            options["settings"] = (*SETTINGS, f"transport.keys={self.keys}")
        job = self.job(**options)
        self.process = job.listen()
        host, port = re.fullmatch(r"tcp://(.*):(\d+)", job.endpoint).groups()
        self.address = (host, int(port))
        forget_peak(self.process.pid)
        self.before = fd.memory_of(self.process.pid, "VmRSS")
        return job

    def grown(self):
        """Returns by how much the coordinator's memory had grown at most since it listened."""
        return fd.memory_of(self.process.pid, "VmHWM") - self.before

    def log(self, job):
        return job.out.with_suffix(".log").read_text()

    def honest(self, job):
        return job.worker("worker", arguments=("--keys", self.keys))

    def served(self, job):
        log = job.out.with_suffix(".worker.log")
        return log.exists() and "run_id=job" in log.read_text()

    def check_nothing_came_through(self, job, told=True):
        """`told`: libzmq cuts a frame that is too long off without telling its monitor."""
        self.assertNotIn("message_refused", self.log(job))
        self.assertNotIn("message_of_other_shape", self.log(job))
        if told:
            self.assertIn("handshake_failed", self.log(job))


class SmallAttack(Attack):
    def test_B17_random_bytes_reach_nobody_and_hold_nobody_up(self):
        job = self.coordinator()
        random_bytes(self.address, 300)
        self.honest(job)
        job.check(self.reference, code=job.finish(self.process))
        self.check_nothing_came_through(job)
        self.assertLess(self.log(job).count("handshake_failed"), 25)  # ten lines a minute, whatever comes

    def test_B17_random_bytes_on_a_plaintext_port_are_refused_by_the_codec(self):
        job = self.coordinator(keys=False)
        random_bytes(self.address, 300)
        job.worker("worker")
        job.check(self.reference, code=job.finish(self.process))

    def test_B18_a_frame_of_two_gigabytes_is_cut_off_at_its_header(self):
        job = self.coordinator()
        for _ in range(4):
            self.assertLess(flood(self.address, HUGE_COMMAND, bytes(1 << 16), 256 << 20), 64 << 20)
        self.assertLess(self.grown(), MEMORY_MAX)
        self.honest(job)
        job.check(self.reference, code=job.finish(self.process))
        self.check_nothing_came_through(job, told=False)

    def test_B19_frames_without_end_are_cut_off_before_the_handshake(self):
        job = self.coordinator()
        self.assertLess(flood(self.address, b"", MORE_FRAME * 20000, 256 << 20), 64 << 20)
        self.assertLess(self.grown(), MEMORY_MAX)
        self.honest(job)
        job.check(self.reference, code=job.finish(self.process))
        self.check_nothing_came_through(job)

    def test_B21_whoever_says_nothing_is_dropped(self):
        job = self.coordinator()
        silent = [connected(self.address) for _ in range(50)]
        halfway = [connected(self.address) for _ in range(50)]
        for peer in halfway:
            peer.sendall(GREETING)
        for peer in silent + halfway:
            ended(peer)  # would wait for its deadline
        self.honest(job)
        job.check(self.reference, code=job.finish(self.process))


class LargeAttack(Attack):
    connections = 10000
    idle = 400

    def test_B17_B18_B19_ten_thousand_strangers_at_once_with_an_honest_worker(self):
        job = self.coordinator(simulator=("--latency-ms", 1000))
        over = threading.Event()
        idle_times = []
        done = []

        def main_attack():
            random_bytes(self.address, self.connections)
            done.append(self.connections)

        def silent():
            while not over.is_set():
                begin = time.monotonic()
                peers = [connected(self.address) for _ in range(self.idle // 4)]
                for peer in peers:
                    ended(peer)
                idle_times.append(time.monotonic() - begin)

        def floods():
            while not over.is_set():
                flood(self.address, HUGE_COMMAND, bytes(1 << 16), 64 << 20)
                flood(self.address, b"", MORE_FRAME * 20000, 64 << 20)
                time.sleep(0.01)  # the pace of the attack, nothing is waited for

        attackers = [threading.Thread(target=silent) for _ in range(4)] + [threading.Thread(target=floods)]
        main = threading.Thread(target=main_attack)
        attackers.append(main)
        for thread in attackers:
            thread.start()
        try:
            random_bytes(self.address, 500, seed=11)  # the attack is under way
            begin = time.monotonic()
            worker = self.honest(job)
            fd_faults.until(lambda: self.served(job), self.process)
            served = time.monotonic() - begin
            fd_faults.end(worker)  # the run must not end before the attack
            main.join(fd.DEADLINE_S)
            self.assertIsNone(self.process.poll())
            self.assertEqual(done, [self.connections])
            grown = self.grown()
        finally:
            over.set()
            for thread in attackers:
                thread.join(fd.DEADLINE_S)
        print(f"memory +{grown / (1 << 20):.1f} MB, honest worker served after {served:.2f} s, "
              f"silent peers held for at most {max(idle_times):.2f} s", flush=True)
        self.assertLess(grown, MEMORY_MAX)
        self.assertLess(served, SERVED_S)
        self.assertLess(max(idle_times), HANDSHAKE_S + 1.0)
        self.honest(job)
        job.check(self.reference, extra=8, code=job.finish(self.process))
        self.check_nothing_came_through(job)


if __name__ == "__main__":
    unittest.main()
