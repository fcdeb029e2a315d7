"""Control's end of the feed: who is connected, what each name server serves, and what it is sent.

    Hello -> (what it lacks) -> CaughtUp -> deltas, each acknowledged
    a full queue, a bad frame, a wrong token: the connection ends; the edge comes back and is caught up anew

A name server counts for a Change from its Hello until its supervisor saw it end, connected or not (I3).
Runs on one event loop; what may be called from other threads says so. Limits: 4096 messages wait for a slow
edge.
"""

import asyncio
import hmac
import itertools
import logging
import os
import socket
import struct
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from seal53.base import journal
from seal53.base.journal import Secret
from seal53.feed import frames
from seal53.feed.messages import (
    Ack,
    AskCounters,
    CaughtUp,
    Counters,
    Hello,
    Ready,
    Refusal,
    ToControl,
    ToEdge,
)

ROLES = ("edge", "resolver")
_WAITING_MOST = 4096
_HELLO_WITHIN_S = 5.0
_COUNTERS_WITHIN_S = 2.0
_MEND_AGAIN_S = 1.0

_decoder: "msgspec.msgpack.Decoder[ToControl]" = msgspec.msgpack.Decoder(ToControl)


class Source(Protocol):
    """Where contents come from; called in threads."""

    def catch_up(self, role: str, have: Mapping[str, int]) -> Iterator[ToEdge]:
        """All that a name server lacks which serves `have` (versions by zone id): zones, then views."""

    def whole(self, subject: str) -> ToEdge | None:
        """The whole of "zone:ID" as it is published, or None."""


@dataclass(slots=True)
class _Edge:
    """A registered name server. `versions` by subject are what it said it serves."""

    id: str
    role: str
    versions: dict[str, int] = field(default_factory=dict)
    connection: "_Connection | None" = None


class FeedServer:
    """`registered` is told of each accepted edge, in a thread and before the edge is sent anything;
    `acknowledged` of each acknowledgement, and is quick."""

    def __init__(
        self,
        source: Source,
        *,
        token: Secret,
        registered: Callable[[str, str], None],
        acknowledged: Callable[[], None],
    ) -> None:
        self._source = source
        self._token = token
        self._registered = registered
        self._acknowledged = acknowledged
        self._lock = threading.Lock()
        self._edges: dict[str, _Edge] = {}
        self._expected: set[str] = set()
        self._requests = itertools.count(1)
        self._asked: dict[tuple[str, int], asyncio.Future[dict[str, int]]] = {}
        self._connections: set[_Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Accepts on a Unix socket that listens already."""
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_unix_server(self._accept, sock=listening)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()

    # --- which edges live: told by the supervisor

    def known(self, edge_id: str, role: str) -> None:
        """An edge that was registered before and lives: it counts, though it has not come back yet."""
        with self._lock:
            self._edges.setdefault(edge_id, _Edge(edge_id, role))

    def expect(self, edge_id: str) -> None:
        """This edge may register."""
        self._expected.add(edge_id)

    def forget(self, edge_id: str) -> None:
        """The edge's process is gone: nothing waits for it."""
        self._expected.discard(edge_id)
        with self._lock:
            edge = self._edges.pop(edge_id, None)
        if edge is not None and edge.connection is not None:
            edge.connection.abort()
        self._acknowledged()

    # --- what edges serve: any thread

    def served(self, role: str, subject: str) -> int | None:
        """The version that every registered edge of the role serves; None when there is none."""
        with self._lock:
            versions = [edge.versions.get(subject) for edge in self._edges.values() if edge.role == role]
        known = [version for version in versions if version is not None]
        return min(known) if known and len(known) == len(versions) else None

    def dropped(self, subject: str) -> bool:
        """Whether there are registered edges, and none of any role serves the subject any more."""
        with self._lock:
            edges = list(self._edges.values())
            return bool(edges) and all(e.connection is not None and subject not in e.versions for e in edges)

    def send_soon(self, role: str, message: ToEdge) -> None:
        """Sends to every connected edge of the role; from any thread, in the order of the calls."""
        if self._loop is not None:
            frame = frames.encode(message)
            self._loop.call_soon_threadsafe(self._send, role, frame)

    def _send(self, role: str, frame: bytes) -> None:
        for connection in list(self._connections):
            if connection.edge is not None and connection.edge.role == role:
                connection.put(frame)

    async def counters(self) -> dict[str, dict[str, int]]:
        """The counters of each connected edge, by its id; one that does not answer in time is left out."""
        loop = asyncio.get_running_loop()
        waiting: dict[str, asyncio.Future[dict[str, int]]] = {}
        for connection in list(self._connections):
            if connection.edge is not None:
                request = next(self._requests)
                future: asyncio.Future[dict[str, int]] = loop.create_future()
                self._asked[connection.edge.id, request] = waiting[connection.edge.id] = future
                connection.put(frames.encode(AskCounters(request=request)))
        if waiting:
            await asyncio.wait(waiting.values(), timeout=_COUNTERS_WITHIN_S)
        self._asked = {key: asked for key, asked in self._asked.items() if not asked.done()}
        return {edge_id: future.result() for edge_id, future in waiting.items() if future.done()}

    # --- one connection

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        self._connections.add(connection)
        sending: asyncio.Task[None] | None = None
        try:
            hello = await self._greeted(reader, writer)
            edge = self._register(hello, connection)
            await self._record(edge)
            sending = asyncio.create_task(self._speak(connection, hello))
            while (message := await _read(reader)) is not None and edge.connection is connection:
                self._heed(edge, connection, message)
        except (frames.FeedFault, TimeoutError) as e:
            journal.event("feed-refused", level=logging.WARNING, why=str(e) or "no hello in time")
        except asyncio.CancelledError:
            pass  # the process ends; asyncio would tell of a cancelled connection as of an error
        finally:
            self._connections.discard(connection)
            if connection.edge is not None and connection.edge.connection is connection:
                connection.edge.connection = None
            if sending is not None:
                sending.cancel()
            connection.abort()

    async def _greeted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Hello:
        peer = writer.get_extra_info("socket")
        _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if uid != os.geteuid():
            raise frames.FeedFault(f"user {uid} may not speak on the feed")
        hello = await asyncio.wait_for(_read(reader), _HELLO_WITHIN_S)
        if not isinstance(hello, Hello) or hello.role not in ROLES:
            raise frames.FeedFault("the first message is not a hello")
        if not hmac.compare_digest(hello.token, bytes(self._token)):
            raise frames.FeedFault("a hello with a wrong token")
        if hello.edge_id not in self._expected:
            raise frames.FeedFault(f"the supervisor did not start {hello.edge_id}")
        return hello

    def _register(self, hello: Hello, connection: "_Connection") -> _Edge:
        versions = {f"zone:{zone_id}": version for zone_id, version in hello.have.items()}
        versions |= {f"vpc:{vpc_id}": version for vpc_id, version in hello.vpcs.items()}
        with self._lock:
            edge = self._edges.setdefault(hello.edge_id, _Edge(hello.edge_id, hello.role))
            before, edge.connection = edge.connection, connection
            edge.versions = versions
        connection.edge = edge
        if before is not None:
            before.abort()
        self._acknowledged()
        return edge

    async def _record(self, edge: _Edge) -> None:
        """On disk, so that it is waited for after a restart too; if that fails, it serves all the same."""
        try:
            await asyncio.to_thread(self._registered, edge.id, edge.role)
        except Exception as e:  # noqa: BLE001  told; names must be answered though nothing can be written
            _failed("edge-not-recorded", e, edge=edge.id)

    async def _speak(self, connection: "_Connection", hello: Hello) -> None:
        """Sends what the edge lacks, then what was queued since; the edge passes over what it has."""
        try:
            lacks = self._source.catch_up(hello.role, dict(hello.have))
            while (message := await asyncio.to_thread(_next, lacks)) is not None:
                await connection.write(frames.encode(message))
            await connection.write(frames.encode(CaughtUp()))
            while True:
                await connection.write(await connection.waiting.get())
        except ConnectionError:
            connection.abort()
        except Exception as e:  # noqa: BLE001  told; the edge comes back and is caught up anew
            _failed("feed-failed", e, edge=hello.edge_id)
            connection.abort()

    def _heed(self, edge: _Edge, connection: "_Connection", message: ToControl) -> None:
        match message:
            case Ack(subject=subject, version=version):
                with self._lock:
                    if version:
                        edge.versions[subject] = version
                    else:
                        edge.versions.pop(subject, None)
                self._acknowledged()
            case Refusal(subject=subject, why=why):
                journal.event("edge-refusal", level=logging.WARNING, edge=edge.id, subject=subject, why=why)
                connection.mend(subject, self._mend)
            case Counters(request=request, counters=counters):
                asked = self._asked.pop((edge.id, request), None)
                if asked is not None and not asked.done():
                    asked.set_result(counters)
            case Ready():
                journal.event("edge-ready", edge=edge.id)
            case Hello():
                raise frames.FeedFault("a second hello")

    async def _mend(self, connection: "_Connection", subject: str) -> None:
        try:
            whole = await asyncio.to_thread(self._source.whole, subject)
            if whole is not None:
                connection.put(frames.encode(whole))
        except Exception as e:  # noqa: BLE001  told; the edge comes back and is caught up anew
            _failed("feed-failed", e, subject=subject)
            connection.abort()


class _Connection:
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.edge: _Edge | None = None
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_MOST)
        self._mending: dict[str, asyncio.Task[None]] = {}
        self._mended: set[str] = set()
        self._writer = writer

    def put(self, frame: bytes) -> None:
        try:
            self.waiting.put_nowait(frame)
        except asyncio.QueueFull:
            # It comes back and is caught up: cheaper than to hold an endless queue for it.
            self.abort()

    def mend(self, subject: str, mend: Callable[["_Connection", str], Coroutine[Any, Any, None]]) -> None:
        """Once at a time for a subject; after the first time with a pause, as it may be refused for ever."""

        async def run() -> None:
            if subject in self._mended:
                await asyncio.sleep(_MEND_AGAIN_S)
            self._mended.add(subject)
            await mend(self, subject)

        if subject not in self._mending:
            self._mending[subject] = task = asyncio.create_task(run())
            task.add_done_callback(lambda _: self._mending.pop(subject, None))

    async def write(self, frame: bytes) -> None:
        self._writer.write(frame)
        await self._writer.drain()

    def abort(self) -> None:
        for task in self._mending.values():
            if task is not asyncio.current_task():
                task.cancel()
        self._writer.transport.abort()


def _failed(name: str, error: Exception, **facts: object) -> None:
    journal.event(name, level=logging.ERROR, trace="".join(traceback.format_exception(error)), **facts)


def _next(messages: Iterator[ToEdge]) -> ToEdge | None:
    return next(messages, None)


async def _read(reader: asyncio.StreamReader) -> ToControl | None:
    return await frames.read(reader, _decoder)
