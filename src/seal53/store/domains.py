"""Registered domains, the DNSKEYs that their holders gave to the registrar, and the registrar's
operations."""

import json
from dataclasses import dataclass

from sqlalchemy import RowMapping, delete, insert, select, update

from seal53.base.ids import AccountId, ChangeId, HostedZoneId
from seal53.core import Name
from seal53.store.engine import Tx
from seal53.store.schema import domain_keys, domain_operations, domains


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """A name server of a domain; `glue` are addresses as text, only for names inside the domain."""

    host: Name
    glue: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A registered name. `contacts` is JSON as given; times are UTC seconds."""

    name: Name
    account_id: AccountId
    tld_zone_id: HostedZoneId
    registered_at: int
    updated_at: int
    expires_at: int
    name_servers: tuple[NameServer, ...]
    contacts: str
    auto_renew: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainKey:
    """A DNSKEY that the holder gave, and the DS RDATA derived from it."""

    id: str
    flags: int
    algorithm: int
    public_key: str
    ds: bytes
    added_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainOperation:
    """What was asked of the registrar. `change_id`: the TLD's change; `failed`: why it failed at once."""

    id: str
    account_id: AccountId
    domain: Name
    type: str
    submitted_at: int
    change_id: ChangeId | None
    failed: str | None


def get(tx: Tx, name: Name) -> Domain | None:
    """The domain, whoever holds it."""
    row = tx.execute(select(domains).where(domains.c.name == _key(name))).mappings().first()
    return None if row is None else _domain(row)


def of_account(tx: Tx, account_id: AccountId) -> list[Domain]:
    """An account's domains, in canonical order."""
    rows = tx.execute(select(domains).where(domains.c.account_id == account_id)).mappings()
    return sorted((_domain(row) for row in rows), key=lambda d: d.name)


def put(tx: Tx, domain: Domain) -> None:
    """Inserts a domain, or replaces what is known of it; its keys stay."""
    values = {
        "account_id": domain.account_id,
        "tld_zone_id": domain.tld_zone_id,
        "registered_at": domain.registered_at,
        "updated_at": domain.updated_at,
        "expires_at": domain.expires_at,
        "name_servers": json.dumps(
            [{"host": s.host.to_wire().hex(), "glue": list(s.glue)} for s in domain.name_servers]
        ),
        "contacts": domain.contacts,
        "auto_renew": int(domain.auto_renew),
    }
    changed = tx.execute(update(domains).where(domains.c.name == _key(domain.name)).values(values)).rowcount
    if not changed:
        tx.execute(insert(domains).values(name=_key(domain.name), **values))


def keys(tx: Tx, name: Name) -> list[DomainKey]:
    """The domain's keys, oldest first."""
    rows = tx.execute(
        select(domain_keys)
        .where(domain_keys.c.domain == _key(name))
        .order_by(domain_keys.c.added_at, domain_keys.c.id)
    ).mappings()
    return [
        DomainKey(
            id=row["id"],
            flags=row["flags"],
            algorithm=row["algorithm"],
            public_key=row["public_key"],
            ds=row["ds"],
            added_at=row["added_at"],
        )
        for row in rows
    ]


def add_key(tx: Tx, name: Name, key: DomainKey) -> None:
    tx.execute(
        insert(domain_keys).values(
            domain=_key(name),
            id=key.id,
            flags=key.flags,
            algorithm=key.algorithm,
            public_key=key.public_key,
            ds=key.ds,
            added_at=key.added_at,
        )
    )


def remove_key(tx: Tx, name: Name, key_id: str) -> None:
    tx.execute(delete(domain_keys).where(domain_keys.c.domain == _key(name), domain_keys.c.id == key_id))


def add_operation(tx: Tx, operation: DomainOperation) -> None:
    tx.execute(
        insert(domain_operations).values(
            id=operation.id,
            account_id=operation.account_id,
            domain=_key(operation.domain),
            type=operation.type,
            submitted_at=operation.submitted_at,
            change_id=operation.change_id,
            failed=operation.failed,
        )
    )


def operation(tx: Tx, operation_id: str) -> DomainOperation | None:
    row = (
        tx.execute(select(domain_operations).where(domain_operations.c.id == operation_id)).mappings().first()
    )
    return None if row is None else _operation(row)


def operations_on(tx: Tx, name: Name) -> list[DomainOperation]:
    """A domain's operations, newest first."""
    rows = tx.execute(
        select(domain_operations)
        .where(domain_operations.c.domain == _key(name))
        .order_by(domain_operations.c.submitted_at.desc())
    ).mappings()
    return [_operation(row) for row in rows]


def _key(name: Name) -> bytes:
    return name.lower().to_wire()


def _domain(row: RowMapping) -> Domain:
    return Domain(
        name=Name.from_wire(row["name"]),
        account_id=AccountId(row["account_id"]),
        tld_zone_id=HostedZoneId(row["tld_zone_id"]),
        registered_at=row["registered_at"],
        updated_at=row["updated_at"],
        expires_at=row["expires_at"],
        name_servers=tuple(
            NameServer(host=Name.from_wire(bytes.fromhex(s["host"])), glue=tuple(s["glue"]))
            for s in json.loads(row["name_servers"])
        ),
        contacts=row["contacts"],
        auto_renew=bool(row["auto_renew"]),
    )


def _operation(row: RowMapping) -> DomainOperation:
    return DomainOperation(
        id=row["id"],
        account_id=AccountId(row["account_id"]),
        domain=Name.from_wire(row["domain"]),
        type=row["type"],
        submitted_at=row["submitted_at"],
        change_id=None if row["change_id"] is None else ChangeId(row["change_id"]),
        failed=None if row["failed"] is None else row["failed"],
    )
