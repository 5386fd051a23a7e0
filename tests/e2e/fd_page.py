"""Runs what a page of docs/ shows: files, commands and what these print.

A block of a page with a comment before it is a part of one session, from the top of the page to its end:

    <!-- file: NAME -->      the next block is this file
    <!-- server: NAME -->    the next block is a console: lines that begin with `$ ` are commands, the others what they print, on both
                             outputs and without lines of progress. A line of three dots stands for any lines. Each console has a home
                             of its own, and the server of that name.
"""

import os
import pathlib
import re
import subprocess

import fd_processes as fd

_BLOCK = re.compile(r"<!-- (file|server): (\S+) -->\n```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PROGRESS = re.compile(r"[0-9,]+ / [0-9,]+ .*")
_TIMES = re.compile(r"\b[0-9.,]+ (ms|s)\b")


def commands(console):
    """Returns [(command, what it prints according to the page)]."""
    parts = re.split(r"^\$ ", console, flags=re.MULTILINE)
    assert not parts[0], f"a console begins with a command: {console}"
    return [tuple(part.split("\n", 1)) for part in parts[1:]]


def without_times(text):
    return _TIMES.sub(r"N \1", text)


def shortened(printed, shown):
    """Returns what was printed, without the lines that the page leaves out; all of it when the others are not there in this order."""
    lines = printed.splitlines(keepends=True)
    plain = [without_times(line) for line in lines]
    pieces = [without_times(piece).splitlines(keepends=True) for piece in shown.split("...\n")]
    out, at = [], 0
    for number, piece in enumerate(pieces):
        first = len(lines) - len(piece) if number == len(pieces) - 1 else at
        last = 0 if number == 0 else len(lines)
        begin = next((here for here in range(max(first, at), last + 1) if plain[here:here + len(piece)] == piece), None)
        if begin is None:
            return printed
        out += ["...\n"] * (number > 0) + lines[begin:begin + len(piece)]
        at = begin + len(piece)
    return "".join(out)


class Page:
    """`point_at(text, url)` returns a file's text with its providers at the stand-in's URL, and `told(text, url)` what a command
    printed with the address that the page has."""

    def __init__(self, path, folder, point_at, told, variables):
        self.path = pathlib.Path(path)
        self.folder = pathlib.Path(folder)
        self.point_at = point_at
        self.told = told
        self.variables = variables

    def run(self, command, home, url):
        """Returns what a command prints, and a line with its exit code if that is not 0."""
        environment = {**fd.environment(), **self.variables, "HOME": str(home), "PATH": f"{fd.BIN.resolve()}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=fd.DEADLINE_S, check=False)
        lines = [line for line in done.stdout.splitlines() if not _PROGRESS.fullmatch(line)]
        if done.returncode != 0:
            lines.append(f"(exit code {done.returncode})")
        return self.told("".join(line + "\n" for line in lines).replace(str(home), "/home/me"), url)

    def replayed(self, servers):
        """Returns the page as its commands print it now. servers: {name: function that starts one, which has url and stop()}."""
        consoles = 0

        def block(match):
            nonlocal consoles
            what, name, language, body = match.groups()
            if what == "file":
                self.files[name] = body
                return match[0]
            consoles += 1
            home = self.folder / f"home-{consoles}"
            home.mkdir()
            server = servers[name]()
            try:
                for file, text in self.files.items():
                    (self.folder / file).write_text(self.point_at(text, server.url), encoding="utf-8")
                printed = "".join(f"$ {command}\n{shortened(self.run(command, home, server.url), shown)}"
                                  for command, shown in commands(body))
            finally:
                server.stop()
            return f"<!-- server: {name} -->\n```{language}\n{printed}```"

        self.files = {}
        return _BLOCK.sub(block, self.path.read_text(encoding="utf-8"))
