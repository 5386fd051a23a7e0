"""`fd-coordinator check`: what it finds of a job before anything is started, and what it costs."""

import json
import os
import unittest

import fd_processes as fd
from fd_job import Job


class CheckTest(Job):
    def check(self, expect, url, *arguments):
        """Returns {part: (status, text)}."""
        done = fd.run("fd-coordinator", "check", self.config, "--json", *fd.teacher(url), *arguments)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return {row["part"]: (row["status"], row["text"]) for row in rows}

    def test_a_sound_job_costs_no_call_unless_it_is_free(self):
        simulator = self.simulator("--models", "simulator")
        found = self.check(0, simulator.url)
        self.assertEqual(found["config"][0], "ok")
        self.assertEqual(found["input"], ("ok", "252 rows: 240 samples, 12 duplicates"))
        self.assertEqual(found["databases"], ("ok", "1 database"))
        self.assertEqual(found["golds"][0], "warning")
        self.assertIn("3 of 240 do not run", found["golds"][1])
        self.assertIn("no_such", found["golds"][1])
        self.assertEqual(found["prompts"][0], "ok")
        self.assertEqual(found["shards"], ("ok", "15 shards for 2 workers"))
        self.assertEqual(found["endpoint local"][0], "ok")
        self.assertEqual(found["prices"][0], "warning")
        self.assertEqual(simulator.requests(), [])

        free = ["--set", "gateway.providers.0.price_per_mtok.input=0"]
        found = self.check(0, simulator.url, *free)
        self.assertIn("answered a probe of 16 tokens", found["endpoint local"][1])
        self.assertEqual(found["prices"][0], "ok")
        self.assertEqual(len(simulator.requests()), 1)
        priced = ["--set", "gateway.providers.0.price_per_mtok.input=1"]
        self.check(0, simulator.url, *priced)
        self.assertEqual(len(simulator.requests()), 1)
        self.check(0, simulator.url, *priced, "--probe")
        self.assertEqual(len(simulator.requests()), 2)

    def test_a_row_is_sound_when_any_of_its_golds_runs(self):
        simulator = self.simulator()
        path = self.folder / "samples.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(row | {"gold_sql": ["SELECT no_such FROM nowhere", row["gold_sql"]]}) + "\n"
                                for row in rows))
        self.assertIn("3 of 240 do not run", self.check(0, simulator.url)["golds"][1])

    def test_it_leaves_nothing_behind(self):
        before = set(os.listdir(self.folder))
        self.check(10, "http://127.0.0.1:9/v1", "--set", "gateway.request_timeout_s=5")
        self.assertEqual(set(os.listdir(self.folder)), before)

    def test_only_the_first_rows_are_looked_at_when_there_are_many(self):
        found = self.check(0, self.simulator().url, "--limit", 20)
        self.assertTrue(found["input"][1].startswith("the first 20 rows: 20 samples"), found)
        self.assertNotIn("shards", found)

    def test_an_endpoint_that_is_not_there_is_exit_10_with_what_to_do(self):
        status, text = self.check(10, "http://127.0.0.1:9/v1")["endpoint local"]
        self.assertEqual(status, "error")
        self.assertIn("base_url", text)

    def test_one_usable_endpoint_is_enough(self):
        providers = json.dumps([{"name": "dead", "base_url": "http://127.0.0.1:9/v1"},
                                {"name": "live", "base_url": self.simulator().url}])
        done = fd.run("fd-coordinator", "check", self.config, "--set", f"gateway.providers={providers}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"endpoint dead +error ")
        self.assertRegex(done.stdout, r"endpoint live +(ok|warning) ")

    def test_a_model_that_the_endpoint_does_not_list_is_a_warning_and_a_refused_probe_an_error(self):
        simulator = self.simulator("--models", "known")
        other = ["--set", "teacher.model=other"]
        status, text = self.check(0, simulator.url, *other)["endpoint local"]
        self.assertEqual(status, "warning")
        self.assertIn("does not list the model other; it has known", text)
        status, text = self.check(10, simulator.url, *other, "--probe")["endpoint local"]
        self.assertEqual(status, "error")
        self.assertIn("a probe failed: HTTP 404: ", text)
        self.assertIn("hint: teacher.model ", text)

    def test_refused_rows_are_exit_3_and_a_bad_config_exit_2(self):
        simulator = self.simulator()
        found = self.check(2, simulator.url, "--set", "gates.rules.max_char=4")
        self.assertEqual(list(found), ["config"])
        self.assertIn("did you mean 'max_chars'?", found["config"][1])
        path = self.folder / "samples.jsonl"
        path.write_text(path.read_text() + "{\n")
        found = self.check(3, simulator.url)
        self.assertEqual(found["input"][0], "error")
        self.assertIn("samples.jsonl:253", found["input"][1])
        self.assertIn("endpoint local", found)

    def test_rows_that_all_ask_the_same_are_a_warning(self):
        found = self.check(0, self.simulator().url, "--set", 'teacher.prompt="Write a query."')
        self.assertEqual(found["prompts"][0], "warning")

    def test_a_damaged_database_is_exit_3(self):
        database = self.folder / "shop.sqlite"
        database.write_bytes(database.read_bytes()[:5000])
        self.assertIn("shop.sqlite", self.check(3, self.simulator().url)["input"][1])


if __name__ == "__main__":
    unittest.main()
