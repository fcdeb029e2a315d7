"""Amazon Route 53: which name servers a public zone gets, and reusable delegation sets.

Sets are made on demand from the service's address block and shared: a zone gets the first one on which no
zone of any account is equal to it, above or below it: zones that overlap never answer on one address.
A reusable delegation set is an account's hold on a set: nobody's zone comes there by itself any more, and the
account's own come by naming it. Limits: one account never uses up the block (`zones.addresses`).
Source: Route 53 API, 2013-04-01.
"""

from typing import Any

from seal53 import registry
from seal53.core import Name
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.paging import marked_page, page_size
from seal53.store import Tx, outbox
from seal53.store import delegation_sets as set_rows
from seal53.store import vpcs as vpc_rows
from seal53.store import zones as zone_rows
from seal53.store.delegation_sets import DelegationSet, Hold
from seal53.store.zones import HostedZone
from seal53.zones import addresses, listing, names

LOCATION = "https://route53.amazonaws.com/2013-04-01/delegationset/{}"


# --- for hosted zones


def set_for(tx: Tx, services: Services, caller: Caller, name: Name) -> DelegationSet:
    """The set of a new zone that names none: the first that is free for its name, else a new one.

    Raises: DelegationSetNotAvailable.
    """
    overlapping = zone_rows.overlapping(tx, name)
    own = {zone.delegation_set_id for zone in overlapping if zone.account_id == caller.account_id}
    if len(own) >= addresses.SETS_OF_ONE_NAME:
        raise AwsFault(
            "DelegationSetNotAvailable",
            f"This account's hosted zones that are equal to, above or below {names.show(name)} use"
            f" {len(own)} delegation sets already, which is the most",
        )
    taken = {zone.delegation_set_id for zone in overlapping} | set_rows.held_sets(tx)
    for set_id in set_rows.ids(tx):
        if set_id not in taken:
            return _known(set_rows.get(tx, set_id))
    return _make(tx, services, caller)


def set_of_hold(tx: Tx, services: Services, caller: Caller, hold_id: str, name: Name) -> DelegationSet:
    """The set of a new zone that names a reusable one.

    Raises: NoSuchDelegationSet, TooManyHostedZones, ConflictingDomainExists.
    """
    held = own_hold(tx, caller, hold_id)
    if (
        zone_rows.count_on_set(tx, held.set.id, caller.account_id)
        >= services.limits.quotas.zones_of_delegation_set
    ):
        raise AwsFault(
            "TooManyHostedZones",
            "Limits Exceeded: MAX_ZONES_BY_REUSABLE_DELEGATION_SET - Cannot create more hosted zones.",
        )
    if any(zone.delegation_set_id == held.set.id for zone in zone_rows.overlapping(tx, name)):
        raise AwsFault(
            "ConflictingDomainExists",
            f"Cannot create hosted zone with DelegationSetId DelegationSetId:{hold_id} as the DNSName"
            f" {names.show(name)} conflicts with existing ones sharing the delegation set",
        )
    return held.set


def own_hold(tx: Tx, caller: Caller, hold_id: str) -> Hold:
    """The caller's reusable set of this id. Raises NoSuchDelegationSet, also for another account's."""
    held = set_rows.held(tx, caller.account_id, hold_id)
    if held is None:
        raise AwsFault("NoSuchDelegationSet", f"No delegation set found with ID: {hold_id}")
    return held


def of_zone(tx: Tx, zone: HostedZone) -> dict[str, Any]:
    """The member DelegationSet; absent for a private zone."""
    if zone.delegation_set_id is None or zone.account_id is None:
        return {}
    held = set_rows.hold_on(tx, zone.account_id, zone.delegation_set_id)
    if held is not None:
        return {"DelegationSet": _shape(held)}
    return {"DelegationSet": _servers(_known(set_rows.get(tx, zone.delegation_set_id)))}


# --- operations


def create_reusable_delegation_set(services: Services, request: Request, caller: Caller) -> Response:
    """A set of the caller's own, or the one that a zone of the caller's has."""
    reference = request["CallerReference"]
    zone_id = request.get("HostedZoneId")
    with services.store.write() as tx:
        if set_rows.hold_with_reference(tx, caller.account_id, reference) is not None:
            raise AwsFault(
                "DelegationSetAlreadyCreated",
                "A delegation set with the same owner and caller reference combination has already been"
                " created.",
            )
        count = set_rows.count_holds(tx, caller.account_id)
        if count >= services.limits.quotas.delegation_sets:
            raise AwsFault(
                "LimitsExceeded",
                "Limits Exceeded: MAX_REUSABLE_DELEGATION_SETS_BY_OWNER - Cannot create more reusable"
                " delegation sets.",
            )
        if count >= addresses.REUSABLE_SETS:
            raise AwsFault(
                "DelegationSetNotAvailable",
                f"This account has {count} reusable delegation sets, which is the most that the address block"
                " has for one account",
            )
        held = Hold(
            id=services.ids.delegation_set(),
            account_id=caller.account_id,
            caller_reference=reference,
            set=_unused(tx, services, caller) if zone_id is None else _set_of_zone(tx, caller, zone_id),
            created_at=caller.now,
        )
        set_rows.hold(tx, held)
    return {"DelegationSet": _shape(held), "Location": LOCATION.format(held.id)}


def get_reusable_delegation_set(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"DelegationSet": _shape(own_hold(tx, caller, request["Id"]))}


def list_reusable_delegation_sets(services: Services, request: Request, caller: Caller) -> Response:
    """By id; a marker is the first id of the next page."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE)
    start_id = request.get("Marker") or ""
    with services.store.read() as tx:
        holds = set_rows.holds_of(tx, caller.account_id, start_id=start_id, limit=limit + 1)
    return marked_page(request, limit, "DelegationSets", holds, _shape)


def delete_reusable_delegation_set(services: Services, request: Request, caller: Caller) -> Response:
    """The caller gives up its hold; the name servers stay for whoever needs some next."""
    with services.store.write() as tx:
        held = own_hold(tx, caller, request["Id"])
        if zone_rows.count_on_set(tx, held.set.id, caller.account_id):
            raise AwsFault(
                "DelegationSetInUse",
                "The specified delegation set contains associated hosted zones, which must be deleted before"
                " the reusable delegation set can be deleted.",
            )
        set_rows.release(tx, held.id)
    return {}


OPERATIONS: dict[str, Operation] = {
    "CreateReusableDelegationSet": create_reusable_delegation_set,
    "GetReusableDelegationSet": get_reusable_delegation_set,
    "ListReusableDelegationSets": list_reusable_delegation_sets,
    "DeleteReusableDelegationSet": delete_reusable_delegation_set,
}


def _set_of_zone(tx: Tx, caller: Caller, zone_id: str) -> DelegationSet:
    zone = zone_rows.get(tx, zone_id)
    if zone is None or zone.account_id != caller.account_id:
        raise AwsFault("HostedZoneNotFound", f"No hosted zone found with ID: {zone_id}")
    if zone.delegation_set_id is None:
        raise AwsFault(
            "InvalidArgument", f"The hosted zone {zone_id} is private and has no delegation set to reuse"
        )
    if set_rows.hold_on(tx, caller.account_id, zone.delegation_set_id) is not None:
        raise AwsFault(
            "DelegationSetAlreadyReusable",
            "The specified delegation set has already been marked as reusable.",
        )
    return _known(set_rows.get(tx, zone.delegation_set_id))


def _unused(tx: Tx, services: Services, caller: Caller) -> DelegationSet:
    """One that serves no zone and that nobody holds; what was given up is used again before a new one."""
    taken = zone_rows.sets_in_use(tx) | set_rows.held_sets(tx)
    for set_id in set_rows.ids(tx):
        if set_id not in taken:
            return _known(set_rows.get(tx, set_id))
    return _make(tx, services, caller)


def _make(tx: Tx, services: Services, caller: Caller) -> DelegationSet:
    """A new set, whose hosts stand in our own TLD. Raises AddressesExhausted."""
    sets = set_rows.every(tx)
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
    outbox.append(tx, f"set:{made.id}", 1, "set")  # without a zone its servers say REFUSED
    registry.add_hosts(tx, made.hosts, made.addresses, change_id=services.ids.change(), now=caller.now)
    return made


def _shape(held: Hold) -> dict[str, Any]:
    return {"Id": held.id, "CallerReference": held.caller_reference, **_servers(held.set)}


def _servers(delegation_set: DelegationSet) -> dict[str, Any]:
    """Unlike NS values, these names have no last dot."""
    return {"NameServers": [names.show(host).removesuffix(".") for host in delegation_set.hosts]}


def _known(delegation_set: DelegationSet | None) -> DelegationSet:
    """What a foreign key says is there."""
    if delegation_set is None:
        raise LookupError("a delegation set that rows refer to is not there")
    return delegation_set
