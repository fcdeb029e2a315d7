"""Amazon Route 53: how much of what an account, a hosted zone or a delegation set may have, and has.

The numbers are the profile's (`services.quotas`). Not for: enforcing them, which the operations do that make
things. Source: Route 53 API, 2013-04-01.
"""

from collections.abc import Callable

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.quotas import Quotas
from seal53.services.route53.delegation_sets import own_hold
from seal53.services.route53.zones import own_zone
from seal53.store import Tx, delegation_sets, health_checks, traffic
from seal53.store import zones as zone_rows

_OF_ACCOUNT: dict[str, tuple[Callable[[Quotas], int], Callable[[Tx, str], int]]] = {
    "MAX_HEALTH_CHECKS_BY_OWNER": (lambda quotas: quotas.health_checks, health_checks.count_of),
    "MAX_HOSTED_ZONES_BY_OWNER": (lambda quotas: quotas.hosted_zones, zone_rows.count_of),
    "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": (
        lambda quotas: quotas.delegation_sets,
        delegation_sets.count_holds,
    ),
    "MAX_TRAFFIC_POLICIES_BY_OWNER": (lambda quotas: quotas.traffic_policies, traffic.count_of),
    "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": (
        lambda quotas: quotas.traffic_policy_instances,
        traffic.count_instances,
    ),
}


def get_account_limit(services: Services, request: Request, caller: Caller) -> Response:
    quota, count = _OF_ACCOUNT.get(request["Type"], (None, None))
    if quota is None or count is None:
        raise _unknown(request["Type"], list(_OF_ACCOUNT))
    with services.store.read() as tx:
        return _limit(request["Type"], quota(services.limits.quotas), count(tx, caller.account_id))


def get_hosted_zone_limit(services: Services, request: Request, caller: Caller) -> Response:
    kind, quotas = request["Type"], services.limits.quotas
    with services.store.read() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        if kind == "MAX_RRSETS_BY_ZONE":
            return _limit(kind, quotas.record_sets, zone.record_count)
        if kind != "MAX_VPCS_ASSOCIATED_BY_ZONE":
            raise _unknown(kind, ["MAX_RRSETS_BY_ZONE", "MAX_VPCS_ASSOCIATED_BY_ZONE"])
        if not zone.is_private:
            raise AwsFault(
                "HostedZoneNotPrivate",
                "The specified hosted zone is a public hosted zone, not a private hosted zone.",
            )
        return _limit(kind, quotas.vpcs, zone_rows.count_vpcs(tx, zone.id))


def get_reusable_delegation_set_limit(services: Services, request: Request, caller: Caller) -> Response:
    kind = request["Type"]
    if kind != "MAX_ZONES_BY_REUSABLE_DELEGATION_SET":
        raise _unknown(kind, ["MAX_ZONES_BY_REUSABLE_DELEGATION_SET"])
    with services.store.read() as tx:
        held = own_hold(tx, caller, request["DelegationSetId"])
        count = zone_rows.count_on_set(tx, held.set.id, caller.account_id)
    return _limit(kind, services.limits.quotas.zones_of_delegation_set, count)


OPERATIONS: dict[str, Operation] = {
    "GetAccountLimit": get_account_limit,
    "GetHostedZoneLimit": get_hosted_zone_limit,
    "GetReusableDelegationSetLimit": get_reusable_delegation_set_limit,
}


def _limit(kind: str, value: int, count: int) -> Response:
    return {"Limit": {"Type": kind, "Value": value}, "Count": count}


def _unknown(kind: str, known: list[str]) -> AwsFault:
    return AwsFault(
        "InvalidInput",
        f"1 validation error detected: Value '{kind}' at 'type' failed to satisfy constraint: Member must"
        f" satisfy enum value set: [{', '.join(known)}]",
    )
