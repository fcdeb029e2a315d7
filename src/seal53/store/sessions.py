"""Sessions: temporary access keys of roles, users and roots. Secrets are sealed, tokens kept as digests."""

from dataclasses import asdict, dataclass, field

from sqlalchemy import delete, insert, select

from seal53.store.engine import Tx
from seal53.store.schema import sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`kind` is role, user or root; `name` the role's or user's, "" for root; `policy` is JSON."""

    access_key_id: str  # ASIA…
    account_id: str
    kind: str
    name: str
    session_name: str  # "" unless a role's
    sealed_secret: bytes = field(repr=False)
    token_digest: bytes = field(repr=False)  # SHA-256 of the session token
    policy: str | None
    created_at: int
    expires_at: int


def get(tx: Tx, access_key_id: str) -> Session | None:
    """One that has expired as well, as long as its row is there."""
    row = tx.execute(select(sessions).where(sessions.c.access_key_id == access_key_id)).first()
    return None if row is None else Session(**row._mapping)


def add(tx: Tx, session: Session) -> None:
    tx.execute(insert(sessions).values(**asdict(session)))


def end_all_of(tx: Tx, account_id: str, kind: str, name: str) -> None:
    """Of a role or user that is no more."""
    tx.execute(
        delete(sessions).where(
            sessions.c.account_id == account_id, sessions.c.kind == kind, sessions.c.name == name
        )
    )


def delete_expired(tx: Tx, before: int) -> None:
    """Those that expired before that moment."""
    tx.execute(delete(sessions).where(sessions.c.expires_at < before))
