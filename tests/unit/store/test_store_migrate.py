"""A database of version 0.1.0 is brought up in place: all is there, and the schema is a fresh one's."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import MetaData, Table
from sqlalchemy.schema import CreateTable

from seal53.core import Name, RecordSet
from seal53.store import (
    Store,
    StoreFault,
    accounts,
    changes,
    ksks,
    meta,
    migrate,
    outbox,
    records,
    vpcs,
    zones,
)
from seal53.store.schema import SCHEMA_VERSION

OLD = Path(__file__).with_name("version_1.sql")
A, TXT = 1, 16


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "seal53.db"
    with sqlite3.connect(path) as database:
        database.executescript(OLD.read_text())
    database.close()
    return path


def test_what_it_held_is_there(path: Path) -> None:
    store = Store(path)
    store.open()
    with store.read() as tx:
        assert meta.get(tx, "schema") == str(SCHEMA_VERSION)
        (account,) = accounts.every(tx)
        (key,) = accounts.keys_of(tx, account.id)
        (vpc,) = vpcs.of_account(tx, account.id)
        (zone,) = zones.all_of(tx, account.id)
        assert (key.access_key_id, vpc.address, zone.comment) == (
            "AKIAEXAMPLE000000001",
            "127.53.0.254",
            "the first",
        )
        assert zones.with_reference(tx, account.id, "ref-1") == zone
        assert [r.version for r in outbox.of_subject(tx, f"zone:{zone.id}", above=0)] == [1, 2]
        assert [c.version for c in changes.pending(tx) if c.subject == f"zone:{zone.id}"] == [1, 2]
        assert [len(ksks.all_of(tx, z.id)) for z in zones.every(tx) if z.kind != "public"] == [1, 1, 1]
        www, apex, star = (
            records.at(tx, zone.id, Name.parse(name))
            for name in ("www.companya.com.", "companya.com.", "*.companya.com.")
        )
        assert [s.record for s in www] == [
            RecordSet(
                Name.parse("www.companya.com."), A, ttl=60, rdatas=[b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02"]
            )
        ]
        assert www[0].shape["ResourceRecords"] == [{"Value": "192.0.2.1"}, {"Value": "192.0.2.2"}]
        assert {s.type: s.record.alias for s in apex if s.type == "A"} == {"A": www[0].record.owner}
        assert star[0].record.rtype == TXT
        assert records.count(tx, zone.id) == len(list(records.every(tx, zone.id))) == 5
    store.close()


def test_the_schema_is_that_of_a_fresh_database(path: Path, tmp_path: Path) -> None:
    def schema(path: Path) -> dict[str, str]:
        store = Store(path)
        store.open()
        with store.read() as tx:
            found = MetaData()
            found.reflect(tx)
            shown = {name: _shown(table) for name, table in found.tables.items()}
        store.close()
        return shown

    assert schema(path) == schema(tmp_path / "fresh.db")


def test_it_is_migrated_once_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the power fails")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(migrate, "_copy", fail)
        Store(path).open()
    for _ in range(2):
        store = Store(path)
        store.open()
        with store.read() as tx:
            assert len(zones.every(tx)) == 4
        store.close()


def test_a_version_that_nobody_knows_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE meta SET value = '7' WHERE key = 'schema'")
    database.close()
    with pytest.raises(StoreFault, match="schema version 7"):
        Store(path).open()


def _shown(table: Table) -> str:
    constraints = sorted(str(index.columns.keys()) for index in table.indexes)
    return f"{CreateTable(table)} {constraints}"
