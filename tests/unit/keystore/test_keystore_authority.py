"""The certificates that `api_tls=own` makes: what they say, when they are renewed, that a CA stays."""

import datetime
import ipaddress
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from seal53.base.clock import UnixTime
from seal53.base.errors import StartFault
from seal53.base.tls import server_context
from seal53.keystore.authority import Authority, keep

NOW = UnixTime(1_790_000_000)
DAY = 86_400


@pytest.fixture
def own(tmp_path: Path) -> Authority:
    return Authority(directory=tmp_path / "tls", names=("localhost", "127.0.0.1", "::1", "host.example"))


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def moment(at: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at, datetime.UTC)


@pytest.mark.parametrize("name", ["localhost", "host.example", "127.0.0.1", "::1"])
@pytest.mark.parametrize("later", [0, 398 * DAY - 1])
def test_a_strict_verifier_takes_the_servers_certificate(own: Authority, name: str, later: int) -> None:
    assert keep(own, NOW)
    try:
        wanted: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        wanted = x509.DNSName(name)
    policy = PolicyBuilder().store(Store([certificate(own.ca)])).time(moment(NOW + later))
    chain = policy.build_server_verifier(wanted).verify(certificate(own.certificate), [])
    assert chain[-1] == certificate(own.ca)


def test_what_the_certificates_are_for(own: Authority) -> None:
    keep(own, NOW)
    server, ca = certificate(own.certificate), certificate(own.ca)
    usage = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(
        True, 0
    )
    assert ca.not_valid_after_utc - moment(NOW) == datetime.timedelta(days=3650)
    assert server_context(own.certificate, own.key).minimum_version is ssl.TLSVersion.TLSv1_2


def test_files_are_their_owners_alone(own: Authority) -> None:
    keep(own, NOW)
    assert stat.S_IMODE(own.directory.stat().st_mode) == 0o700
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in own.directory.iterdir()}
    assert files == dict.fromkeys(("ca.pem", "ca.key", "server.pem", "server.key"), 0o600)


def test_a_certificate_is_kept_until_it_nears_its_end(own: Authority) -> None:
    keep(own, NOW)
    ca, first = own.ca.read_bytes(), own.certificate.read_bytes()
    assert not keep(own, UnixTime(NOW + 264 * DAY))
    assert own.certificate.read_bytes() == first
    assert keep(own, UnixTime(NOW + 266 * DAY))
    assert own.certificate.read_bytes() != first
    assert own.ca.read_bytes() == ca
    server_context(own.certificate, own.key)


def test_other_names_and_broken_files_make_another_certificate(own: Authority) -> None:
    keep(own, NOW)
    first = own.certificate.read_bytes()
    other = Authority(directory=own.directory, names=(*own.names, "192.0.2.1"))
    assert keep(other, NOW)
    assert own.certificate.read_bytes() != first
    assert not keep(other, NOW)
    for path in (own.key, own.certificate):
        for content in (b"", b"not PEM", first):
            path.write_bytes(content)
            assert keep(other, NOW)
            server_context(own.certificate, own.key)
        path.unlink()
        assert keep(other, NOW)


def test_a_clock_that_was_wrong_is_forgiven(own: Authority) -> None:
    keep(own, UnixTime(NOW + 1000 * DAY))
    assert keep(own, NOW)
    assert certificate(own.certificate).not_valid_before_utc < moment(NOW)


@pytest.mark.parametrize("name", ["ca.pem", "ca.key"])
def test_a_ca_that_cannot_be_read_is_not_replaced(own: Authority, name: str) -> None:
    """Clients trust it: whoever runs the service decides."""
    keep(own, NOW)
    (own.directory / name).write_bytes(b"broken")
    with pytest.raises(StartFault, match=r"the CA in .* cannot be read") as caught:
        keep(own, NOW)
    assert "remove both" in str(caught.value)


def test_a_ca_without_its_key(own: Authority) -> None:
    keep(own, NOW)
    (own.directory / "ca.key").unlink()
    with pytest.raises(StartFault, match="cannot be read"):
        keep(own, NOW)


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("a file")
    with pytest.raises(StartFault, match="cannot be used"):
        keep(Authority(directory=tmp_path / "tls", names=("localhost",)), NOW)
