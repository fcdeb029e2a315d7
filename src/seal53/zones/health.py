"""Whether a health check is healthy: its stored status, or what its children make of it.

Route 53's checkers observe endpoints; here a status is stored by whoever knows it (an operator, a program),
and this room derives the rest. Not for: probing anything, or which record set is chosen (`core`).
Source: Route 53 API, HealthCheckConfig (Disabled, Inverted, HealthThreshold, InsufficientDataHealthStatus).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A health check as far as its status depends on it.

    `stored` is the status that was last told; None: nobody has said. `threshold` and `children` count for
    type CALCULATED alone, `without_data` for CLOUDWATCH_METRIC alone.
    """

    type: str
    stored: bool | None = None
    disabled: bool = False
    inverted: bool = False
    threshold: int = 0
    children: tuple[str, ...] = ()
    without_data: str = "LastKnownStatus"  # Healthy | Unhealthy | LastKnownStatus


def statuses(checks: Mapping[str, Check]) -> dict[str, bool]:
    """Healthy or not, by id, of all checks; a child that is not among them counts as healthy."""
    found: dict[str, bool] = {}
    for check_id in checks:
        _settle(check_id, checks, found)
    return found


def _settle(check_id: str, checks: Mapping[str, Check], found: dict[str, bool]) -> None:
    """Children first, without recursion: a chain of checks may be long. A circle, which is never stored,
    would count as healthy where it closes."""
    waiting = [check_id]
    opened: set[str] = set()
    while waiting:
        at = waiting[-1]
        if at in found or at not in checks:
            waiting.pop()
            continue
        check = checks[at]
        if at not in opened:
            opened.add(at)
            waiting += [child for child in check.children if child not in opened and child not in found]
            continue
        waiting.pop()
        found[at] = _status(check, found)


def _status(check: Check, found: Mapping[str, bool]) -> bool:
    # "Disabled: considers the status to always be healthy. To stop routing traffic, change Inverted."
    healthy = True if check.disabled else _observed(check, found)
    return healthy != check.inverted


def _observed(check: Check, found: Mapping[str, bool]) -> bool:
    if check.type == "CALCULATED":
        # A threshold of 0 is always reached, one above the number of children never.
        return sum(found.get(child, True) for child in check.children) >= check.threshold
    if check.stored is not None:
        return check.stored
    # "LastKnownStatus": a check that has no last known status is healthy, as are new ones of other types.
    return not (check.type == "CLOUDWATCH_METRIC" and check.without_data == "Unhealthy")
