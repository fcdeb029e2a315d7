"""From committed facts to what every name server serves (I3, I10).

    outbox rows -> one edit per zone -> stage -> prove -> commit -> feed -> acknowledged by all -> Changes
    in sync |  unproven: nothing is sent, the Change stays PENDING, tried again later

One data plane in this process is the reference: what is sent was proven in it first. Rows of one zone that
wait together become one version. On start everything is composed anew from the facts, so that a crash at
any moment loses nothing. Limits: one publisher; it runs in a thread of its own and is woken, the outbox is
the truth.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from seal53.base import journal
from seal53.base.clock import Clock
from seal53.core import DataPlane, Name
from seal53.feed.messages import (
    ResolverBoot,
    SigningState,
    ToEdge,
    View,
    VpcView,
    ZoneDelta,
    ZoneGone,
    ZoneSnapshot,
)
from seal53.feed.signing import to_core
from seal53.reconcile import compose
from seal53.reconcile.compose import EDGE, RESOLVER, RegistryAddresses, Version
from seal53.reconcile.prover import Answer, Claim, Proof
from seal53.store import Store, Tx, changes, outbox
from seal53.store import zones as zone_rows
from seal53.store.outbox import Row
from seal53.store.zones import HostedZone

_HISTORY = 128  # deltas kept per zone for edges that come back
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0

Prove = Callable[[Answer, Claim, int], Proof]


class Outlet(Protocol):
    """The feed, as publishing needs it (`feed.server.FeedServer`)."""

    def send_soon(self, role: str, message: ToEdge) -> None: ...
    def served(self, role: str, subject: str) -> int | None: ...
    def dropped(self, subject: str) -> bool: ...


@dataclass(slots=True)
class _Published:
    """What the reference plane holds of a zone."""

    apex: Name
    role: str
    version: int
    signing: SigningState | None
    history: deque[ZoneDelta] = field(default_factory=lambda: deque(maxlen=_HISTORY))


@dataclass(slots=True)
class _Due:
    """A subject that is not published yet; `not_before` is monotonic, seconds."""

    failures: int = 0
    not_before: float = 0.0


class Publisher:
    """`start` composes everything; `run` follows the outbox until `stop`."""

    def __init__(
        self,
        store: Store,
        plane: DataPlane,
        *,
        prove: Prove,
        registry: RegistryAddresses,
        boot: ResolverBoot,
        clock: Clock,
    ) -> None:
        self._store = store
        self._plane = plane
        self._prove = prove
        self._registry = registry
        self._boot = boot
        self._clock = clock
        self._outlet: Outlet | None = None
        self._wake = threading.Event()
        self._stopping = False
        # Guards the plane's commits and what is written below them, so that a snapshot is of one version.
        self._lock = threading.Lock()
        self._zones: dict[str, _Published] = {}
        self._views: dict[str, View] = {}
        self._vpcs: dict[str, VpcView] = {}
        self._serial = 0
        self._views_are_old = False
        self._seq = 0
        self._due: dict[str, _Due] = {}
        self._awaited: dict[str, int] = {}  # subject -> the highest version that a change waits for
        self._closed: dict[str, int] = {}
        self._gone: set[str] = set()

    # --- life

    def start(self, outlet: Outlet) -> None:
        """Composes every zone and view from the facts; what fails is tried again later."""
        self._outlet = outlet
        self._take_news()
        with self._store.read() as tx:
            zone_ids = [zone.id for zone in zone_rows.every(tx)]
            for change in changes.pending(tx):
                self._await(change.subject, change.version)
        for zone_id in zone_ids:
            self._due.setdefault(f"zone:{zone_id}", _Due())
        for subject in self._awaited:
            self._due.setdefault(subject, _Due())
        self._views_are_old = True
        self.tick()

    def run(self) -> None:
        """Until `stop`; an unexpected error ends the process that runs it, which is then started anew."""
        while not self._stopping:
            self._wake.wait(self._pause_s())
            self._wake.clear()
            self.tick()

    def wake(self) -> None:
        """Something was committed or acknowledged; from any thread."""
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def tick(self) -> None:
        """Publishes what is due and closes what is served."""
        self._take_news()
        now = self._clock.monotonic()
        for subject in [s for s, due in self._due.items() if due.not_before <= now]:
            self._publish(subject, self._due[subject])
        if self._views_are_old:
            self._refresh_views()
        self._settle()

    def _pause_s(self) -> float | None:
        if not self._due:
            return None
        soonest = min(due.not_before for due in self._due.values())
        return max(0.0, soonest - self._clock.monotonic())

    def _take_news(self) -> None:
        with self._store.read() as tx:
            news = outbox.news(tx, after=self._seq)
        for seq, subject, version in news:
            self._seq = seq
            self._due.setdefault(subject, _Due()).not_before = 0.0
            self._await(subject, version)

    def _await(self, subject: str, version: int) -> None:
        self._awaited[subject] = max(version, self._awaited.get(subject, 0))

    # --- one subject

    def _publish(self, subject: str, due: _Due) -> None:
        kind, _, id = subject.partition(":")
        try:
            if kind == "zone":
                self._publish_zone(id)
            elif kind == "vpc":
                self._views_are_old = True
        except Exception as e:
            # Unproven, a key that does not open, a zone that the plane refuses: the version is not served.
            due.failures += 1
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (due.failures - 1))
            due.not_before = self._clock.monotonic() + pause
            journal.event(
                "not-published",
                level=logging.ERROR,
                subject=subject,
                why=f"{type(e).__name__}: {e}",
                again_in_s=pause,
            )
            if due.failures == 1:
                logging.getLogger("seal53").debug("not published: %s", subject, exc_info=e)
        else:
            del self._due[subject]

    def _publish_zone(self, zone_id: str) -> None:
        now = self._clock.now()
        known = self._zones.get(zone_id)
        with self._store.read() as tx:
            zone = zone_rows.get(tx, zone_id)
            if zone is not None and known is not None and known.version >= zone.version:
                return
            # In the snapshot that the version is of: what is committed from here on is of the next one.
            rows = outbox.of_subject(tx, f"zone:{zone_id}", above=0 if known is None else known.version)
            version = None if zone is None else _composed(tx, zone, known, rows, now)
        if zone is None:
            self._drop(zone_id)
            return
        assert version is not None
        candidate = self._plane.stage(
            zone_id,
            zone.name,
            base=None if known is None else known.version,
            version=zone.version,
            edit=version.edit,
            signing=None if version.keeps_signing or version.signing is None else to_core(version.signing),
            keep_signing=version.keeps_signing,
        )
        proof = self._prove(candidate.answer, version.claim, now)
        message: ZoneDelta | ZoneSnapshot
        with self._lock:
            self._plane.commit(candidate)
            if known is None:
                message = ZoneSnapshot(
                    zone_id=zone_id,
                    apex=zone.name.to_wire(),
                    version=zone.version,
                    edit=version.edit,
                    signing=version.signing,
                )
                self._zones[zone_id] = known = _Published(
                    zone.name, compose.role_of(zone), zone.version, version.signing
                )
                if version.latest is not None:
                    known.history.append(version.latest)
            else:
                message = ZoneDelta(
                    zone_id=zone_id,
                    apex=zone.name.to_wire(),
                    base=known.version,
                    version=zone.version,
                    edit=version.edit,
                    signing=msgspec.UNSET if version.keeps_signing else version.signing,
                )
                known.version = zone.version
                known.signing = version.signing
                known.history.append(message)
        self._send(compose.role_of(zone), message)
        journal.event(
            "published",
            zone=zone_id,
            name=str(zone.name),
            version=zone.version,
            questions=proof.questions,
            signatures=proof.signatures,
        )
        self._views_are_old |= isinstance(message, ZoneSnapshot)

    def _drop(self, zone_id: str) -> None:
        self._gone.add(f"zone:{zone_id}")
        with self._lock:
            known = self._zones.pop(zone_id, None)
        self._refresh_views()
        if known is not None:
            self._plane.drop_zone(zone_id)
            self._send(known.role, ZoneGone(zone_id=zone_id, version=known.version + 1))

    def _refresh_views(self) -> None:
        """Sends the views that differ from what was sent last."""
        self._views_are_old = False
        with self._store.read() as tx:
            views = compose.views(tx, self._registry)
            vpcs = compose.vpc_views(tx)
        news: list[tuple[str, View | VpcView]] = []
        with self._lock:
            for view in views:
                if _differs(self._views.get(view.view_id), view):
                    self._views[view.view_id] = view = msgspec.structs.replace(
                        view, serial=self._next_serial()
                    )
                    news.append((EDGE, view))
            for vpc in vpcs:
                if _differs(self._vpcs.get(vpc.vpc_id), vpc):
                    self._vpcs[vpc.vpc_id] = vpc = msgspec.structs.replace(vpc, serial=self._next_serial())
                    news.append((RESOLVER, vpc))
        for role, message in news:
            self._send(role, message)

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def _send(self, role: str, message: ToEdge) -> None:
        if self._outlet is not None:
            self._outlet.send_soon(role, message)

    # --- acknowledged

    def _settle(self) -> None:
        """Closes the Changes whose version every registered name server of the role serves (I3)."""
        if self._outlet is None:
            return
        served: list[tuple[str, int]] = []
        for subject, wanted in list(self._awaited.items()):
            version = self._served(subject, wanted, self._outlet)
            if version is None or version <= self._closed.get(subject, 0):
                continue
            served.append((subject, version))
            self._closed[subject] = version
            if version >= wanted:
                del self._awaited[subject]
        if not served:
            return
        now = self._clock.now()
        with self._store.write() as tx:
            for subject, version in served:
                changes.close_up_to(tx, subject, version, now)
                outbox.done_up_to(tx, subject, version)

    def _served(self, subject: str, wanted: int, outlet: Outlet) -> int | None:
        if subject in self._gone:
            return wanted if outlet.dropped(subject) else None
        kind, _, id = subject.partition(":")
        if kind == "vpc":
            return outlet.served(RESOLVER, subject)
        known = self._zones.get(id)
        return None if known is None else outlet.served(known.role, subject)

    # --- what the feed asks (feed.server.Source); any thread

    def catch_up(self, role: str, have: Mapping[str, int]) -> Iterator[ToEdge]:
        """Where resolution starts, zones, then views, then what must go."""
        if role == RESOLVER:
            yield self._boot
        with self._lock:
            wanted = [zone_id for zone_id, known in self._zones.items() if known.role == role]
        for zone_id in wanted:
            yield from self._since(zone_id, have.get(zone_id))
        with self._lock:
            views: list[ToEdge] = [*(self._views.values() if role == EDGE else self._vpcs.values())]
        yield from views
        for zone_id in have:
            if zone_id not in self._zones and f"zone:{zone_id}" not in self._due:
                yield ZoneGone(zone_id=zone_id, version=0)

    def whole(self, subject: str) -> ToEdge | None:
        kind, _, id = subject.partition(":")
        with self._lock:
            return self._snapshot(id) if kind == "zone" else None

    def _since(self, zone_id: str, version: int | None) -> list[ToEdge]:
        """What leads an edge from its version to ours: nothing, deltas, or the whole zone."""
        with self._lock:
            known = self._zones.get(zone_id)
            if known is None or known.version == version:
                return []
            if version is not None and version < known.version:
                deltas = [delta for delta in known.history if delta.version > version]
                # A delta has the final state of what it touches: it leads on from later versions too.
                if deltas and deltas[0].base <= version:
                    return list[ToEdge](deltas)
            whole = self._snapshot(zone_id)
        return [] if whole is None else [whole]

    def _snapshot(self, zone_id: str) -> ZoneSnapshot | None:
        known = self._zones.get(zone_id)
        edit = self._plane.export(zone_id)
        if known is None or edit is None:
            return None
        return ZoneSnapshot(
            zone_id=zone_id,
            apex=known.apex.to_wire(),
            version=known.version,
            edit=edit,
            signing=known.signing,
        )


def _composed(tx: Tx, zone: HostedZone, known: _Published | None, rows: list[Row], now: int) -> Version:
    if known is None:
        return compose.whole(tx, zone, rows, now)
    return compose.change(tx, zone, known.signing, rows, now)


def _differs(before: View | VpcView | None, after: View | VpcView) -> bool:
    return before is None or msgspec.structs.replace(before, serial=0) != after
