"""Stages on other nodes: a worker beside the teacher, workers beside the CPUs, one that does all; and what a node costs
that dies or sleeps."""

import json
import os
import signal
import unittest

import fd_faults
import fd_processes as fd

ROWS = 120
TTL_S = 1.0
SETTINGS = ("gateway.providers.0.max_concurrency=8", "sharding.target_size=10", f"lease.ttl_ms={TTL_S * 1000:.0f}",
            "lease.heartbeat_ms=100")
# A node that is stopped or started again has time: the machine may be busy, and must not be what ends its lease or the run.
PATIENT = (*SETTINGS, f"lease.ttl_ms={5 * TTL_S * 1000:.0f}")
CPU = "clean,rules,exec,score"


class StagesTest(fd_faults.FaultTest):
    rows = ROWS
    settings = SETTINGS

    def slow(self, settings=SETTINGS):
        return self.job(simulator=("--latency-ms", 200), settings=settings)

    def node(self, job, name, stages, *more):
        """Starts a worker that serves these stages."""
        return job.worker(name, arguments=("--stages", stages, "--exec-threads", 2, *more))

    def status(self, job):
        """Returns the workers by name, as status shows them; none before the run has said anything."""
        done = fd.run("fd-coordinator", "status", job.run_dir, "--json")
        if done.returncode != 0:
            return {}
        return {worker["name"]: worker for worker in json.loads(done.stdout)["workers"]}

    def serving(self, job, alive):
        """Waits until status shows a node that has done something for others."""
        fd_faults.until(lambda: any(node["served"] for node in self.status(job).values()), alive)

    def cluster(self):
        """Starts coordinator, teacher node, two CPU nodes and, once these have done something, one that does all, which
        might leave nothing to the others. Returns job and coordinator."""
        job = self.slow()
        coordinator = job.listen()
        for name in ("cpu-1", "cpu-2"):
            self.node(job, name, CPU)
        self.node(job, "asks", "teacher,judge")
        self.serving(job, coordinator)
        job.worker("every", arguments=("--peer-listen", "tcp://127.0.0.1:*"))
        return job, coordinator

    def test_the_bytes_are_those_of_one_worker_and_status_shows_who_serves_what(self):
        job, coordinator = self.cluster()
        nodes = self.status(job)
        self.assertEqual(nodes["cpu-1"]["stages"], CPU.split(","))
        self.assertEqual(nodes["asks"]["stages"], ["teacher", "select"])
        self.assertRegex(nodes["cpu-1"]["peer_endpoint"], r"^tcp://127\.0\.0\.1:\d+$")
        self.assertEqual(nodes["asks"]["peer_endpoint"], "")
        self.assertEqual((nodes["cpu-1"]["slots"], nodes["cpu-1"]["leases"]), (0, 0))
        self.assertIn("serves clean rules exec score, to others at tcp://127.0.0.1:",
                      fd.run("fd-coordinator", "status", job.run_dir).stdout)
        job.check(self.reference, extra=0, code=job.finish(coordinator))

    def test_keys_between_workers_change_no_byte(self):
        keys = self.folder / "keys"
        done = fd.run("fd-coordinator", "keygen", keys, "--worker=asks", "--worker=cpu")
        self.assertEqual(done.returncode, 0, done.stderr)
        job = self.job(settings=(*SETTINGS, f"transport.keys={keys}"))
        coordinator = job.listen()
        for name in ("cpu-1", "cpu-2"):
            self.node(job, name, CPU, "--keys", keys / "workers" / "cpu")
        self.node(job, "asks", "teacher", "--keys", keys / "workers" / "asks")
        job.check(self.reference, extra=0, code=job.finish(coordinator))

    def test_each_stage_may_be_served_by_another_worker(self):
        job = self.job()
        coordinator = job.listen()
        for stages in ("clean", "rules,score", "exec", "teacher"):
            self.node(job, stages.replace(",", "-"), stages)
        job.check(self.reference, extra=0, code=job.finish(coordinator))

    def stuck(self, job, node, begin, alive):
        """Stops the only CPU node, so that what it is asked waits there; returns once there is something. The other asks for
        some 60 samples ahead of it, and no further."""
        self.after_requests(job, begin, alive)
        node.send_signal(signal.SIGSTOP)
        self.addCleanup(fd_faults.kill, node.pid, signal.SIGCONT)
        self.after_requests(job, begin + 16, alive)

    def log_of(self, job, name):
        """Returns what a worker has said so far."""
        return job.out.with_suffix(f".{name}.log").read_text()

    def two_cpu_nodes(self):
        """Returns job, coordinator and a stopped CPU node that owes replies; another CPU node is there."""
        job = self.slow(PATIENT)
        coordinator = job.listen()
        self.node(job, "asks", "teacher")
        first = self.node(job, "cpu-1", CPU)
        self.stuck(job, first, 10, coordinator)
        self.node(job, "cpu-2", CPU)
        return job, coordinator, first

    def test_A09_a_cpu_node_that_is_killed_costs_no_answer(self):
        job, coordinator, first = self.two_cpu_nodes()
        first.kill()
        job.check(self.reference, extra=0, code=job.finish(coordinator))

    def test_A10_a_cpu_node_that_sleeps_and_wakes_costs_no_answer(self):
        job, coordinator, first = self.two_cpu_nodes()
        # Its lapse is the sign that the others are told to do without it.
        fd_faults.until(lambda: f"worker cpu-1 {fd_faults.DEATH}" in job.log(), coordinator)
        first.send_signal(signal.SIGCONT)
        job.check(self.reference, extra=0, code=job.finish(coordinator))

    def test_A09_the_only_cpu_node_is_killed_and_started_again(self):
        job = self.slow(PATIENT)
        coordinator = job.listen()
        self.node(job, "asks", "teacher")
        cpu = self.node(job, "cpu-1", CPU)
        for times, requests in ((1, 10), (2, 40)):
            # One that is stopped before the other knows it is asked nothing.
            fd_faults.until(lambda: self.log_of(job, "asks").count("peer name=cpu-1") >= times, coordinator)
            self.stuck(job, cpu, requests, coordinator)
            cpu.kill()
            cpu.wait(fd.DEADLINE_S)
            cpu = self.node(job, "cpu-1", CPU)
        job.check(self.reference, extra=0, code=job.finish(coordinator))

    def test_A03_an_all_round_node_that_is_killed_loses_what_it_had_in_flight_and_no_more(self):
        job = self.slow()
        coordinator = job.listen()
        every = job.worker("every", arguments=("--peer-listen", "tcp://127.0.0.1:*"))
        self.after_requests(job, 1, coordinator)
        self.node(job, "asks", "teacher")
        self.node(job, "cpu-1", CPU)
        self.after_requests(job, 30, coordinator)
        every.kill()
        # The calls in flight, and what was in its journal and not acknowledged yet.
        job.check(self.reference, extra=2 * 8, code=job.finish(coordinator))

    def test_a_stage_that_nobody_serves_ends_the_run_with_its_name_and_resume_goes_on(self):
        job = self.job()
        coordinator = job.listen()
        self.node(job, "asks", "teacher")
        self.node(job, "cpu-1", "clean,rules,score")
        self.assertEqual(job.finish(coordinator), 10, job.output)
        self.assertIn("no worker has served the stage exec, which asks needs, for 3 s: start one with fd-worker --connect "
                      "ENDPOINT --stages exec", job.output)
        self.assertFalse(job.simulator.log.exists() and job.simulator.requests(), "paid for what could not be finished")
        coordinator = job.listen()
        self.node(job, "cpu-2", "exec")
        job.check(self.reference, extra=0, code=job.finish(coordinator))

    def test_without_a_teacher_node_the_stage_that_is_missing_is_the_teacher(self):
        job = self.job()
        coordinator = job.listen()
        self.node(job, "cpu-1", CPU)
        self.assertEqual(job.finish(coordinator), 10, job.output)
        self.assertIn("no worker has served the stage teacher, for 3 s", job.output)


class OptionsTest(unittest.TestCase):
    def refused(self, code, *arguments):
        done = fd.run("fd-worker", "--connect", "tcp://127.0.0.1:5555", *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def test_what_cannot_be_served_is_said_before_anything_starts(self):
        self.assertIn("--stages: 'gates' is none of teacher, clean, rules, exec, score, select, judge",
                      self.refused(2, "--stages", "gates"))
        self.assertIn("--stages: judge is asked where the teacher is", self.refused(2, "--stages", "exec,judge"))
        self.assertIn("--stages: student_gen is not available in this version", self.refused(2, "--stages", "student_gen"))
        self.assertIn("nothing to serve", self.refused(2, "--stages", "teacher", "--peer-listen", "tcp://127.0.0.1:*"))
        self.assertIn("is not on this machine", self.refused(8, "--stages", "exec", "--peer-listen", "tcp://10.0.0.1:*"))
        done = fd.run("fd-worker", "--connect", f"ipc:///tmp/fd-none-{os.getpid()}", "--stages", "exec")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--peer-listen ENDPOINT is missing", done.stderr)


if __name__ == "__main__":
    unittest.main()
