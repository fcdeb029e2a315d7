"""Amazon Route 53: changing and listing a zone's record sets.

The shapes of the API end here: `zones.change` gets values and the facts that it must know, and decides. What
a list returns is what was typed, with names in Route 53's own form.
Not for: lengths, ranges and enumerations, which the gateway checks against the service model.
Source: Route 53 API, 2013-04-01.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from seal53.core import Name
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.quotas import Quotas
from seal53.services.route53 import written, zones
from seal53.services.route53.changes import change_info, open_change
from seal53.services.route53.geolocations import tell_located
from seal53.services.route53.paging import page_size
from seal53.services.route53.shapes import change_of, stored_set, zone_set
from seal53.store import Tx, cidr, health_checks, protections, records, references
from seal53.store import zones as zone_rows
from seal53.store.records import Key
from seal53.store.references import Reference
from seal53.store.zones import HostedZone
from seal53.zones import aliases, batch, change, listing, names, rdata, routing
from seal53.zones.aliases import Elsewhere, OtherZone
from seal53.zones.batch import Batch, Limits
from seal53.zones.change import Edit, Facts, Zone
from seal53.zones.recordset import ZoneSet
from seal53.zones.service_names import is_service_name


def change_resource_record_sets(services: Services, request: Request, caller: Caller) -> Response:
    """Applies a whole batch, or nothing of it."""
    given = request["ChangeBatch"]
    wanted = [change_of(item) for item in given["Changes"]]
    limits = _limits(services.limits.quotas)
    with services.store.write() as tx:
        zone = zones.own_zone(tx, request["HostedZoneId"], caller)
        batch.check(wanted, limits)
        read = batch.read(wanted)
        present = _present(tx, zone.id, read)
        edit = change.decide(
            Zone(id=zone.id, apex=zone.name, is_private=zone.is_private),
            read,
            present,
            limits=limits,
            facts=_facts(tx, zone, read),
        )
        edit = written.write_out(tx, zone, edit, present)
        touched = _store(tx, zone.id, edit, present)
        version = written.announce(tx, zone.id, touched)
        opened = open_change(tx, services, caller, f"zone:{zone.id}", version, comment=given.get("Comment"))
    _tell_located(zone.id, edit, present)
    return {"ChangeInfo": change_info(opened)}


def list_resource_record_sets(services: Services, request: Request, caller: Caller) -> Response:
    """In listing order from a place on, taken or not. A PENDING change is visible."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_RECORD_PAGE)
    start = _start(request)
    with services.store.read() as tx:
        zone = zones.own_zone(tx, request["HostedZoneId"], caller)
        found, following = records.shapes(tx, zone.id, start, limit)
    response: dict[str, Any] = {
        "ResourceRecordSets": found,
        "IsTruncated": following is not None,
        "MaxItems": str(limit),
    }
    if following is not None:
        response["NextRecordName"] = names.show(following.name)
        response["NextRecordType"] = following.type
        if following.set_id:
            response["NextRecordIdentifier"] = following.set_id
    return response


OPERATIONS: dict[str, Operation] = {
    "ChangeResourceRecordSets": change_resource_record_sets,
    "ListResourceRecordSets": list_resource_record_sets,
}


# --- what a batch must know


def _limits(quotas: Quotas) -> Limits:
    return Limits(
        batch_records=quotas.batch_records,
        batch_characters=quotas.batch_characters,
        values=quotas.values,
        sets_of_one_name=quotas.sets_of_one_name,
        record_sets=quotas.record_sets,
    )


def _present(tx: Tx, zone_id: str, read: Batch) -> list[ZoneSet]:
    """The record sets that the batch may meet: at its names, and on from there along aliases."""
    present: list[ZoneSet] = []
    seen: set[Name] = set()
    more: Iterable[Name] = read.owners(zone_id)
    while more:
        seen.update(more)
        present += map(zone_set, records.at_owners(tx, zone_id, more))
        more = batch.further(read, zone_id, present, seen)
    return present


def _facts(tx: Tx, zone: HostedZone, read: Batch) -> Facts:
    """Raises NoSuchHealthCheck."""
    _require_health_checks(tx, zone, read.health_checks)
    targets = read.targets(zone.id)
    return Facts(
        elsewhere=_elsewhere(tx, zone, targets) if targets else aliases.NOWHERE,
        cidr=_existing_locations(tx, zone, read.cidr),
        protected=protections.at(tx, zone.id, read.owners(zone.id)),
        record_count=zone.record_count,
    )


def _require_health_checks(tx: Tx, zone: HostedZone, wanted: Sequence[str]) -> None:
    """Another account's is none: DNS answers would tell its status."""
    if not wanted:
        return
    existing = health_checks.existing(tx, zone.account_id or "", wanted)
    for id in wanted:
        if id not in existing:
            raise AwsFault("NoSuchHealthCheck", f"A health check with id {id} does not exist.")


def _elsewhere(tx: Tx, zone: HostedZone, targets: Iterable[tuple[str, Name]]) -> Elsewhere:
    """A zone of another account is as if it were nowhere, and no service's either."""
    wanted: dict[str, set[Name]] = {}
    for zone_id, target in targets:
        wanted.setdefault(zone_id, set()).add(target)
    found: dict[str, OtherZone] = {}
    services: set[tuple[str, Name]] = set()
    for zone_id, names_there in wanted.items():
        other = zone_rows.get(tx, zone_id)
        if other is None:
            services |= {(zone_id, name) for name in names_there if is_service_name(zone_id, name)}
        elif other.account_id == zone.account_id:
            types: dict[Name, set[str]] = {}
            for stored in records.at_owners(tx, zone_id, names_there):
                types.setdefault(stored.record.owner, set()).add(stored.type)
            found[zone_id] = OtherZone(
                apex=other.name,
                is_private=other.is_private,
                types={name: frozenset(there) for name, there in types.items()},
            )
    return Elsewhere(zones=found, services=frozenset(services))


def _existing_locations(
    tx: Tx, zone: HostedZone, wanted: Iterable[tuple[str, str]]
) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for collection_id, location in wanted:
        collection = cidr.get(tx, collection_id)
        if collection is not None and collection.account_id == zone.account_id:
            found.add((collection_id, routing.DEFAULT_LOCATION))
            if cidr.has_location(tx, collection_id, location):
                found.add((collection_id, location))
    return frozenset(found)


# --- what is written


def _store(tx: Tx, zone_id: str, edit: Edit, present: Iterable[ZoneSet]) -> list[Key]:
    """Writes what was decided, with its references; the keys that were touched, deletions first."""
    before = {_row_key(held): held for held in present}
    deletes = [(owner, rdata.TYPES[rtype], set_id) for owner, rtype, set_id in edit.deletes]
    puts = {_row_key(held): held for held in edit.puts}
    touched = [*deletes, *puts]
    replaced = puts.keys() & before.keys()
    references.delete(
        tx, zone_id, [key for key in touched if key in before and _references(key, before[key])]
    )
    records.delete(tx, zone_id, deletes)
    records.put(tx, zone_id, list(map(stored_set, puts.values())), replaced=replaced)
    references.put(tx, zone_id, [reference for item in puts.items() for reference in _references(*item)])
    return touched


def _row_key(held: ZoneSet) -> Key:
    return held.record.owner, held.record.rtype, held.record.set_id


def _references(key: Key, held: ZoneSet) -> list[Reference]:
    found: list[Reference] = []
    if held.health_check is not None:
        found.append(Reference(key, references.HEALTH, held.health_check))
    if isinstance(held.policy, routing.CidrBlocks):
        target = f"{held.policy.collection_id}/{held.policy.location}"
        found.append(Reference(key, references.CIDR, target))
    return found


def _tell_located(zone_id: str, edit: Edit, present: Iterable[ZoneSet]) -> None:
    """Each record set once whose answers should depend on where a client is, and do not."""
    located = [held for held in edit.puts if isinstance(held.policy, routing.LOCATED)]
    if located:
        told = {held.key for held in present if isinstance(held.policy, routing.LOCATED)}
        for held in located:
            if held.key not in told:
                tell_located(zone_id, *held.key)


# --- where a list begins


def _start(request: Request) -> listing.Position | None:
    name, rtype, set_id = (
        request.get(member) for member in ("StartRecordName", "StartRecordType", "StartRecordIdentifier")
    )
    if rtype is not None and name is None:
        raise AwsFault("InvalidInput", "StartRecordType can be sent only together with StartRecordName")
    if set_id is not None and rtype is None:
        raise AwsFault(
            "InvalidInput",
            "StartRecordIdentifier can be sent only together with StartRecordName and StartRecordType",
        )
    if name is None:
        return None
    return listing.Position(name=names.parse(name), type=rtype or "", set_id=set_id or "")
