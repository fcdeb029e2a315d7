"""The resolver behind the data plane's cache: takes what the cache does not know, finds it out, fills it in.

Resolutions run side by side on one event loop, as `queue` lets them; each has 8 s. Each VPC has a memory of
its own, which is dropped when its validation setting changes. A bug in one resolution answers that one with
SERVFAIL and is logged. Not for: what clients see.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seal53.base import journal
from seal53.base.clock import Clock
from seal53.base.ids import Entropy
from seal53.core import Message, Name, RRset
from seal53.resolver.anchors import Anchors
from seal53.resolver.cache import TtlCache
from seal53.resolver.classify import SERVFAIL
from seal53.resolver.effects import Ask, Consult, Reply
from seal53.resolver.memory import Memory
from seal53.resolver.queue import FairQueue, Question
from seal53.resolver.resolve import Answer, Machine, Mode, Resolution, refusal
from seal53.resolver.status import Ede
from seal53.resolver.transport import Upstream, UpstreamMap, has_ipv6

RESOLUTION_S = 8.0  # clients wait at most 10 s in the data plane
MISSES_AT_ONCE = 64
MOST_KEPT = 10_000  # answers in the service's own cache
POLL_MS = 200  # how long the data plane is waited for at a time; also bounds how long an end takes


class Plane(Protocol):
    """Of `core.DataPlane`, what is used here."""

    def take_misses(self, most: int, timeout_ms: int) -> list[tuple[str, Name, int, bool]]: ...
    def private_answer(self, view_id: str, qname: Name, qtype: int) -> bytes | None: ...
    def flush(self, view_id: str) -> None: ...
    def add_counter(self, name: str, amount: int) -> None: ...
    def fill(
        self,
        view_id: str,
        qname: Name,
        qtype: int,
        cd: bool,
        *,
        rcode: int,
        nxname: bool,
        answer: Sequence[RRset],
        authority: Sequence[RRset],
        secure: bool,
        ttl: int,
        ede: tuple[int, str] | None,
        keep: bool = True,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Boot:
    """Where resolution starts: root hints (host, address), trust anchors, the port of all name servers."""

    hints: tuple[tuple[str, str], ...]
    anchors: Anchors
    port: int


@dataclass(slots=True)
class _View:
    """A VPC's resolver. `upstream` is made with the boot."""

    vpc_id: str
    validate: bool
    memory: Memory
    upstream: Upstream


class ResolverService:
    """`upstream_maps`: a directory that may hold `<vpc id>.json`; `upstream_map`: one file for all.

    `private` False: there are no private zones. `own_cache`: answers are kept here, by `clock`, and not in
    the data plane, which goes by the machine's clock and shows a TTL of 0 for what it may not keep.
    """

    def __init__(
        self,
        plane: Plane,
        clock: Clock,
        entropy: Entropy,
        *,
        upstream_maps: Path | None = None,
        upstream_map: Path | None = None,
        private: bool = True,
        own_cache: bool = False,
    ) -> None:
        self._plane = plane
        self._clock = clock
        self._entropy = entropy
        self._upstream_maps = upstream_maps
        self._upstream_map = upstream_map
        self._private = private
        self._kept: TtlCache[Question, tuple[int, Answer]] | None = TtlCache(MOST_KEPT) if own_cache else None
        self._boot: Boot | None = None
        self._ipv6 = False
        self._views: dict[str, _View] = {}
        self._wanted: dict[str, bool] = {}
        self._past_queries = 0
        self._counted_queries = 0  # of these, those that the data plane's counter has

    @property
    def upstream_queries(self) -> int:
        """Queries sent to name servers, over all VPCs."""
        return self._past_queries + sum(v.upstream.queries for v in self._views.values())

    @property
    def has_anchors(self) -> bool:
        return self._boot is not None and bool(self._boot.anchors.by_name)

    def boot(self, hints: Sequence[tuple[str, str]], anchors: Sequence[str], port: int) -> None:
        """Raises AnchorFault. Other roots than before drop all that was learned."""
        boot = Boot(tuple(hints), Anchors.parse(anchors), port)
        if boot == self._boot:
            return
        self._boot = boot
        self._ipv6 = has_ipv6()
        for vpc_id, validate in self._wanted.items():
            self._open(vpc_id, validate)

    def set_vpc(self, vpc_id: str, validate: bool) -> None:
        """A VPC is new, or its validation setting changed, which drops its cache."""
        if self._wanted.get(vpc_id) is validate:
            return
        self._wanted[vpc_id] = validate
        if self._boot is not None:
            self._open(vpc_id, validate)

    def drop_vpc(self, vpc_id: str) -> None:
        self._wanted.pop(vpc_id, None)
        view = self._views.pop(f"vpc:{vpc_id}", None)
        if view is not None:
            self._past_queries += view.upstream.queries

    def _open(self, vpc_id: str, validate: bool) -> None:
        assert self._boot is not None
        view_id = f"vpc:{vpc_id}"
        before = self._views.get(view_id)
        if before is not None:
            self._past_queries += before.upstream.queries
        path = self._upstream_map or (self._upstream_maps / f"{vpc_id}.json" if self._upstream_maps else None)
        upstream = Upstream(
            port=self._boot.port,
            clock=self._clock,
            entropy=self._entropy,
            upstream_map=None if path is None else UpstreamMap(path),
        )
        self._views[view_id] = _View(vpc_id, validate, Memory(self._boot.hints), upstream)
        if self._kept is not None:
            self._kept = TtlCache(MOST_KEPT)
        # what is in flight was judged by the old setting: the data plane queues it again
        self._plane.flush(view_id)

    async def run(self) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        executor = ThreadPoolExecutor(1, thread_name_prefix="misses")
        queue = FairQueue(self._settle, self._clock)
        try:
            while True:
                take = loop.run_in_executor(executor, self._plane.take_misses, MISSES_AT_ONCE, POLL_MS)
                for miss in await take:
                    queue.put(miss)
        finally:
            queue.close()
            executor.shutdown(wait=False, cancel_futures=True)

    async def _settle(self, question: Question) -> None:
        view_id, qname, qtype, cd = question
        try:
            answer = await self._cached(question)
        except Exception as e:  # noqa: BLE001 - one question must not end the resolver
            journal.event("resolution-failed", level=logging.ERROR, view=view_id, error=repr(e))
            answer = refusal(Ede.OTHER, "internal failure")
        with contextlib.suppress(Exception):
            self._fill(view_id, qname, qtype, cd, answer)

    def _fill(self, view_id: str, qname: Name, qtype: int, cd: bool, answer: Answer) -> None:
        self._plane.fill(
            view_id,
            qname,
            qtype,
            cd,
            rcode=answer.rcode,
            nxname=answer.nxname,
            answer=answer.answer,
            authority=answer.authority,
            secure=answer.secure,
            ttl=answer.ttl,
            ede=answer.ede,
            keep=self._kept is None,
        )

    async def _cached(self, question: Question) -> Answer:
        view_id, qname, qtype, cd = question
        kept = self._kept  # a change of settings meanwhile puts another in its place
        if kept is None:
            return await self.resolve(view_id, qname, qtype, cd=cd)
        now = self._clock.now()
        known = kept.get(question, now)
        if known is not None:
            return known[1].aged(now - known[0])
        answer = await self.resolve(view_id, qname, qtype, cd=cd)
        if answer.rcode != SERVFAIL:  # a clock that stands still must not keep failures
            kept.put(question, (now, answer), now=now, ttl_s=answer.ttl)
        return answer

    async def resolve(self, view_id: str, qname: Name, qtype: int, *, cd: bool) -> Answer:
        """Finds out one question as this VPC's resolver."""
        view = self._views.get(view_id)
        if view is None or self._boot is None:
            return refusal(Ede.NO_REACHABLE_AUTHORITY, "the resolver has not started yet")
        # with CD=1 the client checks for itself, and gets what there is (RFC 4035 §3.2.2)
        mode = Mode(validate=view.validate and not cd, private=self._private, ipv6=self._ipv6)
        resolution = Resolution(
            view.memory,
            self._boot.anchors,
            mode,
            now=self._clock.now(),
            spread=int.from_bytes(self._entropy(2)),
        )
        machine = Machine(resolution.resolve(qname, qtype))

        def consult(effect: Consult) -> Reply:
            packet = self._plane.private_answer(view_id, effect.qname, effect.qtype)
            return Reply(self._clock.now(), None if packet is None else Message.parse(packet))

        try:
            return await drive(machine, view.upstream.ask, consult)
        finally:
            sent, self._counted_queries = self.upstream_queries - self._counted_queries, self.upstream_queries
            self._plane.add_counter("upstream", sent)


async def drive(
    machine: Machine,
    ask: Callable[[Ask], Awaitable[Reply]],
    consult: Callable[[Consult], Reply],
    *,
    most_s: float = RESOLUTION_S,
) -> Answer:
    """Runs a machine to its answer; when the time is over, the answer is a SERVFAIL that says so."""
    try:
        async with asyncio.timeout(most_s):
            step = machine.start()
            while not isinstance(step, Answer):
                step = machine.feed(await ask(step) if isinstance(step, Ask) else consult(step))
            return step
    except TimeoutError:
        machine.close()
        return refusal(Ede.NO_REACHABLE_AUTHORITY, f"no answer within {most_s:g} s")
