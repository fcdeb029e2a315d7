"""Private zones and the VPCs of two accounts.

Never provoked: ConcurrentModification, as calls wait for one another; PriorRequestNotComplete, which is the
profile's.
"""

from dataclasses import replace
from typing import Any

import pytest

from seal53.services.context import Services
from seal53.services.quotas import OPEN
from seal53.store import changes, outbox, vpcs, zones
from seal53.store.vpcs import Vpc

VPC_A = {"VPCId": "vpc-11111111", "VPCRegion": "eu-west-1"}
VPC_B = {"VPCId": "vpc-22222222", "VPCRegion": "eu-west-1"}
VPC_A2 = {"VPCId": "vpc-33333333", "VPCRegion": "us-east-1"}
NOWHERE = {"VPCId": "vpc-0123456789abcdef0", "VPCRegion": "us-east-1"}
MALFORMED = [
    {"VPCId": "vpc-1", "VPCRegion": "us-east-1"},
    {"VPCId": "VPC-11111111", "VPCRegion": "us-east-1"},
    {"VPCId": "vpc-11111111"},
    {"VPCRegion": "us-east-1"},
]
INVALID = ("InvalidVPCId", "The VPC ID is invalid.")


@pytest.fixture(autouse=True)
def _second_vpc(services: Services) -> None:
    """The first account has one more, in another region."""
    with services.store.write() as tx:
        vpcs.insert(
            tx,
            Vpc(
                id=VPC_A2["VPCId"],
                account_id="111111111111",
                region="us-east-1",
                address="127.53.0.200",
                created_at=0,
            ),
        )


def authorize(api: Any, zone_id: str, vpc: dict[str, str]) -> Any:
    return api("CreateVPCAssociationAuthorization", HostedZoneId=zone_id, VPC=vpc)


def associate(api: Any, zone_id: str, vpc: dict[str, str], **request: Any) -> Any:
    return api("AssociateVPCWithHostedZone", HostedZoneId=zone_id, VPC=vpc, **request)


def refused_association(api: Any, zone_id: str, vpc: dict[str, str]) -> tuple[str, str]:
    refusal: tuple[str, str] = api.refused("AssociateVPCWithHostedZone", HostedZoneId=zone_id, VPC=vpc)
    return refusal


def dissociate(api: Any, zone_id: str, vpc: dict[str, str], **request: Any) -> Any:
    return api("DisassociateVPCFromHostedZone", HostedZoneId=zone_id, VPC=vpc, **request)


def refused_end(api: Any, zone_id: str, vpc: dict[str, str]) -> tuple[str, str]:
    refusal: tuple[str, str] = api.refused("DisassociateVPCFromHostedZone", HostedZoneId=zone_id, VPC=vpc)
    return refusal


def of_vpc(api: Any, vpc: dict[str, str]) -> list[tuple[str, str]]:
    """(zone, owner) as the VPC's owner sees it."""
    found = api("ListHostedZonesByVPC", **vpc)["HostedZoneSummaries"]
    return [(one["HostedZoneId"], one["Owner"]["OwningAccount"]) for one in found]


# --- within one account


def test_the_owner_of_both_needs_no_authorization(a: Any, services: Services) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    made = associate(a, zone_id, VPC_A2, Comment="second")
    assert made["ChangeInfo"]["Status"] == "PENDING"
    assert made["ChangeInfo"]["Comment"] == "second"
    assert a("GetHostedZone", Id=zone_id)["VPCs"] == [VPC_A, VPC_A2]
    assert of_vpc(a, VPC_A2) == [(zone_id, "111111111111")]
    assert a("GetChange", Id=made["ChangeInfo"]["Id"]) == made
    with services.store.read() as tx:
        change = changes.get(tx, made["ChangeInfo"]["Id"])
        assert change is not None
        assert (change.subject, change.version) == ("vpc:vpc-33333333", 2)
        last = outbox.pending(tx)[-1]
        assert (last.subject, last.version, last.kind) == ("vpc:vpc-33333333", 2, "vpc")


def test_an_association_ends_and_the_last_one_stays(a: Any, services: Services) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    assert refused_end(a, zone_id, VPC_A) == (
        "LastVPCAssociation",
        "Cannot remove last VPC association for the private zone",
    )
    associate(a, zone_id, VPC_A2)
    ended = dissociate(a, zone_id, VPC_A, Comment="no more")
    assert ended["ChangeInfo"]["Comment"] == "no more"
    assert a("GetHostedZone", Id=zone_id)["VPCs"] == [VPC_A2]
    assert of_vpc(a, VPC_A) == []
    with services.store.read() as tx:
        last = outbox.pending(tx)[-1]
        assert (last.subject, last.version) == ("vpc:vpc-11111111", 3)
        assert zones.private_zones_of(tx, "vpc-11111111") == []
    code, message = refused_end(a, zone_id, VPC_A)
    assert code == "VPCAssociationNotFound"
    assert message == (
        f"The VPC vpc-11111111 in region eu-west-1 and the hosted zone {zone_id} are not currently"
        " associated."
    )


@pytest.mark.parametrize("vpc", [NOWHERE, {**VPC_A2, "VPCRegion": "eu-west-1"}, *MALFORMED])
def test_only_a_vpc_that_is_there_is_associated(a: Any, vpc: dict[str, str]) -> None:
    assert refused_association(a, a.zone("corp", VPC=VPC_A), vpc) == INVALID


@pytest.mark.parametrize("vpc", MALFORMED)
def test_what_is_no_vpc_is_refused_everywhere(a: Any, vpc: dict[str, str]) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    for operation in (
        "CreateVPCAssociationAuthorization",
        "DeleteVPCAssociationAuthorization",
        "DisassociateVPCFromHostedZone",
    ):
        assert a.refused(operation, HostedZoneId=zone_id, VPC=vpc) == INVALID


@pytest.mark.parametrize("vpc", [NOWHERE, {**VPC_A, "VPCRegion": "us-east-1"}, VPC_B])
def test_what_is_not_associated_cannot_be_ended(a: Any, vpc: dict[str, str]) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    assert refused_end(a, zone_id, vpc)[0] == "VPCAssociationNotFound"


def test_a_public_zone_has_no_vpcs(a: Any, b: Any) -> None:
    zone_id = a.zone("example.com")
    assert refused_association(a, zone_id, VPC_A) == (
        "PublicZoneVPCAssociation",
        f"Attempting to associate public zone: {zone_id} with vpc: vpc-11111111",
    )
    assert refused_end(a, zone_id, VPC_A)[0] == "VPCAssociationNotFound"
    assert (
        a.refused("CreateVPCAssociationAuthorization", HostedZoneId=zone_id, VPC=VPC_B)[0] == "InvalidInput"
    )
    # whether another account's zone is public is not told
    assert refused_association(b, zone_id, VPC_B)[0] == "NotAuthorizedException"


def test_a_vpc_has_one_zone_of_a_name_whoever_owns_it(a: Any, b: Any) -> None:
    first = a.zone("corp.internal", VPC=VPC_A)
    second = a.zone("Corp.Internal", VPC=VPC_A2)
    refusal = (
        "ConflictingDomainExists",
        f"The VPC vpc-33333333 in region us-east-1 has already been associated with the hosted zone {second}"
        " with the same domain name.",
    )
    assert refused_association(a, first, VPC_A2) == refusal
    assert refused_association(a, second, VPC_A2) == refusal  # this very zone
    of_b = b.zone("corp.internal", VPC=VPC_B)
    authorize(a, first, VPC_B)
    assert refused_association(b, first, VPC_B)[0] == "ConflictingDomainExists"
    associate(a, a.zone("sub.corp.internal", VPC=VPC_A), VPC_A2)  # what overlaps is no conflict
    b("DeleteHostedZone", Id=of_b)
    associate(b, first, VPC_B)
    request = {"Name": "corp.internal", "CallerReference": "again", "VPC": VPC_B}
    assert b.refused("CreateHostedZone", **request)[0] == "ConflictingDomainExists"


def test_a_zone_has_so_many_vpcs(a: Any) -> None:
    few = replace(
        a, services=replace(a.services, limits=replace(a.services.limits, quotas=replace(OPEN, vpcs=1)))
    )
    assert refused_association(few, few.zone("corp", VPC=VPC_A), VPC_A2) == (
        "LimitsExceeded",
        "Limits Exceeded: MAX_VPCS_ASSOCIATED_BY_ZONE - Cannot associate more VPCs with the hosted zone.",
    )


# --- across accounts


def test_another_accounts_vpc_is_associated_by_authorization(a: Any, b: Any, services: Services) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    assert refused_association(b, zone_id, VPC_B) == (
        "NotAuthorizedException",
        "The VPC: vpc-22222222 has not authorized to associate with your hosted zone.",
    )
    assert authorize(a, zone_id, VPC_B) == {"HostedZoneId": zone_id, "VPC": VPC_B}
    made = associate(b, zone_id, VPC_B)
    assert of_vpc(b, VPC_B) == [(zone_id, "111111111111")]
    assert a("GetHostedZone", Id=zone_id)["VPCs"] == [VPC_A, VPC_B]
    # the VPC's account sees the zone in this list alone, and its own change
    assert b.refused("GetHostedZone", Id=zone_id)[0] == "NoSuchHostedZone"
    assert b.refused("ListResourceRecordSets", HostedZoneId=zone_id)[0] == "NoSuchHostedZone"
    assert b.refused("DeleteHostedZone", Id=zone_id)[0] == "NoSuchHostedZone"
    assert b("GetChange", Id=made["ChangeInfo"]["Id"]) == made
    assert a.refused("GetChange", Id=made["ChangeInfo"]["Id"])[0] == "NoSuchChange"
    with services.store.read() as tx:
        assert [zone.id for zone in zones.private_zones_of(tx, "vpc-22222222")] == [zone_id]


def test_the_zones_owner_cannot_associate_a_vpc_of_another_account(a: Any, b: Any) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    authorize(a, zone_id, VPC_B)
    assert refused_association(a, zone_id, VPC_B) == INVALID


def test_an_authorization_is_for_one_vpc_in_one_region(a: Any, b: Any) -> None:
    zone_id, other = a.zone("corp", VPC=VPC_A), a.zone("other", VPC=VPC_A)
    authorize(a, zone_id, {**VPC_B, "VPCRegion": "us-east-1"})
    authorize(a, zone_id, NOWHERE)
    authorize(a, other, VPC_B)
    assert refused_association(b, zone_id, VPC_B)[0] == "NotAuthorizedException"


def test_taking_back_an_authorization_leaves_the_association(a: Any, b: Any) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    authorize(a, zone_id, VPC_B)
    associate(b, zone_id, VPC_B)
    assert a("DeleteVPCAssociationAuthorization", HostedZoneId=zone_id, VPC=VPC_B) == {}
    assert of_vpc(b, VPC_B) == [(zone_id, "111111111111")]
    assert a.refused("DeleteVPCAssociationAuthorization", HostedZoneId=zone_id, VPC=VPC_B) == (
        "VPCAssociationAuthorizationNotFound",
        "The VPC that you specified is not authorized to be associated with the hosted zone.",
    )
    dissociate(b, zone_id, VPC_B)
    assert refused_association(b, zone_id, VPC_B)[0] == "NotAuthorizedException"


@pytest.mark.parametrize("ends", ["the zone's owner", "the VPC's owner"])
def test_either_owner_ends_an_association(a: Any, b: Any, ends: str) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    authorize(a, zone_id, VPC_B)
    associate(b, zone_id, VPC_B)
    ended = dissociate(a if ends == "the zone's owner" else b, zone_id, VPC_B)
    assert ended["ChangeInfo"]["Status"] == "PENDING"
    assert of_vpc(b, VPC_B) == []
    assert a("GetHostedZone", Id=zone_id)["VPCs"] == [VPC_A]


def test_nobody_else_touches_a_zones_associations(a: Any, b: Any) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    associate(a, zone_id, VPC_A2)
    refusal = ("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")
    assert refused_end(b, zone_id, VPC_A) == refusal
    for operation in ("CreateVPCAssociationAuthorization", "DeleteVPCAssociationAuthorization"):
        assert b.refused(operation, HostedZoneId=zone_id, VPC=VPC_B) == refusal
    assert b.refused("ListVPCAssociationAuthorizations", HostedZoneId=zone_id) == refusal
    assert refused_association(b, zone_id, VPC_A) == INVALID
    for operation in ("AssociateVPCWithHostedZone", "DisassociateVPCFromHostedZone"):
        assert a.refused(operation, HostedZoneId="Z0", VPC=VPC_A)[0] == "NoSuchHostedZone"
    # one's own VPC may be asked about, whosever the zone is
    assert refused_end(b, zone_id, VPC_B)[0] == "VPCAssociationNotFound"


def test_the_registrys_zones_take_no_vpc(a: Any, services: Services) -> None:
    with services.store.read() as tx:
        root = next(zone for zone in zones.every(tx) if zone.kind == "root")
    assert refused_association(a, root.id, VPC_A)[0] == "NoSuchHostedZone"
    assert refused_end(a, root.id, VPC_A)[0] == "NoSuchHostedZone"


def test_authorizations_are_listed_in_pages(a: Any) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    given = [
        {"VPCId": f"vpc-0000000{n}", "VPCRegion": r} for n in range(3) for r in ("eu-west-1", "us-east-1")
    ]
    for vpc in reversed(given):
        authorize(a, zone_id, vpc)
        authorize(a, zone_id, vpc)  # again is no more
    seen: list[dict[str, str]] = []
    sizes = []
    request: dict[str, str] = {"MaxResults": "4"}
    while True:
        page = a("ListVPCAssociationAuthorizations", HostedZoneId=zone_id, **request)
        assert page["HostedZoneId"] == zone_id
        seen += page["VPCs"]
        sizes.append(len(page["VPCs"]))
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert (seen, sizes) == (given, [4, 2])
    listing = "ListVPCAssociationAuthorizations"
    for token in ("x", "!", "W10=", "WyJhIl0="):
        assert a.refused(listing, HostedZoneId=zone_id, NextToken=token)[0] == "InvalidPaginationToken"
    assert a.refused(listing, HostedZoneId=zone_id, MaxResults="0")[0] == "InvalidInput"


def test_a_zone_has_so_many_authorizations(a: Any) -> None:
    limits = replace(a.services.limits, quotas=replace(OPEN, vpc_authorizations=1))
    few = replace(a, services=replace(a.services, limits=limits))
    zone_id = few.zone("corp", VPC=VPC_A)
    authorize(few, zone_id, VPC_B)
    authorize(few, zone_id, VPC_B)
    request = {"HostedZoneId": zone_id, "VPC": NOWHERE}
    assert few.refused("CreateVPCAssociationAuthorization", **request)[0] == (
        "TooManyVPCAssociationAuthorizations"
    )


def test_the_zones_of_a_vpc_are_listed_in_pages_whoever_owns_them(a: Any, b: Any) -> None:
    made = [(b.zone(name, VPC=VPC_B), "222222222222") for name in ("one", "two", "three")]
    for name in ("four", "five"):
        zone_id = a.zone(name, VPC=VPC_A)
        authorize(a, zone_id, VPC_B)
        associate(b, zone_id, VPC_B)
        made.append((zone_id, "111111111111"))
    seen: list[tuple[str, str]] = []
    request: dict[str, str] = {"MaxItems": "2"}
    sizes = []
    while True:
        page = b("ListHostedZonesByVPC", **VPC_B, **request)
        assert page["MaxItems"] == "2"
        seen += [(z["HostedZoneId"], z["Owner"]["OwningAccount"]) for z in page["HostedZoneSummaries"]]
        sizes.append(len(page["HostedZoneSummaries"]))
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert (seen, sizes) == (sorted(made), [2, 2, 1])
    assert b("ListHostedZonesByVPC", **VPC_B)["MaxItems"] == "100"


@pytest.mark.parametrize("vpc", [VPC_A, NOWHERE, {**VPC_B, "VPCRegion": "us-east-1"}])
def test_only_the_zones_of_ones_own_vpc_are_listed(b: Any, vpc: dict[str, str]) -> None:
    assert b.refused("ListHostedZonesByVPC", **vpc) == (
        "InvalidInput",
        f"The VPC {vpc['VPCId']} in region {vpc['VPCRegion']} does not exist in this account",
    )
    assert b.refused("ListHostedZonesByVPC", NextToken="x", **VPC_B)[0] == "InvalidPaginationToken"


def test_deleting_a_zone_tells_every_vpc(a: Any, b: Any, services: Services) -> None:
    zone_id = a.zone("corp", VPC=VPC_A)
    authorize(a, zone_id, VPC_B)
    associate(b, zone_id, VPC_B)
    a("DeleteHostedZone", Id=zone_id)
    with services.store.read() as tx:
        assert [row.subject for row in outbox.pending(tx)][-3:] == [
            f"zone:{zone_id}",
            "vpc:vpc-11111111",
            "vpc:vpc-22222222",
        ]
    assert of_vpc(b, VPC_B) == []
