"""Prepared statements, who is woken by which table, what is not waited for; and that SQL stays portable."""

import re
import threading
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select, update

import seal53.store
from seal53.core import Name, RecordSet
from seal53.store import Store, Unavailable, edges, meta, outbox, records, zones
from seal53.store.engine import Statement
from seal53.store.records import StoredSet
from seal53.store.schema import meta as meta_table
from seal53.store.zones import HostedZone

_get = Statement(select(meta_table.c.value).where(meta_table.c.key == bindparam("key")))
_insert = Statement(insert(meta_table).values(key=bindparam("key"), value="the same for all"))
_update = Statement(update(meta_table).where(meta_table.c.key == bindparam("its")).values(value="other"))


def test_a_statement_runs_with_its_parameters_and_its_constants(store: Store) -> None:
    with store.write() as tx:
        assert _insert.run_for(tx, [{"key": "a"}, {"key": "b"}]) == 2
        assert _update.run(tx, its="b") == 1
        assert _update.run(tx, its="nothing") == 0
    with store.read() as tx:
        assert _get.rows(tx, key="a") == [("the same for all",)]
        assert (_get.value(tx, key="b"), _get.value(tx, key="c")) == ("other", None)
        assert (_get.first(tx, key="b"), _get.first(tx, key="c")) == (("other",), None)
        assert list(_get.each(tx, key="a")) == [("the same for all",)]
        with pytest.raises(KeyError):
            _get.rows(tx, wrong="a")


def test_a_statement_sees_what_core_wrote_and_the_other_way_round(store: Store) -> None:
    with store.write() as tx:
        tx.execute(meta_table.insert().values(key="core", value="1"))
        assert _get.value(tx, key="core") == "1"
        _insert.run(tx, key="statement")
        query = select(meta_table.c.value).where(meta_table.c.key == "statement")
        assert tx.execute(query).scalar() == "the same for all"


def test_a_transaction_that_fails_leaves_nothing_and_its_connection_is_used_again(store: Store) -> None:
    with pytest.raises(ValueError, match="changed"), store.write() as tx:
        _insert.run(tx, key="a")
        raise ValueError("changed my mind")
    with pytest.raises(ValueError, match="while"), store.read() as tx:
        raise ValueError("while reading")
    with store.write() as tx:
        assert _get.value(tx, key="a") is None
    assert len(store._idle) == 1


def test_who_watches_a_table_is_woken_when_it_was_written(store: Store) -> None:
    woken: list[str] = []
    store.watch(("outbox", "edges"), lambda: woken.append("outbox or edges"))
    store.watch(("meta",), lambda: woken.append("meta"))
    with store.write() as tx:
        outbox.append(tx, "zone:Z1", 1, "zone")
    assert woken == ["outbox or edges"]
    with store.write() as tx:
        edges.register(tx, "e", "edge", 1)  # not a prepared statement
        _insert.run(tx, key="a")
    assert woken == ["outbox or edges", "outbox or edges", "meta"]
    with store.write() as tx:
        meta.get(tx, "a")
    with pytest.raises(ValueError, match="no"), store.write() as tx:
        _insert.run(tx, key="b")
        raise ValueError("no")
    with store.write() as tx:  # what was rolled back is not remembered
        meta.get(tx, "a")
    assert len(woken) == 3


def test_what_is_noted_is_there_and_wakes_nobody(store: Store) -> None:
    woken: list[int] = []
    store.watch(("meta",), lambda: woken.append(1))
    with store.note() as tx:
        _insert.run(tx, key="a")
    with pytest.raises(ValueError, match="no"), store.note() as tx:
        _insert.run(tx, key="b")
        raise ValueError("no")
    with store.read() as tx:
        assert [_get.value(tx, key=key) for key in "ab"] == ["the same for all", None]
        assert tx.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL again
    assert woken == []


def test_transactions_of_several_threads_do_not_meet(store: Store) -> None:
    def many(name: str) -> None:
        for n in range(50):
            with store.write() as tx:
                version = int(meta.get(tx, "n") or 0)
                meta.put(tx, "n", str(version + 1))
            with store.read() as tx:
                assert int(meta.get(tx, "n") or 0) > n

    threads = [threading.Thread(target=many, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert meta.get(tx, "n") == "200"


def test_a_statement_that_finds_the_database_closed_to_it_is_an_outage(store: Store) -> None:
    with store.read() as tx:
        tx.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(Unavailable, match="readonly"), store.write() as tx:
        _insert.run(tx, key="a")


def test_owners_are_found_without_reading_their_zone(store: Store) -> None:
    """The plan of what touches few owners goes along the key, and sorts nothing."""
    names = ("_at_one", "_at_some", "_keys_at_one", "_keys_at_some", "_items_at_one", "_items_at_some")
    with store.read() as tx:
        for name in (*names, "_delete"):
            statement: Statement = vars(records)[name]
            statement._driver(tx)
            values = tuple(0 for _ in statement._order)
            plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement._sql}", values).fetchall()
            shown = " ".join(row[3] for row in plan)
            assert "USING PRIMARY KEY (zone_id=? AND sort_key=?" in shown, name
            assert "TEMP B-TREE" not in shown, name


def test_the_count_follows_whatever_is_written(store: Store) -> None:
    def a(name: str, set_id: str = "") -> StoredSet:
        record = RecordSet(Name.parse(name), 1, set_id, ttl=60, rdatas=[b"\xc0\x00\x02\x01"])
        return StoredSet(record=record, type="A", shape={})

    with store.write() as tx:
        zone = HostedZone(
            id="Z1", account_id=None, kind="tld", name=Name.parse("x."), caller_reference="r", created_at=1
        )
        zones.insert(tx, zone)
        records.put(tx, "Z1", [a(f"h{n}.x.") for n in range(120)])
        records.put(tx, "Z1", [a("h1.x."), a("H2.x."), a("new.x.")])
        records.put(tx, "Z1", [a("h3.x."), a("h3.x.", "blue")], replaced=[a("h3.x.").key])
        records.put(tx, "Z1", [a("fresh.x.")], replaced=())
        records.delete(tx, "Z1", [a("h1.x.").key, a("gone.x.").key, a("h3.x.", "green").key])
        assert records.count(tx, "Z1") == len(list(records.every(tx, "Z1"))) == 122
        assert len(records.every_item(tx, "Z1")) == 122
        found = zones.get(tx, "Z1")
        assert found is not None and found.record_count == 122


def test_a_page_of_shapes_says_where_the_next_one_begins(store: Store) -> None:
    with store.write() as tx:
        zone = HostedZone(
            id="Z1", account_id=None, kind="tld", name=Name.parse("x."), caller_reference="r", created_at=1
        )
        zones.insert(tx, zone)
        sets = [
            StoredSet(
                record=RecordSet(Name.parse(f"{label}.x."), 1, ttl=1, rdatas=[bytes(4)]),
                type="A",
                shape={"Name": label},
            )
            for label in "abc"
        ]
        records.put(tx, "Z1", sets)
        shapes, following = records.shapes(tx, "Z1", None, 2)
        assert shapes == [{"Name": "a"}, {"Name": "b"}]
        assert following == sets[2].position
        assert records.shapes(tx, "Z1", following, 2) == ([{"Name": "c"}], None)


def test_sql_is_portable() -> None:
    """No dialect is named, no text of SQL stands and no PRAGMA is set outside of the engine."""
    room = Path(seal53.store.__file__).parent
    forbidden = re.compile(r"sqlalchemy\.dialects|exec_driver_sql|\bPRAGMA\b|import sqlite3|\btext\(")
    found = {
        path.name
        for path in room.glob("*.py")
        if path.name != "engine.py" and forbidden.search(path.read_text())
    }
    assert found == set()
