"""Bulk over a link as hosts see it: 64 kbit/s with a short queue, where packets are dropped. Takes minutes."""

import pathlib

import fd_faults
import fd_netns
import fd_processes as fd


class NarrowLinkTest(fd_netns.HostsTest):
    """An answer of a megabyte, which the outcome repeats."""

    hosts = ("head", "far")
    rows = 1
    settings = (fd_faults.LONG_ANSWERS, "gateway.providers.0.max_concurrency=8", "lease.ttl_ms=10000",
                "lease.heartbeat_ms=1000")
    rate = "64kbit"
    answer_bytes = 1_000_000

    @classmethod
    def make_set(cls, folder, **options):
        super().make_set(folder, broken_gold=0, **options)
        samples = pathlib.Path(folder) / "samples.jsonl"
        rows = samples.read_text()
        fd.make_bulky(folder, row_bytes=0, answer_bytes=cls.answer_bytes, database_bytes=20_000)
        samples.rename(samples.with_name("teacher.jsonl"))
        samples.write_text(rows)

    def test_B10_results_of_a_megabyte_over_64_kbit_are_no_death(self):
        job = self.job()
        url = self.teacher(job, "far", "127.0.0.1")
        coordinator, endpoint = self.coordinator(job, "head", url, "--set", "transport.allow_plaintext_non_loopback=true")
        self.network.slow("far", self.rate)
        worker = self.start("far", job.out.with_suffix(".far.log"), "fd-worker", "--connect", endpoint, "--name", "far",
                            "--allow-plaintext")
        self.assertEqual(coordinator.wait(900), 0, job.log())
        self.assertIsNone(worker.poll())
        job.output = job.log()
        job.check(self.reference, code=0)
        self.assertNotIn(fd_faults.DEATH, job.output)
        answers = sum(path.stat().st_size for path in job.run_dir.glob("shards/*/answers.jsonl"))
        self.assertGreater(answers, self.rows * self.answer_bytes)


if __name__ == "__main__":
    fd_netns.main()
