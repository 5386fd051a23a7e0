"""What is of an earlier format is refused by name, before a call, and stays as it is."""

import shutil
import sqlite3
import unittest

import fd_faults
import fd_processes as fd

ROWS = 40
MISMATCH = 11


class FormatsTest(fd_faults.FaultTest):
    rows = ROWS
    settings = ("sharding.target_size=10",)

    def stopped(self):
        """Returns a job that was killed in the middle, with what its coordinator and its local worker had."""
        job = self.job(simulator=("--latency-ms", 50))
        process = job.start()
        self.after_requests(job, 10, process)
        workers = fd_faults.processes_of(process.pid)
        process.kill()
        process.wait(fd.DEADLINE_S)
        # A worker lives a moment longer than its coordinator, and what it sent is still on its way then.
        fd_faults.until(lambda: not any(fd_faults.state_of(pid) for pid in workers))
        fd_faults.let_pass(0.2)
        return job

    def refused(self, job, *said):
        requests = len(job.simulator.requests())
        done = fd.run("fd-coordinator", "resume", job.run_dir)
        self.assertEqual(done.returncode, MISMATCH, done.stderr)
        for part in said:
            self.assertIn(part, done.stderr)
        self.assertEqual(len(job.simulator.requests()), requests)

    def test_a_ledger_of_an_earlier_schema(self):
        job = self.stopped()
        connection = sqlite3.connect(job.run_dir / "ledger.sqlite")
        connection.execute("PRAGMA user_version=2")
        connection.close()
        before = (job.run_dir / "ledger.sqlite").read_bytes()
        self.refused(job, "is a ledger of schema 2, this program reads 3", "the version that began the run")
        self.assertEqual((job.run_dir / "ledger.sqlite").read_bytes(), before)

    def test_a_journal_of_the_first_format(self):
        job = self.stopped()
        segment = next(job.run_dir.glob("workers/0/*.fdj"))
        segment.write_bytes(first_format_header())
        self.refused(job, segment.name, "journal format 1, this program reads 2", "the version that wrote it")
        self.assertEqual(segment.read_bytes(), first_format_header())

    def test_a_worker_with_a_journal_of_the_first_format(self):
        job = self.job(simulator=("--latency-ms", 50))
        coordinator = job.listen()
        worker = job.worker("first")
        self.after_requests(job, 5, coordinator)
        worker.kill()
        worker.wait(fd.DEADLINE_S)
        state = job.folder / f"{job.name}-first"
        segment = next(state.rglob("*.fdj"))
        kept = segment.with_suffix(".kept")
        shutil.copy(segment, kept)
        segment.write_bytes(first_format_header())
        worker = job.worker("first")
        self.assertEqual(worker.wait(fd.DEADLINE_S), MISMATCH)
        self.assertIn("journal format 1, this program reads 2", job.out.with_suffix(".first.log").read_text())
        kept.replace(segment)
        job.worker("first")
        job.check(self.reference, extra=ROWS, code=job.finish(coordinator))


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def first_format_header():
    """The header of a segment as version 1 wrote it."""
    header = b"FDJ1" + b"\x00\x01" + b"\x03\x01" + (5).to_bytes(8, "big") + bytes(4)
    header += b"job".ljust(64, b"\0") + b"w".ljust(64, b"\0")
    return header + crc32c(header).to_bytes(4, "big")


if __name__ == "__main__":
    unittest.main()
