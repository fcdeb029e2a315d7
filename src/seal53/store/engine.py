"""Opening the database, transactions, and the wake-up after a commit.

Limits: one writer at a time (SQLite); a write transaction begins at once (`BEGIN IMMEDIATE`), so that what it
read stays true.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event, select
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from seal53.base.errors import StartFault
from seal53.store.schema import SCHEMA_VERSION, meta, metadata

Tx = Connection


class StoreFault(StartFault):
    """The database cannot be opened, is damaged, or is of another schema version."""


class Store:
    """One database. `woken` are called after each commit of a write; they only wake, the outbox is the
    truth."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = create_engine(
            f"sqlite:///{path}",
            poolclass=QueuePool,
            pool_size=8,
            max_overflow=16,
            connect_args={"timeout": 10, "check_same_thread": False, "isolation_level": None},
        )
        self._write_lock = threading.Lock()
        self.woken: list[Callable[[], None]] = []
        event.listen(self._engine, "connect", _pragmas)

    def open(self) -> None:
        """Creates or checks the schema. Raises StoreFault with one clear line."""
        try:
            with self.write() as tx:
                if tx.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                    raise StoreFault(f"the database {self._path} is damaged", hint="restore it from a backup")
                metadata.create_all(tx)
                version = tx.execute(select(meta.c.value).where(meta.c.key == "schema")).scalar()
                if version is None:
                    tx.execute(meta.insert().values(key="schema", value=str(SCHEMA_VERSION)))
                elif version != str(SCHEMA_VERSION):
                    raise StoreFault(
                        f"the database {self._path} has schema version {version}; "
                        f"this program reads {SCHEMA_VERSION}",
                        hint="run the version of Seal53 that wrote it",
                    )
        except (DatabaseError, OperationalError) as e:
            raise StoreFault(
                f"the database {self._path} cannot be opened: {e.orig}",
                hint="restore it from a backup, or start with an empty --data directory",
            ) from None

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent snapshot."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """All or nothing; on disk when the block has ended."""
        with self._write_lock, self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
        for wake in self.woken:
            wake()

    def close(self) -> None:
        self._engine.dispose()


def _pragmas(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
