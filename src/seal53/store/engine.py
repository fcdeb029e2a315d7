"""Opening the database, transactions, and the wake-up after a commit.

Limits: one writer at a time (SQLite); a write transaction begins at once (`BEGIN IMMEDIATE`), so that what it
read stays true. A disk that is full, broken or read-only is `Unavailable`: nothing of the transaction stays.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event, select
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from seal53.base.errors import Fault, StartFault
from seal53.store.schema import SCHEMA_VERSION, meta, metadata

Tx = Connection

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # what was committed is on disk before a reply says so
    "foreign_keys=ON",
    "busy_timeout=10000",  # ms; who else writes is a person with a tool
    "journal_size_limit=67108864",  # a WAL that a large batch made grow is cut back at the next checkpoint
)
_OUTAGES = {  # primary codes of SQLite; the rest are bugs or damage
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
}


class StoreFault(StartFault):
    """The database cannot be opened, is damaged, or is of another schema version."""


class Unavailable(Fault):
    """The database cannot be read or written just now, through no fault of the caller."""


class Store:
    """One database. `woken` are called after each commit of a write; they only wake, the outbox is the
    truth."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = create_engine(
            f"sqlite:///{path}",
            poolclass=QueuePool,
            hide_parameters=True,  # I6: they would stand in the text of every error
            pool_size=8,
            max_overflow=16,
            connect_args={"timeout": 10, "check_same_thread": False, "isolation_level": None},
        )
        self._write_lock = threading.Lock()
        self.woken: list[Callable[[], None]] = []
        event.listen(self._engine, "connect", _pragmas)

    def open(self, *, check: bool = True) -> None:
        """Creates or checks the schema. Raises StoreFault with one clear line.

        `check` reads the whole file for damage (0.4 s for 100 MB): at the start of a service, not when one of
        its processes has died.
        """
        try:
            with self.write() as tx:
                if check and tx.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
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
        except Unavailable as e:
            raise StoreFault(f"{self._path}: {e}") from None
        except DatabaseError as e:
            raise StoreFault(
                f"the database {self._path} cannot be opened: {e.orig}",
                hint="restore it from a backup, or start with an empty --data directory",
            ) from None

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent snapshot. Raises Unavailable."""
        with _available(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                _roll_back(connection)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """All or nothing; on disk when the block has ended. Raises Unavailable."""
        with self._write_lock, _available(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise
        for wake in self.woken:
            wake()

    def close(self) -> None:
        self._engine.dispose()


def _pragmas(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _roll_back(connection: Connection) -> None:
    """SQLite rolls back by itself after some errors, a full disk for one."""
    driver = connection.connection.dbapi_connection
    if driver is not None and driver.in_transaction:
        connection.exec_driver_sql("ROLLBACK")


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except OperationalError as e:
        if isinstance(e.orig, sqlite3.Error) and e.orig.sqlite_errorcode & 0xFF in _OUTAGES:
            raise Unavailable(f"the database cannot be used just now: {e.orig}") from e
        raise
