"""Big samples, answers and databases over a link that is slow, or to a coordinator that is. NarrowLink takes minutes."""

import json
import pathlib
import signal
import sqlite3
import subprocess
import sys
import unittest

import fd_faults
import fd_netns
import fd_processes as fd
import fd_proxy

SKIPPED = 77  # to ctest

ROWS = 24
ROW_BYTES = 40_000  # of one schema
ANSWER_BYTES = 25_000
DATABASE_BYTES = 1_000_000
TTL_S = 3.0
BYTES_PER_S = 300_000
CONNECTIONS = 2  # of a worker to its coordinator
TELLS_OF_DEATHS = ("--log-level", "info")
LONG_ANSWERS = "teacher.decode.max_tokens=1000000"
SETTINGS = (LONG_ANSWERS, "gateway.providers.0.max_concurrency=8", "sharding.target_size=12", f"lease.ttl_ms={TTL_S * 1000:.0f}",
            "lease.heartbeat_ms=200")


def make_bulky(folder, row_bytes=ROW_BYTES, answer_bytes=ANSWER_BYTES, database_bytes=DATABASE_BYTES):
    """Makes the rows, the answers and the database of a small set big."""
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


def peak_mib(process):
    """The most memory that a process has had so far."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


class BulkTest(fd_faults.FaultTest):
    """A worker whose only way to the coordinator is a link of so many bytes per second, both ways."""

    rate = BYTES_PER_S

    def over_the_link(self):
        """Runs a job over it, with every promise kept and without a death. Returns the proxy that makes the link."""
        job = self.job()
        job.arguments += TELLS_OF_DEATHS
        coordinator = job.listen()
        proxy = fd_proxy.CutProxy()
        self.addCleanup(proxy.stop)
        proxy.aim(job.endpoint)
        proxy.rate = {fd_proxy.UP: self.rate, fd_proxy.DOWN: self.rate}
        worker = job.worker("far", endpoint=proxy.endpoint)
        job.check(self.reference, code=job.finish(coordinator))
        self.assertIsNone(worker.poll())
        self.assertNotIn("has not been heard of", job.output)
        return proxy


class SlowLinkTest(BulkTest):
    rows = ROWS
    settings = SETTINGS

    @classmethod
    def make_set(cls, folder, **options):
        super().make_set(folder, broken_gold=0, **options)
        make_bulky(folder)

    def test_B10_bulk_on_a_slow_link_is_no_death(self):
        proxy = self.over_the_link()
        # The bulk took longer than the lease, went over one connection, and none of it went twice.
        self.assertEqual(proxy.accepted, CONNECTIONS)
        bulk = ROWS * (ROW_BYTES + ANSWER_BYTES) + DATABASE_BYTES
        self.assertGreater(bulk / self.rate, TTL_S)
        self.assertLess(proxy.passed[fd_proxy.DOWN], 1.2 * bulk)
        self.assertGreater(proxy.passed[fd_proxy.UP], ROWS * ANSWER_BYTES)

    def test_B14_a_worker_waits_for_a_coordinator_that_stands_still(self):
        job = self.job(simulator=("--latency-ms", 20))
        coordinator = job.listen()
        worker = job.worker("fast")
        self.after_requests(job, 4, coordinator)
        coordinator.send_signal(signal.SIGSTOP)
        self.addCleanup(fd_faults.kill, coordinator.pid, signal.SIGCONT)
        fd_faults.let_pass(1)
        before = peak_mib(worker)
        fd_faults.let_pass(2 * TTL_S)
        # What is not taken is not said again: a second's repetitions alone would be half of this.
        self.assertLess(peak_mib(worker) - before, 2 * ROWS * ANSWER_BYTES / (1 << 20))
        coordinator.send_signal(signal.SIGCONT)
        job.check(self.reference, code=job.finish(coordinator))
        self.assertIsNone(worker.poll())


class LongMessageTest(BulkTest):
    """64 kbit/s: the samples of a shard are one message, and so are its answers, and either takes several leases."""

    rows = 4
    settings = (LONG_ANSWERS, "gateway.providers.0.max_concurrency=8", "sharding.target_size=4", "lease.ttl_ms=2000",
                "lease.heartbeat_ms=400")
    row_bytes = 16_000
    answer_bytes = 12_000
    database_bytes = 40_000
    rate = 64_000 // 8

    @classmethod
    def make_set(cls, folder, **options):
        super().make_set(folder, broken_gold=0, **options)
        make_bulky(folder, cls.row_bytes, cls.answer_bytes, cls.database_bytes)

    def test_B10_a_message_that_takes_longer_than_a_lease_is_no_death(self):
        proxy = self.over_the_link()
        lease_bytes = 2 * self.rate
        self.assertGreater(self.rows * self.row_bytes, 3 * lease_bytes)
        self.assertGreater(self.rows * self.answer_bytes, 2 * lease_bytes)
        self.assertGreater(proxy.passed[fd_proxy.UP], self.rows * self.answer_bytes)
        # Some connections may be given up before it is known how slow the link is; not every time.
        self.assertLess(proxy.accepted, CONNECTIONS + 4)


class NarrowLink(fd_faults.FaultTest):
    """The same as hosts see it: a link of 64 kbit/s with a short queue, where packets are dropped, and an answer of a megabyte, which the outcome
    repeats."""

    rows = 1
    settings = (LONG_ANSWERS, "gateway.providers.0.max_concurrency=8", "lease.ttl_ms=10000", "lease.heartbeat_ms=1000")
    rate = "64kbit"
    answer_bytes = 1_000_000

    @classmethod
    def make_set(cls, folder, **options):
        super().make_set(folder, broken_gold=0, **options)
        samples = pathlib.Path(folder) / "samples.jsonl"
        rows = samples.read_text()
        make_bulky(folder, row_bytes=0, answer_bytes=cls.answer_bytes, database_bytes=20_000)
        samples.rename(samples.with_name("teacher.jsonl"))
        samples.write_text(rows)

    def setUp(self):
        self.network = fd_netns.Network(["head", "far"])
        self.addCleanup(self.network.close)

    def test_B10_results_of_a_megabyte_over_64_kbit_are_no_death(self):
        job = self.job()
        job.simulator.stop()
        log = open(job.out.with_suffix(".log"), "w", encoding="utf-8")
        self.addCleanup(log.close)

        def start(host, program, *arguments):
            process = subprocess.Popen([*self.network.inside(host), fd.BIN / program, *map(str, arguments)], stdout=log,
                                       stderr=log, env=fd.environment())
            self.addCleanup(fd_faults.end, process)
            return process

        start("far", "fd-simulator", "--listen", "127.0.0.1:8000", "--request-log", job.simulator.log,
              *fd.dataset_arguments(self.folder))
        endpoint = f"tcp://{self.network.address('head')}:5555"
        coordinator = start("head", "fd-coordinator", "run", self.folder / "job.yaml", "--out", job.out, "--workers", 0,
                            "--limit", self.rows, *TELLS_OF_DEATHS, "--run-id", "job", "--listen", endpoint, "--set",
                            "transport.allow_plaintext_non_loopback=true",
                            *fd.teacher("http://127.0.0.1:8000/v1"),
                            *(word for setting in self.settings for word in ("--set", setting)))
        self.network.slow("far", self.rate)
        worker = start("far", "fd-worker", "--connect", endpoint, "--name", "far", "--allow-plaintext")
        self.assertEqual(coordinator.wait(900), 0, job.log())
        self.assertIsNone(worker.poll())
        job.output = job.log()
        job.check(self.reference, code=0)
        self.assertNotIn("has not been heard of", job.output)
        answers = sum(path.stat().st_size for path in job.run_dir.glob("shards/*/answers.jsonl"))
        self.assertGreater(answers, self.rows * self.answer_bytes)


if __name__ == "__main__":
    WHY = fd_netns.obstacle() if "NarrowLink" in sys.argv else ""
    if WHY:
        print(f"SKIPPED: hosts in network namespaces cannot be made here: {WHY}")
        sys.exit(SKIPPED)
    unittest.main()
