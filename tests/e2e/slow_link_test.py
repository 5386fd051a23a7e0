"""Big samples, answers and databases over a link that is slow, or to a coordinator that is."""

import json
import pathlib
import signal
import sqlite3
import unittest

import fd_faults
import fd_processes as fd
import fd_proxy

ROWS = 24
ROW_BYTES = 40_000  # of one schema
ANSWER_BYTES = 25_000
DATABASE_BYTES = 1_000_000
TTL_S = 3.0
BYTES_PER_S = 300_000
SETTINGS = ("gateway.providers.0.max_concurrency=8", "sharding.target_size=12", f"lease.ttl_ms={TTL_S * 1000:.0f}",
            "lease.heartbeat_ms=200")


def make_bulky(folder):
    """Makes the rows, the answers and the database of a small set big."""
    path = pathlib.Path(folder) / "samples.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        row["schema"] += " " + "s" * ROW_BYTES
        row["gold_sql"] += " /* " + "a" * ANSWER_BYTES + " */"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    database = sqlite3.connect(pathlib.Path(folder) / "shop.sqlite")
    database.execute("CREATE TABLE bulk(bytes BLOB)")
    database.execute("INSERT INTO bulk VALUES(?)", (bytes(DATABASE_BYTES),))
    database.commit()
    database.close()


def peak_mib(process):
    """The most memory that a process has had so far."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


class SlowLinkTest(fd_faults.FaultTest):
    rows = ROWS
    settings = SETTINGS

    @classmethod
    def make_set(cls, folder, **options):
        super().make_set(folder, broken_gold=0, **options)
        make_bulky(folder)

    def test_B10_bulk_on_a_slow_link_is_no_death(self):
        job = self.job()
        coordinator = job.listen()
        proxy = fd_proxy.CutProxy()
        self.addCleanup(proxy.stop)
        proxy.aim(job.endpoint)
        proxy.rate = {fd_proxy.UP: BYTES_PER_S, fd_proxy.DOWN: BYTES_PER_S}
        worker = job.worker("slow", endpoint=proxy.endpoint)
        job.check(self.reference, code=job.finish(coordinator))
        self.assertIsNone(worker.poll())
        # The bulk took longer than the lease, went over one connection, and none of it went twice.
        self.assertNotIn("has not been heard of", job.output)
        self.assertEqual(proxy.accepted, 1)
        bulk = ROWS * (ROW_BYTES + ANSWER_BYTES) + DATABASE_BYTES
        self.assertGreater(bulk / BYTES_PER_S, TTL_S)
        self.assertLess(proxy.passed[fd_proxy.DOWN], 1.2 * bulk)

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


if __name__ == "__main__":
    unittest.main()
