"""Networks that cut, stall, break and crawl between a coordinator and its workers (fd_proxy makes them)."""

import unittest

import fd_faults
import fd_processes as fd
import fd_proxy
from lease_test import SETTINGS, SLOTS, TTL_S

# What a worker that is cut off may ask in vain: as long as its lease lasts it goes on, and nobody hears its answers.
LATENCY_S = 0.1
ASKED_IN_VAIN = SLOTS * (round(TTL_S / LATENCY_S) + 1)


class NetworkTest(fd_faults.FaultTest):
    rows = 120
    settings = SETTINGS

    def proxy(self, endpoint):
        proxy = fd_proxy.CutProxy()
        self.addCleanup(proxy.stop)
        proxy.aim(endpoint)
        return proxy

    def behind_proxy(self, *others, latency_ms=60):
        """Starts a coordinator, a worker behind a proxy, and others with a direct way; returns job, coordinator, the
        worker and the proxy once all of them have had calls."""
        job = self.job(simulator=("--latency-ms", latency_ms))
        coordinator = job.listen()
        proxy = self.proxy(job.endpoint)
        worker = job.worker("far", endpoint=proxy.endpoint)
        self.after_requests(job, 1, coordinator)
        for name in others:
            job.worker(name)
        self.after_requests(job, 24, coordinator)
        return job, coordinator, worker, proxy

    def ends_well(self, job, coordinator, *workers, extra=0):
        job.check(self.reference, extra=extra, code=job.finish(coordinator))
        for worker in workers:
            self.assertIsNone(worker.poll(), "a worker did not live through it")

    def test_B03_a_partition_longer_than_the_lease_costs_what_was_in_flight(self):
        job, coordinator, worker, proxy = self.behind_proxy("near", latency_ms=1000 * LATENCY_S)
        proxy.cut()
        # The lease has lapsed once the other worker asks again what the one beyond the cut had asked.
        fd_faults.until(lambda: job.extra_requests() > 0, coordinator)
        proxy.heal()
        self.ends_well(job, coordinator, worker, extra=ASKED_IN_VAIN)

    def test_B03_a_partition_longer_than_the_lease_with_nobody_else_costs_nothing(self):
        job, coordinator, worker, proxy = self.behind_proxy()
        for _ in range(2):
            made = len(job.simulator.requests())
            proxy.cut()
            fd_faults.let_pass(2 * TTL_S)
            proxy.heal()
            self.after_requests(job, made + SLOTS, coordinator)
        self.ends_well(job, coordinator, worker)

    def test_B03_a_partition_shorter_than_the_lease_costs_nothing(self):
        job, coordinator, worker, proxy = self.behind_proxy("near")
        for _ in range(3):
            proxy.cut()
            fd_faults.let_pass(TTL_S / 3)
            proxy.heal()
            fd_faults.let_pass(TTL_S / 10)
        self.ends_well(job, coordinator, worker)

    def one_way(self, direction):
        job, coordinator, worker, proxy = self.behind_proxy()
        proxy.cut(direction)
        fd_faults.let_pass(1.5 * TTL_S)
        made = len(job.simulator.requests())
        self.assertLess(made, self.rows)
        fd_faults.let_pass(TTL_S)
        self.assertEqual(len(job.simulator.requests()), made, "a worker nobody hears goes on asking")
        self.assertIsNone(coordinator.poll())
        proxy.heal()
        self.ends_well(job, coordinator, worker)

    def test_B04_a_worker_that_is_not_heard_starts_no_call_after_its_lease(self):
        self.one_way(fd_proxy.UP)

    def test_B04_a_worker_that_does_not_hear_starts_no_call_after_its_lease(self):
        self.one_way(fd_proxy.DOWN)

    def one_way_with_another(self, direction):
        job, coordinator, worker, proxy = self.behind_proxy("near", latency_ms=1000 * LATENCY_S)
        proxy.cut(direction)
        fd_faults.until(lambda: job.extra_requests() > 0 or coordinator.poll() is not None)
        proxy.heal()
        self.ends_well(job, coordinator, worker, extra=ASKED_IN_VAIN)

    def test_B04_the_others_take_over_from_a_worker_that_is_not_heard(self):
        self.one_way_with_another(fd_proxy.UP)

    def test_B04_the_others_take_over_from_a_worker_that_does_not_hear(self):
        self.one_way_with_another(fd_proxy.DOWN)

    def test_B06_a_half_open_connection_is_given_up_and_made_anew(self):
        job, coordinator, worker, proxy = self.behind_proxy()
        before = proxy.accepted
        proxy.orphan()
        fd_faults.until(lambda: proxy.accepted > before, coordinator)
        self.ends_well(job, coordinator, worker)

    def test_B07_a_storm_of_resets_repeats_no_call(self):
        job, coordinator, worker, proxy = self.behind_proxy()
        resets = 0
        while coordinator.poll() is None and resets < 20:
            proxy.reset()
            resets += 1
            fd_faults.let_pass(0.2)
        self.assertGreater(resets, 3)
        self.ends_well(job, coordinator, worker)

    def test_B11_B12_a_coordinator_that_moves_to_another_port_repeats_no_call(self):
        job, coordinator, worker, proxy = self.behind_proxy()
        coordinator.kill()
        coordinator.wait(fd.DEADLINE_S)
        job.arguments[job.arguments.index("--listen") + 1] = "tcp://127.0.0.1:*"
        old = job.endpoint
        coordinator = job.listen()
        self.assertNotEqual(job.endpoint, old)
        proxy.aim(job.endpoint)
        self.ends_well(job, coordinator, worker)

    def test_B12_a_worker_that_moves_takes_its_answers_along(self):
        job, coordinator, worker, proxy = self.behind_proxy()
        worker.kill()
        worker.wait(fd.DEADLINE_S)
        # The same folder at another place of the network: another address, another way.
        worker = job.worker("far", endpoint=self.proxy(job.endpoint).endpoint)
        self.ends_well(job, coordinator, worker, extra=2 * SLOTS)
        job.check_doubts()

    def test_B13_a_worker_that_is_there_first_waits_for_its_coordinator(self):
        job = self.job()
        proxy = self.proxy(None)
        worker = job.worker("early", endpoint=proxy.endpoint)
        fd_faults.until(lambda: proxy.accepted >= 3, worker)
        log = job.out.with_suffix(".early.log").read_text
        fd_faults.until(lambda: "coordinator_silent" in log(), worker)
        self.assertRegex(log(), "why=.somebody listens at 127.0.0.1 port [0-9]+, and does not answer")
        coordinator = job.listen()
        proxy.aim(job.endpoint)
        self.ends_well(job, coordinator, worker)
        self.assertIn("coordinator_heard", log())

    def test_B15_an_order_to_a_worker_that_is_gone_is_lost_and_its_shards_go_on(self):
        job = self.job(simulator=("--latency-ms", 20))
        failpoints = fd_faults.Failpoints(f"{job.out}-fired", "k05.lease_before_send=pause@1")
        coordinator = job.listen(failpoints)
        proxy = self.proxy(job.endpoint)
        gone = job.worker("gone", endpoint=proxy.endpoint)
        # Its lease is in the ledger and the order is about to leave.
        fd_faults.until(lambda: fd_faults.state_of(coordinator.pid) == "T", gone)
        gone.kill()
        gone.wait(fd.DEADLINE_S)
        proxy.reset()
        fd_faults.kill(coordinator.pid, fd_faults.signal.SIGCONT)
        self.ends_well(job, coordinator, job.worker("next"))


if __name__ == "__main__":
    unittest.main()
