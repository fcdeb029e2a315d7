"""Record sets between the API's shape, the store's rows and the values that are decided on."""

from collections.abc import Mapping
from typing import Any

from seal53.store.records import StoredSet
from seal53.zones import names, routing
from seal53.zones.recordset import Action, AliasTarget, Change, Given, ZoneSet


def change_of(item: Mapping[str, Any]) -> Change:
    """What is asked for by a Change of the API."""
    shape = item["ResourceRecordSet"]
    values = shape.get("ResourceRecords")
    alias = shape.get("AliasTarget")
    sent = routing.sent(shape)
    return Change(
        action=Action(item["Action"]),
        given=Given(
            name=shape["Name"],
            type=shape["Type"],
            set_id=shape.get("SetIdentifier"),
            ttl=shape.get("TTL"),
            values=None if values is None else tuple([record["Value"] for record in values]),
            alias=None if alias is None else alias_target(alias),
            sent=sent,
            policy=routing.from_shape(shape) if sent else None,
            health_check=shape.get("HealthCheckId"),
            instance=shape.get("TrafficPolicyInstanceId"),
        ),
    )


def stored_set(held: ZoneSet) -> StoredSet:
    """What is stored of a record set, with the ResourceRecordSet that lists return."""
    record = held.record
    shape: dict[str, Any] = {"Name": names.show(held.owner), "Type": held.type}
    if record.set_id:
        shape["SetIdentifier"] = record.set_id
    if held.policy is not None:
        shape.update(routing.to_shape(held.policy))
    if held.alias is not None:
        shape["AliasTarget"] = {
            "HostedZoneId": held.alias.zone_id,
            "DNSName": held.alias.name,
            "EvaluateTargetHealth": held.alias.evaluate_health,
        }
    else:
        shape["TTL"] = record.ttl
        shape["ResourceRecords"] = [{"Value": value} for value in held.values]
    if record.health_check is not None:
        shape["HealthCheckId"] = record.health_check
    return StoredSet(record=record, type=held.type, shape=shape)


def zone_set(stored: StoredSet) -> ZoneSet:
    """The value of a stored record set: `stored_set` backwards, also for what traffic policies made."""
    shape = stored.shape
    alias = shape.get("AliasTarget")
    return ZoneSet(
        record=stored.record,
        type=stored.type,
        values=tuple([item["Value"] for item in shape.get("ResourceRecords", ())]),
        alias=None if alias is None else alias_target(alias),
        policy=routing.from_shape(shape) if stored.record.set_id else None,
        instance=shape.get("TrafficPolicyInstanceId"),
    )


def alias_target(shape: Mapping[str, Any]) -> AliasTarget:
    return AliasTarget(
        # clients do not strip the prefix here, as they do elsewhere
        zone_id=shape["HostedZoneId"].removeprefix("/hostedzone/"),
        name=shape["DNSName"],
        evaluate_health=shape["EvaluateTargetHealth"],
    )
