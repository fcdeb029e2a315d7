"""What can be wrong at start: each is one clear line, a non-zero exit, and no traceback."""

import os
import shutil
import socket
import sqlite3
from pathlib import Path

import pytest
from e2e_service import Starter

NOBODY = 65534
root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root with setpriv can act as another user",
)


def test_a_taken_port(start: Starter) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.53.202.9", 0))
        port = taken.getsockname()[1]
        said = start.refused("--ephemeral", "--address-block", "127.53.202.0/24", "--dns-port", str(port))
    assert f"port {port} on 127.53.202.9 is taken" in said


def test_a_taken_api_port(start: Starter) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = start.refused("--ephemeral", "--api-listen", f"127.0.0.1:{port}")
    assert f"port {port} on 127.0.0.1 is taken" in said


def test_a_directory_that_cannot_be_made(start: Starter, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = start.refused("--data", str(tmp_path / "file" / "data"))
    assert "cannot be made" in said


@root
def test_a_directory_that_is_not_writable(start: Starter, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o755)
    service = start.launch("--data", str(closed), "--address-block", "127.53.203.0/24", user=NOBODY)
    assert service.process.wait(20) == 1
    assert service.log.read_text().splitlines() == [
        f"seal53: the data directory {closed} is not writable: Permission denied; "
        "hint: choose another with --data"
    ]


@pytest.mark.parametrize("damage", ["not a database", "a torn page", "another version"])
def test_a_damaged_database(start: Starter, tmp_path: Path, damage: str) -> None:
    data = tmp_path / "data"
    where = ("--data", str(data), "--address-block", "127.53.204.0/24", "--api-listen", "127.0.0.1:0")
    database = data / "seal53.db"
    if damage == "not a database":
        data.mkdir()
        database.write_bytes(b"something else entirely" * 100)
    else:
        assert start(*where).stop() == 0
        if damage == "a torn page":
            octets = bytearray(database.read_bytes())
            octets[4096:16384] = b"\xa5" * 12288
            database.write_bytes(octets)
        else:
            with sqlite3.connect(database) as connection:
                connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
            connection.close()
    said = start.refused(*where)
    assert str(database) in said


def test_a_lost_master_key(start: Starter, tmp_path: Path) -> None:
    where = ("--data", str(tmp_path / "data"), "--address-block", "127.53.207.0/24")
    where = (*where, "--api-listen", "127.0.0.1:0")
    assert start(*where).stop() == 0
    (tmp_path / "data" / "master.key").unlink()
    assert "the master key is not the one that sealed this data directory" in start.refused(*where)


def test_a_block_that_is_not_the_databases(start: Starter, tmp_path: Path) -> None:
    where = ("--data", str(tmp_path / "data"), "--api-listen", "127.0.0.1:0")
    assert start(*where, "--address-block", "127.53.208.0/24").stop() == 0
    said = start.refused(*where, "--address-block", "127.53.209.0/24")
    assert "start with --address-block 127.53.208.0/24" in said


def test_a_second_service_on_one_directory(start: Starter, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    start("--data", data, "--address-block", "127.53.205.0/24", "--api-listen", "127.0.0.1:0")
    said = start.refused("--data", data, "--address-block", "127.53.206.0/24", "--api-listen", "127.0.0.1:0")
    assert "another service runs on the data directory" in said


def test_a_second_service_on_one_block(start: Starter, service: object) -> None:
    block = service.facts["root"]["address"].rpartition(".")[0] + ".0/24"  # type: ignore[attr-defined]
    said = start.refused("--ephemeral", "--address-block", block)
    assert f"another service uses the address block {block}" in said


def test_http_off_loopback(start: Starter) -> None:
    said = start.refused("--ephemeral", "--api-listen", "0.0.0.0:0")
    assert "loopback" in said


def test_a_setting_that_does_not_exist(start: Starter, tmp_path: Path) -> None:
    file = tmp_path / "seal53.toml"
    file.write_text('adress_block = "127.53.9.0/24"\n')
    said = start.refused("--ephemeral", "--config", str(file))
    assert "did you mean address_block?" in said


@root
def test_an_ordinary_user_falls_back_to_the_other_port(start: Starter) -> None:
    service = start("--ephemeral", user=NOBODY)
    assert service.facts["root"]["port"] == 5300
    assert "5300" in service.log.read_text()
    zone_id, servers = service.zone("other-port.example.")
    service.in_sync(service.upsert(zone_id, "a.other-port.example.", "A", "192.0.2.1"))
    assert service.values(servers[0], "a.other-port.example.") == ["192.0.2.1"]
    assert service.stop() == 0
