#!/usr/bin/env python3
"""Makes the quick-start set in configs/text2sql: three databases as SQL text, and samples.jsonl.

  make_text2sql.py                   write the files
  make_text2sql.py --check           make them in memory, compare every byte with the files, and run
                                     every gold query; exit code 1 and what is wrong if anything is
  make_text2sql.py --databases DIR   build DIR/<name>.sqlite from the SQL texts, unless it is newer
  --dir DIR                          the folder of the set (default: configs/text2sql)

The set is made from templates and a seed, so that anyone can make it again and extend it. The gold
queries are chosen so that they return something, and the same thing whatever order the database
visits its rows in: an answer that is right is never called wrong for a tie.
"""

import argparse
import collections
import json
import os
import pathlib
import sqlite3
import sys

sys.dont_write_bytecode = True  # the source folder stays as it was checked out

from text2sql_set import clinic, library, logistics  # noqa: E402
from text2sql_set.tools import Dice, literal  # noqa: E402

SEED = 20240817
DOMAINS = (library, clinic, logistics)
DUPLICATES = 12
DISTINCT_MIN = 300
DEFAULT_DIR = pathlib.Path(__file__).resolve().parent.parent / "configs" / "text2sql"


def sql_text(domain, tables):
    """Returns the database as SQL text, one row a line."""
    parts = [f"-- {domain.__doc__}\n-- Made by scripts/make_text2sql.py; do not edit.\n"]
    parts += [table.create_text() for table in domain.TABLES]
    for table in domain.TABLES:
        values = ",\n".join("  (" + ", ".join(literal(v) for v in row) + ")"
                            for row in tables[table.name])
        parts.append(f"INSERT INTO {table.name} VALUES\n{values};\n")
    return "\n".join(parts)


def build_database(text, path):
    """Builds the database of an SQL text at a path (or ":memory:") and returns the connection.

    Equal text gives equal bytes with one version of SQLite, whatever the time.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA page_size=4096; PRAGMA journal_mode=DELETE;")
    connection.executescript("BEGIN;\n" + text + "COMMIT;\nVACUUM;\n")
    return connection


def rounded(value):
    """Returns a number as the gate compares it: the last digits of a sum depend on its order."""
    return float(f"{value:.11e}") if isinstance(value, float) else value


def results(connection, sql):
    """Returns what a query gives when rows are visited in order, and in reverse order."""
    both = []
    for reverse in (0, 1):
        connection.execute(f"PRAGMA reverse_unordered_selects={reverse}")
        rows = [tuple(map(rounded, row)) for row in connection.execute(sql)]
        both.append(rows if " ORDER BY " in sql else sorted(rows, key=repr))
    return both


def worth_asking(connection, sql):
    """Returns whether a query says something, and is clear about what."""
    forward, backward = results(connection, sql)
    nothing = all(value in (None, 0) for row in forward for value in row)
    return forward == backward and not nothing


def questions(domain, tables, connection, dice):
    """Returns the (question, sql) pairs of a domain."""
    found = {}
    for template in domain.templates(tables):
        taken = 0
        for question, sql in template.filled(dice):
            if taken == template.count:
                break
            if question not in found and worth_asking(connection, sql):
                found[question] = sql
                taken += 1
        if taken == 0:
            raise SystemExit(f"{domain.NAME}: no value fits the template {template.asks[0]!r}")
    return list(found.items())


def with_duplicates(samples, dice):
    """Returns the samples with some of them once more, further down, half with keys reordered."""
    rows = list(samples)
    for i in range(DUPLICATES):
        first = dice.between(0, len(rows) // 2)
        again = dict(reversed(rows[first].items())) if i % 2 else dict(rows[first])
        rows.insert(dice.between(len(rows) * 2 // 3, len(rows)), again)
    return rows


def make_files():
    """Returns {file name: text} of the whole set."""
    files, samples = {}, []
    for number, domain in enumerate(DOMAINS):
        # Dice of their own: a change of one domain, or of its questions only, moves nothing else.
        tables = domain.rows(Dice(SEED + 2 * number))
        dice = Dice(SEED + 2 * number + 1)
        files[f"{domain.NAME}.sql"] = text = sql_text(domain, tables)
        schema = "; ".join(table.prompt_text() for table in domain.TABLES)
        connection = build_database(text, ":memory:")
        samples += [{"task_id": "", "schema": schema, "instruction": question, "gold_sql": sql,
                     "db_path": f"{domain.NAME}.sqlite"}
                    for question, sql in questions(domain, tables, connection, dice)]
    dice = Dice(SEED - 1)
    seen = collections.Counter()
    lines = []
    for row in with_duplicates(dice.shuffled(samples), dice):
        name = row["db_path"].removesuffix(".sqlite")
        seen[name] += 1
        row["task_id"] = f"{name}-{seen[name]:04d}"
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    files["samples.jsonl"] = "".join(lines)
    return files


def first_difference(made, found):
    """Returns the 1-based line where two texts part."""
    made, found = made.split("\n"), found.split("\n")
    for number, (one, other) in enumerate(zip(made, found), 1):
        if one != other:
            return number
    return min(len(made), len(found)) + 1


def compare_files(folder):
    """Returns what differs between the files of a folder and what would be made."""
    problems = []
    for name, made in make_files().items():
        path = folder / name
        found = path.read_bytes() if path.exists() else None
        if found is None:
            problems.append(f"{path}: missing")
        elif found != made.encode():
            line = first_difference(made, found.decode("utf-8", "replace"))
            problems.append(f"{path}:{line}: differs from what this script makes")
    return problems


def check_database(path):
    """Returns (connection or None, problems) of one SQL text."""
    try:
        connection = build_database(path.read_text(encoding="utf-8"), ":memory:")
    except (OSError, sqlite3.Error) as error:
        return None, [f"{path}: {error}"]
    orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    return connection, [f"{path}: row {orphan[1]} of {orphan[0]} refers to no row of {orphan[2]}"
                        for orphan in orphans]


def check_samples(folder, connections):
    """Runs every gold query of the set. Returns (problems, distinct, duplicates)."""
    problems, golds, duplicates = [], {}, 0
    path = folder / "samples.jsonl"
    if not path.exists():
        return problems, 0, 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            key = (row["schema"], row["instruction"])
            gold, connection = row["gold_sql"], connections.get(row["db_path"])
        except (ValueError, KeyError) as error:
            problems.append(f"{path}:{number}: {error!r}")
            continue
        duplicates += key in golds
        if golds.setdefault(key, gold) != gold:
            problems.append(f"{path}:{number}: another gold query for the same question")
        try:
            if connection is None:
                problems.append(f"{path}:{number}: db_path: no such database")
            elif not worth_asking(connection, gold):
                problems.append(f"{path}:{number}: gold_sql: an empty or ambiguous result")
        except sqlite3.Error as error:
            problems.append(f"{path}:{number}: gold_sql: {error}")
    return problems, len(golds), duplicates


def check(folder):
    """Checks the files of a folder. Returns the exit code."""
    problems = compare_files(folder)
    connections = {}
    for domain in DOMAINS:
        connection, found = check_database(folder / f"{domain.NAME}.sql")
        connections[f"{domain.NAME}.sqlite"] = connection
        problems += found
    found, distinct, duplicates = check_samples(folder, connections)
    problems += found
    if distinct < DISTINCT_MIN or duplicates < DUPLICATES:
        problems.append(f"{distinct} distinct questions and {duplicates} duplicates: at least "
                        f"{DISTINCT_MIN} and {DUPLICATES} are needed")
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{len(DOMAINS)} databases, {distinct} questions, {duplicates} duplicate rows: "
              "as made, and every gold query runs")
    return 1 if problems else 0


def write(folder):
    """Writes the set."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in make_files().items():
        (folder / name).write_bytes(text.encode())


def build_databases(folder, target):
    """Builds what is missing or older than its SQL text; each file appears whole or not at all."""
    target.mkdir(parents=True, exist_ok=True)
    for domain in DOMAINS:
        source, path = folder / f"{domain.NAME}.sql", target / f"{domain.NAME}.sqlite"
        if path.exists() and path.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        partial = target / f".{domain.NAME}.sqlite.{os.getpid()}"
        partial.unlink(missing_ok=True)
        build_database(source.read_text(encoding="utf-8"), str(partial)).close()
        os.replace(partial, path)


def main():
    """Reads the command line. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="compare, and run every gold query")
    parser.add_argument("--databases", type=pathlib.Path, metavar="DIR",
                        help="build the databases from the SQL texts")
    parser.add_argument("--dir", type=pathlib.Path, default=DEFAULT_DIR, metavar="DIR",
                        help="the folder of the set (default: configs/text2sql)")
    options = parser.parse_args()
    if options.check:
        return check(options.dir)
    if options.databases:
        build_databases(options.dir, options.databases)
    else:
        write(options.dir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
