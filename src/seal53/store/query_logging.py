"""Which public zones have the queries for their names logged, and into which log group.

`bump` and the outbox's kind "logging" announce a change in the transaction that makes it. A config goes with
its zone. Not for: log groups themselves, which are directories that name servers write into.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Row, select
from sqlalchemy import delete as delete_from

from seal53.base.ids import AccountId, HostedZoneId
from seal53.store import meta, outbox
from seal53.store.engine import Tx
from seal53.store.schema import query_logging_configs

_VERSION = "logging_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLoggingConfig:
    """`log_group_arn` is as it was given: `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`, perhaps with `:*`."""

    id: str
    account_id: AccountId
    zone_id: HostedZoneId
    log_group_arn: str
    created_at: int

    @property
    def log_group(self) -> str:
        return self.log_group_arn.split(":", 6)[6].removesuffix(":*")


def get(tx: Tx, config_id: str) -> QueryLoggingConfig | None:
    """Whoever owns it."""
    query = select(query_logging_configs).where(query_logging_configs.c.id == config_id)
    row = tx.execute(query).one_or_none()
    return None if row is None else _config(row)


def of_zone(tx: Tx, zone_id: str) -> QueryLoggingConfig | None:
    query = select(query_logging_configs).where(query_logging_configs.c.zone_id == zone_id)
    row = tx.execute(query).one_or_none()
    return None if row is None else _config(row)


def page(tx: Tx, account_id: str, start_id: str, limit: int) -> list[QueryLoggingConfig]:
    """An account's configs by id from `start_id` on, at most `limit`."""
    rows = tx.execute(
        select(query_logging_configs)
        .where(query_logging_configs.c.account_id == account_id, query_logging_configs.c.id >= start_id)
        .order_by(query_logging_configs.c.id)
        .limit(limit)
    )
    return [_config(row) for row in rows]


def every(tx: Tx) -> list[tuple[str, str, str]]:
    """(zone id, account, log group) of all accounts, by zone."""
    rows = tx.execute(select(query_logging_configs).order_by(query_logging_configs.c.zone_id))
    return [(config.zone_id, config.account_id, config.log_group) for config in map(_config, rows)]


def insert(tx: Tx, config: QueryLoggingConfig) -> None:
    tx.execute(query_logging_configs.insert().values(**asdict(config)))


def delete(tx: Tx, config_id: str) -> None:
    tx.execute(delete_from(query_logging_configs).where(query_logging_configs.c.id == config_id))


def announce(tx: Tx) -> None:
    """Name servers must learn that other zones than before are logged."""
    version = int(meta.get(tx, _VERSION) or 0) + 1
    meta.put(tx, _VERSION, str(version))
    outbox.append(tx, "logging", version, "logging")


def _config(row: Row[tuple[object, ...]]) -> QueryLoggingConfig:
    return QueryLoggingConfig(**row._mapping)
