"""Health checks: configuration, version, and the status that was last told.

A deleted check stays as a row, as its caller reference is burnt; every function but `with_reference` passes
it over. Times are UTC seconds. What a status means for checks that depend on others is derived
(`zones.health`, through `store.routing`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row, func, select, update

from seal53.base.ids import AccountId
from seal53.store.engine import Tx
from seal53.store.portions import portions
from seal53.store.schema import health_checks
from seal53.zones.health import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """`config` is the API's HealthCheckConfig; `healthy` None means that nobody has said. `failed_at` and
    `reason` are of the last failure, and stay when the check is healthy again."""

    id: str
    account_id: AccountId
    caller_reference: str
    config: Mapping[str, Any]
    version: int = 1
    created_at: int
    healthy: bool | None = None
    status_at: int | None = None
    failed_at: int | None = None
    reason: str | None = None
    deleted_at: int | None = None

    @property
    def type(self) -> str:
        return str(self.config["Type"])

    @property
    def children(self) -> tuple[str, ...]:
        return tuple(self.config.get("ChildHealthChecks", ()))

    @property
    def check(self) -> Check:
        """The facts that its status is derived from."""
        return Check(
            type=self.type,
            stored=self.healthy,
            disabled=bool(self.config.get("Disabled", False)),
            inverted=bool(self.config.get("Inverted", False)),
            threshold=int(self.config.get("HealthThreshold", 0)),
            children=self.children,
            without_data=str(self.config.get("InsufficientDataHealthStatus", "LastKnownStatus")),
        )


def get(tx: Tx, check_id: str) -> HealthCheck | None:
    """Whoever owns it."""
    row = tx.execute(_living().where(health_checks.c.id == check_id)).one_or_none()
    return None if row is None else _health_check(row)


def existing(tx: Tx, account_id: str, check_ids: Iterable[str]) -> set[str]:
    """Those of the ids that are health checks of the account."""
    found: set[str] = set()
    for some in portions(sorted(set(check_ids))):
        rows = tx.execute(
            select(health_checks.c.id).where(
                health_checks.c.account_id == account_id,
                health_checks.c.deleted_at.is_(None),
                health_checks.c.id.in_(some),
            )
        )
        found.update(rows.scalars())
    return found


def with_reference(tx: Tx, account_id: str, caller_reference: str) -> HealthCheck | None:
    """The check that used the reference, also if it was deleted since."""
    row = tx.execute(
        select(health_checks).where(
            health_checks.c.account_id == account_id, health_checks.c.caller_reference == caller_reference
        )
    ).one_or_none()
    return None if row is None else _health_check(row)


def every(tx: Tx) -> list[HealthCheck]:
    """Those of all accounts, by id."""
    return [_health_check(row) for row in tx.execute(_living().order_by(health_checks.c.id))]


def page(tx: Tx, account_id: str, *, start_id: str, limit: int) -> list[HealthCheck]:
    """An account's checks by id from `start_id` on, at most `limit`."""
    query = _living().where(health_checks.c.account_id == account_id, health_checks.c.id >= start_id)
    return [_health_check(row) for row in tx.execute(query.order_by(health_checks.c.id).limit(limit))]


def parents_of(tx: Tx, check_id: str) -> list[HealthCheck]:
    """The calculated checks, of any account, that have it as a child."""
    rows = tx.execute(_living().where(health_checks.c.config.contains(check_id, autoescape=True)))
    return [check for check in map(_health_check, rows) if check_id in check.children]


def count_of(tx: Tx, account_id: str) -> int:
    return tx.execute(
        select(func.count())
        .select_from(health_checks)
        .where(health_checks.c.account_id == account_id, health_checks.c.deleted_at.is_(None))
    ).scalar_one()


def insert(tx: Tx, check: HealthCheck) -> None:
    tx.execute(
        health_checks.insert().values(
            id=check.id,
            account_id=check.account_id,
            caller_reference=check.caller_reference,
            config=_encode(check.config),
            version=check.version,
            created_at=check.created_at,
        )
    )


def configure(tx: Tx, check_id: str, config: Mapping[str, Any], version: int) -> None:
    """Replaces the whole configuration."""
    tx.execute(
        update(health_checks)
        .where(health_checks.c.id == check_id)
        .values(config=_encode(config), version=version)
    )


def set_status(tx: Tx, check_id: str, *, healthy: bool, reason: str | None, now: int) -> None:
    """Stores what was told; `reason` is of a failure."""
    values: dict[str, object] = {"healthy": int(healthy), "status_at": now}
    if not healthy:
        values |= {"failed_at": now, "reason": reason}
    tx.execute(update(health_checks).where(health_checks.c.id == check_id).values(**values))


def delete(tx: Tx, check_id: str, now: int) -> None:
    """The row stays: its caller reference is burnt."""
    tx.execute(update(health_checks).where(health_checks.c.id == check_id).values(deleted_at=now))


def _living() -> Any:
    return select(health_checks).where(health_checks.c.deleted_at.is_(None))


def _encode(config: Mapping[str, Any]) -> str:
    return msgspec.json.encode(dict(config)).decode()


_decode = msgspec.json.Decoder(dict[str, Any]).decode


def _health_check(row: Row[tuple[object, ...]]) -> HealthCheck:
    return HealthCheck(
        id=row.id,
        account_id=row.account_id,
        caller_reference=row.caller_reference,
        config=_decode(row.config),
        version=row.version,
        created_at=row.created_at,
        healthy=None if row.healthy is None else bool(row.healthy),
        status_at=row.status_at,
        failed_at=row.failed_at,
        reason=row.reason,
        deleted_at=row.deleted_at,
    )
