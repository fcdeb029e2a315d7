"""What a traffic policy instance is in its hosted zone: one record set, written out by its policy's rules.

    place     puts it there, or says why that cannot be
    remove    takes it away
    renew     after an AWS service's name was looked up that one of its endpoints is

Each endpoint that is an AWS service's name has a row of its own among the names to look up, under a set
identifier that no record set can have beside an instance. Not for: the API's calls
(`traffic_policy_instances`), how record sets are chosen.
"""

from collections.abc import Iterable
from dataclasses import replace

from seal53.core import Name
from seal53.services.context import Caller, Services
from seal53.services.route53 import written
from seal53.services.route53.changes import open_change
from seal53.services.route53.geolocations import tell_located
from seal53.store import Tx, alias_targets, health_checks, protections, records, traffic
from seal53.store import zones as zone_rows
from seal53.store.alias_targets import Found, OutwardAlias
from seal53.store.records import StoredSet
from seal53.store.traffic import Instance, TrafficPolicy
from seal53.store.zones import HostedZone
from seal53.zones import names, rdata, traffic_document
from seal53.zones.listing import sort_key
from seal53.zones.traffic import Policy, record_set

UNSHOWN = (
    "This resource record set includes an attribute that is unsupported on this Route 53 API version."
    " Please consider using a newer API version or a tool that does so."
)
"""The value that Route 53 shows for a record set whose contents are its own."""

_ENDPOINT = "endpoint:"  # begins the set identifier of a row that is an endpoint's


def place(
    tx: Tx, services: Services, caller: Caller, zone: HostedZone, made: Instance, version: TrafficPolicy
) -> str | None:
    """Puts the instance's record set into the zone, in place of an older one, and stores the instance.

    Returns why that cannot be: nothing was done then.
    """
    policy = traffic_document.parse(version.document)
    failure = _conflict(tx, services, zone, made, policy)
    if failure is not None:
        return failure
    _look_up(tx, made, policy)
    stored = _stored(tx, zone, made, policy)
    records.put(tx, zone.id, [stored])
    announced = written.announce(tx, zone.id, [stored.key])
    opened = open_change(tx, services, caller, f"zone:{zone.id}", announced)
    traffic.put_instance(tx, replace(made, change_id=opened.id, failure=None))
    traffic.refer(tx, made)
    if policy.is_located:
        tell_located(zone.id, made.owner, made.type)
    return None


def remove(tx: Tx, made: Instance) -> None:
    """Its record set, if it is in the zone, and what is looked up for it."""
    _forget_endpoints(tx, made)
    if is_placed(tx, made):
        key = (made.owner, rdata.TYPES[made.type], "")
        records.delete(tx, made.zone_id, [key])
        traffic.dereference(tx, made)
        written.announce(tx, made.zone_id, [key])


def is_placed(tx: Tx, made: Instance) -> bool:
    """Whether its record set is in the zone; one that failed may have an older one there."""
    return any(_is_its(stored, made) for stored in records.at(tx, made.zone_id, made.owner))


def is_protected(tx: Tx, made: Instance) -> bool:
    return (made.owner, made.type) in protections.at(tx, made.zone_id, [made.owner])


def renew(tx: Tx, targets: Iterable[tuple[Name, str]]) -> dict[str, int]:
    """Writes out anew the instances with endpoints at these AWS names, which were looked up.

    Returns the zones whose contents are others now, with their new versions; who calls looks after aliases
    that were made of them.
    """
    places = {
        (row.zone_id, row.owner, row.type)
        for target, type in targets
        for row in alias_targets.of_service_name(tx, target, type)
        if row.set_id.startswith(_ENDPOINT)
    }
    versions: dict[str, int] = {}
    for zone_id, owner, type in sorted(places, key=lambda place: (place[0], sort_key(place[1]), place[2])):
        made, zone = traffic.instance_at(tx, zone_id, owner, type), zone_rows.get(tx, zone_id)
        version = None if made is None else traffic.get(tx, made.policy_id, made.policy_version)
        if made is None or zone is None or version is None or not is_placed(tx, made):
            continue
        stored = _stored(tx, zone, made, traffic_document.parse(version.document))
        if stored not in records.by_keys(tx, zone.id, [stored.key]):
            records.put(tx, zone.id, [stored])
            versions[zone.id] = zone_rows.announce(tx, zone.id, [stored.key])
    return versions


def _stored(tx: Tx, zone: HostedZone, made: Instance, policy: Policy) -> StoredSet:
    found = {id: _known(tx, made, endpoint.target) for id, endpoint in policy.endpoints.items()}
    shape = {
        "Name": names.show(made.owner),
        "Type": made.type,
        "ResourceRecords": [{"Value": UNSHOWN}],
        "TrafficPolicyInstanceId": made.id,
    }
    record = record_set(policy, made.owner, apex=zone.name, ttl=made.ttl, found=found)
    return StoredSet(record=record, type=made.type, shape=shape)


def _known(tx: Tx, made: Instance, target: Name | None) -> tuple[bytes, ...] | None:
    found = None if target is None else alias_targets.known(tx, target, made.type)
    return None if found is None else found.rdatas


def _conflict(tx: Tx, services: Services, zone: HostedZone, made: Instance, policy: Policy) -> str | None:
    """Why the record set cannot be in the zone. Texts are those of change batches."""
    at, apex = names.show(made.owner), names.show(zone.name)
    others = [stored for stored in records.at(tx, zone.id, made.owner) if not _is_its(stored, made)]
    of_type = f"RRSet of type {made.type} with DNS name {at} is not permitted"
    if made.owner == zone.name and made.type == "CNAME":
        return f"{of_type} at apex in zone {apex}"
    if any(stored.type == made.type for stored in others):
        return (
            f"RRSet with DNS name {at}, type {made.type} cannot be created as other RRSets exist with the"
            " same name and type."
        )
    if others and made.type == "CNAME":
        return f"{of_type} as it conflicts with other records with the same DNS name in zone {apex}"
    if any(stored.type == "CNAME" for stored in others):
        return (
            f"{of_type} because a conflicting RRSet of type CNAME with the same DNS name already exists"
            f" in zone {apex}"
        )
    if is_protected(tx, made):
        return f"RRSet with DNS name {at}, type {made.type} is protected."
    missing = policy.health_checks - health_checks.existing(tx, made.account_id, policy.health_checks)
    if missing:
        return f"A health check with id {min(missing)} does not exist."
    if records.count(tx, zone.id) >= services.limits.quotas.record_sets and not is_placed(tx, made):
        return f"The limit of {services.limits.quotas.record_sets} record sets in a hosted zone is reached."
    return None


def _is_its(stored: StoredSet, made: Instance) -> bool:
    return stored.shape.get("TrafficPolicyInstanceId") == made.id


# --- endpoints that are AWS services' names


def _look_up(tx: Tx, made: Instance, policy: Policy) -> None:
    """Each such endpoint gets a row of its own, for which its name is looked up now and then."""
    rows = [
        OutwardAlias(
            zone_id=made.zone_id,
            owner=made.owner,
            type=made.type,
            set_id=f"{_ENDPOINT}{id}",
            target_zone_id=None,
            target=endpoint.target,
            found=alias_targets.known(tx, endpoint.target, made.type) or Found(),
        )
        for id, endpoint in policy.endpoints.items()
        if endpoint.target is not None
    ]
    _forget_endpoints(tx, made)  # after what it knew was read
    alias_targets.put(tx, rows)


def _forget_endpoints(tx: Tx, made: Instance) -> None:
    its = alias_targets.at(tx, made.zone_id, made.owner, made.type)
    rtype = rdata.TYPES[made.type]
    alias_targets.delete(
        tx, made.zone_id, [(made.owner, rtype, set_id) for set_id in its if set_id.startswith(_ENDPOINT)]
    )
