"""A run that an earlier program finished (tests/data/run_v1), under every command of this one. When a test here fails, a
format has changed under runs that people have: mend the reader, and leave the run as it is. Only a program of another
output version may refuse to go on with it."""

import json
import pathlib
import re
import shutil
import unittest

import fd_processes as fd
import fd_small_set

TESTS = pathlib.Path(__file__).resolve().parents[1]
OLD_RUN = TESTS / "data" / "run_v1"
NOWHERE = fd.teacher("http://127.0.0.1:1/v1")
SAMPLES = len(fd_small_set.ROWS)
CALLS = 2 * SAMPLES
ASKED = CALLS - 2  # nothing is asked about a row whose gold does not run


class OldRunTest(unittest.TestCase):
    def setUp(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.config = fd_small_set.write(self.folder)
        self.assertTrue(OLD_RUN.is_dir(), f"{OLD_RUN} is missing: tests/data/make_run_v1.py made it, once")
        self.run_dir = self.copy(OLD_RUN, "old")
        facts = json.loads((self.run_dir / "run.json").read_text())
        self.same_rules = facts["output_version"] == fd.OUTPUT_VERSION
        # The rows' database as it was then: another SQLite may write the same rows in other bytes.
        database = next((self.run_dir / "databases").iterdir())
        shutil.copyfile(database, self.folder / "shop.sqlite")

    def copy(self, source, name):
        """Copies a folder as a run has it: for nobody else, whatever the checkout's umask was."""
        target = self.folder / name
        shutil.copytree(source, target)
        for path in [target, *target.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
        return target

    def command(self, expect, *arguments):
        done = fd.run("fd-coordinator", *arguments)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def go_on(self, *arguments):
        """Runs a command that goes on with the run, and returns what it said; None where it may not."""
        if self.same_rules:
            return self.command(0, *arguments)
        self.assertIn("was made by output version 1, and this program has ", self.command(11, *arguments))
        return None

    def assert_outcomes_as_then(self, run_dir):
        if self.same_rules:
            self.assertEqual(fd.outcomes(run_dir), fd.outcomes(self.run_dir))

    def run_like(self, expect, out, *arguments):
        """Runs the same set into a new folder. Returns what was said."""
        return self.command(expect, "run", self.config, "--out", self.folder / out, "--run-id", fd_small_set.RUN_ID,
                            "--workers", "1", *arguments)

    def calls(self, run_dir):
        return json.loads((run_dir / "reports" / "cost_report.json").read_text())["total"]["calls"]

    def test_it_is_sound(self):
        output = self.command(0, "verify", self.run_dir)
        self.assertIn(": sound\n", output)
        self.assertRegex(output, r", [1-9][0-9]* rows of the ledger\n")
        self.assertIn("the merge was repeated" if self.same_rules else "the merge was not repeated", output)

    def test_every_sample_is_explained(self):
        outcomes = fd.outcomes(self.run_dir)
        self.assertEqual(len(outcomes), SAMPLES)
        for outcome in outcomes:
            said = outcome["verdict"] if outcome["verdict"] == "kept" else f"{outcome['verdict']}: {outcome['reason']}"
            self.assertRegex(self.command(0, "explain", self.run_dir, outcome["sample_id"]), rf"verdict +{said}\n")
        self.assertLess({"ok", "gold_error", "gold_mismatch", "parse_error"}, {one["reason"] for one in outcomes})

    def test_its_rows_are_shown(self):
        output = self.command(0, "show", self.run_dir, "--limit", "100")
        self.assertIn(f"{SAMPLES} of {SAMPLES} rows; this run has: ", output)
        for _, _, answer in fd_small_set.ROWS:
            self.assertIn(answer.strip().splitlines()[-1] if answer.strip() else "empty_output", output)

    def test_its_status_is_told(self):
        status = json.loads(self.command(0, "status", self.run_dir, "--json"))
        self.assertEqual((status["run_id"], status["state"], status["exit_code"]), (fd_small_set.RUN_ID, "ended", 0))
        self.assertEqual((status["samples"]["total"], status["samples"]["done"]), (SAMPLES, SAMPLES))
        self.assertEqual((status["calls"], status["go_on"]), (CALLS, None))

    def test_it_is_complete_for_resume(self):
        before = fd.stable_files(self.run_dir)
        output = self.go_on("resume", self.run_dir)
        if output is not None:
            self.assertIn(f"{fd_small_set.RUN_ID} is complete (exit code 0)", output)
        self.assertEqual(fd.stable_files(self.run_dir), before)

    def test_its_shards_come_out_the_same(self):
        for path in sorted(self.run_dir.glob("shards/*/manifest.json")):
            digest = json.loads(path.read_text())["content_sha256"]
            for place in ([path], [self.run_dir, "--shard", int(path.parent.name)]):
                output = self.go_on("replay", *place)
                if output is not None:
                    self.assertIn(f"same digest {digest}\n", output)

    def test_a_shard_is_written_again_from_its_ledger(self):
        before = fd.stable_files(self.run_dir)
        (self.run_dir / "shards" / "0000" / "outcomes.jsonl").unlink()
        output = self.go_on("replay", self.run_dir, "--shard", "0", "--fresh")
        if output is not None:
            self.assertIn("written again from the run's ledger", output)
            self.assertEqual(fd.stable_files(self.run_dir), before)

    def test_its_answers_serve_a_new_run_without_a_call(self):
        output = self.run_like(0, "new", *NOWHERE, "--set", f"reuse=['{self.run_dir}']")
        self.assertIn(f"{CALLS} answers of earlier runs", output)
        new = self.folder / "new" / fd_small_set.RUN_ID
        self.assertEqual(self.calls(new), 0)
        self.assert_outcomes_as_then(new)

    def test_the_journal_that_a_worker_left_behind_is_read(self):
        new = self.folder / "new" / fd_small_set.RUN_ID
        self.run_like(10, "new", *NOWHERE)
        shutil.rmtree(new / "workers" / "0")
        self.copy(self.run_dir / "workers" / "0", new / "workers" / "0")
        with fd.Simulator(self.folder, "--answers", self.folder / "answers.jsonl") as simulator:
            output = self.command(0, "resume", new, *fd.teacher(simulator.url), "--set", "gateway.providers.0.n=one")
            asked = len(simulator.requests())
        found = int(re.search(r"recovered from the journals of local workers: ([0-9]+) ", output)[1])
        self.assertGreater(found, 0)
        self.assertEqual(asked, ASKED - found)
        self.assert_outcomes_as_then(new)


if __name__ == "__main__":
    unittest.main(verbosity=2)
