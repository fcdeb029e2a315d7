"""What a name server says it serves: only what is committed, in a view, and listened on."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from seal53.base.errors import StartFault
from seal53.core import DnssecFault, Name, PlaneFault, WireFault
from seal53.edge.served import Served
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
    View,
    ViewChange,
    VpcView,
    ZoneDelta,
    ZoneGone,
    ZoneSnapshot,
)

APEX = Name.parse("example.").to_wire()
ONE = View(view_id="set:N1", addresses=["127.0.0.1"], zone_ids=["Z1"], serial=1)


class FakePlane:
    """Keeps what it is told; `taken` are addresses that another program holds."""

    def __init__(self) -> None:
        self.zones: dict[str, int] = {}
        self.views: dict[str, list[str]] = {}
        self.sockets: dict[tuple[str, int], str] = {}
        self.flushed: list[str] = []
        self.taken: set[str] = set()
        self.health: dict[str, bool] = {}
        self.cidr: Mapping[str, Mapping[str, Sequence[str]]] = {}
        self.logged: list[str] = []

    def stage(
        self, zone_id: str, apex: Name, *, base: int | None, version: int, edit: bytes, **_: Any
    ) -> Any:
        if edit == b"bad":
            raise PlaneFault("Edit", "cannot be applied")
        assert base is None or self.zones[zone_id] == base
        return zone_id, version

    def commit(self, candidate: Any) -> None:
        self.zones[candidate[0]] = candidate[1]

    def drop_zone(self, zone_id: str) -> None:
        self.zones.pop(zone_id, None)

    def set_view(self, view_id: str, zone_ids: Sequence[str]) -> None:
        assert set(zone_ids) <= set(self.zones)
        self.views[view_id] = list(zone_ids)

    def set_resolver_view(self, view_id: str, zone_ids: Sequence[str], *, aws_profile: bool = False) -> None:
        self.set_view(view_id, zone_ids)

    def flush(self, view_id: str) -> None:
        self.flushed.append(view_id)

    def listen(self, address: str, port: int, view_id: str) -> None:
        if address in self.taken:
            raise PlaneFault("AddressInUse", "taken")
        self.sockets[address, port] = view_id

    def unlisten(self, address: str, port: int) -> None:
        self.sockets.pop((address, port), None)

    def drop_view(self, view_id: str) -> None:
        del self.views[view_id]

    def set_health(self, statuses: Mapping[str, bool]) -> None:
        self.health = dict(statuses)

    def set_cidr(self, collections: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self.cidr = collections

    def set_query_logs(self, zone_ids: Sequence[str]) -> None:
        self.logged = list(zone_ids)

    def counters(self) -> dict[str, int]:
        return {"queries": 3}


class FakeResolver:
    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def boot(self, hints: list[tuple[str, str]], anchors: list[str], port: int) -> None:
        self.told.append(("boot", hints, anchors, port))

    def set_vpc(self, vpc_id: str, validate: bool) -> None:
        self.told.append((vpc_id, validate))

    def drop_vpc(self, vpc_id: str) -> None:
        self.told.append((vpc_id,))


@pytest.fixture
def plane() -> FakePlane:
    return FakePlane()


@pytest.fixture
def served(plane: FakePlane) -> Served:
    return Served(plane, port=53)


def whole(version: int, zone_id: str = "Z1", edit: bytes = b"") -> ZoneSnapshot:
    return ZoneSnapshot(zone_id=zone_id, apex=APEX, version=version, edit=edit, signing=None)


def delta(base: int, version: int) -> ZoneDelta:
    return ZoneDelta(zone_id="Z1", apex=APEX, base=base, version=version, edit=b"")


def opened(served: Served) -> Served:
    served.apply(whole(1))
    served.apply(ONE)
    served.apply(CaughtUp())
    return served


def test_nothing_is_said_or_listened_on_before_all_is_there(served: Served, plane: FakePlane) -> None:
    assert served.apply(whole(4)) == []
    assert served.apply(ONE) == []
    assert not plane.sockets
    assert served.apply(CaughtUp()) == [Ack(subject="zone:Z1", version=4), Ready()]
    assert plane.sockets == {("127.0.0.1", 53): "set:N1"}


def test_a_zone_counts_once_it_is_in_a_view(served: Served, plane: FakePlane) -> None:
    opened(served)
    assert served.apply(whole(1, "Z2")) == []
    view = msgspec.structs.replace(ONE, zone_ids=["Z1", "Z2", "Z3"], serial=2)
    assert served.apply(view) == [Ack(subject="zone:Z2", version=1)]
    assert plane.views["set:N1"] == ["Z1", "Z2"]  # Z3 has not arrived
    assert served.apply(whole(7, "Z3")) == [Ack(subject="zone:Z3", version=7)]
    assert plane.views["set:N1"] == ["Z1", "Z2", "Z3"]


def test_deltas_are_applied_once_and_in_order(served: Served, plane: FakePlane) -> None:
    opened(served)
    assert served.apply(delta(1, 2)) == [Ack(subject="zone:Z1", version=2)]
    assert served.apply(delta(1, 2)) == []
    assert served.apply(delta(1, 3)) == [
        Ack(subject="zone:Z1", version=3)
    ]  # of an earlier base: the same end
    (refusal,) = served.apply(delta(5, 6))
    assert isinstance(refusal, Refusal)
    assert refusal.subject == "zone:Z1"
    assert plane.zones["Z1"] == 3


def test_what_the_plane_refuses_is_told_and_the_old_version_stays(served: Served, plane: FakePlane) -> None:
    opened(served)
    (refusal,) = served.apply(whole(2, edit=b"bad"))
    assert refusal == Refusal(subject="zone:Z1", why="cannot be applied")
    assert plane.zones["Z1"] == 1


def test_a_zone_that_goes_leaves_its_view_first(served: Served, plane: FakePlane) -> None:
    opened(served)
    assert served.apply(ZoneGone(zone_id="Z1", version=2)) == [Ack(subject="zone:Z1", version=0)]
    assert plane.views["set:N1"] == []
    assert plane.zones == {}
    assert served.new_connection() == ({}, {})


def test_an_older_view_is_passed_over(served: Served, plane: FakePlane) -> None:
    opened(served)
    served.apply(msgspec.structs.replace(ONE, serial=5))
    served.apply(msgspec.structs.replace(ONE, zone_ids=[], serial=4))
    assert plane.views["set:N1"] == ["Z1"]
    served.new_connection()  # another control process counts from one again
    served.apply(msgspec.structs.replace(ONE, zone_ids=[], serial=1))
    assert plane.views["set:N1"] == []


def test_addresses_of_a_view_change(served: Served, plane: FakePlane) -> None:
    opened(served)
    served.apply(msgspec.structs.replace(ONE, addresses=["127.0.0.2"], serial=2))
    assert plane.sockets == {("127.0.0.2", 53): "set:N1"}


def test_what_cannot_be_listened_on_is_not_acknowledged_until_it_can(
    served: Served, plane: FakePlane
) -> None:
    opened(served)
    plane.taken = {"127.0.0.9"}
    served.apply(whole(1, "Z2"))
    assert served.apply(View(view_id="set:N2", addresses=["127.0.0.9"], zone_ids=["Z2"], serial=9)) == []
    assert served.again() == []
    plane.taken = set()
    assert served.again() == [Ack(subject="zone:Z2", version=1)]


def test_nothing_to_listen_on_at_all_is_a_fault(served: Served, plane: FakePlane) -> None:
    plane.taken = {"127.0.0.1"}
    served.apply(ONE)
    with pytest.raises(StartFault, match="port 53"):
        served.apply(CaughtUp())


def test_counters_are_told_when_asked(served: Served) -> None:
    assert served.apply(AskCounters(request=8)) == [Counters(request=8, counters={"queries": 3})]


def test_a_vpc_flushes_its_cache_when_validation_or_its_private_zones_change(plane: FakePlane) -> None:
    resolver = FakeResolver()
    served = Served(plane, port=53, resolver=resolver)
    vpc = VpcView(vpc_id="vpc-1", version=1, address="127.0.0.3", zone_ids=[], validate=False, serial=1)
    served.apply(ResolverBoot(hints=[("a.", "127.0.0.1")], anchors=[". IN DS …"], upstream_port=53))
    served.apply(vpc)
    said = served.apply(CaughtUp())
    assert said == [Ack(subject="vpc:vpc-1", version=1), Ready()]
    plane.flushed.clear()
    served.apply(whole(1))
    with_zone = msgspec.structs.replace(vpc, zone_ids=["Z1"])
    served.apply(msgspec.structs.replace(with_zone, version=2, serial=2))
    assert plane.flushed == ["vpc:vpc-1"]
    served.apply(msgspec.structs.replace(with_zone, version=3, serial=3))
    assert plane.flushed == ["vpc:vpc-1"]
    assert served.apply(msgspec.structs.replace(with_zone, version=4, validate=True, serial=4)) == [
        Ack(subject="vpc:vpc-1", version=4)
    ]
    assert plane.flushed == ["vpc:vpc-1"] * 2
    assert resolver.told == [
        ("boot", [("a.", "127.0.0.1")], [". IN DS …"], 53),
        ("vpc-1", False),
        ("vpc-1", True),
    ]
    assert served.new_connection() == ({"Z1": 1}, {"vpc-1": 4})


def test_a_version_never_goes_back(served: Served, plane: FakePlane) -> None:
    opened(served)
    served.apply(whole(3))
    assert served.apply(whole(2)) == []  # queued before the edge was caught up
    assert plane.zones["Z1"] == 3


def test_a_zone_counts_when_all_of_its_views_answer(served: Served, plane: FakePlane) -> None:
    opened(served)
    plane.taken = {"127.0.0.9"}
    served.apply(View(view_id="set:N2", addresses=["127.0.0.9"], zone_ids=["Z1"], serial=9))
    assert served.apply(delta(1, 2)) == []
    plane.taken = set()
    assert served.again() == [Ack(subject="zone:Z1", version=2)]


@pytest.mark.parametrize("fault", [DnssecFault("BadSigning", "no key"), WireFault("cut off")])
def test_what_does_not_decode_costs_one_zone_and_not_the_process(
    served: Served, plane: FakePlane, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    opened(served)

    def stage(*_: Any, **__: Any) -> Any:
        raise fault

    monkeypatch.setattr(plane, "stage", stage)
    assert served.apply(whole(2)) == [Refusal(subject="zone:Z1", why=str(fault.args[-1]))]
    assert plane.zones["Z1"] == 1


def test_a_zone_comes_into_a_view_and_leaves_it(served: Served, plane: FakePlane) -> None:
    opened(served)
    assert served.apply(whole(1, "Z2")) == []
    change = ViewChange(view_id="set:N1", added=["Z2"], removed=[], serial=2)
    assert served.apply(change) == [Ack(subject="zone:Z2", version=1)]
    assert plane.views["set:N1"] == ["Z1", "Z2"]
    served.apply(ViewChange(view_id="set:N1", added=[], removed=["Z1"], serial=1))  # older than what is here
    assert plane.views["set:N1"] == ["Z1", "Z2"]
    served.apply(ViewChange(view_id="set:N1", added=[], removed=["Z1"], serial=3))
    assert plane.views["set:N1"] == ["Z2"]
    assert served.apply(delta(1, 2)) == []  # in no view
    assert served.apply(whole(2, "Z2")) == [Ack(subject="zone:Z2", version=2)]


def test_a_change_of_a_view_that_is_not_here_is_refused(served: Served) -> None:
    opened(served)
    (refusal,) = served.apply(ViewChange(view_id="set:N9", added=["Z1"], removed=[], serial=2))
    assert isinstance(refusal, Refusal) and refusal.subject == "view:set:N9"


def test_one_change_looks_at_one_zone(served: Served, plane: FakePlane) -> None:
    zones = [f"Z{n}" for n in range(1, 200)]
    for zone_id in zones:
        served.apply(whole(1, zone_id))
    served.apply(msgspec.structs.replace(ONE, zone_ids=zones))
    assert len(served.apply(CaughtUp())) == 200
    looked: list[str] = []
    served._views.is_served = lambda zone_id: not looked.append(zone_id)  # type: ignore[method-assign]
    assert served.apply(delta(1, 2)) == [Ack(subject="zone:Z1", version=2)]
    assert looked == ["Z1"]


def test_routing_facts_are_acknowledged_once_a_connection(served: Served, plane: FakePlane) -> None:
    facts = RoutingFacts(version=4, health={"h": False}, cidr={"c": {"office": ["192.0.2.0/24"]}}, serial=3)
    assert served.apply(facts) == []  # nothing is answered yet
    served.apply(ONE)
    assert served.apply(CaughtUp()) == [Ack(subject="routing", version=4), Ready()]
    assert plane.health == {"h": False}
    assert plane.cidr["c"] == {"office": ["192.0.2.0/24"]}
    older = RoutingFacts(version=3, health={}, cidr={}, serial=2)
    assert served.apply(older) == []
    assert plane.health == {"h": False}
    served.new_connection()
    assert served.apply(msgspec.structs.replace(facts, serial=1)) == [Ack(subject="routing", version=4)]


def test_what_is_logged_is_known_to_the_writer_before_the_plane(plane: FakePlane) -> None:
    told: list[tuple[Mapping[str, str], list[str]]] = []

    class Logs:
        def write_to(self, directories: Mapping[str, str]) -> None:
            told.append((directories, list(plane.logged)))

    served = Served(plane, port=53, logs=Logs())
    served.apply(QueryLogs(zones={"Z1": "/logs/a"}, serial=2))
    assert plane.logged == ["Z1"]
    served.apply(QueryLogs(zones={}, serial=1))
    assert told == [({"Z1": "/logs/a"}, [])]


def test_after_a_reset_nothing_else_is_left(plane: FakePlane) -> None:
    resolver = FakeResolver()
    served = Served(plane, port=53, resolver=resolver)
    vpc = VpcView(vpc_id="vpc-1", version=1, address="127.0.0.3", zone_ids=["Z2"], validate=True, serial=1)
    gone = msgspec.structs.replace(vpc, vpc_id="vpc-2", address="127.0.0.4", zone_ids=[])
    for message in (whole(1), whole(1, "Z2"), whole(1, "Z3"), vpc, gone):
        served.apply(message)
    served.apply(View(view_id="root", addresses=["127.0.0.1"], zone_ids=["Z1", "Z3"], serial=1))
    served.apply(View(view_id="set:N1", addresses=["127.0.0.2"], zone_ids=["Z3"], serial=1))
    served.apply(CaughtUp())
    plane.flushed.clear()
    resolver.told.clear()
    reset = Reset(version=1, zone_ids=["Z1"], view_ids=["root"], vpc_ids=["vpc-1"], serial=9)
    assert served.apply(reset) == [Ack(subject="reset", version=1)]
    assert plane.zones.keys() == {"Z1"}
    assert plane.views == {"root": ["Z1"], "vpc:vpc-1": []}
    assert sorted(address for address, _ in plane.sockets) == ["127.0.0.1", "127.0.0.3"]
    assert plane.flushed == ["vpc:vpc-1"]
    assert resolver.told == [("vpc-2",), ("vpc-1",), ("vpc-1", True)]
    assert served.new_connection() == ({"Z1": 1}, {"vpc-1": 1})
    # it is told again on the next connection, and forgets nothing a second time
    assert served.apply(msgspec.structs.replace(reset, serial=2)) == [Ack(subject="reset", version=1)]
    assert plane.flushed == ["vpc:vpc-1"]
    served.apply(whole(1, "Z4"))
    assert served.apply(msgspec.structs.replace(reset, serial=1)) == []  # older than what is here
    assert plane.zones.keys() == {"Z1", "Z4"}
