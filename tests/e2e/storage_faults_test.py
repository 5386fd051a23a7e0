"""Disks that fill up, fail, or lose a file; and run folders that are not what they were."""

import os
import pathlib
import resource
import shutil
import signal
import subprocess
import unittest

import fd_faults
import fd_processes as fd

ROWS = 48
SHORT_LEASES = ("lease.ttl_ms=1000", "lease.heartbeat_ms=100", "gateway.providers.0.max_concurrency=16")


def on_a_slow_disk(test, job, command):
    """Runs fd-coordinator where each sync of the ledger takes longer than a lease. Returns how many there were."""
    if shutil.which("strace") is None:
        test.skipTest("needs strace, to make the system call slow")
    delay_us = 1_100_000
    trace = job.out.with_suffix(".strace")
    done = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-o", trace, "-e", "trace=fdatasync", "-P",
         job.run_dir / "ledger.sqlite-wal", "-e", f"inject=fdatasync:delay_enter={delay_us}",
         fd.BIN / "fd-coordinator", *map(str, command)],
        env=fd.environment(), capture_output=True, text=True, timeout=fd.DEADLINE_S)
    if "ptrace" in done.stderr and done.returncode == 1:
        test.skipTest(f"strace is not allowed here: {done.stderr}")
    job.output = done.stderr
    test.assertEqual(done.returncode, 0, job.output)
    test.assertNotIn(fd_faults.DEATH, done.stderr)
    test.assertNotIn("gets its shards back", done.stderr)
    logs = [path.read_text() for path in job.run_dir.glob("workers/*/worker.log")]
    test.assertTrue(logs)
    test.assertEqual([log for log in logs if "given_up" in log], [])
    return trace.read_text().count("fdatasync(")


class StorageTest(fd_faults.FaultTest):
    rows = ROWS
    settings = fd_faults.ONE_CALL

    def job(self, name=None, **options):
        return super().job(name, **({"simulator": fd_faults.SLOWER_THAN_A_SYNC} | options))

    def paused(self, job, name, at=1):
        """Starts the command and returns it once it has stopped at a failpoint."""
        process = job.start(fd_faults.Failpoints(f"{job.out}-fired", f"{name}=pause@{at}"))
        self.addCleanup(fd_faults.end, process)
        fd_faults.until(lambda: fd_faults.state_of(process.pid) == "T", process)
        return process

    def go_on(self, job, process):
        """Lets a stopped command go on to its end. Returns the exit code."""
        process.send_signal(signal.SIGCONT)
        job.output, _ = process.communicate(timeout=fd.DEADLINE_S)
        return process.returncode

    def small_disk(self, folder, limit="size=6m"):
        """Mounts a small file system there; skips the test where that is not allowed."""
        if os.geteuid() != 0:
            self.skipTest("needs root, to mount a small file system")
        folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", limit, "tmpfs", folder], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"cannot mount a small file system: {mounted.stderr}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)

    def fill(self, folder):
        """Leaves no free byte in the file system of a folder."""
        with open(folder / "ballast", "wb", buffering=0) as ballast:
            try:
                while ballast.write(bytes(4096)):
                    pass
            except OSError:
                pass

    def full_disk(self, failpoint, at):
        """Fills the disk under a run that has come to the failpoint; returns the run, the disk freed again."""
        job = self.job()
        self.small_disk(job.out)
        process = self.paused(job, failpoint, at)
        self.fill(job.out)
        self.assertEqual(self.go_on(job, process), 7, job.output)
        self.assertIn(str(job.run_dir), job.output)
        self.assertIn("to go on: ", job.output)
        (job.out / "ballast").unlink()
        return job

    def test_C01_a_full_disk_at_a_commit_is_exit_7_and_the_run_goes_on_later(self):
        job = self.full_disk("k08.ledger_before_commit", 3)
        job.check(self.reference, extra=fd_faults.IN_FLIGHT, code=job.run())

    def test_C03_a_full_disk_at_a_shard_leaves_no_half_file(self):
        job = self.full_disk("k12.file_before_sync", 3)  # the first is run.json's
        job.check(self.reference, extra=fd_faults.IN_FLIGHT, code=job.run())

    def test_C03_a_full_disk_at_the_merge_leaves_no_half_file(self):
        job = self.job()
        self.small_disk(job.out)
        process = self.paused(job, "k16.merge_before_start")
        self.fill(job.out)
        self.assertEqual(self.go_on(job, process), 7, job.output)
        self.assertEqual([path.name for path in (job.run_dir / "export").glob("*.jsonl")], [])
        (job.out / "ballast").unlink()
        job.check(self.reference, extra=0, code=job.run())

    def test_C17_a_run_in_memory_is_warned_of(self):
        job = self.job()
        self.small_disk(job.out)
        job.check(self.reference, code=job.run())
        self.assertIn("run_folder_in_memory", job.output)

    def test_A17_a_broken_invariant_is_exit_70_and_the_run_goes_on_later(self):
        for name in ("k08.ledger_before_commit", "k15.shard_before_written"):
            with self.subTest(name=name):
                job = self.job(name.replace(".", "-"))
                plan = fd_faults.Failpoints(f"{job.out}-fired", f"{name}=exit70@2")
                self.assertEqual(job.run(plan), 70, job.output)
                self.assertIn(name, job.output)
                job.check(self.reference, extra=fd_faults.IN_FLIGHT, code=job.run())

    def test_C16_a_run_folder_that_is_deleted_ends_the_run_and_comes_back_nowhere(self):
        job = self.job(simulator=("--latency-ms", 100))
        process = job.start()
        self.addCleanup(fd_faults.end, process)
        self.after_requests(job, 8, process)
        shutil.rmtree(job.run_dir)
        job.output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 7, job.output)
        self.assertIn(f"run folder: {job.run_dir} (is gone", job.output)
        self.assertNotIn("to go on", job.output)
        self.assertFalse(job.run_dir.exists())

    def limited(self, job, what, limit):
        """Runs the command under a limit of its resources. Returns the exit code."""
        process = job.start(preexec_fn=lambda: resource.setrlimit(what, (limit, limit)))
        job.output, _ = process.communicate(timeout=fd.DEADLINE_S)
        return process.returncode

    def test_C18_a_file_that_must_not_grow_is_exit_7_and_the_run_goes_on_later(self):
        job = self.job()
        self.assertEqual(self.limited(job, resource.RLIMIT_FSIZE, 64 << 10), 7, job.output)
        self.assertIn(str(job.run_dir), job.output)
        job.check(self.reference, extra=fd_faults.IN_FLIGHT, code=job.run())

    def test_C18_too_few_open_files_are_refused_before_anything_is_spent(self):
        job = self.job()
        self.assertEqual(self.limited(job, resource.RLIMIT_NOFILE, 32), 2, job.output)
        self.assertIn("at most 32 open files are allowed here, and 256 are needed", job.output)
        self.assertFalse(job.run_dir.exists())
        job.check(self.reference, code=self.limited(job, resource.RLIMIT_NOFILE, 256))

    def test_C18_no_inode_left_is_exit_7_and_the_run_goes_on_later(self):
        job = self.job()
        self.small_disk(job.out, "nr_inodes=70")
        self.assertEqual(job.run(), 7, job.output)
        self.assertIn("No space left on device", job.output)
        subprocess.run(["mount", "-o", "remount,nr_inodes=1000", job.out], check=True)
        job.check(self.reference, extra=fd_faults.IN_FLIGHT, code=job.run())

    def test_C04_a_failed_commit_ends_the_run_and_nothing_of_it_is_acknowledged(self):
        job = self.job()
        plan = fd_faults.Failpoints(f"{job.out}-fired", "ledger.commit_error=error:EIO@3")
        self.assertEqual(job.run(plan), 7, job.output)
        self.assertIn("Input/output error", job.output)
        self.assertEqual(plan.fired("ledger.commit_error"), 1)
        job.check(self.reference, extra=fd_faults.IN_FLIGHT, code=job.run())

    def test_C04_a_failed_sync_of_any_file_ends_the_run(self):
        for hit in (1, 3, 12):
            with self.subTest(hit=hit):
                job = self.job(f"sync-{hit}")
                plan = fd_faults.Failpoints(f"{job.out}-fired", f"file.sync_error=error:EIO@{hit}")
                self.assertEqual(job.run(plan), 7, job.output)
                self.assertIn("Input/output error", job.output)
                job.check(self.reference, extra=fd_faults.IN_FLIGHT, code=job.run())

    def test_C04_a_failed_fdatasync_below_SQLite_ends_the_run(self):
        if shutil.which("strace") is None:
            self.skipTest("needs strace, to make the system call fail")
        for number in (2, 4, 6):
            with self.subTest(number=number):
                job = self.job(f"strace-{number}")
                done = subprocess.run(
                    ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fdatasync", "-P",
                     job.run_dir / "ledger.sqlite-wal", "-e", f"inject=fdatasync:error=EIO:when={number}",
                     fd.BIN / "fd-coordinator", *map(str, job.arguments)],
                    env=fd.environment(), capture_output=True, text=True, timeout=fd.DEADLINE_S)
                if "ptrace" in done.stderr and done.returncode == 1:
                    self.skipTest(f"strace is not allowed here: {done.stderr}")
                self.assertEqual(done.returncode, 7, done.stderr)
                job.check(self.reference, extra=fd_faults.IN_FLIGHT, code=job.run())

    def test_C07_a_disk_slower_than_the_lease_costs_no_lease_and_no_call(self):
        job = self.job()
        for setting in SHORT_LEASES:
            job.arguments += ["--set", setting]
        syncs = on_a_slow_disk(self, job, job.arguments)
        job.check(self.reference, extra=0)
        self.assertGreater(syncs, 2)
        self.assertLess(syncs, ROWS)  # what comes during a sync shares the next one

    def test_C19_a_database_of_the_run_that_is_gone_or_damaged_ends_the_run(self):
        for name, harm in (("gone", pathlib.Path.unlink), ("damaged", lambda path: path.write_bytes(b"not it"))):
            with self.subTest(name=name):
                job = self.job(f"database-{name}")
                coordinator = job.listen()
                database = next((job.run_dir / "databases").iterdir())
                whole = database.read_bytes()
                database.chmod(0o600)
                harm(database)
                worker = job.worker("first")
                self.assertEqual(job.finish(coordinator), 5, job.output)
                self.assertIn(f"fd-coordinator: {database}: ", job.output)
                self.assertEqual(job.simulator.requests() if job.simulator.log.exists() else [], [])
                self.assertIsNone(worker.poll())
                database.write_bytes(whole)
                job.check(self.reference, code=job.finish(job.listen()))

    def test_C05_an_answer_whose_sync_failed_is_in_doubt(self):
        job = self.job()
        plan = fd_faults.Failpoints(f"{job.out}-fired", "journal.sync_error=error:EIO@4")
        self.assertEqual(job.run(plan), 0, job.output)
        self.assertEqual(plan.fired("journal.sync_error"), 1)
        self.assertIn("ended with exit code 7", job.output)
        job.check(self.reference, extra=fd_faults.IN_FLIGHT)

    def test_C15_a_read_only_folder_is_exit_7_before_any_call(self):
        job = self.job()
        self.small_disk(job.out)
        subprocess.run(["mount", "-o", "remount,ro", job.out], check=True)
        self.assertEqual(job.run(), 7, job.output)
        self.assertIn("Read-only file system", job.output)
        self.assertEqual(job.simulator.requests(), [])

    def test_L05_a_merge_that_is_killed_at_any_shard_gives_the_same_bytes(self):
        job = self.job()
        shards = len(list((self.folder / f"calm-{ROWS}" / "job" / "shards").iterdir()))
        plan = fd_faults.Failpoints(
            f"{job.out}-fired", ";".join(f"k17.merge_shard_done=kill@{shard}x{shard}" for shard in range(1, shards + 1)))
        while (code := job.run(plan)) == fd_faults.KILLED:
            pass
        self.assertEqual(plan.fired("k17.merge_shard_done"), shards)
        job.check(self.reference, code=code)

    def test_L06_a_shard_file_that_is_missing_at_the_merge_is_named(self):
        job = self.job()
        process = self.paused(job, "k16.merge_before_start")
        shard = sorted((job.run_dir / "shards").iterdir())[1]
        (shard / "outcomes.jsonl").rename(self.folder / "taken")
        self.assertEqual(self.go_on(job, process), 5, job.output)
        self.assertIn(f"{shard / 'outcomes.jsonl'}: No such file or directory", job.output)
        again = f"fd-coordinator replay {shard / 'manifest.json'} --fresh"
        self.assertIn(f"to write shard 1 again from the run's ledger: {again}", job.output)
        self.assertEqual([path.name for path in (job.run_dir / "export").glob("*.jsonl")], [])
        done = subprocess.run([fd.BIN / again.split()[0], *again.split()[1:]], env=fd.environment(), text=True,
                              capture_output=True, timeout=fd.DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((shard / "outcomes.jsonl").read_bytes(), (self.folder / "taken").read_bytes())
        job.check(self.reference, code=job.run())


class SecondStartTest(fd_faults.FaultTest):
    """More samples than a worker is given at once, so that shards are read while it holds leases."""

    rows = 240
    settings = (*SHORT_LEASES, "sharding.target_size=4")

    def test_C07_a_second_start_on_a_disk_slower_than_the_lease_costs_no_lease_and_no_call(self):
        job = self.job(simulator=("--latency-ms", 20))
        process = job.start()
        self.after_requests(job, 16, process)
        process.send_signal(signal.SIGINT)
        job.output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 130, job.output)
        on_a_slow_disk(self, job, ["resume", job.run_dir, "--quiet", "--workers", 1])
        job.check(self.reference, extra=0)


if __name__ == "__main__":
    unittest.main()
