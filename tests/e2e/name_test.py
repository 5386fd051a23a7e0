"""A coordinator that workers know by its name: while the name means nothing, and when it comes to mean another host."""

import fd_faults
import fd_netns
import fd_processes as fd

NAME = "coordinator.test"
PLAINTEXT = ("--set", "transport.allow_plaintext_non_loopback=true")


class NameTest(fd_netns.HostsTest):
    hosts = ("head", "spare", "far")
    rows = 40
    settings = ("gateway.providers.0.max_concurrency=4", "sharding.target_size=10", "lease.ttl_ms=2000",
                "lease.heartbeat_ms=100")

    def worker(self, job):
        """Starts a worker on a host that does not know the name. Returns it and what reads its log."""
        self.network.names("far", {})
        log = job.out.with_suffix(".far.log")
        worker = self.start("far", log, "fd-worker", "--connect", f"tcp://{NAME}:5555", "--name", "far", "--state",
                            self.folder / f"{job.name}-far", "--allow-plaintext")
        return worker, log.read_text

    def test_B16_a_worker_says_that_the_name_means_nothing_and_waits_until_it_does(self):
        job = self.job()
        worker, log = self.worker(job)
        coordinator, _ = self.coordinator(job, "head", self.teacher(job, "far", "127.0.0.1"), *PLAINTEXT)
        fd_faults.until(lambda: f"the host '{NAME}' has no address" in log(), worker)
        self.assertIn(f"coordinator_silent connect=tcp://{NAME}:5555", log())
        self.network.names("far", {NAME: self.network.address("head")})
        job.check(self.reference, code=job.finish(coordinator))
        self.assertIn("coordinator_heard", log())
        self.assertIsNone(worker.poll())

    def test_B16_a_name_that_comes_to_mean_another_host_is_followed(self):
        job = self.job()
        worker, _ = self.worker(job)
        self.network.names("far", {NAME: self.network.address("head")})
        url = self.teacher(job, "far", "127.0.0.1", "--latency-ms", 200)
        coordinator, _ = self.coordinator(job, "head", url, *PLAINTEXT)
        self.after_requests(job, self.rows // 4, coordinator)
        coordinator.kill()
        coordinator.wait(fd.DEADLINE_S)
        self.network.names("far", {NAME: self.network.address("spare")})
        coordinator, _ = self.coordinator(job, "spare", url, *PLAINTEXT)
        job.check(self.reference, code=job.finish(coordinator))
        self.assertIsNone(worker.poll())


if __name__ == "__main__":
    fd_netns.main()
