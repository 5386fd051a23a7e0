"""Answers, and what is claimed of them, up to the limits and beyond: each ends as documented, and nothing is paid twice."""

import json
import pathlib
import unittest

import fd_processes as fd
import fd_teacher

CONFIG = """task: t
input: [rows.jsonl]
contract: {fields: [instruction]}
sharding: {shards: 1}
teacher: {model: m, prompt: "{{instruction}}", decode: {n: 1, seed: 0, max_tokens: 100000}}
gateway:
  providers: [{name: a, base_url: "URL", max_concurrency: 8}]
  retry: {max_attempts: 1, base_ms: 1, max_ms: 2}
gates: {exec: {kind: none}, rules: {max_chars: 1000000, min_chars: 0}}
"""
ROWS = 2


class Teacher(fd_teacher.Teacher):
    """Gives the same body to every request."""

    def __init__(self, content, reasoning="", prompt_tokens=1):
        message = {"role": "assistant", "content": "@", "reasoning_content": reasoning}
        body = json.dumps({"id": "x", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                           "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": 1}}).encode()
        body = body.replace(b'"@"', b'"' + content + b'"')

        def answer(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        super().__init__(answer)


class LargeAnswersTest(unittest.TestCase):
    def setUp(self):
        folder = fd.temporary_folder()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.run_dir = self.folder / "out" / "r"

    def run_with(self, teacher, expect, *settings):
        self.addCleanup(teacher.stop)
        (self.folder / "rows.jsonl").write_text("".join(json.dumps({"instruction": f"row {i}"}) + "\n"
                                                        for i in range(ROWS)))
        (self.folder / "job.yaml").write_text(CONFIG.replace("URL", teacher.url))
        self.command(expect, "run", self.folder / "job.yaml", "--out", self.folder / "out", "--run-id", "r", "--workers",
                     1, *(part for setting in settings for part in ("--set", setting)))

    def command(self, expect, *arguments):
        done = fd.run("fd-coordinator", *arguments)
        self.assertEqual(done.returncode, expect, done.stdout[-2000:] + done.stderr[-2000:])
        return done.stdout + done.stderr

    def test_texts_of_one_sample_beyond_a_frame_come_through_and_are_restored(self):
        teacher = Teacher(b"x" * 3_000_000)
        self.run_with(teacher, 0, "teacher.decode.n=8")
        self.assertEqual(teacher.requests, 8 * ROWS)
        outcomes = fd.outcomes(self.run_dir)
        self.assertEqual([[len(candidate["text"]) for candidate in outcome["candidates"]] for outcome in outcomes],
                         [[3_000_000] * 8] * ROWS)
        self.command(0, "verify", self.run_dir)
        # The ledger has them without these texts, and gives the same file.
        shard = self.run_dir / "shards" / "0000"
        before = (shard / "outcomes.jsonl").read_bytes()
        (shard / "outcomes.jsonl").unlink()
        self.command(0, "replay", shard, "--fresh")
        self.assertEqual((shard / "outcomes.jsonl").read_bytes(), before)
        self.assertEqual(teacher.requests, 8 * ROWS)

    def test_many_answers_with_long_reasoning_come_through(self):
        teacher = Teacher(b"short", reasoning="r" * 260_000)
        self.run_with(teacher, 0, "teacher.decode.n=64")
        self.assertEqual(teacher.requests, 64 * ROWS)
        self.assertEqual({len(outcome["candidates"]) for outcome in fd.outcomes(self.run_dir)}, {64})

    def test_replies_of_invalid_utf8_up_to_the_limit_fail_their_samples_alone(self):
        for size in (2_700_000, 3_000_000, 8_000_000):  # three times that as text
            with self.subTest(size):
                self.setUp()
                teacher = Teacher(b"\xff" * size)
                code = 0 if 3 * size < 8 << 20 else 4
                self.run_with(teacher, code)
                self.assertEqual(teacher.requests, ROWS)
                self.assertEqual({outcome["reason"] for outcome in fd.outcomes(self.run_dir)},
                                 {"format_error"} if code == 0 else {"provider_error"})
                self.command(code, "resume", self.run_dir)
                self.assertEqual(teacher.requests, ROWS if code == 0 else 2 * ROWS)

    def test_tokens_that_no_number_holds_are_capped_in_the_reports(self):
        teacher = Teacher(b"short", prompt_tokens=1 << 53)
        self.run_with(teacher, 0)
        report = json.loads((self.run_dir / "reports" / "cost_report.json").read_text())
        self.assertEqual(report["total"]["prompt_tokens"], 1 << 53)
        self.assertIn("complete", self.command(0, "resume", self.run_dir))
        self.command(0, "verify", self.run_dir)


if __name__ == "__main__":
    unittest.main()
