"""A task that is no SQL: rows of a JSON array, chats with few-shot examples, and what of them is sent, exported, told and replayed."""

import json
import pathlib
import threading
import unittest

import fd_processes as fd
import fd_teacher

NOTES = ["slept 6 h", "refused breakfast", "line\u2028separator"]
EXAMPLES = [{"role": "user", "content": "{{note}} 1"}, {"role": "assistant", "content": "One."}]


class ChatTest(unittest.TestCase):
    def setUp(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.asked = []
        lock = threading.Lock()

        def answer(handler):
            messages = json.loads(handler.body)["messages"]
            with lock:
                self.asked.append(messages)
            text = "Note: " + messages[-1]["content"]
            body = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}).encode()
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.teacher = fd_teacher.Teacher(answer)
        self.addCleanup(self.teacher.stop)

    def write(self, rows, teacher, field):
        (self.folder / "notes.json").write_text("\ufeff" + json.dumps(rows, indent=2), encoding="utf-8")
        config = self.folder / "job.yaml"
        config.write_text(f"""task: notes
input: [notes.json]
contract: {{fields: [{field}]}}
teacher:
  model: m
{teacher}gateway:
  providers: [{{name: local, base_url: "{self.teacher.url}"}}]
  retry: {{base_ms: 10, max_ms: 50}}
gates: {{exec: {{kind: none}}}}
export: {{train_ratio: 1}}
""", encoding="utf-8")
        return config

    def command(self, expect, *arguments):
        done = fd.run("fd-coordinator", *arguments)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def run_job(self, config):
        self.command(0, "run", config, "--out", self.folder / "out")
        return (self.folder / "out" / "latest").resolve()

    def exported(self, run_dir):
        text = (run_dir / "export" / "train.jsonl").read_text(encoding="utf-8")
        return [json.loads(line)["messages"] for line in text.splitlines()]

    def test_a_chat_with_examples_is_sent_exported_told_and_replayed(self):
        shots = self.folder / "shots.jsonl"
        shots.write_text("".join(json.dumps(turn) + "\n" for turn in EXAMPLES), encoding="utf-8")
        config = self.write([{"note": note} for note in NOTES],
                            "  messages:\n    - {role: system, content: Be brief.}\n    - {role: user, content: '{{note}}'}\n"
                            "  examples: shots.jsonl\n", "note")
        run_dir = self.run_job(config)
        chats = [[{"role": "system", "content": "Be brief."}, *EXAMPLES, {"role": "user", "content": note}] for note in NOTES]
        self.assertCountEqual(self.asked, chats)
        self.assertCountEqual(self.exported(run_dir),
                              [[*chat, {"role": "assistant", "content": "Note: " + chat[-1]["content"]}] for chat in chats])

        sample = fd.outcomes(run_dir)[0]["sample_id"]
        told = self.command(0, "explain", run_dir, sample)
        self.assertRegex(told, r"as system +Be brief\.")
        self.assertRegex(told, r"as assistant +One\.")
        self.assertRegex(told, r"from +row \d of \S*notes\.json\n")

        shots.unlink()  # the run has its content
        shard = next(path.parent for path in run_dir.glob("shards/*/outcomes.jsonl"))
        self.assertIn("same digest", self.command(0, "replay", shard))
        self.command(0, "resume", run_dir)
        self.command(0, "verify", run_dir)
        self.assertEqual(len(self.asked), len(NOTES))
        self.assertIn("teacher.examples: 'shots.jsonl'", self.command(2, "run", config, "--out", self.folder / "out"))

    def test_other_examples_are_another_run(self):
        names = set()
        for word in "One.", "Two.":
            turns = [EXAMPLES[0], {"role": "assistant", "content": word}]
            (self.folder / "shots.jsonl").write_text("".join(json.dumps(turn) + "\n" for turn in turns), encoding="utf-8")
            config = self.write([{"note": NOTES[0]}], "  prompt: '{{note}}'\n  examples: shots.jsonl\n", "note")
            names.add(self.run_job(config).name)
        self.assertEqual(len(names), 2)
        self.assertEqual(len(self.asked), 2)

    def test_a_chat_of_the_row_is_sent_up_to_its_last_question(self):
        chat = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
                {"role": "user", "content": "r"}, {"role": "assistant", "content": "old"}]
        config = self.write([{"id": 2 ** 60 + 1, "chat": chat}], "  messages_field: chat\n  system_prompt: S\n", "chat")
        run_dir = self.run_job(config)
        sent = [{"role": "system", "content": "S"}, *chat[:3]]
        self.assertEqual(self.asked, [sent])
        self.assertEqual(self.exported(run_dir), [[*sent, {"role": "assistant", "content": "Note: r"}]])

    def test_a_chat_that_is_none_is_refused_before_anything_is_asked(self):
        config = self.write([{"chat": [{"from": "human", "value": "q"}]}], "  messages_field: chat\n", "chat")
        said = self.command(3, "run", config, "--out", self.folder / "out")
        self.assertIn("notes.json: row 1: field 'chat', which is to be a chat: turn 1 has 'from' and 'value' (ShareGPT)", said)
        self.assertEqual(self.asked, [])


if __name__ == "__main__":
    unittest.main()
