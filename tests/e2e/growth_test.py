"""Formats that grow: runs of other kinds, of other output versions and with other config keys, which another
program made. The programs in grown-bin have one key more: gates.select.later (tests/grown)."""

import json
import re
import shutil
import subprocess
import unittest

import fd_processes as fd
from fd_job import Job
from fd_seal import change_run_json


class GrowthTest(Job):
    def setUp(self):
        super().setUp()
        self.run_dir = self.run_job(self.simulator(), "out", "--run-id", "job")

    def again(self, *arguments):
        """The same command again, which finds the run there."""
        return ["run", self.config, "--out", self.folder / "out", "--run-id", "job", *arguments]

    def test_a_run_of_another_output_version_is_looked_at_and_reused_and_not_gone_on_with(self):
        sample = fd.outcomes(self.run_dir)[0]["sample_id"]
        change_run_json(self.run_dir, f'"output_version": {fd.OUTPUT_VERSION},', '"output_version": 0,')
        before = fd.stable_files(self.run_dir)
        output = self.command(0, "verify", self.run_dir)
        self.assertIn(": sound\n", output)
        self.assertIn("the merge was not repeated: the run was made by output version 0, and this program has "
                      f"{fd.OUTPUT_VERSION}", output)
        self.command(0, "show", self.run_dir)
        self.command(0, "explain", self.run_dir, sample)
        self.assertIn('"state":"ended"', self.command(0, "status", self.run_dir, "--json"))
        for command in (["resume", self.run_dir], ["replay", self.run_dir, "--shard", "0"],
                        ["replay", self.run_dir, "--shard", "0", "--fresh"], self.again()):
            output = self.command(11, *command)
            self.assertIn(f"{self.run_dir}: was made by output version 0, and this program has {fd.OUTPUT_VERSION}: ",
                          output)
        self.assertEqual(fd.stable_files(self.run_dir), before)
        output = self.command(0, "run", self.config, "--out", self.folder / "new",
                              "--set", f"reuse=['{self.run_dir}']")
        self.assertIn(f"{fd.CALLS} answers of earlier runs", output)

    def test_a_run_from_before_output_versions_is_refused(self):
        change_run_json(self.run_dir, f'\n  "output_version": {fd.OUTPUT_VERSION},', "")
        for command in (["verify", self.run_dir], ["resume", self.run_dir], ["status", self.run_dir],
                        ["explain", self.run_dir, "0" * 64], ["replay", self.run_dir, "--shard", "0"], self.again()):
            self.assertIn("has no output_version: it was made by a program from before version 1",
                          self.command(11, *command))

    def test_a_run_of_an_unknown_kind_is_refused_by_name(self):
        change_run_json(self.run_dir, '"kind": "distil"', '"kind": "eval"')
        for command in (["verify", self.run_dir], ["resume", self.run_dir], ["status", self.run_dir],
                        ["explain", self.run_dir, "0" * 64], ["replay", self.run_dir, "--shard", "0"], self.again(),
                        ["run", self.config, "--out", self.folder / "new", "--set", f"reuse=['{self.run_dir}']"]):
            self.assertIn("is a run of the kind 'eval', which this program does not have", self.command(11, *command))


GROWN = fd.BIN.parent / "grown-bin"
KEY = "gates.select.later"


class ConfigTest(Job):
    def grown(self, expect, *arguments):
        """Runs the fd-coordinator that has the key."""
        return self.command(expect, *arguments, program=GROWN / "fd-coordinator")

    def grown_run(self, simulator, name, *arguments):
        self.grown(0, "run", self.config, "--out", self.folder / name, *fd.teacher(simulator.url), *arguments)
        return (self.folder / name / "latest").resolve()

    def facts(self, run_dir):
        return json.loads((run_dir / "run.json").read_text())

    def test_a_new_key_at_its_default_changes_no_name_and_no_byte(self):
        run_dir = self.run_job(self.simulator(), "old")
        grown = self.grown_run(self.simulator(), "new")
        self.assertEqual(grown.name, run_dir.name)
        self.assertEqual(fd.stable_files(grown), fd.stable_files(run_dir))
        self.assertEqual(self.facts(grown)["config_digest"], self.facts(run_dir)["config_digest"])
        self.assertEqual(self.facts(grown)["config"]["gates"]["select"]["later"], 0)
        self.assertIn(f"{run_dir.name} is complete",
                      self.grown(0, "run", self.config, "--out", self.folder / "old",
                                 *fd.teacher("http://127.0.0.1:1/v1")))

    def test_a_new_key_that_is_set_makes_another_run(self):
        run_dir = self.run_job(self.simulator(), "out")
        other = self.grown_run(self.simulator(), "out", "--set", f"{KEY}=3")
        self.assertNotEqual(other.name, run_dir.name)
        self.assertIn("the merge was repeated", self.grown(0, "verify", other))
        self.assertIn("same digest", self.grown(0, "replay", other, "--shard", "0"))

    def test_an_earlier_run_is_gone_on_with(self):
        run_dir = self.failed_run()
        for command in (["verify", run_dir], ["show", run_dir], ["status", run_dir]):
            self.grown(0, *command)
        self.assertIn("come out the same", self.grown(4, "replay", self.shards_in_state(run_dir, "failed")[0]))
        self.assertIn(f"{KEY}: 0 then, 3 now", self.grown(11, "resume", run_dir, "--set", f"{KEY}=3"))
        self.grown(0, "resume", run_dir, *fd.teacher(self.simulator().url))
        self.assertIn("the merge was repeated", self.grown(0, "verify", run_dir))
        self.assertEqual(fd.stable_files(run_dir), fd.stable_files(self.run_job(self.simulator(), "whole")))

    def test_a_program_that_does_not_know_a_key_names_it(self):
        simulator = self.simulator()
        run_dir = self.grown_run(simulator, "out")
        for command in (["verify", run_dir], ["resume", run_dir], ["status", run_dir],
                        ["explain", run_dir, fd.outcomes(run_dir)[0]["sample_id"]],
                        ["run", self.config, "--out", self.folder / "out"]):
            self.assertIn(f"run.json: config: {KEY}: unknown key", self.command(11, *command))
        # A shard names it where the key decides output.
        run_dir = self.grown_run(simulator, "out", "--set", f"{KEY}=3")
        alone = self.folder / "alone"
        shutil.copytree(run_dir / "shards" / "0000", alone)
        self.assertIn(f"config.json: config: {KEY}: unknown key", self.command(11, "replay", alone))

    def test_a_worker_that_does_not_know_a_key_names_it(self):
        coordinator = fd.start(GROWN / "fd-coordinator", "run", self.config, "--out", self.folder / "out", "--workers",
                               "0", "--listen", "tcp://127.0.0.1:*", *fd.teacher(self.simulator().url),
                               stdout=subprocess.DEVNULL)
        self.addCleanup(coordinator.stderr.close)
        self.addCleanup(coordinator.wait, fd.DEADLINE_S)
        self.addCleanup(coordinator.kill)
        heard = None
        while heard is None:
            line = coordinator.stderr.readline()
            self.assertTrue(line, "it ended")
            heard = re.search(r"listening on (tcp://\S+)", line)
        worker = fd.run("fd-worker", "--connect", heard[1], "--name", "w", "--state", self.folder / "state")
        self.assertEqual(worker.returncode, 11, worker.stderr)
        self.assertRegex(worker.stderr,
                         f"this program cannot read the run's config [0-9a-f]{{64}}: config: {KEY}: unknown key")


if __name__ == "__main__":
    unittest.main(verbosity=2)
