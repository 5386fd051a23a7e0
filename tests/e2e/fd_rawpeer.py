"""A peer made of sockets alone, which says on the wire what no program of ours would: ZMTP 3.0, plaintext, our frames."""

import socket
import struct

_GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_MORE, _LONG, _COMMAND = 1, 2, 4
WORKER_STATE, ORDER, RUN_SPEC = 1, 2, 3
PROTOCOL_VERSION = 1


def pack(value):
    """Returns msgpack of what our messages are made of."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return b"\xcf" + struct.pack(">Q", value)
    if isinstance(value, str):
        text = value.encode()
        return b"\xdb" + struct.pack(">I", len(text)) + text
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
    return b"\xdf" + struct.pack(">I", len(value)) + b"".join(pack(k) + pack(v) for k, v in value.items())


def frame(kind, body, version=PROTOCOL_VERSION, run_id=""):
    run = run_id.encode()
    return b"FDW1" + struct.pack(">HHIB", version, kind, len(body), len(run)) + run + body


def worker_state(name, policy, version="0.1.0", incarnation=1 << 50, seq=1, **more):
    """Returns a worker's first words as a frame; `more` are keys of the map by number, such as k99=7."""
    body = {1: name, 2: incarnation, 3: seq, 4: 0, 5: None, 6: [], 7: 0, 8: 0, 9: False, 10: 0, 11: version, 12: [],
            13: False, 14: 0, 20: policy}
    body |= {int(key[1:]): value for key, value in more.items()}
    return frame(WORKER_STATE, pack({key: value for key, value in body.items() if value is not ...}))


def order(refused, incarnation, version=PROTOCOL_VERSION, run_id="run"):
    body = {1: 1, 2: 1, 3: incarnation, 4: bytes(32), 5: 0, 6: [], 7: 10000, 8: 1000, 9: False, 10: False, 12: refused}
    return frame(ORDER, pack(body), version, run_id)


class Peer:
    """One connection. Errors: OSError, also when nothing comes for `timeout_s`."""

    def __init__(self, connection, socket_type, timeout_s=60):
        self.connection = connection
        connection.settimeout(timeout_s)
        self.file = connection.makefile("rb")
        connection.sendall(_GREETING)
        self._read(64)
        ready = b"\x05READY" + b"\x0bSocket-Type" + struct.pack(">I", len(socket_type)) + socket_type
        connection.sendall(bytes([_COMMAND, len(ready)]) + ready)

    @classmethod
    def worker(cls, endpoint):
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        return cls(socket.create_connection((host, int(port))), b"DEALER")

    @classmethod
    def coordinator(cls, listener):
        connection, _ = listener.accept()
        return cls(connection, b"ROUTER")

    def send(self, message):
        self.connection.sendall(bytes([_LONG]) + struct.pack(">Q", len(message)) + message)

    def receive(self):
        """Returns the next message; commands (pings) are passed over."""
        while True:
            flags = self._read(1)[0]
            size = struct.unpack(">Q", self._read(8))[0] if flags & _LONG else self._read(1)[0]
            body = self._read(size)
            if not flags & _COMMAND:
                assert not flags & _MORE
                return body

    def close(self):
        self.file.close()
        self.connection.close()

    def _read(self, count):
        data = self.file.read(count)
        if len(data) != count:
            raise ConnectionError("the peer closed the connection")
        return data
