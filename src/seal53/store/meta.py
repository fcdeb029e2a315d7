"""Facts of the whole database by name, each a text."""

from sqlalchemy import insert, select, update

from seal53.store.engine import Tx
from seal53.store.schema import meta


def get(tx: Tx, key: str) -> str | None:
    return tx.execute(select(meta.c.value).where(meta.c.key == key)).scalar()


def put(tx: Tx, key: str, value: str) -> None:
    if not tx.execute(update(meta).where(meta.c.key == key).values(value=value)).rowcount:
        tx.execute(insert(meta).values(key=key, value=value))
