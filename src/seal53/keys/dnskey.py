"""DNSKEY RDATAs: how they are formed, which are published, and which may not stand beside one another."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from seal53.base.errors import Fault
from seal53.core import key_tag
from seal53.keys import policy
from seal53.keys.state import Activity, ZskState, ZskTimes, zsk_state

_POINT_OCTETS = 64  # RFC 6605 §4: x || y


class KskFacts(Activity, Protocol):
    """What a decision needs of a KSK."""

    @property
    def name(self) -> str: ...
    @property
    def kms_arn(self) -> str: ...
    @property
    def dnskey(self) -> bytes: ...


class ZskFacts(ZskTimes, Protocol):
    """What a decision needs of a ZSK."""

    @property
    def dnskey(self) -> bytes: ...


class KeyTagTaken(Fault):
    """Another key of the zone has the same key tag."""


_Z = TypeVar("_Z", bound=ZskFacts)


def ksk_dnskey(point: bytes) -> bytes:
    """The DNSKEY RDATA of a KSK from its public point, 64 octets (RFC 4034 §2.1, RFC 6605 §4)."""
    if len(point) != _POINT_OCTETS:
        raise ValueError("a P-256 public key has 64 octets")
    return policy.KSK_FLAGS.to_bytes(2, "big") + bytes((policy.PROTOCOL, policy.ALGORITHM)) + point


def registry_ksk_aad(zone_id: str, name: str) -> bytes:
    """What the sealed KSK of a registry zone is bound to."""
    return b"ksk:" + zone_id.encode() + b":" + name.encode()


def public_key(dnskey: bytes) -> bytes:
    """The public key field: what follows flags, protocol and algorithm (RFC 4034 §2.1)."""
    return dnskey[4:]


def tag_collides(new: bytes, others: Iterable[bytes]) -> bool:
    """Whether a key's tag, as it is or revoked, is the tag of another key, as it is or revoked. All are
    RDATAs.

    Two keys of one tag are legal (RFC 4034 §8), but make validators try signatures in vain, or give up
    (CVE-2023-50387), and a DS could not be told from another by its tag.
    """
    taken = {tag for other in others for tag in _tags(other)}
    return not taken.isdisjoint(_tags(new))


def check_tag(new: bytes, others: Iterable[bytes]) -> None:
    """Raises KeyTagTaken if `tag_collides`."""
    if tag_collides(new, others):
        raise KeyTagTaken(
            f"the key tag {key_tag(new)} is taken by another key of the zone",
            hint="make another key and use that",
        )


def _tags(dnskey: bytes) -> tuple[int, int]:
    flags = int.from_bytes(dnskey[:2], "big") ^ policy.REVOKE_BIT  # RFC 5011 §2.1: revoking changes the tag
    return key_tag(dnskey), key_tag(flags.to_bytes(2, "big") + dnskey[2:])


def published_dnskeys(ksks: Iterable[KskFacts], zsks: Iterable[ZskFacts], now: int) -> tuple[bytes, ...]:
    """The DNSKEY RRset's RDATAs: KSKs that are active (or need action), then ZSKs that are published, active
    or retired."""
    shown = (ZskState.PUBLISHED, ZskState.ACTIVE, ZskState.RETIRED)
    return (
        *sorted(k.dnskey for k in ksks if k.active),
        *sorted(z.dnskey for z in zsks if zsk_state(z, now) in shown),
    )


def active_zsks(zsks: Sequence[_Z], now: int) -> tuple[_Z, ...]:
    """Those that sign; of a zone that is signed exactly one."""
    return tuple(z for z in zsks if zsk_state(z, now) is ZskState.ACTIVE)
