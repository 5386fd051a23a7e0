"""A proxy that reads along: which of our messages pass between a coordinator and its workers, without encryption."""

import collections
import struct

import fd_proxy

ORDER, DELIVER, ACK = 2, 8, 9
_GREETING_BYTES = 64
_MORE, _LONG, _COMMAND = 1, 2, 4
_FRAME_HEAD = struct.Struct(">4sHHIBQQQ")

Message = collections.namedtuple("Message", "direction kind body")  # the body's members by number


class _Unpacker:
    """Reads the msgpack of our messages: the reverse of fd_rawpeer.pack()."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        self.at += count
        assert self.at <= len(self.data)
        return self.data[self.at - count:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def value(self):
        head = self.number(1)
        if head < 0x80:
            return head
        if head < 0x90:
            return self.map(head & 0x0f)
        if head < 0xa0:
            return self.list(head & 0x0f)
        if head < 0xc0:
            return self.take(head & 0x1f).decode()
        if head >= 0xe0:
            return head - 0x100
        plain = {0xc0: None, 0xc2: False, 0xc3: True}
        if head in plain:
            return plain[head]
        if head <= 0xc6:
            return self.take(self.number(1 << head - 0xc4))
        if head == 0xcb:
            return struct.unpack(">d", self.take(8))[0]
        if 0xcc <= head <= 0xcf:
            return self.number(1 << head - 0xcc)
        if 0xd0 <= head <= 0xd3:
            return int.from_bytes(self.take(1 << head - 0xd0), "big", signed=True)
        if 0xd9 <= head <= 0xdb:
            return self.take(self.number(1 << head - 0xd9)).decode()
        if 0xdc <= head <= 0xdd:
            return self.list(self.number(2 << head - 0xdc))
        assert 0xde <= head <= 0xdf, head
        return self.map(self.number(2 << head - 0xde))

    def list(self, count):
        return [self.value() for _ in range(count)]

    def map(self, count):
        return {self.value(): self.value() for _ in range(count)}


def _message(direction, frame):
    head = _FRAME_HEAD.unpack_from(frame)
    body = frame[_FRAME_HEAD.size + head[4]:]
    assert len(body) == head[3]
    return Message(direction, head[2], _Unpacker(body).value())


class TapProxy(fd_proxy.CutProxy):
    """Keeps, in the order in which they passed, every message of the kinds that it is told."""

    def __init__(self, *kinds):
        self.messages = []
        self._kinds = kinds
        self._rest = {}  # (pair, direction): bytes that are no whole frame yet; None until the greeting is through
        super().__init__()

    def of(self, direction, kind, since=0):
        """Returns the bodies of such messages; `since`: but for the first so many of all messages."""
        return [message.body for message in self.messages[since:] if message[:2] == (direction, kind)]

    def passing(self, pair, direction, data):
        whole = self._rest.get((pair, direction), b"") + data
        if not whole.startswith(b"\xff"):
            whole = self._take(direction, whole)
        elif len(whole) >= _GREETING_BYTES:
            whole = self._take(direction, whole[_GREETING_BYTES:])
        self._rest[pair, direction] = whole

    def _take(self, direction, data):
        """Takes every whole frame. Returns what is left."""
        while len(data) >= 9 or (len(data) >= 2 and not data[0] & _LONG):
            size, begin = (int.from_bytes(data[1:9], "big"), 9) if data[0] & _LONG else (data[1], 2)
            if len(data) < begin + size:
                break
            frame, flags = data[begin:begin + size], data[0]
            assert not flags & _MORE
            if not flags & _COMMAND and int.from_bytes(frame[6:8], "big") in self._kinds:
                self.messages.append(_message(direction, frame))
            data = data[begin + size:]
        return data
