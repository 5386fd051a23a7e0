"""A run at a worker is one whole: what ends it early has an end itself, and every call is on the bill."""

import signal
import unittest

import fd_faults
import fd_processes as fd

ROWS = 48
MIB = 1 << 20


class SessionTest(fd_faults.FaultTest):
    rows = ROWS

    def resume(self, job, *arguments):
        """Makes the job's command the one that goes on."""
        job.arguments = ["resume", job.run_dir, "--workers", "0", "--listen", job.endpoint, *arguments]

    def test_another_config_under_a_worker_with_calls_in_flight_ends_its_session_and_not_the_run(self):
        for number in (signal.SIGKILL, signal.SIGINT):
            with self.subTest(number):
                job = self.job(f"set-{number}", simulator=("--latency-ms", 700))
                coordinator = job.listen()
                worker = job.worker("w")
                self.after_requests(job, 12, coordinator)
                coordinator.send_signal(number)
                coordinator.wait(fd.DEADLINE_S)
                self.resume(job, "--set", "gateway.request_timeout_s=90")
                coordinator = job.listen()
                # The calls that were in flight when the session ended are asked again, and are in doubt.
                job.check(self.reference, extra=32, code=job.finish(coordinator))
                job.check_doubts()
                self.assertIsNone(worker.poll())

    def test_a_database_that_fits_into_no_worker_fails_its_samples_before_any_call(self):
        folder = self.folder / "bulky"
        folder.mkdir()
        self.make_set(folder)
        fd.make_bulky(folder, 1, 1, 2 * MIB)
        job = fd_faults.Job(self, folder, "no-room", rows=8)
        coordinator = job.listen()
        narrow = job.worker("w", arguments=("--cache-mb", 1))
        self.assertEqual(job.finish(coordinator), 4, job.output)
        self.assertIn("--cache-mb", job.output)
        self.assertIn("bytes and does not fit into the cache", job.output)
        self.assertEqual(job.simulator.requests(), [])
        self.assertEqual({outcome["reason"] for outcome in fd.outcomes(job.run_dir)}, {"internal"})
        fd_faults.end(narrow)
        # A worker with room brings them.
        self.resume(job)
        coordinator = job.listen()
        job.worker("roomy")
        self.assertEqual(job.finish(coordinator), 0, job.output)
        self.assertEqual(len(job.simulator.requests()), 8 - fd.BROKEN_GOLD)

    def test_a_teacher_that_hangs_holds_no_drain_beyond_its_time(self):
        job = self.job("hanging", simulator=("--latency-ms", 60_000))
        job.arguments += ["--drain-s", 1]
        process = job.start()
        self.after_requests(job, 8, process)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, output)
        self.assertRegex(output, r"stopped with \d+ calls in flight \(possibly billed\)")
        asked = len(job.simulator.requests())
        job.simulator.stop()
        quick = fd.Simulator(job.folder, *fd.dataset_arguments(job.folder))
        self.addCleanup(quick.stop)
        done = fd.run("fd-coordinator", "resume", job.run_dir, "--set",
                      f"gateway.providers.0.base_url={quick.url}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len(fd.outcomes(job.run_dir)), ROWS)
        self.assertEqual(len(quick.requests()), ROWS - fd.BROKEN_GOLD)
        doubt = job.report("cost_report.json")["in_doubt"]["calls"]
        self.assertEqual(doubt, asked)

    def test_the_share_of_full_slots_is_one_of_the_time_that_workers_were_there(self):
        folder = self.folder / "full"
        folder.mkdir()
        fd.make_set(folder, rows=300, duplicates=0)
        job = fd_faults.Job(self, folder, "full", rows=300, simulator=("--latency-ms", 200),
                            settings=("gateway.providers.0.max_concurrency=16", "sharding.target_size=10"))
        coordinator = job.listen()
        for name in "abcd":
            job.worker(name)
        self.assertEqual(job.finish(coordinator), 0, job.output)
        share = job.report("timing_report.json")["teacher_full_share"]
        self.assertGreater(share, 0)
        self.assertLessEqual(share, 1)


if __name__ == "__main__":
    unittest.main()
