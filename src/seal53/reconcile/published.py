"""What is published: the reference plane, and what name servers that come back are told of it.

Each zone has the version that was proven last and the changes that led to it; each view is what was sent
last. `publish` writes here, the feed asks (`feed.server.Source`); any thread. Not for: deciding what is
published. Limits: 128 changes a zone are kept; who lacks more gets the zone whole.
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from seal53.core import Candidate, DataPlane, Name
from seal53.feed.messages import (
    QueryLogs,
    Reset,
    ResolverBoot,
    RoutingFacts,
    SigningState,
    ToEdge,
    View,
    ViewChange,
    Vpcs,
    VpcView,
    ZoneDelta,
    ZoneGone,
    ZoneSnapshot,
)
from seal53.feed.signing import to_core
from seal53.reconcile import compose
from seal53.reconcile.compose import EDGE, RESOLVER, Version
from seal53.store.zones import HostedZone

_HISTORY = 128  # no standard says: a change is small, and an edge is rarely away for long

Addressed = tuple[str, ToEdge]
"""(role, message)."""

_M = TypeVar("_M", View, VpcView, RoutingFacts, QueryLogs, Reset)


@dataclass(slots=True)
class PublishedZone:
    """What the reference plane holds of a zone."""

    apex: Name
    role: str
    version: int
    signing: SigningState | None
    history: deque[ZoneDelta] = field(default_factory=lambda: deque(maxlen=_HISTORY))


class Published:
    """One writer; readers in any thread."""

    def __init__(self, plane: DataPlane, boot: ResolverBoot) -> None:
        self._plane = plane
        self._boot = boot
        # Guards the plane's commits and what is written below them, so that a snapshot is of one version.
        self._lock = threading.Lock()
        self._zones: dict[str, PublishedZone] = {}
        self._unproven: set[str] = set()
        # What was told last: views without their zones, which are beside them, as there may be many of them.
        self._views: dict[str, View] = {}
        self._zone_ids: dict[str, dict[str, None]] = {}
        self._view_of: dict[str, str] = {}
        self._vpcs: dict[str, VpcView] = {}
        self._routing = RoutingFacts(version=0, health={}, cidr={})
        self._logs = QueryLogs(zones={})
        self._reset = Reset(version=0, zone_ids=[], view_ids=[], vpc_ids=[])
        self._serial = 0

    def zone(self, zone_id: str) -> PublishedZone | None:
        return self._zones.get(zone_id)

    # --- publishing: one thread

    def stage(self, zone: HostedZone, version: Version) -> Candidate:
        """The version after the published one; nobody is told of it yet. Raises what the plane does."""
        known = self._zones.get(zone.id)
        return self._plane.stage(
            zone.id,
            zone.name,
            base=None if known is None else known.version,
            version=zone.version,
            edit=version.edit,
            signing=None if version.keeps_signing or version.signing is None else to_core(version.signing),
            keep_signing=version.keeps_signing,
        )

    def commit(self, zone: HostedZone, version: Version, candidate: Candidate) -> Addressed:
        """Makes a proven candidate the published version; returns what name servers must be told."""
        role = compose.role_of(zone)
        with self._lock:
            self._plane.commit(candidate)
            self._unproven.discard(zone.id)
            known = self._zones.get(zone.id)
            if known is None:
                self._zones[zone.id] = known = PublishedZone(zone.name, role, zone.version, version.signing)
                if version.latest is not None:
                    known.history.append(version.latest)
                return role, ZoneSnapshot(
                    zone_id=zone.id,
                    apex=zone.name.to_wire(),
                    version=zone.version,
                    edit=version.edit,
                    signing=version.signing,
                )
            delta = ZoneDelta(
                zone_id=zone.id,
                apex=zone.name.to_wire(),
                base=known.version,
                version=zone.version,
                edit=version.edit,
                signing=msgspec.UNSET if version.keeps_signing else version.signing,
            )
            known.version = zone.version
            known.signing = version.signing
            known.history.append(delta)
            return role, delta

    def leave(self, zone_id: str) -> None:
        """The zone exists, and its version is not proven: who has an older one keeps it."""
        with self._lock:
            self._unproven.add(zone_id)

    def drop(self, zone_id: str) -> Addressed | None:
        """The zone was deleted; returns what name servers must be told, if they may have it."""
        with self._lock:
            self._unproven.discard(zone_id)
            known = self._zones.pop(zone_id, None)
            if known is None:
                return None
            self._plane.drop_zone(zone_id)
        return known.role, ZoneGone(zone_id=zone_id, version=known.version + 1)

    def show(self, views: Sequence[View], vpcs: Sequence[VpcView], *, resets: int) -> None:
        """What every view is when a control process starts; nobody has been told of anything yet.

        `resets` are how many times all was emptied before.
        """
        with self._lock:
            for view in views:
                self._views[view.view_id] = self._numbered(view)
                self._zone_ids[view.view_id] = dict.fromkeys(view.zone_ids)
                self._view_of.update(dict.fromkeys(view.zone_ids, view.view_id))
            self._vpcs = {vpc.vpc_id: self._numbered(vpc) for vpc in vpcs}
            self._reset = msgspec.structs.replace(self._reset, version=resets)

    def enter(self, zone_id: str, view: View) -> Addressed | None:
        """The zone is in this view from now on; returns what must be told, if that is news."""
        with self._lock:
            if zone_id in self._view_of:
                return None
            known = self._views.get(view.view_id)
            self._view_of[zone_id] = view.view_id
            self._zone_ids.setdefault(view.view_id, {})[zone_id] = None
            self._views[view.view_id] = self._numbered(view if known is None else known)
            if known is None:
                return EDGE, self._view(view.view_id)
            return EDGE, ViewChange(view_id=view.view_id, added=[zone_id], removed=[], serial=self._serial)

    def open_view(self, view: View) -> Addressed | None:
        """The view is there from now on, be it empty; returns what must be told, if that is news."""
        with self._lock:
            if view.view_id in self._views:
                return None
            self._views[view.view_id] = self._numbered(view)
            self._zone_ids.setdefault(view.view_id, {})
            return EDGE, self._view(view.view_id)

    def leave_view(self, zone_id: str) -> Addressed | None:
        """The zone is in no view from now on; returns what must be told, if it was in one."""
        with self._lock:
            view_id = self._view_of.pop(zone_id, None)
            if view_id is None:
                return None
            del self._zone_ids[view_id][zone_id]
            self._views[view_id] = self._numbered(self._views[view_id])
            return EDGE, ViewChange(view_id=view_id, added=[], removed=[zone_id], serial=self._serial)

    def is_shown(self, zone_id: str) -> bool:
        """Whether name servers or resolvers were told that it is in a view."""
        return zone_id in self._view_of or bool(self.vpcs_with(zone_id))

    def vpcs_with(self, zone_id: str) -> list[str]:
        """The VPCs whose resolvers were told of the zone."""
        return [vpc_id for vpc_id, vpc in self._vpcs.items() if zone_id in vpc.zone_ids]

    def show_vpc(self, vpc: VpcView) -> Addressed | None:
        """The VPC's view from now on; returns what must be told, if that is news."""
        with self._lock:
            before = self._vpcs.get(vpc.vpc_id)
            if before is not None and msgspec.structs.replace(before, serial=0) == vpc:
                return None
            self._vpcs[vpc.vpc_id] = told = self._numbered(vpc)
            return RESOLVER, told

    def end_vpc(self, vpc_id: str) -> Addressed | None:
        """The VPC is gone; returns what must be told, if anybody may know of it."""
        with self._lock:
            if self._vpcs.pop(vpc_id, None) is None:
                return None
            self._serial += 1
            return RESOLVER, Vpcs(vpc_ids=list(self._vpcs), serial=self._serial)

    def route(self, facts: RoutingFacts) -> RoutingFacts:
        """What record sets are chosen by from now on; returns what must be told, to all."""
        with self._lock:
            self._plane.set_cidr(facts.cidr)
            self._plane.set_health(facts.health)
            self._routing = self._numbered(facts)
            return self._routing

    def log(self, logs: QueryLogs) -> Addressed:
        """Which queries are logged from now on; returns what must be told."""
        with self._lock:
            self._logs = self._numbered(logs)
            return EDGE, self._logs

    def reset(self, left: Reset) -> Reset:
        """Nothing but that is there any more; returns what must be told, to all."""
        zone_ids, view_ids, vpc_ids = set(left.zone_ids), set(left.view_ids), set(left.vpc_ids)
        with self._lock:
            for zone_id in self._zones.keys() - zone_ids:
                del self._zones[zone_id]
                self._plane.drop_zone(zone_id)
            self._unproven &= zone_ids
            self._views = {id: view for id, view in self._views.items() if id in view_ids}
            self._view_of = {
                zone_id: view_id
                for zone_id, view_id in self._view_of.items()
                if zone_id in zone_ids and view_id in view_ids
            }
            self._zone_ids = {view_id: {} for view_id in self._views}
            for zone_id, view_id in self._view_of.items():
                self._zone_ids[view_id][zone_id] = None
            self._vpcs = {id: vpc for id, vpc in self._vpcs.items() if id in vpc_ids}
            self._reset = self._numbered(left)
            return self._reset

    def _numbered(self, message: _M) -> _M:
        self._serial += 1
        return msgspec.structs.replace(message, serial=self._serial)

    def _view(self, view_id: str) -> View:
        """A view as it is, with its zones."""
        return msgspec.structs.replace(self._views[view_id], zone_ids=list(self._zone_ids[view_id]))

    # --- what operations ask (services.context.NameServers); any thread

    def answer(
        self, zone_id: str, packet: bytes, now: int, *, client: str, tcp: bool = False
    ) -> bytes | None:
        """What our name servers answer from the zone's published version to a client of this address."""
        return self._plane.answer_zone(zone_id, packet, now, client=client, tcp=tcp)

    # --- what the feed asks (feed.server.Source); any thread

    def catch_up(self, role: str, have: Mapping[str, int]) -> Iterator[ToEdge]:
        """Facts of all zones and where resolution starts, zones, then views, then what must go."""
        if role == RESOLVER:
            yield self._boot
        with self._lock:
            wanted = [zone_id for zone_id, known in self._zones.items() if known.role == role]
            facts: list[ToEdge] = [self._routing]
            if role == EDGE:
                facts.append(self._logs)
        yield from facts
        for zone_id in wanted:
            yield from self._since(zone_id, have.get(zone_id))
        with self._lock:
            views: list[ToEdge]
            if role == EDGE:
                views = [self._view(view_id) for view_id in self._views]
            else:  # first which there are: a new one may have the address of one that is gone
                views = [Vpcs(vpc_ids=list(self._vpcs), serial=self._serial), *self._vpcs.values()]
            gone = have.keys() - self._zones.keys() - self._unproven
            last = self._reset
        yield from views
        for zone_id in gone:
            yield ZoneGone(zone_id=zone_id, version=0)
        if last.version:
            yield self._left(last)

    def whole(self, subject: str) -> ToEdge | None:
        kind, _, id = subject.partition(":")
        with self._lock:
            if kind == "view":
                return self._view(id) if id in self._views else None
            return self._snapshot(id) if kind == "zone" else None

    def _left(self, last: Reset) -> Reset:
        """The last reset, with all that there is now."""
        with self._lock:
            return msgspec.structs.replace(
                last,
                zone_ids=[*self._zones, *self._unproven],
                view_ids=list(self._views),
                vpc_ids=list(self._vpcs),
                serial=self._serial,
            )

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
