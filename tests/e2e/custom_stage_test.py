"""A stage of one's own, the example of docs/custom-stage.md: programs that have it (own-stage-bin) judge alike on one
worker, at a peer and in a replay; programs that lack it are told so."""

import json
import re
import shutil
import subprocess
import unittest

import fd_faults
import fd_processes as fd

PLAIN_BIN = fd.BIN.parent / "bin"  # the programs as they are shipped: without the stage
STAGE = "no_select_star"
CHAIN = f"teacher clean rules {STAGE} exec score select"
CPU = "clean,rules,exec,score"


def selects_star(text):
    return re.search(r"select\s+\*", text, re.IGNORECASE) is not None


class CustomStageTest(fd_faults.FaultTest):
    rows = 120
    settings = ("sharding.target_size=10", "lease.ttl_ms=1000", "lease.heartbeat_ms=100")

    @classmethod
    def make_set(cls, folder, **options):
        """Every third row's gold selects every column, and so do most of the teacher's answers to it."""
        super().make_set(folder, broken_gold=0, **options)
        path = folder / "samples.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in rows[::3]:
            row["gold_sql"] = row["gold_sql"].replace("SELECT name", "SELECT *")
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def plain(self, program, *arguments):
        """Runs a program that lacks the stage to its end."""
        return subprocess.run([PLAIN_BIN / program, *map(str, arguments)], text=True, env=fd.environment(),
                              capture_output=True, timeout=fd.DEADLINE_S)

    def check_verdicts(self, run_dir):
        """Every answer that selects every column was rejected by the stage, and no other answer was."""
        candidates = [candidate for outcome in fd.outcomes(run_dir) for candidate in outcome["candidates"]]
        rejected = [candidate for candidate in candidates if candidate["rule"] == "banned_pattern"]
        self.assertEqual(rejected, [candidate for candidate in candidates if selects_star(candidate["text"])])
        self.assertGreater(len(rejected), self.rows / 6)
        self.assertEqual({candidate["exec"] for candidate in rejected}, {"not_run"}, "it stands before exec")

    def on_nodes(self, *nodes):
        """Runs the job on workers with these stages. Returns the job, and its workers as status showed them once all had
        joined."""
        job = self.job(simulator=("--latency-ms", 500))
        coordinator = job.listen()
        for number, stages in enumerate(nodes):
            job.worker(f"w{number}", arguments=("--stages", stages))
        shown = {}

        def all_there():
            done = fd.run("fd-coordinator", "status", job.run_dir, "--json")
            if done.returncode == 0:
                shown.update({one["name"]: one for one in json.loads(done.stdout)["workers"]})
            return len(shown) == len(nodes)

        fd_faults.until(all_there, coordinator)
        job.check(self.reference, extra=0, code=job.finish(coordinator))
        self.check_verdicts(job.run_dir)
        return job, [shown[f"w{number}"]["stages"] for number in range(len(nodes))]

    def test_one_worker_runs_it_and_reports_its_time(self):
        job = self.job()
        self.assertEqual(job.run(), 0, job.output)
        job.check(self.reference)
        self.check_verdicts(job.run_dir)
        times = json.loads((job.run_dir / "reports" / "timing_report.json").read_text())["stages"]
        self.assertEqual({stage: times[stage]["count"] for stage in times}, dict.fromkeys(CHAIN.split(), self.rows))

    def test_without_it_the_same_answers_are_kept(self):
        job = self.job()
        done = self.plain("fd-coordinator", *job.arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        outcomes = fd.outcomes(job.run_dir)
        self.assertTrue(any(outcome["verdict"] == "kept" and selects_star(outcome["candidates"][0]["text"])
                            for outcome in outcomes))
        self.assertNotIn("banned_pattern", {outcome["reason"] for outcome in outcomes})

    def test_a_peer_that_serves_its_neighbours_runs_it(self):
        _, stages = self.on_nodes("teacher", CPU)
        self.assertEqual(stages, [["teacher", "select"], CHAIN.split()[1:-1]])

    def test_it_may_have_a_node_of_its_own(self):
        _, stages = self.on_nodes("teacher,clean", "rules,exec,score", STAGE)
        self.assertEqual(stages[2], [STAGE])

    def test_a_replay_runs_it(self):
        job = self.job()
        self.assertEqual(job.run(), 0, job.output)
        manifest = json.loads((job.run_dir / "shards" / "0000" / "manifest.json").read_text())
        self.assertGreater(manifest["reasons"]["banned_pattern"], 0)
        done = fd.run("fd-coordinator", "replay", job.run_dir, "--shard", 0)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"same digest {manifest['content_sha256']}", done.stdout)

    def test_a_program_that_lacks_it_neither_resumes_nor_replays_the_run(self):
        job = self.job()
        self.assertEqual(job.run(), 0, job.output)
        both = f"was started with the stages {CHAIN}, this program has teacher clean rules exec score select"
        for arguments in (["resume", job.run_dir], ["replay", job.run_dir, "--shard", 0], job.arguments):
            lacks = self.plain("fd-coordinator", *arguments)
            self.assertEqual(lacks.returncode, 11, lacks.stderr)
            self.assertIn(both, lacks.stderr)
        # A shard that lies elsewhere says of itself that something is missing.
        shard = shutil.copytree(job.run_dir / "shards" / "0000", self.folder / "shard-elsewhere")
        lacks = self.plain("fd-coordinator", "replay", shard, "--databases", job.run_dir / "databases")
        self.assertEqual(lacks.returncode, 5, lacks.stderr)
        self.assertIn(": rejected(banned_pattern) on record, ", lacks.stdout)

    def test_a_worker_that_lacks_it_is_refused_with_both_chains_named(self):
        job = self.job()
        coordinator = job.listen()
        done = self.plain("fd-worker", "--connect", job.endpoint, "--name", "lacks", "--state", self.folder / "lacks")
        self.assertEqual(done.returncode, 11, done.stderr)
        self.assertRegex(done.stderr, f"stages teacher clean rules exec score select', .*stages {CHAIN}'")
        job.worker("has")
        job.check(self.reference, code=job.finish(coordinator))

    def test_a_worker_that_alone_has_it_is_refused_with_both_chains_named(self):
        job = self.job()
        arguments = [argument for argument in job.arguments if argument != "--quiet"]
        arguments[arguments.index("--workers") + 1] = 0
        coordinator = subprocess.Popen(
            [PLAIN_BIN / "fd-coordinator", *map(str, arguments), "--listen", "tcp://127.0.0.1:*"], text=True,
            env=fd.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(coordinator.stderr.close)
        self.addCleanup(fd_faults.end, coordinator)
        endpoint = next(found[1] for line in coordinator.stderr if (found := re.search(r"listening on (tcp://\S+)", line)))
        done = fd.run("fd-worker", "--connect", endpoint, "--name", "has", "--state", self.folder / "has")
        self.assertEqual(done.returncode, 11, done.stderr)
        self.assertRegex(done.stderr, f"stages {CHAIN}', .*stages teacher clean rules exec score select'")


if __name__ == "__main__":
    unittest.main()
