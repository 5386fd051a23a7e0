"""The same job gives the same bytes wherever and however it runs, and another job never goes on with its folder."""

import pathlib
import subprocess
import unittest

import fd_faults
import fd_processes as fd

ROWS = 60


class DeterminismTest(unittest.TestCase):
    def setUp(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        fd.make_set(self.folder, rows=ROWS, duplicates=4)

    def job(self, name, **options):
        return fd_faults.Job(self, self.folder, name, rows=ROWS, **options)

    def complete(self, job):
        self.assertEqual(job.run(), 0, job.output)
        return fd.stable_files(job.run_dir)

    def test_L01_workers_and_shard_sizes_change_no_byte(self):
        exports = {}
        for size, workers_of_runs in ((1, (1, 8)), (7, (1, 2, 3, 8)), (1000, (1, 2))):
            files = {}
            for workers in workers_of_runs:
                job = self.job(f"size-{size}-workers-{workers}", workers=workers, settings=(f"sharding.target_size={size}",))
                files[workers] = self.complete(job)
            first = next(iter(files.values()))
            for workers, others in files.items():
                self.assertEqual(others, first, f"size {size}, {workers} workers")
            exports[size] = {name: digest for name, digest in first.items()
                             if name.startswith(("export/train", "export/valid", "export/rejected"))}
        self.assertEqual(len(exports[7]), 3)
        self.assertEqual(exports[1], exports[7])
        self.assertEqual(exports[1000], exports[7])

    def test_L02_the_order_of_arrival_changes_no_byte(self):
        reference = self.complete(self.job("calm"))
        for seed in (1, 2, 3):
            # A lognormal time with a long tail: late calls end before early ones.
            job = self.job(f"shuffled-{seed}", workers=2, simulator=("--latency-ms", 3 * seed, "--sigma", 1.5))
            self.assertEqual(self.complete(job), reference)

    def test_L03_nothing_of_the_environment_reaches_a_byte(self):
        reference = self.complete(self.job("calm"))
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        for number, (variables, options) in enumerate((
                ({"TZ": "Pacific/Kiritimati", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"}, {}),
                ({"LC_ALL": "C", "USER": "somebody", "HOSTNAME": "else", "HOME": str(elsewhere)}, {"umask": 0}),
                ({"TZ": "UTC"}, {"cwd": elsewhere, "umask": 0o777}))):
            job = self.job(f"environment-{number}")
            done = subprocess.run([fd.BIN / "fd-coordinator", *map(str, job.arguments)], env=fd.environment() | variables,
                                  capture_output=True, text=True, timeout=fd.DEADLINE_S, **options)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(fd.stable_files(job.run_dir), reference)
            for path in job.run_dir.rglob("*"):
                self.assertEqual(path.lstat().st_mode & 0o077, 0 if not path.is_symlink() else 0o077, path)

    def stopped(self, name, **options):
        """Returns a job that was killed before its merge."""
        job = self.job(name, **options)
        failpoints = fd_faults.Failpoints(f"{job.out}-fired", "k16.merge_before_start=kill")
        self.assertEqual(job.run(failpoints), fd_faults.KILLED, job.output)
        return job

    def refused(self, job, *names):
        before = fd.stable_files(job.run_dir)
        self.assertEqual(job.run(), 11, job.output)
        for name in (*names, "--run-id"):
            self.assertIn(name, job.output)
        self.assertEqual(fd.stable_files(job.run_dir), before)

    def test_D15_another_config_is_refused(self):
        job = self.stopped("other")
        job.arguments += ["--set", "teacher.system_prompt=Answer in SQL."]
        self.refused(job, "the config")

    def test_D15_another_input_is_refused(self):
        job = self.stopped("other")
        rows = (self.folder / "samples.jsonl").read_text().replace("cost more than 17?", "cost more than 18?", 1)
        (self.folder / "samples.jsonl").write_text(rows)
        self.refused(job, "samples.jsonl")

    def test_D15_another_database_is_refused(self):
        job = self.stopped("other")
        subprocess.run(["sqlite3", self.folder / "shop.sqlite", "DELETE FROM item WHERE id = 3"], check=True)
        self.refused(job, "shop.sqlite")

    def test_D16_what_decides_no_byte_may_change(self):
        reference = self.complete(self.job("calm"))
        job = self.stopped("other")
        job.arguments[job.arguments.index("--workers") + 1] = 3
        job.arguments += ["--log-level", "debug", "--set", "lease.ttl_ms=2000", "--set",
                          "gateway.providers.0.max_concurrency=3"]
        job.check(reference, code=job.run())

    def test_D17_a_second_coordinator_changes_no_byte(self):
        job = self.job("shared")
        failpoints = fd_faults.Failpoints(f"{job.out}-fired", "k16.merge_before_start=pause")
        first = job.start(failpoints)
        self.addCleanup(fd_faults.end, first)
        fd_faults.until(lambda: fd_faults.state_of(first.pid) == "T", first)
        before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in job.run_dir.rglob("*")}
        self.assertEqual(job.run(), 6)
        self.assertIn("in use by another coordinator", job.output)
        after = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in job.run_dir.rglob("*")}
        self.assertEqual(after, before)


if __name__ == "__main__":
    unittest.main()
