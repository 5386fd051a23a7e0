"""Engines on the workers' own machines (scope: worker): two hosts, of which one has none. Each lives in a network namespace
of its own, so that 127.0.0.1 is another machine for each."""

import json

import fd_faults
import fd_netns
import fd_processes as fd


class EnginesTest(fd_netns.HostsTest):
    hosts = ("head", "with", "without")
    rows = 120
    settings = ("gateway.providers.0.scope=worker", "gateway.providers.0.max_concurrency=4",
                "sharding.target_size=10", "lease.ttl_ms=3000", "lease.heartbeat_ms=200")

    def worker(self, job, host, endpoint):
        return self.start(host, job.out.with_suffix(f".{host}.log"), "fd-worker", "--connect", endpoint, "--name", host,
                          "--state", self.folder / f"{job.name}-{host}", "--allow-plaintext")

    def test_a_host_without_an_engine_gets_no_work_and_ends_nothing(self):
        job = self.job()
        url = self.teacher(job, "with", "127.0.0.1", "--latency-ms", 50)
        coordinator, endpoint = self.coordinator(job, "head", url,
                                                 "--set", "transport.allow_plaintext_non_loopback=true")
        self.worker(job, "without", endpoint)
        fd_faults.until(lambda: "Failed to connect" in job.log(), coordinator)  # it holds shards
        self.worker(job, "with", endpoint)
        job.check(self.reference, code=job.finish(coordinator))
        asked = [json.loads(line)["endpoint"] for path in job.run_dir.glob("shards/*/calls.jsonl")
                 for line in path.read_text().splitlines()]
        self.assertGreater(len(asked), 0)
        self.assertIn("worker without reaches no endpoint", job.log())

    def test_an_engine_that_comes_later_is_found(self):
        job = self.job()
        coordinator, endpoint = self.coordinator(job, "head", "http://127.0.0.1:8000/v1",
                                                 "--set", "transport.allow_plaintext_non_loopback=true")
        self.worker(job, "with", endpoint)
        fd_faults.until(lambda: "Failed to connect" in job.log(), coordinator)
        self.teacher(job, "with", "127.0.0.1")
        job.check(self.reference, code=job.finish(coordinator))


if __name__ == "__main__":
    fd_netns.main()
