"""The order of effects in the programs that ship: a lease and an answer are durable before anybody learns of them, and a
worker keeps its answers until they are. The ledger is held (failpoint `hold`), a proxy reads along, and both sides die by
kill -9 in that state: whatever went out too early shows on the wire or is paid twice."""

import json
import pathlib
import unittest

import fd_faults
import fd_processes as fd
import fd_proxy
import fd_tap
from lease_test import SETTINGS, TTL_S

COMMIT = "k08.ledger_before_commit"
ACKNOWLEDGED = "k10.ack_sent"
ACK_READ = "k29.ack_received"
ON_DISK = "k27.answer_before_deliver"
MIB = 1 << 20
# One call at a time, answers of any length, and no lease that ends before its time.
SETTINGS_LONG = (*fd_faults.ONE_CALL, "teacher.decode.max_tokens=1000000", "lease.ttl_ms=30000")


class EffectsOrderTest(fd_faults.FaultTest):
    rows = 120
    settings = SETTINGS

    def tap(self, job):
        """Returns a proxy in front of the job's coordinator."""
        proxy = fd_tap.TapProxy(fd_tap.ORDER, fd_tap.DELIVER, fd_tap.ACK)
        self.addCleanup(proxy.stop)
        proxy.aim(job.endpoint)
        return proxy

    def orders_pass(self, tap, coordinator, count=4):
        """Waits until the coordinator has said what it will say: it goes on to answer the worker."""
        before = len(tap.of(fd_proxy.DOWN, fd_tap.ORDER))
        fd_faults.until(lambda: len(tap.of(fd_proxy.DOWN, fd_tap.ORDER)) >= before + count, coordinator)

    def kill(self, *processes):
        for process in processes:
            process.kill()
            process.wait(fd.DEADLINE_S)

    def test_no_order_names_a_lease_that_is_not_committed(self):
        job = self.job(simulator=("--latency-ms", 60))
        held = fd_faults.Failpoints(f"{job.out}-held", f"{COMMIT}=hold")
        coordinator = job.listen(held)
        held.hold(COMMIT)
        tap = self.tap(job)
        job.worker("w", endpoint=tap.endpoint)
        fd_faults.until(lambda: held.holds(COMMIT), coordinator)
        self.orders_pass(tap, coordinator)
        self.assertEqual([order[4] for order in tap.of(fd_proxy.DOWN, fd_tap.ORDER) if order[4]], [])
        self.assertFalse(job.simulator.log.exists() and job.simulator.requests())
        self.kill(coordinator)
        # The next start knows of no lease, and nobody else does.
        coordinator = job.listen()
        tap.aim(job.endpoint)
        job.check(self.reference, extra=0, code=job.finish(coordinator))
        self.assertNotEqual([order[4] for order in tap.of(fd_proxy.DOWN, fd_tap.ORDER) if order[4]], [])
        job.check_bill(nobody_died=True)

    def test_no_acknowledgement_leaves_before_its_commit(self):
        job = self.job(simulator=("--latency-ms", 60))
        held = fd_faults.Failpoints(f"{job.out}-held", f"{COMMIT}=hold")
        coordinator = job.listen(held)
        tap = self.tap(job)
        worker = job.worker("w", endpoint=tap.endpoint)
        self.after_requests(job, 24, coordinator)
        held.hold(COMMIT)
        fd_faults.until(lambda: held.holds(COMMIT), coordinator)
        # What is delivered from now on cannot be committed.
        since = len(tap.messages)
        fd_faults.until(lambda: tap.of(fd_proxy.UP, fd_tap.DELIVER, since), coordinator)
        self.orders_pass(tap, coordinator)
        first = tap.of(fd_proxy.UP, fd_tap.DELIVER, since)[0][1]
        acknowledged = [ack[1] for ack in tap.of(fd_proxy.DOWN, fd_tap.ACK)]
        self.assertGreater(len(acknowledged), 0)
        self.assertLess(max(acknowledged), first)
        self.kill(coordinator)
        # The worker still has what the ledger never got.
        coordinator = job.listen()
        tap.aim(job.endpoint)
        job.check(self.reference, extra=0, code=job.finish(coordinator))
        self.assertIsNone(worker.poll())
        job.check_bill(nobody_died=True)

    def test_an_answer_stays_in_the_journal_until_it_is_acknowledged(self):
        """Two answers fill a segment of the journal: the first is acknowledged, the second is not, and the third begins
        the next segment. The segment must be there after everybody died."""
        folder = self.folder / "bulky"
        folder.mkdir()
        self.make_set(folder, broken_gold=0)
        rows = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
        (folder / "teacher.jsonl").write_text("".join(
            json.dumps(row | {"gold_sql": row["gold_sql"] + " -- " + "word " * MIB}) + "\n" for row in rows[:3]))
        job = fd_faults.Job(self, folder, "segment", rows=3, settings=(*SETTINGS_LONG, "gates.exec.bad_gold=ask"),
                            simulator=("--latency-ms", 1000))
        held = fd_faults.Failpoints(f"{job.out}-held", f"{COMMIT}=hold;{ACKNOWLEDGED}=count;{ON_DISK}=count")
        coordinator = job.listen(held)
        worker = job.worker("w", held)
        self.after_requests(job, 2, coordinator)
        fd_faults.until(lambda: held.hits(ACKNOWLEDGED) > 0, coordinator)
        held.hold(COMMIT)
        fd_faults.until(lambda: held.hits(ON_DISK) == 3, coordinator)
        self.assertTrue(held.holds(COMMIT))
        self.kill(worker, coordinator)
        journal = list(pathlib.Path(f"{job.folder}/{job.name}-w").rglob("*.fdj"))
        self.assertEqual(len(journal), 2, "not the case that this is about")
        coordinator = job.listen()
        job.worker("w")
        self.assertEqual(job.finish(coordinator), 0, job.output)
        self.assertEqual(len(job.simulator.requests()), 3)
        job.check_bill(nobody_died=True)

    def test_no_call_is_sent_after_its_lease_by_a_worker_that_does_not_notice(self):
        """The worker's actor stands still, and the gateway has calls that wait: only their deadline stops them."""
        job = self.job(settings=(*SETTINGS, "sharding.target_size=120", "gateway.providers.0.max_concurrency=2"),
                       simulator=("--latency-ms", 100))
        coordinator = job.listen()
        stands = fd_faults.Failpoints(f"{job.out}-stands", f"{ACK_READ}=hang@2")
        worker = job.worker("w", stands)
        fd_faults.until(lambda: stands.fired(ACK_READ), coordinator)
        fd_faults.let_pass(2 * TTL_S)
        made = len(job.simulator.requests())
        self.assertLess(made, self.rows)
        fd_faults.let_pass(TTL_S)
        self.assertEqual(len(job.simulator.requests()), made, "calls are sent without a lease")
        self.kill(worker)
        job.worker("w")
        self.assertEqual(job.finish(coordinator), 0, job.output)
        self.assertLessEqual(job.extra_requests(), 2)
        job.check_bill()


if __name__ == "__main__":
    unittest.main()
