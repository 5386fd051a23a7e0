"""Exit codes of docs/contract.md: each fault has one, whichever command meets it."""

import contextlib
import sqlite3
import subprocess
import unittest

import fd_processes as fd
from fd_job import Job

SHIM = fd.BIN.parent / "lib" / "libfd_network_disk.so"
USAGE, INPUT, MISMATCH = 2, 3, 11


class ExitCodes(Job):
    def refused(self, code, says, *arguments, environment=None):
        done = subprocess.run([fd.BIN / "fd-coordinator", *map(str, arguments)], capture_output=True, text=True,
                              timeout=fd.DEADLINE_S, env=environment or fd.environment())
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(says, done.stderr)

    def run_arguments(self, *more):
        return "run", self.config, "--out", self.folder / "out", *fd.teacher("http://127.0.0.1:1/v1"), *more

    @unittest.skipUnless(SHIM.exists(), "a sanitizer must itself come first")
    def test_a_folder_where_no_ledger_may_stand_is_bad_usage_for_every_command(self):
        run_dir = self.run_job(self.simulator(), "local")
        on_nfs = fd.environment() | {"LD_PRELOAD": str(SHIM)}
        says = "lies on a network file system"
        self.refused(USAGE, says, *self.run_arguments(), environment=on_nfs)
        self.assertEqual(list((self.folder / "out").iterdir()), [])
        self.refused(USAGE, says, "resume", run_dir, environment=on_nfs)

    def test_rows_that_are_refused_are_bad_data_for_every_command(self):
        rows = self.folder / "rows.jsonl"
        rows.write_text("[]\n")
        for path, says in ((rows, f"{rows}:1: not a JSON object"), (self.folder / "none.jsonl", "No such file")):
            self.refused(INPUT, says, *self.run_arguments("--input", path))
            self.refused(INPUT, says, "ids", self.config, "--input", path)

    def test_a_config_that_asks_for_what_comes_later_is_bad_usage(self):
        says = "gates.judge.enabled: true is not available in this version"
        self.refused(USAGE, says, *self.run_arguments("--set", "gates.judge.enabled=true"))

    def test_a_run_is_not_called_as_the_link_beside_it(self):
        says = "--run-id: `latest` is the link to the run that ended last"
        self.refused(USAGE, says, *self.run_arguments("--run-id", "latest"))
        self.assertFalse((self.folder / "out").exists())
        self.refused(USAGE, "--run-id: must match", *self.run_arguments("--run-id", ".latest-1"))

    def test_a_ledger_of_a_later_version_is_a_mismatch_for_every_command_that_goes_on(self):
        run_dir = self.failed_run()
        with contextlib.closing(sqlite3.connect(run_dir / "ledger.sqlite")) as ledger:
            ledger.execute("PRAGMA user_version=99")
        says = "is a ledger of schema 99"
        self.refused(MISMATCH, says, *self.run_arguments())
        self.refused(MISMATCH, says, "resume", run_dir)


if __name__ == "__main__":
    unittest.main()
