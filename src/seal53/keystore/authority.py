"""A certificate authority of this data directory: what `api_tls=own` serves the API with.

    tls/ca.pem      what clients trust (AWS_CA_BUNDLE); for ten years
    tls/ca.key      its key, P-256
    tls/server.pem  the API's certificate, for the addresses and names that it listens on; renewed
    tls/server.key  its key, new with each certificate

All of mode 0600, and replaced whole: a reader sees the old file or the new one. Source: RFC 5280 §4.2. Not
for: certificates that somebody gives (those are only read), or keys of zones. Limits: no revocation; whoever
reads the directory can pose as the API to those who trust its CA.
"""

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from seal53.base.clock import UnixTime
from seal53.base.errors import StartFault
from seal53.keystore.files import written_beside

DIRECTORY = "tls"
_CA_FOR = timedelta(days=3650)
_SERVER_FOR = timedelta(days=398)  # the longest that browsers accept of public authorities
_RENEWED_BEFORE = timedelta(days=133)  # a third of it
_BACKDATED = timedelta(hours=1)  # for clients whose clock is slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Where the files are, and whom the server's certificate names: addresses and host names."""

    directory: Path
    names: tuple[str, ...]

    @property
    def ca(self) -> Path:
        return self.directory / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.directory / "server.pem"

    @property
    def key(self) -> Path:
        return self.directory / "server.key"


def keep(authority: Authority, now: UnixTime) -> bool:
    """Makes what is not there, and renews the server's certificate when it nears its end or names others.

    Returns whether a file changed. Raises StartFault.
    """
    moment = datetime.fromtimestamp(now, UTC)
    try:
        authority.directory.mkdir(mode=0o700, exist_ok=True)
        ca, ca_key, is_new = _ca(authority, moment)
        if not is_new and _is_good(authority, ca, moment):
            return False
        _issue(authority, ca, ca_key, moment)
    except OSError as e:
        raise StartFault(f"the directory {authority.directory} cannot be used: {e.strerror}") from None
    return True


def _ca(authority: Authority, moment: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey, bool]:
    path = authority.directory / "ca.key"
    if authority.ca.exists():
        try:
            certificate = x509.load_pem_x509_certificate(authority.ca.read_bytes())
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except (ValueError, TypeError, FileNotFoundError):
            key = None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
            raise StartFault(
                f"the CA in {authority.directory} cannot be read",
                hint="restore ca.pem and ca.key from a backup, or remove both for a new CA",
            )
        return certificate, key, False
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Seal53 CA {secrets.token_hex(4)}")])
    certificate = (
        _builder(name, name, key.public_key(), moment, _CA_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _replace(path, _pem_of(key))
    _replace(authority.ca, certificate.public_bytes(serialization.Encoding.PEM))
    return certificate, key, True


def _is_good(authority: Authority, ca: x509.Certificate, moment: datetime) -> bool:
    try:
        found = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
        key = serialization.load_pem_private_key(authority.key.read_bytes(), None)
        named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found.verify_directly_issued_by(ca)
    except Exception:  # noqa: BLE001  whatever is wrong with it, another one is made
        return False
    return (
        key.public_key() == found.public_key()
        and set(named) == set(_alternatives(authority.names))
        and found.not_valid_before_utc <= moment < found.not_valid_after_utc - _RENEWED_BEFORE
    )


def _issue(
    authority: Authority, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, moment: datetime
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Seal53 API")])
    certificate = (
        _builder(subject, ca.subject, key.public_key(), moment, _SERVER_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternatives(authority.names)), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    # Both files change one after the other: who reads in between finds a pair that does not match, and keeps
    # the one that it has.
    _replace(authority.key, _pem_of(key))
    _replace(authority.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    moment: datetime,
    valid_for: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - _BACKDATED)
        .not_valid_after(moment + valid_for)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _replace(path: Path, content: bytes) -> None:
    with written_beside(path, content) as fresh:
        fresh.replace(path)
