"""What a name server serves: applies the feed's messages to the data plane and says what it serves now.

An acknowledgement means "on every socket": a zone counts once it is committed, in a view, and that view's
addresses are listened on; until the first snapshot is complete nothing is listened on and nothing is
acknowledged. Views of zones that have not arrived are kept and completed later. Not for: where messages
come from.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, assert_never

import msgspec

from seal53.base import memory
from seal53.base.errors import StartFault
from seal53.core import DnssecFault, Name, PlaneFault, Signing, WireFault
from seal53.edge.views import ViewPlane, Views, ViewState
from seal53.feed.messages import (
    Ack,
    AskCounters,
    CaughtUp,
    Counters,
    QueryLogs,
    Ready,
    Refusal,
    Reset,
    ResolverBoot,
    RoutingFacts,
    ToControl,
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

_ROUTING = "routing"
_RESET = "reset"


class Plane(ViewPlane, Protocol):
    """Of `core.DataPlane`, what is used here."""

    def stage(
        self,
        zone_id: str,
        apex: Name,
        *,
        base: int | None,
        version: int,
        edit: bytes,
        signing: Signing | None = None,
        keep_signing: bool = False,
    ) -> Any: ...
    def commit(self, candidate: Any) -> None: ...
    def drop_zone(self, zone_id: str) -> None: ...
    def flush(self, view_id: str) -> None: ...
    def set_health(self, statuses: Mapping[str, bool]) -> None: ...
    def set_cidr(self, collections: Mapping[str, Mapping[str, Sequence[str]]]) -> None: ...
    def set_query_logs(self, zone_ids: Sequence[str]) -> None: ...
    def counters(self) -> dict[str, int]: ...


class ResolverPort(Protocol):
    """The resolver's machine behind the cache; absent on a name server."""

    def boot(self, hints: list[tuple[str, str]], anchors: list[str], port: int) -> None: ...
    def set_vpc(self, vpc_id: str, validate: bool) -> None: ...
    def drop_vpc(self, vpc_id: str) -> None: ...


class LogPort(Protocol):
    """What writes query logs; absent where nothing is logged."""

    def write_to(self, directories: Mapping[str, str]) -> None: ...


class Served:
    """`new_connection` says what is served; `apply` takes one message and returns what is to be said."""

    def __init__(
        self,
        plane: Plane,
        *,
        port: int,
        aws_profile: bool = False,
        resolver: ResolverPort | None = None,
        logs: LogPort | None = None,
    ) -> None:
        self._plane = plane
        self._port = port
        self._resolver = resolver
        self._logs = logs
        self._versions: dict[str, int] = {}
        self._views = Views(plane, self._versions.__contains__, port=port, aws_profile=aws_profile)
        self._open = False
        self._acked: dict[str, int] = {}
        self._touched: set[str] = set()  # zones with a new version
        self._routing = RoutingFacts(version=0, health={}, cidr={})
        self._logs_serial = 0
        self._reset = Reset(version=0, zone_ids=[], view_ids=[], vpc_ids=[])

    @property
    def answers(self) -> bool:
        """Whether the sockets are open."""
        return self._open

    def new_connection(self) -> tuple[dict[str, int], dict[str, int]]:
        """Zones and VPCs that are served, with versions. Serials begin anew with each control process."""
        self._views.forget_serials()
        self._routing = msgspec.structs.replace(self._routing, serial=0)
        self._logs_serial = 0
        self._reset = msgspec.structs.replace(self._reset, serial=0)
        for subject in (_ROUTING, _RESET):  # they are sent, and acknowledged, on every connection
            self._acked.pop(subject, None)
        zones = {s.removeprefix("zone:"): v for s, v in self._acked.items() if s.startswith("zone:")}
        vpcs = {s.removeprefix("vpc:"): v for s, v in self._acked.items() if s.startswith("vpc:")}
        return zones, vpcs

    def apply(self, message: ToEdge) -> list[ToControl]:
        """Raises StartFault when nothing can be listened on; what the plane refuses is a Refusal."""
        try:
            said = self._apply(message)
        except (PlaneFault, DnssecFault, WireFault) as e:
            subject = f"zone:{message.zone_id}" if isinstance(message, ZoneSnapshot | ZoneDelta) else "plane"
            return [Refusal(subject=subject, why=str(e.args[-1]))]  # before the text there may be a code
        except _Gap as gap:
            return [Refusal(subject=gap.subject, why=str(gap))]
        return [*self._news(), *said]

    def again(self) -> list[ToControl]:
        """Tries the addresses that could not be listened on; returns what is to be said."""
        if self._open and not self._views.are_complete:
            self._listen_to_all()
        return self._news()

    def _listen_to_all(self) -> None:
        if not self._views.listen_to_all():
            raise StartFault(
                f"no address can be listened on at port {self._port}", hint="the lines above say why"
            )

    def _apply(self, message: ToEdge) -> list[ToControl]:
        """What is to be said besides what is served now."""
        match message:
            case ZoneDelta():
                have = self._versions.get(message.zone_id)
                if have is None or have < message.base:
                    raise _Gap(
                        f"zone:{message.zone_id}", f"has version {have}, was sent a change of {message.base}"
                    )
                if have < message.version:
                    self._commit(message, base=have)
            case ZoneSnapshot():
                # A queued one may be older than what catching up has brought: a version never goes back.
                if self._versions.get(message.zone_id, 0) < message.version:
                    self._commit(message, base=None)
            case ZoneGone(zone_id=zone_id):
                self._versions.pop(zone_id, None)
                self._acked.pop(f"zone:{zone_id}", None)
                self._views.show_zone(zone_id)
                self._plane.drop_zone(zone_id)
                return [Ack(subject=f"zone:{zone_id}", version=0)]
            case View(view_id=view_id):
                state = ViewState(message.addresses, dict.fromkeys(message.zone_ids), message.serial)
                self._views.put(view_id, state, listen=self._open)
            case ViewChange(view_id=view_id):
                if not self._views.change(view_id, message.added, message.removed, message.serial):
                    raise _Gap(f"view:{view_id}", "was sent a change of a view that is not here")
            case VpcView():
                self._vpc(message)
            case Vpcs():
                return self._end_vpcs(message)
            case ResolverBoot(hints=hints, anchors=anchors, upstream_port=port):
                if self._resolver is not None:
                    self._resolver.boot(hints, anchors, port)
            case RoutingFacts():
                self._route(message)
            case QueryLogs():
                self._log(message)
            case Reset():
                self._reset_to(message)
            case CaughtUp():
                self._open = True
                self._listen_to_all()
                return [Ready()]
            case AskCounters(request=request):
                return [Counters(request=request, counters=self._plane.counters())]
            case _:
                assert_never(message)
        return []

    def _commit(self, message: ZoneSnapshot | ZoneDelta, *, base: int | None) -> None:
        signing = message.signing
        candidate = self._plane.stage(
            message.zone_id,
            Name.from_wire(message.apex),
            base=base,
            version=message.version,
            edit=message.edit,
            signing=None if signing is None or isinstance(signing, msgspec.UnsetType) else to_core(signing),
            keep_signing=isinstance(signing, msgspec.UnsetType),
        )
        self._plane.commit(candidate)
        if len(message.edit) > memory.LARGE:
            del candidate
            memory.give_back()
        first = message.zone_id not in self._versions
        self._versions[message.zone_id] = message.version
        self._touched.add(message.zone_id)
        if first:
            self._views.show_zone(message.zone_id)

    def _vpc(self, message: VpcView) -> None:
        view_id = f"vpc:{message.vpc_id}"
        before = self._views.get(view_id)
        state = ViewState(
            [message.address],
            dict.fromkeys(message.zone_ids),
            message.serial,
            vpc_id=message.vpc_id,
            version=message.version,
            validate=message.validate,
            private=message.private,
            resolves=message.resolves,
        )
        if not self._views.put(view_id, state, listen=self._open) or self._resolver is None:
            return
        if before is None or before.validate != message.validate:
            self._resolver.set_vpc(message.vpc_id, message.validate)
            self._plane.flush(view_id)  # what was judged by other rules must not be answered any more
        elif (before.zone_ids.keys(), before.private) != (state.zone_ids.keys(), state.private):
            self._plane.flush(view_id)  # an alias may have led into a zone that is gone

    def _end_vpcs(self, message: Vpcs) -> list[ToControl]:
        """Ends the resolvers of VPCs that are gone."""
        there = set(message.vpc_ids)
        said: list[ToControl] = []
        for view_id, state in self._views.of_vpcs():
            if state.vpc_id is None or state.vpc_id in there or state.serial > message.serial:
                continue
            self._end_view(view_id)
            said.append(Ack(subject=view_id, version=0))
        return said

    def _end_view(self, view_id: str) -> None:
        state = self._views.get(view_id)
        self._views.end(view_id)
        if self._resolver is not None and state is not None and state.vpc_id is not None:
            self._resolver.drop_vpc(state.vpc_id)
        self._acked.pop(view_id, None)  # a VPC's view and its subject have one name

    def _route(self, message: RoutingFacts) -> None:
        if message.serial >= self._routing.serial:
            self._plane.set_cidr(message.cidr)
            self._plane.set_health(message.health)
            self._routing = message

    def _log(self, message: QueryLogs) -> None:
        if message.serial >= self._logs_serial and self._logs is not None:
            self._logs.write_to(message.zones)
            self._plane.set_query_logs(list(message.zones))
            self._logs_serial = message.serial

    def _reset_to(self, message: Reset) -> None:
        """Drops what is not left, views before zones: none may show a zone that goes."""
        if message.serial < self._reset.serial:
            return
        left = {*message.view_ids, *(f"vpc:{vpc_id}" for vpc_id in message.vpc_ids)}
        for view_id in self._views.ids():
            if view_id not in left:
                self._end_view(view_id)
        gone = self._versions.keys() - set(message.zone_ids)
        for zone_id in gone:
            del self._versions[zone_id]
            self._acked.pop(f"zone:{zone_id}", None)
        self._views.keep_zones(set(message.zone_ids))
        for zone_id in gone:
            self._plane.drop_zone(zone_id)
        if message.version != self._reset.version:
            self._forget()
        self._reset = message

    def _forget(self) -> None:
        """Resolvers know nothing any more, neither here nor in their machine."""
        if self._resolver is None:
            return
        for view_id, state in self._views.of_vpcs():
            if state.vpc_id is not None and state.validate is not None:
                self._resolver.drop_vpc(state.vpc_id)
                self._resolver.set_vpc(state.vpc_id, state.validate)
            self._plane.flush(view_id)

    def _news(self) -> list[ToControl]:
        """Acknowledgements of what is served since the last time."""
        if not self._open:
            return []
        news: list[ToControl] = []
        zones, views = self._views.take_touched()
        touched, self._touched = self._touched, set()
        for zone_id in sorted(zones | touched):
            version = self._versions.get(zone_id)
            if version is not None and self._views.is_served(zone_id):
                self._acknowledge(news, f"zone:{zone_id}", version)
        for view_id in sorted(views):
            state = self._views.get(view_id)
            if state is not None and state.vpc_id is not None and state.is_complete:
                self._acknowledge(news, view_id, state.version)
        for subject, version in ((_ROUTING, self._routing.version), (_RESET, self._reset.version)):
            if version:
                self._acknowledge(news, subject, version)
        return news

    def _acknowledge(self, news: list[ToControl], subject: str, version: int) -> None:
        if self._acked.get(subject) != version:
            self._acked[subject] = version
            news.append(Ack(subject=subject, version=version))


class _Gap(Exception):
    """A change of something that is not here, or not in that version."""

    def __init__(self, subject: str, why: str) -> None:
        super().__init__(why)
        self.subject = subject
