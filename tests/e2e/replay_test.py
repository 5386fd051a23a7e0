"""A run that goes on from its folder alone, and shards that are replayed.

Every claim of "no call" is read from the simulator's request log.
"""

import itertools
import json
import pathlib
import shutil
import signal
import subprocess
import unittest

import fd_bad_endpoints
import fd_processes as fd
import fd_teacher
from fd_job import Job


def flip_last_byte(path):
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


def refusing_run(job):
    """Runs the job with a teacher that answers one request and refuses all others: it is no endpoint that refuses everybody.
    Returns the run folder."""
    simulator = job.simulator()
    asked = itertools.count()
    teacher = fd_teacher.Teacher(lambda handler: fd_bad_endpoints.forward(handler, simulator.url) if next(asked) == 0
                                 else fd_teacher.send(handler, 400, {"error": {"message": "refused"}}))
    job.addCleanup(teacher.stop)
    return job.run_job(teacher, "out", expect=4)


class ResumeTest(Job):
    def test_a_killed_run_goes_on_from_its_folder_alone(self):
        reference = fd.stable_files(self.run_job(self.simulator(), "calm"))
        slow = self.simulator("--latency-ms", 100)
        process, run_dir = self.start_slow_run(slow, "crashed")
        process.kill()
        process.wait(fd.DEADLINE_S)
        self.config.unlink()
        (self.folder / "samples.jsonl").unlink()
        (self.folder / "shop.sqlite").unlink()
        self.assertIn("kept", self.command(0, "resume", run_dir))
        self.assertLessEqual(len(slow.requests()), fd.CALLS + 2 * 32)  # calls in flight may be repeated
        self.assertEqual(fd.stable_files(run_dir), reference)

    def test_a_stopped_run_says_how_to_go_on_and_that_command_pays_nothing_twice(self):
        slow = self.simulator("--latency-ms", 100)
        process, run_dir = self.start_slow_run(slow, "stopped")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 130, output)
        self.assertIn(f"to go on: fd-coordinator resume {run_dir}\n", output)
        self.command(0, "resume", run_dir)
        self.assertEqual(len(slow.requests()), fd.CALLS)

    def test_a_complete_run_says_so_and_calls_nobody(self):
        simulator = self.simulator()
        run_dir = self.run_job(simulator, "out", "--set", "gates.dataset.min_gold_match_rate=0.99", expect=1)
        files = fd.stable_files(run_dir)
        self.assertIn("is complete (exit code 1)", self.command(1, "resume", run_dir))
        self.assertIn("is complete (exit code 1)", self.command(1, "resume", self.folder / "out" / "latest"))
        self.assertEqual(len(simulator.requests()), fd.CALLS)
        self.assertEqual(fd.stable_files(run_dir), files)

    def test_failed_samples_are_asked_again_somewhere_else(self):
        run_dir = self.failed_run()
        willing = self.simulator()
        self.command(0, "resume", run_dir, "--set", f"gateway.providers.0.base_url={willing.url}")
        self.assertEqual(len(willing.requests()), 3)
        self.assertEqual(fd.stable_files(run_dir), fd.stable_files(self.run_job(willing, "fresh")))

    def test_D15_a_change_of_what_decides_output_is_exit_11_and_named(self):
        run_dir = self.failed_run()
        files = fd.stable_files(run_dir)
        message = self.command(11, "resume", run_dir, "--set", "teacher.decode.temperature=0.9")
        self.assertIn("teacher.decode.temperature: 0.2 then, 0.9 now", message)
        message = self.command(11, "resume", run_dir, "--set", "teacher.prompt='{{instruction}}'")
        self.assertIn("teacher.prompt: ", message)
        for variable in ("FASTDISTILL_MODEL", "OLLAMA_MODEL"):
            done = subprocess.run([fd.BIN / "fd-coordinator", "resume", run_dir], text=True, capture_output=True,
                                  env=fd.environment() | {variable: "another"}, timeout=fd.DEADLINE_S)
            self.assertEqual(done.returncode, 11, done.stderr)
            self.assertIn('teacher.model: "simulator" then, "another" now', done.stderr)
        again = ["run", self.config, "--out", self.folder / "out", "--run-id", run_dir.name]
        self.assertIn("teacher.decode.top_p: 1 then, 0.5 now",
                      self.command(11, *again, "--set", "teacher.decode.top_p=0.5"))
        shop = self.folder / "shop.sqlite"
        shop.write_bytes(shop.read_bytes() + bytes(4096))
        self.assertIn("the database", self.command(11, *again))
        self.assertEqual(fd.stable_files(run_dir), files)

    def test_D16_what_decides_no_output_may_change(self):
        reference = fd.stable_files(self.run_job(self.simulator(), "calm"))
        run_dir = self.failed_run()
        willing = self.simulator()
        done = subprocess.run(
            [fd.BIN / "fd-coordinator", "resume", run_dir, "--workers", "3", "--log-level", "debug", "--quiet",
             "--set", "gateway.request_timeout_s=60", "--set", "lease.ttl_ms=6000"], text=True,
            capture_output=True, timeout=fd.DEADLINE_S,
            env=fd.environment() | {"FASTDISTILL_BASE_URL": willing.url, "FASTDISTILL_API_KEY": "key"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(willing.requests()), 3)
        self.assertEqual(fd.stable_files(run_dir), reference)

    def test_folders_that_are_no_run_are_refused(self):
        self.assertIn("no such folder", self.command(2, "resume", self.folder / "nowhere"))
        self.assertIn("is not the folder of a run", self.command(11, "resume", self.folder))
        run_dir = self.failed_run()
        text = (run_dir / "run.json").read_text()
        (run_dir / "run.json").write_text(text.replace('"simulator"', '"another"'))
        self.assertIn("run.json", self.command(5, "resume", run_dir))
        (run_dir / "run.json").write_text(text[:100])
        self.assertIn("run.json", self.command(5, "resume", run_dir))

    def test_a_live_run_is_not_resumed(self):
        slow = self.simulator("--latency-ms", 100)
        process, run_dir = self.start_slow_run(slow, "live")
        self.assertIn("in use by another coordinator", self.command(6, "resume", run_dir))
        output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 0, output)


class ReplayTest(Job):
    def test_L09_a_committed_shard_has_the_same_digest_however_often(self):
        simulator = self.simulator()
        run_dir = self.run_job(simulator, "out")
        files = fd.stable_files(run_dir)
        for number in (0, 7):
            manifest = run_dir / "shards" / f"{number:04}" / "manifest.json"
            digest = json.loads(manifest.read_text())["content_sha256"]
            for arguments in ([manifest], [run_dir, "--shard", number], [manifest, "--fresh"]):
                self.assertIn(f"same digest {digest}", self.command(0, "replay", *arguments))
        self.assertEqual(len(simulator.requests()), fd.CALLS)
        self.assertEqual(fd.stable_files(run_dir), files)

    def test_L06_files_that_are_missing_or_damaged_are_written_again_from_the_ledger(self):
        simulator = self.simulator()
        run_dir = self.run_job(simulator, "out")
        files = fd.stable_files(run_dir)
        shard = run_dir / "shards" / "0001"
        again = f"fd-coordinator replay {shard}/manifest.json --fresh"
        for name in ("answers.jsonl", "calls.jsonl", "config.json", "outcomes.jsonl"):
            for damage in (pathlib.Path.unlink, flip_last_byte):
                if (name, damage) == ("calls.jsonl", flip_last_byte):
                    continue  # it holds times, so no manifest has its digest
                damage(shard / name)
                self.assertIn(f"to write it again from the run's ledger: {again}", self.command(5, "replay", shard))
                self.assertIn(f"to write it again from the run's ledger: {again}", self.command(5, "verify", run_dir))
                message = self.command(0, "replay", shard, "--fresh")
                self.assertIn(f"{shard / name}", message)
                self.assertIn("written again from the run's ledger", message)
                self.assertEqual(fd.stable_files(run_dir), files)
        self.assertIn(": sound", self.command(0, "verify", run_dir))
        self.assertEqual(len(simulator.requests()), fd.CALLS)

    def test_L06_what_the_ledger_does_not_have_is_not_made_up(self):
        run_dir = self.failed_run()
        willing = self.simulator()
        shard = self.shards_in_state(run_dir, "failed")[0]
        self.command(0, "replay", shard, "--fresh", "--gateway", self.gateway_file(willing.url))
        files = fd.stable_files(run_dir)
        answers = (shard / "answers.jsonl").read_bytes()
        flip_last_byte(shard / "answers.jsonl")
        damaged = (shard / "answers.jsonl").read_bytes()
        self.assertIn("the ledger has not all of it", self.command(5, "replay", shard, "--fresh"))
        self.assertEqual((shard / "answers.jsonl").read_bytes(), damaged)
        (shard / "answers.jsonl").write_bytes(answers)
        self.assertEqual(fd.stable_files(run_dir), files)

    def test_L06_a_damaged_shard_with_failed_samples_is_written_again_and_then_asked_for(self):
        reference = fd.stable_files(self.run_job(self.simulator(), "calm"))
        run_dir = self.failed_run()
        willing = self.simulator()
        for shard in self.shards_in_state(run_dir, "failed"):
            (shard / "outcomes.jsonl").unlink()
            message = self.command(0, "replay", shard, "--fresh", "--gateway", self.gateway_file(willing.url))
            self.assertIn("written again from the run's ledger", message)
        self.assertEqual(len(willing.requests()), 3)
        self.command(0, "resume", run_dir)
        self.assertEqual(fd.stable_files(run_dir), reference)

    def test_L09_a_shard_of_a_live_run_is_left_alone(self):
        slow = self.simulator("--latency-ms", 100)
        process, run_dir = self.start_slow_run(slow, "live")
        for arguments in ([], ["--fresh"]):
            message = self.command(6, "replay", run_dir, "--shard", 0, *arguments)
            self.assertIn("in use by another coordinator", message)
        process.kill()
        process.wait(fd.DEADLINE_S)
        pending = self.shards_in_state(run_dir, "pending")[0]
        message = self.command(4, "replay", pending / "manifest.json", "--fresh")
        self.assertIn("never finished", message)
        self.assertIn(f"to go on: fd-coordinator resume {run_dir}", message)

    def test_L11_with_the_teacher_offline_settled_samples_are_compared_and_the_others_stay_failed(self):
        run_dir = self.failed_run()
        files = fd.stable_files(run_dir)
        for shard in self.shards_in_state(run_dir, "failed"):
            message = self.command(4, "replay", shard / "manifest.json")
            self.assertIn("provider_rejected: ", message)
            self.assertIn(f"to ask again: fd-coordinator replay {shard}/manifest.json --fresh", message)
        gateway = self.gateway_file("http://127.0.0.1:1/v1")
        message = self.command(10, "replay", shard, "--fresh", "--gateway", gateway)
        self.assertIn("no usable endpoint", message)
        self.assertEqual(fd.stable_files(run_dir), files)

    def test_a_failed_shard_is_made_whole_on_another_machine_and_merged(self):
        reference = fd.stable_files(self.run_job(self.simulator(), "calm"))
        run_dir = self.failed_run()
        willing = self.simulator()
        gateway = self.gateway_file(willing.url)
        databases = self.folder / "elsewhere" / "databases" / "deep"
        databases.mkdir(parents=True)
        shutil.copy(self.folder / "shop.sqlite", databases / "some name.db")
        asked = 0
        for shard in self.shards_in_state(run_dir, "failed"):
            copy = self.folder / "elsewhere" / f"copy-{shard.name}"
            shutil.copytree(shard, copy)
            manifest = json.loads((shard / "manifest.json").read_text())
            asked += manifest["verdicts"]["failed"]
            message = self.command(2, "replay", copy / "manifest.json", "--fresh", "--gateway", gateway)
            self.assertIn(manifest["databases"][0], message)
            arguments = ["replay", copy / "manifest.json", "--fresh", "--databases", databases.parent]
            self.assertIn("a shard alone names no endpoint", self.command(2, *arguments))
            self.assertIn("committed", self.command(0, *arguments, "--gateway", gateway))
            self.assertEqual(len(willing.requests()), asked)
            self.assertIn("same digest", self.command(0, *arguments, "--gateway", gateway))
            shutil.rmtree(shard)
            shutil.copytree(copy, shard)
        self.assertEqual(asked, 3)
        self.assertIn("kept", self.command(0, "resume", run_dir))
        self.assertEqual(len(willing.requests()), 3)
        self.assertEqual(fd.stable_files(run_dir), reference)
        self.assertIn("is complete (exit code 0)", self.command(0, "resume", run_dir))

    def test_the_environment_names_the_endpoint_but_not_another_model(self):
        run_dir = self.failed_run()
        shard = self.shards_in_state(run_dir, "failed")[0]
        willing = self.simulator()
        with_model = fd.environment() | {"FASTDISTILL_BASE_URL": willing.url, "FASTDISTILL_MODEL": "another"}
        done = subprocess.run([fd.BIN / "fd-coordinator", "replay", shard, "--fresh"], text=True,
                              capture_output=True, env=with_model, timeout=fd.DEADLINE_S)
        self.assertEqual(done.returncode, 11, done.stderr)
        self.assertIn('teacher.model: "simulator" then, "another" now', done.stderr)
        self.assertEqual(len(willing.requests()), 0)
        done = subprocess.run([fd.BIN / "fd-coordinator", "replay", shard, "--fresh"], text=True, capture_output=True,
                              env=fd.environment() | {"FASTDISTILL_BASE_URL": willing.url}, timeout=fd.DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stderr)

    def all_failed_shard(self):
        """Returns the largest shard in which every call was refused, of a run that had one answer."""
        run_dir = refusing_run(self)
        shards = [shard for shard in self.shards_in_state(run_dir, "failed")
                  if (shard / "answers.jsonl").stat().st_size == 0]
        return max(shards, key=lambda shard: (json.loads((shard / "manifest.json").read_text())["count"], shard))

    def start_replay(self, shard, slow, until, *arguments):
        """Starts a replay of one call at a time; returns it once `until` calls were made."""
        process = fd.start("fd-coordinator", "replay", shard, "--fresh", "--gateway", self.gateway_file(slow.url, 1),
                           *arguments, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        while not slow.log.exists() or len(slow.requests()) < until:
            self.assertIsNone(process.poll())
        return process

    def test_a_killed_replay_goes_on_without_paying_twice(self):
        shard = self.all_failed_shard()
        count = json.loads((shard / "manifest.json").read_text())["count"]
        slow = self.simulator("--latency-ms", 100)
        process = self.start_replay(shard, slow, 5)
        process.kill()
        process.wait(fd.DEADLINE_S)
        self.assertTrue((shard / ".replay" / "journal").exists())
        message = self.command(0, "replay", shard, "--fresh", "--gateway", self.gateway_file(slow.url))
        self.assertIn("of an earlier replay; committed", message)
        # One call was under way, and the answer to the one before may not have been on disk yet.
        self.assertLessEqual(len(slow.requests()), count + 2)
        self.assertFalse((shard / ".replay").exists())
        self.assertIn("same digest", self.command(0, "replay", shard))

    def test_ctrl_c_keeps_what_was_paid_for(self):
        shard = self.all_failed_shard()
        count = json.loads((shard / "manifest.json").read_text())["count"]
        slow = self.simulator("--latency-ms", 100)
        process = self.start_replay(shard, slow, 5)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 130, output)
        self.assertIn("to go on: ", output)
        self.command(0, "replay", shard, "--fresh", "--gateway", self.gateway_file(slow.url))
        self.assertEqual(len(slow.requests()), count)

    def test_a_teacher_that_hangs_holds_no_replay_beyond_its_time(self):
        shard = self.all_failed_shard()
        count = json.loads((shard / "manifest.json").read_text())["count"]
        process = self.start_replay(shard, self.simulator("--latency-ms", 60_000), 1, "--drain-s", 1)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, output)
        self.assertIn("stopped with 1 call in flight (possibly billed)", output)
        quick = self.simulator()
        message = self.command(0, "replay", shard, "--fresh", "--gateway", self.gateway_file(quick.url))
        self.assertIn(f"{count} calls, {count} answers", message)
        calls = [json.loads(line) for line in (shard / "calls.jsonl").read_text().splitlines()]
        self.assertEqual(sum(call["end"] == "in_doubt" for call in calls), 1)

    def test_an_edited_outcome_is_found(self):
        run_dir = self.run_job(self.simulator(), "out")
        shard = run_dir / "shards" / "0003"
        text = (shard / "answers.jsonl").read_text()
        (shard / "answers.jsonl").write_text(text.replace("SELECT", "SELEKT", 1))
        self.assertIn("answers.jsonl: differs from its manifest", self.command(5, "replay", shard))

    def test_J12_a_manifest_that_names_a_file_outside_its_folder_is_refused(self):
        run_dir = self.run_job(self.simulator(), "out")
        shard = run_dir / "shards" / "0003"
        for name in ("../0004/answers.jsonl", "/etc/passwd", ".."):
            manifest = json.loads((shard / "manifest.json").read_text())
            manifest["files"][name] = manifest["files"]["answers.jsonl"]
            copy = self.folder / "hostile"
            shutil.copytree(shard, copy)
            (copy / "manifest.json").write_text(json.dumps(manifest, indent=2))
            self.assertIn("manifest.json", self.command(5, "replay", copy, "--databases", self.folder))
            shutil.rmtree(copy)

    def test_usage(self):
        run_dir = self.run_job(self.simulator(), "out")
        self.assertIn("which of its shards?", self.command(2, "replay", run_dir))
        self.assertIn("has no shard 900", self.command(2, "replay", run_dir, "--shard", 900))
        self.assertIn("neither a shard's manifest.json", self.command(2, "replay", self.folder))
        self.assertIn("nowhere", self.command(2, "replay", self.folder / "nowhere"))


class PartOfAShardTest(Job):
    """What a replay paid for and could not commit is not lost to the run either."""

    def resume_calls(self, run_dir):
        """Resumes with a willing teacher. Returns how many calls that took."""
        willing = self.simulator()
        self.command(0, "resume", run_dir, "--set", f"gateway.providers.0.base_url={willing.url}")
        return len(willing.requests())

    def test_a_replay_that_answered_a_part_leaves_the_rest_to_resume(self):
        reference = fd.stable_files(self.run_job(self.simulator(), "calm"))
        run_dir = refusing_run(self)
        failed = len([one for one in fd.outcomes(run_dir) if one["verdict"] == "failed"])
        shard = run_dir / "shards" / "0000"
        before = len((shard / "answers.jsonl").read_text().splitlines())
        picky = self.simulator("--reject-contains", "cost more than 1")
        self.command(4, "replay", shard, "--fresh", "--gateway", self.gateway_file(picky.url))
        answered = len((shard / "answers.jsonl").read_text().splitlines()) - before
        self.assertGreater(answered, 0)
        self.assertEqual(self.resume_calls(run_dir), failed - answered)
        self.assertEqual(fd.stable_files(run_dir), reference)

    def test_the_journal_of_a_killed_replay_is_taken_up_by_resume(self):
        reference = fd.stable_files(self.run_job(self.simulator(), "calm"))
        run_dir = refusing_run(self)
        failed = len([one for one in fd.outcomes(run_dir) if one["verdict"] == "failed"])
        slow = self.simulator("--latency-ms", 100)
        process = fd.start("fd-coordinator", "replay", run_dir, "--shard", 0, "--fresh", "--gateway",
                           self.gateway_file(slow.url, 1), stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        while not slow.log.exists() or len(slow.requests()) < 5:
            self.assertIsNone(process.poll())
        process.kill()
        process.wait(fd.DEADLINE_S)
        self.assertLessEqual(self.resume_calls(run_dir), failed - 3)  # of 5, two may have been in flight
        self.assertEqual(list(run_dir.rglob(".replay")), [])
        self.assertEqual(fd.stable_files(run_dir), reference)


if __name__ == "__main__":
    unittest.main()
