"""The registered name-server processes: a Change waits for each of them."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from seal53.base.clock import UnixTime
from seal53.store.engine import Tx
from seal53.store.schema import edges


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """role is "edge" or "resolver"."""

    id: str
    role: str
    registered_at: UnixTime


def register(tx: Tx, edge_id: str, role: str, now: int) -> None:
    """Adds the edge; one that is known already keeps its time."""
    if tx.execute(select(edges.c.id).where(edges.c.id == edge_id)).one_or_none() is None:
        tx.execute(insert(edges).values(id=edge_id, role=role, registered_at=now))


def remove(tx: Tx, edge_id: str) -> None:
    tx.execute(delete(edges).where(edges.c.id == edge_id))


def every(tx: Tx) -> list[Edge]:
    found = tx.execute(select(edges).order_by(edges.c.id))
    return [Edge(id=r.id, role=r.role, registered_at=UnixTime(r.registered_at)) for r in found]
