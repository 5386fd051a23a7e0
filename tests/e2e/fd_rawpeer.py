"""A peer made of sockets alone, which says on the wire what no program of ours would: ZMTP 3.0, plaintext, our frames."""

import select
import socket
import struct

_GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_MORE, _LONG, _COMMAND = 1, 2, 4
_TIMEOUT_S = 60
WORKER_STATE, ORDER, RUN_SPEC = 1, 2, 3
PROTOCOL_VERSION = 2


def pack(value):
    """Returns msgpack of what our messages are made of, each value in its shortest form: no other is taken."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value]) if value < 0x80 else _sized(value, {1: 0xcc, 2: 0xcd, 4: 0xce, 8: 0xcf})
    if isinstance(value, str):
        text = value.encode()
        head = bytes([0xa0 + len(text)]) if len(text) < 32 else _sized(len(text), {1: 0xd9, 2: 0xda, 4: 0xdb})
        return head + text
    if isinstance(value, bytes):
        return _sized(len(value), {1: 0xc4, 2: 0xc5, 4: 0xc6}) + value
    few = len(value) < 16
    if isinstance(value, list):
        return (bytes([0x90 + len(value)]) if few else _sized(len(value), {2: 0xdc, 4: 0xdd})) + b"".join(map(pack, value))
    head = bytes([0x80 + len(value)]) if few else _sized(len(value), {2: 0xde, 4: 0xdf})
    return head + b"".join(pack(key) + pack(one) for key, one in value.items())


def _sized(number, types):
    """Returns the type byte and the number, in the first of these sizes that it fits into."""
    size = next(size for size in types if number < 1 << 8 * size)
    return bytes([types[size]]) + number.to_bytes(size, "big")


def frame(kind, body, version=PROTOCOL_VERSION, run_id="", incarnation=0):
    """Returns a frame from, or for, a worker's process, of the ledger 7 and the start 8 when it names a run."""
    run = run_id.encode()
    ledger, start = (7, 8) if run else (0, 0)
    return (b"FDW1" + struct.pack(">HHIBQQQ", version, kind, len(body), len(run), ledger, start, incarnation) + run +
            body)


def incarnation_of(message):
    """Returns the process that a frame is from."""
    return struct.unpack(">Q", message[29:37])[0]


def worker_state(name, policy, version="0.1.0", incarnation=1 << 50, seq=1, **more):
    """Returns a worker's first words as a frame; `more` are keys of the map by number, such as k99=7."""
    body = {1: name, 2: seq, 3: None, 4: [], 5: 0, 6: 0, 7: False, 8: False, 9: 0, 10: version, 11: [], 12: 0, 13: "",
            14: "", 15: 0, 16: 0, 17: 0, 18: policy, 19: 0, 20: []}
    body |= {int(key[1:]): value for key, value in more.items()}
    return frame(WORKER_STATE, pack(body), incarnation=incarnation)


def order_body(config=bytes(32), refused=""):
    return {1: 1, 2: config, 3: [{1: "p", 2: 1}], 4: [], 5: 10000, 6: 1000, 7: False, 8: False, 9: [], 10: refused}


def order(refused, incarnation, version=PROTOCOL_VERSION, run_id="run"):
    return frame(ORDER, pack(order_body(refused=refused)), version, run_id, incarnation)


class Peer:
    """One connection. Errors: OSError, also when nothing comes for so long."""

    def __init__(self, connection, socket_type):
        self.connection = connection
        connection.settimeout(_TIMEOUT_S)
        connection.sendall(_GREETING)
        self._read(64)
        ready = b"\x05READY" + b"\x0bSocket-Type" + struct.pack(">I", len(socket_type)) + socket_type
        connection.sendall(bytes([_COMMAND, len(ready)]) + ready)
        self._part()  # the other side's READY

    @classmethod
    def worker(cls, endpoint):
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        return cls(socket.create_connection((host, int(port))), b"DEALER")

    @classmethod
    def coordinator(cls, listener):
        """Takes a worker's two connections, in whatever order they come. Returns the one on which it says its state,
        and the one for bulk."""
        listener.settimeout(_TIMEOUT_S)
        peers = [cls(listener.accept()[0], b"ROUTER") for _ in range(2)]
        # A new worker has nothing to say but its state, and nothing is read ahead: what can be read is that.
        readable, _, _ = select.select([peer.connection for peer in peers], [], [], _TIMEOUT_S)
        if not readable:
            raise TimeoutError("the worker does not say its state")
        return sorted(peers, key=lambda peer: peer.connection not in readable)

    def send(self, message):
        self.connection.sendall(bytes([_LONG]) + struct.pack(">Q", len(message)) + message)

    def receive(self):
        """Returns the next message; commands (pings) are passed over."""
        while True:
            flags, body = self._part()
            if not flags & _COMMAND:
                assert not flags & _MORE
                return body

    def close(self):
        self.connection.close()

    def _part(self):
        flags = self._read(1)[0]
        size = struct.unpack(">Q", self._read(8))[0] if flags & _LONG else self._read(1)[0]
        return flags, self._read(size)

    def _read(self, count):
        data = b""
        while len(data) < count:
            more = self.connection.recv(count - len(data))
            if not more:
                raise ConnectionError("the peer closed the connection")
            data += more
        return data
