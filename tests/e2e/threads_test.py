"""Every thread of ours has a name that tells what it is for."""

import unittest

import fd_faults
import fd_processes as fd

ROWS = 48
SLOW = ("--latency-ms", 300)
# Names that a library gives, or that a thread has from the one that started it.
THEIRS = ("ZMQbg/", "caf.", "fd-coordinator", "fd-worker")


class ThreadsTest(fd_faults.FaultTest):
    rows = ROWS

    def named(self, pid, names, process):
        """Waits until the process has threads of these names."""
        found = set()

        def all_there():
            found.update(fd_faults.threads_of(pid))
            return set(names) <= found

        fd_faults.until(all_there, process)
        unknown = [name for name in found if not name.startswith("fd-") and not name.startswith(THEIRS)]
        self.assertEqual(unknown, [])

    def test_of_a_run_and_its_local_worker(self):
        job = self.job(simulator=SLOW)
        process = job.start()
        self.addCleanup(fd_faults.end, process)
        fd_faults.until(lambda: fd_faults.processes_of(process.pid), process)
        self.named(process.pid, ("fd-signals", "fd-ledger", "fd-zmq-listen", "fd-writer", "fd-loader", "fd-databases", "fd-progress"), process)
        worker = fd_faults.processes_of(process.pid)[0]
        self.named(worker, ("fd-zmq-control", "fd-zmq-bulk", "fd-journal", "fd-gateway-0", "fd-databases"), process)
        # Both connections of the worker are served by one pair of libzmq's threads.
        of_library = [name for name in fd_faults.threads_of(worker) if name.startswith("ZMQbg/")]
        self.assertEqual(len(of_library), 2, of_library)
        self.assertEqual(process.wait(fd.DEADLINE_S), 0)


if __name__ == "__main__":
    unittest.main()
