"""Hosts on one machine: network namespaces of their own, joined by a switch, with links that can be cut. Linux, as root."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import fd_faults
import fd_processes as fd

NETWORK = "10.77.0"  # exists in these namespaces only
_SWITCH = "switch"
_NAMES = pathlib.Path("/etc/netns")  # what `ip netns exec` mounts over /etc
_SKIPPED = 77  # to ctest


def run(*words):
    done = subprocess.run([*map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")


def ip(*arguments):
    run("ip", *arguments)


def obstacle():
    """Returns why no namespaces can be made here; nothing when they can."""
    try:
        with Network(["probe"]) as network:
            network.cut("probe")
    except OSError as error:
        return str(error)
    return ""


class Network:
    """A switch and the hosts at it. Close it whatever happens: namespaces outlive the process."""

    count = 0

    def __init__(self, hosts):
        Network.count += 1
        self._prefix = f"fd-{os.getpid()}-{Network.count}"
        self._made = []
        self._hosts = list(hosts)
        try:
            self._add(_SWITCH)
            self._in(_SWITCH, "link", "add", "bridge", "type", "bridge")
            self._in(_SWITCH, "link", "set", "bridge", "up")
            for host in self._hosts:
                self._plug_in(host)
        except OSError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Removes the namespaces; with them go their interfaces. Processes in them must have ended."""
        while self._made:
            name = self._made.pop()
            ip("netns", "del", name)
            shutil.rmtree(_NAMES / name, ignore_errors=True)

    def address(self, host):
        return f"{NETWORK}.{self._hosts.index(host) + 1}"

    def names(self, host, addresses):
        """Says which names a host knows, with their addresses; no other name has any. At first before anything runs there,
        later at any time."""
        folder = _NAMES / self._name(host)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        lines = [f"{address} {name}\n" for name, address in {"localhost": "127.0.0.1", **addresses}.items()]
        (folder / "hosts").write_text("".join(lines))  # in place: it is mounted where processes run

    def inside(self, host):
        """Returns the words before a command that make it run on a host; the process is the command's own."""
        return ["ip", "netns", "exec", self._name(host)]

    def cut(self, host):
        """Takes the plug of a host out of the switch: nothing passes, and no connection learns of it."""
        self._in(_SWITCH, "link", "set", self._port(host), "down")

    def heal(self, host):
        self._in(_SWITCH, "link", "set", self._port(host), "up")

    def slow(self, host, rate):
        """Gives the link of a host this rate in both directions (as tc says it: 64kbit) and a queue of 400 ms."""
        for place, device in ((host, "eth0"), (_SWITCH, self._port(host))):
            run("tc", "-n", self._name(place), "qdisc", "add", "dev", device, "root", "tbf", "rate", rate, "burst", "1600",
                "latency", "400ms")

    def _plug_in(self, host):
        self._add(host)
        self._in(_SWITCH, "link", "add", self._port(host), "type", "veth", "peer", "name", "eth0", "netns", self._name(host))
        self._in(_SWITCH, "link", "set", self._port(host), "master", "bridge", "up")
        self._in(host, "address", "add", f"{self.address(host)}/24", "dev", "eth0")
        self._in(host, "link", "set", "eth0", "up")
        self._in(host, "link", "set", "lo", "up")

    def _port(self, host):
        return f"p{self._hosts.index(host) + 1}"

    def _name(self, host):
        return f"{self._prefix}-{host}"

    def _add(self, host):
        ip("netns", "add", self._name(host))
        self._made.append(self._name(host))

    def _in(self, host, *arguments):
        ip("-n", self._name(host), *arguments)


class HostsTest(fd_faults.FaultTest):
    """Cases with several hosts."""

    hosts = ()

    def setUp(self):
        self.network = Network(self.hosts)
        self.addCleanup(self.network.close)

    def start(self, host, log, program, *arguments):
        with open(log, "a", encoding="utf-8") as out:
            process = subprocess.Popen([*self.network.inside(host), fd.BIN / program, *map(str, arguments)], stdout=out,
                                       stderr=out, env=fd.environment())
        self.addCleanup(fd_faults.end, process)
        return process

    def teacher(self, job, host, address, *more):
        """Moves the job's teacher to a host, where it listens at this address. Returns its URL."""
        job.simulator.stop()
        self.start(host, job.out.with_suffix(".teacher.log"), "fd-simulator", "--listen", f"{address}:8000", "--request-log",
                   job.simulator.log, *fd.dataset_arguments(self.folder), *more)
        job.simulator.stop = lambda: None
        return f"http://{address}:8000/v1"

    def coordinator(self, job, host, url, *more):
        """Starts the job on a host, or goes on with it. Returns the process and where it listens."""
        endpoint = f"tcp://{self.network.address(host)}:5555"
        process = self.start(
            host, job.out.with_suffix(".log"), "fd-coordinator", "run", self.folder / "job.yaml", "--out", job.out,
            "--workers", 0, "--limit", self.rows, "--run-id", "job", "--listen", endpoint, *fd.teacher(url), *more,
            *(word for setting in self.settings for word in ("--set", setting)))
        return process, endpoint


def main():
    """Runs the cases of the calling file, or says why it cannot and what that means to ctest: skipped, not passed."""
    why = obstacle()
    if why:
        print(f"SKIPPED: hosts in network namespaces cannot be made here: {why}\n"
              "         network_test.py and slow_link_test.py do without, with a proxy on the loopback device")
        sys.exit(_SKIPPED)
    unittest.main()
