"""Who else may write into a run's folder, and what a run leaves readable (faults.md J)."""

import os
import pathlib
import resource
import shutil
import signal
import stat
import subprocess
import unittest

import fd_faults
import fd_processes as fd

REFUSED = 8
OTHER_USER = 65534  # nobody
NEEDS_ROOT = unittest.skipUnless(os.geteuid() == 0, "needs root")


class FolderTest(fd_faults.FaultTest):
    rows = 40
    settings = ("lease.ttl_ms=1000", "lease.heartbeat_ms=100")

    def stopped(self):
        """Returns a job that was ended in the middle, and can go on."""
        job = self.job(simulator=("--latency-ms", 40))
        coordinator = job.start()
        self.after_requests(job, 16, coordinator)
        coordinator.send_signal(signal.SIGTERM)
        coordinator.wait(fd.DEADLINE_S)
        self.assertEqual(coordinator.returncode, 128 + signal.SIGTERM)
        return job

    def refused(self, job, path, why):
        """The commands that write say what is wrong with the path, and ask for nothing."""
        before = len(job.simulator.requests())
        self.assertEqual(job.run(), REFUSED, job.output)
        self.assertIn(f"{path}: {why}", job.output)
        for command in () if job.run_dir.is_symlink() else (("resume",), ("replay", "--shard", 0)):
            done = fd.run("fd-coordinator", command[0], job.run_dir, *command[1:])
            self.assertEqual(done.returncode, REFUSED, done.stdout + done.stderr)
            self.assertIn(f"{path}: {why}", done.stderr)
        self.assertEqual(len(job.simulator.requests()), before)

    def resumed(self, job):
        """What was refused goes on once it is as it was."""
        self.assertEqual(job.run(), 0, job.output)
        job.check(self.reference)

    def test_J01_links_in_the_place_of_files_are_refused_and_their_targets_untouched(self):
        job = self.stopped()
        target = self.folder / "precious"
        target.write_text("mine")
        names = ("run.json", "run.json.tmp", "ledger.sqlite", "ledger.sqlite-wal", "status.json", "lock", "export",
                 "export/train.jsonl", "reports", "manifests", "shards/0000/outcomes.jsonl", "shards/0000/manifest.json",
                 "workers/0/worker.log", "workers/0/segment")
        for name in names:
            with self.subTest(name=name):
                path = job.run_dir / name
                aside = self.folder / "aside"
                there = path.exists()
                if there:
                    path.rename(aside)
                made = None if path.parent.exists() else path.parent
                path.parent.mkdir(mode=0o700, exist_ok=True)
                path.symlink_to(target)
                self.refused(job, path, "is a symbolic link")
                self.assertEqual(target.read_text(), "mine")
                self.assertTrue(path.is_symlink())
                path.unlink()
                if made:
                    made.rmdir()
                if there:
                    aside.rename(path)
        self.resumed(job)

    def test_J01_links_that_appear_while_a_run_is_under_way_are_not_written_through(self):
        job = self.job(simulator=("--latency-ms", 40))
        coordinator = job.start()
        self.after_requests(job, 8, coordinator)
        target = self.folder / "precious-too"
        target.write_text("mine")
        export = job.run_dir / "export"
        export.mkdir(mode=0o700)
        links = [export / "train.jsonl", export / "valid.jsonl.tmp", job.run_dir / "run.json.tmp",
                 job.out / "latest"]
        for link in links:
            link.symlink_to(target)
        output, _ = coordinator.communicate(timeout=fd.DEADLINE_S)
        self.assertEqual(coordinator.returncode, 0, output)
        self.assertEqual(target.read_text(), "mine")
        self.assertEqual((job.out / "latest").resolve(), job.run_dir.resolve())
        job.check(self.reference)
        self.assertEqual([path for path in job.run_dir.rglob("*") if path.is_symlink()], [])

    def test_J02_a_run_folder_that_is_a_link_is_refused_unless_the_user_names_the_link(self):
        job = self.stopped()
        elsewhere = self.folder / "elsewhere"
        job.run_dir.rename(elsewhere)
        job.run_dir.symlink_to(elsewhere)
        self.refused(job, job.run_dir, "is a symbolic link")
        done = fd.run("fd-coordinator", "resume", job.run_dir, "--quiet")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        job.check(self.reference)

    def test_J02_the_folders_above_may_be_links_and_open_to_everybody(self):
        job = self.stopped()
        scratch = self.folder / "scratch"
        job.out.rename(scratch)
        job.out.symlink_to(scratch)
        scratch.chmod(0o1777)
        self.resumed(job)
        for name in ("job", "latest"):
            for command in ("verify", "status"):
                done = fd.run("fd-coordinator", command, job.out / name)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(job.run(), 0, job.output)

    def test_J02_what_everybody_may_write_is_refused(self):
        job = self.stopped()
        for name in ("", "shards/0001", "ledger.sqlite"):
            with self.subTest(name=name):
                path = job.run_dir / name
                mode = stat.S_IMODE(path.stat().st_mode)
                path.chmod(mode | stat.S_IWOTH)
                self.refused(job, path, "everybody may write to it")
                path.chmod(mode)
        job.run_dir.chmod(0o777)
        self.assertEqual(job.run(), REFUSED)
        # What the message says mends it.
        command = job.output.split("then: ", 1)[1].splitlines()[0]
        self.assertRegex(command, "^chmod -R o-w /")
        subprocess.run(command, shell=True, check=True)
        self.resumed(job)

    @NEEDS_ROOT
    def test_J02_what_belongs_to_another_user_is_refused(self):
        job = self.stopped()
        for name in ("", "run.json", "workers/0"):
            with self.subTest(name=name):
                path = job.run_dir / name
                os.chown(path, OTHER_USER, -1)
                self.refused(job, path, f"belongs to another user ({OTHER_USER})")
                os.chown(path, os.geteuid(), -1)
        self.resumed(job)

    def test_J04_pipes_and_second_names_are_refused_and_nobody_hangs(self):
        job = self.stopped()
        path = job.run_dir / "shards" / "0000" / "outcomes.jsonl.tmp"
        os.mkfifo(path)
        self.refused(job, path, "is neither a folder nor a regular file")
        path.unlink()
        other = self.folder / "other-name"
        ledger = job.run_dir / "ledger.sqlite"
        os.link(ledger, other)
        self.refused(job, ledger, "has another name as well")
        other.unlink()
        self.resumed(job)

    def test_J05_files_are_for_their_owner_alone_whatever_the_umask(self):
        failing = ("--reject-contains", "cost more than 33?")
        job = self.job(simulator=("--latency-ms", 20, *failing))
        found = []
        coordinator = job.start(umask=0)
        self.after_requests(job, 24, coordinator)
        found += self.modes(job.out)  # with the ledger's log, journals and the status
        self.assertEqual(coordinator.wait(fd.DEADLINE_S), 4)
        shard = next(manifest for manifest in fd_faults.manifests(job.run_dir) if manifest["state"] == "failed")["shard"]
        willing = fd.Simulator(self.folder, *fd.dataset_arguments(self.folder))
        self.addCleanup(willing.stop)
        gateway = self.folder / "willing.yaml"
        gateway.write_text(f"gateway: {{providers: [{{name: other, base_url: '{willing.url}', max_concurrency: 4}}]}}\n")
        for arguments, code in ((("replay", job.run_dir, "--shard", shard, "--fresh", "--gateway", gateway), 0),
                                (("resume", job.run_dir, "--quiet"), 0),
                                (("keygen", job.out / "keys"), 0)):
            done = fd.run("fd-coordinator", *arguments, umask=0)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        found += self.modes(job.out)
        names = {path.name for path, _ in found}
        self.assertTrue({"ledger.sqlite", "ledger.sqlite-wal", "worker.log", "status.json", "train.jsonl", "run.json",
                         "quality_report.json", "coordinator.secret", "lock"} <= names, names)
        self.assertTrue(any(name.endswith(".fdj") for name in names), names)
        self.expect_private(found)

    def test_J05_a_worker_of_its_own_keeps_its_state_to_itself(self):
        job = self.job(simulator=("--latency-ms", 20))
        coordinator = job.listen()
        state = job.out / "state"
        log = open(self.folder / "own-worker.log", "w", encoding="utf-8")
        self.addCleanup(log.close)
        worker = fd.start("fd-worker", "--connect", job.endpoint, "--state", state, umask=0, stdout=log, stderr=log)
        self.addCleanup(fd_faults.end, worker)
        self.after_requests(job, 24, coordinator)
        found = self.modes(state)
        self.assertEqual(job.finish(coordinator), 0)
        found += self.modes(state)
        self.assertTrue(any(path.name.endswith(".fdj") for path, _ in found), found)
        self.expect_private(found)

    def test_J02_a_worker_takes_no_state_that_others_may_have_written(self):
        for name in ("journal", "databases"):
            state = self.folder / f"state-{name}"
            (state / "journal").mkdir(parents=True)
            (state / name).mkdir(exist_ok=True)
            (state / name).chmod(0o777)
            done = fd.run("fd-worker", "--connect", "tcp://127.0.0.1:1", "--state", state)
            self.assertEqual(done.returncode, 8, done.stderr)
            self.assertIn(f"{state / name}: everybody may write to it (mode 0777)", done.stderr)
            (state / name).rmdir()
            (state / name).symlink_to(self.folder)
            done = fd.run("fd-worker", "--connect", "tcp://127.0.0.1:1", "--state", state)
            self.assertEqual(done.returncode, 8, done.stderr)
            self.assertIn(f"{state / name}: is a symbolic link", done.stderr)

    def expect_private(self, found):
        for path, mode in found:
            self.assertEqual(oct(stat.S_IMODE(mode)), "0o700" if stat.S_ISDIR(mode) else "0o600", path)

    @staticmethod
    def modes(folder):
        found = []
        for path in [folder, *folder.rglob("*")]:
            try:
                if not path.is_symlink():
                    found.append((path, path.lstat().st_mode))
            except FileNotFoundError:
                pass  # a temporary file
        return found

    def test_J08_a_crash_writes_no_core(self):
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)

        def crash(process):
            process.send_signal(signal.SIGSEGV)
            process.returncode = -signal.SIGSEGV
            return os.WCOREDUMP(os.waitpid(process.pid, 0)[1])

        place = self.folder / "cores"
        place.mkdir()
        ordinary = subprocess.Popen(["sleep", "120"], cwd=place)
        resource.prlimit(ordinary.pid, resource.RLIMIT_CORE, (hard, hard))
        job = self.job(simulator=("--latency-ms", 40))
        coordinator = job.listen()
        worker = job.worker("own")
        self.after_requests(job, 4, coordinator)
        for process in (worker, coordinator):
            limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size +0 +0 ")
        if not crash(ordinary):
            self.skipTest("this machine writes no core of an ordinary program either")
        self.assertFalse(crash(worker))
        self.assertFalse(crash(coordinator))

    @NEEDS_ROOT
    def test_J08_a_user_s_other_programs_cannot_look_into_one_that_has_keys(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)  # once the processes have ended: they write into it
        place = pathlib.Path(holder.name)
        os.chown(place, OTHER_USER, OTHER_USER)
        program = shutil.copy(fd.BIN / "fd-worker", place)

        def start(*command):
            process = subprocess.Popen(command, user=OTHER_USER, group=OTHER_USER, extra_groups=[], cwd=place,
                                       env=fd.environment() | {"HOME": holder.name}, stderr=subprocess.DEVNULL)
            self.addCleanup(fd_faults.end, process)
            return process

        def owner(process):
            return os.stat(f"/proc/{process.pid}/environ").st_uid

        ordinary = start("sleep", "120")
        worker = start(program, "--connect", "tcp://127.0.0.1:1")
        fd_faults.until(lambda: owner(worker) == 0, worker)
        self.assertEqual(owner(ordinary), OTHER_USER)

    def test_J12_a_shard_with_a_link_in_it_is_not_replayed(self):
        job = self.job()
        self.assertEqual(job.run(), 0, job.output)
        shard = self.folder / "copied-shard"
        shutil.copytree(job.run_dir / "shards" / "0000", shard)
        arguments = ("replay", shard, "--databases", job.run_dir / "databases")
        done = fd.run("fd-coordinator", *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        answers = shard / "answers.jsonl"
        answers.rename(self.folder / "answers-elsewhere")
        answers.symlink_to(self.folder / "answers-elsewhere")  # the same bytes
        done = fd.run("fd-coordinator", *arguments)
        self.assertEqual(done.returncode, REFUSED, done.stdout + done.stderr)
        self.assertIn("answers.jsonl: is a symbolic link", done.stderr)

    def test_J12_verify_reads_no_file_that_a_manifest_names_outside_its_folder(self):
        job = self.job()
        self.assertEqual(job.run(), 0, job.output)
        manifest = job.run_dir / "shards" / "0000" / "manifest.json"
        good = manifest.read_text()
        for name in ("../0001/answers.jsonl", "/etc/passwd"):
            manifest.write_text(good.replace('"answers.jsonl"', f'"{name}"'))
            done = fd.run("fd-coordinator", "verify", job.run_dir)
            self.assertEqual(done.returncode, 5, done.stdout + done.stderr)
            self.assertIn("shards/0000/manifest.json", done.stderr)
            self.assertNotIn("root:", done.stdout + done.stderr)
        manifest.write_text(good)
        self.assertEqual(fd.run("fd-coordinator", "verify", job.run_dir).returncode, 0)


if __name__ == "__main__":
    unittest.main()
