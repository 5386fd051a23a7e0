"""Reads of a worker's copy of a database that fail: no sample gets another verdict.

FD_READ_PLACES=all tries every read of a run, instead of a few; any number tries so many.
"""

import contextlib
import pathlib
import signal
import sqlite3
import time
import unittest

import fd_faults
import fd_io_faults
import fd_processes as fd

ROWS = 24


class ManyReads:
    """A set whose statements read many pages."""

    rows = ROWS

    @classmethod
    def make_set(cls, folder, **options):
        """Makes rows that have each a page of their own, so that there are many reads."""
        super().make_set(folder, **options)
        with contextlib.closing(sqlite3.connect(folder / "shop.sqlite", isolation_level=None)) as database:
            database.executescript("ALTER TABLE item ADD COLUMN pad; UPDATE item SET pad = hex(zeroblob(200));"
                                   "PRAGMA page_size = 512; VACUUM")


@unittest.skipUnless(fd_io_faults.SHIM.exists(), "the program that makes reads fail is not built here")
class ReadFaultsTest(ManyReads, fd_faults.FaultTest):
    def faults(self, job, **options):
        """Of reads of a worker's copy of a database, whose name is a SHA-256."""
        return fd_io_faults.IoFaults(job.out.with_suffix(".reads"), "fd-worker", "/[0-9a-f]{64}$", "p", **options)

    def places(self):
        """Returns which reads are to fail: some of a run without faults, the first and last among them, or all."""
        job = self.job(f"{self.id()}-counted")
        faults = self.faults(job)
        self.assertEqual(job.run(faults), 0, job.output)
        reads = len(faults.operations())
        self.assertGreater(reads, 20)
        return fd_io_faults.places(reads)

    def test_one_read_that_fails_anywhere_changes_no_verdict(self):
        fired = 0
        for place in self.places():
            with self.subTest(place=place):
                job = self.job(f"once-{place}")
                faults = self.faults(job, first=place, count=1)
                code = job.run(faults)
                fired += faults.fired()  # there are fewer reads where one thread ran all
                job.check(self.reference, extra=0, code=code)
        self.assertGreater(fired, 0)

    def test_reads_that_go_on_failing_fail_samples_at_worst_and_resume_pays_nothing(self):
        failed = 0
        for place in self.places():
            with self.subTest(place=place):
                job = self.job(f"for-ever-{place}")
                code = job.run(self.faults(job, first=place, count=fd_io_faults.FOR_EVER))
                self.assertIn(code, (0, 4), job.output)
                if code == 4:
                    failed += 1
                    self.assertRegex(job.output, r"database [0-9a-f]{64}: .*disk I/O error")
                    self.assertEqual(set(fd.report(job.run_dir, "teacher_eval")["failure_reason_counts"]),
                                     {"internal"})
                    job.check(self.reference, extra=0, code=job.run())
                else:
                    job.check(self.reference, extra=0, code=code)
        self.assertGreater(failed, 0)


class DamagedCopyTest(ManyReads, fd_faults.FaultTest):
    """A worker whose copy of a database is damaged while it works."""

    settings = ("gateway.providers.0.max_concurrency=1", "gates.exec.bad_gold=ask")  # no gold is run before a call

    def test_a_copy_that_is_damaged_is_fetched_again_and_decides_nothing(self):
        job = self.job(simulator=("--latency-ms", 500))
        coordinator = job.listen()
        job.worker("w")
        self.after_requests(job, 1, coordinator)  # the copy is there, and nobody has opened it
        copies = [path for path in job.folder.glob(f"{job.name}-w/**/databases/*") if len(path.name) == 64]
        self.assertTrue(copies)
        for copy in copies:
            whole = copy.read_bytes()
            copy.write_bytes(whole[:100] + bytes(byte ^ 0x5A for byte in whole[100:]))
        code = job.finish(coordinator)
        self.assertRegex(job.output, r"database [0-9a-f]{64}: .*malformed")
        job.check(self.reference, extra=0, code=code)
        self.assertEqual([copy.read_bytes() == whole for copy in copies], [True])


SLOW = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"


class SlowStatementTest(unittest.TestCase):
    """A statement that would run for hours, because the config lets it."""

    def test_it_is_named_with_its_sample_and_does_not_hold_up_the_end(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        folder = pathlib.Path(holder.name)
        sqlite3.connect(folder / "empty.sqlite").executescript("CREATE TABLE t(a)")
        (folder / "rows.jsonl").write_text(
            f'{{"instruction": "q", "db_path": "empty.sqlite", "gold_sql": "{SLOW}"}}\n')
        simulator = fd.Simulator(folder)
        self.addCleanup(simulator.stop)
        (folder / "job.yaml").write_text(
            "task: t\ninput: [rows.jsonl]\ncontract: {fields: [instruction]}\n"
            "teacher: {model: m, prompt: '{{instruction}}'}\n"
            f"gateway: {{providers: [{{name: a, base_url: '{simulator.url}'}}]}}\n"
            "gates: {exec: {max_steps: 1000000000000}}\n")
        process = fd.start("fd-coordinator", "run", folder / "job.yaml", "--out", folder, "--run-id", "job", "--workers", 1)
        self.addCleanup(fd_faults.end, process)

        def named():
            return [log for log in folder.glob("job/workers/*/worker.log") if "slow_statement" in log.read_text()]

        fd_faults.until(named, process)
        line = next(line for line in named()[0].read_text().splitlines() if "slow_statement" in line)
        self.assertRegex(line, r"sample=[0-9a-f]{64} database=[0-9a-f]{64} seconds=1\d sql=")
        stopped = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 130, errors)
        self.assertLess(time.monotonic() - stopped, 20)  # a drain may take 25 s
        outcomes = folder / "job" / "shards" / "0000" / "outcomes.jsonl"
        self.assertFalse(outcomes.exists(), "it was decided")


if __name__ == "__main__":
    unittest.main()
