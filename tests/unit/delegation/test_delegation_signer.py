"""The registrar's view of a key, judged by dnspython."""

import base64

import dns.dnssec
import dns.name
import dns.rdata
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from seal53.core import Name
from seal53.delegation import SignerFault, derive_signer, most_keys

DOMAIN = Name.parse("companya.com.")


def _public_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]


def test_ds_agrees_with_dnspython() -> None:
    text = base64.b64encode(_public_key()).decode()
    signer = derive_signer(DOMAIN, flags=257, algorithm=13, public_key=text)
    dnskey = dns.rdata.from_text("IN", "DNSKEY", f"257 3 13 {text}")
    wanted = dns.dnssec.make_ds(dns.name.from_text("companya.com."), dnskey, "SHA256")  # type: ignore[arg-type]
    assert signer.ds == wanted.to_wire()
    assert signer.id == f"DS:{wanted.key_tag}-13-2-{wanted.digest.hex().upper()}"


def test_white_space_in_base64_is_no_matter() -> None:
    text = base64.b64encode(_public_key()).decode()
    broken = f" {text[:40]}\n {text[40:]} "
    assert derive_signer(DOMAIN, flags=257, algorithm=13, public_key=broken) == derive_signer(
        DOMAIN, flags=257, algorithm=13, public_key=text
    )


def test_a_point_off_the_curve_is_taken() -> None:
    wrong = base64.b64encode(bytes(64)).decode()
    assert derive_signer(DOMAIN, flags=257, algorithm=13, public_key=wrong).key_tag >= 0


@pytest.mark.parametrize(
    ("flags", "algorithm", "key", "why"),
    [
        (258, 13, base64.b64encode(bytes(64)).decode(), "Flags must be 256 or 257"),
        (257, 3, base64.b64encode(bytes(64)).decode(), "Algorithm 3 is not supported"),
        (257, 13, "not base64!", "not valid base64"),
        (257, 13, base64.b64encode(bytes(63)).decode(), "has 63 octets; algorithm 13 has 64"),
        (257, 15, base64.b64encode(bytes(64)).decode(), "algorithm 15 has 32"),
        (257, 8, base64.b64encode(bytes(20)).decode(), "67 to 515"),
    ],
)
def test_refusals(flags: int, algorithm: int, key: str, why: str) -> None:
    with pytest.raises(SignerFault, match=why):
        derive_signer(DOMAIN, flags=flags, algorithm=algorithm, public_key=key)


def test_how_many_keys() -> None:
    assert (most_keys(Name.parse("COM.")), most_keys(Name.parse("org."))) == (13, 4)
