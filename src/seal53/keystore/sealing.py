"""Sealing: AES-256-GCM under the master key, bound to what the secret belongs to.

Shape on disk: nonce (12) || ciphertext || tag (16), the same as in crates/dnssec. The associated data names
the owner (`b"kms:" + key id`, …), so that a sealed key copied into another row does not open.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from seal53.base.errors import Fault
from seal53.base.journal import Secret

KEY_OCTETS = 32
NONCE_OCTETS = 12  # NIST SP 800-38D §8.2.2: 96 random bits, good for 2^32 seals under one key
_TAG_OCTETS = 16


class UnsealFault(Fault):
    """What was sealed does not open: another master key, another owner, or damage."""


def seal(kek: bytes, aad: bytes, plain: bytes) -> bytes:
    """nonce || ciphertext || tag. `kek` has 32 octets."""
    nonce = secrets.token_bytes(NONCE_OCTETS)
    return nonce + AESGCM(kek).encrypt(nonce, plain, aad)


def unseal(kek: bytes, aad: bytes, sealed: bytes) -> Secret:
    """The plain octets, which no repr shows. Raises UnsealFault; its text holds neither secret nor
    ciphertext."""
    if len(sealed) >= NONCE_OCTETS + _TAG_OCTETS:
        try:
            return Secret(AESGCM(kek).decrypt(sealed[:NONCE_OCTETS], sealed[NONCE_OCTETS:], aad))
        except InvalidTag:
            pass
    owner = aad.decode("ascii", "backslashreplace")
    raise UnsealFault(
        f"the sealed key {owner} does not open",
        hint="start with the master key that sealed it, or restore it from a backup",
    )
