"""What was committed and is not yet served everywhere, in strict order.

A write appends one row in its own transaction; `reconcile.publish` takes the rows and removes them once every
name server serves the version. Notifications only wake; this table is the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Row as SqlRow
from sqlalchemy import delete, select

from seal53.store.engine import Tx
from seal53.store.schema import outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """subject is "zone:ID" or "vpc:ID"; kind is records, signing, zone, gone or vpc; detail as appended."""

    seq: int
    subject: str
    version: int
    kind: str
    detail: object


def append(tx: Tx, subject: str, version: int, kind: str, detail: object = ()) -> int:
    """Adds one row; returns its number.

    Shape: `detail` is msgpack-able; for "records" a list of (owner wire, rtype, set_id).
    """
    done = tx.execute(
        outbox.insert().values(
            subject=subject, version=version, kind=kind, detail=msgspec.msgpack.encode(detail)
        )
    )
    key = done.inserted_primary_key
    assert key is not None
    return int(key[0])


def pending(tx: Tx, *, after: int = 0) -> list[Row]:
    """Rows whose number is above `after`, in order."""
    return [
        _row(found) for found in tx.execute(select(outbox).where(outbox.c.seq > after).order_by(outbox.c.seq))
    ]


def of_subject(tx: Tx, subject: str, *, above: int) -> list[Row]:
    """The subject's rows of versions above `above`, in order."""
    query = select(outbox).where(outbox.c.subject == subject, outbox.c.version > above)
    return [_row(found) for found in tx.execute(query.order_by(outbox.c.seq))]


def news(tx: Tx, *, after: int) -> list[tuple[int, str, int]]:
    """(number, subject, version) of rows whose number is above `after`, in order."""
    query = select(outbox.c.seq, outbox.c.subject, outbox.c.version).where(outbox.c.seq > after)
    return [(r.seq, r.subject, r.version) for r in tx.execute(query.order_by(outbox.c.seq))]


def done(tx: Tx, seqs: Sequence[int]) -> None:
    """Removes rows."""
    for start in range(0, len(seqs), 500):
        tx.execute(delete(outbox).where(outbox.c.seq.in_(seqs[start : start + 500])))


def done_up_to(tx: Tx, subject: str, version: int) -> None:
    """Removes the subject's rows up to a version that every name server serves."""
    tx.execute(delete(outbox).where(outbox.c.subject == subject, outbox.c.version <= version))


def _row(found: SqlRow[tuple[object, ...]]) -> Row:
    return Row(
        seq=found.seq,
        subject=found.subject,
        version=found.version,
        kind=found.kind,
        detail=msgspec.msgpack.decode(found.detail),
    )
