"""Big samples, answers and databases over a link that is slow, or to a coordinator that is."""

import signal
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
CONNECTIONS = 2  # of a worker to its coordinator
SETTINGS = (fd_faults.LONG_ANSWERS, "gateway.providers.0.max_concurrency=8", "sharding.target_size=12", f"lease.ttl_ms={TTL_S * 1000:.0f}",
            "lease.heartbeat_ms=200")


class OverALink:
    """Cases of a worker whose only way to the coordinator is a link of so many bytes per second, both ways."""

    rate = BYTES_PER_S

    def over_the_link(self):
        """Runs a job over it, with every promise kept and without a death. Returns the proxy that makes the link."""
        job = self.job()
        coordinator = job.listen()
        proxy = fd_proxy.CutProxy()
        self.addCleanup(proxy.stop)
        proxy.aim(job.endpoint)
        proxy.rate = {fd_proxy.UP: self.rate, fd_proxy.DOWN: self.rate}
        worker = job.worker("far", endpoint=proxy.endpoint)
        job.check(self.reference, code=job.finish(coordinator))
        self.assertIsNone(worker.poll())
        self.assertNotIn(fd_faults.DEATH, job.output)
        return proxy


class SlowLinkTest(OverALink, fd_faults.FaultTest):
    rows = ROWS
    settings = (*SETTINGS, "gates.exec.bad_gold=ask")  # golds of so many bytes do not run

    @classmethod
    def make_set(cls, folder, **options):
        super().make_set(folder, broken_gold=0, **options)
        fd.make_bulky(folder, ROW_BYTES, ANSWER_BYTES, DATABASE_BYTES)

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
        before = fd.memory_of(worker.pid, "VmHWM")
        fd_faults.let_pass(2 * TTL_S)
        # What is not taken is not said again: a second's repetitions alone would be half of this.
        self.assertLess(fd.memory_of(worker.pid, "VmHWM") - before, 2 * ROWS * ANSWER_BYTES)
        coordinator.send_signal(signal.SIGCONT)
        job.check(self.reference, code=job.finish(coordinator))
        self.assertIsNone(worker.poll())


class LongMessageTest(OverALink, fd_faults.FaultTest):
    """64 kbit/s: the samples of a shard are one message, and so are its answers, and either takes several leases."""

    rows = 4
    settings = (fd_faults.LONG_ANSWERS, "gateway.providers.0.max_concurrency=8", "sharding.target_size=4", "lease.ttl_ms=2000",
                "lease.heartbeat_ms=400")
    row_bytes = 16_000
    answer_bytes = 12_000
    database_bytes = 40_000
    rate = 64_000 // 8

    @classmethod
    def make_set(cls, folder, **options):
        super().make_set(folder, broken_gold=0, **options)
        fd.make_bulky(folder, cls.row_bytes, cls.answer_bytes, cls.database_bytes)

    def test_B10_a_message_that_takes_longer_than_a_lease_is_no_death(self):
        proxy = self.over_the_link()
        lease_bytes = 2 * self.rate
        self.assertGreater(self.rows * self.row_bytes, 3 * lease_bytes)
        self.assertGreater(self.rows * self.answer_bytes, 2 * lease_bytes)
        self.assertGreater(proxy.passed[fd_proxy.UP], self.rows * self.answer_bytes)
        # Some connections may be given up before it is known how slow the link is; not every time.
        self.assertLess(proxy.accepted, CONNECTIONS + 4)


if __name__ == "__main__":
    unittest.main()
