"""The database at its limits: full, read-only, damaged, of another version; and what a transaction leaves."""

from pathlib import Path

import pytest

from seal53.services import faults
from seal53.store import Store, StoreFault, Unavailable, meta
from seal53.store.schema import SCHEMA_VERSION


def test_a_full_disk_leaves_nothing_and_passes(store: Store) -> None:
    with store.write() as tx:
        meta.put(tx, "before", "kept")
    _pragma(store, "max_page_count=1")  # SQLite takes the size that the file has
    with pytest.raises(Unavailable, match="full") as failed, store.write() as tx:
        meta.put(tx, "small", "x")
        meta.put(tx, "large", "x" * 1_000_000)
    assert faults.render(failed.value) == ("ServiceUnavailable", str(failed.value), {})
    with store.read() as tx:
        assert [meta.get(tx, key) for key in ("before", "small", "large")] == ["kept", None, None]
    _pragma(store, "max_page_count=1000000")
    with store.write() as tx:
        meta.put(tx, "large", "x" * 1_000_000)


def test_a_read_only_disk_is_no_traceback(store: Store) -> None:
    woken: list[int] = []
    store.watch(("meta",), lambda: woken.append(1))
    _pragma(store, "query_only=ON")
    with pytest.raises(Unavailable, match="readonly"), store.write() as tx:
        meta.put(tx, "key", "value")
    assert not woken
    with store.read() as tx:
        assert meta.get(tx, "schema") == str(SCHEMA_VERSION)
    _pragma(store, "query_only=OFF")
    with store.write() as tx:
        meta.put(tx, "key", "value")
    assert woken


def test_a_mistake_in_a_transaction_is_not_hidden(store: Store) -> None:
    with pytest.raises(Exception, match="no such table") as failed, store.write() as tx:
        tx.exec_driver_sql("SELECT * FROM absent")
    assert not isinstance(failed.value, Unavailable)


def test_damage_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "seal53.db"
    path.write_bytes(b"not a database at all" * 400)
    with pytest.raises(StoreFault, match=r"cannot be opened.*hint: restore it") as failed:
        Store(path).open()
    assert "\n" not in str(failed.value)


def test_damage_inside_is_found_at_the_start_of_a_service(tmp_path: Path) -> None:
    path = tmp_path / "seal53.db"
    store = Store(path)
    store.open()
    with store.write() as tx:
        for n in range(2000):
            meta.put(tx, f"key{n}", "x" * 100)
    store.close()
    octets = bytearray(path.read_bytes())
    octets[-8192:-4096] = b"\xff" * 4096
    path.write_bytes(octets)
    with pytest.raises(StoreFault, match="damaged"):
        Store(path).open()


def test_another_version_is_refused(store: Store, tmp_path: Path) -> None:
    with store.write() as tx:
        meta.put(tx, "schema", "99")
    store.close()
    with pytest.raises(StoreFault, match="schema version 99"):
        Store(tmp_path / "seal53.db").open()


def _pragma(store: Store, pragma: str) -> None:
    """On the one connection that there is so far."""
    with store.read() as tx:
        tx.exec_driver_sql(f"PRAGMA {pragma}")
