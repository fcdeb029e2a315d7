"""What was committed and is not yet served everywhere, in strict order.

A write appends one row in its own transaction; `reconcile.publish` takes the rows and removes them once every
name server serves the version. Notifications only wake; this table is the truth.
"""

from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, delete, insert, select

from seal53.store.engine import Row as SqlRow
from seal53.store.engine import Statement, Tx
from seal53.store.schema import outbox

_o = outbox.c
_COLUMNS = (_o.seq, _o.subject, _o.version, _o.kind, _o.detail)
_append = Statement(
    insert(outbox)
    .values({name: bindparam(name) for name in ("subject", "version", "kind", "detail")})
    .returning(_o.seq)
)
_after = Statement(select(*_COLUMNS).where(_o.seq > bindparam("seq")).order_by(_o.seq))
_of_subject = Statement(
    select(*_COLUMNS)
    .where(_o.subject == bindparam("subject"), _o.version > bindparam("version"))
    .order_by(_o.seq)
)
_news = Statement(select(_o.seq, _o.subject, _o.version).where(_o.seq > bindparam("seq")).order_by(_o.seq))
_done = Statement(
    delete(outbox).where(_o.subject == bindparam("subject"), _o.version <= bindparam("version"))
)

TABLE = outbox.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """subject is "zone:ID", "vpc:ID", "routing", "logging" or "reset"; detail as appended.

    kind is records, signing, zone, gone, vpc, routing, logging or reset.
    """

    seq: int
    subject: str
    version: int
    kind: str
    detail: object


def append(tx: Tx, subject: str, version: int, kind: str, detail: object = ()) -> int:
    """Adds one row; returns its number.

    Shape: `detail` is msgpack-able; for "records" a list of (owner wire, rtype, set_id).
    """
    seq: int = _append.value(
        tx, subject=subject, version=version, kind=kind, detail=msgspec.msgpack.encode(detail)
    )
    return seq


def pending(tx: Tx, *, after: int = 0) -> list[Row]:
    """Rows whose number is above `after`, in order."""
    return [_row(found) for found in _after.rows(tx, seq=after)]


def of_subject(tx: Tx, subject: str, *, above: int) -> list[Row]:
    """The subject's rows of versions above `above`, in order."""
    return [_row(found) for found in _of_subject.rows(tx, subject=subject, version=above)]


def news(tx: Tx, *, after: int) -> list[tuple[int, str, int]]:
    """(number, subject, version) of rows whose number is above `after`, in order."""
    return [(seq, subject, version) for seq, subject, version in _news.rows(tx, seq=after)]


def done_up_to(tx: Tx, subject: str, version: int) -> None:
    """Removes the subject's rows up to a version that every name server serves."""
    _done.run(tx, subject=subject, version=version)


def _row(found: SqlRow) -> Row:
    seq, subject, version, kind, detail = found
    return Row(seq=seq, subject=subject, version=version, kind=kind, detail=msgspec.msgpack.decode(detail))
