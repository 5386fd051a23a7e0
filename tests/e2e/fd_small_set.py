"""A set of nine rows of which each ends in another way: what tests/data/run_v1 was made from. It never changes, or
that run's answers would be no answers to it."""

import json
import pathlib
import sqlite3

RUN_ID = "small-1"
SCHEMA = "item(id, name, price)"
# question, gold (None: the row has none), the teacher's answer
ROWS = (
    ("Which items cost more than 5?", "SELECT name FROM item WHERE price > 5 ORDER BY id",
     "SELECT name FROM item WHERE price > 5 ORDER BY id"),
    ("How many items are there?", "SELECT COUNT(*) FROM item",
     "<think>They want a number.</think>Here it is:\n```sql\nSELECT COUNT(id) FROM item;\n```\nThat counts them."),
    ("What does the first item cost?", "SELECT price FROM item WHERE id = 1", "SELECT price FROM item WHERE id = 2"),
    ("Which item is called grün?", "SELECT id FROM item WHERE name = 'grün'", "SELECT id FROM item WHERE naam = 'grün'"),
    ("Name all items.", "SELECT name FROM item", "SELCT name FROM item"),
    ("Which item is the dearest?", "SELECT nothing FROM nowhere", "SELECT name FROM item ORDER BY price DESC LIMIT 1"),
    ("How much do all items cost?", None, "SELECT SUM(price) FROM item"),
    ("Remove the items.", "SELECT 1", "DROP TABLE item"),
    ("Say nothing.", "SELECT 2", "   "),
)
CONFIG = """task: small
input: [samples.jsonl]
contract: {fields: [schema, instruction], strict: false, id_fields: [task_id]}
sharding: {shards: 2}
teacher:
  model: simulator
  system_prompt: Return SQL only.
  prompt: "Schema: {{schema}}\\nQuestion: {{instruction}}\\nSQL:"
  decode: {temperature: 0.2, max_tokens: 512, n: 2, seed: 123, stop: [";;"]}
gateway:
  providers:
    - {name: local, base_url: "http://127.0.0.1:1/v1", max_concurrency: 4, price_per_mtok: {input: 1, output: 2}}
  retry: {base_ms: 10, max_ms: 50}
  outage_timeout_s: 1
  startup_timeout_s: 1
gates:
  rules: {banned_patterns: ['(?i)\\bdrop\\b']}
export: {train_ratio: 0.5}
"""


def write(folder):
    """Writes config, rows, database and the teacher's answers. Returns the path of the config."""
    folder = pathlib.Path(folder)
    database = sqlite3.connect(folder / "shop.sqlite")
    database.execute("PRAGMA page_size = 512")
    database.execute("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price INTEGER)")
    database.executemany("INSERT INTO item VALUES(?, ?, ?)", [(1, "red", 3), (2, "grün", 7), (3, "blue", 11)])
    database.commit()
    database.close()
    rows = []
    for number, (question, gold, _) in enumerate(ROWS):
        row = {"task_id": f"t{number}", "schema": SCHEMA, "instruction": question, "db_path": "shop.sqlite"}
        rows.append(row if gold is None else row | {"gold_sql": gold})
    lines = [json.dumps(row, ensure_ascii=False) for row in [*rows, rows[0]]] + ['{"schema": 1}']
    (folder / "samples.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "answers.jsonl").write_text(
        "".join(json.dumps({"question": question, "answer": answer}, ensure_ascii=False) + "\n"
                for question, _, answer in ROWS), encoding="utf-8")
    (folder / "small.yaml").write_text(CONFIG, encoding="utf-8")
    return folder / "small.yaml"
