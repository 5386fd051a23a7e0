"""Golds that do not run: what becomes of their rows, and that nothing is bought for them."""

import unittest

import fd_processes as fd
from fd_job import Job


class GoldTest(Job):
    def bad_gold(self, how):
        return ["--set", f"gates.exec.bad_gold={how}"]

    def test_nothing_is_asked_about_a_row_whose_gold_does_not_run(self):
        simulator = self.simulator()
        run_dir = self.run_job(simulator, "out", "--run-id", "job", "--workers", "1")
        bad = {outcome["sample_id"]: outcome for outcome in fd.outcomes(run_dir) if outcome["reason"] == "gold_error"}
        self.assertEqual(len(bad), fd.BROKEN_GOLD)
        self.assertTrue(all(outcome["candidates"] == [] and outcome["verdict"] == "rejected"
                            for outcome in bad.values()))
        self.assertEqual(len(simulator.requests()), fd.CALLS)
        self.assertEqual(fd.report(run_dir, "teacher_eval")["exec_pass_rate_denominator"], fd.CALLS)
        self.assertIn(": sound\n", self.command(0, "verify", run_dir))
        self.assertIn("the gold itself does not run", self.command(0, "explain", run_dir, min(bad)))
        for manifest in sorted(run_dir.glob("shards/*/manifest.json")):
            self.assertIn("same digest", self.command(0, "replay", manifest))

    def test_with_ask_every_row_is_asked_about_and_no_other_outcome_changes(self):
        rejected = self.run_job(self.simulator(), "rejected")
        asking = self.simulator()
        asked = self.run_job(asking, "asked", *self.bad_gold("ask"))
        self.assertEqual(len(asking.requests()), fd.ROWS)
        before = {outcome["sample_id"]: outcome for outcome in fd.outcomes(rejected)}
        for outcome in fd.outcomes(asked):
            if outcome["reason"] == "gold_error":
                self.assertEqual(len(outcome["candidates"]), 1)
                outcome = outcome | {"candidates": [], "deciding": None}
                before[outcome["sample_id"]] |= {"deciding": None}
            self.assertEqual(outcome, before[outcome["sample_id"]])

    def test_with_refuse_the_rows_are_listed_before_anything_is_made(self):
        simulator = self.simulator()
        output = self.command(3, "run", self.config, "--out", self.folder / "out", *fd.teacher(simulator.url),
                              *self.bad_gold("refuse"))
        self.assertIn("3 rows have a gold that does not run (gates.exec.bad_gold is refuse):", output)
        for line in range(1, fd.BROKEN_GOLD + 1):
            self.assertIn(f"samples.jsonl:{line}: gold_sql: parse_error: no such table: nowhere", output)
        self.assertFalse(simulator.log.exists() and simulator.requests())
        samples = self.folder / "samples.jsonl"
        samples.write_text("".join(samples.read_text().splitlines(keepends=True)[fd.BROKEN_GOLD:]))
        self.run_job(simulator, "good", *self.bad_gold("refuse"))
        self.assertEqual(len(simulator.requests()), fd.CALLS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
