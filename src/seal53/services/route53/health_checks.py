"""Amazon Route 53: health checks, their configuration and the status that is known of them.

Nobody probes endpoints from here: a status is stored by the operator (`seal53 health set`), and what of it
matters to name servers is derived and sent at once. Observations are shown as if one checker in each region
had made them.
Source: Route 53 API, 2013-04-01; developer guide, "Creating Amazon Route 53 health checks". Not for: which
record set is chosen, or a check's tags.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.paging import marked_page, page_size
from seal53.store import Tx, health_checks, outbox, routing, tags
from seal53.store.health_checks import HealthCheck
from seal53.zones import health, health_config, listing

LOCATION = "https://route53.amazonaws.com/2013-04-01/healthcheck/{}"

# RFC 5737 §3: TEST-NET-1, for documentation. Nothing ever comes from there, so that a firewall that is opened
# for what is listed here is opened for nobody.
CHECKERS = "192.0.2.0/24"
_CHECKER = {region: f"192.0.2.{10 * n}" for n, region in enumerate(health_config.REGIONS, 1)}

_SUCCESS = "Success: HTTP Status Code 200, OK"
_UNKNOWN = "No status was reported yet, and the health check counts as {}"


def own_check(tx: Tx, check_id: str, caller: Caller) -> HealthCheck:
    """The caller's health check. Raises NoSuchHealthCheck, also for another account's."""
    check = health_checks.get(tx, check_id)
    if check is None or check.account_id != caller.account_id:
        raise AwsFault("NoSuchHealthCheck", f"A health check with id {check_id} does not exist.")
    return check


def announce(tx: Tx) -> int:
    """Name servers must learn what routed record sets are chosen by; returns the version to wait for."""
    version = routing.bump(tx)
    outbox.append(tx, routing.SUBJECT, version, "routing")
    return version


def create_health_check(services: Services, request: Request, caller: Caller) -> Response:
    """The same reference and settings again: the check that is there."""
    reference = request["CallerReference"]
    config = health_config.complete(request["HealthCheckConfig"])
    with services.store.write() as tx:
        check = health_checks.with_reference(tx, caller.account_id, reference)
        if check is None:
            check = _create(tx, services, caller, reference, config)
        elif check.deleted_at is not None or dict(check.config) != config:
            raise AwsFault(
                "HealthCheckAlreadyExists",
                "A different health check has already been created with the specified caller reference.",
            )
    return {"HealthCheck": _health_check(check), "Location": LOCATION.format(check.id)}


def _create(
    tx: Tx, services: Services, caller: Caller, reference: str, config: Mapping[str, Any]
) -> HealthCheck:
    _check_children(tx, services, caller, config)
    most = services.limits.quotas.health_checks
    if health_checks.count_of(tx, caller.account_id) >= most:
        raise AwsFault("TooManyHealthChecks", f"The limit of {most} health checks of an account is reached.")
    check = HealthCheck(
        id=services.ids.uuid(),
        account_id=caller.account_id,
        caller_reference=reference,
        config=config,
        created_at=caller.now,
    )
    health_checks.insert(tx, check)
    announce(tx)
    return check


def _check_children(tx: Tx, services: Services, caller: Caller, config: Mapping[str, Any]) -> None:
    children = config.get("ChildHealthChecks", ())
    most = services.limits.quotas.health_check_children
    if len(children) > most:
        raise AwsFault("InvalidInput", f"A calculated health check has at most {most} child health checks.")
    for child_id in children:
        child = health_checks.get(tx, child_id)
        if child is None or child.account_id != caller.account_id:
            raise AwsFault("InvalidInput", f"The child health check {child_id} does not exist.")
        if child.type == "CALCULATED":
            raise AwsFault(
                "InvalidInput",
                f"The child health check {child_id} is calculated: a calculated health check cannot monitor"
                " other calculated health checks.",
            )


def get_health_check(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"HealthCheck": _health_check(own_check(tx, request["HealthCheckId"], caller))}


def get_health_check_count(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"HealthCheckCount": health_checks.count_of(tx, caller.account_id)}


def list_health_checks(services: Services, request: Request, caller: Caller) -> Response:
    """By id; a marker is the first id of the next page."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE)
    start_id = request.get("Marker") or ""
    with services.store.read() as tx:
        found = health_checks.page(tx, caller.account_id, start_id=start_id, limit=limit + 1)
    return marked_page(request, limit, "HealthChecks", found, _health_check)


def update_health_check(services: Services, request: Request, caller: Caller) -> Response:
    """Members that are not sent stay; type, interval and latency measurement cannot be sent."""
    changes = {
        member: value
        for member, value in request.items()
        if member not in ("HealthCheckId", "HealthCheckVersion", "ResetElements")
    }
    with services.store.write() as tx:
        check = own_check(tx, request["HealthCheckId"], caller)
        given = request.get("HealthCheckVersion")
        if given is not None and given != check.version:
            raise AwsFault(
                "HealthCheckVersionMismatch",
                f"The health check is at version {check.version}, and the request is for version {given}.",
            )
        config = health_config.updated(check.config, changes, request.get("ResetElements") or ())
        _check_children(tx, services, caller, config)
        check = replace(check, config=config, version=check.version + 1)
        health_checks.configure(tx, check.id, check.config, check.version)
        announce(tx)
    return {"HealthCheck": _health_check(check)}


def delete_health_check(services: Services, request: Request, caller: Caller) -> Response:
    """Record sets that name it stay, and count as healthy."""
    with services.store.write() as tx:
        check = own_check(tx, request["HealthCheckId"], caller)
        parents = health_checks.parents_of(tx, check.id)
        if parents:
            raise AwsFault(
                "HealthCheckInUse",
                f"The health check {check.id} is a child of the calculated health check {parents[0].id}.",
            )
        health_checks.delete(tx, check.id, caller.now)
        tags.drop(tx, f"healthcheck/{check.id}")
        announce(tx)
    return {}


# --- status


def get_health_check_status(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        check = _observed(tx, request["HealthCheckId"], caller, "status")
    at = check.created_at if check.status_at is None else check.status_at
    return {"HealthCheckObservations": _observations(check, _report(check), at)}


def get_health_check_last_failure_reason(services: Services, request: Request, caller: Caller) -> Response:
    """Empty for a check that never failed."""
    with services.store.read() as tx:
        check = _observed(tx, request["HealthCheckId"], caller, "last failure reason")
    if check.failed_at is None:
        return {"HealthCheckObservations": []}
    return {"HealthCheckObservations": _observations(check, _failure(check), check.failed_at)}


def _observed(tx: Tx, check_id: str, caller: Caller, what: str) -> HealthCheck:
    check = own_check(tx, check_id, caller)
    if check.type == "CALCULATED":
        raise AwsFault("InvalidInput", f"The {what} of a calculated health check cannot be asked for.")
    return check


def _report(check: HealthCheck) -> str:
    """What checkers see, before Disabled and Inverted: every text begins with Success or Failure."""
    if check.healthy is None:
        seen = health.statuses({"": replace(check.check, disabled=False, inverted=False)})[""]
        return f"{'Success' if seen else 'Failure'}: {_UNKNOWN.format('healthy' if seen else 'unhealthy')}"
    if not check.healthy:
        return _failure(check)
    return _SUCCESS if check.type.startswith("HTTP") else "Success"


def _failure(check: HealthCheck) -> str:
    return f"Failure: {check.reason or 'The endpoint was reported as unhealthy'}"


def _observations(check: HealthCheck, report: str, at: int) -> list[dict[str, Any]]:
    return [
        {
            "Region": region,
            "IPAddress": _CHECKER[region],
            "StatusReport": {"Status": report, "CheckedTime": datetime.fromtimestamp(at, UTC)},
        }
        for region in check.config.get("Regions") or health_config.REGIONS
    ]


def get_checker_ip_ranges(services: Services, request: Request, caller: Caller) -> Response:
    return {"CheckerIpRanges": [CHECKERS]}


OPERATIONS: dict[str, Operation] = {
    "CreateHealthCheck": create_health_check,
    "GetHealthCheck": get_health_check,
    "GetHealthCheckCount": get_health_check_count,
    "ListHealthChecks": list_health_checks,
    "UpdateHealthCheck": update_health_check,
    "DeleteHealthCheck": delete_health_check,
    "GetHealthCheckStatus": get_health_check_status,
    "GetHealthCheckLastFailureReason": get_health_check_last_failure_reason,
    "GetCheckerIpRanges": get_checker_ip_ranges,
}


def _health_check(check: HealthCheck) -> dict[str, Any]:
    return {
        "Id": check.id,
        "CallerReference": check.caller_reference,
        "HealthCheckConfig": dict(check.config),
        "HealthCheckVersion": check.version,
    }
