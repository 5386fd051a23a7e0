"""What a provider allows holds over all workers, and whoever holds the samples has the calls (seen at the teacher)."""

import json
import unittest

import fd_faults
import fd_processes as fd


def most_in_flight(simulator):
    """Returns the most requests that the teacher had at one time."""
    events = []
    for request in simulator.requests():
        events.append((request["t_us"], 1))
        if request["reply_us"]:
            events.append((request["reply_us"], -1))
    most = now = 0
    for _, change in sorted(events):
        now += change
        most = max(most, now)
    return most


class SharesTest(fd_faults.FaultTest):
    rows = 200
    settings = ("gateway.providers.0.max_concurrency=32", "sharding.target_size=256")

    def test_one_shard_has_all_calls_with_any_number_of_workers(self):
        for workers in (1, 2, 4):
            with self.subTest(workers=workers):
                job = self.job(f"one-shard-{workers}", workers=workers, simulator=("--latency-ms", 300))
                code = job.run()
                self.assertEqual(most_in_flight(job.simulator), 32)
                job.check(self.reference, code=code)

    def test_workers_that_join_wait_for_what_the_others_give_back(self):
        job = self.job(simulator=("--latency-ms", 1000), settings=("gateway.providers.0.max_concurrency=16",
                                                                   "sharding.target_size=10"))
        coordinator = job.listen()
        job.worker("first")
        self.after_requests(job, 16, coordinator)
        for name in ("second", "third", "fourth"):
            job.worker(name)
        code = job.finish(coordinator)
        self.assertEqual(code, 0, job.output)
        self.assertEqual(most_in_flight(job.simulator), 16)

    def test_each_provider_has_its_own_limit_over_all_workers(self):
        job = self.job(workers=4, simulator=("--latency-ms", 200), settings=("sharding.target_size=10",))
        other = fd.Simulator(self.folder, *fd.dataset_arguments(self.folder), "--latency-ms", 200)
        self.addCleanup(other.stop)
        providers = [{"name": "a", "base_url": job.simulator.url, "max_concurrency": 4},
                     {"name": "b", "base_url": other.url, "max_concurrency": 28}]
        place = job.arguments.index(f"gateway.providers.0.base_url={job.simulator.url}")
        job.arguments[place] = "gateway.providers=" + json.dumps(providers)
        self.assertEqual(job.run(), 0, job.output)
        self.assertEqual(most_in_flight(job.simulator), 4)
        self.assertEqual(most_in_flight(other), 28)


if __name__ == "__main__":
    unittest.main(verbosity=2)
