"""Opening the database, transactions, prepared statements, and the wake-up after a commit.

Limits: one writer at a time (SQLite); a write transaction begins at once (`BEGIN IMMEDIATE`), so that what it
read stays true. A disk that is full, broken or read-only is `Unavailable`: nothing of the transaction stays.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Executable, TableClause, UpdateBase, create_engine, event, select
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from seal53.base.errors import Fault, StartFault
from seal53.store import migrate
from seal53.store.schema import SCHEMA_VERSION, meta, metadata

Tx = Connection
Row = tuple[Any, ...]

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # what was committed is on disk before a reply says so
    "foreign_keys=ON",
    "busy_timeout=10000",  # ms; who else writes is a person with a tool
    "journal_size_limit=67108864",  # a WAL that a large batch made grow is cut back at the next checkpoint
    "wal_autocheckpoint=8000",  # pages (32 MB); who calls `checkpoint` comes first
)
_OUTAGES = {  # primary codes of SQLite; the rest are bugs or damage
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
}
_WRITTEN = "written"
_GROWN = 1000  # rows written; the log has some four pages for each, at most


class StoreFault(StartFault):
    """The database cannot be opened, is damaged, or is of another schema version."""


class Unavailable(Fault):
    """The database cannot be read or written just now, through no fault of the caller."""


class Statement:
    """A statement that is compiled once and then handed to the driver as it is.

    For what every call runs: it costs a tenth of `tx.execute`, which is for all else. Parameters are the
    construct's, by name; rows are plain tuples in the order of its columns.
    Limits: values are texts, integers, octets and None, which drivers take and give as they are; no lists.
    """

    __slots__ = ("_construct", "_fixed", "_order", "_sql", "_table")

    def __init__(self, construct: Executable) -> None:
        self._construct = construct
        self._table = _written_by(construct)
        self._sql = ""
        self._order: list[str] = []
        self._fixed: dict[str, object] = {}

    def rows(self, tx: Tx, **values: object) -> list[Row]:
        found: list[Row] = self._run(tx, values).fetchall()
        return found

    def first(self, tx: Tx, **values: object) -> Row | None:
        """The first row, of at most one."""
        found: Row | None = self._run(tx, values).fetchone()
        return found

    def value(self, tx: Tx, **values: object) -> Any:
        """The one value of the one row; None when there is no row."""
        found = self._run(tx, values).fetchall()
        return found[0][0] if found else None

    def each(self, tx: Tx, **values: object) -> Iterator[Row]:
        """Row by row; read them inside the transaction."""
        return iter(self._run(tx, values))

    def run(self, tx: Tx, **values: object) -> int:
        """How many rows it changed."""
        changed: int = self._run(tx, values).rowcount
        return changed

    def run_for(self, tx: Tx, each: Iterable[Mapping[str, object]]) -> int:
        """Once for each mapping of parameters; how many rows all together changed."""
        driver = self._driver(tx)
        changed: int = driver.executemany(self._sql, [self._in_order(values) for values in each]).rowcount
        return changed

    def _run(self, tx: Tx, values: Mapping[str, object]) -> Any:
        driver = self._driver(tx)
        return driver.execute(self._sql, self._in_order(values))

    def _in_order(self, values: Mapping[str, object]) -> list[object]:
        if self._fixed:
            values = {**self._fixed, **values}
        return [values[name] for name in self._order]

    def _driver(self, tx: Tx) -> Any:
        if not self._sql:
            compiled = self._construct.compile(dialect=tx.dialect)  # type: ignore[attr-defined]
            self._order = list(compiled.positiontup)
            given = {name for name, bound in compiled.binds.items() if bound.required}
            self._fixed = {name: value for name, value in compiled.params.items() if name not in given}
            self._sql = str(compiled)
        pooled = tx.connection
        if self._table is not None:
            pooled.info[_WRITTEN].add(self._table)
        return pooled.dbapi_connection


class Store:
    """One database.

    Who watches tables is woken after each commit that `write` announces, and only that: tables are the truth.
    `grown` is set when it is time for `checkpoint`, which is best called by a thread that nobody waits for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = create_engine(
            f"sqlite:///{path}",
            poolclass=NullPool,  # connections are kept here
            hide_parameters=True,  # I6: they would stand in the text of every error
            connect_args={
                "timeout": 10,
                "check_same_thread": False,
                "isolation_level": None,
                "cached_statements": 512,
            },
        )
        self._write_lock = threading.Lock()
        self._idle: list[Connection] = []
        self._watchers: list[tuple[frozenset[str], Callable[[], None]]] = []
        self._rows = 0  # written since the last checkpoint
        self.grown = threading.Event()
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "before_execute", _note)

    def open(self, *, check: bool = True) -> None:
        """Creates, migrates or checks the schema. Raises StoreFault with one clear line.

        `check` reads the whole file for damage (0.4 s for 100 MB): at the start of a service, not when one of
        its processes has died.
        """
        try:
            with self.write() as tx:
                if check and tx.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                    raise StoreFault(f"the database {self._path} is damaged", hint="restore it from a backup")
                self._bring_up(tx)
        except Unavailable as e:
            raise StoreFault(f"{self._path}: {e}") from None
        except (DatabaseError, sqlite3.DatabaseError) as e:
            cause = e.orig if isinstance(e, DatabaseError) else e
            raise StoreFault(
                f"the database {self._path} cannot be opened: {cause}",
                hint="restore it from a backup, or start with an empty --data directory",
            ) from None

    def _bring_up(self, tx: Tx) -> None:
        meta.create(tx, checkfirst=True)
        version = tx.execute(select(meta.c.value).where(meta.c.key == "schema")).scalar()
        if version == migrate.FROM:
            migrate.run(tx)
            version = str(SCHEMA_VERSION)
        metadata.create_all(tx)
        if version is None:
            tx.execute(meta.insert().values(key="schema", value=str(SCHEMA_VERSION)))
        elif version != str(SCHEMA_VERSION):
            raise StoreFault(
                f"the database {self._path} has schema version {version}; "
                f"this program reads {migrate.FROM} and {SCHEMA_VERSION}",
                hint="run the version of Seal53 that wrote it",
            )

    def watch(self, tables: Iterable[str], wake: Callable[[], None]) -> None:
        """`wake` is called after each announced commit that wrote one of these tables."""
        self._watchers.append((frozenset(tables), wake))

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent snapshot. Raises Unavailable."""
        with _available(), self._connection() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute("BEGIN")
            try:
                yield connection
            finally:
                _roll_back(driver)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """All or nothing; on disk when the block has ended. Raises Unavailable."""
        with self._write_lock, _available(), self._connection() as connection:
            driver: Any = connection.connection.dbapi_connection
            written: set[str] = connection.connection.info[_WRITTEN]
            written.clear()
            rows = driver.total_changes
            driver.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                driver.execute("COMMIT")
            except BaseException:
                _roll_back(driver)
                raise
            wakes = [wake for tables, wake in self._watchers if not tables.isdisjoint(written)]
            self._rows += driver.total_changes - rows
            if self._rows >= _GROWN:
                self.grown.set()
        for wake in wakes:
            wake()

    @contextmanager
    def note(self) -> Iterator[Tx]:
        """As `write`, for what may be lost with the machine's power since it would be found out again.

        It is not waited for until it is on disk, and nobody is told; what a later `write` commits is on disk
        only together with it. Raises Unavailable.
        """
        with self._write_lock, _available(), self._connection() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute("PRAGMA synchronous=NORMAL")
            try:
                driver.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    driver.execute("COMMIT")
                except BaseException:
                    _roll_back(driver)
                    raise
            finally:
                driver.execute("PRAGMA synchronous=FULL")

    def checkpoint(self) -> None:
        """Takes what was committed from the log into the database, beside those who read and write.

        Without it the one whose commit fills the log waits for that. Raises Unavailable.
        """
        self.grown.clear()
        self._rows = 0
        with _available(), self._connection() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """One that nobody else uses. The last one used comes first: its cache is the warmest."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        driver: Any = connection.connection.dbapi_connection
        try:
            yield connection
        finally:
            if driver.in_transaction:  # it could not even be rolled back
                connection.close()
            else:
                self._idle.append(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()


def _prepare(connection: Any, record: Any) -> None:
    record.info[_WRITTEN] = set()
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _note(connection: Connection, construct: object, *_: object) -> None:
    table = _written_by(construct)
    if table is not None:
        connection.connection.info[_WRITTEN].add(table)


def _written_by(construct: object) -> str | None:
    """The name of the table that a statement writes."""
    if isinstance(construct, UpdateBase) and isinstance(construct.table, TableClause):
        return construct.table.name
    return None


def _roll_back(driver: sqlite3.Connection) -> None:
    """SQLite rolls back by itself after some errors, a full disk for one."""
    if driver.in_transaction:
        driver.execute("ROLLBACK")


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as e:
        cause = e.orig if isinstance(e, OperationalError) else e
        if isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode & 0xFF in _OUTAGES:
            raise Unavailable(f"the database cannot be used just now: {cause}") from e
        raise
