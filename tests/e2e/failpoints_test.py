"""Failpoints: the list, the places in the source, and that only the test programs know them."""

import re
import signal
import subprocess
import unittest

import fd_faults
import fd_processes as fd


def used_names():
    """Returns the name of every failpoint that the source places."""
    names = []
    for folder in ("actors", "coordinator", "worker"):
        for path in sorted((fd_faults.SOURCE / folder).rglob("*.[ch]pp")):
            if path.name != "failpoint.hpp":
                names += re.findall(r'FD_FAILPOINT(?:_ERROR|_SAMPLE)?\(\s*"([^"]+)"', path.read_text())
    return names


class FailpointsTest(unittest.TestCase):
    def setUp(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name
        fd.make_set(self.folder, rows=8, duplicates=0, broken_gold=0)

    def test_every_listed_name_has_a_place_and_every_place_is_listed(self):
        listed = fd_faults.failpoint_names()
        self.assertGreater(len(listed), 25)
        self.assertEqual(len(set(listed)), len(listed))
        self.assertEqual(sorted(set(used_names())), sorted(listed))

    def test_the_installed_programs_ignore_them(self):
        everything = fd_faults.Failpoints(
            f"{self.folder}/fired", ";".join(f"{name}=kill" for name in fd_faults.failpoint_names()))
        job = fd_faults.Job(self, self.folder, "ignored", rows=8)
        done = subprocess.run([fd.BIN / "fd-coordinator", *map(str, job.arguments)], env=everything.environment(),
                              capture_output=True, text=True, timeout=fd.DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(everything.folder.iterdir()), [])

    def test_a_kill_happens_at_its_hit_and_as_often_as_was_asked(self):
        plan = fd_faults.Failpoints(f"{self.folder}/fired", "k17.merge_shard_done=kill@1x2")
        job = fd_faults.Job(self, self.folder, "killed", rows=8)
        self.assertEqual([job.run(plan) for _ in range(3)], [fd_faults.KILLED, fd_faults.KILLED, 0], job.output)
        self.assertEqual(plan.fired("k17.merge_shard_done"), 2)

    def test_a_broken_invariant_is_exit_70_and_the_run_goes_on_A17(self):
        plan = fd_faults.Failpoints(f"{self.folder}/fired", "k08.ledger_before_commit=exit70@2")
        job = fd_faults.Job(self, self.folder, "broken", rows=8)
        self.assertEqual(job.run(plan), 70)
        self.assertIn("internal error: k08.ledger_before_commit", job.output)
        self.assertEqual(job.run(plan), 0, job.output)

    def test_a_pause_stops_the_process_until_it_is_continued(self):
        plan = fd_faults.Failpoints(f"{self.folder}/fired", "k16.merge_before_start=pause")
        job = fd_faults.Job(self, self.folder, "paused", rows=8)
        process = job.start(plan)
        while fd_faults.state_of(process.pid) != "T":
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGCONT)
        output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 0, output)

    def test_a_plan_that_names_nothing_is_refused(self):
        for plan in ("k99.nowhere=kill", "k08.ledger_before_commit", "k08.ledger_before_commit=kill@0"):
            job = fd_faults.Job(self, self.folder, "refused", rows=8)
            self.assertEqual(job.run(fd_faults.Failpoints(f"{self.folder}/fired", plan)), 2, job.output)
            self.assertIn("FD_FAILPOINTS: '", job.output)


if __name__ == "__main__":
    unittest.main()
