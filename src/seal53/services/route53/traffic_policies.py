"""Amazon Route 53: traffic policies, documents that say how traffic is routed, in numbered versions.

A document is checked when it is given; it has no effect before an instance is made of it. A deleted version
is passed over by lists and can still be read, as at AWS. Source: Route 53 API, 2013-04-01. Not for: what a
document may say (`zones.traffic_document`), instances (`traffic_policy_instances`).
"""

from dataclasses import replace
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.paging import page_size
from seal53.store import Tx, traffic
from seal53.store.traffic import Summary, TrafficPolicy
from seal53.zones import listing, traffic_document

LOCATION = "https://route53.amazonaws.com/2013-04-01/trafficpolicy/{}"


def own_policy(tx: Tx, policy_id: str, version: int, caller: Caller) -> TrafficPolicy:
    """The caller's version, deleted or not. Raises NoSuchTrafficPolicy, also for another account's."""
    policy = traffic.get(tx, policy_id, version)
    if policy is None or policy.account_id != caller.account_id:
        raise _none(f"with ID: {policy_id} and version: {version}")
    return policy


def living_policy(tx: Tx, policy_id: str, version: int, caller: Caller) -> TrafficPolicy:
    """As `own_policy`; a deleted version is not there."""
    policy = own_policy(tx, policy_id, version, caller)
    if policy.deleted_at is not None:
        raise _none(f"with ID: {policy_id} and version: {version}")
    return policy


def _living_versions(tx: Tx, policy_id: str, caller: Caller) -> list[TrafficPolicy]:
    found = traffic.versions(tx, policy_id)
    if not found or found[0].account_id != caller.account_id:
        raise _none(f"with ID: {policy_id}")
    return found


def _none(which: str) -> AwsFault:
    return AwsFault("NoSuchTrafficPolicy", f"No traffic policy found {which}")


def create_traffic_policy(services: Services, request: Request, caller: Caller) -> Response:
    document = traffic_document.parse(request["Document"])
    name = request["Name"]
    if not name:
        raise AwsFault("InvalidInput", "Name must not be empty")
    with services.store.write() as tx:
        if traffic.named(tx, caller.account_id, name):
            raise AwsFault("TrafficPolicyAlreadyExists", f"A traffic policy with the name '{name}' exists.")
        most = services.limits.quotas.traffic_policies
        if traffic.count_of(tx, caller.account_id) >= most:
            raise AwsFault(
                "TooManyTrafficPolicies", f"The limit of {most} traffic policies of an account is reached."
            )
        policy = TrafficPolicy(
            id=services.ids.uuid(),
            account_id=caller.account_id,
            name=name,
            type=document.type,
            document=request["Document"],
            comment=request.get("Comment"),
            created_at=caller.now,
        )
        traffic.insert(tx, policy)
    return {"TrafficPolicy": _policy(policy), "Location": LOCATION.format(policy.id)}


def create_traffic_policy_version(services: Services, request: Request, caller: Caller) -> Response:
    """Its record type may be another one; an instance cannot change to it then."""
    document = traffic_document.parse(request["Document"])
    with services.store.write() as tx:
        latest = _living_versions(tx, request["Id"], caller)[-1]
        version = traffic.last_version(tx, latest.id) + 1
        most = services.limits.quotas.traffic_policy_versions
        if version > most:
            raise AwsFault(
                "TooManyTrafficPolicyVersionsForCurrentPolicy",
                f"The limit of {most} versions of a traffic policy is reached.",
            )
        policy = replace(
            latest,
            version=version,
            type=document.type,
            document=request["Document"],
            comment=request.get("Comment"),
            created_at=caller.now,
        )
        traffic.insert(tx, policy)
    return {"TrafficPolicy": _policy(policy), "Location": LOCATION.format(f"{policy.id}/{policy.version}")}


def get_traffic_policy(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"TrafficPolicy": _policy(own_policy(tx, request["Id"], request["Version"], caller))}


def update_traffic_policy_comment(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        policy = living_policy(tx, request["Id"], request["Version"], caller)
        traffic.set_comment(tx, policy.id, policy.version, request["Comment"])
    return {"TrafficPolicy": _policy(replace(policy, comment=request["Comment"]))}


def delete_traffic_policy(services: Services, request: Request, caller: Caller) -> Response:
    """One version; the policy is gone with its last one."""
    with services.store.write() as tx:
        policy = living_policy(tx, request["Id"], request["Version"], caller)
        if traffic.is_used(tx, policy.id, policy.version):
            raise AwsFault("TrafficPolicyInUse", "Policy is in use for at least one instance")
        traffic.delete(tx, policy.id, policy.version, caller.now)
    return {}


def list_traffic_policies(services: Services, request: Request, caller: Caller) -> Response:
    """The latest version of each, in the order in which they were made."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE)
    marker = request.get("TrafficPolicyIdMarker")
    with services.store.read() as tx:
        found = traffic.page(tx, caller.account_id, start_id=marker, limit=limit + 1)
    response: dict[str, Any] = {
        "TrafficPolicySummaries": [_summary(summary) for summary in found[:limit]],
        "IsTruncated": len(found) > limit,
        "MaxItems": str(limit),
    }
    if len(found) > limit:
        response["TrafficPolicyIdMarker"] = found[limit].latest.id
    return response


def list_traffic_policy_versions(services: Services, request: Request, caller: Caller) -> Response:
    """By number."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE)
    marker = request.get("TrafficPolicyVersionMarker") or "1"
    if not (marker.isascii() and marker.isdigit()):
        raise AwsFault("InvalidInput", f"The value '{marker}' for TrafficPolicyVersionMarker is not a number")
    with services.store.read() as tx:
        _living_versions(tx, request["Id"], caller)
        found = traffic.versions(tx, request["Id"], start=int(marker), limit=limit + 1)
    response: dict[str, Any] = {
        "TrafficPolicies": [_policy(policy) for policy in found[:limit]],
        "IsTruncated": len(found) > limit,
        "MaxItems": str(limit),
    }
    if len(found) > limit:
        response["TrafficPolicyVersionMarker"] = str(found[limit].version)
    return response


OPERATIONS: dict[str, Operation] = {
    "CreateTrafficPolicy": create_traffic_policy,
    "CreateTrafficPolicyVersion": create_traffic_policy_version,
    "GetTrafficPolicy": get_traffic_policy,
    "UpdateTrafficPolicyComment": update_traffic_policy_comment,
    "DeleteTrafficPolicy": delete_traffic_policy,
    "ListTrafficPolicies": list_traffic_policies,
    "ListTrafficPolicyVersions": list_traffic_policy_versions,
}


def _policy(policy: TrafficPolicy) -> dict[str, Any]:
    return {
        "Id": policy.id,
        "Version": policy.version,
        "Name": policy.name,
        "Type": policy.type,
        "Document": policy.document,
        "Comment": policy.comment or None,
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "Id": summary.latest.id,
        "Name": summary.latest.name,
        "Type": summary.latest.type,
        "LatestVersion": summary.latest.version,
        "TrafficPolicyCount": summary.versions,
    }
