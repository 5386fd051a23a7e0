"""kill -9 of a random process at a random moment, again and again; what is random is chosen by a seed.

FD_KILL_ROUNDS (50) and FD_KILL_SEED (7) in the environment make it longer, or another one: a release wants 500.
"""

import os
import random
import unittest

import fd_faults
import fd_processes as fd

ROWS = 160
SLOTS = 4
ROUNDS = int(os.environ.get("FD_KILL_ROUNDS", "50"))
PER_RUN = 10
SEED = int(os.environ.get("FD_KILL_SEED", "7"))
SETTINGS = (f"gateway.providers.0.max_concurrency={SLOTS}", "sharding.target_size=10", "lease.ttl_ms=1500",
            "lease.heartbeat_ms=100")


class RandomKills(fd_faults.FaultTest):
    rows = ROWS
    settings = SETTINGS

    def repeats_were_in_flight(self, requests, kills):
        """Every call that was made twice was among the last ones that the teacher saw before a kill, or on its way: what
        is settled is not asked again."""
        last = {}
        for number, request in enumerate(requests):
            if request["key"] in last:
                before = last[request["key"]]
                self.assertTrue(any(kill <= number and -SLOTS <= kill - before <= 3 * SLOTS for kill in kills),
                                f"request {before} was repeated as {number}; kills at {kills}")
            last[request["key"]] = number

    def rounds(self, number, choose):
        """One run with PER_RUN kills, `choose(dice)` says of what."""
        dice = random.Random(f"{SEED}-{number}-{choose.__name__}")
        job = self.job(f"run-{choose.__name__}-{number}", workers=2, simulator=("--latency-ms", 8))
        kills = []
        process = job.start()
        for _ in range(PER_RUN):
            made = len(job.simulator.requests()) if job.simulator.log.exists() else 0
            wanted = made + dice.randint(0, ROWS // PER_RUN)
            fd_faults.until(lambda: process.poll() is not None or (job.simulator.log.exists() and
                                                                   len(job.simulator.requests()) >= wanted))
            if process.poll() is not None:
                break  # it was quicker
            what = choose(dice)
            workers = fd_faults.processes_of(process.pid)
            victims = {"coordinator": [process.pid], "worker": workers[:1] if dice.random() < 0.5 else workers[-1:],
                       "all": [process.pid, *workers]}[what]
            for victim in victims:
                fd_faults.kill(victim)
            if process.pid in victims:
                process.communicate(timeout=fd.DEADLINE_S)
            kills.append(len(job.simulator.requests()))
            if process.pid in victims:
                process = job.start()
        job.output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertNotEqual(kills, [])
        self.repeats_were_in_flight(job.simulator.requests(), kills)
        # In flight, or answered and not synced yet.
        job.check(self.reference, extra=2 * SLOTS * len(kills), code=process.returncode)
        job.check_doubts()
        return len(kills)

    def many(self, choose):
        """A third of the rounds."""
        done = number = 0
        while done < (ROUNDS + 2) // 3:
            number += 1
            done += self.rounds(number, choose)

    def test_A07_random_kills_of_the_coordinator(self):
        self.many(coordinator)

    def test_A07_random_kills_of_a_worker_or_the_coordinator(self):
        self.many(either)

    def test_A05_random_kills_of_everything_at_once(self):
        self.many(everything)


def coordinator(_):
    return "coordinator"


def either(dice):
    return dice.choice(["coordinator", "worker", "worker"])


def everything(_):
    return "all"


if __name__ == "__main__":
    unittest.main()
