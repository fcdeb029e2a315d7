"""Record sets between the API's shape, the store's rows and the values that are decided on."""

from collections.abc import Mapping
from typing import Any

from seal53.store.records import StoredSet
from seal53.zones import names
from seal53.zones.recordset import AliasTarget, ZoneSet


def stored_set(held: ZoneSet) -> StoredSet:
    """What is stored of a record set, with the ResourceRecordSet that lists return."""
    shape: dict[str, Any] = {"Name": names.show(held.owner), "Type": held.type}
    if held.record.set_id:
        shape["SetIdentifier"] = held.record.set_id
    if held.alias is not None:
        shape["AliasTarget"] = {
            "HostedZoneId": held.alias.zone_id,
            "DNSName": held.alias.name,
            "EvaluateTargetHealth": held.alias.evaluate_health,
        }
    else:
        shape["TTL"] = held.record.ttl
        shape["ResourceRecords"] = [{"Value": value} for value in held.values]
    return StoredSet(record=held.record, type=held.type, shape=shape)


def zone_set(stored: StoredSet) -> ZoneSet:
    """The value of a stored record set: `stored_set` backwards."""
    alias = stored.shape.get("AliasTarget")
    return ZoneSet(
        record=stored.record,
        type=stored.type,
        values=tuple(item["Value"] for item in stored.shape.get("ResourceRecords", ())),
        alias=None if alias is None else alias_target(alias),
    )


def alias_target(shape: Mapping[str, Any]) -> AliasTarget:
    return AliasTarget(
        # clients do not strip the prefix here, as they do elsewhere
        zone_id=shape["HostedZoneId"].removeprefix("/hostedzone/"),
        name=shape["DNSName"],
        evaluate_health=shape["EvaluateTargetHealth"],
    )
