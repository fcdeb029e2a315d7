"""Amazon Route 53: hosted zones, public and private.

A public zone gets a delegation set (`delegation_sets`); a private zone belongs to the VPC that it was made
for, and to those that are associated with it later (`vpc_associations`).
Source: Route 53 API, 2013-04-01. Not for: records (`records`), DNSSEC (`dnssec`).
"""

from typing import Any

from seal53.base.clock import UnixTime
from seal53.base.ids import HostedZoneId
from seal53.core import Name
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53 import delegation_sets, vpcs
from seal53.services.route53.changes import change_info, open_change
from seal53.services.route53.paging import marked_page, page_size
from seal53.services.route53.shapes import stored_set
from seal53.store import Tx, ksks, outbox, protections, query_logging, records, tags, traffic
from seal53.store import vpcs as vpc_rows
from seal53.store import zones as zone_rows
from seal53.store.changes import Change
from seal53.store.delegation_sets import DelegationSet
from seal53.store.vpcs import Vpc
from seal53.store.zones import HostedZone
from seal53.zones import defaults, listing, names
from seal53.zones.recordset import ZoneSet

LOCATION = "https://route53.amazonaws.com/2013-04-01/hostedzone/{}"
"""What Route 53 itself sends, whatever host was asked."""

RECOVERY_CHANGES_S = 5
"""How long accelerated recovery is ENABLING or DISABLING. It does nothing here; AWS does not say how long it
takes."""

_OWN_SETS = 2  # a zone's own NS and SOA, of which there is always exactly one each


def own_zone(tx: Tx, zone_id: str, caller: Caller) -> HostedZone:
    """The caller's zone of this id. Raises NoSuchHostedZone, also for another account's."""
    zone = zone_rows.get(tx, HostedZoneId(zone_id))
    if zone is None or zone.account_id != caller.account_id:
        raise no_such_zone(zone_id)
    return zone


def no_such_zone(zone_id: str) -> AwsFault:
    return AwsFault("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")


def create_hosted_zone(services: Services, request: Request, caller: Caller) -> Response:
    comment = (request.get("HostedZoneConfig") or {}).get("Comment")
    reference = request["CallerReference"]
    vpc, hold_id = request.get("VPC"), request.get("DelegationSetId")
    if vpc is not None and hold_id is not None:
        raise AwsFault(
            "InvalidInput", "A private hosted zone has no delegation set: send either VPC or DelegationSetId"
        )
    name = _zone_name(request["Name"])
    with services.store.write() as tx:
        its_vpc = None if vpc is None else vpcs.own_vpc(tx, vpc, caller)
        if its_vpc is None:
            _refuse_public_name(tx, name)
        elif name.is_root:
            raise AwsFault("InvalidDomainName", "A hosted zone cannot be made for the root")
        _refuse_reference(tx, caller, reference)
        if zone_rows.count_of(tx, caller.account_id) >= services.limits.quotas.hosted_zones:
            raise AwsFault(
                "TooManyHostedZones",
                "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.",
            )
        if its_vpc is not None:
            zone, change = _create_private(
                tx, services, caller, name=name, caller_reference=reference, comment=comment, vpc=its_vpc
            )
        else:
            delegation_set = (
                delegation_sets.set_for(tx, services, caller, name)
                if hold_id is None
                else delegation_sets.set_of_hold(tx, services, caller, hold_id, name)
            )
            zone, change = _create_public(
                tx,
                services,
                caller,
                name=name,
                caller_reference=reference,
                comment=comment,
                delegation_set=delegation_set,
            )
        response: dict[str, Any] = {
            "HostedZone": _hosted_zone(_known(zone_rows.get(tx, zone.id)), caller.now),
            "ChangeInfo": change_info(change),
            **delegation_sets.of_zone(tx, zone),
            "Location": LOCATION.format(zone.id),
        }
        if its_vpc is not None:
            response["VPC"] = vpcs.vpc_shape(its_vpc)
    return response


def create_public_zone(
    tx: Tx, services: Services, caller: Caller, *, name: Name, caller_reference: str, comment: str | None
) -> HostedZone:
    """Makes a public zone in the caller's transaction, as CreateHostedZone does.

    Raises: InvalidDomainName (root, TLD), HostedZoneAlreadyExists, DelegationSetNotAvailable.
    """
    _refuse_public_name(tx, name)
    _refuse_reference(tx, caller, caller_reference)
    zone, _ = _create_public(
        tx,
        services,
        caller,
        name=name,
        caller_reference=caller_reference,
        comment=comment,
        delegation_set=delegation_sets.set_for(tx, services, caller, name),
    )
    return zone


def _create_public(
    tx: Tx,
    services: Services,
    caller: Caller,
    *,
    name: Name,
    caller_reference: str,
    comment: str | None,
    delegation_set: DelegationSet,
) -> tuple[HostedZone, Change]:
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
    vpcs.refuse_second_zone(tx, vpc, name)
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
    vpcs.announce(tx, vpc.id)
    return zone, change


def _insert(tx: Tx, services: Services, caller: Caller, zone: HostedZone, contents: list[ZoneSet]) -> Change:
    zone_rows.insert(tx, zone)
    records.put(tx, zone.id, [stored_set(held) for held in contents])
    outbox.append(tx, f"zone:{zone.id}", zone.version, "zone", [])
    return open_change(tx, services, caller, f"zone:{zone.id}", zone.version)


def get_hosted_zone(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        zone = own_zone(tx, request["Id"], caller)
        response: dict[str, Any] = {
            "HostedZone": _hosted_zone(zone, caller.now),
            **delegation_sets.of_zone(tx, zone),
        }
        if zone.is_private:
            response["VPCs"] = [vpcs.vpc_shape(vpc) for vpc in vpc_rows.of_zone(tx, zone.id)]
    return response


def get_hosted_zone_count(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"HostedZoneCount": zone_rows.count_of(tx, caller.account_id)}


def list_hosted_zones(services: Services, request: Request, caller: Caller) -> Response:
    """By id; a marker is the first id of the next page."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE)
    hold_id = request.get("DelegationSetId")
    with services.store.read() as tx:
        held = None if hold_id is None else delegation_sets.own_hold(tx, caller, hold_id)
        zones = zone_rows.page_by_id(
            tx,
            caller.account_id,
            start_id=request.get("Marker") or "",
            limit=limit + 1,
            kind="private" if request.get("HostedZoneType") == "PrivateHostedZone" else None,
            delegation_set_id=None if held is None else held.set.id,
        )
    return marked_page(request, limit, "HostedZones", zones, lambda zone: _hosted_zone(zone, caller.now))


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
        "HostedZones": [_hosted_zone(zone, caller.now) for zone in zones[:limit]],
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


def update_hosted_zone_comment(services: Services, request: Request, caller: Caller) -> Response:
    """An absent comment deletes the one that is there."""
    with services.store.write() as tx:
        zone = own_zone(tx, request["Id"], caller)
        zone_rows.set_comment(tx, zone.id, request.get("Comment"))
        return {"HostedZone": _hosted_zone(_known(zone_rows.get(tx, zone.id)), caller.now)}


def update_hosted_zone_features(services: Services, request: Request, caller: Caller) -> Response:
    """Accelerated recovery, of public zones alone; asking for what is set already changes nothing."""
    wanted = request.get("EnableAcceleratedRecovery")
    with services.store.write() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        if zone.is_private:
            raise AwsFault("InvalidInput", "Accelerated recovery is for public hosted zones only")
        if wanted is not None and wanted != zone.accelerated_recovery:
            zone_rows.set_accelerated_recovery(tx, zone.id, wanted=wanted, at=caller.now)
    return {}


def delete_hosted_zone(services: Services, request: Request, caller: Caller) -> Response:
    """Only the zone's own NS and SOA may be left, no KSK and no protection."""
    with services.store.write() as tx:
        zone = own_zone(tx, request["Id"], caller)
        if ksks.all_of(tx, HostedZoneId(zone.id)):
            raise AwsFault(
                "HostedZoneNotEmpty",
                "The specified hosted zone contains DNSSEC Key Signing Keys and so cannot be deleted.",
            )
        if protections.exist(tx, zone.id):
            raise AwsFault(
                "HostedZoneNotEmpty",
                "The specified hosted zone contains resource record set protections and so cannot be"
                " deleted.",
            )
        if zone.record_count > _OWN_SETS or traffic.any_in(tx, zone.id):
            raise AwsFault(
                "HostedZoneNotEmpty",
                "The specified hosted zone contains non-required resource record sets "
                " and so cannot be deleted.",
            )
        version = zone_rows.bump(tx, zone.id)
        its_vpcs = zone_rows.vpcs_of(tx, zone.id)
        was_logged = query_logging.of_zone(tx, zone.id) is not None
        zone_rows.delete(tx, zone.id)
        tags.drop(tx, f"hostedzone/{zone.id}")
        outbox.append(tx, f"zone:{zone.id}", version, "gone", [])
        for vpc_id in its_vpcs:
            vpcs.announce(tx, vpc_id)
        if was_logged:
            query_logging.announce(tx)
        change = open_change(tx, services, caller, f"zone:{zone.id}", version)
    return {"ChangeInfo": change_info(change)}


OPERATIONS: dict[str, Operation] = {
    "CreateHostedZone": create_hosted_zone,
    "GetHostedZone": get_hosted_zone,
    "GetHostedZoneCount": get_hosted_zone_count,
    "ListHostedZones": list_hosted_zones,
    "ListHostedZonesByName": list_hosted_zones_by_name,
    "UpdateHostedZoneComment": update_hosted_zone_comment,
    "UpdateHostedZoneFeatures": update_hosted_zone_features,
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


def _refuse_public_name(tx: Tx, name: Name) -> None:
    if len(name) < 2 or zone_rows.named(tx, name, kind="tld"):
        raise AwsFault("InvalidDomainName", f"{names.show(name)} is the root or a top-level domain")


def _refuse_reference(tx: Tx, caller: Caller, caller_reference: str) -> None:
    """A caller reference is used once, even for the same request again."""
    if zone_rows.with_reference(tx, caller.account_id, caller_reference) is not None:
        raise AwsFault(
            "HostedZoneAlreadyExists",
            "A hosted zone has already been created with the specified caller reference.",
        )


def _hosted_zone(zone: HostedZone, now: UnixTime) -> dict[str, Any]:
    config: dict[str, Any] = {"PrivateZone": zone.is_private}
    if zone.comment:
        config["Comment"] = zone.comment
    shape: dict[str, Any] = {
        "Id": zone.id,
        "Name": names.show(zone.name),
        "CallerReference": zone.caller_reference,
        "Config": config,
        "ResourceRecordSetCount": zone.record_count,
    }
    if zone.accelerated_recovery_at is not None:
        changing = now < zone.accelerated_recovery_at + RECOVERY_CHANGES_S
        if zone.accelerated_recovery:
            status = "ENABLING" if changing else "ENABLED"
        else:
            status = "DISABLING" if changing else "DISABLED"
        shape["Features"] = {"AcceleratedRecoveryStatus": status}
    return shape


def _known(zone: HostedZone | None) -> HostedZone:
    """What this transaction has written or read."""
    if zone is None:
        raise LookupError("a hosted zone that was written is not there")
    return zone
