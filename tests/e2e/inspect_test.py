"""What only reads a run: verify, explain and status, with real processes."""

import json
import shutil
import unittest

import fd_processes as fd
from fd_job import REFUSED, Job


class InspectTest(Job):
    def status(self, run_dir):
        done = fd.run("fd-coordinator", "status", run_dir, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def verify(self, run_dir, expect=0):
        done = fd.run("fd-coordinator", "verify", run_dir)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def files(self, run_dir):
        return [path for path in sorted(run_dir.rglob("*"))
                if path.is_file() and path.name != "lock" and "workers" not in path.parts]

    def test_a_finished_run_is_sound_wherever_it_is_copied(self):
        run_dir = self.run_job(self.simulator(), "out")
        before = {path: path.stat().st_mtime_ns for path in run_dir.rglob("*")}
        output = self.verify(run_dir)
        self.assertEqual(output.stderr, "")
        self.assertIn(": sound\n", output.stdout)
        self.assertIn(f"checked {len(self.files(run_dir))} files of ", output.stdout)
        self.assertIn(f" {2 * fd.ROWS + 2 * fd.CALLS} rows of 15 shards, ", output.stdout)
        self.assertIn("the merge was repeated", output.stdout)
        self.assertEqual({path: path.stat().st_mtime_ns for path in run_dir.rglob("*")}, before)
        copy = self.folder / "copy"
        shutil.copytree(run_dir, copy)
        self.assertIn(": sound\n", self.verify(copy).stdout)

    def test_a_flipped_byte_in_the_middle_of_any_file_is_named(self):
        run_dir = self.run_job(self.simulator(), "out", "--set", "sharding.target_size=120")
        for path in self.files(run_dir):
            content = path.read_bytes()
            if not content:
                continue
            at = len(content) // 2
            path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
            name = str(path.relative_to(run_dir))
            lines = self.verify(run_dir, expect=5).stderr.splitlines()
            self.assertEqual(len(lines), 1, lines)
            self.assertRegex(lines[0], f"^{name}: byte [0-9]+")
            first = int(lines[0].removeprefix(f"{name}: byte ").split()[0].rstrip(":"))
            self.assertTrue(first <= at < first + 65536, f"byte {at}: {lines[0]}")
            path.write_bytes(content)
        self.verify(run_dir)

    def test_a_run_whose_endpoint_is_gone_tells_of_failed_samples_as_its_status_does(self):
        simulator = fd.Simulator(self.folder, *fd.dataset_arguments(self.folder), "--latency-ms", 20,
                                 "--reject-contains", "cost more than 1")
        process = fd.start("fd-coordinator", "run", self.config, "--out", self.folder / "out", *fd.teacher(simulator.url),
                           "--set", "gateway.outage_timeout_s=1", "--set", "gateway.startup_timeout_s=1")
        self.addCleanup(process.kill)
        while not simulator.log.exists() or len(simulator.requests()) < 60:
            self.assertIsNone(process.poll())
        simulator.stop()
        _, said = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 10, said)
        failed = self.status(next((self.folder / "out").glob("text2sql-*")))["samples"]["failed"]
        self.assertGreater(failed, 0)
        self.assertIn(f"\nevery answer is recorded, and {failed} samples that failed are asked again. run folder: ", said)

    def test_a_live_run_has_a_status_and_is_not_verified(self):
        slow = self.simulator("--latency-ms", 200)
        process, run_dir = self.start_slow_run(slow, "live")
        status = self.status(run_dir)
        while status["updated_at"] is None or not status["calls"]:
            self.assertIsNone(process.poll())
            status = self.status(run_dir)
        self.assertEqual(status["state"], "running")
        self.assertEqual(status["samples"]["total"], 240)
        self.assertEqual(status["epoch"], 1)
        self.assertEqual(sorted(worker["name"] for worker in status["workers"]), ["local-0", "local-1"])
        self.assertEqual(status["workers"][0]["stages"], ["teacher", "clean", "rules", "exec", "score", "select"])
        self.assertIsNone(status["go_on"])
        self.assertIn("in use by another coordinator", self.verify(run_dir, expect=6).stderr)
        process.kill()
        process.wait(fd.DEADLINE_S)
        status = self.status(run_dir)
        self.assertEqual((status["state"], status["workers"]), ("stopped", []))
        self.assertEqual(status["go_on"], f"fd-coordinator resume {run_dir}")
        self.assertIn("the run is not finished: ", self.verify(run_dir).stdout)
        self.command(0, "resume", run_dir)
        status = self.status(run_dir)
        self.assertEqual((status["state"], status["exit_code"]), ("ended", 0))
        self.assertEqual(status["samples"]["done"], 240)
        self.assertEqual((status["cost"], status["unpriced"]), (None, status["calls"]))  # the job names no price
        self.verify(run_dir)

    def test_a_sample_that_failed_is_explained_before_and_after_it_is_mended(self):
        run_dir = self.failed_run()
        failed = next(one for one in fd.outcomes(run_dir) if one["verdict"] == "failed")["sample_id"]
        output = self.command(0, "explain", run_dir, failed[:12])
        self.assertIn(f"sample {failed}\n   verdict       failed: provider_rejected\n", output)
        self.assertIn(REFUSED, output)
        self.assertIn("HTTP 400", output)
        self.assertRegex(output, r"from          row [0-9]+ of .*samples.jsonl, line [0-9]+\n")
        self.assertEqual(self.status(run_dir)["shards"]["failed"], len(self.shards_in_state(run_dir, "failed")))
        self.verify(run_dir)
        self.command(0, "resume", run_dir, *fd.teacher(self.simulator().url))
        output = self.command(0, "explain", run_dir, failed)
        self.assertNotIn("verdict       failed", output)
        self.assertIn("exported to   export/", output)
        self.verify(run_dir)

    def test_what_is_no_run_or_no_sample_is_exit_2(self):
        for command in (["verify", self.folder], ["status", self.folder], ["explain", self.folder, "123456"]):
            self.assertIn(f"{self.folder}: is no run folder (it has no run.json)", self.command(2, *command))
        run_dir = self.run_job(self.simulator(), "out", "--limit", 20)
        self.assertIn("no sample of ", self.command(2, "explain", run_dir, "0000000000"))
        self.assertIn("is no sample_id", self.command(2, "explain", run_dir, "12345"))
        self.assertIn("usage: fd-coordinator explain", self.command(0, "explain", "--help"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
