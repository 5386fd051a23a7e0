"""What people see of a run that goes wrong: the server's words, when they come, with what would mend it."""

import itertools
import json
import signal
import time
import unittest

import fd_processes as fd
from fd_job import Job
from fd_teacher import Teacher, send


def error(words):
    return {"error": {"message": words}}


def answer(content, finish_reason="stop", **message):
    return {"choices": [{"index": 0, "finish_reason": finish_reason,
                         "message": {"role": "assistant", "content": content, **message}}]}


class ScreenTest(Job):
    def teacher(self, reply):
        teacher = Teacher(reply)
        self.addCleanup(teacher.stop)
        return teacher

    def run_to_end(self, url, *arguments):
        return fd.run("fd-coordinator", "run", self.config, "--out", self.folder / "out", "--workers", 1,
                      *fd.teacher(url), *arguments)

    def run_until(self, url, words):
        """Starts a run, and interrupts it as soon as `words` stand on its standard error."""
        process = fd.start("fd-coordinator", "run", self.config, "--out", self.folder / "out", "--workers", 1,
                           *fd.teacher(url))
        with process:
            seen = ""
            deadline = time.monotonic() + fd.DEADLINE_S
            while words not in seen and time.monotonic() < deadline:
                line = process.stderr.readline()
                if not line:
                    break
                seen += line
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=fd.DEADLINE_S)
        self.assertIn(words, seen)
        return seen

    def test_an_error_of_many_rows_is_shown_once_and_the_summary_repeats_it(self):
        words = "Unsupported value: 'temperature' does not support 0.2 with this model."
        asked = itertools.count()
        teacher = self.teacher(lambda handler: send(handler, 200, answer("SELECT 1")) if next(asked) == 0
                               else send(handler, 400, error(words)))
        done = self.run_to_end(teacher.url, "--limit", 20, "--set", "gateway.providers.0.max_concurrency=1")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(done.stderr.count("local: HTTP 400: " + words), 1, done.stderr)
        self.assertIn("hint: the model does not take this parameter", done.stderr)
        self.assertIn("Nothing was kept", done.stdout)
        self.assertIn(f"{19 - fd.BROKEN_GOLD} x local: HTTP 400: {words}", done.stdout)
        self.assertIn("--reason provider_rejected\n", done.stdout)
        self.assertNotIn("--reason ok", done.stdout)

    def test_an_error_of_every_row_ends_the_run_after_a_few_calls(self):
        words = "Unsupported value: 'temperature' does not support 0.2 with this model."
        teacher = self.teacher(lambda handler: send(handler, 400, error(words)))
        done = self.run_to_end(teacher.url, "--set", "gateway.refusal_limit=5")
        self.assertEqual(done.returncode, 10, done.stderr)
        self.assertIn(f"no usable endpoint: endpoint local: HTTP 400: {words}", done.stderr)
        self.assertIn("hint: the model does not take this parameter", done.stderr)
        self.assertLessEqual(teacher.requests, 5)

    def test_an_error_that_ends_no_call_is_shown_while_it_is_tried_again(self):
        teacher = self.teacher(lambda handler: send(handler, 429, error("tokens per day"), Retry_After=33120))
        seen = self.run_until(teacher.url, "local asked for a pause: its calls wait until ")
        self.assertIn("local: HTTP 429: tokens per day", seen)

    def test_a_server_that_is_not_there_is_shown_with_what_to_check(self):
        seen = self.run_until("http://127.0.0.1:9/v1", "base_url")
        self.assertIn("local: Failed to connect", seen)

    def test_answers_that_are_all_reasoning_name_the_key(self):
        teacher = self.teacher(lambda handler: send(handler, 200, answer(None, "length", reasoning="Let me think")))
        done = self.run_to_end(teacher.url, "--limit", 4)
        self.assertIn("all its tokens went into reasoning", done.stderr)
        self.assertIn("raise teacher.decode.max_tokens", done.stdout)

    def test_json_progress_is_an_object_a_line(self):
        simulator = self.simulator("--latency-ms", 40)
        done = fd.run("fd-coordinator", "run", self.config, "--out", self.folder / "out", "--progress", "json",
                      *fd.teacher(simulator.url))
        self.assertEqual(done.returncode, 0, done.stderr)
        events = [json.loads(line) for line in done.stderr.splitlines()]
        progress = [event for event in events if event["event"] == "progress"]
        self.assertEqual([progress[-1][key] for key in ("done", "total", "in_flight", "left_s")], [240, 240, 0, None])
        self.assertGreater(progress[-1]["calls"], 0)

    def test_a_slip_in_a_command_or_an_option_names_the_right_one(self):
        for slip, meant in ((["rnu", "job.yaml"], "run"), (["run", "job.yaml", "--progres", "none"], "--progress")):
            done = fd.run("fd-coordinator", *slip)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"did you mean {meant}?", done.stderr)


if __name__ == "__main__":
    unittest.main()
