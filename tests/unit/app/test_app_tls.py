"""New certificates are taken into use while the service runs; a pair that does not load never is."""

import socket
import ssl
import threading
from pathlib import Path

import pytest

from seal53.app.tls import Certificates
from seal53.base.clock import UnixTime
from seal53.config import Tls
from seal53.keystore.authority import Authority, keep

NOW = 1_790_000_000
DAY = 86_400


@pytest.fixture
def own(tmp_path: Path) -> Authority:
    made = Authority(directory=tmp_path / "tls", names=("localhost",))
    keep(made, UnixTime(NOW))
    return made


def files(own: Authority) -> Tls:
    return Tls(certificate=own.certificate, key=own.key, ca=own.ca, names=own.names)


def shown(context: ssl.SSLContext) -> bytes:
    """The certificate that a client is shown."""
    ours, theirs = socket.socketpair()
    found: list[bytes] = []

    def client() -> None:
        asking = ssl.create_default_context()
        asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
        with asking.wrap_socket(theirs) as tls:
            found.append(tls.getpeercert(binary_form=True) or b"")

    thread = threading.Thread(target=client)
    thread.start()
    with context.wrap_socket(ours, server_side=True):
        thread.join()
    return found[0]


def test_files_that_stay_are_not_read_again(own: Authority) -> None:
    certificates = Certificates(files(own))
    assert not certificates.reload()


def test_new_files_serve_the_next_connection(own: Authority) -> None:
    certificates = Certificates(files(own))
    first = shown(certificates.context)
    keep(own, UnixTime(NOW + 300 * DAY))
    assert shown(certificates.context) == first
    assert certificates.reload()
    assert shown(certificates.context) != first
    assert not certificates.reload()


@pytest.mark.parametrize("broken", ["server.pem", "server.key"])
def test_a_pair_that_does_not_load_leaves_the_old_one(
    own: Authority, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = Certificates(files(own))
    first = shown(certificates.context)
    kept = (own.directory / broken).read_bytes()
    keep(own, UnixTime(NOW + 300 * DAY))
    new = (own.directory / broken).read_bytes()
    for content in (kept, b"", b"not PEM"):  # kept: of another pair
        (own.directory / broken).write_bytes(content)
        assert not certificates.reload()
        assert shown(certificates.context) == first
    (own.directory / broken).unlink()
    assert not certificates.reload()
    assert "certificate-refused" in caplog.text
    (own.directory / broken).write_bytes(new)
    assert certificates.reload()
    assert shown(certificates.context) != first


def test_our_own_is_renewed_and_a_given_one_is_not(own: Authority) -> None:
    before = own.certificate.read_bytes()
    given = Certificates(Tls(certificate=own.certificate, key=own.key))
    given.renew(UnixTime(NOW + 300 * DAY))
    assert own.certificate.read_bytes() == before
    ours = Certificates(files(own))
    ours.renew(UnixTime(NOW + 300 * DAY))
    assert own.certificate.read_bytes() != before
    assert ours.reload()
