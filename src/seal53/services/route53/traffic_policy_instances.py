"""Amazon Route 53: traffic policy instances, each a version of a policy at one name of a hosted zone.

An instance is one record set of the zone, written out by its policy's rules; lists show it as Route 53 does,
with the instance's id and without its contents, and only operations here change it. It is Creating until
every name server serves the record set. What cannot be put into the zone is Failed with the reason, and
leaves the zone as it was.
Source: Route 53 API, 2013-04-01; developer guide, "Using traffic flow". Not for: what a policy says, how
record sets are chosen.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53 import traffic_placing
from seal53.services.route53.paging import page_size
from seal53.services.route53.traffic_policies import living_policy, own_policy
from seal53.services.route53.zones import own_zone
from seal53.store import Tx, changes, traffic
from seal53.store import zones as zone_rows
from seal53.store.traffic import Instance
from seal53.zones import listing, names

LOCATION = "https://route53.amazonaws.com/2013-04-01/trafficpolicyinstance/{}"


def own_instance(tx: Tx, instance_id: str, caller: Caller) -> Instance:
    """The caller's instance. Raises NoSuchTrafficPolicyInstance, also for another account's."""
    made = traffic.instance(tx, instance_id)
    if made is None or made.account_id != caller.account_id:
        raise AwsFault(
            "NoSuchTrafficPolicyInstance", f"No traffic policy instance found with ID: {instance_id}"
        )
    return made


def create_traffic_policy_instance(services: Services, request: Request, caller: Caller) -> Response:
    owner = names.parse(request["Name"])
    with services.store.write() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        version = living_policy(tx, request["TrafficPolicyId"], request["TrafficPolicyVersion"], caller)
        if not owner.is_at_or_below(zone.name):
            raise AwsFault(
                "InvalidInput",
                f"RRSet with DNS name {names.show(owner)} is not permitted in zone {names.show(zone.name)}",
            )
        if traffic.instance_at(tx, zone.id, owner, version.type) is not None:
            raise AwsFault(
                "TrafficPolicyInstanceAlreadyExists",
                f"There is a traffic policy instance of type {version.type} with the DNS name"
                f" {names.show(owner)} in the hosted zone {zone.id}.",
            )
        most = services.limits.quotas.traffic_policy_instances
        if traffic.count_instances(tx, caller.account_id) >= most:
            raise AwsFault(
                "TooManyTrafficPolicyInstances",
                f"The limit of {most} traffic policy instances of an account is reached.",
            )
        made = Instance(
            id=services.ids.uuid(),
            account_id=caller.account_id,
            zone_id=zone.id,
            owner=owner,
            type=version.type,
            ttl=request["TTL"],
            policy_id=version.id,
            policy_version=version.version,
            change_id="",
            created_at=caller.now,
        )
        failure = traffic_placing.place(tx, services, caller, zone, made, version)
        if failure is not None:
            traffic.put_instance(tx, replace(made, failure=failure))
        shape = _instance(tx, own_instance(tx, made.id, caller))
    return {"TrafficPolicyInstance": shape, "Location": LOCATION.format(made.id)}


def get_traffic_policy_instance(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"TrafficPolicyInstance": _instance(tx, own_instance(tx, request["Id"], caller))}


def update_traffic_policy_instance(services: Services, request: Request, caller: Caller) -> Response:
    """What was served stays served until the new record set takes its place, and when it cannot."""
    with services.store.write() as tx:
        made = own_instance(tx, request["Id"], caller)
        version = living_policy(tx, request["TrafficPolicyId"], request["TrafficPolicyVersion"], caller)
        if version.type != made.type:
            raise AwsFault(
                "ConflictingTypes",
                f"The traffic policy instance has the type {made.type}, and version {version.version} of the"
                f" traffic policy {version.id} has the type {version.type}.",
            )
        zone = zone_rows.get(tx, made.zone_id)
        assert zone is not None  # it cannot be deleted meanwhile
        _refuse_protected(tx, made)
        wanted = replace(made, ttl=request["TTL"], policy_id=version.id, policy_version=version.version)
        failure = traffic_placing.place(tx, services, caller, zone, wanted, version)
        if failure is not None:
            # what is served is what is shown
            kept = made if traffic_placing.is_placed(tx, made) else wanted
            traffic.put_instance(tx, replace(kept, failure=failure))
        shape = _instance(tx, own_instance(tx, made.id, caller))
    return {"TrafficPolicyInstance": shape}


def delete_traffic_policy_instance(services: Services, request: Request, caller: Caller) -> Response:
    """With its record set."""
    with services.store.write() as tx:
        made = own_instance(tx, request["Id"], caller)
        _refuse_protected(tx, made)
        traffic.delete_instance(tx, made.id)
        traffic_placing.remove(tx, made)
    return {}


def get_traffic_policy_instance_count(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"TrafficPolicyInstanceCount": traffic.count_instances(tx, caller.account_id)}


def list_traffic_policy_instances(services: Services, request: Request, caller: Caller) -> Response:
    """By hosted zone, name and type; markers name the first one of a page."""
    with services.store.read() as tx:
        start = _marked(tx, request, caller, request.get("HostedZoneIdMarker"), "HostedZoneIdMarker")
        return _listed(tx, request, caller, start, of_zones=True)


def list_traffic_policy_instances_by_hosted_zone(
    services: Services, request: Request, caller: Caller
) -> Response:
    with services.store.read() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        begins = any(request.get(f"TrafficPolicyInstance{part}Marker") for part in ("Name", "Type"))
        start = _marked(tx, request, caller, zone.id if begins else None, "HostedZoneId")
        return _listed(tx, request, caller, start, of_zones=False, zone_id=zone.id)


def list_traffic_policy_instances_by_policy(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        policy = own_policy(tx, request["TrafficPolicyId"], request["TrafficPolicyVersion"], caller)
        start = _marked(tx, request, caller, request.get("HostedZoneIdMarker"), "HostedZoneIdMarker")
        return _listed(tx, request, caller, start, of_zones=True, policy=(policy.id, policy.version))


OPERATIONS: dict[str, Operation] = {
    "CreateTrafficPolicyInstance": create_traffic_policy_instance,
    "GetTrafficPolicyInstance": get_traffic_policy_instance,
    "UpdateTrafficPolicyInstance": update_traffic_policy_instance,
    "DeleteTrafficPolicyInstance": delete_traffic_policy_instance,
    "GetTrafficPolicyInstanceCount": get_traffic_policy_instance_count,
    "ListTrafficPolicyInstances": list_traffic_policy_instances,
    "ListTrafficPolicyInstancesByHostedZone": list_traffic_policy_instances_by_hosted_zone,
    "ListTrafficPolicyInstancesByPolicy": list_traffic_policy_instances_by_policy,
}


def _refuse_protected(tx: Tx, made: Instance) -> None:
    if traffic_placing.is_protected(tx, made):
        raise AwsFault(
            "InvalidInput",
            f"RRSet with DNS name {names.show(made.owner)}, type {made.type} is protected against changes.",
        )


def _instance(tx: Tx, made: Instance) -> dict[str, Any]:
    return {
        "Id": made.id,
        "HostedZoneId": made.zone_id,
        "Name": names.show(made.owner),
        "TTL": made.ttl,
        "State": _state(tx, made),
        "Message": made.failure or "",
        "TrafficPolicyId": made.policy_id,
        "TrafficPolicyVersion": made.policy_version,
        "TrafficPolicyType": made.type,
    }


def _state(tx: Tx, made: Instance) -> str:
    if made.failure is not None:
        return "Failed"
    change = changes.get(tx, made.change_id)
    return "Creating" if change is not None and change.insync_at is None else "Applied"


def _marked(tx: Tx, request: Request, caller: Caller, zone_id: str | None, member: str) -> Instance | None:
    """The instance that a page begins with; None: the first. Raises NoSuchTrafficPolicyInstance."""
    name, type = (request.get(f"TrafficPolicyInstance{part}Marker") for part in ("Name", "Type"))
    if zone_id is None and name is None and type is None:
        return None
    if zone_id is None or name is None or type is None:
        raise AwsFault(
            "InvalidInput",
            f"{member}, TrafficPolicyInstanceNameMarker and TrafficPolicyInstanceTypeMarker can only be"
            " sent together",
        )
    found = traffic.instance_at(tx, zone_id, names.parse(name), type)
    if found is None or found.account_id != caller.account_id:
        raise AwsFault(
            "NoSuchTrafficPolicyInstance",
            f"No traffic policy instance found with the name {name} and the type {type} in the hosted zone"
            f" {zone_id}",
        )
    return found


def _listed(
    tx: Tx,
    request: Request,
    caller: Caller,
    start: Instance | None,
    *,
    of_zones: bool,
    zone_id: str | None = None,
    policy: tuple[str, int] | None = None,
) -> Mapping[str, Any]:
    """One page; `of_zones`: its marker names the hosted zone too."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE)
    found = traffic.instances(
        tx,
        caller.account_id,
        zone_id=zone_id,
        policy=policy,
        start=None if start is None else start.place,
        limit=limit + 1,
    )
    response: dict[str, Any] = {
        "TrafficPolicyInstances": [_instance(tx, made) for made in found[:limit]],
        "IsTruncated": len(found) > limit,
        "MaxItems": str(limit),
    }
    if len(found) > limit:
        following = found[limit]
        response |= {"HostedZoneIdMarker": following.zone_id} if of_zones else {}
        response |= {
            "TrafficPolicyInstanceNameMarker": names.show(following.owner),
            "TrafficPolicyInstanceTypeMarker": following.type,
        }
    return response
