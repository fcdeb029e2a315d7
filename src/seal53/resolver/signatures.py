"""Is this RRset signed by one of these keys, and is the signature valid now? RFC 4035 §5.3.

The cryptographic check is `core.verify_rrset`; times, labels, the choice of keys and the bounds are here.
Not for: chains of trust (`validate`), or what an RRset proves (`denial`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seal53.core import DnssecFault, RRset, rtype_text, verify_rrset
from seal53.resolver.classify import SignedSet
from seal53.resolver.effects import Work
from seal53.resolver.memory import Zone
from seal53.resolver.rdata import RdataFault, Rrsig
from seal53.resolver.status import Ede, Verdict, bogus

# Against CVE-2023-50387, for one RRset (`effects.Work` bounds the whole question):
MOST_RRSIGS = 64  # looked at, which is cheap; no standard says
MOST_CHECKS = 8  # failed signature checks before it is given up; unbound uses the same
MOST_COLLIDING_KEYS = 4  # with the tag and algorithm of one RRSIG; unbound uses the same


@dataclass(frozen=True, slots=True)
class Crypto:
    """What can be verified. RFC 4035 §5.2: a zone with nothing of this is insecure, not bogus."""

    verify: Callable[[RRset, bytes, bytes], None] = verify_rrset
    algorithms: frozenset[int] = frozenset((5, 7, 8, 10, 13, 14, 15))  # those of crates/dnssec
    digests: frozenset[int] = frozenset((1, 2, 4))


@dataclass(frozen=True, slots=True)
class Verified:
    """A right and current signature. `rrset` has the TTL that it may be kept for."""

    rrset: RRset
    rrsig: bytes
    labels: int

    @property
    def is_expanded(self) -> bool:
        """True when the owner was made from a wildcard (RFC 4035 §5.3.4)."""
        return self.labels < signed_labels(self.rrset)

    @property
    def sets(self) -> tuple[RRset, RRset]:
        """The RRset and its RRSIG, as they go into a reply."""
        return self.rrset, RRset(self.rrset.owner, 46, self.rrset.ttl, (self.rrsig,))


def signed_labels(rrset: RRset) -> int:
    """The owner's labels as RFC 4034 §3.1.3 counts them: a leading asterisk is not counted."""
    return len(rrset.owner) - (1 if rrset.owner.is_wildcard else 0)


def check(signed: SignedSet, zone: Zone, *, now: int, work: Work, crypto: Crypto) -> Verified | Verdict:
    """The first good signature of `zone` over the RRset, or why there is none.

    Errors: WorkFault when the question has caused too many checks.
    """
    rrset = signed.rrset
    what = f"{rrset.owner} {rtype_text(rrset.rtype)}"
    failures: list[Verdict] = []
    checks_before = work.checks
    for octets in signed.rrsigs[:MOST_RRSIGS]:
        try:
            rrsig = Rrsig.read(octets)
        except RdataFault as e:
            failures.append(bogus(f"{what}: {e}"))
            continue
        if rrsig.covered != rrset.rtype or rrsig.signer != zone.name:
            continue
        if rrsig.labels > signed_labels(rrset):
            failures.append(bogus(f"{what}: the RRSIG counts more labels than the name has"))
            continue
        untimely = _untimely(rrsig, now, what)
        if untimely is not None:
            failures.append(untimely)
            continue
        if rrsig.algorithm not in crypto.algorithms:
            failures.append(bogus(f"{what}: signed with algorithm {rrsig.algorithm}, which is not supported"))
            continue
        if work.checks - checks_before >= MOST_CHECKS:
            break
        failure = _try_keys(rrset, octets, rrsig, zone, what, work, crypto)
        if failure is None:
            # RFC 4035 §5.3.3: not longer than the original TTL, nor than the signature lives
            ttl = min(rrset.ttl, rrsig.original_ttl, _distance(rrsig.expiration, now))
            return Verified(RRset(rrset.owner, rrset.rtype, ttl, rrset.rdatas), octets, rrsig.labels)
        failures.append(failure)
    if not failures:
        return bogus(f"{what}: no RRSIG made by {zone.name}, which is signed", Ede.RRSIGS_MISSING)
    # a wrong signature says more than a late one: with a right clock it is wrong all the same
    return min(failures, key=lambda v: v.ede is not Ede.DNSSEC_BOGUS)


def _try_keys(
    rrset: RRset, octets: bytes, rrsig: Rrsig, zone: Zone, what: str, work: Work, crypto: Crypto
) -> Verdict | None:
    """None when one of the zone's keys made the signature."""
    keys = zone.keys.get((rrsig.algorithm, rrsig.tag), ())
    if not keys:
        return bogus(f"{what}: {zone.name} has no key {rrsig.tag} of algorithm {rrsig.algorithm}")
    if len(keys) > MOST_COLLIDING_KEYS:
        return bogus(f"{what}: more than {MOST_COLLIDING_KEYS} keys of {zone.name} have the tag {rrsig.tag}")
    why = ""
    for key in keys:
        work.count_check()
        try:
            crypto.verify(rrset, octets, key.rdata)
            return None
        except DnssecFault as e:
            why = str(e.args[1]) if len(e.args) > 1 else str(e)
    return bogus(f"{what}: the signature by key {rrsig.tag} of {zone.name} does not verify ({why})")


def _untimely(rrsig: Rrsig, now: int, what: str) -> Verdict | None:
    """RFC 4034 §3.1.5, §2.1.5: times are compared modulo 2**32."""
    if _distance(rrsig.expiration, rrsig.inception) < 0:
        return bogus(f"{what}: the RRSIG expires before it begins")
    if _distance(rrsig.expiration, now) < 0:
        ago = -_distance(rrsig.expiration, now)
        return bogus(f"{what}: the signature by key {rrsig.tag} expired {ago} s ago", Ede.SIGNATURE_EXPIRED)
    if _distance(rrsig.inception, now) > 0:
        ahead = _distance(rrsig.inception, now)
        return bogus(
            f"{what}: the signature by key {rrsig.tag} is valid in {ahead} s only",
            Ede.SIGNATURE_NOT_YET_VALID,
        )
    return None


def _distance(a: int, b: int) -> int:
    """a - b in serial arithmetic (RFC 1982 §3.2 with SERIAL_BITS 32): -2**31 to 2**31 - 1."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def candidates(signed: SignedSet) -> Sequence[Rrsig]:
    """The readable RRSIGs that cover the RRset and whose signer lies at or above its owner."""
    found = []
    for octets in signed.rrsigs[:MOST_RRSIGS]:
        try:
            rrsig = Rrsig.read(octets)
        except RdataFault:
            continue
        if rrsig.covered == signed.rrset.rtype and signed.rrset.owner.is_at_or_below(rrsig.signer):
            found.append(rrsig)
    return found
