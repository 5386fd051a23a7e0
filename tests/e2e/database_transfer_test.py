"""A large database reaches a worker once, in chunks, and goes on where a worker without room ended."""

import os
import pathlib
import re
import resource
import sqlite3
import subprocess
import unittest

import fd_faults
import fd_job
import fd_processes as fd

MIB = 1 << 20
SIZE_MIB = 64
HALF = SIZE_MIB // 2 * MIB


class DatabaseTransferTest(fd_job.Job):

    def setUp(self):
        super().setUp()
        database = sqlite3.connect(self.folder / "shop.sqlite")
        database.execute("CREATE TABLE filler(bytes BLOB)")
        for _ in range(SIZE_MIB):
            database.execute(f"INSERT INTO filler VALUES(randomblob({MIB}))")
        database.commit()
        database.close()

    def worker(self, endpoint, **options):
        log = open(self.folder / "worker.log", "a+", encoding="utf-8")
        self.addCleanup(log.close)
        process = subprocess.Popen([fd.BIN / "fd-worker", "--connect", endpoint, "--name", "w", "--state",
                                    self.folder / "state"], stdout=log, stderr=log, env=fd.environment(), **options)
        self.addCleanup(fd_faults.end, process)
        return process

    def test_K11_a_transfer_goes_on_where_a_worker_without_room_ended(self):
        simulator = self.simulator()
        log = open(self.folder / "coordinator.log", "w", encoding="utf-8")
        self.addCleanup(log.close)
        coordinator = fd.start("fd-coordinator", "run", self.config, "--out", self.folder / "out", "--workers", 0,
                               "--listen", "tcp://127.0.0.1:*", "--run-id", "job", *fd.teacher(simulator.url),
                               stdout=log, stderr=log)
        self.addCleanup(fd_faults.end, coordinator)

        def endpoint():
            return re.search(r"listening on (tcp://\S+)", (self.folder / "coordinator.log").read_text())

        fd_faults.until(endpoint, coordinator)
        # No byte beyond the half can be written.
        first = self.worker(endpoint()[1], preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, HALF)))
        self.assertEqual(first.wait(fd.DEADLINE_S), 7)
        self.assertIn("database_not_stored", (self.folder / "worker.log").read_text())
        part, = pathlib.Path(self.folder / "state" / "databases").glob("*.part")
        self.assertEqual(part.stat().st_size, HALF)
        kept = open(part, "rb")  # while it is open, no other file gets its number
        self.addCleanup(kept.close)

        self.worker(endpoint()[1])
        self.assertEqual(coordinator.wait(fd.DEADLINE_S), 0, (self.folder / "coordinator.log").read_text())
        whole = part.with_suffix("")
        self.assertEqual(whole.stat().st_ino, os.fstat(kept.fileno()).st_ino)  # the half that was there is part of it
        self.assertGreater(whole.stat().st_size, SIZE_MIB * MIB)
        offsets = re.findall(r"database_goes_on.*?offset\W+(\d+)", (self.folder / "worker.log").read_text())
        self.assertEqual(offsets, [str(HALF)])
        self.assertEqual(len(fd.outcomes(self.folder / "out" / "job")), 240)


if __name__ == "__main__":
    unittest.main()
