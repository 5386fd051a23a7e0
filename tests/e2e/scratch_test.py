"""Folders that live no longer than their process lie in the run, and what a killed process left goes at the next start."""

import os
import pathlib
import signal
import subprocess
import unittest
import unittest.mock

import fd_faults
import fd_processes as fd

ROWS = 48


class ScratchTest(fd_faults.FaultTest):
    rows = ROWS

    def setUp(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        self.elsewhere = pathlib.Path(holder.name)
        patch = unittest.mock.patch.dict(os.environ, TMPDIR=holder.name)
        patch.start()
        self.addCleanup(patch.stop)

    @staticmethod
    def databases(job):
        """Returns the folders with databases of local workers."""
        return sorted(job.run_dir.glob("workers/*/databases-*"))

    def slow(self):
        """Returns a run of two workers, at least one of which has fetched the database, and its process."""
        job = self.job(workers=2, simulator=("--latency-ms", 500))
        process = job.start()
        self.addCleanup(fd_faults.end, process)
        fd_faults.until(lambda: len(self.databases(job)) == 2 and any(map(os.listdir, self.databases(job))), process)
        return job, process

    def test_local_workers_keep_databases_in_the_run_and_leave_none(self):
        job, process = self.slow()
        # It is no longer heard of, and in the end has to be killed.
        fd_faults.kill(fd_faults.processes_of(process.pid)[0], signal.SIGSTOP)
        job.output, _ = process.communicate(timeout=fd.DEADLINE_S)
        job.check(self.reference, extra=32, code=process.returncode, cut_off=True)
        self.assertEqual(self.databases(job), [])
        self.assertEqual(list(self.elsewhere.iterdir()), [])

    def test_what_workers_left_that_were_killed_with_their_coordinator_goes_at_the_next_start(self):
        job, process = self.slow()
        process.kill()
        process.wait(fd.DEADLINE_S)
        left = self.databases(job)
        self.assertEqual(len(left), 2)
        points = fd_faults.Failpoints(self.folder / "resumed", "k21.order_received=hang")
        resumed = subprocess.Popen([fd_faults.FAILPOINT_BIN / "fd-coordinator", "resume", job.run_dir, "--workers", "1"],
                                   env=points.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(fd_faults.end, resumed)
        fd_faults.until(lambda: points.fired("k21.order_received"), resumed)
        self.assertEqual([path for path in left if path.exists()], [])
        resumed.kill()
        resumed.wait(fd.DEADLINE_S)

    def test_a_verify_that_is_stopped_in_its_merge_leaves_nothing(self):
        job = self.job()
        self.assertEqual(job.run(), 0, job.output)
        before = fd.stable_files(job.run_dir)
        points = fd_faults.Failpoints(self.folder / "points", "k17.merge_shard_done=hang")
        verify = subprocess.Popen([fd_faults.FAILPOINT_BIN / "fd-coordinator", "verify", job.run_dir],
                                  env=points.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(fd_faults.end, verify)
        fd_faults.until(lambda: points.fired("k17.merge_shard_done"), verify)
        self.assertEqual(list(job.run_dir.glob(".*")), [], "while it is at work")
        verify.send_signal(signal.SIGTERM)
        self.assertEqual(verify.wait(fd.DEADLINE_S), 143)
        self.assertEqual(list(self.elsewhere.iterdir()), [])
        self.assertEqual(list(job.run_dir.glob(".*")), [])
        self.assertEqual(fd.stable_files(job.run_dir), before)


if __name__ == "__main__":
    unittest.main()
