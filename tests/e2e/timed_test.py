"""Time bounds that are promised (faults.md P9, P10). Not part of scripts/test.sh: a busy machine may miss them."""

import time
import unittest

import fd_faults
import fd_processes as fd
import lease_test

SLACK_S = 1.0


class TimedTest(lease_test.LeaseTest):
    """Over the set, the settings and the calm run of the lease tests."""

    def since(self, begin):
        return time.monotonic() - begin

    def test_P9_a_dead_workers_shards_are_asked_again_within_the_lease_and_a_second(self):
        job = self.job(simulator=("--latency-ms", 150))
        coordinator, first, _ = self.two_workers(job)
        first.kill()
        begin = time.monotonic()
        fd_faults.until(lambda: job.extra_requests() > 0, coordinator)
        self.assertLess(self.since(begin), lease_test.TTL_S + SLACK_S)
        job.check(self.reference, extra=2 * lease_test.SLOTS, code=job.finish(coordinator))

    def test_A05_local_workers_end_within_a_second_of_their_coordinator(self):
        job = self.slow()
        coordinator = job.start()
        self.after_requests(job, 30, coordinator)
        workers = fd_faults.processes_of(coordinator.pid)
        self.assertNotEqual(workers, [])
        coordinator.kill()
        begin = time.monotonic()
        fd_faults.until(lambda: not any(fd_faults.state_of(worker) not in ("", "Z") for worker in workers))
        self.assertLess(self.since(begin), SLACK_S)

    def test_D17_a_second_coordinator_is_turned_away_within_a_second(self):
        job = self.job(simulator=("--latency-ms", 500))
        coordinator = job.start()
        self.addCleanup(fd_faults.end, coordinator)
        self.after_requests(job, 1, coordinator)
        begin = time.monotonic()
        self.assertEqual(job.run(), 6)
        self.assertLess(self.since(begin), SLACK_S)

    def test_P9_a_coordinator_that_is_started_again_goes_on_within_two_seconds(self):
        job = self.slow()
        coordinator = job.listen()
        job.worker("first")
        self.after_requests(job, 30, coordinator)
        coordinator.kill()
        coordinator.wait(fd.DEADLINE_S)
        made = len(job.simulator.requests())
        begin = time.monotonic()
        coordinator = job.listen()
        self.after_requests(job, made + 2 * lease_test.SLOTS, coordinator)
        self.assertLess(self.since(begin), 2 + SLACK_S)
        job.check(self.reference, code=job.finish(coordinator))


def load_tests(loader, _tests, _pattern):
    """Only the cases of this file: unittest would run the inherited ones again."""
    names = [name for name in TimedTest.__dict__ if name.startswith("test_")]
    return unittest.TestSuite(TimedTest(name) for name in names)


if __name__ == "__main__":
    unittest.main()
