"""Changes: the tracked progress of a write, PENDING until every name server that serves it has acknowledged.

`subject` is "zone:ID" or "vpc:ID"; `version` is what must be served. `insync_at` None means PENDING.
"""

from dataclasses import dataclass

from sqlalchemy import Row, select, update

from seal53.base.ids import AccountId, ChangeId
from seal53.store.engine import Tx
from seal53.store.schema import changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    id: ChangeId
    account_id: AccountId | None
    subject: str
    version: int
    submitted_at: int
    insync_at: int | None
    comment: str | None


def open_change(
    tx: Tx,
    *,
    id: str,
    account_id: str | None,
    subject: str,
    version: int,
    now: int,
    comment: str | None = None,
) -> Change:
    """Records a PENDING change in the transaction that makes it."""
    change = Change(
        id=ChangeId(id),
        account_id=None if account_id is None else AccountId(account_id),
        subject=subject,
        version=version,
        submitted_at=now,
        insync_at=None,
        comment=comment,
    )
    tx.execute(
        changes.insert().values(
            id=id,
            account_id=account_id,
            subject=subject,
            version=version,
            submitted_at=now,
            insync_at=None,
            comment=comment,
        )
    )
    return change


def get(tx: Tx, change_id: str) -> Change | None:
    row = tx.execute(select(changes).where(changes.c.id == change_id)).one_or_none()
    return None if row is None else _change(row)


def pending(tx: Tx) -> list[Change]:
    """All PENDING changes, oldest first."""
    rows = tx.execute(
        select(changes).where(changes.c.insync_at.is_(None)).order_by(changes.c.submitted_at, changes.c.id)
    )
    return [_change(row) for row in rows]


def close_up_to(tx: Tx, subject: str, version: int, now: int) -> None:
    """The subject is served at `version` everywhere: its changes up to there are INSYNC."""
    tx.execute(
        update(changes)
        .where(changes.c.subject == subject, changes.c.version <= version, changes.c.insync_at.is_(None))
        .values(insync_at=now)
    )


def _change(row: Row[tuple[object, ...]]) -> Change:
    return Change(
        id=row.id,
        account_id=row.account_id,
        subject=row.subject,
        version=row.version,
        submitted_at=row.submitted_at,
        insync_at=row.insync_at,
        comment=row.comment,
    )
