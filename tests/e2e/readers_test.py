"""show, explain and status while a coordinator writes shards again: a reader sees a shard before or behind that."""

import subprocess
import unittest

import fd_faults
import fd_processes as fd
from fd_job import Job

COMMIT, MOVED, READ = "k08.ledger_before_commit", "shard.file_moved", "shard.manifest_read"
REASON = "provider_rejected"


class ReadersTest(Job):
    def setUp(self):
        super().setUp()
        self.run_dir = self.failed_run()
        self.failed = [one["sample_id"] for one in fd.outcomes(self.run_dir) if one["verdict"] == "failed"]
        self.good = fd.teacher(self.simulator().url)

    def start(self, failpoint, *arguments):
        """Starts fd-coordinator, which holds at the failpoint until it is let go. Returns both."""
        points = fd_faults.Failpoints(self.folder / f"{failpoint}-fired", f"{failpoint}=hold")
        points.hold(failpoint)
        process = subprocess.Popen([fd_faults.FAILPOINT_BIN / "fd-coordinator", *map(str, arguments)], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=points.environment())
        self.addCleanup(fd_faults.end, process)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        fd_faults.until(lambda: points.holds(failpoint), process)
        return process, points

    def let_go(self, process, points):
        """Returns what the command says in the end."""
        for path in points.folder.glob("*.hold"):
            path.unlink()
        output, errors = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 0, output + errors)
        return output

    def test_a_shard_whose_files_are_being_moved_is_read_as_one(self):
        resumed, points = self.start(MOVED, "resume", self.run_dir, *self.good)
        # Behind the hold nothing is moved on: at least one shard has new answers and an old manifest.
        half = [path.parent.parent for path in self.run_dir.glob("shards/*/.replay/committed")]
        self.assertTrue([one for one in half if not (one / ".replay/shard/answers.jsonl").exists()])
        self.command(0, "show", self.run_dir, "--limit", 1000)
        self.command(0, "status", self.run_dir)
        for sample in self.failed:
            self.command(0, "explain", self.run_dir, sample)
        self.let_go(resumed, points)

    def written_again_while_read(self, *arguments):
        """Returns what a reader says when a live run goes on to its end behind the reader's first look."""
        resumed, ledger = self.start(COMMIT, "resume", self.run_dir, *self.good)
        reader, points = self.start(READ, *arguments)
        self.let_go(resumed, ledger)
        return self.let_go(reader, points)

    def test_show_reads_a_shard_again_that_was_written_again_meanwhile(self):
        said = self.written_again_while_read("show", self.run_dir, "--reason", REASON)
        self.assertIn(f"0 of 3 rows with reason {REASON}", said)

    def test_explain_reads_a_shard_again_that_was_written_again_meanwhile(self):
        self.assertIn("committed", self.written_again_while_read("explain", self.run_dir, self.failed[0]))


if __name__ == "__main__":
    unittest.main()
