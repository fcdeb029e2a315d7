"""Traffic policies, a row for each version, and the instances made of them.

A deleted version stays as a row: who knows its id can still read it, its number is not used again, and lists
pass it over. An instance is one record set of its zone; what of it failed is kept here alone. Times are UTC
seconds.
"""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, func, select, tuple_, update
from sqlalchemy import delete as delete_from

from seal53.base.ids import AccountId
from seal53.core import Name
from seal53.store.engine import Tx
from seal53.store.schema import record_references, traffic_policies, traffic_policy_instances
from seal53.zones.listing import sort_key


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPolicy:
    """One version of a policy; `type` is its document's RecordType."""

    id: str
    version: int = 1
    account_id: AccountId
    name: str
    type: str
    document: str
    comment: str | None = None
    created_at: int
    deleted_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """`failure` None: its record set is in the zone, and served once `change_id` is in sync."""

    id: str
    account_id: AccountId
    zone_id: str
    owner: Name
    type: str
    ttl: int
    policy_id: str
    policy_version: int
    change_id: str
    failure: str | None = None
    created_at: int

    @property
    def place(self) -> tuple[str, bytes, str]:
        """Its position in lists: zone id, name, type."""
        return self.zone_id, sort_key(self.owner), self.type


# --- policies


def get(tx: Tx, policy_id: str, version: int) -> TrafficPolicy | None:
    """Whoever owns it, also a deleted one."""
    row = tx.execute(
        select(traffic_policies).where(
            traffic_policies.c.id == policy_id, traffic_policies.c.version == version
        )
    ).one_or_none()
    return None if row is None else _policy(row)


def versions(tx: Tx, policy_id: str, *, start: int = 1, limit: int | None = None) -> list[TrafficPolicy]:
    """The versions of a policy that are not deleted, by number from `start` on."""
    query = _living().where(traffic_policies.c.id == policy_id, traffic_policies.c.version >= start)
    query = query.order_by(traffic_policies.c.version)
    return [_policy(row) for row in tx.execute(query if limit is None else query.limit(limit))]


def last_version(tx: Tx, policy_id: str) -> int:
    """The highest number ever used; 0 for a policy that never was."""
    found: int | None = tx.execute(
        select(func.max(traffic_policies.c.version)).where(traffic_policies.c.id == policy_id)
    ).scalar()
    return found or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A policy with what is known of its versions that are not deleted."""

    latest: TrafficPolicy
    versions: int


def page(tx: Tx, account_id: str, *, start_id: str | None, limit: int) -> list[Summary]:
    """An account's policies in the order of their making, from `start_id` on, at most `limit`."""
    first = func.min(traffic_policies.c.created_at)
    grouped = (
        select(
            traffic_policies.c.id,
            first.label("made_at"),
            func.max(traffic_policies.c.version).label("latest"),
            func.count().label("versions"),
        )
        .where(traffic_policies.c.account_id == account_id, traffic_policies.c.deleted_at.is_(None))
        .group_by(traffic_policies.c.id)
        .order_by(first, traffic_policies.c.id)
        .limit(limit)
    )
    if start_id is not None:
        begun: int | None = tx.execute(
            select(first).where(
                traffic_policies.c.id == start_id, traffic_policies.c.account_id == account_id
            )
        ).scalar()
        if begun is None:
            return []
        grouped = grouped.having(tuple_(first, traffic_policies.c.id) >= tuple_(begun, start_id))
    summaries = []
    for row in tx.execute(grouped).all():
        latest = get(tx, row.id, row.latest)
        assert latest is not None
        summaries.append(Summary(latest=latest, versions=row.versions))
    return summaries


def named(tx: Tx, account_id: str, name: str) -> bool:
    """Whether the account has a policy of this name that is not deleted."""
    query = _living().where(traffic_policies.c.account_id == account_id, traffic_policies.c.name == name)
    return tx.execute(query.limit(1)).first() is not None


def count_of(tx: Tx, account_id: str) -> int:
    """Policies, not versions."""
    return tx.execute(
        select(func.count(traffic_policies.c.id.distinct())).where(
            traffic_policies.c.account_id == account_id, traffic_policies.c.deleted_at.is_(None)
        )
    ).scalar_one()


def insert(tx: Tx, policy: TrafficPolicy) -> None:
    tx.execute(traffic_policies.insert().values(**asdict(policy)))


def set_comment(tx: Tx, policy_id: str, version: int, comment: str) -> None:
    tx.execute(_one(policy_id, version).values(comment=comment))


def delete(tx: Tx, policy_id: str, version: int, now: int) -> None:
    tx.execute(_one(policy_id, version).values(deleted_at=now))


# --- instances


def instance(tx: Tx, instance_id: str) -> Instance | None:
    """Whoever owns it."""
    row = tx.execute(
        select(traffic_policy_instances).where(traffic_policy_instances.c.id == instance_id)
    ).one_or_none()
    return None if row is None else _instance(row)


def instance_at(tx: Tx, zone_id: str, owner: Name, type: str) -> Instance | None:
    row = tx.execute(
        select(traffic_policy_instances).where(
            traffic_policy_instances.c.zone_id == zone_id,
            traffic_policy_instances.c.owner == owner.lower().to_wire(),
            traffic_policy_instances.c.type == type,
        )
    ).one_or_none()
    return None if row is None else _instance(row)


def instances(
    tx: Tx,
    account_id: str,
    *,
    zone_id: str | None = None,
    policy: tuple[str, int] | None = None,
    start: tuple[str, bytes, str] | None = None,
    limit: int | None = None,
) -> list[Instance]:
    """An account's instances by zone id, name and type from `start` on; of one zone, or of one version."""
    table = traffic_policy_instances
    query = select(table).where(table.c.account_id == account_id)
    if zone_id is not None:
        query = query.where(table.c.zone_id == zone_id)
    if policy is not None:
        query = query.where(table.c.policy_id == policy[0], table.c.policy_version == policy[1])
    if start is not None:
        query = query.where(tuple_(table.c.zone_id, table.c.sort_key, table.c.type) >= tuple_(*start))
    query = query.order_by(table.c.zone_id, table.c.sort_key, table.c.type)
    return [_instance(row) for row in tx.execute(query if limit is None else query.limit(limit))]


def is_used(tx: Tx, policy_id: str, version: int) -> bool:
    """Whether an instance, of any account, is made of this version."""
    query = select(traffic_policy_instances.c.id).where(
        traffic_policy_instances.c.policy_id == policy_id,
        traffic_policy_instances.c.policy_version == version,
    )
    return tx.execute(query.limit(1)).first() is not None


def any_in(tx: Tx, zone_id: str) -> bool:
    """Whether a zone has an instance, also one that failed."""
    query = select(traffic_policy_instances.c.id).where(traffic_policy_instances.c.zone_id == zone_id)
    return tx.execute(query.limit(1)).first() is not None


def count_instances(tx: Tx, account_id: str) -> int:
    return tx.execute(
        select(func.count())
        .select_from(traffic_policy_instances)
        .where(traffic_policy_instances.c.account_id == account_id)
    ).scalar_one()


def put_instance(tx: Tx, made: Instance) -> None:
    """Writes it; one of the same id is replaced."""
    delete_instance(tx, made.id)
    tx.execute(
        traffic_policy_instances.insert().values(
            id=made.id,
            account_id=made.account_id,
            zone_id=made.zone_id,
            sort_key=sort_key(made.owner),
            owner=made.owner.lower().to_wire(),
            type=made.type,
            ttl=made.ttl,
            policy_id=made.policy_id,
            policy_version=made.policy_version,
            change_id=made.change_id,
            failure=made.failure,
            created_at=made.created_at,
        )
    )


def delete_instance(tx: Tx, instance_id: str) -> None:
    tx.execute(delete_from(traffic_policy_instances).where(traffic_policy_instances.c.id == instance_id))


def refer(tx: Tx, made: Instance) -> None:
    """Its record set is in the zone, and belongs to it."""
    dereference(tx, made)
    tx.execute(
        record_references.insert().values(
            zone_id=made.zone_id,
            sort_key=sort_key(made.owner),
            type=made.type,
            set_id="",
            kind="instance",
            target=made.id,
        )
    )


def dereference(tx: Tx, made: Instance) -> None:
    tx.execute(
        delete_from(record_references).where(
            record_references.c.kind == "instance", record_references.c.target == made.id
        )
    )


# --- between rows and values


def _living() -> Any:
    return select(traffic_policies).where(traffic_policies.c.deleted_at.is_(None))


def _one(policy_id: str, version: int) -> Any:
    return update(traffic_policies).where(
        traffic_policies.c.id == policy_id, traffic_policies.c.version == version
    )


def _policy(row: Row[tuple[object, ...]]) -> TrafficPolicy:
    return TrafficPolicy(**row._mapping)


def _instance(row: Row[tuple[object, ...]]) -> Instance:
    return Instance(
        id=row.id,
        account_id=row.account_id,
        zone_id=row.zone_id,
        owner=Name.from_wire(row.owner),
        type=row.type,
        ttl=row.ttl,
        policy_id=row.policy_id,
        policy_version=row.policy_version,
        change_id=row.change_id,
        failure=row.failure,
        created_at=row.created_at,
    )
