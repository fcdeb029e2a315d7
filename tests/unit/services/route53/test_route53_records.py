"""Record sets and changes through their operations."""

from typing import Any

import pytest

from seal53.base.clock import ManualClock
from seal53.core import Name
from seal53.services.context import Services
from seal53.store import changes, outbox, records, zones


def listed(api: Any, zone_id: str, **request: Any) -> list[tuple[str, str]]:
    return [(held["Name"], held["Type"]) for held in api.sets(zone_id, **request)]


def test_values_come_back_as_typed_and_names_in_route_53s_form(a: Any, put: Any) -> None:
    zone_id = a.zone("example.com")
    a.change(
        zone_id,
        put("*.Apps.example.com", "CNAME", "Target.Example.ORG", ttl=60),
        put("txt.example.com.", "TXT", '"Say \\"hi\\""', '"\\052"'),
        put("v6.example.com", "AAAA", "2001:0DB8:0:0::1"),
    )
    assert a.sets(zone_id)[2:] == [
        {
            "Name": "\\052.apps.example.com.",
            "Type": "CNAME",
            "TTL": 60,
            "ResourceRecords": [{"Value": "Target.Example.ORG"}],
        },
        {
            "Name": "txt.example.com.",
            "Type": "TXT",
            "TTL": 300,
            "ResourceRecords": [{"Value": '"Say \\"hi\\""'}, {"Value": '"\\052"'}],
        },
        {
            "Name": "v6.example.com.",
            "Type": "AAAA",
            "TTL": 300,
            "ResourceRecords": [{"Value": "2001:0DB8:0:0::1"}],
        },
    ]


def test_an_alias_is_stored_with_its_target_and_without_a_ttl(a: Any, put: Any, services: Services) -> None:
    zone_id = a.zone("example.com")
    target = {
        "HostedZoneId": f"/hostedzone/{zone_id}",
        "DNSName": "WWW.example.com",
        "EvaluateTargetHealth": True,
    }
    a.change(zone_id, put("www.example.com"), put("example.com", AliasTarget=target))
    alias = a.sets(zone_id)[0]
    assert alias == {
        "Name": "example.com.",
        "Type": "A",
        "AliasTarget": {"HostedZoneId": zone_id, "DNSName": "www.example.com.", "EvaluateTargetHealth": True},
    }
    with services.store.read() as tx:
        stored = next(
            held for held in records.at(tx, zone_id, Name.parse("example.com.")) if held.type == "A"
        )
    assert stored.record.alias == Name.parse("www.example.com.")
    a.change(zone_id, put("example.com", action="DELETE", AliasTarget=target))
    assert listed(a, zone_id)[0] == ("example.com.", "NS")


def test_a_change_is_one_version_one_outbox_row_and_one_change(a: Any, put: Any, services: Services) -> None:
    zone_id = a.zone("example.com")
    info = a.change(zone_id, put("a.example.com"), put("b.example.com"), Comment="two")["ChangeInfo"]
    assert (info["Status"], info["Comment"]) == ("PENDING", "two")
    with services.store.read() as tx:
        row = outbox.pending(tx)[-1]
        change = changes.get(tx, info["Id"])
        zone = zones.get(tx, zone_id)
    assert zone is not None and change is not None
    assert (row.subject, row.version, row.kind) == (f"zone:{zone_id}", 2, "records")
    assert row.detail == [[b"\x01a\x07example\x03com\0", 1, ""], [b"\x01b\x07example\x03com\0", 1, ""]]
    assert zone.version == change.version == 2


def test_a_refused_batch_changes_nothing(a: Any, put: Any, services: Services) -> None:
    zone_id = a.zone("example.com")
    before = a.sets(zone_id)
    with services.store.read() as tx:
        rows = outbox.pending(tx)
    refusal = a.refused(
        "ChangeResourceRecordSets",
        HostedZoneId=zone_id,
        ChangeBatch={"Changes": [put("a.example.com"), put("b.example.org"), put("c.example.com", "A", "x")]},
    )
    assert refusal == (
        "InvalidChangeBatch",
        "[RRSet with DNS name b.example.org. is not permitted in zone example.com., Invalid Resource Record:"
        " 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
        " encountered with 'x'']",
    )
    assert a.sets(zone_id) == before
    with services.store.read() as tx:
        assert outbox.pending(tx) == rows


def test_deleting_needs_the_current_values(a: Any, put: Any) -> None:
    zone_id = a.zone("example.com")
    a.change(zone_id, put("a.example.com", "A", "192.0.2.1", "192.0.2.2"))
    code, message = a.refused(
        "ChangeResourceRecordSets",
        HostedZoneId=zone_id,
        ChangeBatch={"Changes": [put("a.example.com", "A", "192.0.2.1", action="DELETE")]},
    )
    assert code == "InvalidChangeBatch"
    assert message == (
        "[Tried to delete resource record set [name='a.example.com.', type='A']"
        " but the values provided do not match the current values]"
    )
    a.change(zone_id, put("a.example.com", "A", "192.0.2.2", "192.0.2.1", action="DELETE"))
    assert ("a.example.com.", "A") not in listed(a, zone_id)


def test_structure_is_checked_first(a: Any, put: Any) -> None:
    zone_id = a.zone("example.com")

    def refused(change: dict[str, Any]) -> tuple[str, str]:
        return tuple(
            a.refused(
                "ChangeResourceRecordSets",
                HostedZoneId=zone_id,
                ChangeBatch={"Changes": [put("example.org"), change]},
            )
        )

    assert refused(put("a.example.com", MultiValueAnswer=False)) == (
        "InvalidInput",
        "Invalid request: Missing field 'SetIdentifier' in Change with"
        " [Action=CREATE, Name=a.example.com, Type=A, SetIdentifier=null]",
    )
    empty = put("a.example.com")
    empty["ResourceRecordSet"]["ResourceRecords"] = []
    assert refused(empty) == (
        "InvalidInput",
        "Invalid XML ; cvc-complex-type.2.4.b: The content of element 'ResourceRecords' is not complete."
        " One of '{\"https://route53.amazonaws.com/doc/2013-04-01/\":ResourceRecord}' is expected.",
    )


def test_another_accounts_zone_cannot_be_changed(a: Any, b: Any, put: Any) -> None:
    zone_id = a.zone("example.com")
    code, _ = b.refused(
        "ChangeResourceRecordSets", HostedZoneId=zone_id, ChangeBatch={"Changes": [put("a.example.com")]}
    )
    assert code == "NoSuchHostedZone"


def test_record_sets_are_listed_in_order_page_by_page(a: Any, put: Any) -> None:
    zone_id = a.zone("example.com")
    a.change(
        zone_id,
        put("b.example.com"),
        put("a-b.example.com"),
        put("x.a.example.com"),
        put("a.example.com"),
        put("a.example.com", "TXT", '"x"'),
        put("a.example.com", "MX", "1 x"),
        put("*.example.com"),
    )
    expected = [
        ("example.com.", "NS"),
        ("example.com.", "SOA"),
        ("\\052.example.com.", "A"),
        ("a-b.example.com.", "A"),
        ("a.example.com.", "A"),
        ("a.example.com.", "MX"),
        ("a.example.com.", "TXT"),
        ("x.a.example.com.", "A"),
        ("b.example.com.", "A"),
    ]
    assert listed(a, zone_id) == expected
    for size in (1, 2, 4):
        seen: list[tuple[str, str]] = []
        request: dict[str, Any] = {"HostedZoneId": zone_id, "MaxItems": str(size)}
        while True:
            page = a("ListResourceRecordSets", **request)
            seen += [(held["Name"], held["Type"]) for held in page["ResourceRecordSets"]]
            assert page["MaxItems"] == str(size)
            assert "NextRecordIdentifier" not in page
            if not page["IsTruncated"]:
                break
            request["StartRecordName"] = page["NextRecordName"]
            request["StartRecordType"] = page["NextRecordType"]
        assert "NextRecordName" not in page
        assert seen == expected


def test_sets_of_one_name_and_type_are_listed_by_identifier(a: Any, put: Any) -> None:
    zone_id = a.zone("example.com")
    a.change(
        zone_id,
        *(put("a.example.com", SetIdentifier=id, Weight=1) for id in ("b", "B", "1", "a b")),
        put("a.example.com", "AAAA", "::1"),
        put("b.example.com"),
    )
    expected = [("A", "1"), ("A", "B"), ("A", "a b"), ("A", "b"), ("AAAA", None), ("A", None)]
    assert [(held["Type"], held.get("SetIdentifier")) for held in a.sets(zone_id)[2:]] == expected
    request: dict[str, Any] = {"StartRecordName": "a.example.com", "MaxItems": "1"}
    seen: list[tuple[str, str | None]] = []
    while True:
        page = a("ListResourceRecordSets", HostedZoneId=zone_id, **request)
        seen += [(held["Type"], held.get("SetIdentifier")) for held in page["ResourceRecordSets"]]
        if not page["IsTruncated"]:
            break
        following = {member: page.get(f"Next{member}") for member in ("RecordName", "RecordType")}
        request = {"MaxItems": "1", **{f"Start{member}": value for member, value in following.items()}}
        assert ("NextRecordIdentifier" in page) == (
            following["RecordName"] == "a.example.com." and len(seen) < 4
        )
        if "NextRecordIdentifier" in page:
            request["StartRecordIdentifier"] = page["NextRecordIdentifier"]
    assert seen == expected
    assert listed(
        a, zone_id, StartRecordName="a.example.com", StartRecordType="A", StartRecordIdentifier="c"
    ) == [
        ("a.example.com.", "AAAA"),
        ("b.example.com.", "A"),
    ]


def test_a_listing_begins_at_a_place_that_need_not_be_taken(a: Any, put: Any) -> None:
    zone_id = a.zone("example.com")
    a.change(zone_id, put("a.example.com"), put("a.example.com", "TXT", '"x"'), put("c.example.com"))
    assert listed(a, zone_id, StartRecordName="b.example.com") == [("c.example.com.", "A")]
    assert listed(a, zone_id, StartRecordName="A.example.com", StartRecordType="MX")[0] == (
        "a.example.com.",
        "TXT",
    )
    assert listed(a, zone_id, StartRecordName="z.example.com") == []
    assert len(listed(a, zone_id, StartRecordName="com")) == 5


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"StartRecordType": "A"}, "StartRecordType can be sent only together with StartRecordName"),
        (
            {"StartRecordName": "a.example.com", "StartRecordIdentifier": "x"},
            "StartRecordIdentifier can be sent only together with StartRecordName and StartRecordType",
        ),
        (
            {"StartRecordName": "a..example.com"},
            "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..example.com'",
        ),
        ({"MaxItems": "none"}, "The value 'none' for MaxItems is not a number above 0"),
    ],
)
def test_a_listing_refuses_what_it_cannot_place(a: Any, request_: dict[str, str], message: str) -> None:
    zone_id = a.zone("example.com")
    assert a.refused("ListResourceRecordSets", HostedZoneId=zone_id, **request_) == ("InvalidInput", message)


def test_page_sizes_of_record_sets(a: Any) -> None:
    zone_id = a.zone("example.com")
    assert a("ListResourceRecordSets", HostedZoneId=zone_id)["MaxItems"] == "100"
    assert a("ListResourceRecordSets", HostedZoneId=zone_id, MaxItems="5000")["MaxItems"] == "300"


def test_a_batch_of_1000_changes_passes(a: Any, put: Any) -> None:
    zone_id = a.zone("example.com")
    a.change(zone_id, *(put(f"h{n}.example.com", "A", f"10.0.{n // 256}.{n % 256}") for n in range(1000)))
    assert a("GetHostedZone", Id=zone_id)["HostedZone"]["ResourceRecordSetCount"] == 1002


def test_a_change_is_pending_until_it_is_served_everywhere(
    a: Any, b: Any, put: Any, services: Services, clock: ManualClock
) -> None:
    zone_id = a.zone("example.com")
    first = a.change(zone_id, put("a.example.com"))["ChangeInfo"]["Id"]
    second = a.change(zone_id, put("b.example.com"))["ChangeInfo"]["Id"]
    assert a("GetChange", Id=first)["ChangeInfo"]["Status"] == "PENDING"
    with services.store.write() as tx:
        changes.close_up_to(tx, f"zone:{zone_id}", 2, clock.now())
    assert a("GetChange", Id=first)["ChangeInfo"]["Status"] == "INSYNC"
    assert a("GetChange", Id=second)["ChangeInfo"]["Status"] == "PENDING"
    assert b.refused("GetChange", Id=first) == ("NoSuchChange", f"Could not find resource with ID: {first}")
    assert a.refused("GetChange", Id="C0NONE")[0] == "NoSuchChange"
