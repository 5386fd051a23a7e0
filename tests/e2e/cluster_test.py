"""Several hosts on one machine, with keys: a node beside the teacher, two beside the CPUs, one that does all. Each lives in a
network namespace of its own. FD_DATASET=FOLDER (samples.jsonl without duplicates, and its databases) runs the cases over that set."""

import json
import os
import pathlib
import shutil
import signal

import fd_faults
import fd_netns
import fd_processes as fd

TTL_S = 1.0
SLOTS = 8
LATENCY_MS = 200
CPU = "clean,rules,exec,score"
NODES = {"asks": ("--stages", "teacher"), "cpu-1": ("--stages", CPU), "cpu-2": ("--stages", CPU), "every": ()}
DATASET = os.environ.get("FD_DATASET")
# Of a node that asks and is lost: what is in flight, and what its lease lets it ask while nobody hears it.
LOST = SLOTS * (round(1000 * TTL_S / LATENCY_MS) + 1)


class ClusterTest(fd_netns.HostsTest):
    hosts = ("head", "teacher", *NODES)
    rows = len((pathlib.Path(DATASET) / "samples.jsonl").read_text().splitlines()) if DATASET else 320
    settings = (f"gateway.providers.0.max_concurrency={SLOTS}", "sharding.target_size=10",
                f"lease.ttl_ms={1000 * TTL_S:.0f}", "lease.heartbeat_ms=100")

    @classmethod
    def make_set(cls, folder, **options):
        super().make_set(folder, **options)
        for file in pathlib.Path(DATASET).iterdir() if DATASET else ():
            shutil.copy(file, folder)

    def cluster(self):
        """Starts everything. Returns job, coordinator, and the workers by host once the teacher is being asked."""
        job = self.job()
        url = self.teacher(job, "teacher", self.network.address("teacher"), "--latency-ms", LATENCY_MS)
        keys = self.folder / f"{job.name}-keys"
        made = fd.run("fd-coordinator", "keygen", keys, *(f"--worker={node}" for node in NODES))
        self.assertEqual(made.returncode, 0, made.stderr)
        self.restart = lambda: self.coordinator(job, "head", url, "--set", f"transport.keys={keys}")
        coordinator, endpoint = self.restart()
        workers = {}
        for node in NODES:
            more = NODES[node] or ("--peer-listen", f"tcp://{self.network.address(node)}:*")
            workers[node] = self.start(node, job.out.with_suffix(f".{node}.log"), "fd-worker", "--connect", endpoint, "--name",
                                       node, "--state", self.folder / f"{job.name}-{node}", "--keys",
                                       keys / "workers" / node, "--exec-threads", 2, *more)
        self.after_requests(job, 40, coordinator)
        return job, coordinator, workers

    def check(self, job, coordinator, extra=0):
        job.check(self.reference, extra=extra, code=job.finish(coordinator))

    def told(self, job, coordinator, words):
        fd_faults.until(lambda: words in job.log(), coordinator)

    def served(self, job):
        """Returns how many samples each node has worked on for others."""
        done = fd.run("fd-coordinator", "status", job.run_dir, "--json")
        return {worker["name"]: worker["served"] for worker in json.loads(done.stdout)["workers"]}

    def test_the_bytes_are_those_of_one_worker(self):
        job, coordinator, _ = self.cluster()
        fd_faults.until(lambda: all(self.served(job).get(node) for node in ("cpu-1", "cpu-2")), coordinator)
        self.assertEqual(sorted(self.served(job)), sorted(NODES))
        self.check(job, coordinator)

    def killed(self, node, extra):
        job, coordinator, workers = self.cluster()
        workers[node].kill()
        self.check(job, coordinator, extra)

    def test_A03_the_node_that_does_all_is_killed(self):
        self.killed("every", extra=2 * SLOTS)

    def test_A03_the_node_beside_the_teacher_is_killed(self):
        self.killed("asks", extra=2 * SLOTS)

    def test_A09_a_cpu_node_is_killed(self):
        self.killed("cpu-1", extra=0)

    def test_A06_the_coordinator_is_killed_and_started_again(self):
        job, coordinator, _ = self.cluster()
        coordinator.kill()
        coordinator.wait(fd.DEADLINE_S)
        self.check(job, self.restart()[0])

    def away(self, node, extra, leave, come_back):
        """Takes a node away until its lease has lapsed, and lets it come back."""
        job, coordinator, workers = self.cluster()
        leave(workers[node])
        self.told(job, coordinator, f"worker {node} {fd_faults.DEATH}")
        fd_faults.let_pass(TTL_S / 2)
        come_back(workers[node])
        self.check(job, coordinator, extra)
        self.assertIsNone(workers[node].poll(), "a worker did not live through it")

    def cut_off(self, node, extra):
        self.away(node, extra, lambda _: self.network.cut(node), lambda _: self.network.heal(node))

    def test_B03_the_node_that_does_all_is_cut_off_for_longer_than_its_lease(self):
        self.cut_off("every", extra=LOST)

    def test_B03_the_node_beside_the_teacher_is_cut_off_for_longer_than_its_lease(self):
        self.cut_off("asks", extra=LOST)

    def test_B03_a_cpu_node_is_cut_off_for_longer_than_its_lease(self):
        self.cut_off("cpu-1", extra=0)

    def frozen(self, node, extra):
        def freeze(worker):
            worker.send_signal(signal.SIGSTOP)
            self.addCleanup(fd_faults.kill, worker.pid, signal.SIGCONT)

        self.away(node, extra, freeze, lambda worker: worker.send_signal(signal.SIGCONT))

    def test_A10_the_node_that_does_all_freezes_and_wakes(self):
        self.frozen("every", extra=2 * SLOTS)

    def test_A10_the_node_beside_the_teacher_freezes_and_wakes(self):
        self.frozen("asks", extra=2 * SLOTS)

    def test_A10_a_cpu_node_freezes_and_wakes(self):
        self.frozen("cpu-1", extra=0)

    def test_B06_a_node_that_dies_behind_a_cut_is_forgotten_and_comes_back(self):
        job, coordinator, workers = self.cluster()
        self.network.cut("cpu-1")
        workers["cpu-1"].kill()
        workers["cpu-1"].wait(fd.DEADLINE_S)
        self.told(job, coordinator, f"worker cpu-1 {fd_faults.DEATH}")
        self.network.heal("cpu-1")
        arguments = workers["cpu-1"].args[len(self.network.inside("cpu-1")) + 1:]
        self.start("cpu-1", job.out.with_suffix(".cpu-1.log"), "fd-worker", *arguments)
        self.check(job, coordinator)


if __name__ == "__main__":
    fd_netns.main()
