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
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import msgspec

from seal53.base import journal, memory
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
_AT_ONCE = 1 << 20  # octets of what an edge lacks that are made in one go
_HELLO_WITHIN_S = 5.0
_COUNTERS_WITHIN_S = 2.0
_MEND_AGAIN_S = 1.0

_decoder: "msgspec.msgpack.Decoder[ToControl]" = msgspec.msgpack.Decoder(ToControl)


class Source(Protocol):
    """Where contents come from; called in threads."""

    def catch_up(self, role: str, have: Mapping[str, int]) -> Iterator[ToEdge]:
        """All that a name server lacks which serves `have` (versions by zone id): facts, zones, views."""

    def whole(self, subject: str) -> ToEdge | None:
        """The whole of "zone:ID" or "view:ID" as it is published, or None."""


@dataclass(slots=True)
class _Edge:
    """A registered name server. `versions` by subject are what it said it serves."""

    id: str
    role: str
    versions: dict[str, int] = field(default_factory=dict)
    connection: "_Connection | None" = None


class FeedServer:
    """`registered` is told of each accepted edge, in a thread and before the edge is sent anything;
    `acknowledged` of the subject of each acknowledgement, of None when it may be any, and is quick."""

    def __init__(
        self,
        source: Source,
        *,
        token: Secret,
        registered: Callable[[str, str], None],
        acknowledged: Callable[[str | None], None],
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
        self._server = await self._loop.create_unix_server(lambda: _Connection(self), sock=listening)

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
        self._acknowledged(None)

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

    def came(self, connection: "_Connection") -> None:
        self._connections.add(connection)

    def went(self, connection: "_Connection") -> None:
        self._connections.discard(connection)
        edge = connection.edge
        if edge is not None and edge.connection is connection:
            edge.connection = None

    def heed(self, connection: "_Connection", message: ToControl) -> None:
        """Raises FeedFault for one who may not speak, or says what nobody may say now."""
        edge = connection.edge
        if edge is None:
            self._greet(connection, message)
            return
        if edge.connection is not connection:
            return
        match message:
            case Ack(subject=subject, version=version):
                with self._lock:
                    if version:
                        edge.versions[subject] = version
                    else:
                        edge.versions.pop(subject, None)
                self._acknowledged(subject)
            case Refusal(subject=subject, why=why):
                journal.event("edge-refusal", level=logging.WARNING, edge=edge.id, subject=subject, why=why)
                connection.mend(subject)
            case Counters(request=request, counters=counters):
                asked = self._asked.pop((edge.id, request), None)
                if asked is not None and not asked.done():
                    asked.set_result(counters)
            case Ready():
                journal.event("edge-ready", edge=edge.id)
            case Hello():
                raise frames.FeedFault("a second hello")

    def _greet(self, connection: "_Connection", hello: ToControl) -> None:
        if connection.user != os.geteuid():
            raise frames.FeedFault(f"user {connection.user} may not speak on the feed")
        if not isinstance(hello, Hello) or hello.role not in ROLES:
            raise frames.FeedFault("the first message is not a hello")
        if not hmac.compare_digest(hello.token, bytes(self._token)):
            raise frames.FeedFault("a hello with a wrong token")
        if hello.edge_id not in self._expected:
            raise frames.FeedFault(f"the supervisor did not start {hello.edge_id}")
        versions = {f"zone:{zone_id}": version for zone_id, version in hello.have.items()}
        versions |= {f"vpc:{vpc_id}": version for vpc_id, version in hello.vpcs.items()}
        with self._lock:
            edge = self._edges.setdefault(hello.edge_id, _Edge(hello.edge_id, hello.role))
            before, edge.connection = edge.connection, connection
            edge.versions = versions
        if before is not None:
            before.abort()
        self._acknowledged(None)
        connection.greeted(edge, self._catch_up(edge, connection, dict(hello.have)))

    async def _catch_up(self, edge: _Edge, connection: "_Connection", have: dict[str, int]) -> None:
        """Sends what the edge lacks, then what was queued since; the edge passes over what it has."""
        try:
            await asyncio.to_thread(self._registered, edge.id, edge.role)
        except Exception as e:  # noqa: BLE001  told; names must be answered though nothing can be written
            # On disk it would be waited for after a restart, too; without, it serves all the same.
            _failed("edge-not-recorded", e, edge=edge.id)
        try:
            lacks = self._source.catch_up(edge.role, have)
            while octets := await asyncio.to_thread(_some, lacks):
                await connection.send(octets)
            await connection.send(frames.encode(CaughtUp()))
            connection.go_on()
            await asyncio.to_thread(memory.give_back)  # snapshots of large zones were made
        except Exception as e:  # noqa: BLE001  told; the edge comes back and is caught up anew
            _failed("feed-failed", e, edge=edge.id)
            connection.abort()

    async def whole(self, connection: "_Connection", subject: str) -> None:
        """Sends the whole of what the edge could not follow."""
        try:
            whole = await asyncio.to_thread(self._source.whole, subject)
            if whole is not None:
                connection.put(frames.encode(whole))
        except Exception as e:  # noqa: BLE001  told; the edge comes back and is caught up anew
            _failed("feed-failed", e, subject=subject)
            connection.abort()


class _Connection(asyncio.Protocol):
    """One edge's line. What is put waits until the edge has caught up, and while it does not read."""

    def __init__(self, server: FeedServer) -> None:
        self.edge: _Edge | None = None
        self.user = -1
        self._server = server
        self._splitter = frames.Splitter(_decoder)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[bytes] = deque()
        self._caught_up = False
        self._reads: asyncio.Event = asyncio.Event()
        self._reads.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._mending: set[str] = set()
        self._mended: set[str] = set()
        self._patience: asyncio.TimerHandle | None = None

    # --- the line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's is not one by its type
        peer = transport.get_extra_info("socket")
        _, self.user, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        self._patience = asyncio.get_running_loop().call_later(_HELLO_WITHIN_S, self._lose_patience)
        self._server.came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def pause_writing(self) -> None:
        self._reads.clear()

    def resume_writing(self) -> None:
        self._reads.set()
        if self._caught_up:
            self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._splitter.feed(data):
                self._server.heed(self, message)
        except frames.FeedFault as e:
            self._refuse(str(e))

    def greeted(self, edge: _Edge, then: Coroutine[Any, Any, None]) -> None:
        """It may speak, and is caught up by `then`."""
        self.edge = edge
        if self._patience is not None:
            self._patience.cancel()
        self._start(then)

    def _lose_patience(self) -> None:
        self._refuse("no hello in time")

    def _refuse(self, why: str) -> None:
        journal.event("feed-refused", level=logging.WARNING, why=why)
        self.abort()

    # --- what is sent

    async def send(self, octets: bytes) -> None:
        """At once, ahead of what was put; waits while the edge does not read."""
        if self._transport is not None:
            self._transport.write(octets)
        await self._reads.wait()

    def put(self, frame: bytes) -> None:
        if self._caught_up and not self._waiting and self._reads.is_set() and self._transport is not None:
            self._transport.write(frame)
        elif len(self._waiting) < _WAITING_MOST:
            self._waiting.append(frame)
        else:
            # It comes back and is caught up: cheaper than to hold an endless queue for it.
            self.abort()

    def go_on(self) -> None:
        """The edge has caught up: what was put follows."""
        self._caught_up = True
        self._flush()

    def _flush(self) -> None:
        while self._waiting and self._reads.is_set() and self._transport is not None:
            self._transport.write(self._waiting.popleft())

    def mend(self, subject: str) -> None:
        """Once at a time for a subject; after the first time with a pause, as it may be refused for ever."""

        async def run() -> None:
            if subject in self._mended:
                await asyncio.sleep(_MEND_AGAIN_S)
            self._mended.add(subject)
            try:
                await self._server.whole(self, subject)
            finally:
                self._mending.discard(subject)

        if subject not in self._mending:
            self._mending.add(subject)
            self._start(run())

    # --- the end

    def _start(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._end()

    def _end(self) -> None:
        self._server.went(self)
        if self._patience is not None:
            self._patience.cancel()
        for task in list(self._tasks):
            if task is not _current_task():
                task.cancel()


def _current_task() -> "asyncio.Task[Any] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:  # in a callback of a loop that has ended
        return None


def _failed(name: str, error: Exception, **facts: object) -> None:
    journal.event(name, level=logging.ERROR, trace="".join(traceback.format_exception(error)), **facts)


def _some(messages: Iterator[ToEdge]) -> bytes:
    """The next frames, about a megabyte; none at the end."""
    octets = bytearray()
    for message in messages:
        octets += frames.encode(message)
        if len(octets) >= _AT_ONCE:
            break
    return bytes(octets)
