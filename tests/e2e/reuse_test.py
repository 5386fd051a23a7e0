"""Answers of earlier runs, used again: no call that the simulator's request log does not show."""

import json
import unittest

import fd_processes as fd
from fd_job import Job


class ReuseTest(Job):
    def reuse(self, *runs):
        return ["--set", f"reuse={json.dumps([str(run) for run in runs])}"]

    def test_other_gates_over_the_answers_of_an_earlier_run_cost_nothing(self):
        gates = ["--set", "gates.select.require_gold_match=false", "--set", "gates.rules.max_chars=60", "--set",
                 "sharding.target_size=50"]
        earlier = self.run_job(self.simulator(), "earlier")
        reference = fd.stable_files(self.run_job(self.simulator(), "asked", "--run-id", "job", *gates))
        offline = "http://127.0.0.1:1/v1"
        output = self.command(0, "run", self.config, "--out", self.folder / "out", "--run-id", "job",
                              *fd.teacher(offline), *gates, *self.reuse(earlier))
        run_dir = self.folder / "out" / "job"
        self.assertEqual(fd.stable_files(run_dir), reference)
        self.assertIn(f"{fd.CALLS} answers of earlier runs", output)
        cost = json.loads((run_dir / "reports" / "cost_report.json").read_text())
        self.assertEqual(cost["total"], {"answered": 0, "attempts": 0, "calls": 0, "completion_tokens": 0, "cost": 0, "prompt_tokens": 0,
                                         "tokens": {"input": 0, "cached_input": None, "output": 0, "reasoning": None}})

    def test_paths_are_relative_to_the_config(self):
        self.run_job(self.simulator(), "earlier", "--run-id", "first")
        self.config.write_text(self.config.read_text() + "reuse: [earlier/first]\n")
        run_dir = self.run_job(self.simulator(), "out", "--set", "gates.rules.max_chars=60")
        self.assertEqual(list(run_dir.glob("shards/*/calls.jsonl"))[0].read_text(), "")

    def test_another_prompt_is_another_call(self):
        earlier = self.run_job(self.simulator(), "earlier")
        simulator = self.simulator()
        self.run_job(simulator, "out", "--set", "teacher.decode.max_tokens=500", *self.reuse(earlier))
        self.assertEqual(len(simulator.requests()), fd.CALLS)

    def test_the_ledger_of_a_killed_run_serves_while_nobody_works_there(self):
        slow = self.simulator("--latency-ms", 100)
        process, earlier = self.start_slow_run(slow, "killed")
        gates = ["--set", "gates.rules.max_chars=60"]
        arguments = ["run", self.config, "--out", self.folder / "out", *fd.teacher(slow.url), *gates,
                     *self.reuse(earlier)]
        self.assertIn("in use by another coordinator", self.command(6, *arguments))
        process.kill()
        process.wait(fd.DEADLINE_S)
        paid = len(slow.requests())
        files = {path: path.stat().st_size for path in earlier.rglob("*.jsonl")}
        self.command(0, *arguments)
        self.assertLessEqual(len(slow.requests()) - paid, fd.CALLS - 60 + 2 * 32)
        self.assertLess(len(slow.requests()) - paid, fd.CALLS)
        self.assertEqual({path: path.stat().st_size for path in earlier.rglob("*.jsonl")}, files)

    def test_damage_in_the_earlier_run_is_named(self):
        earlier = self.run_job(self.simulator(), "earlier")
        path = earlier / "shards" / "0003" / "answers.jsonl"
        path.write_text(path.read_text().replace("SELECT", "SELEKT", 1))
        message = self.command(5, "run", self.config, "--out", self.folder / "out", *fd.teacher(self.simulator().url),
                               "--set", "gates.rules.max_chars=60", *self.reuse(earlier))
        self.assertIn(str(path), message)

    def test_what_is_no_run_is_refused_before_anything_is_made(self):
        simulator = self.simulator()
        for folder in (self.folder, self.folder / "nowhere"):
            message = self.command(2, "run", self.config, "--out", self.folder / "out", *fd.teacher(simulator.url),
                                   *self.reuse(folder))
            self.assertIn(f"reuse.0: {folder}: is not the folder of a run", message)
        self.assertFalse((self.folder / "out").exists())
        self.assertFalse(simulator.log.exists() and simulator.requests())

    # --- auto -------------------------------------------------------------------------------------

    def test_a_small_run_first_is_not_bought_again(self):
        simulator = self.simulator()
        prices = ["--set", "gateway.providers.0.price_per_mtok.input=3"]
        self.run_job(simulator, "out", "--limit", 20, *prices)
        paid = len(simulator.requests())
        output = self.command(0, "run", self.config, "--out", self.folder / "out", *fd.teacher(simulator.url), *prices)
        self.assertEqual(len(simulator.requests()), 240 - fd.BROKEN_GOLD)
        self.assertIn("reuse: answers that 1 earlier run of this task and model recorded", output)
        self.assertIn(f"{paid} answers of earlier runs, at no cost; their calls had cost 0.0", output)
        whole = (self.folder / "out" / "latest").resolve()
        self.command(0, "verify", whole)
        self.assertEqual(fd.stable_files(whole), fd.stable_files(self.run_job(self.simulator(), "alone", *prices)))

    def test_none_are_looked_for_where_the_config_says_so(self):
        simulator = self.simulator()
        self.run_job(simulator, "out")
        output = self.command(0, "run", self.config, "--out", self.folder / "out", *fd.teacher(simulator.url),
                              "--set", "gates.rules.max_chars=60", "--set", "reuse=[]")
        self.assertEqual(len(simulator.requests()), 2 * (240 - fd.BROKEN_GOLD))
        self.assertNotIn("reuse:", output)

    def test_a_damaged_run_beside_is_passed_over(self):
        simulator = self.simulator()
        path = self.run_job(simulator, "out") / "shards" / "0003" / "answers.jsonl"
        path.write_text(path.read_text().replace("SELECT", "SELEKT", 1))
        output = self.command(0, "run", self.config, "--out", self.folder / "out", *fd.teacher(simulator.url),
                              "--set", "gates.rules.max_chars=60")
        self.assertIn("reuse: passed over", output)
        self.assertIn(str(path), output)
        self.assertGreater(len(simulator.requests()), 240)
        self.assertLess(len(simulator.requests()), 480)

    def test_a_live_run_beside_is_passed_over(self):
        slow = self.simulator("--latency-ms", 100)
        process, live = self.start_slow_run(slow, "out")
        output = self.command(0, "run", self.config, "--out", self.folder / "out", *fd.teacher(self.simulator().url),
                              "--set", "gates.rules.max_chars=60")
        self.assertIn("reuse: passed over", output)
        self.assertIn(live.name, output)
        process.kill()
        process.wait(fd.DEADLINE_S)


if __name__ == "__main__":
    unittest.main()
