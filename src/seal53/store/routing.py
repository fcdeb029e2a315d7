"""What routed record sets are chosen by, for all zones together: health and client blocks, with a version.

Whoever changes a health check, a status or a CIDR collection calls `bump` in its transaction and appends the
outbox row ("routing", version, "routing"); a Change that waits for it has the subject "routing".
"""

from seal53.store import cidr, health_checks, meta
from seal53.store.engine import Tx
from seal53.zones import health

_KEY = "routing_version"
_FIRST = 1

SUBJECT = "routing"

Facts = tuple[int, dict[str, bool], dict[str, dict[str, list[str]]]]
"""Version; healthy by health check id; blocks by location by collection id."""


def version(tx: Tx) -> int:
    """Of the facts as they are; 1 before anything was ever changed."""
    stored = meta.get(tx, _KEY)
    return _FIRST if stored is None else int(stored)


def bump(tx: Tx) -> int:
    """Raises the version by one and returns the new one."""
    following = version(tx) + 1
    meta.put(tx, _KEY, str(following))
    return following


def facts(tx: Tx) -> Facts:
    """Everything, whole: derived statuses of all health checks, all blocks."""
    checks = {check.id: check.check for check in health_checks.every(tx)}
    return version(tx), health.statuses(checks), cidr.every_block(tx)
