"""Several candidates in one request: what that costs, and that it changes no byte (docs/contract.md, Calls)."""

import json
import random
import re
import subprocess
import unittest

import fd_faults
import fd_job
import fd_processes as fd

AT_ONCE = "candidates at once"
SLOW = ("--latency-ms", 20)


def cost(run_dir):
    return json.loads((run_dir / "reports" / "cost_report.json").read_text())


def calls(run_dir):
    """Returns every call of the run's files."""
    return [json.loads(line) for path in sorted(run_dir.glob("shards/*/calls.jsonl")) for line in path.read_text().splitlines()]


def answers(run_dir):
    return sum(len(path.read_text().splitlines()) for path in run_dir.glob("shards/*/answers.jsonl"))


class PurchasesTest(fd_job.Job):
    def candidates(self, count, name, simulator, *settings):
        """Runs the job with this many candidates a row. Returns run folder and what was printed."""
        arguments = [part for setting in (f"teacher.decode.n={count}", *settings) for part in ("--set", setting)]
        said = self.command(0, "run", self.config, "--out", self.folder / name, "--workers", 2,
                            *fd.teacher(simulator.url), *arguments)
        return (self.folder / name / "latest").resolve(), said

    def one_by_one(self, count):
        """Returns the files of a run whose candidates come one by one, which all others must equal."""
        run_dir, _ = self.candidates(count, "single", self.simulator(), "gateway.providers.0.n=one")
        self.assertEqual({call.get("count", 1) for call in calls(run_dir)}, {1})
        self.assertEqual(len(calls(run_dir)), count * fd.CALLS)
        return fd.stable_files(run_dir)

    def test_eight_candidates_cost_their_prompt_once(self):
        one, _ = self.candidates(1, "one", self.simulator())
        simulator = self.simulator()
        eight, said = self.candidates(8, "eight", simulator)
        self.assertEqual(len(simulator.requests()), fd.CALLS)
        self.assertEqual({call.get("count", 1) for call in calls(eight)}, {8})
        self.assertEqual(answers(eight), 8 * fd.CALLS)
        self.assertEqual(cost(eight)["total"]["prompt_tokens"], cost(one)["total"]["prompt_tokens"])
        self.assertEqual(cost(eight)["total"]["attempts"], fd.CALLS)
        self.assertNotIn(AT_ONCE, said)
        self.assertEqual(fd.stable_files(eight), self.one_by_one(8))

    def test_an_endpoint_that_brings_fewer_is_asked_one_by_one_from_then_on(self):
        simulator = self.simulator("--choices-max", 3)
        run_dir, said = self.candidates(4, "fewer", simulator)
        self.assertEqual(said.count(f"brought 3 of 4 {AT_ONCE}"), 1, said)
        asked = [call.get("count", 1) for call in calls(run_dir)]
        # What was under way when the first came back.
        self.assertLessEqual(sum(count > 1 for count in asked), 40)
        self.assertGreater(sum(count == 1 for count in asked), 3 * fd.CALLS)
        self.assertEqual(answers(run_dir), 4 * fd.CALLS)
        self.assertEqual(fd.stable_files(run_dir), self.one_by_one(4))

    def test_an_endpoint_that_refuses_is_asked_one_by_one_and_no_row_fails(self):
        reference = self.one_by_one(4)
        for many in ("auto", "many"):
            simulator = self.simulator("--refuse-n")
            run_dir, said = self.candidates(4, f"refused-{many}", simulator, f"gateway.providers.0.n={many}")
            self.assertEqual(said.count(f"4 {AT_ONCE}"), 1, said)
            refused = sum(request["status"] == 400 for request in simulator.requests())
            self.assertLessEqual(refused, 40)
            self.assertEqual(len(simulator.requests()), 4 * fd.CALLS + refused)
            self.assertEqual({call.get("count", 1) for call in calls(run_dir)}, {1})
            self.assertEqual(cost(run_dir)["total"]["attempts"], len(simulator.requests()))
            self.assertEqual(fd.stable_files(run_dir), reference)

    def test_more_candidates_buy_only_those_that_earlier_runs_do_not_have(self):
        first, _ = self.candidates(2, "out", self.simulator())
        simulator = self.simulator()
        more, said = self.candidates(6, "out", simulator)
        self.assertNotEqual(first, more)
        self.assertIn(f"{2 * fd.CALLS} answers", said.replace(",", ""))
        self.assertEqual(len(simulator.requests()), fd.CALLS)
        self.assertEqual({(call["candidate"], call.get("count", 1)) for call in calls(more)}, {(2, 4)})
        self.assertEqual(answers(more), 6 * fd.CALLS)
        single, _ = self.candidates(6, "single", self.simulator(), "gateway.providers.0.n=one")
        files = [path.relative_to(more) for path in more.glob("shards/*/answers.jsonl")]
        self.assertTrue(files)
        for file in files:
            self.assertEqual((more / file).read_bytes(), (single / file).read_bytes())

    def two_providers(self, good, bad):
        """Returns a config with both."""
        text, replaced = re.subn(r"(?ms)^gateway:.*?(?=^lease:)", f"""gateway:
  providers:
    - {{name: good, base_url: '{good.url}', model: org/good, max_concurrency: 8}}
    - {{name: bad, base_url: '{bad.url}', model: org/bad, max_concurrency: 4}}
  retry: {{base_ms: 10, max_ms: 50, max_attempts: 20}}
""", self.config.read_text())
        self.assertEqual(replaced, 1)
        path = self.folder / "two.yaml"
        path.write_text(text)
        return path

    def start(self, name, workers, config):
        settings = ("teacher.decode.n=4", "sharding.target_size=10", "lease.ttl_ms=1500", "lease.heartbeat_ms=100")
        process = fd.start("fd-coordinator", "run", config, "--out", self.folder / name, "--run-id", "job", "--quiet",
                           "--workers", workers, *(part for setting in settings for part in ("--set", setting)),
                           stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        return process

    def finish(self, process):
        said, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, 0, said)

    def with_kills(self, name, workers, kills, config, teacher):
        """Runs the job to its end while a worker or the coordinator is killed now and then."""
        dice = random.Random(name)
        process = self.start(name, workers, config)
        done = 0
        for number in range(kills):
            wanted = (number + 1) * fd.CALLS // (kills + 2)
            fd_faults.until(lambda: process.poll() is not None or
                            (teacher.log.exists() and len(teacher.requests()) >= wanted))
            victims = fd_faults.processes_of(process.pid) if dice.random() < 0.5 else [process.pid]
            if process.poll() is not None or not victims:
                continue
            done += fd_faults.kill(dice.choice(victims))
            if victims == [process.pid]:
                process.communicate(timeout=fd.DEADLINE_S)
                process = self.start(name, workers, config)
        self.finish(process)
        self.assertGreaterEqual(done, min(kills, 2))

    def test_kills_and_workers_change_no_byte_where_one_of_two_providers_fails(self):
        plain = self.two_providers(self.simulator("--models", "org/good"), self.simulator("--models", "org/bad"))
        self.finish(self.start("calm", 1, plain))
        reference = fd.stable_files(self.folder / "calm" / "job")
        for workers, kills in ((1, 3), (2, 4), (5, 5)):
            good = self.simulator(*SLOW, "--models", "org/good")
            bad = self.simulator(*SLOW, "--models", "org/bad", "--fail-rate-500", 0.3, "--close-rate", 0.2,
                                 "--truncate-rate", 0.1, "--choices-max", 2)
            name = f"workers-{workers}"
            self.with_kills(name, workers, kills, self.two_providers(good, bad), good)
            run_dir = self.folder / name / "job"
            self.assertEqual({call["endpoint"] for call in calls(run_dir)}, {"good", "bad"})
            self.assertGreater(len({call.get("count", 1) for call in calls(run_dir)}), 1)
            self.assertEqual(answers(run_dir), 4 * fd.CALLS)
            self.assertEqual(fd.stable_files(run_dir), reference, name)


if __name__ == "__main__":
    unittest.main()
