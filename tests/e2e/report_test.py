"""L12: the numbers of the reports, counted again from the shards, the export and the simulator's own log."""

import collections
import json
import unittest

import fd_processes as fd
from fd_job import REFUSED, Job
from fd_teacher import Teacher

PRICES = {"input": 3.0, "output": 15.0}  # per million tokens
Z = 1.959963984540054  # of a two-sided interval of 95 %


def lines(paths):
    return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]


def wilson(successes, total):
    """Wilson, Probable inference (1927)."""
    share, z2 = successes / total, Z * Z
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z / (1 + z2 / total) * (share * (1 - share) / total + z2 / (4 * total * total)) ** 0.5
    return [middle - half, middle + half]


def answer(handler, more):
    data = json.dumps({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "SELECT 1"}}],
                       **more}).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


class ReportTest(Job):
    def priced_run(self, simulator, name, *arguments, expect):
        prices = [word for key, value in PRICES.items()
                  for word in ("--set", f"gateway.providers.0.price_per_mtok.{key}={value}")]
        return self.run_job(simulator, name, *prices, *arguments, expect=expect)

    def check(self, run_dir):
        outcomes = lines(sorted(run_dir.glob("shards/*/outcomes.jsonl")))
        calls = lines(sorted(run_dir.glob("shards/*/calls.jsonl")))
        self.check_quality(fd.report(run_dir, "teacher_eval"), outcomes)
        self.check_quality(fd.report(run_dir, "distilled"), [one for one in outcomes if one["verdict"] == "kept"])
        self.check_cost(json.loads((run_dir / "reports" / "cost_report.json").read_text()), calls)
        rows = {name: (run_dir / "export" / f"{name}.jsonl").read_bytes().count(b"\n")
                for name in ("train", "valid", "rejected")}
        verdicts = collections.Counter(one["verdict"] for one in outcomes)
        self.assertEqual(rows["train"] + rows["valid"], verdicts["kept"])
        self.assertEqual(rows["rejected"], verdicts["rejected"])

    def check_quality(self, report, outcomes):
        verdicts = collections.Counter(one["verdict"] for one in outcomes)
        candidates = [candidate for one in outcomes for candidate in one["candidates"]]
        executed = [candidate for candidate in candidates if candidate["exec"] == "ok"]
        passed_rules = [candidate for candidate in candidates if candidate["rule"] == "ok"]
        matched = [candidate for candidate in candidates if candidate["gold_match"]]
        self.assertEqual(report["total"], len(outcomes))
        self.assertEqual([report[name] for name in ("kept", "rejected", "failed")],
                         [verdicts[name] for name in ("kept", "rejected", "failed")])
        for verdict, key in (("rejected", "reject_reason_counts"), ("failed", "failure_reason_counts")):
            self.assertEqual(report[key], collections.Counter(one["reason"] for one in outcomes
                                                              if one["verdict"] == verdict))
        self.assertEqual(report["candidates"]["total"], len(candidates))
        self.assertEqual(report["candidates"]["rules_passed"], len(passed_rules))
        self.assertEqual(report["candidates"]["executed"], len(executed))
        self.assertEqual(report["candidates"]["gold_matched"], len(matched))
        self.assertEqual(report["candidates"]["exec_error_counts"], collections.Counter(
            candidate["error_class"] for candidate in passed_rules if candidate["error_class"]))
        self.assertEqual(report["p_keep_denominator"], len(outcomes))
        self.assertAlmostEqual(report["p_keep"], verdicts["kept"] / len(outcomes), 12)
        for actual, expected in zip(report["p_keep_interval"], wilson(verdicts["kept"], len(outcomes))):
            self.assertAlmostEqual(actual, min(expected, 1.0), 9)

    def check_cost(self, report, calls):
        real = [call for call in calls if call["end"] != "in_doubt"]
        tokens = {key: sum(call[f"{key}_tokens"] for call in real) for key in ("prompt", "completion")}
        total = report["total"]
        self.assertEqual(total["calls"], len(real))
        self.assertEqual(total["attempts"], sum(call["attempts"] for call in real))
        self.assertEqual(total["answered"], sum(call["end"] == "answered" for call in real))
        self.assertEqual(total["prompt_tokens"], tokens["prompt"])
        self.assertEqual(total["completion_tokens"], tokens["completion"])
        # A call costs what its provider took when it was made; a first start without prices stays as it was.
        priced = [call for call in real if "price_per_mtok" in call]
        self.assertTrue(all(call["price_per_mtok"] == PRICES for call in priced))
        self.assertTrue(priced)
        self.assertAlmostEqual(
            total["cost"], sum(call["prompt_tokens"] * PRICES["input"] + call["completion_tokens"] * PRICES["output"]
                               for call in priced) / 1e6, 9)
        self.assertEqual(report["in_doubt"]["calls"], len(calls) - len(real))
        self.assertEqual(report["tokens"], {"input": tokens["prompt"], "cached_input": None, "output": tokens["completion"],
                                            "reasoning": None})  # fd-simulator does not report the other two
        for groups in ("providers", "by_role", "by_served_model", "by_start"):
            for key in ("calls", "answered", "attempts", "prompt_tokens", "completion_tokens"):
                self.assertEqual(sum(group[key] for group in report[groups].values()), total[key], (groups, key))
            self.assertAlmostEqual(sum(group["cost"] or 0 for group in report[groups].values()), total["cost"], 9)
        # Where the time of a call went: the parts of its last attempt are in what it took.
        for call in real:
            if call["end"] == "answered":
                self.assertLessEqual(call["connect_us"] + call["first_byte_us"], call["service_us"])

    def test_L12_the_numbers_are_those_of_the_files(self):
        simulator = self.simulator("--wrong", 0.2, "--reject-contains", REFUSED)
        run_dir = self.priced_run(simulator, "out", "--set", "teacher.decode.n=2", expect=4)
        self.check(run_dir)
        times = json.loads((run_dir / "reports" / "timing_report.json").read_text())["calls"]["local"]
        self.assertGreaterEqual(times["total"]["p50_ms"], times["first_byte"]["p50_ms"])
        # The calls are those that the teacher was asked for, by its own log.
        total = json.loads((run_dir / "reports" / "cost_report.json").read_text())["total"]
        self.assertEqual(total["attempts"], len(simulator.requests()))

    def test_cached_and_reasoning_tokens_are_on_the_bill(self):
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 60},
                 "completion_tokens_details": {"reasoning_tokens": 4}}
        prices = [word for key, value in {"input": 1, "cached_input": 0.1, "output": 2}.items()
                  for word in ("--set", f"gateway.providers.0.price_per_mtok.{key}={value}")]
        reports = []
        for number, more in enumerate(({}, {"usage": usage})):
            teacher = Teacher(lambda handler, more=more: answer(handler, more))
            self.addCleanup(teacher.stop)
            run_dir = self.run_job(teacher, f"out-{number}", *prices)
            self.command(0, "verify", run_dir)
            reports.append(json.loads((run_dir / "reports" / "cost_report.json").read_text()))
        silent, talkative = reports
        self.assertEqual(silent["tokens"], dict.fromkeys(("input", "cached_input", "output", "reasoning")))
        self.assertEqual(silent["unreported"]["calls"], fd.CALLS)
        self.assertEqual(talkative["tokens"], {"input": 100 * fd.CALLS, "cached_input": 60 * fd.CALLS, "output": 10 * fd.CALLS,
                                               "reasoning": 4 * fd.CALLS})
        self.assertAlmostEqual(talkative["total"]["cost"], fd.CALLS * (40 * 1 + 60 * 0.1 + 10 * 2) / 1e6, 12)

    def test_L12_also_after_calls_in_doubt_and_samples_that_were_asked_again(self):
        slow = self.simulator("--latency-ms", 100, "--reject-contains", REFUSED)
        process, run_dir = self.start_slow_run(slow, "out")
        process.kill()
        process.wait(fd.DEADLINE_S)
        prices = [word for key, value in PRICES.items()
                  for word in ("--set", f"gateway.providers.0.price_per_mtok.{key}={value}")]
        self.command(4, "resume", run_dir, *prices)
        self.check(run_dir)
        willing = self.simulator()
        self.command(0, "resume", run_dir, *prices, "--set", f"gateway.providers.0.base_url={willing.url}")
        self.check(run_dir)
        starts = json.loads((run_dir / "reports" / "cost_report.json").read_text())["by_start"]
        self.assertEqual(set(starts), {"1", "2", "3"})
        self.assertIsNone(starts["1"]["cost"])  # that start had no prices
        self.assertGreater(starts["2"]["cost"], 0)
        self.assertEqual((starts["3"]["calls"], starts["3"]["attempts"]), (3, 3))  # the rows that were refused before
        self.command(0, "verify", run_dir)


if __name__ == "__main__":
    unittest.main()
