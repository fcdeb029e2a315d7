"""Facts of the whole database by name, each a text."""

from sqlalchemy import bindparam, insert, select, update

from seal53.store.engine import Statement, Tx
from seal53.store.schema import meta

_get = Statement(select(meta.c.value).where(meta.c.key == bindparam("its_key")))
_update = Statement(
    update(meta).where(meta.c.key == bindparam("its_key")).values(value=bindparam("its_value"))
)
_insert = Statement(insert(meta).values(key=bindparam("its_key"), value=bindparam("its_value")))


def get(tx: Tx, key: str) -> str | None:
    found: str | None = _get.value(tx, its_key=key)
    return found


def put(tx: Tx, key: str, value: str) -> None:
    if not _update.run(tx, its_key=key, its_value=value):
        _insert.run(tx, its_key=key, its_value=value)
