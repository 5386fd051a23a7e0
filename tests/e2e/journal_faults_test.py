"""A worker's journal whose disk fails at one operation: what was paid for and recorded is not bought again.

FD_READ_PLACES=all tries every operation of a run, instead of a few; any number tries so many.
"""

import errno
import signal
import subprocess
import unittest

import fd_faults
import fd_io_faults

STORAGE = 7
NO_WORKER_LEFT = 70
MIDDLE = 20  # of the changes of a run: it has more than twice as many
UNHEARD = 6  # answers that are in a journal only
READS = "dtor"  # list a folder, look at a file, open it, read it
CHANGES = "owsnu"  # make a file, write to it, sync it, rename it, remove it
AT_THE_END = 4  # operations of a worker whose run is over: it seals or removes its journal
SEGMENTS, FOLDER = "/[^/]*[.]fdj$", "$"


@unittest.skipUnless(fd_io_faults.SHIM.exists(), "the program that makes operations fail is not built here")
class JournalFaultsTest(fd_faults.FaultTest):
    rows = 48
    settings = fd_faults.ONE_CALL

    def job(self, name=None, **options):
        return super().job(name, **({"simulator": fd_faults.SLOWER_THAN_A_SYNC} | options))

    def faults(self, job, program, of, operations, place, **options):
        """Of operations on a journal's folder, or on the segments in it; place 0: none fails."""
        files = f"/{job.name}(-w/journal|/job/workers/0){of}"
        options = {"count": min(place, 1)} | options
        return fd_io_faults.IoFaults(job.out.with_suffix(".operations"), program, files, operations, place, **options)

    def at_each_place(self, prefix, case):
        """Calls `case` with a job, what operations are of, and the number of the one that is to fail. It returns the
        faults; the first time, with place 0, for their number."""
        for what, of in (("segments", SEGMENTS), ("folder", FOLDER)):
            counted = len(case(self.job(f"{prefix}-{what}-0"), of, 0).operations())
            self.assertGreater(counted, 2)
            fired = 0
            for place in fd_io_faults.places(counted):
                with self.subTest(prefix=prefix, what=what, place=place):
                    # The last ones come with what is removed meanwhile: there may be fewer.
                    fired += case(self.job(f"{prefix}-{what}-{place}"), of, place).fired()
            self.assertGreater(fired, 0)

    def end_unheard(self, job, coordinator):
        """Ends the coordinator once the worker's journal has answers that it has not heard of."""
        self.after_requests(job, 4, coordinator)
        coordinator.send_signal(signal.SIGSTOP)
        before = len(job.simulator.requests())
        fd_faults.until(lambda: len(job.simulator.requests()) >= before + UNHEARD)
        fd_faults.end(coordinator)

    def check(self, job, code, deaths):
        """Checks the end of a run in which so many workers died: what each had in flight may be paid for twice."""
        job.check(self.reference, extra=deaths * fd_faults.IN_FLIGHT, code=code)
        job.check_doubts()

    def back_at_work(self, job, of, place):
        """Coordinator and worker are killed, and the worker's next process reads the journal."""
        coordinator = job.listen()
        worker = job.worker("w")
        self.end_unheard(job, coordinator)
        fd_faults.end(worker)
        coordinator = job.listen()
        faults = self.faults(job, "fd-worker", of, READS, place)
        worker = job.worker("w", faults)
        fd_faults.until(lambda: worker.poll() is not None or coordinator.poll() is not None)
        if coordinator.poll() is None:
            self.assertEqual((worker.poll(), faults.fired()), (STORAGE, 1))
            self.assertRegex(job.out.with_suffix(".w.log").read_text(), "journal.*Input/output error")
            job.worker("w")
        self.check(job, job.finish(coordinator), deaths=1 + faults.fired())
        return faults

    def test_a_read_that_fails_when_a_worker_comes_back_ends_it_and_loses_no_answer(self):
        self.at_each_place("back", self.back_at_work)

    def taken_up(self, job, of, place):
        """The coordinator is killed, its workers with it, and the next one reads and removes their journals."""
        coordinator = job.start(stdout=subprocess.DEVNULL)
        self.addCleanup(fd_faults.end, coordinator)
        self.end_unheard(job, coordinator)
        faults = self.faults(job, "fd-coordinator", of, READS + CHANGES, place)
        code = job.run(faults)
        if code != 0:  # 0: what failed was only tidied up
            self.assertEqual((code, faults.fired()), (STORAGE, 1), job.output)
            self.assertRegex(job.output, "/workers/0.*: Input/output error")
            code = self.resume(job)
        self.check(job, code, deaths=1)
        return faults

    def resume(self, job):
        job.arguments = ["resume", job.run_dir, "--quiet", "--workers", 1]
        return job.run()

    def test_an_operation_that_fails_when_a_coordinator_takes_up_journals_loses_no_answer(self):
        self.at_each_place("taken", self.taken_up)

    def written(self, job, of, place, **options):
        """A worker of the coordinator's own writes its journal."""
        faults = self.faults(job, "fd-worker", of, CHANGES, place, **options)
        self.check(job, job.run(faults), deaths=faults.fired())
        if of == SEGMENTS and "X" in faults.operations()[:-AT_THE_END]:
            self.assertIn("ended with exit code 7", job.output)
        return faults

    def test_a_change_that_fails_ends_the_worker_and_the_next_one_goes_on(self):
        self.at_each_place("written", self.written)

    def test_a_full_disk_ends_the_worker_and_the_next_one_goes_on(self):
        self.assertEqual(self.written(self.job(), SEGMENTS, MIDDLE, error=errno.ENOSPC).fired(), 1)

    def test_changes_that_go_on_failing_end_the_run_and_resume_goes_on(self):
        job = self.job()
        faults = self.faults(job, "fd-worker", SEGMENTS, CHANGES, MIDDLE, count=fd_io_faults.FOR_EVER)
        self.assertEqual(job.run(faults), NO_WORKER_LEFT, job.output)
        self.check(job, self.resume(job), deaths=1)  # no later process could make a journal


if __name__ == "__main__":
    unittest.main()
