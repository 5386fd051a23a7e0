"""Wall clocks that jump, or that differ between machines: nothing rests on them but the times in reports."""

import json
import unittest

import fd_faults
import fd_processes as fd

ROWS = 120
TTL_S = 2.0
DAY_S = 86_400
YEARS_S = 10 * 365 * DAY_S
SLOTS = 8
SETTINGS = (f"gateway.providers.0.max_concurrency={SLOTS}", "sharding.target_size=10", f"lease.ttl_ms={TTL_S * 1000:.0f}",
            "lease.heartbeat_ms=100")


class Clock:
    """A wall clock that stands beside the true one by an offset; takes the place of Failpoints at a start."""

    def __init__(self, path, offset_s=0):
        self.path = path
        self.set(offset_s)

    def set(self, offset_s):
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{offset_s:+d}\n")
        fresh.rename(self.path)

    def environment(self):
        return fd.environment() | {"FD_WALL_CLOCK": str(self.path)}


class ClockTest(fd_faults.FaultTest):
    rows = ROWS
    settings = SETTINGS

    def slow(self):
        return self.job(simulator=("--latency-ms", 60))

    def test_D21_a_wall_clock_that_jumps_changes_no_byte_and_costs_no_call(self):
        job = self.slow()
        clock = Clock(self.folder / "clock")
        coordinator = job.listen(clock)
        worker = job.worker("first", clock)
        # An hour, as in summer time; years, as with a broken clock; a leap second.
        for requests, offset_s in zip(range(10, ROWS, 20), (3600, -3600, 1, -YEARS_S, YEARS_S)):
            self.after_requests(job, requests, coordinator)
            clock.set(offset_s)
        job.check(self.reference, extra=0, code=job.finish(coordinator))
        self.assertIsNone(worker.poll())
        self.assertNotIn(fd_faults.DEATH, job.output)
        # The clock that was moved is the one that they read: the end lies years after the start, or before it.
        facts = json.loads((job.run_dir / "run.json").read_text())
        self.assertNotEqual(facts["started_at"][:4], facts["finished_at"][:4])

    def test_D21_a_coordinator_that_is_started_again_years_earlier_goes_on(self):
        job = self.slow()
        clock = Clock(self.folder / "back")
        coordinator = job.listen(clock)
        worker = job.worker("first")
        self.after_requests(job, ROWS // 3, coordinator)
        coordinator.kill()
        coordinator.wait(fd.DEADLINE_S)
        clock.set(-YEARS_S)
        coordinator = job.listen(clock)
        job.check(self.reference, extra=0, code=job.finish(coordinator))
        self.assertIsNone(worker.poll())

    def test_D22_a_worker_whose_clock_is_a_day_off_works_like_any_other(self):
        job = self.slow()
        coordinator = job.listen()
        workers = [job.worker(name, Clock(self.folder / name, offset_s))
                   for name, offset_s in (("yesterday", -DAY_S), ("tomorrow", DAY_S))]
        job.check(self.reference, extra=0, code=job.finish(coordinator))
        self.assertEqual([worker.poll() for worker in workers], [None, None])
        self.assertNotIn(fd_faults.DEATH, job.output)

    def test_D22_a_worker_that_is_started_again_with_a_clock_set_back_gets_its_shards_again(self):
        job = self.slow()
        coordinator = job.listen()
        worker = job.worker("first", Clock(self.folder / "ahead", DAY_S))
        self.after_requests(job, ROWS // 3, coordinator)
        worker.kill()
        worker.wait(fd.DEADLINE_S)
        worker = job.worker("first")
        job.check(self.reference, extra=SLOTS, code=job.finish(coordinator))
        self.assertIsNone(worker.poll())
        self.assertIn("worker first was started again; it gets its shards back", job.output)
        self.assertNotIn(fd_faults.DEATH, job.output)


if __name__ == "__main__":
    unittest.main()
