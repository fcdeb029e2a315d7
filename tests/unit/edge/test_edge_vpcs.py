"""A resolver process and the VPCs that come, change their DNS attributes and go."""

from collections.abc import Sequence
from typing import Any

import pytest

from seal53.core import Name
from seal53.edge.served import Served
from seal53.feed.messages import Ack, CaughtUp, Ready, Vpcs, VpcView, ZoneSnapshot

ZONE = ZoneSnapshot(zone_id="Z1", apex=Name.parse("corp.").to_wire(), version=1, edit=b"", signing=None)


class Plane:
    """Keeps what it is told: `views` by id, a name server's as a tuple and a resolver's as a list."""

    def __init__(self) -> None:
        self.views: dict[str, Sequence[str]] = {}
        self.sockets: dict[str, str] = {}
        self.flushed: list[str] = []

    def stage(self, zone_id: str, apex: Name, **_: Any) -> Any:
        return zone_id

    def commit(self, candidate: Any) -> None:
        pass

    def drop_zone(self, zone_id: str) -> None:
        pass

    def set_view(self, view_id: str, zone_ids: Sequence[str]) -> None:
        self.views[view_id] = tuple(zone_ids)

    def set_resolver_view(self, view_id: str, zone_ids: Sequence[str], *, aws_profile: bool = False) -> None:
        self.views[view_id] = list(zone_ids)

    def drop_view(self, view_id: str) -> None:
        del self.views[view_id]

    def flush(self, view_id: str) -> None:
        self.flushed.append(view_id)

    def listen(self, address: str, port: int, view_id: str) -> None:
        assert address not in self.sockets
        self.sockets[address] = view_id

    def unlisten(self, address: str, port: int) -> None:
        del self.sockets[address]

    def counters(self) -> dict[str, int]:
        return {}


class Resolver:
    def __init__(self) -> None:
        self.vpcs: dict[str, bool] = {}

    def boot(self, hints: list[tuple[str, str]], anchors: list[str], port: int) -> None:
        pass

    def set_vpc(self, vpc_id: str, validate: bool) -> None:
        self.vpcs[vpc_id] = validate

    def drop_vpc(self, vpc_id: str) -> None:
        del self.vpcs[vpc_id]


def view(vpc_id: str, version: int, serial: int, address: str = "127.53.0.254", **given: Any) -> VpcView:
    return VpcView(
        vpc_id=vpc_id,
        version=version,
        address=address,
        zone_ids=["Z1"],
        validate=False,
        serial=serial,
        **given,
    )


@pytest.fixture
def plane() -> Plane:
    return Plane()


@pytest.fixture
def resolver() -> Resolver:
    return Resolver()


@pytest.fixture
def served(plane: Plane, resolver: Resolver) -> Served:
    served = Served(plane, port=53, resolver=resolver)
    served.apply(ZONE)
    served.apply(view("vpc-1", 1, 1))
    assert served.apply(CaughtUp()) == [
        Ack(subject="zone:Z1", version=1),
        Ack(subject="vpc:vpc-1", version=1),
        Ready(),
    ]
    return served


def test_without_dns_hostnames_private_zones_are_not_answered_and_still_count(
    served: Served, plane: Plane
) -> None:
    assert plane.views["vpc:vpc-1"] == ["Z1"]
    plane.flushed.clear()
    assert served.apply(view("vpc-1", 2, 2, private=False)) == [Ack(subject="vpc:vpc-1", version=2)]
    assert plane.views["vpc:vpc-1"] == []
    assert plane.flushed == ["vpc:vpc-1"]
    # a change of the zone does not wait for a view that may never answer it
    changed = ZoneSnapshot(zone_id="Z1", apex=ZONE.apex, version=2, edit=b"", signing=None)
    assert served.apply(changed) == [Ack(subject="zone:Z1", version=2)]
    served.apply(view("vpc-1", 3, 3))
    assert plane.views["vpc:vpc-1"] == ["Z1"]


def test_without_dns_support_a_resolver_is_a_name_server_without_a_zone(served: Served, plane: Plane) -> None:
    assert served.apply(view("vpc-1", 2, 2, private=False, resolves=False)) == [
        Ack(subject="vpc:vpc-1", version=2)
    ]
    assert plane.views["vpc:vpc-1"] == ()
    assert plane.sockets == {"127.53.0.254": "vpc:vpc-1"}
    served.apply(view("vpc-1", 3, 3))
    assert plane.views["vpc:vpc-1"] == ["Z1"]


def test_the_resolver_of_a_vpc_that_is_gone_ends(served: Served, plane: Plane, resolver: Resolver) -> None:
    served.apply(view("vpc-2", 1, 2, "127.53.0.253"))
    assert served.apply(Vpcs(vpc_ids=["vpc-2"], serial=3)) == [Ack(subject="vpc:vpc-1", version=0)]
    assert plane.views.keys() == {"vpc:vpc-2"}
    assert plane.sockets == {"127.53.0.253": "vpc:vpc-2"}
    assert resolver.vpcs.keys() == {"vpc-2"}
    assert served.new_connection() == ({"Z1": 1}, {"vpc-2": 1})
    served.apply(view("vpc-3", 1, 4))  # its address is free
    assert plane.sockets["127.53.0.254"] == "vpc:vpc-3"


def test_a_list_that_is_older_than_a_vpc_does_not_end_it(served: Served, plane: Plane) -> None:
    served.apply(view("vpc-2", 1, 5, "127.53.0.253"))
    assert served.apply(Vpcs(vpc_ids=["vpc-1"], serial=4)) == []
    assert "vpc:vpc-2" in plane.views
    served.new_connection()  # another control process counts anew
    assert served.apply(Vpcs(vpc_ids=["vpc-1"], serial=1)) == [Ack(subject="vpc:vpc-2", version=0)]
