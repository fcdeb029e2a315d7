"""Hosted zones through their operations."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from seal53.base.clock import ManualClock
from seal53.core import Name
from seal53.services.context import Services
from seal53.store import changes, delegation_sets, ksks, outbox, records, zones

VPC_A = {"VPCId": "vpc-11111111", "VPCRegion": "eu-west-1"}
VPC_B = {"VPCId": "vpc-22222222", "VPCRegion": "eu-west-1"}


def test_a_public_zone_is_created_with_everything_that_route_53_returns(a: Any, clock: ManualClock) -> None:
    made = a(
        "CreateHostedZone", Name="Example.COM", CallerReference="ref", HostedZoneConfig={"Comment": "mine"}
    )
    zone_id = made["HostedZone"]["Id"]
    assert made["HostedZone"] == {
        "Id": zone_id,
        "Name": "example.com.",
        "CallerReference": "ref",
        "Config": {"Comment": "mine", "PrivateZone": False},
        "ResourceRecordSetCount": 2,
    }
    assert made["DelegationSet"] == {"NameServers": [f"ns-{n}.set-01.seal53" for n in range(4)]}
    assert made["ChangeInfo"]["Status"] == "PENDING"
    assert made["ChangeInfo"]["SubmittedAt"] == datetime.fromtimestamp(clock.now(), UTC)
    assert "Comment" not in made["ChangeInfo"]
    assert made["Location"] == f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone_id}"
    assert "VPC" not in made


def test_a_new_zone_holds_ns_and_soa(a: Any) -> None:
    assert a.sets(a.zone("example.com")) == [
        {
            "Name": "example.com.",
            "Type": "NS",
            "TTL": 172800,
            "ResourceRecords": [{"Value": f"ns-{n}.set-01.seal53."} for n in range(4)],
        },
        {
            "Name": "example.com.",
            "Type": "SOA",
            "TTL": 900,
            "ResourceRecords": [
                {"Value": "ns-0.set-01.seal53. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}
            ],
        },
    ]


def test_get_shows_what_create_returned(a: Any) -> None:
    made = a("CreateHostedZone", Name="example.com", CallerReference="ref")
    got = a("GetHostedZone", Id=made["HostedZone"]["Id"])
    assert got == {"HostedZone": made["HostedZone"], "DelegationSet": made["DelegationSet"]}
    assert got["HostedZone"]["Config"] == {"PrivateZone": False}


def test_a_private_zone_belongs_to_a_vpc_and_has_no_delegation_set(a: Any, services: Services) -> None:
    made = a("CreateHostedZone", Name="corp", CallerReference="ref", VPC=VPC_A)
    assert made["VPC"] == {"VPCRegion": "eu-west-1", "VPCId": "vpc-11111111"}
    assert "DelegationSet" not in made
    assert made["HostedZone"]["Config"] == {"PrivateZone": True}
    got = a("GetHostedZone", Id=made["HostedZone"]["Id"])
    assert got["VPCs"] == [made["VPC"]]
    assert "DelegationSet" not in got
    with services.store.read() as tx:
        kinds = [(row.subject.partition(":")[0], row.kind, row.version) for row in outbox.pending(tx)]
        assert kinds[-2:] == [("zone", "zone", 1), ("vpc", "vpc", 2)]
        assert [zone.name for zone in zones.private_zones_of(tx, "vpc-11111111")] == [Name.parse("corp.")]


def test_a_zone_is_announced_in_the_transaction_that_makes_it(a: Any, services: Services) -> None:
    made = a("CreateHostedZone", Name="example.com", CallerReference="ref")
    zone_id = made["HostedZone"]["Id"]
    with services.store.read() as tx:
        rows = [row for row in outbox.pending(tx) if row.subject == f"zone:{zone_id}"]
        change = changes.get(tx, made["ChangeInfo"]["Id"])
    assert [(row.version, row.kind) for row in rows] == [(1, "zone")]
    assert change is not None
    assert (change.subject, change.version) == (f"zone:{zone_id}", 1)


def test_zones_that_overlap_never_share_a_delegation_set(a: Any, b: Any) -> None:
    def servers(api: Any, name: str) -> str:
        made = api("GetHostedZone", Id=api.zone(name))
        first = made["DelegationSet"]["NameServers"][0]
        return str(first.partition(".")[2])

    assert servers(a, "companya.com") == "set-01.seal53"
    assert servers(a, "other.com") == "set-01.seal53"
    assert servers(b, "companya.com") == "set-02.seal53"
    assert servers(b, "api.companya.com") == "set-03.seal53"
    assert servers(a, "deep.api.companya.com") == "set-04.seal53"
    assert servers(a, "xcompanya.com") == "set-01.seal53"
    assert servers(b, "co\\155panya.com") == "set-05.seal53"
    assert servers(b, "elsewhere.co.uk") == "set-01.seal53"


def test_a_new_delegation_set_gets_addresses_and_stands_in_our_tld(a: Any, services: Services) -> None:
    a.zone("one.com")
    a.zone("one.com")
    with services.store.read() as tx:
        first, second = delegation_sets.every(tx)
        assert first.addresses == ("127.53.0.4", "127.53.0.5", "127.53.0.6", "127.53.0.7")
        assert second.addresses[0] == "127.53.0.8"
        assert zones.count_on_set(tx, second.id, a.caller.account_id) == 1
        (tld,) = zones.named(tx, Name.parse("seal53."), kind="tld")
        (held,) = records.at(tx, tld.id, Name.parse("ns-3.set-02.seal53."))
        assert held.record.rdatas == (bytes([127, 53, 0, 11]),)


def test_no_addresses_left_is_delegation_set_not_available(a: Any) -> None:
    a.services = replace(a.services, limits=replace(a.services.limits, address_block="127.53.0.0/28"))
    a.zone("one.com")
    a.zone("one.com")
    assert a.refused("CreateHostedZone", Name="one.com", CallerReference="last") == (
        "DelegationSetNotAvailable",
        "the address block 127.53.0.0/28 has no free addresses left;"
        " hint: each hosted zone of a name that overlaps with others takes four: delete some of them",
    )
    a.zone("two.com")


REFERENCE_USED = "A hosted zone has already been created with the specified caller reference."


def test_a_caller_reference_is_used_once_per_account(a: Any, b: Any) -> None:
    a.zone("example.com", CallerReference="ref")
    assert a.refused("CreateHostedZone", Name="example.com", CallerReference="ref") == (
        "HostedZoneAlreadyExists",
        REFERENCE_USED,
    )
    assert a.refused("CreateHostedZone", Name="corp", CallerReference="ref", VPC=VPC_A)[1] == REFERENCE_USED
    b.zone("example.com", CallerReference="ref")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (".", ". is the root or a top-level domain"),
        ("com", "com. is the root or a top-level domain"),
        ("seal53", "seal53. is the root or a top-level domain"),
        ("nosuch", "nosuch. is the root or a top-level domain"),
        ("CO.uk", "co.uk. is the root or a top-level domain"),
        ("*.example.com", "\\052.example.com. begins with a wildcard label"),
        ("a..com", "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..com'"),
        ("", "FATAL problem: DomainNameEmpty (Domain name is empty) encountered with ''"),
        (
            "a b.com",
            "FATAL problem: UnsupportedCharacter (Value contains unsupported characters)"
            " encountered with ' '",
        ),
    ],
)
def test_what_is_no_name_of_a_public_zone(a: Any, name: str, message: str) -> None:
    assert a.refused("CreateHostedZone", Name=name, CallerReference="ref") == ("InvalidDomainName", message)


def test_an_asterisk_elsewhere_is_a_plain_character(a: Any) -> None:
    assert a("GetHostedZone", Id=a.zone("a.*.com"))["HostedZone"]["Name"] == "a.\\052.com."


@pytest.mark.parametrize(
    "vpc",
    [
        {"VPCId": "vpc-00000000", "VPCRegion": "eu-west-1"},
        {"VPCId": "vpc-11111111", "VPCRegion": "us-east-1"},
        {"VPCId": "vpc-11111111"},
        VPC_B,
    ],
)
def test_a_private_zone_needs_a_vpc_of_the_same_account(a: Any, vpc: dict[str, str]) -> None:
    assert a.refused("CreateHostedZone", Name="corp", CallerReference="ref", VPC=vpc) == (
        "InvalidVPCId",
        "The VPC ID is invalid.",
    )


def test_a_vpc_has_one_private_zone_of_a_name(a: Any) -> None:
    zone_id = a.zone("corp.internal", VPC=VPC_A)
    a.zone("sub.corp.internal", VPC=VPC_A)
    assert a.refused("CreateHostedZone", Name="CORP.internal.", CallerReference="ref", VPC=VPC_A) == (
        "ConflictingDomainExists",
        "The VPC vpc-11111111 in region eu-west-1 has already been associated with the hosted zone"
        f" {zone_id} with the same domain name.",
    )


def test_the_root_is_no_private_zone(a: Any) -> None:
    assert a.refused("CreateHostedZone", Name=".", CallerReference="ref", VPC=VPC_A)[0] == "InvalidDomainName"


def test_another_accounts_zone_is_no_zone(a: Any, b: Any) -> None:
    zone_id = a.zone("example.com")
    refusal = ("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")
    assert b.refused("GetHostedZone", Id=zone_id) == refusal
    assert b.refused("DeleteHostedZone", Id=zone_id) == refusal
    assert b.refused("ListResourceRecordSets", HostedZoneId=zone_id) == refusal
    assert b("ListHostedZones")["HostedZones"] == []


def test_the_registrys_zones_are_nobodys(a: Any, services: Services) -> None:
    with services.store.read() as tx:
        (tld,) = zones.named(tx, Name.parse("com."))
    assert a.refused("GetHostedZone", Id=tld.id)[0] == "NoSuchHostedZone"
    assert a.refused("DeleteHostedZone", Id=tld.id)[0] == "NoSuchHostedZone"


def test_zones_are_counted(a: Any, b: Any) -> None:
    a.zone("example.com")
    a.zone("corp", VPC=VPC_A)
    b.zone("example.com")
    assert a("GetHostedZoneCount") == {"HostedZoneCount": 2}


def test_zones_are_listed_page_by_page(a: Any) -> None:
    made = sorted(a.zone(f"z{n}.com") for n in range(5))
    page = a("ListHostedZones", MaxItems="2")
    assert page["IsTruncated"] is True
    assert page["MaxItems"] == "2"
    assert "Marker" not in page
    seen = [zone["Id"] for zone in page["HostedZones"]]
    while page["IsTruncated"]:
        marker = page["NextMarker"]
        page = a("ListHostedZones", MaxItems="2", Marker=marker)
        assert page["Marker"] == marker
        seen += [zone["Id"] for zone in page["HostedZones"]]
    assert "NextMarker" not in page
    assert seen == made
    assert a("ListHostedZones")["MaxItems"] == "100"
    assert a("ListHostedZones", MaxItems="1000")["MaxItems"] == "100"


def test_private_zones_can_be_listed_alone(a: Any) -> None:
    a.zone("example.com")
    private = a.zone("corp", VPC=VPC_A)
    listed = a("ListHostedZones", HostedZoneType="PrivateHostedZone")["HostedZones"]
    assert [zone["Id"] for zone in listed] == [private]


@pytest.mark.parametrize("size", ["0", "-1", "x", "", "1.5"])
def test_a_page_size_is_a_number_above_zero(a: Any, size: str) -> None:
    assert a.refused("ListHostedZones", MaxItems=size)[0] == "InvalidInput"


def test_zones_are_listed_by_name_in_reversed_order(a: Any) -> None:
    for name in ("b.com", "a-b.com", "a.com", "x.a.com", "a.co.uk"):
        a.zone(name)
    page = a("ListHostedZonesByName", MaxItems="3")
    names = [zone["Name"] for zone in page["HostedZones"]]
    assert (page["NextDNSName"], page["IsTruncated"]) == ("b.com.", True)
    rest = a("ListHostedZonesByName", DNSName=page["NextDNSName"], HostedZoneId=page["NextHostedZoneId"])
    names += [zone["Name"] for zone in rest["HostedZones"]]
    assert names == ["a-b.com.", "a.com.", "x.a.com.", "b.com.", "a.co.uk."]
    assert rest["DNSName"] == "b.com."
    assert rest["HostedZoneId"] == page["NextHostedZoneId"]
    assert "NextDNSName" not in rest


def test_listing_by_name_begins_at_or_after_the_name_and_does_not_filter(a: Any) -> None:
    a.zone("a.com")
    a.zone("c.com")
    listed = a("ListHostedZonesByName", DNSName="b.com")["HostedZones"]
    assert [zone["Name"] for zone in listed] == ["c.com."]


def test_zones_of_one_name_are_ordered_by_id(a: Any) -> None:
    made = sorted([a.zone("a.com"), a.zone("a.com"), a.zone("a.com")])
    first = a("ListHostedZonesByName", DNSName="a.com", MaxItems="1")
    assert first["HostedZones"][0]["Id"] == made[0]
    rest = a("ListHostedZonesByName", DNSName=first["NextDNSName"], HostedZoneId=first["NextHostedZoneId"])
    assert [zone["Id"] for zone in rest["HostedZones"]] == made[1:]


def test_listing_by_name_refuses_what_it_cannot_place(a: Any) -> None:
    assert a.refused("ListHostedZonesByName", DNSName="a..b")[0] == "InvalidDomainName"
    assert a.refused("ListHostedZonesByName", HostedZoneId="Z0")[0] == "InvalidInput"


def test_the_zones_of_a_vpc_are_listed(a: Any, b: Any) -> None:
    made = sorted(a.zone(name, VPC=VPC_A) for name in ("one", "two", "three"))
    page = a("ListHostedZonesByVPC", MaxItems="2", **VPC_A)
    assert [zone["HostedZoneId"] for zone in page["HostedZoneSummaries"]] == made[:2]
    assert page["HostedZoneSummaries"][0]["Owner"] == {"OwningAccount": "111111111111"}
    rest = a("ListHostedZonesByVPC", NextToken=page["NextToken"], **VPC_A)
    assert [zone["HostedZoneId"] for zone in rest["HostedZoneSummaries"]] == made[2:]
    assert "NextToken" not in rest
    assert b.refused("ListHostedZonesByVPC", **VPC_A)[0] == "InvalidInput"
    assert a.refused("ListHostedZonesByVPC", NextToken="x", **VPC_A)[0] == "InvalidPaginationToken"


def test_a_zone_with_its_own_records_alone_can_be_deleted(a: Any, services: Services) -> None:
    zone_id = a.zone("example.com", CallerReference="ref")
    gone = a("DeleteHostedZone", Id=zone_id)
    assert gone["ChangeInfo"]["Status"] == "PENDING"
    assert a.refused("GetHostedZone", Id=zone_id)[0] == "NoSuchHostedZone"
    assert a.refused("DeleteHostedZone", Id=zone_id)[0] == "NoSuchHostedZone"
    with services.store.read() as tx:
        assert outbox.pending(tx)[-1].kind == "gone"
        assert outbox.pending(tx)[-1].version == 2
        assert records.count(tx, zone_id) == 0
    assert a("GetChange", Id=gone["ChangeInfo"]["Id"])["ChangeInfo"] == gone["ChangeInfo"]
    a.zone("example.com", CallerReference="ref")


def test_deleting_a_private_zone_tells_its_vpc(a: Any, services: Services) -> None:
    a("DeleteHostedZone", Id=a.zone("corp", VPC=VPC_A))
    with services.store.read() as tx:
        assert [row.kind for row in outbox.pending(tx)][-2:] == ["gone", "vpc"]
        assert zones.private_zones_of(tx, "vpc-11111111") == []


def test_a_zone_with_further_records_cannot_be_deleted(a: Any, put: Any) -> None:
    zone_id = a.zone("example.com")
    a.change(zone_id, put("www.example.com"))
    assert a.refused("DeleteHostedZone", Id=zone_id) == (
        "HostedZoneNotEmpty",
        "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.",
    )
    a.change(zone_id, put("www.example.com", action="DELETE"))
    a.change(zone_id, put("sub.example.com", "NS", "ns.x.org"))
    assert a.refused("DeleteHostedZone", Id=zone_id)[0] == "HostedZoneNotEmpty"


def test_a_zone_with_a_ksk_cannot_be_deleted(a: Any, services: Services, clock: ManualClock) -> None:
    zone_id = a.zone("example.com")
    with services.store.write() as tx:
        ksks.insert(
            tx,
            ksks.Ksk(
                zone_id=zone_id,
                name="ksk",
                caller_reference="ref",
                kms_arn="arn:aws:kms:us-east-1:111111111111:key/x",
                sealed_key=None,
                dnskey=b"\x01\x01\x03\x0d" + bytes(64),
                created_at=clock.now(),
                modified_at=clock.now(),
                active=False,
            ),
        )
    assert a.refused("DeleteHostedZone", Id=zone_id) == (
        "HostedZoneNotEmpty",
        "The specified hosted zone contains DNSSEC Key Signing Keys and so cannot be deleted.",
    )
