"""One endpoint of three fails, in every way that endpoints fail: no sample fails that another could have served."""

import socket
import unittest

import fd_bad_endpoints as bad
import fd_processes as fd
from fd_job import Job
from fd_teacher import Teacher

REFUSAL_LIMIT = 8
NO_ENDPOINT = 10


def dead_url():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{holder.getsockname()[1]}/v1"


class Endpoints(Job):
    def failing(self, kind, good):
        """Returns an endpoint of this kind: its URL, and its Teacher."""
        reply = bad.KINDS[kind]
        if reply is None:
            return dead_url(), None
        teacher = Teacher(lambda handler: reply(handler, good))
        self.addCleanup(teacher.stop)
        return teacher.url, teacher

    def run_at(self, endpoints, name, priorities=None, expect=0, **keys):
        config = bad.config_with(self.config, bad.gateway(endpoints, priorities, **keys), self.folder / f"{name}.yaml")
        said = self.command(expect, "run", config, "--out", self.folder / name, "--workers", 2)
        return (self.folder / name / "latest").resolve(), said

    def train(self, run_dir):
        return (run_dir / "export" / "train.jsonl").read_bytes()


class OneOfThreeTest(Endpoints):
    def test_no_sample_fails_that_a_healthy_endpoint_could_have_served(self):
        one = self.simulator("--latency-ms", 20)
        two = self.simulator("--latency-ms", 20)
        healthy, _ = self.run_at([("one", one.url, 8), ("two", two.url, 8)], "healthy")
        for kind in bad.KINDS:
            with self.subTest(kind):
                url, teacher = self.failing(kind, one.url)
                timeout = 1 if kind == "late" else 60
                run_dir, _ = self.run_at([("bad", url, 8), ("one", one.url, 8), ("two", two.url, 8)],
                                         kind.replace(" ", "-"), request_timeout_s=timeout)
                self.assertEqual(self.train(run_dir), self.train(healthy))
                self.assertEqual([one for one in fd.outcomes(run_dir) if one["verdict"] == "failed"], [])
                if kind in bad.REFUSING:
                    self.assertLessEqual(teacher.requests, REFUSAL_LIMIT + 4)  # and probes


class FewRowsTest(Endpoints):
    """A worker with few calls has a share of one endpoint alone."""

    def test_no_row_fails_and_none_waits_where_two_of_three_answer(self):
        one = self.simulator("--latency-ms", 20)
        samples = self.folder / "samples.jsonl"
        lines = samples.read_text(encoding="utf-8").splitlines(keepends=True)
        for count in (1, 2):
            samples.write_text("".join(lines[60:60 + count]), encoding="utf-8")
            for kind in bad.KINDS:
                with self.subTest(kind=kind, rows=count):
                    url, _ = self.failing(kind, one.url)
                    run_dir, _ = self.run_at([("bad", url, 8), ("one", one.url, 8), ("two", one.url, 8)],
                                             f"{kind.replace(' ', '-')}-{count}")
                    outcomes = fd.outcomes(run_dir)
                    self.assertEqual(len(outcomes), count)
                    self.assertEqual([one for one in outcomes if one["verdict"] == "failed"], [])


class PriorityTest(Endpoints):
    def test_the_reserve_is_asked_while_the_others_are_out_and_then_alone(self):
        first = self.simulator("--latency-ms", 20)
        reserve = self.simulator("--latency-ms", 20)
        ends = [("first", first.url, 8), ("reserve", reserve.url, 8)]
        calm, _ = self.run_at(ends, "calm", {"reserve": 1})
        self.assertFalse(reserve.log.exists() and reserve.requests())
        asked = len(first.requests())
        for kind in sorted(set(bad.KINDS) - {"slow to begin"}):  # which is to be waited for
            with self.subTest(kind):
                url, _ = self.failing(kind, first.url)
                run_dir, _ = self.run_at([("bad", url, 8), ("reserve", reserve.url, 8)], kind.replace(" ", "-"), {"reserve": 1},
                                         request_timeout_s=1 if kind == "late" else 60)
                self.assertEqual(self.train(run_dir), self.train(calm))
        self.assertGreater(len(reserve.requests()), asked)


class LoadingTest(Endpoints):
    def test_one_that_never_gets_ready_is_asked_now_and_then_and_ends_the_run_in_the_end(self):
        """Each worker has a few calls there, which say the same again and again."""
        url, teacher = self.failing("503", "")
        _, said = self.run_at([("loads", url, 8)], "loads", expect=NO_ENDPOINT, startup_timeout_s=3)
        self.assertIn("endpoint loads: HTTP 503: loading", said)
        self.assertLess(teacher.requests, 300)


class AllRefuseTest(Endpoints):
    def test_every_endpoint_gets_a_few_calls_and_the_run_ends_and_can_be_gone_on_with(self):
        simulator = self.simulator("--latency-ms", 1)
        for kinds in (("401", "402"), ("404", "400"), ("page", "400")):
            with self.subTest(kinds):
                name = "-".join(kinds)
                failing = [self.failing(kind, simulator.url) for kind in kinds]
                _, said = self.run_at([(kind, url, 64) for kind, (url, _) in zip(kinds, failing)], name,
                                            expect=NO_ENDPOINT)
                for kind, (_, teacher) in zip(kinds, failing):
                    self.assertGreater(teacher.requests, 0)
                    self.assertLessEqual(teacher.requests, REFUSAL_LIMIT, kind)
                    self.assertIn(f"endpoint {kind}: ", said)
                self.assertIn("no sample failed", said)
                self.run_at([("one", simulator.url, 32)], name)


if __name__ == "__main__":
    unittest.main()
