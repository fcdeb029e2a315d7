"""Proof before publishing (I10): an implementation that is not our signer judges a zone version before
anything serves it.

dnspython with `cryptography` asks the candidate's own `answer` function and verifies the DNSKEY RRset, the
SOA, every RRset that was changed, every deletion and a name that does not exist. An unsigned version has
nothing to verify: all of that is asked and compared by `plain`, and dnspython judges what is not plain there,
and some of it once a second. Not for: what stays unchanged, whose keys and code are those so proven, beyond
the sample it is given.

Limits: of several record sets at one owner and type, each may be the answer, as their health and the client
decide; an alias within the zone is proven to be signed or denied, not compared, since its contents are its
target's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.NSEC import NSEC

from seal53.base.errors import Fault
from seal53.core import Name, RecordSet, WireFault, build_query
from seal53.reconcile import plain
from seal53.reconcile.plain import Answer, Group

MOST_TTL = 604_800  # AWS: a signed zone serves longer TTLs as one week
MOST_MERGED = 8  # AWS: record sets that a multivalue answer is made of
PLAIN_SAMPLE = 4  # groups of an unsigned version that dnspython judges, once a second
NXNAME = 128  # RFC 9824 §2
ZSK_FLAGS, KSK_FLAGS = 256, 257
NEVER_STORED = 65_280  # RFC 6895 §3.1: the first type for private use, which no hosted zone holds


class Unproven(Fault):
    """The version must not be served; the message says which question failed and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a version is said to be.

    Shape: dnskeys are the RDATAs that must be published, empty for an unsigned zone; `present` are record
    sets as they are after the change (all that changed, and a sample when signing was switched on), with all
    others of their owner and type; `absent` are (owner, type) of which none is left.
    """

    apex: Name
    version: int
    dnskeys: Sequence[bytes]
    present: Sequence[RecordSet]
    absent: Sequence[tuple[Name, int]]

    @property
    def groups(self) -> list[Group]:
        """`present` by owner and type."""
        groups: dict[tuple[Name, int], list[RecordSet]] = {}
        for record in self.present:
            groups.setdefault((record.owner, record.rtype), []).append(record)
        return list(groups.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was verified: counts, for the log."""

    questions: int
    signatures: int


class Prover:
    """Judges versions as they come; remembers when it last judged an unsigned one that looked plain."""

    def __init__(self) -> None:
        self._sampled_at = 0

    def prove(self, answer: Answer, claim: Claim, now: int) -> Proof:
        """Raises Unproven, with the first thing that does not hold."""
        if claim.dnskeys:
            return prove(answer, claim, now)
        groups = claim.groups
        try:
            seen = plain.look(answer, claim.apex, groups, claim.absent, now)
        except WireFault as e:
            raise Unproven(f"{claim.apex} version {claim.version}: {e}") from None
        judged = list(seen.groups)
        if self._sampled_at != now:
            self._sampled_at = now
            judged += groups[:PLAIN_SAMPLE]
        elif not judged and not seen.absent:
            return Proof(questions=seen.questions, signatures=0)
        present = [record for group in judged for record in group]
        proof = prove(answer, replace(claim, present=present, absent=seen.absent), now)
        return Proof(questions=seen.questions + proof.questions, signatures=0)


def prove(answer: Answer, claim: Claim, now: int) -> Proof:
    """Asks and verifies.

    Raises: Unproven, with the first thing that does not hold.
    Source: RFC 4035 §5.3 (signatures), §5.4 (denial); RFC 9824 §3 (compact denial).
    """
    judge = _Judge(answer, claim, now)
    try:
        judge.dnskey()
        judge.ask_soa()
        for group in claim.groups:
            judge.ask_present(group)
        for owner, rtype in claim.absent:
            judge.ask_absent(owner, rtype)
        judge.nonexistent()
    except dns.exception.DNSException as e:
        raise Unproven(
            f"{claim.apex} version {claim.version}: {judge.question}: {type(e).__name__}: {e}"
        ) from None
    return Proof(questions=judge.questions, signatures=judge.signatures)


Contents = tuple[int, frozenset[bytes]]
"""TTL and RDATAs."""


@dataclass(slots=True)
class _Allowed:
    """What may be answered from a group of record sets, whatever is healthy and whoever asks."""

    contents: list[Contents] = field(default_factory=list)  # one of these, whole
    merged: list[Contents] = field(default_factory=list)  # or up to eight of these together
    anything: bool = False  # what is elsewhere in the zone
    nothing: bool = False  # NODATA
    servfail: bool = False

    def add(self, group: Group) -> None:
        for record in group:
            kind = "" if record.routing is None else record.routing.kind
            self.nothing |= kind == "cidr"  # a client in no block
            if record.unresolved:
                self.servfail = True
            elif record.alias is not None:
                self.anything = self.nothing = self.servfail = True
            elif record.written:
                self.add(record.written)
            else:
                of_record = self.merged if kind == "multivalue" else self.contents
                of_record.append((record.ttl, frozenset(record.rdatas)))


class _Judge:
    """One run over one candidate."""

    def __init__(self, answer: Answer, claim: Claim, now: int) -> None:
        self._answer = answer
        self._claim = claim
        self._now = now
        self._apex = _dns_name(claim.apex)
        self._signed = bool(claim.dnskeys)
        self._zsks: dict[dns.name.Name, dns.rdataset.Rdataset] = {}
        self.question = ""
        self.questions = self.signatures = 0

    # --- questions

    def dnskey(self) -> None:
        """The DNSKEY RRset is the one claimed, and a KSK in it signs it now; or there is none."""
        reply = self._ask(self._apex, dns.rdatatype.DNSKEY)
        found = reply.get_rrset(reply.answer, self._apex, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
        served = {rdata.to_wire() for rdata in found or ()}
        if served != set(self._claim.dnskeys):
            self._fail("the DNSKEY RRset is not the one to be published")
        if found is None:
            return
        by_role = {}
        for flags in (KSK_FLAGS, ZSK_FLAGS):
            keys = [key for key in found if key.flags == flags]
            if not keys:
                self._fail(f"no key with flags {flags}")
            by_role[flags] = dns.rdataset.from_rdata_list(found.ttl, keys)
        self._verify(reply.answer, found, {self._apex: by_role[KSK_FLAGS]})
        self._zsks = {self._apex: by_role[ZSK_FLAGS]}

    def ask_soa(self) -> None:
        """The SOA is there, and signed."""
        reply = self._ask(self._apex, dns.rdatatype.SOA)
        found = reply.get_rrset(reply.answer, self._apex, dns.rdataclass.IN, dns.rdatatype.SOA)
        if found is None:
            self._fail("no such RRset in the answer")
        self._signed_or_plain(reply.answer, found)

    def ask_present(self, group: Group) -> None:
        """What is served is what one of the record sets says (or several that are merged), and signed."""
        name, rtype = _dns_name(group[0].owner), group[0].rtype
        allowed = _Allowed()
        allowed.add(group)
        reply = self._ask(name, rtype, servfail=allowed.servfail)
        if reply.rcode() == dns.rcode.SERVFAIL:
            return
        found = reply.get_rrset(reply.answer, name, dns.rdataclass.IN, dns.rdatatype.RdataType(rtype))
        cut = self._referral(reply, name)
        if cut is not None:
            if cut.name == name and rtype == dns.rdatatype.NS:
                self._compare(cut, allowed)
            return
        if found is None:
            if not allowed.nothing:
                self._fail("no such RRset in the answer")
            self._denied(reply, name, rtype)
            return
        self._compare(found, allowed)
        self._signed_or_plain(reply.answer, found)

    def ask_absent(self, owner: Name, rtype: int) -> None:
        """The RRset is gone: proven absent, or a wildcard, a CNAME or a delegation answers in its place."""
        self._ask_elsewhere(_dns_name(owner), rtype)

    def nonexistent(self) -> None:
        """A name that nobody made is denied, or a wildcard answers for it with a signature."""
        name = dns.name.Name((b"_proof-%d" % self._claim.version, *self._apex.labels))
        self._ask_elsewhere(name, dns.rdatatype.A)

    def _ask_elsewhere(self, name: dns.name.Name, rtype: int) -> None:
        """Denied, referred, or answered by what was not claimed, with signatures."""
        reply = self._ask(name, rtype, servfail=rtype != NEVER_STORED)
        if reply.rcode() == dns.rcode.SERVFAIL:
            # A wildcard's alias may be what answers, and its target not be known: other types are denied.
            self._ask_elsewhere(name, NEVER_STORED)
            return
        if self._referral(reply, name) is not None:
            return
        if reply.answer:
            for rrset in _data(reply.answer):
                self._signed_or_plain(reply.answer, rrset)
            return
        self._denied(reply, name, rtype)

    # --- judgments

    def _denied(self, reply: dns.message.Message, name: dns.name.Name, rtype: int) -> None:
        soa = reply.get_rrset(reply.authority, self._apex, dns.rdataclass.IN, dns.rdatatype.SOA)
        if soa is None:
            self._fail("a negative answer without SOA")
        self._signed_or_plain(reply.authority, soa)
        if not self._signed:
            return
        nsec = reply.get_rrset(reply.authority, name, dns.rdataclass.IN, dns.rdatatype.NSEC)
        if nsec is None:
            self._fail("no NSEC at the name that was asked")
        self._signed_or_plain(reply.authority, nsec)
        types = _bitmap(nsec[0])
        if rtype in types or dns.rdatatype.CNAME in types:
            self._fail("the NSEC does not deny the type")
        if NXNAME in types and types != {dns.rdatatype.RRSIG, dns.rdatatype.NSEC, NXNAME}:
            self._fail("the NSEC of a missing name lists types")  # RFC 9824 §3.1
        # RFC 9824 §3.1: the span ends at the immediate successor, so that nothing else is denied
        if nsec[0].next != dns.name.Name((b"\x00", *name.labels)):
            self._fail("the NSEC denies more than the name that was asked")

    def _referral(self, reply: dns.message.Message, name: dns.name.Name) -> dns.rrset.RRset | None:
        """The delegation that the reply is, its DS or the absence of DS proven; None if it is no referral."""
        if reply.answer or reply.flags & dns.flags.AA:
            return None
        cuts = [s for s in reply.authority if s.rdtype == dns.rdatatype.NS and s.name != self._apex]
        if len(cuts) != 1 or not name.is_subdomain(cuts[0].name):
            self._fail("neither an authoritative answer nor a referral")
        cut = cuts[0]
        if not self._signed:
            return cut
        ds = reply.get_rrset(reply.authority, cut.name, dns.rdataclass.IN, dns.rdatatype.DS)
        if ds is not None:
            self._signed_or_plain(reply.authority, ds)
            return cut
        nsec = reply.get_rrset(reply.authority, cut.name, dns.rdataclass.IN, dns.rdatatype.NSEC)
        if nsec is None:
            self._fail("a referral that proves neither DS nor its absence")
        self._signed_or_plain(reply.authority, nsec)
        types = _bitmap(nsec[0])
        # RFC 4035 §5.2: an insecure delegation has NS, and neither DS nor SOA
        if dns.rdatatype.NS not in types or {dns.rdatatype.DS, dns.rdatatype.SOA} & types:
            self._fail("the NSEC at the cut does not prove an insecure delegation")
        return cut

    def _compare(self, found: dns.rrset.RRset, allowed: _Allowed) -> None:
        if allowed.anything:
            return
        served = frozenset(rdata.to_wire() for rdata in found)
        if self._is_one_of(found.ttl, served, allowed):
            return
        canonical = _Allowed(
            contents=[(ttl, _canonical(found.rdtype, rdatas)) for ttl, rdatas in allowed.contents],
            merged=[(ttl, _canonical(found.rdtype, rdatas)) for ttl, rdatas in allowed.merged],
        )
        # RFC 4034 §6.2: the same in canonical form is the same
        if not self._is_one_of(found.ttl, frozenset(rdata.to_digestable() for rdata in found), canonical):
            self._fail("the answer differs from what is to be published")

    def _is_one_of(self, ttl: int, served: frozenset[bytes], allowed: _Allowed) -> bool:
        if any(rdatas == served and ttl == self._served_ttl(its) for its, rdatas in allowed.contents):
            return True
        parts = [(its, rdatas) for its, rdatas in allowed.merged if rdatas <= served]
        most = sorted((rdatas for _, rdatas in parts), key=len, reverse=True)[:MOST_MERGED]
        return (
            bool(parts)
            and frozenset().union(*(rdatas for _, rdatas in parts)) == served
            and len(served) <= sum(map(len, most))
            and any(ttl == self._served_ttl(its) for its, _ in parts)
        )

    def _served_ttl(self, ttl: int) -> int:
        return min(ttl, MOST_TTL) if self._signed else ttl

    def _signed_or_plain(self, section: list[dns.rrset.RRset], rrset: dns.rrset.RRset) -> None:
        if self._signed:
            self._verify(section, rrset, self._zsks)
        elif any(s.rdtype == dns.rdatatype.RRSIG for s in section):
            self._fail("a signature in an unsigned zone")

    def _verify(
        self,
        section: list[dns.rrset.RRset],
        rrset: dns.rrset.RRset,
        keys: dict[dns.name.Name, dns.rdataset.Rdataset],
    ) -> None:
        signatures = next(
            (
                s
                for s in section
                if s.name == rrset.name and s.rdtype == dns.rdatatype.RRSIG and s.covers == rrset.rdtype
            ),
            None,
        )
        if signatures is None:
            self._fail(f"no RRSIG over {rrset.name} {dns.rdatatype.to_text(rrset.rdtype)}")
        dns.dnssec.validate(rrset, signatures, keys, now=self._now)  # type: ignore[arg-type]
        self.signatures += 1

    def _ask(self, name: dns.name.Name, rtype: int, *, servfail: bool = False) -> dns.message.Message:
        self.question = f"{name} {dns.rdatatype.to_text(dns.rdatatype.RdataType(rtype))}"
        self.questions += 1
        query = build_query(
            self.questions & 0xFFFF, Name.from_wire(name.to_wire() or b""), rtype, udp_size=4096
        )
        wire = self._answer(query, self._now)
        if wire is None:
            self._fail("no answer")
        reply = dns.message.from_wire(wire)
        if reply.rcode() == dns.rcode.SERVFAIL and servfail:
            return reply
        if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self._fail(f"rcode {dns.rcode.to_text(reply.rcode())}")
        return reply

    def _fail(self, why: str) -> NoReturn:
        raise Unproven(f"{self._claim.apex} version {self._claim.version}: {self.question}: {why}")


def _data(section: list[dns.rrset.RRset]) -> list[dns.rrset.RRset]:
    return [rrset for rrset in section if rrset.rdtype != dns.rdatatype.RRSIG]


def _canonical(rtype: int, rdatas: frozenset[bytes]) -> frozenset[bytes]:
    return frozenset(
        dns.rdata.from_wire(
            dns.rdataclass.IN, dns.rdatatype.RdataType(rtype), rdata, 0, len(rdata)
        ).to_digestable()
        for rdata in rdatas
    )


def _dns_name(name: Name) -> dns.name.Name:
    return dns.name.from_wire(name.to_wire(), 0)[0]


def _bitmap(nsec: NSEC) -> set[int]:
    return {
        window * 256 + octet * 8 + bit
        for window, octets in nsec.windows
        for octet, value in enumerate(octets)
        for bit in range(8)
        if value & (0x80 >> bit)
    }
