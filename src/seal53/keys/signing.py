"""Signing the DNSKEY RRset ahead, through handles that this room never looks into.

Not for: the other RRsets of a zone, which name servers sign as they answer.
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from seal53.base.errors import Fault
from seal53.core import DnssecFault, Name, RRset, key_tag, signed_data, verify_rrset
from seal53.keys import policy
from seal53.keys.windows import SignedWindow, Window, windows

_DNSKEY = 48  # RFC 4034 §2
_SERIAL = 0xFFFFFFFF  # RFC 4034 §3.1.5: times are serial numbers of 32 bits


class SignerFault(Fault):
    """A KSK cannot be used: its key is gone, disabled or not granted, or what it returned is no signature."""


class Signer(Protocol):
    """A KSK that signs."""

    @property
    def dnskey(self) -> bytes:
        """RDATA."""

    def sign_digest(self, digest: bytes) -> bytes:
        """r || s over a SHA-256 digest, 64 octets. Raises SignerFault."""


class KskSigners(Protocol):
    """Finds the signers of KSKs that lie in KMS; joined in `app`, as the keys loop may not import
    services."""

    def signer(self, *, zone_id: str, account_id: str, kms_arn: str, now: int) -> Signer:
        """For one operation; permissions are checked here. Raises SignerFault."""


def sign_windows(
    apex: Name, dnskeys: Sequence[bytes], signers: Sequence[Signer], now: int
) -> tuple[SignedWindow, ...]:
    """All windows from `now` on, each with one RRSIG of every signer over the DNSKEY RRset.

    Shape:  `dnskeys` are RDATAs and contain the signers' own.
    Raises: SignerFault, also for a signature that does not verify (fail closed).
    Source: RFC 4034 §3.1; RFC 4035 §2.2: by every KSK, as any of them may be the one that a DS points to.
    """
    if not signers or not {s.dnskey for s in signers} <= set(dnskeys):
        raise ValueError("the DNSKEY RRset is signed by its own keys")
    rrset = RRset(apex, _DNSKEY, policy.DNSKEY_TTL_S, list(dnskeys))
    return tuple(
        SignedWindow(
            since=w.since,
            inception=w.inception,
            expiration=w.expiration,
            rrsigs=tuple(_sign(rrset, signer, w) for signer in signers),
        )
        for w in windows(now)
    )


def join_windows(parts: Sequence[tuple[SignedWindow, ...]]) -> tuple[SignedWindow, ...]:
    """One set of windows from several made at the same moment, each by another signer. Raises ValueError
    else."""
    return tuple(
        SignedWindow(
            since=same[0].since,
            inception=same[0].inception,
            expiration=same[0].expiration,
            rrsigs=tuple(rrsig for window in same for rrsig in window.rrsigs),
        )
        for same in zip(*parts, strict=True)
    )


def _sign(rrset: RRset, signer: Signer, window: Window) -> bytes:
    head = b"".join(
        (
            rrset.rtype.to_bytes(2, "big"),
            bytes((policy.ALGORITHM, len(rrset.owner))),  # RFC 4034 §3.1.3: labels without the root
            rrset.ttl.to_bytes(4, "big"),
            (window.expiration & _SERIAL).to_bytes(4, "big"),
            (window.inception & _SERIAL).to_bytes(4, "big"),
            key_tag(signer.dnskey).to_bytes(2, "big"),
            rrset.owner.lower().to_wire(),  # RFC 4034 §6.2 (3): in canonical form when signed
        )
    )
    # RFC 6605 §4: ECDSA over SHA-256, the digest is what leaves this process for KMS
    rrsig = head + signer.sign_digest(hashlib.sha256(signed_data(rrset, head)).digest())
    try:
        verify_rrset(rrset, rrsig, signer.dnskey)
    except DnssecFault:
        raise SignerFault(
            f"the key {key_tag(signer.dnskey)} returned a signature that does not verify"
        ) from None
    return rrsig
