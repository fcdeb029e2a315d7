"""What the operator says of endpoints: a health check's status, under `/_seal53/`, as JSON.

It is the one way in which a status gets here, by hand or from a program that probes. Each account speaks for
its own health checks. Not for: Route 53's own calls (`route53.health_checks`).
"""

from typing import Any

from seal53.services.context import Caller, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.operator import INVALID
from seal53.services.route53.changes import open_change
from seal53.services.route53.health_checks import announce, own_check
from seal53.store import health_checks, routing
from seal53.store.health_checks import HealthCheck
from seal53.zones import health

REASON_MOST = 200  # characters


def set_status(services: Services, request: Request, caller: Caller) -> Response:
    """{"id", "healthy", "reason"?} -> the check; `change_id` is in sync when every name server knows."""
    unknown = sorted(set(request) - {"id", "healthy", "reason"})
    if unknown:
        raise AwsFault(INVALID, f"unknown member {unknown[0]!r}; known are healthy, id, reason")
    healthy, reason = request.get("healthy"), request.get("reason")
    if not isinstance(healthy, bool):
        raise AwsFault(INVALID, "healthy: true or false is expected")
    if reason is not None:
        if healthy:
            raise AwsFault(INVALID, "reason: only what is unhealthy has one")
        if not isinstance(reason, str) or not 0 < len(reason) <= REASON_MOST or not reason.isprintable():
            raise AwsFault(INVALID, f"reason: 1 to {REASON_MOST} printable characters are expected")
    with services.store.write() as tx:
        check = own_check(tx, str(request.get("id")), caller)
        if check.type == "CALCULATED":
            raise AwsFault(INVALID, "the status of a calculated health check is what its children make of it")
        health_checks.set_status(tx, check.id, healthy=healthy, reason=reason, now=caller.now)
        change = open_change(tx, services, caller, routing.SUBJECT, announce(tx))
        statuses = _statuses(health_checks.every(tx))
        check = own_check(tx, check.id, caller)
    return {**_shown(check, statuses), "change_id": change.id}


def list_statuses(services: Services, request: Request, caller: Caller) -> Response:
    """{} -> the caller's health checks, by id."""
    with services.store.read() as tx:
        checks = health_checks.every(tx)
    statuses = _statuses(checks)
    return {
        "health_checks": [
            _shown(check, statuses) for check in checks if check.account_id == caller.account_id
        ]
    }


def _statuses(checks: list[HealthCheck]) -> dict[str, bool]:
    return health.statuses({check.id: check.check for check in checks})


def _shown(check: HealthCheck, statuses: dict[str, bool]) -> dict[str, Any]:
    """`healthy` is what name servers go by; `reported` what was said, null when nobody has."""
    return {
        "id": check.id,
        "type": check.type,
        "endpoint": _endpoint(check),
        "healthy": statuses[check.id],
        "reported": check.healthy,
        "reported_at": check.status_at,
        "reason": check.reason if check.healthy is False else None,
    }


def _endpoint(check: HealthCheck) -> str:
    """What it is about, for people."""
    config = check.config
    if check.type == "CALCULATED":
        return f"{config['HealthThreshold']} of {len(check.children)} health checks"
    if check.type == "CLOUDWATCH_METRIC":
        return str(config["AlarmIdentifier"]["Name"])
    if check.type == "RECOVERY_CONTROL":
        return str(config["RoutingControlArn"])
    port = config.get("Port")
    host = str(config.get("IPAddress") or config["FullyQualifiedDomainName"])
    host = f"[{host}]" if ":" in host and port is not None else host
    return host if port is None else f"{host}:{port}"
