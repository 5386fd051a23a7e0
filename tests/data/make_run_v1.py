"""Makes the run that tests/e2e/old_run_test.py reads with every later program: formats as of output version 1.

usage: FD_BIN_DIR=build/release/bin python3 tests/data/make_run_v1.py DIR

DIR must not exist. It becomes the folder of a finished run, with the ledger and a journal that a local worker
left behind (workers/0). Made once, when formats are final; never again, or it would test nothing."""

import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import fd_processes as fd  # noqa: E402
import fd_seal  # noqa: E402
import fd_small_set  # noqa: E402

BYTES_MAX = 125_000


def run(folder, simulator, *, failpoint=None):
    """Runs the job, in `folder` and with names relative to it."""
    programs = fd.BIN.parent / "failpoint-bin" if failpoint else fd.BIN
    environment = fd.environment() | ({"FD_FAILPOINTS": failpoint, "FD_FAILPOINT_DIR": "fired"} if failpoint else {})
    return subprocess.run([programs / "fd-coordinator", "run", "small.yaml", "--out", "out", "--run-id",
                           fd_small_set.RUN_ID, "--workers", "1", *fd.teacher(simulator.url)],
                          cwd=folder, env=environment, capture_output=True, text=True, timeout=fd.DEADLINE_S)


def make(target):
    with fd.temporary_folder() as name:
        folder = pathlib.Path(name)
        fd_small_set.write(folder)
        (folder / "fired").mkdir()
        run_dir = folder / "out" / fd_small_set.RUN_ID
        journal = folder / "journal"
        with fd.Simulator(folder, "--answers", folder / "answers.jsonl") as simulator:
            # The coordinator is killed before it acknowledges the first answers: they stay in the worker's journal.
            killed = run(folder, simulator, failpoint="k09.records_before_ack=kill")
            assert killed.returncode == -9, killed.stderr
            shutil.copytree(run_dir / "workers" / "0", journal, ignore=shutil.ignore_patterns("*.log", "*.lock"))
            done = run(folder, simulator)
            assert done.returncode == 0, done.stdout + done.stderr
        shutil.rmtree(run_dir / "workers")
        shutil.copytree(journal, run_dir / "workers" / "0")
        # Where the database was found is the one thing that tells of this machine.
        fd_seal.change_run_json(run_dir, f'"{folder}/shop.sqlite"', '"shop.sqlite"')
        verified = fd.run("fd-coordinator", "verify", run_dir)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        total = sum(path.stat().st_size for path in run_dir.rglob("*") if path.is_file())
        assert total < BYTES_MAX, f"{total} bytes"
        for path in run_dir.rglob("*"):
            assert not path.is_file() or str(folder).encode() not in path.read_bytes(), f"{path} tells where it was made"
        shutil.copytree(run_dir, target)
        print(f"{target}: {total} bytes, {len(list((target / 'workers' / '0').iterdir()))} files of a journal")


if __name__ == "__main__":
    if len(sys.argv) != 2 or pathlib.Path(sys.argv[1]).exists():
        sys.exit(__doc__)
    make(pathlib.Path(sys.argv[1]))
