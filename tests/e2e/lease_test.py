"""Workers and coordinators that die, stop and come back, with workers that the coordinator did not start."""

import json
import shutil
import signal
import unittest

import fd_faults
import fd_processes as fd

ROWS = 120
TTL_S = 1.0
SLOTS = 8
SETTINGS = (f"gateway.providers.0.max_concurrency={SLOTS}", "sharding.target_size=10", f"lease.ttl_ms={TTL_S * 1000:.0f}",
            "lease.heartbeat_ms=100")


class LeaseTest(fd_faults.FaultTest):
    rows = ROWS
    settings = SETTINGS

    def slow(self):
        return self.job(simulator=("--latency-ms", 60))

    def two_workers(self, job):
        """Starts the coordinator and two workers; returns the three once both have had calls."""
        coordinator = job.listen()
        first = job.worker("first")
        self.after_requests(job, 1, coordinator)
        second = job.worker("second")
        self.after_requests(job, 30, coordinator)
        return coordinator, first, second

    def test_A03_a_worker_that_never_comes_back_is_replaced_by_the_others(self):
        job = self.slow()
        coordinator, first, _ = self.two_workers(job)
        first.kill()
        # The calls in flight, and what was in its journal and not acknowledged yet.
        job.check(self.reference, extra=2 * SLOTS, code=job.finish(coordinator))

    def test_A04_all_workers_die_and_new_ones_come(self):
        job = self.slow()
        coordinator, *workers = self.two_workers(job)
        for worker in workers:
            worker.kill()
            worker.wait(fd.DEADLINE_S)
        fd_faults.let_pass(2 * TTL_S)
        self.assertIsNone(coordinator.poll())
        job.worker("third")
        # Beside the calls in flight, what was in the journals of the dead and not acknowledged yet.
        job.check(self.reference, extra=2 * SLOTS, code=job.finish(coordinator))

    def test_A02_a_worker_that_comes_back_brings_what_its_journal_has(self):
        job = self.slow()
        coordinator = job.listen()
        worker = job.worker("first")
        for requests in (20, 50, 80):
            self.after_requests(job, requests, coordinator)
            worker.kill()
            worker.wait(fd.DEADLINE_S)
            worker = job.worker("first")
        # In flight is what was sent and is not in the journal yet: a sync takes as long as answers take to be
        # followed by the next calls.
        job.check(self.reference, extra=3 * 2 * SLOTS, code=job.finish(coordinator))
        job.check_doubts()

    def test_A09_A10_a_worker_that_slept_through_its_lease_disturbs_nothing(self):
        job = self.slow()
        coordinator, zombie, _ = self.two_workers(job)
        zombie.send_signal(signal.SIGSTOP)
        self.addCleanup(fd_faults.kill, zombie.pid, signal.SIGCONT)
        # The lease has lapsed once another worker asks again what the zombie had asked.
        fd_faults.until(lambda: job.extra_requests() > 0, coordinator)
        zombie.send_signal(signal.SIGCONT)
        # What it had in flight, and what had come back and was not acknowledged; it starts no call when it wakes.
        job.check(self.reference, extra=2 * SLOTS, code=job.finish(coordinator))
        # Nobody died: what was asked twice is counted twice.
        self.assertGreater(job.extra_requests(), 0)
        job.check_bill(nobody_died=True)

    def test_A11_a_coordinator_that_slept_through_the_leases_takes_none_away(self):
        job = self.slow()
        coordinator, _, _ = self.two_workers(job)
        coordinator.send_signal(signal.SIGSTOP)
        self.addCleanup(fd_faults.kill, coordinator.pid, signal.SIGCONT)
        fd_faults.let_pass(3 * TTL_S)
        coordinator.send_signal(signal.SIGCONT)
        job.check(self.reference, extra=0, code=job.finish(coordinator))

    def test_B11_a_coordinator_on_the_same_port_again_repeats_no_call(self):
        job = self.slow()
        coordinator, _, _ = self.two_workers(job)
        for requests in (30, 60, 90):
            self.after_requests(job, requests, coordinator)
            coordinator.kill()
            coordinator.wait(fd.DEADLINE_S)
            coordinator = job.listen()
        job.check(self.reference, extra=0, code=job.finish(coordinator))

    def test_D09_a_worker_left_over_from_another_run_serves_this_one_and_brings_nothing_along(self):
        other = self.job("other", simulator=("--latency-ms", 60))
        other.arguments[other.arguments.index("--run-id") + 1] = "other"
        coordinator = other.listen()
        worker = other.worker("left-over")
        self.after_requests(other, ROWS // 3, coordinator)
        coordinator.kill()  # with answers on their way, and leases held
        coordinator.wait(fd.DEADLINE_S)
        job = self.slow()
        job.arguments += ["--listen", other.endpoint]
        coordinator = job.listen()
        job.check(self.reference, extra=0, code=job.finish(coordinator))
        # What it owed the other run is refused; the log says so, and not for each message.
        self.assertLessEqual(job.output.count("message of another run"), 20)
        self.assertIsNone(worker.poll())

    def test_calls_in_doubt_of_a_worker_whose_shards_others_finished_are_on_the_bill(self):
        job = self.slow()
        coordinator, first, _ = self.two_workers(job)
        first.kill()
        first.wait(fd.DEADLINE_S)
        fd_faults.until(lambda: job.extra_requests() > 0, coordinator)
        job.worker("first")  # with the journal of before
        job.check(self.reference, extra=2 * SLOTS, code=job.finish(coordinator))
        report = job.report("cost_report.json")
        self.assertGreater(report["in_doubt"]["calls"], 0)
        self.assertEqual(report["unknown"]["calls"], 0)

    def test_a_worker_that_never_comes_back_is_on_the_bill_with_its_share(self):
        job = self.slow()
        coordinator, first, _ = self.two_workers(job)
        first.kill()
        job.check(self.reference, extra=2 * SLOTS, code=job.finish(coordinator))
        unknown = job.report("cost_report.json")["unknown"]["calls"]
        self.assertGreater(unknown, 0)
        self.assertLessEqual(unknown, SLOTS + SLOTS // 8)  # an eighth may wait for the disk
        self.assertIn("never came back", job.output)

    def test_a_run_that_was_drained_and_goes_on_leaves_nothing_open_on_the_bill(self):
        job = self.job(workers=2, simulator=("--latency-ms", 60))
        process = job.start()
        self.after_requests(job, ROWS // 4, process)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(fd.DEADLINE_S), 130)
        job.check(self.reference, code=job.run())
        job.check_bill(nobody_died=True)

    def test_a_run_whose_folder_was_deleted_under_a_worker_is_begun_anew(self):
        job = self.slow()
        coordinator = job.listen()
        job.worker("first")
        self.after_requests(job, ROWS // 4, coordinator)
        coordinator.send_signal(signal.SIGINT)
        self.assertEqual(coordinator.wait(fd.DEADLINE_S), 130)
        shutil.rmtree(job.run_dir)
        before = len(job.simulator.requests())
        coordinator = job.listen()
        self.assertEqual(job.finish(coordinator), 0, job.output)
        self.assertEqual(len(fd.outcomes(job.run_dir)), ROWS)
        self.assertLessEqual(len(job.simulator.requests()) - before, ROWS)

    def test_a_second_worker_of_one_name_is_refused_and_the_first_goes_on(self):
        job = self.job(simulator=("--latency-ms", 300))  # both are there for a while
        coordinator = job.listen()
        first = job.worker("same")
        self.after_requests(job, 8, coordinator)
        other = self.job("other-state", simulator=("--latency-ms", 60))  # for a state folder of its own
        second = other.worker("same", endpoint=job.endpoint)
        self.assertEqual(second.wait(fd.DEADLINE_S), 11)
        self.assertIn("another worker of this run has the name 'same'",
                      other.out.with_suffix(".same.log").read_text())
        self.assertIsNone(first.poll())
        job.check(self.reference, extra=0, code=job.finish(coordinator))
        job.check_bill(nobody_died=True)

    def test_A01_no_kill_of_the_coordinator_repeats_a_call_of_workers_that_live_on(self):
        names = [name for name in fd_faults.failpoint_names() if "k05" <= name < "k21"]
        for name in names:
            with self.subTest(name=name):
                self.kill_coordinator_at(name)

    def kill_coordinator_at(self, name):
        job = self.job(name.replace(".", "-"), rows=40, simulator=("--latency-ms", 5))
        at = 3 if ".file_" in name else 1  # the first of them are of run.json, before anybody works
        failpoints = fd_faults.Failpoints(f"{job.out}-fired", f"{name}=kill@{at}")
        coordinator = job.listen(failpoints)
        worker = job.worker("first")
        while (code := job.finish(coordinator)) == fd_faults.KILLED:
            coordinator = job.listen(failpoints)
        self.assertEqual(code, 0, job.output)
        self.assertEqual(failpoints.fired(name), 1)
        self.assertEqual(job.extra_requests(), 0)
        self.assertIsNone(worker.poll())

    def poison(self, job, point="sample.before_exec"):
        """Has one sample kill every worker that is about to run its SQL. Returns its id and the failpoints."""
        ids = fd.run("fd-coordinator", "ids", self.folder / "job.yaml")
        poison = json.loads(ids.stdout.splitlines()[17])["sample_id"]
        return poison, fd_faults.Failpoints(f"{job.out}-fired", f"{point}/{poison}=kill@1x100")

    def check_poisoned(self, job, code, poison, failpoints, deaths=6, point="sample.before_exec"):
        """The sample ended as poison after so many deaths at most, and its neighbours are unharmed."""
        self.assertEqual(code, 4, job.output)
        self.assertGreaterEqual(failpoints.fired(point), 3)
        self.assertLessEqual(failpoints.fired(point), deaths)
        outcomes = fd.outcomes(job.run_dir)
        self.assertEqual(len(outcomes), ROWS)
        failed = [outcome for outcome in outcomes if outcome["verdict"] == "failed"]
        self.assertEqual([(outcome["sample_id"], outcome["reason"]) for outcome in failed], [(poison, "poison")])

    def test_A18_a_sample_that_kills_every_worker_fails_alone(self):
        job = self.job()
        poison, failpoints = self.poison(job)
        self.check_poisoned(job, job.run(failpoints), poison, failpoints)

    def test_a_gold_that_kills_every_worker_fails_its_sample_alone_and_is_not_paid_for(self):
        job, point = self.job(), "sample.before_gold"
        poison, failpoints = self.poison(job, point)
        # A death counts little against a sample that has no answer on record.
        self.check_poisoned(job, job.run(failpoints), poison, failpoints, deaths=11, point=point)
        self.assertEqual([outcome["candidates"] for outcome in fd.outcomes(job.run_dir)
                          if outcome["sample_id"] == poison], [[]])
        self.assertLess(len(job.requests_per_key()), ROWS - fd.BROKEN_GOLD)

    def test_A18_so_it_does_where_somebody_else_starts_the_worker_again_at_once(self):
        self.kill_by_sample(lambda start: "first", deaths=6)  # the first one may come before its answer is on record

    def test_A18_so_it_does_where_each_worker_that_it_kills_is_gone_for_good(self):
        self.kill_by_sample(lambda start: f"number-{start}", deaths=11)  # with a journal each, which nobody reads

    def kill_by_sample(self, name_of, deaths):
        """Runs a job with one worker that is not the coordinator's, and the next one whenever a sample has killed it."""
        job = self.job()
        poison, failpoints = self.poison(job)
        coordinator = job.listen()
        starts = 0
        while coordinator.poll() is None:
            worker = job.worker(name_of(starts), failpoints)
            starts += 1
            fd_faults.until(lambda: worker.poll() is not None or coordinator.poll() is not None)
        self.check_poisoned(job, job.finish(coordinator), poison, failpoints, deaths)


if __name__ == "__main__":
    unittest.main()
