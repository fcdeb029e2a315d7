"""VPCs as Route 53 names them: by id and region. Not for: associating them (`vpc_associations`)."""

import re

from seal53.core import Name
from seal53.services.context import Caller, Request
from seal53.services.faults import AwsFault
from seal53.store import Tx, outbox
from seal53.store import vpcs as vpc_rows
from seal53.store import zones as zone_rows
from seal53.store.vpc_authorizations import Authorized
from seal53.store.vpcs import Vpc

_ID = re.compile(r"vpc-(?:[0-9a-f]{8}|[0-9a-f]{17})")


def own_vpc(tx: Tx, given: Request, caller: Caller) -> Vpc:
    """The caller's VPC that a request's VPC member names. Raises InvalidVPCId, also for another account's."""
    vpc = vpc_rows.get(tx, given.get("VPCId") or "")
    if vpc is None or vpc.account_id != caller.account_id or vpc.region != given.get("VPCRegion"):
        raise _invalid()
    return vpc


def named_vpc(given: Request) -> Authorized:
    """What a request's VPC member names, there or not: its owner alone can say. Raises InvalidVPCId."""
    vpc_id, region = given.get("VPCId") or "", given.get("VPCRegion")
    if not region or _ID.fullmatch(vpc_id) is None:
        raise _invalid()
    return Authorized(vpc_id=vpc_id, region=region)


def vpc_shape(vpc: Vpc) -> dict[str, str]:
    return {"VPCRegion": vpc.region, "VPCId": vpc.id}


def refuse_second_zone(tx: Tx, vpc: Vpc, name: Name) -> None:
    """A VPC has one private zone of a name, whoever owns it. Raises ConflictingDomainExists."""
    other = zone_rows.private_zone_named(tx, vpc.id, name)
    if other is not None:
        raise AwsFault(
            "ConflictingDomainExists",
            f"The VPC {vpc.id} in region {vpc.region} has already been associated with the hosted zone"
            f" {other.id} with the same domain name.",
        )


def announce(tx: Tx, vpc_id: str) -> int:
    """The VPC's resolver must learn that its private zones are others than before; returns the version that
    says so."""
    version = vpc_rows.bump(tx, vpc_id)
    outbox.append(tx, f"vpc:{vpc_id}", version, "vpc")
    return version


def _invalid() -> AwsFault:
    return AwsFault("InvalidVPCId", "The VPC ID is invalid.")
