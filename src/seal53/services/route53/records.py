"""Amazon Route 53: changing and listing a zone's record sets.

The shapes of the API end here: `zones.change` gets values and decides. What a list returns is what was
typed, with names in Route 53's own form.
Source: Route 53 API, 2013-04-01.
"""

from collections.abc import Mapping
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53 import zones
from seal53.services.route53.changes import change_info
from seal53.services.route53.paging import page_size
from seal53.services.route53.shapes import alias_target, stored_set, zone_set
from seal53.store import changes, outbox, records
from seal53.store import zones as zone_rows
from seal53.zones import change, listing, names, rdata
from seal53.zones.recordset import Action, Change, Given

MAX_VALUE = 4000  # the service model: characters of one Value
MAX_TTL = 2_147_483_647
UNIMPLEMENTED = ("HealthCheckId", "TrafficPolicyInstanceId")


def change_resource_record_sets(services: Services, request: Request, caller: Caller) -> Response:
    """Applies a whole batch, or nothing of it."""
    batch = request["ChangeBatch"]
    wanted = [_change(item) for item in batch["Changes"]]
    with services.store.write() as tx:
        zone = zones.own_zone(tx, request["HostedZoneId"], caller)
        change.check(wanted)
        read = change.read(change.Zone(id=zone.id, apex=zone.name), wanted)
        present = [zone_set(stored) for stored in records.at_owners(tx, zone.id, read.owners)]
        edit = change.decide(read, present)
        deletes = [(owner, rdata.TYPES[rtype], set_id) for owner, rtype, set_id in edit.deletes]
        puts = [stored_set(held) for held in edit.puts]
        records.delete(tx, zone.id, deletes)
        records.put(tx, zone.id, puts)
        version = zone_rows.bump(tx, zone.id)
        touched = [
            [owner.lower().to_wire(), rtype, set_id]
            for owner, rtype, set_id in (*deletes, *(stored.key for stored in puts))
        ]
        outbox.append(tx, f"zone:{zone.id}", version, "records", touched)
        opened = changes.open_change(
            tx,
            id=services.ids.change(),
            account_id=caller.account_id,
            subject=f"zone:{zone.id}",
            version=version,
            now=caller.now,
            comment=batch.get("Comment"),
        )
    return {"ChangeInfo": change_info(opened)}


def list_resource_record_sets(services: Services, request: Request, caller: Caller) -> Response:
    """In listing order from a place on, taken or not. A PENDING change is visible."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_RECORD_PAGE)
    start = _start(request)
    with services.store.read() as tx:
        zone = zones.own_zone(tx, request["HostedZoneId"], caller)
        found = records.page(tx, zone.id, start, limit + 1)
    response: dict[str, Any] = {
        "ResourceRecordSets": [stored.shape for stored in found[:limit]],
        "IsTruncated": len(found) > limit,
        "MaxItems": str(limit),
    }
    if len(found) > limit:
        following = found[limit].position
        response["NextRecordName"] = names.show(following.name)
        response["NextRecordType"] = following.type
        if following.set_id:
            response["NextRecordIdentifier"] = following.set_id
    return response


OPERATIONS: dict[str, Operation] = {
    "ChangeResourceRecordSets": change_resource_record_sets,
    "ListResourceRecordSets": list_resource_record_sets,
}


def _change(item: Mapping[str, Any]) -> Change:
    given = item["ResourceRecordSet"]
    values = given.get("ResourceRecords")
    ttl = given.get("TTL")
    alias = given.get("AliasTarget")
    if given["Type"] not in rdata.TYPES:
        raise AwsFault("InvalidInput", _not_in_enumeration(given["Type"], list(rdata.TYPES)))
    if item["Action"] not in Action.__members__:
        raise AwsFault("InvalidInput", _not_in_enumeration(item["Action"], ["CREATE", "DELETE", "UPSERT"]))
    if values is not None and not values:
        raise AwsFault(
            "InvalidInput",
            "Invalid XML ; cvc-complex-type.2.4.b: The content of element 'ResourceRecords' is not complete."
            " One of '{\"https://route53.amazonaws.com/doc/2013-04-01/\":ResourceRecord}' is expected.",
        )
    if ttl is not None and not 0 <= ttl <= MAX_TTL:
        raise AwsFault("InvalidInput", f"The TTL {ttl} is not between 0 and {MAX_TTL}")
    for record in values or ():
        if len(record["Value"]) > MAX_VALUE:
            raise AwsFault("InvalidInput", f"A Value has more than {MAX_VALUE} characters")
    return Change(
        action=Action(item["Action"]),
        given=Given(
            name=given["Name"],
            type=given["Type"],
            set_id=given.get("SetIdentifier"),
            ttl=ttl,
            values=None if values is None else tuple(record["Value"] for record in values),
            alias=None if alias is None else alias_target(alias),
            routing=tuple(member for member in change.ROUTING if given.get(member) is not None),
            unimplemented=tuple(member for member in UNIMPLEMENTED if given.get(member) is not None),
        ),
    )


def _not_in_enumeration(value: str, allowed: list[str]) -> str:
    return (
        f"Invalid XML ; cvc-enumeration-valid: Value '{value}' is not facet-valid with respect to enumeration"
        f" '[{', '.join(allowed)}]'. It must be a value from the enumeration."
    )


def _start(request: Request) -> listing.Position | None:
    name, rtype, set_id = (
        request.get(member) for member in ("StartRecordName", "StartRecordType", "StartRecordIdentifier")
    )
    if rtype is not None and name is None:
        raise AwsFault("InvalidInput", "StartRecordType can be sent only together with StartRecordName")
    if set_id is not None and rtype is None:
        raise AwsFault(
            "InvalidInput",
            "StartRecordIdentifier can be sent only together with StartRecordType",
        )
    if rtype is not None and rtype not in rdata.TYPES:
        raise AwsFault(
            "InvalidInput",
            f"1 validation error detected: Value '{rtype}' at 'startRecordType' failed to satisfy constraint:"
            f" Member must satisfy enum value set: [{', '.join(rdata.TYPES)}]",
        )
    if name is None:
        return None
    return listing.Position(name=names.parse(name), type=rtype or "", set_id=set_id or "")
