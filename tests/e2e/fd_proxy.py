"""A TCP proxy that fails like a network does: for machines where no network namespace can be made.

Bytes of a connection are never lost or changed while it lives, as in TCP itself: a direction that is cut holds them back,
and they arrive after the cut; a connection that breaks loses them."""

import asyncio
import socket
import struct
import threading

UP = "up"  # from whoever connects to the proxy (a worker) to its target (the coordinator)
DOWN = "down"
_CHUNK = 4096
_BUFFER = 16 << 10  # of each socket: what a slow link swallows before its sender notices


class _Pair:
    """One connection and its continuation to the target."""

    def __init__(self, near, far):
        self.near = near
        self.far = far
        self.orphaned = False

    def reset(self):
        for writer in (self.near, self.far):
            handle = writer.get_extra_info("socket")
            if handle is not None and not writer.is_closing():
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()

    def close(self):
        self.near.close()
        self.far.close()


class CutProxy:
    """Listens on a free port of the loopback device. Thread: its own; the methods may be called from any."""

    def __init__(self, target=None):
        """`target`: (host, port) of the coordinator; None while there is none."""
        self.target = target
        self.accepted = 0  # connections so far
        self.passed = {UP: 0, DOWN: 0}  # bytes so far
        self.rate = {UP: None, DOWN: None}  # bytes per second, of all connections together
        self.delay_s = {UP: 0.0, DOWN: 0.0}  # of each piece of at most 4 KiB
        self._pairs = set()
        self._loop = asyncio.new_event_loop()
        self._open = {}
        self._free_at = {UP: 0.0, DOWN: 0.0}  # when the link has sent what was given to it, by the loop's clock
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self.port = self._listener.getsockname()[1]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def endpoint(self):
        return f"tcp://127.0.0.1:{self.port}"

    def aim(self, endpoint):
        """Sends new connections to this endpoint (tcp://HOST:PORT), or, with None, to nowhere."""
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1) if endpoint else (None, None)
        self.target = (host, int(port)) if endpoint else None

    def cut(self, *directions):
        """Nothing passes any more in these directions (both, if none is named)."""
        for direction in directions or (UP, DOWN):
            self._call(self._open[direction].clear)

    def heal(self):
        for direction in (UP, DOWN):
            self._call(self._open[direction].set)

    def reset(self):
        """Ends every connection by an RST to both sides."""
        self._call(lambda: [pair.reset() for pair in list(self._pairs)])

    def close_connections(self):
        """Ends every connection in order (FIN)."""
        self._call(lambda: [pair.close() for pair in list(self._pairs)])

    def orphan(self):
        """The target forgets every connection and whoever connected does not learn of it: half-open."""
        def forget():
            for pair in list(self._pairs):
                pair.orphaned = True
                pair.far.close()
        self._call(forget)

    def stop(self):
        self._call(lambda: [pair.reset() for pair in list(self._pairs)])
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._listener.close()

    # --- on the thread

    def passing(self, pair, direction, data):
        """For subclasses: these bytes of a connection are about to be passed on."""

    def _call(self, what):
        done = threading.Event()

        def act():
            what()
            done.set()

        self._loop.call_soon_threadsafe(act)
        done.wait()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _start(self):
        for direction in (UP, DOWN):
            self._open[direction] = asyncio.Event()
            self._open[direction].set()
        await asyncio.start_server(self._accept, sock=self._listener, limit=_CHUNK)
        self._ready.set()

    async def _accept(self, reader, writer):
        self.accepted += 1
        far = socket.socket()
        try:
            if self.target is None:
                raise ConnectionRefusedError
            far.setblocking(False)
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            await self._loop.sock_connect(far, self.target)
            far_reader, far_writer = await asyncio.open_connection(sock=far, limit=_CHUNK)
        except OSError:
            far.close()
            writer.transport.abort()
            return
        pair = _Pair(writer, far_writer)
        for one in (writer, far_writer):
            one.transport.set_write_buffer_limits(high=_CHUNK)
            one.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self._pairs.add(pair)
        await asyncio.gather(self._pump(pair, reader, far_writer, UP), self._pump(pair, far_reader, writer, DOWN),
                             return_exceptions=True)
        pair.close()
        self._pairs.discard(pair)

    async def _pump(self, pair, reader, writer, direction):
        try:
            while data := await reader.read(_CHUNK):
                if self.rate[direction]:
                    now = self._loop.time()
                    self._free_at[direction] = max(now, self._free_at[direction]) + len(data) / self.rate[direction]
                    await asyncio.sleep(self._free_at[direction] - now)
                if self.delay_s[direction]:
                    await asyncio.sleep(self.delay_s[direction])
                await self._open[direction].wait()
                if pair.orphaned:
                    continue  # swallowed
                self.passing(pair, direction, data)
                writer.write(data)
                await writer.drain()
                self.passed[direction] += len(data)
        except OSError:
            pass
        if not pair.orphaned:
            pair.close()
