"""Protected record sets: what can be protected, and what the refusals of a batch say.

That a change batch heeds them is shown where change batches are. Not provoked: PriorRequestNotComplete, which
is the profile's.
"""

from dataclasses import replace
from typing import Any

import pytest

from seal53.base.errors import Fault
from seal53.core import Name
from seal53.services.context import Services
from seal53.services.faults import render
from seal53.services.quotas import OPEN
from seal53.store import protections

CREATE, LIST, DELETE = (f"{verb}ResourceRecordSetProtections" for verb in ("Create", "List", "Delete"))
BATCH = "InvalidResourceRecordSetProtectionBatch"


def entry(name: str, rtype: str = "A", comment: str | None = None) -> dict[str, str]:
    made = {"RecordName": name, "RecordType": rtype}
    return made if comment is None else {**made, "Comment": comment}


def create(api: Any, zone_id: str, *entries: dict[str, str]) -> None:
    assert api(CREATE, HostedZoneId=zone_id, Protections=list(entries)) == {}


def listed(api: Any, zone_id: str, **request: Any) -> list[dict[str, str]]:
    return list(api(LIST, HostedZoneId=zone_id, **request)["ResourceRecordSetProtections"])


def problems(api: Any, operation: str, zone_id: str, *entries: dict[str, str]) -> tuple[str, list[Any]]:
    """The error's code and (name, type, code) of its entries."""
    with pytest.raises(Fault) as fault:
        api(operation, HostedZoneId=zone_id, Protections=list(entries))
    rendered = render(fault.value)
    assert rendered is not None
    code, message, members = rendered
    assert message
    errors: Any = members["Errors"]
    assert all(error["Message"] for error in errors)
    return code, [(error["RecordName"], error["RecordType"], error["Code"]) for error in errors]


def test_a_protection_comes_and_goes(a: Any, services: Services) -> None:
    zone_id = a.zone("example.com")
    create(a, zone_id, entry("WWW.example.com", "A", "ask first"), entry("example.com.", "SOA"))
    assert listed(a, zone_id) == [
        {"RecordName": "example.com.", "RecordType": "SOA"},
        {"RecordName": "www.example.com.", "RecordType": "A", "Comment": "ask first"},
    ]
    www, apex = Name.parse("www.example.com."), Name.parse("example.com.")
    with services.store.read() as tx:
        assert protections.at(tx, zone_id, [www, Name.parse("x.example.com.")]) == {(www, "A"): "ask first"}
        assert protections.at(tx, zone_id, [www, apex]) == {(www, "A"): "ask first", (apex, "SOA"): None}
    assert a(DELETE, HostedZoneId=zone_id, Protections=[entry("www.example.com")]) == {}
    assert listed(a, zone_id) == [{"RecordName": "example.com.", "RecordType": "SOA"}]


def test_a_zone_with_protections_is_not_deleted(a: Any) -> None:
    zone_id = a.zone("example.com")
    create(a, zone_id, entry("nothing-here.example.com"))
    assert a.refused("DeleteHostedZone", Id=zone_id) == (
        "HostedZoneNotEmpty",
        "The specified hosted zone contains resource record set protections and so cannot be deleted.",
    )
    a(DELETE, HostedZoneId=zone_id, Protections=[entry("nothing-here.example.com")])
    a("DeleteHostedZone", Id=zone_id)


def test_a_batch_is_whole_or_nothing(a: Any) -> None:
    zone_id = a.zone("example.com")
    create(a, zone_id, entry("a.example.com"))
    assert problems(a, CREATE, zone_id, entry("b.example.com"), entry("a.example.com")) == (
        BATCH,
        [("a.example.com", "A", "ProtectionAlreadyExists")],
    )
    assert problems(a, DELETE, zone_id, entry("a.example.com"), entry("b.example.com")) == (
        BATCH,
        [("b.example.com", "A", "ProtectionNotFound")],
    )
    assert listed(a, zone_id) == [{"RecordName": "a.example.com.", "RecordType": "A"}]


def test_all_of_a_batch_is_there_already(a: Any) -> None:
    zone_id = a.zone("example.com")
    both = entry("a.example.com"), entry("a.example.com", "AAAA")
    create(a, zone_id, *both)
    assert problems(a, CREATE, zone_id, *both) == (
        "ProtectionAlreadyExists",
        [
            ("a.example.com", "A", "ProtectionAlreadyExists"),
            ("a.example.com", "AAAA", "ProtectionAlreadyExists"),
        ],
    )


@pytest.mark.parametrize("operation", [CREATE, DELETE])
def test_what_is_not_valid_is_all_that_a_refusal_lists(a: Any, operation: str) -> None:
    """Beside entries that would be refused for another reason."""
    zone_id = a.zone("example.com")
    create(a, zone_id, entry("there.example.com"))
    assert problems(
        a,
        operation,
        zone_id,
        entry("a..example.com"),
        entry("www.example.org"),
        entry("com"),
        entry("twice.example.com"),
        entry("TWICE.example.com."),
        entry("there.example.com" if operation == CREATE else "missing.example.com"),
    ) == (
        BATCH,
        [
            ("a..example.com", "A", "InvalidInput"),
            ("www.example.org", "A", "InvalidInput"),
            ("com", "A", "InvalidInput"),
            ("TWICE.example.com.", "A", "InvalidInput"),
        ],
    )


def test_a_wildcard_is_an_owner_like_any_other(a: Any) -> None:
    zone_id = a.zone("example.com")
    create(a, zone_id, entry("*.example.com"))
    assert listed(a, zone_id) == [{"RecordName": "\\052.example.com.", "RecordType": "A"}]


def test_only_ones_own_zones_are_protected(a: Any, b: Any) -> None:
    zone_id = a.zone("example.com")
    one = [entry("a.example.com")]
    for operation in (CREATE, DELETE):
        assert b.refused(operation, HostedZoneId=zone_id, Protections=one)[0] == "NoSuchHostedZone"
    assert b.refused(LIST, HostedZoneId=zone_id)[0] == "NoSuchHostedZone"


@pytest.mark.parametrize("operation", [CREATE, DELETE])
def test_a_batch_has_1_to_100_entries(a: Any, operation: str) -> None:
    zone_id = a.zone("example.com")
    assert a.refused(operation, HostedZoneId=zone_id, Protections=[]) == (
        "InvalidInput",
        "Protections has 0 entries; 1 to 100 are allowed",
    )
    many = [entry(f"n{n}.example.com") for n in range(101)]
    assert a.refused(operation, HostedZoneId=zone_id, Protections=many)[0] == "InvalidInput"
    create(a, zone_id, *many[:100])


def test_a_zone_has_so_many_protections(a: Any) -> None:
    limits = replace(a.services.limits, quotas=replace(OPEN, protections_of_zone=2))
    few = replace(a, services=replace(a.services, limits=limits))
    zone_id = few.zone("example.com")
    create(few, zone_id, entry("a.example.com"), entry("b.example.com"))
    assert few.refused(CREATE, HostedZoneId=zone_id, Protections=[entry("c.example.com")]) == (
        "LimitsExceeded",
        "A hosted zone has at most 2 resource record set protections",
    )


def test_protections_are_listed_in_listing_order_in_pages(a: Any) -> None:
    zone_id = a.zone("example.com")
    wanted = [
        ("example.com.", "NS"),
        ("a-b.example.com.", "A"),
        ("a.example.com.", "A"),
        ("a.example.com.", "AAAA"),
        ("x.a.example.com.", "A"),
    ]
    create(a, zone_id, *(entry(name, rtype) for name, rtype in reversed(wanted)))
    seen: list[tuple[str, str]] = []
    request: dict[str, str] = {"MaxResults": "2"}
    while True:
        page = a(LIST, HostedZoneId=zone_id, **request)
        seen += [(p["RecordName"], p["RecordType"]) for p in page["ResourceRecordSetProtections"]]
        if "NextToken" not in page:
            break
        # a token goes before the other start
        request |= {"NextToken": page["NextToken"], "StartRecordName": "zzz"}
    assert seen == wanted

    def start(name: str, rtype: str | None = None) -> list[tuple[str, str]]:
        given = {"StartRecordName": name} | ({} if rtype is None else {"StartRecordType": rtype})
        return [(p["RecordName"], p["RecordType"]) for p in listed(a, zone_id, **given)]

    assert start("a.example.com") == wanted[2:]
    assert start("a.example.com", "AAAA") == wanted[3:]
    assert start("a.example.com", "TXT") == wanted[4:]
    assert start("zzz.example.com") == []


def test_starts_that_are_none(a: Any) -> None:
    zone_id = a.zone("example.com")
    assert a.refused(LIST, HostedZoneId=zone_id, StartRecordType="A")[0] == "InvalidInput"
    assert a.refused(LIST, HostedZoneId=zone_id, StartRecordName="a..b")[0] == "InvalidInput"
    assert a.refused(LIST, HostedZoneId=zone_id, MaxResults="-1")[0] == "InvalidInput"
    for token in ("x", "WyJhLi5iIiwiQSJd"):  # the second one names a..b
        assert a.refused(LIST, HostedZoneId=zone_id, NextToken=token)[0] == "InvalidPaginationToken"
