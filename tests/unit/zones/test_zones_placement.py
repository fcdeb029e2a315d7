"""What a record set may be, and where it may stand."""

import pytest
from zones_batches import SOA, Room, create, to

from seal53.zones.change import Facts
from seal53.zones.recordset import Change
from seal53.zones.routing import CidrBlocks, Failover, GeoLocation, Latency, Multivalue, Weighted

CIDR = Facts(cidr=frozenset({("c", "*")}))
IN_ZONE = "in zone example.com."
NO_ALTERNATE = (
    "DNS name must have alternate ResourceRecordSet responses configured via a routing policy"
    " (e.g., Weight, Region, etc.) if a health check is attached. No changes made."
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            create("www.example.org"),
            f"RRSet with DNS name www.example.org. is not permitted {IN_ZONE}",
        ),
        (create("badexample.com"), f"RRSet with DNS name badexample.com. is not permitted {IN_ZONE}"),
        (create("com"), f"RRSet with DNS name com. is not permitted {IN_ZONE}"),
        (
            create("example.com", "CNAME", "x.org"),
            f"RRSet of type CNAME with DNS name example.com. is not permitted at apex {IN_ZONE}",
        ),
        (
            create("example.com", "CNAME", alias="t.example.com"),
            f"RRSet of type CNAME with DNS name example.com. is not permitted at apex {IN_ZONE}",
        ),
        (
            create("example.com", "DS", "1 13 2 " + "ab" * 32),
            f"RRSet of type DS with DNS name example.com. is not permitted at apex {IN_ZONE}",
        ),
        (
            create("sub.example.com", "SOA", *SOA),
            f"RRSet of type SOA with DNS name sub.example.com. is not permitted below apex {IN_ZONE}",
        ),
        (
            create("*.example.com", "NS", "ns.x.org"),
            "Changing wildcard NS record sets are not supported. No changes made.",
        ),
        *(
            (
                create("sub.example.com", rtype, alias="t.example.com"),
                f"RRSet with DNS name sub.example.com., type {rtype} contains an alias target,"
                " but aliases of that type are forbidden",
            )
            for rtype in ("NS", "DS")
        ),
        (
            create("example.com", "SOA", alias="t.example.com"),
            "RRSet with DNS name example.com., type SOA contains an alias target,"
            " but aliases of that type are forbidden",
        ),
        (create("www.example.com", alias="t.example.com", health_check="h"), NO_ALTERNATE),
        *(
            (
                create(name, rtype, value, set_id="1", policy=Weighted(1)),
                f"RRSet with DNS name {name}., type {rtype}, SetIdentifier 1 cannot be created because this"
                " type of RRSet is not supported.",
            )
            for name, rtype, value in (
                ("sub.example.com", "NS", "ns.x.org"),
                ("example.com", "SOA", SOA[0]),
                ("sub.example.com", "DS", "1 13 2 " + "ab" * 32),
            )
        ),
        (
            create("www.example.com", "CNAME", "x.org", set_id="1", policy=Multivalue()),
            "RRSet with DNS name www.example.com., type CNAME, SetIdentifier 1 cannot be created because this"
            " type of RRSet is not supported.",
        ),
        (
            create("www.example.com", alias="t.example.com", policy=Multivalue()),
            "Multivalue answer rrset should not be an alias rrset. No changes made.",
        ),
        (
            create("www.example.com", policy=Latency("moon-1")),
            "Cannot find region 'moon-1'. No changes made.",
        ),
        (
            create("www.example.com", policy=GeoLocation(country="XX")),
            "Cannot find location: 'country = XX'. No changes made.",
        ),
    ],
)
def test_a_record_set_is_refused(change: Change, message: str) -> None:
    room = Room()
    room.apply(create("t.example.com"))
    assert room.refusal(change) == (message,)


@pytest.mark.parametrize(
    "change",
    [
        create("www.example.com", health_check="h"),
        create("www.example.com", "CNAME", "x.org", policy=Weighted(1)),
        create("www.example.com", policy=Failover(True)),
        create("*.example.com", policy=Weighted(1)),
        create("example.com", policy=Multivalue(), health_check="h"),
        create("example.com", "MX", "1 x", policy=Multivalue()),
        create("www.example.com", alias="t.example.com", policy=Weighted(1), health_check="h"),
        create("*.sub.example.com", "CAA", '0 issue "x"'),
        create("sub.example.com", "CNAME", alias=to("c.example.com")),
    ],
)
def test_a_record_set_is_accepted(change: Change) -> None:
    room = Room()
    room.apply(create("t.example.com"), create("c.example.com", "CNAME", "x.org"))
    assert len(room.apply(change).puts) == 1


def test_a_private_zone_has_no_cidr_routing() -> None:
    wanted = create("www.example.com", set_id="1", policy=CidrBlocks("c", "*"))
    assert Room(facts=CIDR, is_private=True).refusal(wanted) == (
        "RRSet with DNS name www.example.com., type A, SetIdentifier 1 cannot be created because CIDR RRSet"
        " is not supported with private hosted zone.",
    )
    assert Room(facts=CIDR).apply(wanted)
