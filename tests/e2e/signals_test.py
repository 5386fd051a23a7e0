"""Ctrl-C and SIGTERM are heard in every phase of fd-coordinator, and the next start goes on with the same bytes."""

import json
import signal
import subprocess
import unittest

import fd_faults
import fd_processes as fd

ROWS = 48
NO_CALL = "no call was made"
GO_ON = "to go on: fd-coordinator resume"


class SignalsTest(fd_faults.FaultTest):
    rows = ROWS

    def started(self, name, plan=None, **options):
        """Starts the job's command, held at the failpoint of `plan`. Returns the job and the process there."""
        job = self.job(name)
        failpoints = fd_faults.Failpoints(self.folder / f"{name}-points", f"{plan}=hang")
        process = job.start(failpoints, **options)
        self.addCleanup(fd_faults.end, process)
        self.held_at(failpoints, plan, process)
        return job, process

    @staticmethod
    def held_at(failpoints, plan, process):
        fd_faults.until(lambda: failpoints.fired(plan.split("=")[0]) > 0, process)

    def stop(self, process, number, told, code=None):
        """Sends the signal. Returns what the process has said by its end."""
        process.send_signal(number)
        output, _ = process.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(process.returncode, code or 128 + number, output)
        self.assertIn(told, output)
        return output

    def command(self, *arguments, failpoints=None, **options):
        folder = fd_faults.FAILPOINT_BIN if failpoints else fd.BIN
        env = failpoints.environment() if failpoints else fd.environment()
        process = subprocess.Popen([folder / "fd-coordinator", *map(str, arguments)], text=True, env=env,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(fd_faults.end, process)
        return process

    @staticmethod
    def in_flight(job):
        """Returns how many calls the live run knows to be under way."""
        done = fd.run("fd-coordinator", "status", job.run_dir, "--json")
        return json.loads(done.stdout)["in_flight"] if done.returncode == 0 else 0

    def finished(self, name):
        job = self.job(name)
        self.assertEqual(job.run(), 0, job.output)
        return job

    def resumed(self, job):
        """The run goes on from its folder to the bytes of the calm run, and leaves nothing behind."""
        done = fd.run("fd-coordinator", "resume", job.run_dir)
        job.output = done.stdout + done.stderr
        job.check(self.reference, code=done.returncode)
        self.assertEqual(list(job.out.glob(".ingest-*")), [])

    def test_ingest_from_a_pipe_that_gives_nothing(self):
        job = self.job()
        calm = list(job.arguments)
        job.arguments += ["--input", "-"]
        process = job.start(stdin=subprocess.PIPE)
        self.addCleanup(process.stdin.close)
        fd_faults.until(lambda: list(job.out.glob(".ingest-*")), process)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(fd.DEADLINE_S), 130)
        self.assertIn(NO_CALL, process.stdout.read())
        job.arguments = calm
        job.check(self.reference, code=job.run())
        self.assertEqual(list(job.out.glob(".ingest-*")), [])

    def test_ingest_from_a_pipe_that_never_ends(self):
        job = self.job()
        job.arguments += ["--input", "-"]
        job.arguments.remove("--limit")
        job.arguments.remove(ROWS)
        row = (self.folder / "samples.jsonl").read_text().splitlines()[0]
        with subprocess.Popen(["yes", row], stdout=subprocess.PIPE) as rows:
            process = job.start(stdin=rows.stdout)
            rows.stdout.close()  # so that it ends with its reader
            fd_faults.until(lambda: list(job.out.glob(".ingest-*")), process)
            self.stop(process, signal.SIGTERM, NO_CALL)

    def test_ingest_between_two_shards(self):
        job, process = self.started("between", "k03.ingest_shard_written")
        self.stop(process, signal.SIGTERM, NO_CALL)
        self.assertFalse(job.run_dir.exists())
        self.assertEqual(job.simulator.requests(), [])
        job.check(self.reference, code=job.run())
        self.assertEqual(list(job.out.glob(".ingest-*")), [])

    def test_a_folder_that_is_the_run_s_but_not_locked_yet(self):
        job, process = self.started("renamed", "k04.run_folder_renamed")
        self.stop(process, signal.SIGINT, NO_CALL)
        self.resumed(job)

    def test_merge_reports_and_seal(self):
        for number, name in ((signal.SIGINT, "k16.merge_before_start"), (signal.SIGTERM, "k17.merge_shard_done"),
                             (signal.SIGINT, "k18.export_before_reports"), (signal.SIGTERM, "k19.reports_before_finish")):
            with self.subTest(name):
                job, process = self.started(name[:3], name)
                self.stop(process, number, GO_ON)
                self.resumed(job)
                job.check_bill(nobody_died=True)

    def test_every_file_of_merge_and_seal(self):
        job, process = self.started("files", "k16.merge_before_start")
        self.stop(process, signal.SIGINT, GO_ON)
        hit = 0
        for hit in range(1, 200):
            failpoints = fd_faults.Failpoints(self.folder / f"files-{hit}", f"k13.file_before_rename=hang@{hit}")
            process = self.command("resume", job.run_dir, failpoints=failpoints)
            fd_faults.until(lambda: failpoints.fired("k13.file_before_rename") or process.poll() is not None)
            if not failpoints.fired("k13.file_before_rename"):
                break
            self.stop(process, signal.SIGTERM, GO_ON)
        self.assertGreater(hit, 5)
        self.assertEqual(process.wait(fd.DEADLINE_S), 0, process.stdout.read())
        job.check(self.reference)

    def test_a_second_signal_ends_a_drain_at_once_and_tells_what_is_in_doubt(self):
        job = self.job(simulator=("--latency-ms", 4000))
        process = job.start()
        fd_faults.until(lambda: self.in_flight(job) > 0, process)
        process.send_signal(signal.SIGINT)
        self.assertIn("stopping", process.stdout.readline())
        output = self.stop(process, signal.SIGTERM, "stopped at once")
        self.assertIn("calls under way, which may be billed: ", output)
        self.assertIn(GO_ON, output)
        done = fd.run("fd-coordinator", "resume", job.run_dir)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        job.check(self.reference, extra=32)
        self.assertGreater(job.calls_in_doubt(), 0)

    def test_a_signal_when_the_last_shard_is_written_stops_before_the_merge(self):
        job = self.job("shutdown")
        process = job.start(fd_faults.Failpoints(self.folder / "shutdown-points", "k20.coordinator_shutdown=pause"))
        self.addCleanup(fd_faults.end, process)
        fd_faults.until(lambda: fd_faults.state_of(process.pid) == "T", process)
        process.send_signal(signal.SIGINT)
        self.stop(process, signal.SIGCONT, GO_ON, code=130)
        self.resumed(job)

    def test_replay_and_verify(self):
        job = self.finished("done")
        shard = job.run_dir / "shards" / "0000"
        for arguments, name in ((("replay", shard), "k30.exec_before_run"),
                                (("replay", shard, "--fresh"), "k30.exec_before_run"),
                                (("verify", job.run_dir), "k17.merge_shard_done")):
            with self.subTest(arguments[0]):
                failpoints = fd_faults.Failpoints(self.folder / f"{len(arguments)}-{name}", f"{name}=hang")
                process = self.command(*arguments, failpoints=failpoints)
                self.held_at(failpoints, name, process)
                self.stop(process, signal.SIGINT, "stopped")
                self.assertEqual(fd.run("fd-coordinator", *arguments).returncode, 0)
                self.assertEqual(fd.stable_files(job.run_dir), self.reference)

    def test_a_command_that_only_reads(self):
        process = self.command("ids", self.folder / "job.yaml", "--input", "-", stdin=subprocess.PIPE)
        self.addCleanup(process.stdin.close)
        process.stdin.write((self.folder / "samples.jsonl").read_text().splitlines(keepends=True)[0])
        process.stdin.flush()
        fd_faults.until(lambda: "fd-signals" in fd_faults.threads_of(process.pid), process)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(fd.DEADLINE_S), 130)


if __name__ == "__main__":
    unittest.main()
