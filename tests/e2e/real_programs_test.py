"""Programs of others: a gateway of npm between the workers and fd-simulator, and OpenAI's own client against fd-simulator.

scripts/test.sh installs them below build/npm, in the versions of tests/e2e/npm/package-lock.json. Without them the tests are skipped.
"""

import json
import shutil
import subprocess
import sys
import time
import unittest

import fd_processes as fd
from fd_job import REFUSED, Job

SOURCES = fd.ROOT / "tests" / "e2e" / "npm"
PACKAGES = fd.ROOT / "build" / "npm" / "node_modules"
GATEWAY = PACKAGES / "@portkey-ai" / "gateway" / "build" / "start-server.js"
CLIENT = PACKAGES / "openai"
SKIPPED = 77  # to ctest
NO_ENDPOINT = 10


class Gateway:
    """Portkey's AI gateway on a free port of loopback, which sends to the URL that a request's headers name."""

    def __init__(self, folder):
        port_file = folder / "gateway.port"
        self.output = open(folder / "gateway.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            ["node", "--require", SOURCES / "loopback.cjs", GATEWAY, "--headless"], stdout=self.output, stderr=self.output,
            env={**fd.environment(), "FD_PORT_FILE": str(port_file)})
        deadline = time.monotonic() + fd.DEADLINE_S
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((folder / "gateway.log").read_text())
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{port_file.read_text()}/v1"

    def stop(self):
        self.process.kill()
        self.process.wait(fd.DEADLINE_S)
        self.output.close()


class GatewayBetweenTest(Job):
    def setUp(self):
        super().setUp()
        self.gateway = Gateway(self.folder)
        self.addCleanup(self.gateway.stop)

    def through_gateway(self, simulator):
        provider = {"name": "portkey", "base_url": self.gateway.url, "max_concurrency": 32,
                    "headers": {"x-portkey-provider": "openai", "x-portkey-custom-host": simulator.url}}
        return ["--set", f"gateway.providers=[{json.dumps(provider)}]"]

    def run_through(self, simulator, name, *arguments, expect=0):
        output = self.command(expect, "run", self.config, "--out", self.folder / name, *self.through_gateway(simulator), *arguments)
        return (self.folder / name / "latest").resolve(), output

    def test_a_run_through_a_gateway_makes_the_bytes_of_one_without(self):
        direct = self.run_job(self.simulator(), "direct")
        behind = self.simulator()
        through, _ = self.run_through(behind, "through")
        self.assertEqual(fd.stable_files(through), fd.stable_files(direct))
        self.assertEqual(len(behind.requests()), fd.CALLS)
        cost, straight = (json.loads((run / "reports" / "cost_report.json").read_text()) for run in (through, direct))
        self.assertEqual(cost["total"], straight["total"])
        self.assertEqual(set(cost["by_served_model"]), {"fd-simulator/simulator"})

    def test_faults_of_the_model_behind_a_gateway_are_tried_again(self):
        direct = self.run_job(self.simulator(), "direct")
        behind = self.simulator("--fail-rate-429", 0.1, "--fail-rate-500", 0.1, "--retry-after", 0)
        through, _ = self.run_through(behind, "through", "--set", "gateway.retry.max_attempts=10")
        self.assertEqual(fd.stable_files(through), fd.stable_files(direct))
        self.assertGreater(len(behind.requests()), fd.CALLS)

    def test_a_refusal_behind_a_gateway_is_that_rows_in_the_servers_words(self):
        behind = self.simulator("--reject-contains", REFUSED)
        through, output = self.run_through(behind, "through", expect=4)
        failed = [one for one in fd.outcomes(through) if one["verdict"] == "failed"]
        self.assertEqual([one["reason"] for one in failed], ["provider_rejected"] * 3)
        self.assertIn("openai error: the request was rejected", output)

    def test_a_model_that_the_gateway_does_not_find_ends_the_run_in_its_words(self):
        behind = self.simulator("--models", "another")
        _, output = self.run_through(behind, "through", expect=NO_ENDPOINT)
        self.assertIn("openai error: the model 'simulator' does not exist", output)
        self.assertLessEqual(len(behind.requests()), 8)  # gateway.refusal_limit


class OpenAiClientTest(Job):
    def ask(self, simulator, *requests):
        done = subprocess.run(["node", SOURCES / "openai_client.cjs", simulator.url], input=json.dumps(requests), text=True,
                              env={**fd.environment(), "NODE_PATH": str(PACKAGES)}, capture_output=True, timeout=fd.DEADLINE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def chat(self, text, method="chat", **more):
        return {"method": method, "model": "simulator", "messages": [{"role": "user", "content": text}], **more}

    def test_the_client_finds_the_models(self):
        self.assertEqual(self.ask(self.simulator("--models", "a,b"), {"method": "models"}), [["a", "b"]])

    def test_the_client_reads_answers_usage_and_choices(self):
        question = "Which items with an id below 45 cost more than 40?"
        several, *singles = self.ask(self.simulator(), self.chat(question, n=3, seed=5),
                                     *[self.chat(question, seed=5 + k) for k in range(3)])
        self.assertEqual(several["object"], "chat.completion")
        self.assertEqual([choice["index"] for choice in several["choices"]], [0, 1, 2])
        self.assertEqual([choice["message"] for choice in several["choices"]], [one["choices"][0]["message"] for one in singles])
        self.assertIn("SELECT", several["choices"][0]["message"]["content"])
        usage = several["usage"]
        self.assertEqual(usage["prompt_tokens"], singles[0]["usage"]["prompt_tokens"])
        self.assertEqual(usage["completion_tokens"], sum(one["usage"]["completion_tokens"] for one in singles))
        self.assertEqual(usage["total_tokens"], usage["prompt_tokens"] + usage["completion_tokens"])

    def test_a_length_cuts_the_answer(self):
        cut, = self.ask(self.simulator("--wrong", 0, "--fenced", 0, "--broken", 0),
                        self.chat("Which items with an id below 45 cost more than 40?", max_tokens=2))
        self.assertEqual(cut["choices"][0]["finish_reason"], "length")
        self.assertEqual(cut["usage"]["completion_tokens"], 2)

    def test_the_client_knows_the_errors(self):
        simulator = self.simulator("--models", "simulator", "--reject-contains", "forbidden words")
        stream, refused, unknown = self.ask(simulator, self.chat("hello", method="stream"), self.chat("forbidden words"),
                                            {**self.chat("hello"), "model": "another"})
        self.assertEqual((stream["error"], stream["status"]), ("BadRequestError", 400))
        self.assertIn("stream", stream["message"])
        self.assertEqual((refused["error"], refused["status"]), ("BadRequestError", 400))
        self.assertIn("the request was rejected", refused["message"])
        self.assertEqual((unknown["error"], unknown["status"]), ("NotFoundError", 404))
        self.assertIn("the model 'another' does not exist", unknown["message"])

    def test_the_client_tries_again_what_may_be_tried_again(self):
        simulator = self.simulator("--fail-first", 2)
        answer, = self.ask(simulator, self.chat("hello"))
        self.assertEqual(answer["choices"][0]["message"]["content"], "SELECT 1")
        self.assertEqual([one["status"] for one in simulator.requests()], [503, 503, 200])


if __name__ == "__main__":
    if shutil.which("node") is None or not GATEWAY.exists() or not CLIENT.exists():
        print(f"SKIPPED: no node, or {PACKAGES} lacks the packages of {SOURCES.relative_to(fd.ROOT)}/package.json", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main()
