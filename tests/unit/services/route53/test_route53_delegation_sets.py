"""Reusable delegation sets through their operations, seen by two accounts.

Never provoked: DelegationSetNotReusable, as a set that is not reusable has no id that a caller could know.
"""

from dataclasses import replace
from typing import Any

from seal53.services.context import Services
from seal53.services.quotas import OPEN
from seal53.store import delegation_sets
from seal53.zones.addresses import REUSABLE_SETS

VPC_A = {"VPCId": "vpc-11111111", "VPCRegion": "eu-west-1"}


def make(api: Any, reference: str = "ref", **request: Any) -> dict[str, Any]:
    return dict(api("CreateReusableDelegationSet", CallerReference=reference, **request)["DelegationSet"])


def servers(api: Any, zone_id: str) -> list[str]:
    return list(api("GetHostedZone", Id=zone_id)["DelegationSet"]["NameServers"])


def with_quotas(api: Any, **numbers: int) -> Any:
    limits = replace(api.services.limits, quotas=replace(OPEN, **numbers))
    return replace(api, services=replace(api.services, limits=limits))


def test_a_new_set_has_four_servers_of_its_own(a: Any) -> None:
    a.zone("one.com")
    made = a("CreateReusableDelegationSet", CallerReference="ref")
    held = made["DelegationSet"]
    assert held == {
        "Id": held["Id"],
        "CallerReference": "ref",
        "NameServers": [f"ns-{n}.set-02.seal53" for n in range(4)],
    }
    assert made["Location"] == f"https://route53.amazonaws.com/2013-04-01/delegationset/{held['Id']}"
    assert a("GetReusableDelegationSet", Id=held["Id"]) == {"DelegationSet": held}


def test_zones_are_made_on_a_set_by_naming_it_alone(a: Any, b: Any) -> None:
    held = make(a)
    zone_id = a.zone("one.com", DelegationSetId=held["Id"])
    assert a("GetHostedZone", Id=zone_id)["DelegationSet"] == held
    assert servers(a, a.zone("two.com", DelegationSetId=held["Id"])) == held["NameServers"]
    # an unused address of it is nobody else's
    assert servers(a, a.zone("three.com")) == servers(b, b.zone("four.com")) != held["NameServers"]
    listed = a("ListHostedZones", DelegationSetId=held["Id"])["HostedZones"]
    assert {zone["Name"] for zone in listed} == {"one.com.", "two.com."}
    assert [s["Value"].rstrip(".") for s in a.sets(zone_id)[0]["ResourceRecords"]] == held["NameServers"]


def test_zones_of_one_set_do_not_overlap(a: Any, b: Any) -> None:
    held = make(a)
    a.zone("sub.one.com", DelegationSetId=held["Id"])
    for name in ("sub.one.com", "one.com", "deep.sub.one.com"):
        request = {"Name": name, "CallerReference": "r", "DelegationSetId": held["Id"]}
        assert a.refused("CreateHostedZone", **request) == (
            "ConflictingDomainExists",
            f"Cannot create hosted zone with DelegationSetId DelegationSetId:{held['Id']} as the DNSName"
            f" {name}. conflicts with existing ones sharing the delegation set",
        )
    a.zone("xsub.one.com", DelegationSetId=held["Id"])


def test_another_accounts_zones_conflict_too(a: Any, b: Any) -> None:
    """Name servers are shared: what they answer cannot depend on who asks."""
    zone_id = a.zone("one.com")
    b.zone("two.com")
    held = make(a, HostedZoneId=zone_id)
    request = {"Name": "two.com", "CallerReference": "r", "DelegationSetId": held["Id"]}
    assert a.refused("CreateHostedZone", **request)[0] == "ConflictingDomainExists"


def test_the_set_of_a_zone_becomes_reusable(a: Any) -> None:
    zone_id = a.zone("one.com")
    before = a("GetHostedZone", Id=zone_id)["DelegationSet"]
    held = make(a, HostedZoneId=zone_id)
    assert held["NameServers"] == before["NameServers"]
    assert a("GetHostedZone", Id=zone_id)["DelegationSet"] == held
    assert servers(a, a.zone("two.com", DelegationSetId=held["Id"])) == held["NameServers"]
    assert servers(a, a.zone("three.com")) != held["NameServers"]


def test_accounts_whose_zones_share_a_set_do_not_see_each_others_hold(a: Any, b: Any) -> None:
    of_a, of_b = a.zone("one.com"), b.zone("two.com")
    held = make(a, HostedZoneId=of_a)
    assert "Id" not in b("GetHostedZone", Id=of_b)["DelegationSet"]
    also = make(b, HostedZoneId=of_b)
    assert also["Id"] != held["Id"]
    assert also["NameServers"] == held["NameServers"]
    assert b("ListReusableDelegationSets")["DelegationSets"] == [also]
    refusal = ("NoSuchDelegationSet", f"No delegation set found with ID: {held['Id']}")
    assert b.refused("GetReusableDelegationSet", Id=held["Id"]) == refusal
    assert b.refused("DeleteReusableDelegationSet", Id=held["Id"]) == refusal
    assert b.refused("ListHostedZones", DelegationSetId=held["Id"]) == refusal
    assert (
        b.refused("CreateHostedZone", Name="x.com", CallerReference="r", DelegationSetId=held["Id"])
        == refusal
    )
    a("DeleteHostedZone", Id=of_a)
    a("DeleteReusableDelegationSet", Id=held["Id"])
    assert b("GetHostedZone", Id=of_b)["DelegationSet"] == also


def test_what_a_reusable_set_is_not_made_of(a: Any, b: Any) -> None:
    zone_id = a.zone("one.com")
    make(a, "first", HostedZoneId=zone_id)
    create = "CreateReusableDelegationSet"
    assert a.refused(create, CallerReference="first") == (
        "DelegationSetAlreadyCreated",
        "A delegation set with the same owner and caller reference combination has already been created.",
    )
    assert a.refused(create, CallerReference="second", HostedZoneId=zone_id) == (
        "DelegationSetAlreadyReusable",
        "The specified delegation set has already been marked as reusable.",
    )
    for api, other in ((b, zone_id), (a, "Z0")):
        assert api.refused(create, CallerReference="second", HostedZoneId=other) == (
            "HostedZoneNotFound",
            f"No hosted zone found with ID: {other}",
        )
    private = a.zone("corp", VPC=VPC_A)
    assert a.refused(create, CallerReference="second", HostedZoneId=private)[0] == "InvalidArgument"
    make(b, "first")


def test_a_private_zone_has_no_delegation_set(a: Any) -> None:
    request = {"Name": "corp", "CallerReference": "r", "VPC": VPC_A, "DelegationSetId": make(a)["Id"]}
    assert a.refused("CreateHostedZone", **request)[0] == "InvalidInput"


def test_a_set_in_use_is_not_deleted(a: Any) -> None:
    held = make(a)
    zone_id = a.zone("one.com", DelegationSetId=held["Id"])
    assert a.refused("DeleteReusableDelegationSet", Id=held["Id"]) == (
        "DelegationSetInUse",
        "The specified delegation set contains associated hosted zones, which must be deleted before the"
        " reusable delegation set can be deleted.",
    )
    a("DeleteHostedZone", Id=zone_id)
    assert a("DeleteReusableDelegationSet", Id=held["Id"]) == {}
    assert a.refused("GetReusableDelegationSet", Id=held["Id"])[0] == "NoSuchDelegationSet"
    assert a.refused("DeleteReusableDelegationSet", Id=held["Id"])[0] == "NoSuchDelegationSet"


def test_making_and_deleting_sets_takes_no_further_addresses(a: Any, services: Services) -> None:
    for n in range(5):
        a("DeleteReusableDelegationSet", Id=make(a, str(n))["Id"])
    a.zone("one.com")
    with services.store.read() as tx:
        assert len(delegation_sets.every(tx)) == 1


def test_sets_are_listed_by_id_in_pages(a: Any) -> None:
    ids = sorted(make(a, str(n))["Id"] for n in range(5))
    seen: list[str] = []
    request: dict[str, str] = {"MaxItems": "2"}
    sizes = []
    while True:
        page = a("ListReusableDelegationSets", **request)
        seen += [held["Id"] for held in page["DelegationSets"]]
        sizes.append(len(page["DelegationSets"]))
        assert page["MaxItems"] == "2"
        assert page.get("Marker") == request.get("Marker")
        assert page["IsTruncated"] is ("NextMarker" in page)
        if not page["IsTruncated"]:
            break
        request["Marker"] = page["NextMarker"]
    assert (seen, sizes) == (ids, [2, 2, 1])
    assert a.refused("ListReusableDelegationSets", MaxItems="none")[0] == "InvalidInput"


def test_an_account_has_so_many_reusable_sets(a: Any, b: Any) -> None:
    few = with_quotas(a, delegation_sets=1)
    make(few)
    assert few.refused("CreateReusableDelegationSet", CallerReference="second") == (
        "LimitsExceeded",
        "Limits Exceeded: MAX_REUSABLE_DELEGATION_SETS_BY_OWNER - Cannot create more reusable delegation"
        " sets.",
    )
    for n in range(1, REUSABLE_SETS):
        make(a, str(n))
    assert a.refused("CreateReusableDelegationSet", CallerReference="last")[0] == "DelegationSetNotAvailable"
    make(b)


def test_a_set_serves_so_many_zones(a: Any) -> None:
    few = with_quotas(a, zones_of_delegation_set=1)
    held = make(few)
    few.zone("one.com", DelegationSetId=held["Id"])
    request = {"Name": "two.com", "CallerReference": "r", "DelegationSetId": held["Id"]}
    assert few.refused("CreateHostedZone", **request) == (
        "TooManyHostedZones",
        "Limits Exceeded: MAX_ZONES_BY_REUSABLE_DELEGATION_SET - Cannot create more hosted zones.",
    )


def test_no_addresses_are_left_for_a_set(a: Any) -> None:
    a.services = replace(a.services, limits=replace(a.services.limits, address_block="127.53.0.0/28"))
    make(a, "1")
    make(a, "2")
    assert a.refused("CreateReusableDelegationSet", CallerReference="3")[0] == "DelegationSetNotAvailable"
