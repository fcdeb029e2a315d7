"""Opaque P-256 handles; `cryptography` and dnspython judge their signatures, and nothing shows a secret
(I6)."""

import copy
import hashlib
import pickle
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from seal53.base.journal import Secret
from seal53.keystore import BadSignature, SigningKey, UnsealFault, seal, unseal, verify_digest
from seal53.keystore.p256 import fixed_width

KEK = bytes(range(32))
DIGEST = hashlib.sha256(b"message").digest()


def test_the_public_key_is_a_der_structure_that_ends_in_the_point():
    key = SigningKey.generate()
    numbers = load_der_public_key(key.public_der).public_numbers()
    assert len(key.public_der) == 91
    assert key.public_point == numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def test_both_forms_of_a_signature_are_of_the_message():
    key = SigningKey.generate()
    public = load_der_public_key(key.public_der)
    public.verify(key.sign_digest_der(DIGEST), b"message", ec.ECDSA(SHA256()))
    assert len(key.sign_digest(DIGEST)) == 64
    verify_digest(key.public_der, DIGEST, key.sign_digest_der(DIGEST))


def test_short_integers_are_padded_on_the_left():
    # SEQUENCE { INTEGER 1, INTEGER 0x80 }: the second has DER's sign octet
    assert fixed_width(bytes.fromhex("3007 0201 01 0202 0080")) == bytes(31) + b"\x01" + bytes(31) + b"\x80"


@pytest.mark.parametrize(
    "der", [b"", b"\x30\x00", bytes(64), bytes.fromhex("3026022101" + "00" * 32 + "020101")]
)
def test_what_is_no_signature_is_refused(der):
    with pytest.raises(BadSignature):
        fixed_width(der)


def test_another_digest_key_or_signature_does_not_verify():
    key, other = SigningKey.generate(), SigningKey.generate()
    signature = key.sign_digest_der(DIGEST)
    for public, digest, signed in (
        (other.public_der, DIGEST, signature),
        (key.public_der, hashlib.sha256(b"other").digest(), signature),
        (key.public_der, DIGEST, other.sign_digest_der(DIGEST)),
        (key.public_der, DIGEST, signature[:-1]),
        (key.public_der, DIGEST, b""),
        (key.public_der, DIGEST[:-1], signature),
    ):
        with pytest.raises(BadSignature):
            verify_digest(public, digest, signed)


def test_only_whole_digests_are_signed():
    with pytest.raises(ValueError, match="32 octets"):
        SigningKey.generate().sign_digest(b"short")


def test_a_sealed_key_opens_for_its_owner_alone():
    key = SigningKey.generate()
    sealed = key.sealed(KEK, b"kms:k1")
    again = SigningKey.opened(KEK, b"kms:k1", sealed)
    assert again.public_der == key.public_der
    with pytest.raises(UnsealFault):
        SigningKey.opened(KEK, b"kms:k2", sealed)


def test_another_curve_is_refused():
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    der = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    with pytest.raises(UnsealFault, match="not a P-256 key"):
        SigningKey.opened(KEK, b"kms:k1", seal(KEK, b"kms:k1", der))


def test_nothing_shows_a_secret():
    key = SigningKey.generate()
    sealed = key.sealed(KEK, b"kms:k1")
    plain = unseal(KEK, b"kms:k1", sealed)
    private = load_der_private_key(bytes(plain), password=None).private_numbers().private_value
    shown = [
        repr(key),
        str(key),
        f"{key}",
        f"{key!r}",
        repr([key]),
        repr({"key": key}),
        repr(plain),
        str(plain),
        f"{plain}",
    ]
    for act in (
        lambda: SigningKey.opened(KEK, b"kms:k2", sealed),
        lambda: key.sign_digest(b""),
        lambda: pickle.dumps(key),
        lambda: copy.deepcopy(key),
        lambda: pickle.dumps(Secret(KEK)),
    ):
        with pytest.raises(Exception) as fault:
            act()
        shown.append("".join(traceback.format_exception(fault.value)))
    planted = (
        f"{private:x}",
        f"{private:064x}",
        str(private),
        KEK.hex(),
        bytes(plain).hex(),
        sealed.hex(),
        repr(KEK),
        repr(bytes(plain)),
    )
    for text in shown:
        assert not [secret for secret in planted if secret in text]
    assert not hasattr(key, "__dict__")
