"""What a name server serves: applies the feed's messages to the data plane and says what it serves now.

An acknowledgement means "on every socket": a zone counts once it is committed, in a view, and that view's
addresses are listened on; until the first snapshot is complete nothing is listened on and nothing is
acknowledged. Views of zones that have not arrived are kept and completed later. Not for: where messages
come from.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, assert_never

import msgspec

from seal53.base import journal
from seal53.base.errors import StartFault
from seal53.core import DnssecFault, Name, PlaneFault, Signing, WireFault
from seal53.feed.messages import (
    Ack,
    AskCounters,
    CaughtUp,
    Counters,
    Ready,
    Refusal,
    ResolverBoot,
    ToControl,
    ToEdge,
    View,
    Vpcs,
    VpcView,
    ZoneDelta,
    ZoneGone,
    ZoneSnapshot,
)
from seal53.feed.signing import to_core


class Plane(Protocol):
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
    def set_view(self, view_id: str, zone_ids: Sequence[str]) -> None: ...
    def set_resolver_view(
        self, view_id: str, zone_ids: Sequence[str], *, aws_profile: bool = False
    ) -> None: ...
    def drop_view(self, view_id: str) -> None: ...
    def flush(self, view_id: str) -> None: ...
    def listen(self, address: str, port: int, view_id: str) -> object: ...
    def unlisten(self, address: str, port: int) -> None: ...
    def counters(self) -> dict[str, int]: ...


class ResolverPort(Protocol):
    """The resolver's machine behind the cache; absent on a name server."""

    def boot(self, hints: list[tuple[str, str]], anchors: list[str], port: int) -> None: ...
    def set_vpc(self, vpc_id: str, validate: bool) -> None: ...
    def drop_vpc(self, vpc_id: str) -> None: ...


@dataclass(slots=True)
class _ViewState:
    """What follows `vpc_id` is of a VPC's view, as the message has it; `listening` are the addresses that
    answer."""

    addresses: list[str]
    zone_ids: list[str]
    serial: int
    vpc_id: str | None = None
    version: int = 0
    validate: bool | None = None
    private: bool = True
    resolves: bool = True
    listening: set[str] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        return self.listening >= set(self.addresses)


class Served:
    """`hello_facts` tell control what is served; `apply` takes one message and returns what is to be said."""

    def __init__(
        self, plane: Plane, *, port: int, aws_profile: bool = False, resolver: ResolverPort | None = None
    ) -> None:
        self._plane = plane
        self._port = port
        self._aws_profile = aws_profile
        self._resolver = resolver
        self._versions: dict[str, int] = {}
        self._views: dict[str, _ViewState] = {}
        self._open = False
        self._acked: dict[str, int] = {}

    @property
    def answers(self) -> bool:
        """Whether the sockets are open."""
        return self._open

    def new_connection(self) -> tuple[dict[str, int], dict[str, int]]:
        """Zones and VPCs that are served, with versions. Serials begin anew with each control process."""
        for state in self._views.values():
            state.serial = 0
        zones = {s.removeprefix("zone:"): v for s, v in self._acked.items() if s.startswith("zone:")}
        vpcs = {s.removeprefix("vpc:"): v for s, v in self._acked.items() if s.startswith("vpc:")}
        return zones, vpcs

    def apply(self, message: ToEdge) -> list[ToControl]:
        """Raises StartFault when nothing can be listened on; what the plane refuses is a Refusal."""
        gone = self._end_vpcs(message) if isinstance(message, Vpcs) else []
        try:
            self._apply(message)
        except (PlaneFault, DnssecFault, WireFault) as e:
            subject = f"zone:{message.zone_id}" if isinstance(message, ZoneSnapshot | ZoneDelta) else "plane"
            return [Refusal(subject=subject, why=_text(e))]
        except _Gap as gap:
            return [Refusal(subject=f"zone:{gap.zone_id}", why=str(gap))]
        said = self._news()
        match message:
            case Vpcs():
                said += [Ack(subject=f"vpc:{vpc_id}", version=0) for vpc_id in gone]
            case CaughtUp():
                said.append(Ready())
            case AskCounters(request=request):
                said.append(Counters(request=request, counters=self._plane.counters()))
            case ZoneGone(zone_id=zone_id):
                said.append(Ack(subject=f"zone:{zone_id}", version=0))
            case _:
                pass
        return said

    def again(self) -> list[ToControl]:
        """Tries the addresses that could not be listened on; returns what is to be said."""
        if self._open and not all(state.is_complete for state in self._views.values()):
            self._listen_to_all()
        return self._news()

    def _listen_to_all(self) -> None:
        for view_id, state in self._views.items():
            self._listen(view_id, state)
        if self._views and not any(state.listening for state in self._views.values()):
            raise StartFault(
                f"no address can be listened on at port {self._port}", hint="the lines above say why"
            )

    def _apply(self, message: ToEdge) -> None:
        match message:
            case ZoneSnapshot():
                # A queued one may be older than what catching up has brought: a version never goes back.
                if self._versions.get(message.zone_id, 0) < message.version:
                    self._commit(message, base=None)
            case ZoneDelta():
                have = self._versions.get(message.zone_id)
                if have is None or have < message.base:
                    raise _Gap(message.zone_id, f"has version {have}, was sent a change of {message.base}")
                if have < message.version:
                    self._commit(message, base=have)
            case ZoneGone(zone_id=zone_id):
                self._versions.pop(zone_id, None)
                self._acked.pop(f"zone:{zone_id}", None)
                for view_id, state in self._views.items():
                    if zone_id in state.zone_ids:
                        self._set_view(view_id, state)
                self._plane.drop_zone(zone_id)
            case View():
                self._view(message.view_id, _ViewState(message.addresses, message.zone_ids, message.serial))
            case VpcView():
                self._vpc(message)
            case Vpcs():
                pass  # `apply` does it, as it must be acknowledged
            case ResolverBoot(hints=hints, anchors=anchors, upstream_port=port):
                if self._resolver is not None:
                    self._resolver.boot(hints, anchors, port)
            case CaughtUp():
                self._open = True
                self._listen_to_all()
            case AskCounters():
                pass
            case _:
                assert_never(message)

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
        first = message.zone_id not in self._versions
        self._versions[message.zone_id] = message.version
        if first:
            for view_id, state in self._views.items():
                if message.zone_id in state.zone_ids:
                    self._set_view(view_id, state)

    def _vpc(self, message: VpcView) -> None:
        view_id = f"vpc:{message.vpc_id}"
        before = self._views.get(view_id)
        state = _ViewState(
            [message.address],
            message.zone_ids,
            message.serial,
            vpc_id=message.vpc_id,
            version=message.version,
            validate=message.validate,
            private=message.private,
            resolves=message.resolves,
        )
        self._view(view_id, state)
        if self._views[view_id] is not state or self._resolver is None:
            return
        if before is None or before.validate != message.validate:
            self._resolver.set_vpc(message.vpc_id, message.validate)
            self._plane.flush(view_id)  # what was judged by other rules must not be answered any more
        elif (set(before.zone_ids), before.private) != (set(message.zone_ids), message.private):
            self._plane.flush(view_id)  # an alias may have led into a zone that is gone

    def _end_vpcs(self, message: Vpcs) -> list[str]:
        """Ends the resolvers of VPCs that are gone; returns which."""
        there = set(message.vpc_ids)
        gone = {
            view_id: state
            for view_id, state in self._views.items()
            if state.vpc_id is not None and state.vpc_id not in there and state.serial <= message.serial
        }
        for view_id, state in gone.items():
            for address in state.listening:
                self._plane.unlisten(address, self._port)
            self._plane.drop_view(view_id)
            if self._resolver is not None and state.vpc_id is not None:
                self._resolver.drop_vpc(state.vpc_id)
            del self._views[view_id]
            self._acked.pop(view_id, None)  # a VPC's view and its subject have one name
        return [state.vpc_id for state in gone.values() if state.vpc_id is not None]

    def _view(self, view_id: str, state: _ViewState) -> None:
        before = self._views.get(view_id)
        if before is not None:
            if before.serial > state.serial:
                return
            state.listening = before.listening
        self._views[view_id] = state
        self._set_view(view_id, state)
        if self._open:
            self._listen(view_id, state)

    def _set_view(self, view_id: str, state: _ViewState) -> None:
        here = [zone_id for zone_id in state.zone_ids if zone_id in self._versions]
        if state.vpc_id is None:
            self._plane.set_view(view_id, here)
        elif not state.resolves:
            self._plane.set_view(view_id, [])  # a name server without a zone: REFUSED
        else:
            private = here if state.private else []
            self._plane.set_resolver_view(view_id, private, aws_profile=self._aws_profile)

    def _listen(self, view_id: str, state: _ViewState) -> None:
        for address in state.listening - set(state.addresses):
            self._plane.unlisten(address, self._port)
            state.listening.discard(address)
        for address in state.addresses:
            if address in state.listening:
                continue
            try:
                self._plane.listen(address, self._port, view_id)
            except PlaneFault as e:
                journal.event("not-listening", level=logging.ERROR, view=view_id, why=_text(e))
            else:
                state.listening.add(address)

    def _news(self) -> list[ToControl]:
        """Acknowledgements of what is served since the last time."""
        if not self._open:
            return []
        news: list[ToControl] = []
        views = [state for state in self._views.values() if state.is_complete]
        partly = [state for state in self._views.values() if not state.is_complete]
        viewed = {zone_id for state in views for zone_id in state.zone_ids}
        viewed -= {zone_id for state in partly for zone_id in state.zone_ids}
        for zone_id, version in self._versions.items():
            if zone_id in viewed:
                self._acknowledge(news, f"zone:{zone_id}", version)
        for state in views:
            if state.vpc_id is not None:
                self._acknowledge(news, f"vpc:{state.vpc_id}", state.version)
        return news

    def _acknowledge(self, news: list[ToControl], subject: str, version: int) -> None:
        if self._acked.get(subject) != version:
            self._acked[subject] = version
            news.append(Ack(subject=subject, version=version))


def _text(fault: PlaneFault | DnssecFault | WireFault) -> str:
    """The last of `args` is the text; before it there may be a code."""
    return str(fault.args[-1])


class _Gap(Exception):
    """A change of a version that is not here."""

    def __init__(self, zone_id: str, why: str) -> None:
        super().__init__(why)
        self.zone_id = zone_id
