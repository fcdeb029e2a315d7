"""Record sets of one name and type: which may stand beside which."""

import itertools
from dataclasses import replace

import pytest
from zones_batches import Room, create, upsert

from seal53.zones.batch import Limits
from seal53.zones.change import Facts
from seal53.zones.routing import (
    CidrBlocks,
    Failover,
    GeoLocation,
    GeoProximity,
    Latency,
    Multivalue,
    Policy,
    Weighted,
)

FACTS = Facts(cidr=frozenset({("c", "*"), ("c", "l"), ("c", "m"), ("d", "*"), ("d", "l")}))
RRSET = "RRSet with DNS name a.example.com., type A"
NEW = f"{RRSET}, SetIdentifier new"

# Of each policy: two that go together, and what a second one of another policy is told.
KINDS: dict[type[Policy], tuple[Policy, Policy, str]] = {
    Weighted: (
        Weighted(1),
        Weighted(1),
        f"{NEW} cannot be created as a non-weighted set exists with the same name and type.",
    ),
    Latency: (
        Latency("us-east-1"),
        Latency("eu-west-1"),
        f"{NEW}, and Region Name=us-east-1 cannot be created because a non-latency RRSet with the same name"
        " and type already exists.",
    ),
    Failover: (
        Failover(True),
        Failover(False),
        f"{NEW}, and marked as primary cannot be created because a non-failover RRSet with the same name and"
        " type already exists.",
    ),
    GeoLocation: (
        GeoLocation(country="JP"),
        GeoLocation(continent="AS"),
        f"{NEW}, and routing to [country = (JP, Japan)}} cannot be created because a non-GEO RRSet with the"
        " same name and type already exists.",
    ),
    Multivalue: (
        Multivalue(),
        Multivalue(),
        f"{NEW} cannot be created because a non multivalue answer rrset exists with the same name and type.",
    ),
    CidrBlocks: (
        CidrBlocks("c", "*"),
        CidrBlocks("c", "l"),
        f"{NEW}, and routing to CidrCollectionId=c CidrLocationId=* cannot be created because a non-CIDR"
        " RRSet with the same name and type already exists.",
    ),
    GeoProximity: (
        GeoProximity("us-east-1"),
        GeoProximity("us-east-1", bias=5),
        f"{NEW} cannot be created because a non-geo-proximity RRSet with the same name and type already"
        " exists.",
    ),
}


def room() -> Room:
    return Room(facts=FACTS)


@pytest.mark.parametrize("kind", KINDS)
def test_two_of_one_policy_go_together(kind: type[Policy]) -> None:
    first, second, _ = KINDS[kind]
    zone = room()
    zone.apply(create("a.example.com", set_id="old", policy=first))
    zone.apply(create("a.example.com", set_id="new", policy=second))
    beside = zone.apply(create("a.example.com", "AAAA", "::1"), create("b.example.com"))
    assert len(beside.puts) == 2
    assert {key[2] for key in zone.state} >= {"old", "new"}


@pytest.mark.parametrize(("kind", "other"), list(itertools.permutations(KINDS, 2)))
def test_two_policies_do_not_go_together(kind: type[Policy], other: type[Policy]) -> None:
    policy, _, message = KINDS[kind]
    zone = room()
    zone.apply(create("a.example.com", set_id="old", policy=KINDS[other][0]))
    assert zone.refusal(create("a.example.com", set_id="new", policy=policy)) == (message,)
    assert zone.refusal(upsert("a.example.com", set_id="new", policy=policy)) == (message,)
    zone.apply(upsert("a.example.com", set_id="old", policy=policy))  # it may change its own


@pytest.mark.parametrize("kind", KINDS)
def test_a_simple_set_does_not_go_with_a_routed_one(kind: type[Policy]) -> None:
    policy, _, message = KINDS[kind]
    zone = room()
    zone.apply(create("a.example.com", set_id="old", policy=policy))
    simple = f"{RRSET} cannot be created as other RRSets exist with the same name and type."
    assert zone.refusal(create("a.example.com")) == (simple,)
    assert zone.refusal(upsert("a.example.com")) == (simple,)
    zone = room()
    zone.apply(create("a.example.com"))
    assert zone.refusal(create("a.example.com", set_id="new", policy=policy)) == (message,)


def test_weighted_sets_have_one_ttl() -> None:
    zone = room()
    zone.apply(create("a.example.com", set_id="old", policy=Weighted(1), ttl=60))
    message = f"{NEW} cannot be created as weighted sets must contain the same TTL."
    other = create("a.example.com", set_id="new", policy=Weighted(1), ttl=61)
    assert zone.refusal(other) == (message,)
    zone.apply(replace(other, given=replace(other.given, ttl=60)))
    assert len(zone.refusal(upsert("a.example.com", set_id="old", policy=Weighted(1), ttl=61))) == 1
    zone.apply(*(upsert("a.example.com", set_id=id, policy=Weighted(1), ttl=61) for id in ("old", "new")))


def test_a_weighted_alias_has_its_targets_ttl() -> None:
    zone = room()
    zone.apply(create("t.example.com", ttl=5))
    zone.apply(create("a.example.com", set_id="old", policy=Weighted(1), alias="t.example.com"))
    edit = zone.apply(create("a.example.com", set_id="new", policy=Weighted(1), ttl=60))
    assert [held.record.ttl for held in edit.puts] == [60]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            Latency("us-east-1"),
            f"{NEW}, and Region Name=us-east-1 cannot be created because a latency RRSet with the same name,"
            " type and region already exists.",
        ),
        (
            Failover(True),
            f"{NEW}, and marked as primary cannot be created because a failover RRSet with the same name,"
            " type and marked as primary already exists.",
        ),
        (
            Failover(False),
            f"{NEW}, and marked as secondary cannot be created because a failover RRSet with the same name,"
            " type and marked as secondary already exists.",
        ),
        (
            GeoLocation(country="*"),
            f"{NEW}, and routing to [country = (*, Default)}} cannot be created because a GEO RRSet with the"
            " same name, type and routing to [country = (*, Default)} already exists.",
        ),
        (
            GeoLocation(continent="EU"),
            f"{NEW}, and routing to [continent = (EU, Europe)] cannot be created because a GEO RRSet with the"
            " same name, type and routing to [continent = (EU, Europe)] already exists.",
        ),
        (
            GeoLocation(country="US", subdivision="CA"),
            f"{NEW}, and routing to [country = (US, United States) subdivision = (CA, California)}} cannot be"
            " created because a GEO RRSet with the same name, type and routing to"
            " [country = (US, United States) subdivision = (CA, California)} already exists.",
        ),
        (
            CidrBlocks("c", "l"),
            f"{NEW}, and routing to CidrCollectionId=c CidrLocationId=l cannot be created because a CIDR"
            " RRSet with the same name, type and routing to CidrCollectionId=c CidrLocationId=l already"
            " exists.",
        ),
    ],
)
def test_two_sets_for_the_same_clients_do_not_go_together(policy: Policy, message: str) -> None:
    zone = room()
    zone.apply(create("a.example.com", set_id="old", policy=policy))
    wanted = create("a.example.com", set_id="new", policy=policy)
    assert zone.refusal(wanted) == (message,)
    zone.apply(create("a.example.com", "TXT", '"x"', set_id="new", policy=policy))


def test_one_group_has_one_cidr_collection() -> None:
    zone = room()
    zone.apply(create("a.example.com", set_id="old", policy=CidrBlocks("c", "l")))
    assert zone.refusal(create("a.example.com", set_id="new", policy=CidrBlocks("d", "*"))) == (
        f"{NEW}, and routing to CidrCollectionId=d CidrLocationId=* cannot be created because a CIDR RRSets"
        " with a different collection id (c) already exist",
    )


def test_primary_and_secondary_can_be_swapped() -> None:
    zone = room()
    zone.apply(
        create("a.example.com", set_id="1", policy=Failover(True)),
        create("a.example.com", set_id="2", policy=Failover(False)),
    )
    edit = zone.apply(
        upsert("a.example.com", set_id="1", policy=Failover(False)),
        upsert("a.example.com", set_id="2", policy=Failover(True)),
    )
    assert [held.policy for held in edit.puts] == [Failover(False), Failover(True)]


def test_a_whole_group_can_change_its_policy() -> None:
    zone = room()
    zone.apply(*(create("a.example.com", set_id=id, policy=Weighted(1)) for id in "12"))
    zone.apply(*(upsert("a.example.com", set_id=id, policy=Multivalue()) for id in "12"))
    assert zone.refusal(upsert("a.example.com", set_id="1", policy=Weighted(1)))


def test_a_name_and_type_have_at_most_so_many_sets() -> None:
    zone = Room(limits=Limits(sets_of_one_name=3))
    zone.apply(*(create("a.example.com", set_id=f"{n}", policy=Weighted(n)) for n in range(3)))
    message = "Exceeded limit on number of weighted RRSets for a.example.com., type A in this zone."
    assert zone.refusal(create("a.example.com", set_id="new", policy=Weighted(1))) == (message,)
    zone.apply(upsert("a.example.com", set_id="2", policy=Weighted(9)))
    zone.apply(create("a.example.com", "AAAA", "::1", set_id="new", policy=Weighted(1)))


def test_thirty_geoproximity_sets_are_the_most() -> None:
    zone = room()
    zone.apply(*(create("a.example.com", set_id=f"{n}", policy=GeoProximity("us-east-1")) for n in range(30)))
    assert zone.refusal(create("a.example.com", set_id="new", policy=GeoProximity("us-east-1"))) == (
        "Exceeded limit on number of geo-proximity RRSets for a.example.com., type A in this zone.",
    )


def test_a_multivalue_answer_fits_into_a_message() -> None:
    zone = Room(limits=Limits(batch_characters=400_000))
    long = [f'"{n:03}{"x" * 147}"' for n in range(100)]  # 15,200 characters; 16,300 octets of records
    for set_id in "123":
        zone.apply(create("a.example.com", "TXT", *long, set_id=set_id, policy=Multivalue()))
    assert zone.refusal(create("a.example.com", "TXT", *long, set_id="new", policy=Multivalue())) == (
        "RRSet with DNS name a.example.com., type TXT, SetIdentifier new cannot be created as multivalue"
        " answer rrsets would not fit into an answer.",
    )
