"""The life of a name server's process: data plane, feed, and for a resolver the machine behind its cache.

It answers when it has caught up with control, says so to its supervisor, and goes on answering while
control is gone.
"""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from seal53.base import journal
from seal53.base.journal import Secret
from seal53.base.signals import ends_on
from seal53.core import DataPlane
from seal53.edge.logs import QueryLog
from seal53.edge.served import ResolverPort, Served
from seal53.feed import client
from seal53.feed.link import Answers, Link
from seal53.feed.messages import Hello, ToControl, ToEdge, ZoneDelta, ZoneSnapshot

_AT_ONCE = 65_536  # octets of an edit that the loop applies by itself


class ResolverMachine(ResolverPort, Protocol):
    """What a resolver's process runs beside the feed."""

    async def run(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """`role` is edge or resolver; `workers` 0: one a processor; `make_resolver` is a resolver's."""

    role: str
    feed_path: Path
    token: Secret = field(repr=False)
    kek: Secret = field(repr=False)
    port: int
    workers: int = 0
    aws_profile: bool = False
    make_resolver: Callable[[DataPlane], ResolverMachine] | None = None


def run(settings: EdgeSettings, link: Link) -> None:
    """Until SIGTERM, or until the supervisor is gone."""
    plane = DataPlane(bytes(settings.kek))
    plane.start(settings.workers or len(os.sched_getaffinity(0)))
    try:
        asyncio.run(_live(settings, link, plane))
    finally:
        plane.stop()


async def _live(settings: EdgeSettings, link: Link, plane: DataPlane) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(link.socket, lambda: ending.set() if link.feed() is None else None)
    with ends_on([signal.SIGTERM], ending.set):
        await _work(settings, link, plane, ending)


async def _work(settings: EdgeSettings, link: Link, plane: DataPlane, ending: asyncio.Event) -> None:
    resolver = None if settings.make_resolver is None else settings.make_resolver(plane)
    logs = QueryLog(plane) if resolver is None else None
    served = Served(plane, port=settings.port, aws_profile=settings.aws_profile, resolver=resolver, logs=logs)

    def hello() -> Hello:
        zones, vpcs = served.new_connection()
        return Hello(
            edge_id=link.edge_id, role=settings.role, token=bytes(settings.token), have=zones, vpcs=vpcs
        )

    def apply(message: ToEdge) -> list[ToControl] | Coroutine[Any, Any, list[ToControl]]:
        if resolver is not None and _is_large(message):
            return asyncio.to_thread(served.apply, message)  # it must not hold up resolution
        before = served.answers
        said = served.apply(message)
        if served.answers and not before:
            link.send(Answers())
        return said

    parts: list[Awaitable[None]] = [client.follow(settings.feed_path, hello, apply, served.again)]
    if resolver is not None:
        parts.append(resolver.run())
    if logs is not None:
        threading.Thread(target=logs.run, name="query-log", daemon=True).start()
    tasks = [asyncio.ensure_future(part) for part in parts]
    end = asyncio.ensure_future(ending.wait())
    done, _ = await asyncio.wait([*tasks, end], return_when=asyncio.FIRST_COMPLETED)
    if logs is not None:
        logs.stop()
    for task in [*tasks, end]:
        task.cancel()
    for task in done:
        if task is not end:
            journal.event("edge-part-ended", level=logging.ERROR, role=settings.role)
            task.result()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _is_large(message: ToEdge) -> bool:
    return isinstance(message, ZoneSnapshot | ZoneDelta) and len(message.edit) > _AT_ONCE
