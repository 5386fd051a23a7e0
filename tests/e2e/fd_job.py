"""A small job in a folder of its own: what the tests of resume, replay and reuse begin with."""

import json
import pathlib
import subprocess
import unittest

import fd_processes as fd

REFUSED = "cost more than 33?"  # in three rows of the set


class Job(unittest.TestCase):
    """A small job in a folder of its own."""

    def setUp(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.config = fd.make_set(self.folder)

    def simulator(self, *arguments):
        simulator = fd.Simulator(self.folder, *fd.dataset_arguments(self.folder), *arguments)
        self.addCleanup(simulator.stop)
        return simulator

    def command(self, expect, *arguments, program="fd-coordinator"):
        """Runs fd-coordinator to its end. Returns what it printed, on both outputs."""
        done = fd.run(program, *arguments)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def run_job(self, simulator, name, *arguments, expect=0):
        """Runs the job. Returns its run folder."""
        self.command(expect, "run", self.config, "--out", self.folder / name, *fd.teacher(simulator.url), *arguments)
        return (self.folder / name / "latest").resolve()

    def start_slow_run(self, simulator, name):
        """Starts a run; returns process and run folder once calls are under way."""
        process = fd.start("fd-coordinator", "run", self.config, "--out", self.folder / name,
                           *fd.teacher(simulator.url), stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        while not simulator.log.exists() or len(simulator.requests()) < 60:
            self.assertIsNone(process.poll())
        return process, next((self.folder / name).glob("text2sql-*"))

    def failed_run(self, name="out"):
        """Runs the job with a teacher that refuses three rows for good. Returns the run folder."""
        run_dir = self.run_job(self.simulator("--reject-contains", REFUSED), name, expect=4)
        self.assertEqual(len([one for one in fd.outcomes(run_dir) if one["verdict"] == "failed"]), 3)
        return run_dir

    def shards_in_state(self, run_dir, state):
        return [path.parent for path in sorted(run_dir.glob("shards/*/manifest.json"))
                if json.loads(path.read_text())["state"] == state]

    def gateway_file(self, url, concurrency=32):
        path = self.folder / "gateway.yaml"
        path.write_text("gateway:\n"
                        f"  providers: [{{name: other, base_url: '{url}', max_concurrency: {concurrency}}}]\n"
                        "  retry: {base_ms: 10, max_ms: 50}\n"
                        "  outage_timeout_s: 1\n  startup_timeout_s: 1\n", encoding="utf-8")
        return path
