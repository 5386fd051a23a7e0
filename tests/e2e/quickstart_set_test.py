"""The quick-start set is what its script makes, its check finds what is wrong, and it can be run.

Usage: FD_BIN_DIR=build/release/bin quickstart_set_test.py
"""

import hashlib
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import fd_processes as fd

ROOT = pathlib.Path(__file__).resolve().parents[2]
SET = ROOT / "configs" / "text2sql"
SCRIPT = ROOT / "scripts" / "make_text2sql.py"
FIELDS = {"task_id", "schema", "instruction", "gold_sql", "db_path"}


def run_script(*arguments):
    return subprocess.run([sys.executable, "-B", SCRIPT, *arguments], capture_output=True, text=True,
                          timeout=120, check=False)


def read_rows():
    with open(SET / "samples.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def input_key(row):
    """What decides the sample id: the fields that text2sql.yaml names."""
    return row["schema"], row["instruction"]


class CommittedSet(unittest.TestCase):

    def test_is_byte_for_byte_what_the_script_makes(self):
        done = run_script("--check")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_has_three_databases_three_hundred_questions_and_duplicates(self):
        rows = read_rows()
        self.assertEqual({row["db_path"] for row in rows},
                         {"clinic.sqlite", "library.sqlite", "logistics.sqlite"})
        distinct = {input_key(row) for row in rows}
        self.assertGreaterEqual(len(distinct), 300)
        self.assertGreaterEqual(len(rows) - len(distinct), 10)

    def test_rows_have_the_fields_of_the_contract_and_ids_of_their_own(self):
        rows = read_rows()
        for number, row in enumerate(rows, 1):
            self.assertEqual(set(row), FIELDS, f"line {number}")
            self.assertTrue(all(isinstance(value, str) and value for value in row.values()),
                            f"line {number}")
        self.assertEqual(len({row["task_id"] for row in rows}), len(rows))

    def test_a_question_that_is_asked_twice_has_one_gold_and_database(self):
        answers = {}
        for number, row in enumerate(read_rows(), 1):
            answer = row["gold_sql"], row["db_path"]
            self.assertEqual(answers.setdefault(input_key(row), answer), answer, f"line {number}")

    def test_gold_queries_use_the_whole_of_everyday_sql(self):
        golds = [row["gold_sql"].upper() for row in read_rows()]
        for piece in ("JOIN", "LEFT JOIN", "GROUP BY", "HAVING", "ORDER BY", "LIMIT", "DISTINCT",
                      "IS NULL", "NOT EXISTS", "NOT IN (SELECT", "LIKE", "BETWEEN", "COUNT(",
                      "SUM(", "AVG(", "MAX("):
            self.assertTrue(any(piece in gold for gold in golds), piece)

    def test_sums_and_averages_of_prices_are_asked_for(self):
        # Their last digits depend on the order of the rows, which is no reason to leave them out.
        golds = [row["gold_sql"] for row in read_rows()]
        for piece in ("SELECT AVG(price)", "SELECT SUM(fee)", "SELECT SUM(shipment.cost)"):
            self.assertGreaterEqual(sum(piece in gold for gold in golds), 4, piece)

    def test_the_schema_in_a_prompt_is_that_of_its_database(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run_script("--databases", folder).returncode, 0)
            checked = set()
            for row in read_rows():
                if row["schema"] in checked:
                    continue
                checked.add(row["schema"])
                connection = sqlite3.connect(pathlib.Path(folder) / row["db_path"])
                tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
                expected = {
                    name: [column[1] for column in connection.execute(f"PRAGMA table_info({name})")]
                    for (name,) in tables}
                connection.close()
                shown = {}
                for table in row["schema"].split("; "):
                    name, columns = table.rstrip(")").split("(")
                    shown[name] = [column.split()[0] for column in columns.split(", ")]
                self.assertEqual(shown, expected, row["db_path"])
            self.assertEqual(len(checked), 3)


class Databases(unittest.TestCase):

    def test_are_built_with_equal_bytes_every_time(self):
        with tempfile.TemporaryDirectory() as folder:
            digests = []
            for part in ("one", "two"):
                target = pathlib.Path(folder) / part
                self.assertEqual(run_script("--databases", target).returncode, 0)
                digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                                for path in target.iterdir()})
            self.assertEqual(sorted(digests[0]),
                             ["clinic.sqlite", "library.sqlite", "logistics.sqlite"])
            self.assertEqual(digests[0], digests[1])

    def test_need_no_journal_and_have_pages_of_4096_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run_script("--databases", folder).returncode, 0)
            for path in pathlib.Path(folder).iterdir():
                connection = sqlite3.connect(path)
                self.assertEqual(connection.execute("PRAGMA journal_mode").fetchone(), ("delete",))
                self.assertEqual(connection.execute("PRAGMA page_size").fetchone(), (4096,))
                self.assertEqual(connection.execute("PRAGMA integrity_check").fetchone(), ("ok",))
                connection.close()


class Check(unittest.TestCase):
    """A copy of the set is damaged in one way, and the check has to name it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quickstart-set-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.copy = self.folder / "set"
        shutil.copytree(SET, self.copy)
        self.samples = self.copy / "samples.jsonl"

    def edit_row(self, number, change):
        """Changes the row on a line, 1-based."""
        lines = self.samples.read_text(encoding="utf-8").splitlines(keepends=True)
        row = json.loads(lines[number - 1])
        change(row)
        lines[number - 1] = json.dumps(row, ensure_ascii=False) + "\n"
        self.samples.write_text("".join(lines), encoding="utf-8")

    def assert_finds(self, *texts):
        done = run_script("--check", "--dir", self.copy)
        self.assertEqual(done.returncode, 1)
        for text in texts:
            self.assertIn(text, done.stderr)

    def test_accepts_an_untouched_copy(self):
        self.assertEqual(run_script("--check", "--dir", self.copy).returncode, 0)

    def test_finds_one_changed_byte(self):
        path = self.copy / "clinic.sql"
        text = path.read_bytes()
        path.write_bytes(text.replace(b"Cardiology", b"Cardiologi", 1))
        line = text[:text.index(b"Cardiology")].count(b"\n") + 1
        self.assert_finds(f"{path}:{line}: differs")

    def test_finds_a_missing_file(self):
        (self.copy / "library.sql").unlink()
        self.assert_finds(f"{self.copy / 'library.sql'}: missing")

    def test_finds_a_gold_query_that_does_not_run(self):
        self.edit_row(7, lambda row: row.update(gold_sql="SELECT no_such_column FROM nowhere"))
        self.assert_finds(f"{self.samples}:7: gold_sql: no such table: nowhere")

    def test_finds_a_gold_query_that_returns_nothing(self):
        self.edit_row(9, lambda row: row.update(gold_sql="SELECT 1 WHERE 0"))
        self.assert_finds(f"{self.samples}:9: gold_sql: an empty")

    def test_finds_a_row_that_names_no_database(self):
        self.edit_row(3, lambda row: row.update(db_path="other.sqlite"))
        self.assert_finds(f"{self.samples}:3: db_path: no such database")

    def test_finds_a_line_that_is_no_json(self):
        lines = self.samples.read_text(encoding="utf-8").splitlines(keepends=True)
        lines[4] = "{\n"
        self.samples.write_text("".join(lines), encoding="utf-8")
        self.assert_finds(f"{self.samples}:5: ")


class Run(unittest.TestCase):
    """The set goes through coordinator, workers and simulator, as scripts/quickstart.sh does it."""

    def setUp(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        for name in ("samples.jsonl", "text2sql.yaml", "quality_gates.yaml", "provider_gateway.yaml"):
            shutil.copy(SET / name, self.folder)
        self.assertEqual(run_script("--databases", self.folder).returncode, 0)
        self.simulator = fd.Simulator(self.folder, *fd.dataset_arguments(self.folder))
        self.addCleanup(self.simulator.stop)

    def complete(self, workers):
        """Runs the set in a folder of its own. Returns the run folder."""
        out = self.folder / f"with{workers}"
        done = fd.run("fd-coordinator", "run", self.folder / "text2sql.yaml", "--out", out, "--workers",
                      workers, "--set", "teacher.model=simulator", *fd.teacher(self.simulator.url))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return (out / "latest").resolve()

    def test_bytes_are_the_same_for_1_2_and_5_workers(self):
        reference = fd.stable_files(self.complete(1))
        self.assertGreater(len(reference), 50)
        for workers in (2, 5):
            self.assertEqual(fd.stable_files(self.complete(workers)), reference, f"{workers} workers")

    def test_duplicates_are_dropped_and_no_gold_is_at_fault(self):
        run_dir = self.complete(2)
        rows = read_rows()
        distinct = len({input_key(row) for row in rows})
        ingest = json.loads((run_dir / "run.json").read_text(encoding="utf-8"))["ingest"]
        self.assertEqual((ingest["raw"], ingest["invalid"], ingest["duplicate"]),
                         (len(rows), 0, len(rows) - distinct))
        report = fd.report(run_dir, "teacher_eval")
        self.assertEqual(report["kept"] + report["rejected"], distinct)
        self.assertEqual(report["failed"], 0)
        self.assertEqual(set(report["reject_reason_counts"]), {"gold_mismatch", "parse_error"})
        self.assertGreater(report["gold_match_rate"], 0.5)
        self.assertLess(report["gold_match_rate"], 0.9)


if __name__ == "__main__":
    unittest.main(verbosity=2)
