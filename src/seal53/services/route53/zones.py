"""Amazon Route 53: hosted zones, public and private.

A public zone gets a delegation set on which no zone of any account is equal to, above or below it, so that
zones which overlap never answer on one address. A private zone belongs to the VPC that it was made for.
Source: Route 53 API, 2013-04-01. Not for: records (`records`), DNSSEC (`dnssec`).
"""

from typing import Any

from seal53 import registry
from seal53.base.ids import HostedZoneId
from seal53.core import Name
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.changes import change_info
from seal53.services.route53.paging import page_size
from seal53.services.route53.shapes import stored_set
from seal53.store import Tx, changes, ksks, outbox, records
from seal53.store import delegation_sets as set_rows
from seal53.store import vpcs as vpc_rows
from seal53.store import zones as zone_rows
from seal53.store.changes import Change
from seal53.store.delegation_sets import DelegationSet
from seal53.store.vpcs import Vpc
from seal53.store.zones import HostedZone
from seal53.zones import addresses, defaults, listing, names
from seal53.zones.recordset import ZoneSet

LOCATION = "https://route53.amazonaws.com/2013-04-01/hostedzone/{}"
"""What Route 53 itself sends, whatever host was asked."""


def own_zone(tx: Tx, zone_id: str, caller: Caller) -> HostedZone:
    """The caller's zone of this id. Raises NoSuchHostedZone, also for another account's."""
    zone = zone_rows.get(tx, HostedZoneId(zone_id))
    if zone is None or zone.account_id != caller.account_id:
        raise AwsFault("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")
    return zone


def create_hosted_zone(services: Services, request: Request, caller: Caller) -> Response:
    config = request.get("HostedZoneConfig") or {}
    comment = config.get("Comment")
    vpc = request.get("VPC")
    if vpc is not None and request.get("DelegationSetId") is not None:
        raise AwsFault(
            "InvalidInput", "A private hosted zone has no delegation set: send either VPC or DelegationSetId"
        )
    name = _zone_name(request["Name"])
    with services.store.write() as tx:
        if request.get("DelegationSetId") is not None:
            _refuse_delegation_set(tx, request["DelegationSetId"])
        if vpc is not None:
            its_vpc = _own_vpc(tx, vpc, caller)
            zone, change = _create_private(
                tx,
                services,
                caller,
                name=name,
                caller_reference=request["CallerReference"],
                comment=comment,
                vpc=its_vpc,
            )
        else:
            zone, change = _create_public(
                tx,
                services,
                caller,
                name=name,
                caller_reference=request["CallerReference"],
                comment=comment,
            )
        response: dict[str, Any] = {
            "HostedZone": _hosted_zone(tx, zone),
            "ChangeInfo": change_info(change),
            **_delegation_set(tx, zone),
            "Location": LOCATION.format(zone.id),
        }
        if vpc is not None:
            response["VPC"] = _vpc(its_vpc)
    return response


def create_public_zone(
    tx: Tx, services: Services, caller: Caller, *, name: Name, caller_reference: str, comment: str | None
) -> HostedZone:
    """Makes a public zone in the caller's transaction, as CreateHostedZone does.

    Raises: InvalidDomainName (root, TLD), HostedZoneAlreadyExists, DelegationSetNotAvailable.
    """
    zone, _ = _create_public(
        tx, services, caller, name=name, caller_reference=caller_reference, comment=comment
    )
    return zone


def _create_public(
    tx: Tx, services: Services, caller: Caller, *, name: Name, caller_reference: str, comment: str | None
) -> tuple[HostedZone, Change]:
    if len(name) < 2 or zone_rows.named(tx, name, kind="tld"):
        raise AwsFault(
            "InvalidDomainName",
            f"{names.show(name)} is the root or a top-level domain",
        )
    _refuse_reference(tx, caller, caller_reference)
    delegation_set = _free_delegation_set(tx, services, name, caller)
    zone = HostedZone(
        id=services.ids.hosted_zone(),
        account_id=caller.account_id,
        kind="public",
        name=name,
        caller_reference=caller_reference,
        comment=comment,
        delegation_set_id=delegation_set.id,
        created_at=caller.now,
    )
    change = _insert(tx, services, caller, zone, defaults.public_zone(name, delegation_set.hosts))
    return zone, change


def _create_private(
    tx: Tx,
    services: Services,
    caller: Caller,
    *,
    name: Name,
    caller_reference: str,
    comment: str | None,
    vpc: Vpc,
) -> tuple[HostedZone, Change]:
    if name.is_root:
        raise AwsFault("InvalidDomainName", "A hosted zone cannot be made for the root")
    _refuse_reference(tx, caller, caller_reference)
    for other in zone_rows.private_zones_of(tx, vpc.id):
        if other.name == name:
            raise AwsFault(
                "ConflictingDomainExists",
                f"The VPC {vpc.id} in region {vpc.region} has already been associated with the hosted zone"
                f" {other.id} with the same domain name.",
            )
    zone = HostedZone(
        id=services.ids.hosted_zone(),
        account_id=caller.account_id,
        kind="private",
        name=name,
        caller_reference=caller_reference,
        comment=comment,
        created_at=caller.now,
    )
    change = _insert(tx, services, caller, zone, defaults.private_zone(name))
    zone_rows.associate(tx, zone.id, vpc.id)
    _announce_vpc(tx, vpc.id)
    return zone, change


def _insert(tx: Tx, services: Services, caller: Caller, zone: HostedZone, contents: list[ZoneSet]) -> Change:
    zone_rows.insert(tx, zone)
    records.put(tx, zone.id, [stored_set(held) for held in contents])
    subject = f"zone:{zone.id}"
    outbox.append(tx, subject, zone.version, "zone", [])
    return changes.open_change(
        tx,
        id=services.ids.change(),
        account_id=caller.account_id,
        subject=subject,
        version=zone.version,
        now=caller.now,
    )


def _announce_vpc(tx: Tx, vpc_id: str) -> None:
    """The VPC's resolver must learn that its private zones are others than before."""
    outbox.append(tx, f"vpc:{vpc_id}", vpc_rows.bump(tx, vpc_id), "vpc", [])


def _free_delegation_set(tx: Tx, services: Services, name: Name, caller: Caller) -> DelegationSet:
    """The first set on which no zone, of whatever account, overlaps with this name; else a new set."""
    taken = {zone.delegation_set_id for zone in zone_rows.overlapping(tx, name)}
    sets = set_rows.every(tx)
    for delegation_set in sets:
        if delegation_set.id not in taken:
            return delegation_set
    number = max((delegation_set.number for delegation_set in sets), default=0) + 1
    used = {address for delegation_set in sets for address in delegation_set.addresses}
    used |= {vpc.address for vpc in vpc_rows.every(tx)}
    pattern = services.limits.name_server_pattern
    made = DelegationSet(
        id=services.ids.delegation_set(),
        number=number,
        hosts=tuple(
            names.parse(pattern.format(n=n, set=f"{number:02d}")) for n in range(addresses.HOSTS_IN_SET)
        ),
        addresses=addresses.next_set(services.limits.address_block, used),
        created_at=caller.now,
    )
    set_rows.insert(tx, made)
    registry.add_hosts(tx, made.hosts, made.addresses, change_id=services.ids.change(), now=caller.now)
    return made


def get_hosted_zone(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        zone = own_zone(tx, request["Id"], caller)
        response: dict[str, Any] = {"HostedZone": _hosted_zone(tx, zone), **_delegation_set(tx, zone)}
        if zone.is_private:
            found = (vpc_rows.get(tx, vpc_id) for vpc_id in zone_rows.vpcs_of(tx, zone.id))
            response["VPCs"] = [_vpc(vpc) for vpc in found if vpc is not None]
    return response


def get_hosted_zone_count(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"HostedZoneCount": zone_rows.count_of(tx, caller.account_id)}


def list_hosted_zones(services: Services, request: Request, caller: Caller) -> Response:
    """By id; a marker is the first id of the next page."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE)
    marker = request.get("Marker")
    with services.store.read() as tx:
        if request.get("DelegationSetId") is not None:
            _refuse_delegation_set(tx, request["DelegationSetId"])
        zones = zone_rows.page_by_id(
            tx,
            caller.account_id,
            start_id=marker or "",
            limit=limit + 1,
            kind="private" if request.get("HostedZoneType") == "PrivateHostedZone" else None,
        )
        response: dict[str, Any] = {
            "HostedZones": [_hosted_zone(tx, zone) for zone in zones[:limit]],
            "IsTruncated": len(zones) > limit,
            "MaxItems": str(limit),
        }
    if marker is not None:
        response["Marker"] = marker
    if len(zones) > limit:
        response["NextMarker"] = zones[limit].id
    return response


def list_hosted_zones_by_name(services: Services, request: Request, caller: Caller) -> Response:
    """In listing order from a name on, taken or not; it does not filter."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE)
    start: Name | None = None
    if request.get("DNSName"):
        try:
            start = names.parse(request["DNSName"])
        except names.BadName as e:
            raise AwsFault("InvalidDomainName", e.message) from None
    elif request.get("HostedZoneId"):
        raise AwsFault("InvalidInput", "HostedZoneId can be sent only together with DNSName")
    with services.store.read() as tx:
        zones = zone_rows.page_by_name(
            tx,
            caller.account_id,
            start=start,
            start_id=request.get("HostedZoneId") or "",
            limit=limit + 1,
        )
        response: dict[str, Any] = {
            "HostedZones": [_hosted_zone(tx, zone) for zone in zones[:limit]],
            "IsTruncated": len(zones) > limit,
            "MaxItems": str(limit),
        }
    for member in ("DNSName", "HostedZoneId"):
        if request.get(member):
            response[member] = request[member]
    if len(zones) > limit:
        response["NextDNSName"] = names.show(zones[limit].name)
        response["NextHostedZoneId"] = zones[limit].id
    return response


def list_hosted_zones_by_vpc(services: Services, request: Request, caller: Caller) -> Response:
    """The private zones that a VPC of the caller's is associated with, whoever owns them, by id."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE)
    with services.store.read() as tx:
        vpc = vpc_rows.get(tx, request["VPCId"])
        if vpc is None or vpc.account_id != caller.account_id or vpc.region != request["VPCRegion"]:
            raise AwsFault(
                "InvalidInput",
                f"The VPC {request['VPCId']} in region {request['VPCRegion']} does not exist in this account",
            )
        zones = sorted(zone_rows.private_zones_of(tx, vpc.id), key=lambda zone: zone.id)
    token = request.get("NextToken")
    if token is not None and not any(zone.id == token for zone in zones):
        raise AwsFault(
            "InvalidPaginationToken", "The specified value for NextToken is not one that a list has returned"
        )
    zones = [zone for zone in zones if token is None or zone.id >= token]
    response: dict[str, Any] = {
        "HostedZoneSummaries": [
            {
                "HostedZoneId": zone.id,
                "Name": names.show(zone.name),
                "Owner": {"OwningAccount": zone.account_id},
            }
            for zone in zones[:limit]
        ],
        "MaxItems": str(limit),
    }
    if len(zones) > limit:
        response["NextToken"] = zones[limit].id
    return response


def delete_hosted_zone(services: Services, request: Request, caller: Caller) -> Response:
    """Only the zone's own NS and SOA may be left, and no KSK."""
    with services.store.write() as tx:
        zone = own_zone(tx, request["Id"], caller)
        if ksks.all_of(tx, HostedZoneId(zone.id)):
            raise AwsFault(
                "HostedZoneNotEmpty",
                "The specified hosted zone contains DNSSEC Key Signing Keys and so cannot be deleted.",
            )
        if records.count_beside(tx, zone.id, apex=zone.name, types=("NS", "SOA")):
            raise AwsFault(
                "HostedZoneNotEmpty",
                "The specified hosted zone contains non-required resource record sets "
                " and so cannot be deleted.",
            )
        subject = f"zone:{zone.id}"
        version = zone_rows.bump(tx, zone.id)
        its_vpcs = zone_rows.vpcs_of(tx, zone.id)
        zone_rows.delete(tx, zone.id)
        outbox.append(tx, subject, version, "gone", [])
        for vpc_id in its_vpcs:
            _announce_vpc(tx, vpc_id)
        change = changes.open_change(
            tx,
            id=services.ids.change(),
            account_id=caller.account_id,
            subject=subject,
            version=version,
            now=caller.now,
        )
    return {"ChangeInfo": change_info(change)}


OPERATIONS: dict[str, Operation] = {
    "CreateHostedZone": create_hosted_zone,
    "GetHostedZone": get_hosted_zone,
    "GetHostedZoneCount": get_hosted_zone_count,
    "ListHostedZones": list_hosted_zones,
    "ListHostedZonesByName": list_hosted_zones_by_name,
    "ListHostedZonesByVPC": list_hosted_zones_by_vpc,
    "DeleteHostedZone": delete_hosted_zone,
}


def _zone_name(text: str) -> Name:
    try:
        name = names.parse(text)
    except names.BadName as e:
        raise AwsFault("InvalidDomainName", e.message) from None
    if name.is_wildcard:
        raise AwsFault("InvalidDomainName", f"{names.show(name)} begins with a wildcard label")
    return name


def _own_vpc(tx: Tx, given: Request, caller: Caller) -> Vpc:
    vpc = vpc_rows.get(tx, given.get("VPCId") or "")
    if vpc is None or vpc.account_id != caller.account_id or vpc.region != given.get("VPCRegion"):
        raise AwsFault("InvalidVPCId", "The VPC ID is invalid.")
    return vpc


def _refuse_reference(tx: Tx, caller: Caller, caller_reference: str) -> None:
    """A caller reference is used once, even for the same request again."""
    if zone_rows.with_reference(tx, caller.account_id, caller_reference) is not None:
        raise AwsFault(
            "HostedZoneAlreadyExists",
            "A hosted zone has already been created with the specified caller reference.",
        )


def _refuse_delegation_set(tx: Tx, set_id: str) -> None:
    """Only reusable sets can be named, and Seal53 makes none yet."""
    if set_rows.get(tx, set_id) is None:
        raise AwsFault("NoSuchDelegationSet", f"No delegation set found with ID: {set_id}")
    raise AwsFault("DelegationSetNotReusable", f"The delegation set {set_id} is not reusable.")


def _hosted_zone(tx: Tx, zone: HostedZone) -> dict[str, Any]:
    config: dict[str, Any] = {"PrivateZone": zone.is_private}
    if zone.comment:
        config["Comment"] = zone.comment
    return {
        "Id": zone.id,
        "Name": names.show(zone.name),
        "CallerReference": zone.caller_reference,
        "Config": config,
        "ResourceRecordSetCount": records.count(tx, zone.id),
    }


def _delegation_set(tx: Tx, zone: HostedZone) -> dict[str, Any]:
    """The member DelegationSet, absent for a private zone; unlike NS values, its names have no last dot."""
    found = None if zone.delegation_set_id is None else set_rows.get(tx, zone.delegation_set_id)
    if found is None:
        return {}
    return {"DelegationSet": {"NameServers": [names.show(host).removesuffix(".") for host in found.hosts]}}


def _vpc(vpc: Vpc) -> dict[str, Any]:
    return {"VPCRegion": vpc.region, "VPCId": vpc.id}
