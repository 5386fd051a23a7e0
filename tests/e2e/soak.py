"""Jobs under random kills, for scripts/soak.sh, which says what is checked."""

import argparse
import random
import signal
import sys
import time
import unittest

import fd_faults
import fd_processes as fd

SLOTS = 16
TTL_S = 2.0
WORKERS = ("first", "second")


class Soak(fd_faults.FaultTest):
    settings = (f"gateway.providers.0.max_concurrency={SLOTS}", "sharding.target_size=100",
                f"lease.ttl_ms={TTL_S * 1000:.0f}", "lease.heartbeat_ms=200")
    seconds = 300.0
    dice = random.Random(1)
    runs = kills = stops = repeated = 0

    def test_nothing_is_lost(self):
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            self.one_run(end)
            type(self).runs += 1
            print(f"run {self.runs}: ok; {self.kills} kills, {self.stops} stops, {self.repeated} calls repeated",
                  flush=True)

    def one_run(self, end):
        job = self.job(f"run-{self.runs}", simulator=("--latency-ms", 100, "--sigma", 0.5))
        coordinator = job.listen()
        workers = {name: job.worker(name) for name in WORKERS}
        allowed = 0
        while coordinator.poll() is None:
            pause = time.monotonic() + self.dice.uniform(1, 4)
            fd_faults.until(lambda: coordinator.poll() is not None or time.monotonic() >= pause)
            if coordinator.poll() is not None or time.monotonic() >= end:
                break
            victim = self.dice.choice(["coordinator", *WORKERS])
            process = coordinator if victim == "coordinator" else workers[victim]
            if self.dice.random() < 0.2:
                self.stop(process)
                allowed += 0 if victim == "coordinator" else 2 * SLOTS
                continue
            process.kill()
            process.wait(fd.DEADLINE_S)
            type(self).kills += 1
            if victim == "coordinator":
                coordinator = job.listen()
            else:
                workers[victim] = job.worker(victim)
                allowed += 2 * SLOTS
        code = job.finish(coordinator)
        type(self).repeated += job.extra_requests()
        job.check(self.reference, extra=allowed, code=code)
        for worker in workers.values():
            worker.send_signal(signal.SIGTERM)
            self.assertEqual(worker.wait(fd.DEADLINE_S), 0)

    def stop(self, process):
        process.send_signal(signal.SIGSTOP)
        fd_faults.let_pass(1.5 * TTL_S)
        process.send_signal(signal.SIGCONT)
        type(self).stops += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=3000)
    chosen = parser.parse_args()
    Soak.seconds = 60 * chosen.minutes
    Soak.dice = random.Random(chosen.seed)
    Soak.rows = chosen.rows
    result = unittest.TextTestRunner(failfast=True).run(unittest.TestSuite([Soak("test_nothing_is_lost")]))
    print(f"soak: seed {chosen.seed}, {Soak.runs} runs, {Soak.kills} kills, {Soak.stops} stops, "
          f"{Soak.repeated} calls repeated: {'nothing lost' if result.wasSuccessful() else 'FAILED'}")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
