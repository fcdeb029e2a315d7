"""Reads one reply of a name server, and keeps only what that server may say.

In bailiwick: a server asked as one of zone Z's is believed about names at or below Z alone; everything else
in its message is as if it were not there. An alias chain is followed inside the message while its names
stay in Z and the data is there; what lies beyond, and every negative end of a chain, is asked anew, so that
each part of an answer can be judged by itself. Not for: signatures, or asking.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from seal53.core import Message, Name, NameFault, RRset, RrType
from seal53.resolver import rdata as rd

MOST_HOSTS = 16  # of one delegation; no standard says
MOST_ADDRESSES = 4  # of one host
MOST_MESSAGE_ALIASES = 11  # unbound's bound on restarts

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN = range(7)


class Absence(Enum):
    """How a name server says no."""

    NODATA = "NODATA"
    NXDOMAIN = "NXDOMAIN"


@dataclass(frozen=True, slots=True)
class SignedSet:
    """An RRset and the RDATA of the RRSIGs that came with it; nothing is verified."""

    rrset: RRset
    rrsigs: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Alias:
    """One step of a chain: `owner` leads to `target` by a CNAME at `owner`, or by a DNAME above it."""

    owner: Name
    target: Name
    source: SignedSet

    @property
    def synthesized(self) -> bool:
        return self.source.rrset.rtype == RrType.DNAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer or a denial. The chain `aliases` leads from the question's name to `name`.

    Exactly one of: `finals` (data at `name`), `absence`, or neither: the chain goes on at `name`, which has
    to be asked.
    """

    zone: Name
    server: str
    qname: Name
    qtype: int
    aliases: tuple[Alias, ...] = ()
    name: Name
    finals: tuple[SignedSet, ...] = ()
    absence: Absence | None = None
    authority: tuple[SignedSet, ...] = ()  # SOA, NSEC, NSEC3
    overlong: bool = False  # a DNAME makes a name that is too long (YXDOMAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A zone cut below `zone`. `proof` is what the parent said of the DS there, if it said anything."""

    zone: Name
    cut: Name
    ttl: int
    hosts: tuple[Name, ...]
    glue: tuple[tuple[Name, tuple[str, ...]], ...]
    proof: Response | None


@dataclass(frozen=True, slots=True)
class Broken:
    """A reply that is no use: the next server is asked. `again`: the same server may do better later."""

    why: str
    again: bool = False


Outcome = Response | Referral | Broken


def classify(message: Message, *, zone: Name, server: str, qname: Name, qtype: int) -> Outcome:
    """What `message` says, when it was asked of a server of `zone` about `qname`, `qtype`."""
    question = message.question
    if not message.qr or question is None or question[0] != qname or question[1] != qtype or question[2] != 1:
        return Broken("the reply is to another question")
    if message.rcode == SERVFAIL:
        return Broken("SERVFAIL", again=True)
    if message.rcode == REFUSED:
        return Broken("REFUSED")
    if message.rcode not in (NOERROR, NXDOMAIN, YXDOMAIN):
        return Broken(f"rcode {message.rcode}")
    if message.ra and not message.aa:
        return Broken("lame: a resolver answered instead of a name server")
    try:
        return _read(message, zone=zone, server=server, qname=qname, qtype=qtype)
    except rd.RdataFault as e:
        return Broken(str(e))


def _read(message: Message, *, zone: Name, server: str, qname: Name, qtype: int) -> Outcome:
    signatures = _signatures(message)
    answer = signed_sets(message.answer, signatures, zone)
    authority = signed_sets(message.authority, signatures, zone)
    proofs = tuple(s for s in authority if s.rrset.rtype in (RrType.SOA, RrType.NSEC, RrType.NSEC3))
    response = Response(zone=zone, server=server, qname=qname, qtype=qtype, name=qname, authority=proofs)
    response = _follow(response, answer, message)
    if response.finals or response.aliases or response.overlong:
        return response
    if message.rcode == NXDOMAIN:
        return replace(response, absence=Absence.NXDOMAIN)
    if message.rcode == YXDOMAIN:
        return Broken("YXDOMAIN without a DNAME")
    has_soa = any(s.rrset.rtype == RrType.SOA and qname.is_at_or_below(s.rrset.owner) for s in proofs)
    referral = (
        None if has_soa else _referral(message, authority, zone=zone, server=server, qname=qname, qtype=qtype)
    )
    if referral is not None:
        return referral
    if has_soa or any(s.rrset.rtype != RrType.SOA for s in proofs):
        return replace(response, absence=Absence.NODATA)
    if any(r.rtype == RrType.NS for r in message.authority):
        return Broken("lame: a referral that leads nowhere deeper")
    if message.aa and not message.answer:
        return replace(response, absence=Absence.NODATA)
    return Broken("the reply says nothing about the question")


def _follow(response: Response, answer: Sequence[SignedSet], message: Message) -> Response:
    name, qtype, aliases = response.qname, response.qtype, list(response.aliases)
    seen = {name}
    while len(aliases) < MOST_MESSAGE_ALIASES:
        here = [s for s in answer if s.rrset.owner == name]
        if qtype == RrType.RRSIG:
            finals = _signatures_at(message, name)
        elif qtype == RrType.ANY:
            finals = tuple(here)
        else:
            finals = tuple(s for s in here if s.rrset.rtype == qtype)
        if finals and name.is_at_or_below(response.zone):
            return replace(response, name=name, finals=finals, aliases=tuple(aliases))
        alias = _alias_at(name, here, answer, qtype)
        if alias is None:
            break
        if isinstance(alias, SignedSet):
            return replace(response, name=name, aliases=tuple(aliases), overlong=True, finals=(alias,))
        aliases.append(alias)
        name = alias.target
        if name in seen:
            break  # a loop inside the message: the caller, who has seen the names too, ends it
        seen.add(name)
    return replace(response, name=name, aliases=tuple(aliases))


def _alias_at(
    name: Name, here: Sequence[SignedSet], answer: Sequence[SignedSet], qtype: int
) -> Alias | SignedSet | None:
    """The step that leads on from `name`; a DNAME alone when the name that it makes is too long."""
    # RFC 6672 §3.2: a DNAME above the name rules it, whatever CNAME the server made of it
    for s in answer:
        if s.rrset.rtype == RrType.DNAME and name != s.rrset.owner and name.is_at_or_below(s.rrset.owner):
            if len(s.rrset.rdatas) != 1:
                raise rd.RdataFault("a DNAME RRset has several records")  # RFC 6672 §2.4
            below = name.labels[: len(name) - len(s.rrset.owner)]
            try:
                return Alias(name, Name.from_labels((*below, *rd.target(s.rrset.rdatas[0]).labels)), s)
            except NameFault:
                return s
    if qtype == RrType.CNAME:
        return None
    for s in here:
        if s.rrset.rtype == RrType.CNAME:
            if len(s.rrset.rdatas) != 1:
                raise rd.RdataFault("a CNAME RRset has several records")  # RFC 2181 §10.1
            return Alias(name, rd.target(s.rrset.rdatas[0]), s)
    return None


def _referral(
    message: Message, authority: Sequence[SignedSet], *, zone: Name, server: str, qname: Name, qtype: int
) -> Referral | None:
    for s in authority:
        cut = s.rrset.owner
        if s.rrset.rtype != RrType.NS or cut == zone or not qname.is_at_or_below(cut):
            continue
        if qtype == RrType.DS and cut == qname:
            continue  # RFC 4035 §3.1.4.1: the DS is the parent's own, it never refers for it
        hosts = tuple(rd.target(r) for r in s.rrset.rdatas[:MOST_HOSTS])
        return Referral(
            zone=zone,
            cut=cut,
            ttl=s.rrset.ttl,
            hosts=hosts,
            glue=_glue(message.additional, hosts, zone),
            proof=_delegation_proof(authority, zone=zone, server=server, cut=cut),
        )
    return None


def _glue(
    additional: Iterable[RRset], hosts: Sequence[Name], zone: Name
) -> tuple[tuple[Name, tuple[str, ...]], ...]:
    # RFC 2181 §5.4.1: glue is good for reaching the zone and for nothing else. A host outside the zone that
    # refers is looked up where it belongs, never taken from here.
    wanted = {host for host in hosts if host.is_at_or_below(zone)}
    found: dict[Name, list[str]] = {}
    for rrset in additional:
        if rrset.rtype in (RrType.A, RrType.AAAA) and rrset.owner in wanted:
            into = found.setdefault(rrset.owner, [])
            into.extend(rd.address(rrset.rtype, r) for r in rrset.rdatas[: MOST_ADDRESSES - len(into)])
    return tuple((host, tuple(addresses)) for host, addresses in found.items())


def _delegation_proof(
    authority: Sequence[SignedSet], *, zone: Name, server: str, cut: Name
) -> Response | None:
    """The DS of a referral, or its denial, in the form of a reply to the question for it."""
    base = Response(zone=zone, server=server, qname=cut, qtype=RrType.DS, name=cut)
    for s in authority:
        if s.rrset.rtype == RrType.DS and s.rrset.owner == cut and s.rrsigs:
            return replace(base, finals=(s,))
    denial = tuple(s for s in authority if s.rrset.rtype == RrType.NSEC and s.rrsigs)
    return replace(base, absence=Absence.NODATA, authority=denial) if denial else None


def _signatures_at(message: Message, name: Name) -> tuple[SignedSet, ...]:
    """What a question for the RRSIGs themselves is answered with."""
    return tuple(
        SignedSet(RRset(name, RrType.RRSIG, rrset.ttl, readable))
        for rrset in message.answer
        if rrset.rtype == RrType.RRSIG
        and rrset.owner == name
        and (readable := [octets for octets in rrset.rdatas if _covered(octets) is not None])
    )


def _covered(rrsig: bytes) -> int | None:
    """The type that an RRSIG covers; None when it is malformed."""
    try:
        return rd.Rrsig.read(rrsig).covered
    except rd.RdataFault:
        return None


def _signatures(message: Message) -> Mapping[tuple[Name, int], Sequence[bytes]]:
    """The RDATA of all RRSIGs, by owner and covered type; one that is malformed is as if it were not there.

    Clients with DO get what came with an answer that is insecure: never octets that they could not read.
    """
    found: dict[tuple[Name, int], list[bytes]] = {}
    for section in (message.answer, message.authority, message.additional):
        for rrset in section:
            if rrset.rtype == RrType.RRSIG:
                for octets in rrset.rdatas:
                    if (covered := _covered(octets)) is not None:
                        found.setdefault((rrset.owner, covered), []).append(octets)
    return found


def signed_sets(
    section: Iterable[RRset], signatures: Mapping[tuple[Name, int], Sequence[bytes]], zone: Name
) -> tuple[SignedSet, ...]:
    """The RRsets of a section that lie at or below `zone`, each with the RRSIGs that cover it."""
    return tuple(
        SignedSet(rrset, tuple(signatures.get((rrset.owner, rrset.rtype), ())))
        for rrset in section
        if rrset.rtype != RrType.RRSIG and rrset.owner.is_at_or_below(zone)
    )
