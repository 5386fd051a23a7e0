#!/usr/bin/env python3
"""The yardstick: one asyncio + aiohttp process that does the job of `fd-coordinator run`.

usage: baseline_aiohttp.py DIR --base-url URL --out OUT [--concurrency 64] [--limit N]
                           [--shard I/N]

DIR is what make_bench_set.py writes. Read the rows, canonicalize, hash, drop duplicates; ask the
model with that many calls in flight over kept-alive connections; clean the answer, apply the
rules, run gold and answer read-only, compare, score, select; write train.jsonl, valid.jsonl and
rejected.jsonl, in id order. Without any durability: no journal, ledger, shards, manifests or
recovery. Written to be fast: one session, rows and queries handled without threads, databases
opened once and immutable, patterns compiled once, one write per file.

With --shard I/N it is one of N processes side by side: it takes the rows whose number is I modulo
N, and I is in [0, N). Each process then drops only its own duplicates.

Prints one line of JSON: counts, wall time, CPU time of this process, latency.
Needs Debian's python3-aiohttp.
"""
import argparse
import asyncio
import collections
import hashlib
import itertools
import json
import os
import re
import resource
import sqlite3
import sys
import time

import aiohttp
import yarl

TASK = "bench"
FIELDS = ("schema", "instruction")
MODEL = "stand-in"
SYSTEM_PROMPT = "Return SQL only."
DECODE = {"temperature": 0.2, "top_p": 1.0, "max_tokens": 512, "seed": 123}
MIN_CHARS, MAX_CHARS = 1, 2000
BANNED = re.compile(r"\b(drop|delete|insert|update|attach)\b", re.IGNORECASE)
MAX_STEPS, MAX_ROWS = 50_000_000, 10_000
SCORE_GOLD, SCORE_EXEC, SCORE_FAIL, MIN_SCORE = 1.0, 0.5, 0.0, 0.5
TRAIN_RATIO = 0.9
MAX_ATTEMPTS = 6

THINK = re.compile(r"<think>.*?</think>", re.DOTALL)
FENCE = re.compile(r"```[A-Za-z]*[ \t]*\n(.*?)```", re.DOTALL)
ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)

# Keys are sorted, and text is written as RFC 8785 asks; the fields of this set are text, so that
# numbers do not arise.
encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
sha256 = hashlib.sha256


class Sample:
    __slots__ = ("sample_id", "row", "prompt", "answer", "sql", "verdict", "score")


def read_samples(path, limit, shard):
    """Returns the distinct samples in input order, and the counts of rows and duplicates."""
    seen, samples, raw = set(), [], 0
    with open(path, "rb") as file:
        for line in itertools.islice(file, shard[0], limit or None, shard[1]):
            raw += 1
            row = json.loads(line)
            content = {name: row[name] for name in FIELDS if row[name] is not None}
            text = encode({"canonical_input": content, "task": TASK, "v": 1})
            sample_id = sha256(text.encode()).hexdigest()
            if sample_id in seen:
                continue
            seen.add(sample_id)
            sample = Sample()
            sample.sample_id, sample.row = sample_id, row
            sample.prompt = f"Schema: {row['schema']}\nQuestion: {row['instruction']}\nSQL:"
            samples.append(sample)
    return samples, raw, raw - len(samples)


class Databases:
    """Read-only connections by path, opened once."""

    def __init__(self, folder):
        self.folder = folder
        self.open = {}

    def get(self, name):
        found = self.open.get(name)
        if found is None:
            path = os.path.abspath(os.path.join(self.folder, name))
            # isolation_level None spares a check of each text.
            found = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True,
                                    isolation_level=None)
            found.execute("PRAGMA query_only = 1")
            found.set_progress_handler(lambda: 1, MAX_STEPS)
            self.open[name] = found
        return found


def run_query(db, sql):
    """Returns the rows, or the name of what went wrong."""
    try:
        rows = db.execute(sql).fetchmany(MAX_ROWS + 1)
    except sqlite3.OperationalError as error:
        return "step_limit" if "interrupted" in str(error) else "exec_error"
    except (sqlite3.Error, sqlite3.Warning):
        return "exec_error"
    return "row_limit" if len(rows) > MAX_ROWS else rows


def same_rows(gold_sql, gold, rows):
    if gold == rows:
        return True
    if len(gold) != len(rows) or ORDERED.search(gold_sql):
        return False
    return collections.Counter(gold) == collections.Counter(rows)


def clean(text):
    if "<think>" in text:
        text = THINK.sub("", text)
    if "```" in text:
        fence = FENCE.search(text)
        if fence:
            text = fence.group(1)
    return text.strip().rstrip(";").rstrip()


def judge(sample, databases):
    """Gates of one answer: sets sql, verdict (None: kept) and score."""
    sql = sample.sql = clean(sample.answer)
    sample.score = SCORE_FAIL
    if len(sql) < MIN_CHARS:
        return "empty_output"
    if len(sql) > MAX_CHARS:
        return "too_long"
    if BANNED.search(sql):
        return "banned_pattern"
    db = databases.get(sample.row["db_path"])
    gold = run_query(db, sample.row["gold_sql"])
    if isinstance(gold, str):
        return "gold_error"
    rows = run_query(db, sql)
    if isinstance(rows, str):
        return rows
    if not same_rows(sample.row["gold_sql"], gold, rows):
        sample.score = SCORE_EXEC
        return "gold_mismatch"
    sample.score = SCORE_GOLD
    return None if sample.score >= MIN_SCORE else "score_low"


async def ask(session, url, body):
    """Returns the reply of the chat endpoint; 429, 5xx and broken connections are tried again."""
    for attempt in range(MAX_ATTEMPTS):
        try:
            async with session.post(url, data=body) as response:
                reply = await response.read()
                if response.status == 200:
                    return json.loads(reply)
                if response.status != 429 and response.status < 500:
                    return None
        except (aiohttp.ClientError, ValueError):
            pass
        await asyncio.sleep(0.5 * 2**attempt)
    return None


async def work(session, url, queue, databases, latencies, tokens):
    """One of the calls in flight: takes samples until there are none."""
    head = {"model": MODEL, **DECODE}
    for sample in queue:
        messages = [{"role": "system", "content": SYSTEM_PROMPT},
                    {"role": "user", "content": sample.prompt}]
        body = encode({**head, "messages": messages}).encode()
        start = time.perf_counter()
        reply = await ask(session, url, body)
        latencies.append(time.perf_counter() - start)
        if reply is None:
            sample.verdict, sample.answer, sample.sql, sample.score = "failed", None, None, None
            continue
        sample.answer = reply["choices"][0]["message"]["content"] or ""
        usage = reply.get("usage") or {}
        tokens[0] += usage.get("prompt_tokens", 0)
        tokens[1] += usage.get("completion_tokens", 0)
        sample.verdict = judge(sample, databases)


def write_export(samples, out):
    """Writes the three files; returns the ids of what was kept."""
    os.makedirs(out, exist_ok=True)
    lines = {"train": [], "valid": [], "rejected": []}
    for sample in sorted(samples, key=lambda sample: sample.sample_id):
        if sample.verdict is None:
            digest = sha256(sample.sample_id.encode()).digest()
            draw = int.from_bytes(digest[:4], "big") / (2**32 - 1)
            name = "train" if draw < TRAIN_RATIO else "valid"
            messages = [{"role": "system", "content": SYSTEM_PROMPT},
                        {"role": "user", "content": sample.prompt},
                        {"role": "assistant", "content": sample.sql}]
            entry = {"messages": messages, "metadata": {"sample_id": sample.sample_id}}
        else:
            name = "rejected"
            entry = {"sample_id": sample.sample_id, "reason": sample.verdict,
                     "answer": sample.answer, "text": sample.sql, "score": sample.score}
        lines[name].append(encode(entry))
    for name, entries in lines.items():
        with open(os.path.join(out, f"{name}.jsonl"), "w", encoding="utf-8") as file:
            file.write("".join(entry + "\n" for entry in entries))


async def distill(options):
    path = os.path.join(options.dir, "samples.jsonl")
    samples, raw, duplicates = read_samples(path, options.limit, options.shard)
    databases, latencies, tokens = Databases(options.dir), [], [0, 0]
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector,
                                     headers={"Content-Type": "application/json"},
                                     timeout=aiohttp.ClientTimeout(total=120),
                                     cookie_jar=aiohttp.DummyCookieJar()) as session:
        queue, url = iter(samples), yarl.URL(options.base_url.rstrip("/") + "/chat/completions")
        await asyncio.gather(*[work(session, url, queue, databases, latencies, tokens)
                               for _ in range(options.concurrency)])
    write_export(samples, options.out)
    verdicts = collections.Counter(sample.verdict or "kept" for sample in samples)
    latencies.sort()
    p50_ms = round(latencies[len(latencies) // 2] * 1e3, 3) if latencies else None
    return {"raw": raw, "duplicate": duplicates, "kept": verdicts.pop("kept", 0),
            "reasons": dict(verdicts), "tokens": sum(tokens), "p50_ms": p50_ms}


def parse_shard(text):
    """Returns (I, N) of the text I/N."""
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
    shard = (int(found[1]), int(found[2])) if found else (0, 0)
    if shard[0] >= shard[1]:
        raise argparse.ArgumentTypeError(f"{text} is not I/N with I below N")
    return shard


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--shard", type=parse_shard, default=(0, 1))
    options = parser.parse_args()
    start = time.perf_counter()
    result = asyncio.run(distill(options))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result["wall_s"] = round(time.perf_counter() - start, 3)
    result["cpu_s"] = round(usage.ru_utime + usage.ru_stime, 3)
    result["cpu_us_per_sample"] = round(result["cpu_s"] * 1e6 / max(1, result["raw"]), 1)
    print(json.dumps(result))
    return 1 if result["reasons"].get("failed") else 0


if __name__ == "__main__":
    sys.exit(main())
