"""P-256 private keys as opaque handles: they sign digests and give their public key, nothing else (I6).

Used for the keys of our KMS and for the registry's own KSKs. Not for ZSKs: they are made, opened and used in
Rust.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from seal53.base.errors import Fault
from seal53.keystore.sealing import UnsealFault, seal, unseal

DIGEST_OCTETS = 32
_ECDSA = ec.ECDSA(Prehashed(SHA256()))


class BadSignature(Fault):
    """The signature is not one of this key over this digest."""


class SigningKey:
    """A P-256 private key that signs SHA-256 digests. Not shown, not compared, not pickled."""

    __slots__ = ("_key",)

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> "SigningKey":
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def opened(cls, kek: bytes, aad: bytes, sealed: bytes) -> "SigningKey":
        """From `sealed(kek, aad)`. Raises UnsealFault."""
        key = load_der_private_key(unseal(kek, aad, sealed), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise UnsealFault(f"the sealed key {aad.decode('ascii', 'backslashreplace')} is not a P-256 key")
        return cls(key)

    def sealed(self, kek: bytes, aad: bytes) -> bytes:
        """PKCS#8 (RFC 5958), sealed."""
        return seal(kek, aad, self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))

    @property
    def public_der(self) -> bytes:
        """SubjectPublicKeyInfo, 91 octets; the last 64 are `public_point`."""
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def public_point(self) -> bytes:
        """x || y, 64 octets: the public key field of a DNSKEY (RFC 6605 §4)."""
        return self.public_der[-64:]

    def sign_digest_der(self, digest: bytes) -> bytes:
        """ECDSA over a SHA-256 digest: SEQUENCE { r, s }, as KMS returns it."""
        if len(digest) != DIGEST_OCTETS:
            raise ValueError("a SHA-256 digest has 32 octets")
        return self._key.sign(digest, _ECDSA)

    def sign_digest(self, digest: bytes) -> bytes:
        """r || s, 32 octets each, as an RRSIG carries it (RFC 6605 §4)."""
        return fixed_width(self.sign_digest_der(digest))

    def __repr__(self) -> str:
        return "SigningKey(***)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a signing key is not pickled")


def fixed_width(signature_der: bytes) -> bytes:
    """r || s, each left-padded to 32 octets (RFC 6605 §4), from SEQUENCE { r, s }. Raises BadSignature."""
    try:
        r, s = decode_dss_signature(signature_der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError):
        raise BadSignature("the signature is not a DER sequence of two P-256 integers") from None


def verify_digest(public_der: bytes, digest: bytes, signature_der: bytes) -> None:
    """Raises BadSignature."""
    key = load_der_public_key(public_der)
    if not isinstance(key, ec.EllipticCurvePublicKey) or len(digest) != DIGEST_OCTETS:
        raise BadSignature("only P-256 keys and SHA-256 digests are verified")
    try:
        key.verify(signature_der, digest, _ECDSA)
    except InvalidSignature:
        raise BadSignature("the signature does not match") from None
