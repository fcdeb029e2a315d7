"""Changes: the tracked progress of a write, PENDING until every name server that serves it has acknowledged.

`subject` is "zone:ID", "vpc:ID" or "routing"; `version` is what must be served. `insync_at` None means
PENDING.
"""

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update

from seal53.base.ids import AccountId, ChangeId
from seal53.store.engine import Row, Statement, Tx
from seal53.store.schema import changes

_c = changes.c
_COLUMNS = (_c.id, _c.account_id, _c.subject, _c.version, _c.submitted_at, _c.insync_at, _c.comment)
_insert = Statement(insert(changes).values({column.name: bindparam(column.name) for column in _COLUMNS}))
_get = Statement(select(*_COLUMNS).where(_c.id == bindparam("id")))
_close = Statement(
    update(changes)
    .where(
        _c.subject == bindparam("its_subject"),
        _c.version <= bindparam("its_version"),
        _c.insync_at.is_(None),
    )
    .values(insync_at=bindparam("now"))
)


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
    _insert.run(
        tx,
        id=id,
        account_id=account_id,
        subject=subject,
        version=version,
        submitted_at=now,
        insync_at=None,
        comment=comment,
    )
    return change


def get(tx: Tx, change_id: str) -> Change | None:
    row = _get.first(tx, id=change_id)
    return None if row is None else _change(row)


def pending(tx: Tx) -> list[Change]:
    """All PENDING changes, oldest first."""
    rows = tx.execute(select(*_COLUMNS).where(_c.insync_at.is_(None)).order_by(_c.submitted_at, _c.id))
    return [_change(row) for row in rows]


def close_up_to(tx: Tx, subject: str, version: int, now: int) -> None:
    """The subject is served at `version` everywhere: its changes up to there are INSYNC."""
    _close.run(tx, its_subject=subject, its_version=version, now=now)


def _change(row: Row) -> Change:
    id, account_id, subject, version, submitted_at, insync_at, comment = row
    return Change(
        id=id,
        account_id=account_id,
        subject=subject,
        version=version,
        submitted_at=submitted_at,
        insync_at=insync_at,
        comment=comment,
    )
