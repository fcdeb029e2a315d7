"""Where a service can stand: directories, blocks, ports. On loopback, in blocks that nobody else takes."""

import ipaddress
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seal53.base.clock import ManualClock
from seal53.base.errors import StartFault
from seal53.config import Settings
from seal53.supervise import ground
from seal53.supervise.ground import Ground

BLOCK = ipaddress.IPv4Network("127.53.210.0/24")
Take = Callable[..., Ground]


@pytest.fixture
def take(tmp_path: Path) -> Iterator[Take]:
    """Claims ground on a clock that moves by itself when it is slept on, and leaves it with the test."""
    taken: list[Ground] = []

    def claim(**settings: object) -> Ground:
        clock = ManualClock()
        defaults = {"data": str(tmp_path / "data"), "address_block": str(BLOCK), "api_listen": "127.0.0.1:0"}
        settings = {**defaults, "dns_port": 5355, **settings}
        claimed = ground.take(Settings(**settings), clock, lambda _: clock.advance(1))  # type: ignore[arg-type]
        taken.append(claimed)
        return claimed

    yield claim
    for each in taken:
        each.leave()


def test_everything_is_claimed_and_given_back(take: Take, tmp_path: Path) -> None:
    claimed = take()
    place = claimed.place
    assert (place.block, place.port, claimed.fell_back) == (BLOCK, 5355, False)
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.feed_path.stat().st_mode) == 0o600
    assert "***" in repr(place.kek) and "***" in repr(place.token)
    claimed.leave()
    assert not place.feed_path.exists()
    take()


def test_on_loopback_plain_http_is_the_default(take: Take) -> None:
    plain = take().place
    assert (plain.tls, plain.api_url) == (None, f"http://127.0.0.1:{plain.api[1]}")


@pytest.mark.parametrize(
    ("listen", "url"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "localhost"), ("[::1]", "[::1]")]
)
def test_the_url_is_one_that_the_certificate_names(take: Take, listen: str, url: str) -> None:
    place = take(api_listen=f"{listen}:0", api_tls="own").place
    assert place.api_url == f"https://{url}:{place.api[1]}"
    assert place.tls is not None
    assert url.strip("[]") in place.tls.names
    assert "0.0.0.0" not in place.tls.names
    assert place.tls.ca == place.data / "tls" / "ca.pem"


def test_a_certificate_is_tried_before_anything_starts(take: Take, tmp_path: Path) -> None:
    own = take(api_tls="own").place.tls
    assert own is not None
    given = {"api_certificate": str(own.certificate), "api_key": str(own.key)}
    other = {"data": str(tmp_path / "other"), "address_block": "127.53.211.0/24"}
    tls = take(**other, **given).place.tls
    assert tls is not None
    assert (tls.certificate, tls.ca, tls.names) == (own.certificate, None, ())
    own.certificate.write_text("not PEM")
    with pytest.raises(StartFault, match="cannot be used"):
        take(**other | {"data": str(tmp_path / "third"), "address_block": "127.53.212.0/24"}, **given)


def test_one_directory_and_one_block_belong_to_one_service(take: Take, tmp_path: Path) -> None:
    take()
    with pytest.raises(StartFault, match="another service runs on the data directory"):
        take()
    with pytest.raises(StartFault, match=r"another service uses the address block 127\.53\.210\.0/24"):
        take(data=str(tmp_path / "other"))


def test_an_ephemeral_service_finds_a_free_block_and_vanishes(take: Take) -> None:
    first, second = (take(data=None, ephemeral=True, address_block=None) for _ in range(2))
    assert first.place.block != second.place.block
    assert first.place.block.subnet_of(ipaddress.IPv4Network("127.53.0.0/16"))
    assert first.place.data.exists()
    first.leave()
    assert not first.place.data.exists()


def test_what_a_killed_ephemeral_service_left_is_swept(take: Take) -> None:
    living = take(data=None, ephemeral=True, address_block=None)
    left = living.place.data.with_name("seal53-left-by-a-test")
    left.mkdir()
    (left / "lock").touch()
    take(data=None, ephemeral=True, address_block=None)
    assert not left.exists()
    assert living.place.data.exists()


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_taken_port_is_seen_though_it_would_share(take: Take, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.53.210.77", 5355))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        with pytest.raises(StartFault, match=r"port 5355 on 127\.53\.210\.77 is taken"):
            take()


def test_a_port_that_is_not_allowed_gives_way_to_the_other(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ground.probe
    monkeypatch.setattr(ground, "probe", lambda b, p: ("127.53.210.1", 13) if p == 5355 else real(b, p))
    claimed = take(fallback_port=5356)
    assert (claimed.place.port, claimed.fell_back) == (5356, True)


def test_a_long_path_gets_a_short_socket(take: Take, tmp_path: Path) -> None:
    claimed = take(data=str(tmp_path / ("d" * 120)))
    assert len(str(claimed.place.feed_path)) < 108
    assert claimed.place.feed_path.exists()
    claimed.leave()
    assert not claimed.place.feed_path.parent.exists()


def test_what_was_claimed_is_given_back_when_a_later_step_fails(take: Take, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "master.key").write_text("short")
    (tmp_path / "data" / "master.key").chmod(0o600)
    with pytest.raises(StartFault, match="master key"):
        take()
    (tmp_path / "data" / "master.key").unlink()
    take()


def test_a_stale_ready_file_is_removed_first(take: Take, tmp_path: Path) -> None:
    stale = tmp_path / "ready.json"
    stale.write_text("{}")
    take(ready_file=str(stale))
    assert not stale.exists()
    with pytest.raises(StartFault, match="no writable directory"):
        take(data=str(tmp_path / "b"), ready_file=str(tmp_path / "nowhere" / "ready.json"))
