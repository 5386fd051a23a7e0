#!/usr/bin/env python3
"""Wall time, CPU and memory of commands that run side by side, with all their processes.

usage: measure.py --log FILE -- COMMAND [ARGUMENT...] [::: COMMAND [ARGUMENT...]]...

Runs the commands to their ends; what they print goes to FILE. Prints one line of JSON:
  wall_s    until the last one ended
  cpu_s     user and system time, by getrusage() of the children and of what they waited for
  peak_mib  the largest sum of Pss (/proc/PID/smaps_rollup) over the processes that run at a time,
            looked at five times a second: a page that several processes share counts once in all
Exits with 1 when a command fails, with the end of FILE on standard error.
"""
import argparse
import collections
import itertools
import json
import os
import resource
import subprocess
import sys
import time

LOOK_EVERY_S = 0.2


def descendants(roots):
    """Returns the processes of `roots` and below that run."""
    children = collections.defaultdict(list)
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                # The name of the program, in parentheses, may hold anything.
                children[int(file.read().rpartition(")")[2].split()[1])].append(int(name))
        except OSError:
            pass  # it ended
    found = list(roots)
    for pid in found:  # grows while it is walked
        found += children[pid]
    return found


def pss_kib(pid):
    """Returns the proportional memory of a process, 0 when it ended."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", required=True)
    parser.add_argument("words", nargs="+", metavar="COMMAND")
    options = parser.parse_args()
    commands = [list(words) for is_mark, words in
                itertools.groupby(options.words, lambda word: word == ":::") if not is_mark]
    start, peak_kib = time.monotonic(), 0
    with open(options.log, "wb") as log:
        processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                      stderr=subprocess.STDOUT) for command in commands]
        next_look = start
        while running := [process.pid for process in processes if process.poll() is None]:
            if time.monotonic() >= next_look:
                peak_kib = max(peak_kib, sum(map(pss_kib, descendants(running))))
                next_look = time.monotonic() + LOOK_EVERY_S
            time.sleep(0.01)
    wall = time.monotonic() - start
    if codes := [process.returncode for process in processes if process.returncode]:
        with open(options.log, encoding="utf-8", errors="replace") as log:
            sys.stderr.write(log.read()[-4000:])
        sys.exit(f"exit code {codes[0]}: {' ::: '.join(' '.join(words) for words in commands)}")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"wall_s": round(wall, 3),
                      "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
                      "peak_mib": round(peak_kib / 1024, 1)}))


if __name__ == "__main__":
    main()
