"""kill -9 at every named point (faults.md 2.4), three ways each; then the same command again.

Each point is met in a run of one sample, where the number of calls that may be repeated is sharp, and early
and late in a run of several shards. There another call may be under way beside the one that the point is
about, and the answer before it may not be synced yet: at most two that are repeated, each reported as in doubt.
"""

import itertools
import unittest

import fd_faults

ROWS = 48
COORDINATOR = [name for name in fd_faults.failpoint_names() if "k01" <= name < "k21"]
WORKER = [name for name in fd_faults.failpoint_names() if "k21" <= name < "k33"]
# A call that is under way when its worker dies cannot be told from one that never arrived.
REPEATS_ONE = {"k23.call_under_way", "k24.reply_partly_read", "k25.reply_complete", "k26.journal_before_sync"}


class Matrix(fd_faults.FaultTest):
    """How often each point is met in calm runs, and kills at some of those times."""

    rows = ROWS
    all_known = False
    settings = (*fd_faults.ONE_CALL, "lease.ttl_ms=1500", "lease.heartbeat_ms=200")

    @classmethod
    def make_set(cls, folder, **options):
        """Every row is asked about, the only one of a run of one row too."""
        super().make_set(folder, broken_gold=0, **options)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cases = itertools.count()
        names = fd_faults.failpoint_names()
        counting = fd_faults.Failpoints(cls.folder / "hits", ";".join(f"{name}=count" for name in names))
        cls.references = {ROWS: cls.reference, 1: cls.calm(1)}
        if cls.calm(ROWS, counting) != cls.reference:
            raise AssertionError("the programs with failpoints write other bytes")
        cls.hits = {name: counting.hits(name) for name in names}

    def kill(self, plan, rows, extra):
        """Runs the command until it ends by itself, at most once for each kill and once more; each kill may cost
        `extra` calls. Returns what fired, and how often."""
        job = self.job(f"case-{next(self.cases)}", rows=rows, simulator=fd_faults.SLOWER_THAN_A_SYNC)
        failpoints = fd_faults.Failpoints(f"{job.out}-fired", plan)
        kills = 0
        while (code := job.run(failpoints)) == fd_faults.KILLED:
            kills += 1
            self.assertLessEqual(kills, sum(1 for _ in failpoints.folder.iterdir()))
        fired = {name: failpoints.fired(name) for name in fd_faults.failpoint_names() if failpoints.fired(name)}
        job.check(self.references[rows], extra=extra * sum(fired.values()), code=code)
        job.check_doubts()
        if self.all_known:
            self.assertEqual(job.report("cost_report.json")["unknown"]["calls"], 0)
        return fired

    def kill_at(self, name, share):
        """Kills when about `share` of the calm run's hits have been; nearer to the start if that is not reached."""
        hits = self.hits[name]
        self.assertGreater(hits, 0, f"{name} is not met in a calm run")
        at = max(1, int(hits * share))
        times = 1 if at > 1 else 2 if share < 0.5 else 3  # met once in a process: kill the next ones as well
        while not self.kill(f"{name}=kill@{at}x{times}", ROWS, fd_faults.IN_FLIGHT).get(name):
            self.assertGreater(at, 1, f"{name} did not fire")
            at //= 2


class CoordinatorKills(Matrix):
    """The local workers die with it: their call in flight may be repeated, but only in runs that have another one. Every journal
    is read again, also when all shards were written: nothing is unknown."""

    all_known = True


class WorkerKills(Matrix):
    """The coordinator starts it again."""


def add_cases(matrix, case, names):
    for name in names:
        point = name.replace(".", "_")
        sharp = 1 if name in REPEATS_ONE else 0

        at = 2 if name == "k26.journal_before_sync" else 1  # first the intent, then the answer

        def alone(self, name=name, sharp=sharp, at=at):
            self.assertEqual(self.kill(f"{name}=kill@{at}", 1, sharp), {name: 1})

        def early(self, name=name):
            self.kill_at(name, 0.3)

        def late(self, name=name):
            self.kill_at(name, 0.7)

        setattr(matrix, f"test_{case}_{point}_of_one_sample", alone)
        setattr(matrix, f"test_{case}_{point}_early", early)
        setattr(matrix, f"test_{case}_{point}_late", late)


add_cases(CoordinatorKills, "A01", COORDINATOR)
add_cases(WorkerKills, "A02", WORKER)


class DoubleKills(Matrix):
    """Death during the recovery from death."""

    def pair(self, first, second, times=1):
        fired = self.kill(f"{first}=kill@2;{second}=kill@1x{times}", ROWS, fd_faults.IN_FLIGHT)
        self.assertGreaterEqual(sum(fired.values()), 2)

    def test_A06_coordinator_then_coordinator(self):
        for first, second in (("k09.records_before_ack", "k02.ledger_schema_made"),
                              ("k15.shard_before_written", "k13.file_before_rename"),
                              ("k08.ledger_before_commit", "k05.lease_before_send"),
                              ("k17.merge_shard_done", "k18.export_before_reports")):
            with self.subTest(first=first, second=second):
                self.pair(first, second)

    def test_A06_worker_then_worker(self):
        for first, second in (("k28.deliver_sent", "k21.order_received"), ("k24.reply_partly_read", "k25.reply_complete"),
                              ("k30.exec_before_run", "k29.ack_received")):
            with self.subTest(first=first, second=second):
                self.pair(first, second)

    def test_A06_worker_then_coordinator(self):
        for first, second in (("k28.deliver_sent", "k10.ack_sent"), ("k23.call_under_way", "k07.deliver_received")):
            with self.subTest(first=first, second=second):
                self.pair(first, second)

    def test_A06_five_deep(self):
        for name in ("k08.ledger_before_commit", "k12.file_before_sync", "k16.merge_before_start"):
            with self.subTest(name=name):
                fired = self.kill(f"{name}=kill@1x5", ROWS, fd_faults.IN_FLIGHT)
                self.assertEqual(fired, {name: 5})


del Matrix  # has no cases of its own

if __name__ == "__main__":
    unittest.main()
