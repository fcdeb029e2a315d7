"""Judges what an answer is made of, RRsets and denials, by the keys that the chain of trust leads to.
RFC 4035 §5.

Not for: the chain itself (`chain`), what NSEC records prove (`denial`), or an answer of several parts
(`resolve`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from seal53.core import Name, RRset, RrType, rtype_text
from seal53.resolver import denial
from seal53.resolver.anchors import Anchors
from seal53.resolver.cache import MOST_NEGATIVE_S
from seal53.resolver.chain import Chain, has_nsec3, nsec3, place_of
from seal53.resolver.classify import Absence, Response, SignedSet
from seal53.resolver.effects import Steps, Work
from seal53.resolver.iterate import Iteration
from seal53.resolver.memory import Memory, Zone
from seal53.resolver.signatures import Crypto, candidates
from seal53.resolver.status import Ede, Status, Verdict, bogus, insecure


@dataclass(frozen=True, slots=True)
class Judged:
    """An RRset or a denial after validation. `sets`: what may be shown, with RRSIGs; empty when refused."""

    verdict: Verdict
    sets: tuple[RRset, ...] = ()
    proofs: tuple[RRset, ...] = ()  # for the authority section
    absence: Absence | None = None  # what is proven, when that is not what the rcode says
    no_name: bool = False


class Validation:
    """Validates for one client's question."""

    def __init__(
        self, memory: Memory, anchors: Anchors, iteration: Iteration, work: Work, crypto: Crypto | None = None
    ) -> None:
        self._anchors = anchors
        self.chain = Chain(memory, anchors, iteration, work, crypto)

    def judge_set(self, signed: SignedSet, authority: Sequence[SignedSet]) -> Steps[Judged]:
        """Validates one RRset; `authority` holds what may deny a closer name when a wildcard answered."""
        rrset = signed.rrset
        if rrset.rtype == RrType.RRSIG:
            return Judged(insecure("RRSIG records are not signed themselves"), (rrset,))
        what = f"{rrset.owner} {rtype_text(rrset.rtype)}"
        signers = self._signers(signed)
        if not signers:
            place = yield from self.chain.enclosing(place_of(rrset.owner, rrset.rtype))
            if isinstance(place, Verdict):
                return Judged(place, unverified(signed), shown(authority))
            return Judged(bogus(f"{what}: no RRSIG, although {place.name} is signed", Ede.RRSIGS_MISSING))
        zone = yield from self._signing_zone(signers, what)
        if isinstance(zone, Verdict):
            return Judged(zone, unverified(signed), shown(authority))
        verified = self.chain.check(signed, zone)
        if isinstance(verified, Verdict):
            return Judged(verified)
        if not verified.is_expanded:
            return Judged(Verdict(Status.SECURE, ttl_limit=verified.rrset.ttl), verified.sets)
        if rrset.rtype == RrType.DNAME:
            return Judged(bogus(f"{what}: made from a wildcard, which leads nowhere"))  # RFC 4592 §4.4
        nsecs, sets, failure = self.chain.verified_nsecs(authority, zone)
        try:
            denial.prove_no_closer(rrset.owner, verified.labels, nsecs, zone.name)
        except denial.Unproven as e:
            if failure is None and has_nsec3(authority):
                failure = nsec3(what)
            return Judged(failure or bogus(e.message, Ede.NSEC_MISSING))
        ttl = min(verified.rrset.ttl, *(s.ttl for s in sets))
        return Judged(Verdict(Status.SECURE, ttl_limit=ttl), verified.sets, sets)

    def judge_absence(self, response: Response) -> Steps[Judged]:
        """Validates that there is nothing at `response.name`."""
        qname, qtype = response.name, response.qtype
        what = f"the absence of {qname} {rtype_text(qtype)}"
        nsec_sets = [s for s in response.authority if s.rrset.rtype == RrType.NSEC]
        signers = {n for s in nsec_sets for n in self._signers(s) if place_of(qname, qtype).is_at_or_below(n)}
        if not signers:
            place = yield from self.chain.enclosing(place_of(qname, qtype))
            if isinstance(place, Verdict):
                return Judged(place, (), shown(response.authority))
            if has_nsec3(response.authority):
                return Judged(nsec3(what))
            if nsec_sets:
                return Judged(bogus(f"{what}: its NSEC has no RRSIG of {place.name}", Ede.RRSIGS_MISSING))
            return Judged(bogus(f"{what}: no NSEC, although {place.name} is signed", Ede.NSEC_MISSING))
        zone = yield from self._signing_zone(signers, what)
        if isinstance(zone, Verdict):
            return Judged(zone, (), shown(response.authority))
        nsecs, sets, failure = self.chain.verified_nsecs(response.authority, zone)
        try:
            claimed = response.absence or Absence.NODATA
            proof = denial.prove_absence(claimed, qname, qtype, nsecs, zone.name)
        except denial.Unproven as e:
            return Judged(failure or bogus(e.message, Ede.NSEC_MISSING))
        for soa in (
            s for s in response.authority if s.rrset.rtype == RrType.SOA and s.rrset.owner == zone.name
        ):
            verified = self.chain.check(soa, zone)
            if isinstance(verified, Verdict):
                return Judged(verified)
            sets = (*verified.sets, *sets)
        ttl = min(MOST_NEGATIVE_S, *(s.ttl for s in sets))
        return Judged(
            Verdict(Status.SECURE, ttl_limit=ttl), (), sets, absence=proof.absence, no_name=proof.no_name
        )

    def _signers(self, signed: SignedSet) -> set[Name]:
        """Those in whose name the RRset is signed, and may be.

        RFC 4035 §2.4: the DS of a name is signed above it. One above the closest trust anchor has no say:
        else a signature in its name would take the anchor's zone out of the chain.
        """
        place = place_of(signed.rrset.owner, signed.rrset.rtype)
        anchor = self._anchors.closest(place)
        return {
            r.signer
            for r in candidates(signed)
            if place.is_at_or_below(r.signer) and (anchor is None or r.signer.is_at_or_below(anchor.name))
        }

    def _signing_zone(self, signers: set[Name], what: str) -> Steps[Zone | Verdict]:
        """The zone that holds the RRset, which must be among its signers. RFC 4035 §5.3.1."""
        deepest = max(signers, key=len)
        zone = yield from self.chain.enclosing(deepest)
        if isinstance(zone, Zone) and zone.name not in signers:
            return bogus(f"{what}: signed in the name of {deepest}, which is no zone below {zone.name}")
        return zone


def unverified(signed: SignedSet) -> tuple[RRset, ...]:
    """An RRset with its RRSIGs as they came."""
    rrset = signed.rrset
    if not signed.rrsigs:
        return (rrset,)
    return rrset, RRset(rrset.owner, RrType.RRSIG, rrset.ttl, signed.rrsigs)


def shown(authority: Sequence[SignedSet]) -> tuple[RRset, ...]:
    return tuple(r for s in authority for r in unverified(s))
