"""The main job with real processes: coordinator, workers and a simulated teacher."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

import fd_processes as fd


class RunTest(unittest.TestCase):
    def setUp(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.config = fd.make_set(self.folder)

    def simulator(self, *arguments):
        simulator = fd.Simulator(self.folder, *fd.dataset_arguments(self.folder), *arguments)
        self.addCleanup(simulator.stop)
        return simulator

    def complete(self, simulator, name, *arguments, expect=0):
        """Runs the job in a folder of its own. Returns the run folder."""
        done = fd.run("fd-coordinator", "run", self.config, "--out", self.folder / name, *fd.teacher(simulator.url),
                      *arguments)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        self.output = done.stdout
        return (self.folder / name / "latest").resolve()

    def test_bytes_are_the_same_for_1_2_and_5_workers(self):
        simulator = self.simulator()
        reference = fd.stable_files(self.complete(simulator, "one", "--workers", 1))
        self.assertGreater(len(reference), 50)
        for workers in (2, 5):
            self.assertEqual(fd.stable_files(self.complete(simulator, f"with{workers}", "--workers", workers)),
                             reference)

    def test_every_sample_ends_in_one_state_and_broken_gold_disturbs_nothing(self):
        run_dir = self.complete(self.simulator(), "out")
        outcomes = fd.outcomes(run_dir)
        self.assertEqual(len(outcomes), 240)
        self.assertEqual(len({outcome["sample_id"] for outcome in outcomes}), 240)
        self.assertEqual(sum(outcome["reason"] == "gold_error" for outcome in outcomes), 3)
        ingest = json.loads((run_dir / "run.json").read_text())["ingest"]
        report = fd.report(run_dir, "teacher_eval")
        self.assertEqual(ingest["raw"], 252)
        self.assertEqual(ingest["raw"], ingest["invalid"] + ingest["duplicate"] + report["kept"] +
                         report["rejected"] + report["failed"])
        self.assertEqual(report["reject_reason_counts"]["gold_error"], 3)
        train = (run_dir / "export" / "train.jsonl").read_text().splitlines()
        valid = (run_dir / "export" / "valid.jsonl").read_text().splitlines()
        self.assertEqual(len(train) + len(valid), report["kept"])
        self.assertEqual([message["role"] for message in json.loads(train[0])["messages"]],
                         ["system", "user", "assistant"])

    def test_each_call_is_made_once(self):
        simulator = self.simulator()
        self.complete(simulator, "out")
        requests = simulator.requests()
        self.assertEqual(len(requests), fd.CALLS)
        self.assertEqual(len({request["key"] for request in requests}), fd.CALLS)

    def test_transient_faults_change_no_byte(self):
        reference = fd.stable_files(self.complete(self.simulator(), "calm"))
        faulty = self.simulator("--fail-rate-429", 0.1, "--fail-rate-500", 0.1, "--close-rate", 0.05,
                                "--truncate-rate", 0.05, "--malformed-rate", 0.05)
        self.assertEqual(
            fd.stable_files(self.complete(faulty, "faulty", "--set", "gateway.retry.max_attempts=50")), reference)

    def test_rejected_calls_fail_their_samples_only_and_are_asked_again(self):
        refusing = self.simulator("--reject-contains", "cost more than 33?")
        run_dir = self.complete(refusing, "out", expect=4)
        failed = [outcome for outcome in fd.outcomes(run_dir) if outcome["verdict"] == "failed"]
        self.assertEqual({outcome["reason"] for outcome in failed}, {"provider_rejected"})
        self.assertEqual(len(failed), 3)
        self.assertIn("3", self.output)
        willing = self.simulator()
        again = self.complete(willing, "out")
        self.assertEqual(again, run_dir)
        self.assertEqual(len(willing.requests()), 3)
        self.assertEqual(fd.stable_files(run_dir), fd.stable_files(self.complete(willing, "fresh")))

    def test_a_complete_run_is_not_run_again(self):
        simulator = self.simulator()
        run_dir = self.complete(simulator, "out")
        files = fd.stable_files(run_dir)
        self.assertEqual(self.complete(simulator, "out"), run_dir)
        self.assertIn("is complete (exit code 0)", self.output)
        self.assertEqual(len(simulator.requests()), fd.CALLS)
        self.assertEqual(fd.stable_files(run_dir), files)

    def test_a_failed_dataset_gate_is_exit_1(self):
        run_dir = self.complete(self.simulator(), "out", "--set", "gates.dataset.min_gold_match_rate=0.99", expect=1)
        gates = {gate["name"]: gate for gate in fd.report(run_dir, "teacher_eval")["gates"]}
        self.assertFalse(gates["min_gold_match_rate"]["passed"])

    def start_slow_run(self, simulator, name):
        """Starts a run; returns it once calls are under way."""
        process = fd.start("fd-coordinator", "run", self.config, "--out", self.folder / name,
                           *fd.teacher(simulator.url), stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        while not simulator.log.exists() or len(simulator.requests()) < 60:
            self.assertIsNone(process.poll())
        return process

    def local_workers(self, coordinator):
        children = pathlib.Path(f"/proc/{coordinator.pid}/task/{coordinator.pid}/children").read_text().split()
        return [int(child) for child in children]

    def test_kill_9_of_a_worker_in_the_middle_changes_no_byte(self):
        reference = fd.stable_files(self.complete(self.simulator(), "calm"))
        slow = self.simulator("--latency-ms", 100)
        process = self.start_slow_run(slow, "killed")
        os.kill(self.local_workers(process)[0], signal.SIGKILL)
        output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 0, output)
        self.assertIn("ended by signal 9", output)
        self.assertEqual(fd.stable_files((self.folder / "killed" / "latest").resolve()), reference)

    def test_ctrl_c_drains_and_the_same_command_goes_on_without_paying_twice(self):
        reference = fd.stable_files(self.complete(self.simulator(), "calm"))
        slow = self.simulator("--latency-ms", 100)
        process = self.start_slow_run(slow, "stopped")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 130, output)
        self.assertIn("to go on: ", output)
        paid = len(slow.requests())
        self.assertLess(paid, fd.CALLS)
        run_dir = self.complete(slow, "stopped")
        self.assertEqual(len(slow.requests()), fd.CALLS)
        self.assertEqual(fd.stable_files(run_dir), reference)

    def test_kill_9_of_the_coordinator_loses_no_recorded_answer(self):
        reference = fd.stable_files(self.complete(self.simulator(), "calm"))
        slow = self.simulator("--latency-ms", 100)
        process = self.start_slow_run(slow, "crashed")
        process.kill()
        process.wait(fd.DEADLINE_S)
        run_dir = self.complete(slow, "crashed")
        self.assertLessEqual(len(slow.requests()), fd.CALLS + 2 * 32)  # calls in flight may be repeated
        self.assertEqual(fd.stable_files(run_dir), reference)

    def test_other_workers_join_and_do_the_work(self):
        simulator = self.simulator()
        reference = fd.stable_files(self.complete(simulator, "local"))
        coordinator = fd.start("fd-coordinator", "run", self.config, "--out", self.folder / "remote", "--workers", 0,
                               "--listen", "tcp://127.0.0.1:*", *fd.teacher(simulator.url))
        self.addCleanup(coordinator.stdout.close)
        self.addCleanup(coordinator.stderr.close)
        endpoint = coordinator.stderr.readline().split()[2]
        worker = fd.start("fd-worker", "--connect", endpoint, "--name", "other", stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
        self.assertEqual(coordinator.wait(fd.DEADLINE_S), 0)
        worker.send_signal(signal.SIGTERM)
        self.assertEqual(worker.wait(fd.DEADLINE_S), 0)
        self.assertEqual(fd.stable_files((self.folder / "remote" / "latest").resolve()), reference)

    def test_one_worker_serves_run_after_run(self):
        simulator = self.simulator()
        first = fd.start("fd-coordinator", "run", self.config, "--out", self.folder / "first", "--workers", 0,
                         "--listen", "tcp://127.0.0.1:*", *fd.teacher(simulator.url))
        self.addCleanup(first.stdout.close)
        self.addCleanup(first.stderr.close)
        endpoint = first.stderr.readline().split()[2]
        worker = fd.start("fd-worker", "--connect", endpoint, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.assertEqual(first.wait(fd.DEADLINE_S), 0)
        second = fd.run("fd-coordinator", "run", self.config, "--out", self.folder / "second", "--workers", 0,
                        "--listen", endpoint, "--run-id", "another", *fd.teacher(simulator.url))
        worker.send_signal(signal.SIGTERM)
        self.assertEqual(worker.wait(fd.DEADLINE_S), 0)
        self.assertEqual(second.returncode, 0, second.stderr)

    def test_a_second_coordinator_is_turned_away(self):
        slow = self.simulator("--latency-ms", 100)
        process = self.start_slow_run(slow, "shared")
        second = fd.run("fd-coordinator", "run", self.config, "--out", self.folder / "shared",
                        *fd.teacher(slow.url))
        self.assertEqual(second.returncode, 6, second.stderr)
        self.assertIn("in use by another coordinator", second.stderr)
        output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 0, output)


class ErrorsTest(unittest.TestCase):
    def setUp(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.config = fd.make_set(self.folder)

    def fails(self, code, *arguments):
        done = fd.run("fd-coordinator", *arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def run_fails(self, code, *arguments):
        message = self.fails(code, "run", self.config, "--out", self.folder / "out", *arguments)
        self.assertEqual([path.name for path in (self.folder / "out").glob("*/shards")], [])
        return message

    def test_usage(self):
        self.assertIn("did you mean run?", self.fails(2, "rum"))
        self.assertIn("did you mean --workers?", self.run_fails(2, "--worker", "2"))
        self.assertIn("'x' is no whole number in [0, 1024]", self.run_fails(2, "--workers", "x"))
        self.assertIn("--workers 0 needs --listen", self.run_fails(2, "--workers", "0"))
        self.assertIn("--run-id: must match", self.run_fails(2, "--run-id", "../up"))

    def test_public_addresses_are_refused(self):
        self.assertIn("plaintext", self.run_fails(8, "--listen", "tcp://0.0.0.0:5555"))
        worker = fd.run("fd-worker", "--connect", "tcp://10.0.0.1:5555")
        self.assertEqual(worker.returncode, 8)

    def test_config_errors_name_file_line_and_key(self):
        self.config.write_text(self.config.read_text().replace("temperature", "temprature"))
        message = self.run_fails(2)
        self.assertRegex(message, r"job\.yaml:9:12: .*temprature")
        self.assertIn("did you mean 'temperature'?", message)

    def test_bad_rows_are_listed_with_file_and_line(self):
        rows = (self.folder / "samples.jsonl").read_text().splitlines()
        rows[3] = rows[3].replace('"schema"', '"shema"')
        rows[7] = rows[7][:-1]
        (self.folder / "samples.jsonl").write_text("\n".join(rows) + "\n")
        message = self.run_fails(3)
        self.assertIn("2 rows are refused", message)
        self.assertIn("samples.jsonl:4: missing field 'schema'", message)
        self.assertIn("samples.jsonl:8: ", message)

    def test_missing_input_is_named(self):
        self.assertIn("nowhere.jsonl", self.run_fails(3, "--input", self.folder / "nowhere.jsonl"))

    def test_another_config_does_not_continue_a_run(self):
        with fd.Simulator(self.folder, *fd.dataset_arguments(self.folder)) as simulator:
            arguments = ["run", self.config, "--out", self.folder / "out", "--run-id", "mine",
                         *fd.teacher(simulator.url)]
            self.assertEqual(fd.run("fd-coordinator", *arguments).returncode, 0)
            message = self.fails(11, *arguments, "--set", "teacher.decode.temperature=0.9")
            self.assertIn("the config", message)

    def test_workers_that_cannot_be_started_end_the_run_resumable(self):
        # Beside the coordinator lies an fd-worker that is no program.
        programs = self.folder / "bin"
        programs.mkdir()
        shutil.copy(fd.BIN / "fd-coordinator", programs)
        (programs / "fd-worker").write_text("no program")
        (programs / "fd-worker").chmod(0o755)
        with fd.Simulator(self.folder, *fd.dataset_arguments(self.folder)) as simulator:
            arguments = ["run", self.config, "--out", self.folder / "out", *fd.teacher(simulator.url)]
            failed = fd.run(programs / "fd-coordinator", *arguments)
            self.assertEqual(failed.returncode, 7, failed.stderr)
            self.assertIn("fd-worker: Exec format error", failed.stderr)
            self.assertIn("to go on: ", failed.stderr)
            done = fd.run("fd-coordinator", *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_endpoint_that_is_not_there_ends_the_run_resumable(self):
        message = self.fails(10, "run", self.config, "--out", self.folder / "out", "--set",
                             "gateway.outage_timeout_s=1", "--set", "gateway.startup_timeout_s=1")
        self.assertIn("no usable endpoint", message)
        self.assertIn("to go on: ", message)
        with fd.Simulator(self.folder, *fd.dataset_arguments(self.folder)) as simulator:
            done = fd.run("fd-coordinator", "run", self.config, "--out", self.folder / "out",
                          *fd.teacher(simulator.url))
            self.assertEqual(done.returncode, 0, done.stderr)


class IdsTest(unittest.TestCase):
    def test_a_line_of_python_computes_the_same_id(self):
        """The line that docs/contract.md shows."""
        with fd.temporary_folder() as folder:
            config = fd.make_set(folder)
            done = fd.run("fd-coordinator", "ids", config)
            self.assertEqual(done.returncode, 0, done.stderr)
            printed = [json.loads(line) for line in done.stdout.splitlines()]
            with open(pathlib.Path(folder) / "samples.jsonl", encoding="utf-8") as rows:
                for number, line in enumerate(rows, 1):
                    row = json.loads(line)
                    sample_id = hashlib.sha256(json.dumps({"canonical_input": {k: row[k] for k in ("schema", "instruction")}, "task": "text2sql", "v": 1}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
                    self.assertEqual(printed[number - 1]["sample_id"], sample_id)
                    self.assertEqual(printed[number - 1]["line"], number)

    def test_standard_input_and_show(self):
        with fd.temporary_folder() as folder:
            config = fd.make_set(folder)
            rows = (pathlib.Path(folder) / "samples.jsonl").read_text()
            done = fd.run("fd-coordinator", "ids", config, "--input", "-", input=rows)
            self.assertEqual(len(done.stdout.splitlines()), 252)

    def test_show_prints_rows_by_reason(self):
        with fd.temporary_folder() as folder:
            config = fd.make_set(folder)
            with fd.Simulator(folder, *fd.dataset_arguments(folder)) as simulator:
                out = pathlib.Path(folder) / "out"
                self.assertEqual(fd.run("fd-coordinator", "run", config, "--out", out,
                                        *fd.teacher(simulator.url)).returncode, 0)
            shown = fd.run("fd-coordinator", "show", out / "latest", "--reason", "gold_error")
            self.assertEqual(shown.returncode, 0, shown.stderr)
            for broken in range(3):
                self.assertIn(f"SELECT no_such FROM nowhere WHERE id = {broken}", shown.stdout)
            self.assertNotIn("rejected: gold_mismatch", shown.stdout)
            unknown = fd.run("fd-coordinator", "show", out / "latest", "--reason", "gold_eror")
            self.assertEqual(unknown.returncode, 2)
            self.assertIn("gold_error", unknown.stderr)


if __name__ == "__main__":
    unittest.main()
