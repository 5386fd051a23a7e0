#!/usr/bin/env python3
"""Writes the data set of the benchmarks: many distinct questions over one small SQLite database.

usage: make_bench_set.py DIR [--rows 20000] [--seed 11]

DIR gets bench.sqlite, samples.jsonl, answers.jsonl (for `fd-simulator --answers`) and bench.yaml.
Rows are about 1 KiB. No two rows share their gold SQL, so that a cache of gold results cannot help.
Answers are other SQL text than the gold, so that both queries have to run: about 2 % equal the gold
text, 7 % give another result, 3 % do not run, 20 % stand in a fence. Tables are sized so that a
query takes SQLite about as long as a gold query of GeoQuery does. The same seed writes the same
rows.
"""
import argparse
import json
import os
import random
import sqlite3

TABLES = """
CREATE TABLE region(
  region_id INTEGER PRIMARY KEY, region_name TEXT NOT NULL, climate TEXT,
  area_km2 INTEGER NOT NULL, founded INTEGER);
CREATE TABLE town(
  town_id INTEGER PRIMARY KEY, town_name TEXT NOT NULL,
  region_id INTEGER NOT NULL REFERENCES region, population INTEGER NOT NULL,
  elevation_m INTEGER, mayor TEXT);
CREATE TABLE river(
  river_id INTEGER PRIMARY KEY, river_name TEXT NOT NULL, length_km INTEGER NOT NULL,
  discharge_m3s REAL);
CREATE TABLE crossing(
  river_id INTEGER NOT NULL REFERENCES river, region_id INTEGER NOT NULL REFERENCES region,
  bridges INTEGER NOT NULL, PRIMARY KEY(river_id, region_id));
CREATE TABLE peak(
  peak_id INTEGER PRIMARY KEY, peak_name TEXT NOT NULL,
  region_id INTEGER NOT NULL REFERENCES region, height_m INTEGER NOT NULL,
  first_climbed INTEGER);
"""

SCHEMA = (
    "region(region_id integer primary key, region_name text, climate text, area_km2 integer, "
    "founded integer); "
    "town(town_id integer primary key, town_name text, region_id integer references "
    "region(region_id), population integer, elevation_m integer, mayor text); "
    "river(river_id integer primary key, river_name text, length_km integer, discharge_m3s real); "
    "crossing(river_id integer references river(river_id), region_id integer references "
    "region(region_id), bridges integer); "
    "peak(peak_id integer primary key, peak_name text, region_id integer references "
    "region(region_id), height_m integer, first_climbed integer)"
)

CONFIG = """\
# Made by scripts/bench/make_bench_set.py: a benchmark, not an example of a good dataset.
task: bench
input: [samples.jsonl]
contract: {fields: [schema, instruction]}
teacher:
  model: stand-in
  system_prompt: Return SQL only.
  prompt: "Schema: {{schema}}\\nQuestion: {{instruction}}\\nSQL:"
  decode: {temperature: 0.2, top_p: 1.0, max_tokens: 512, n: 1, seed: 123}
gateway:
  providers:
    - {name: simulator, base_url: "http://127.0.0.1:1/v1", max_concurrency: 64}
gates:
  rules: {min_chars: 1, max_chars: 2000,
          banned_patterns: ['(?i)\\b(drop|delete|insert|update|attach)\\b']}
  exec: {kind: sqlite, sql: generation, gold: gold_sql, database: "{{db_path}}",
         max_steps: 50000000, max_rows: 10000, match: auto}
  select: {min_score: 0.5, require_exec: true, require_gold_match: true}
export: {formats: [chat], train_ratio: 0.9}
"""

SYLLABLES = ("al ber cor dun el fen gar hol is jor kel lin mar nor os pel quin ros sel tor ul ven "
             "wes yar zan").split()
CLIMATES = ["oceanic", "alpine", "continental", "steppe", None]


def make_names(luck, count):
    """Distinct made-up names, in a fixed order."""
    names = {}
    while len(names) < count:
        parts = [luck.choice(SYLLABLES) for _ in range(luck.randint(2, 3))]
        names["".join(parts).capitalize()] = None
    return list(names)


def make_database(path, luck):
    """Builds the database and returns the names of its regions."""
    if os.path.exists(path):
        os.remove(path)
    names = make_names(luck, 40 + 150 + 90 + 45)
    regions, towns, rivers, peaks = names[:40], names[40:190], names[190:280], names[280:]
    db = sqlite3.connect(path)
    db.execute("PRAGMA page_size = 4096")
    db.executescript(TABLES)
    db.executemany("INSERT INTO region VALUES (?, ?, ?, ?, ?)",
                   [(i, name, luck.choice(CLIMATES), luck.randint(1000, 400000),
                     luck.randint(900, 1900))
                    for i, name in enumerate(regions, 1)])
    db.executemany("INSERT INTO town VALUES (?, ?, ?, ?, ?, ?)",
                   [(i, name, luck.randint(1, 40), int(luck.lognormvariate(10.5, 1.2)),
                     luck.choice([None, luck.randint(0, 2400)]), luck.choice(peaks))
                    for i, name in enumerate(towns, 1)])
    db.executemany("INSERT INTO river VALUES (?, ?, ?, ?)",
                   [(i, name, luck.randint(20, 3000), round(luck.lognormvariate(4, 1), 1))
                    for i, name in enumerate(rivers, 1)])
    pairs = {(luck.randint(1, 90), luck.randint(1, 40)): None for _ in range(115)}
    db.executemany("INSERT INTO crossing VALUES (?, ?, ?)",
                   [(river, region, luck.randint(0, 40)) for river, region in pairs])
    db.executemany("INSERT INTO peak VALUES (?, ?, ?, ?, ?)",
                   [(i, name, luck.randint(1, 40), luck.randint(400, 6000),
                     luck.choice([None, luck.randint(1780, 1990)]))
                    for i, name in enumerate(peaks, 1)])
    db.commit()
    db.execute("VACUUM")
    db.close()
    return regions


# Each template returns (question, gold, answer): the answer is other text with the same rows.

def towns_above(luck, regions):
    region, people = luck.choice(regions), luck.randint(2000, 90000)
    return (f"Which towns in {region} have more than {people} inhabitants?",
            "SELECT town.town_name FROM town JOIN region ON town.region_id = region.region_id "
            f"WHERE region.region_name = '{region}' AND town.population > {people}",
            "SELECT t.town_name AS name FROM region r JOIN town t ON (t.region_id = r.region_id) "
            f"WHERE (r.region_name = '{region}') AND (t.population > {people})")


def count_towns(luck, regions):
    low = luck.randint(1000, 90000)
    high = low + luck.randint(500, 60000)
    return (f"How many towns have between {low} and {high} inhabitants?",
            f"SELECT COUNT(*) FROM town WHERE population BETWEEN {low} AND {high}",
            "SELECT COUNT(town_id) AS n FROM town "
            f"WHERE population >= {low} AND population <= {high}")


def largest_town(luck, regions):
    region, height = luck.choice(regions), luck.randint(50, 2400)
    return (f"What is the largest town of {region} that lies below {height} metres?",
            f"SELECT town_name FROM town WHERE elevation_m < {height} AND region_id = "
            f"(SELECT region_id FROM region WHERE region_name = '{region}') "
            "ORDER BY population DESC, town_name LIMIT 1",
            "SELECT t.town_name FROM town AS t INNER JOIN region AS r USING (region_id) "
            f"WHERE r.region_name = '{region}' AND t.elevation_m < {height} "
            "ORDER BY t.population DESC, t.town_name ASC LIMIT 1")


def long_rivers(luck, regions):
    length, flow = luck.randint(100, 2900), luck.randint(5, 200)
    return (f"List the rivers longer than {length} km that carry over {flow} cubic metres a "
            "second, longest first.",
            f"SELECT river_name, length_km FROM river WHERE length_km > {length} "
            f"AND discharge_m3s > {flow} ORDER BY length_km DESC, river_name",
            f"SELECT rv.river_name, rv.length_km FROM river rv WHERE (rv.discharge_m3s > {flow}) "
            f"AND (rv.length_km > {length}) ORDER BY rv.length_km DESC, rv.river_name")


def region_bridges(luck, regions):
    region, length = luck.choice(regions), luck.randint(20, 2500)
    return (f"How many bridges cross rivers of at least {length} km in {region}?",
            "SELECT SUM(crossing.bridges) FROM crossing "
            "JOIN river ON river.river_id = crossing.river_id "
            "JOIN region ON region.region_id = crossing.region_id "
            f"WHERE region.region_name = '{region}' AND river.length_km >= {length}",
            "SELECT SUM(c.bridges) AS total FROM region AS g, crossing AS c, river AS v "
            "WHERE g.region_id = c.region_id AND v.river_id = c.river_id "
            f"AND g.region_name = '{region}' AND v.length_km >= {length}")


def crowded_regions(luck, regions):
    people, count = luck.randint(1000, 90000), luck.randint(2, 5)
    return (f"Which regions have at least {count} towns of more than {people} inhabitants?",
            "SELECT region.region_name, COUNT(*) FROM region "
            "JOIN town ON town.region_id = region.region_id "
            f"WHERE town.population > {people} GROUP BY region.region_id "
            f"HAVING COUNT(*) >= {count}",
            "SELECT r.region_name, x.n FROM region r JOIN "
            f"(SELECT region_id, COUNT(*) AS n FROM town WHERE population > {people} "
            f"GROUP BY region_id) AS x ON x.region_id = r.region_id WHERE x.n >= {count}")


def high_peaks(luck, regions):
    height, year = luck.randint(500, 5800), luck.randint(1800, 1985)
    return (f"Name the peaks above {height} metres that were first climbed before {year} or never.",
            f"SELECT peak_name FROM peak WHERE height_m > {height} "
            f"AND (first_climbed < {year} OR first_climbed IS NULL)",
            f"SELECT DISTINCT p.peak_name FROM peak p WHERE p.height_m > {height} "
            f"AND COALESCE(p.first_climbed, 0) < {year}")


def peakless_regions(luck, regions):
    height, area = luck.randint(500, 5800), luck.randint(1000, 390000)
    return (f"Which regions larger than {area} square kilometres have no peak above {height} "
            "metres?",
            f"SELECT region_name FROM region WHERE area_km2 > {area} AND region_id NOT IN "
            f"(SELECT region_id FROM peak WHERE height_m > {height})",
            f"SELECT r.region_name FROM region r WHERE r.area_km2 > {area} AND NOT EXISTS "
            f"(SELECT 1 FROM peak p WHERE p.region_id = r.region_id AND p.height_m > {height})")


TEMPLATES = [towns_above, count_towns, largest_town, long_rivers, region_bridges, crowded_regions,
             high_peaks, peakless_regions]


def spoil(luck, gold, answer):
    """Makes the answer equal to the gold, wrong, or broken, now and then; may add a fence."""
    chance = luck.random()
    if chance < 0.02:
        answer = gold
    elif chance < 0.09:
        answer = f"SELECT COUNT(*) + 1000000 FROM ({answer})"
    elif chance < 0.12:
        answer = luck.choice([answer.replace("SELECT", "SELECT no_such_column,", 1),
                              answer + " WHERE ("])
    if luck.random() < 0.2:
        answer = f"Here is the query:\n```sql\n{answer};\n```"
    return answer


def make_rows(luck, regions, count):
    """Yields (row, answer); questions and gold texts are all distinct."""
    questions, golds = set(), set()
    while len(golds) < count:
        question, gold, answer = luck.choice(TEMPLATES)(luck, regions)
        if question in questions or gold in golds:
            continue
        questions.add(question)
        golds.add(gold)
        row = {"task_id": f"bench-{len(golds):06d}", "schema": SCHEMA, "instruction": question,
               "gold_sql": gold, "db_path": "bench.sqlite"}
        yield row, spoil(luck, gold, answer)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir")
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    if not 1 <= options.rows <= 1_000_000:
        parser.error("--rows must be in [1, 1000000]")
    os.makedirs(options.dir, exist_ok=True)
    luck = random.Random(options.seed)
    regions = make_database(os.path.join(options.dir, "bench.sqlite"), luck)
    with open(os.path.join(options.dir, "samples.jsonl"), "w") as samples, \
            open(os.path.join(options.dir, "answers.jsonl"), "w") as answers:
        for row, answer in make_rows(luck, regions, options.rows):
            samples.write(json.dumps(row) + "\n")
            answers.write(json.dumps({"question": row["instruction"], "answer": answer}) + "\n")
    with open(os.path.join(options.dir, "bench.yaml"), "w") as config:
        config.write(CONFIG)


if __name__ == "__main__":
    main()
