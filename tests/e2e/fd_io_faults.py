"""Operations on files that fail on purpose, by a library that is preloaded into the programs."""

import errno
import os
import pathlib

import fd_processes as fd

SHIM = fd.BIN.parent / "lib" / "libfd_io_faults.so"
PLACES = os.environ.get("FD_READ_PLACES", "6")
FOR_EVER = 10**9


class IoFaults:
    """Of the `operations` (letters of io_faults.cpp) of a program on `files`, those from the first-th on that fail,
    `count` of them. `files`: a regular expression of their paths. Numbers go on over processes."""

    def __init__(self, log, program, files, operations, first=0, count=0, error=errno.EIO):
        self.log = pathlib.Path(log)
        self.log.unlink(missing_ok=True)
        self.wanted = {"LD_PRELOAD": str(SHIM), "FD_IO_FAULT_LOG": str(self.log), "FD_IO_FAULT_PROGRAM": program,
                       "FD_IO_FAULT_FILES": files, "FD_IO_FAULT_OPERATIONS": operations,
                       "FD_IO_FAULT_FIRST": str(first), "FD_IO_FAULT_COUNT": str(count),
                       "FD_IO_FAULT_ERRNO": str(error)}

    def environment(self):
        return fd.environment() | self.wanted

    def operations(self):
        return self.log.read_text() if self.log.exists() else ""

    def fired(self):
        return self.operations().count("X")


def places(count):
    """Returns which of so many operations are to fail: FD_READ_PLACES of them, the first and last among these, or all."""
    wanted = count if PLACES == "all" else min(count, int(PLACES))
    return sorted({1 + place * (count - 1) // max(1, wanted - 1) for place in range(wanted)})
