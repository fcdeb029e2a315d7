"""A first look at an unsigned version: which of its answers are plainly what was asked to be published.

Each question is asked of the candidate's own answer function and compared octet for octet. What is not
plainly right here is not wrong: a wildcard, a delegation, a choice among several record sets go on to the
judge (`prover`), which decides. Not for: signed versions, of which everything is judged (I10).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seal53.core import Message, Name, Rcode, RecordSet, RRset, RrType, build_query

Answer = Callable[[bytes, int], bytes | None]
Group = Sequence[RecordSet]
"""All record sets of one owner and type."""

_UDP_SIZE = 4096
_NONEXISTENT = b"_proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the judge has to look at, and how many questions were asked."""

    groups: Sequence[Group]
    absent: Sequence[tuple[Name, int]]
    questions: int


def look(
    answer: Answer, apex: Name, groups: Sequence[Group], absent: Sequence[tuple[Name, int]], now: int
) -> Look:
    """Asks for every group, every absence, the SOA, and for keys and a name that must not be there.

    Raises: WireFault, for a reply that is no message.
    """
    missing = apex.child(_NONEXISTENT)
    has_soa = any(rrset.rtype == RrType.SOA for rrset in _asked(answer, apex, RrType.SOA, now)[1])
    none_there = [(apex, int(RrType.DNSKEY)), (missing, int(RrType.A)), *absent]
    return Look(
        groups=[group for group in groups if not _is_plain(answer, group, now)],
        absent=[
            (owner, rtype)
            for owner, rtype in none_there
            if not (has_soa and _is_absent(answer, apex, owner, rtype, now))
        ],
        questions=1 + len(groups) + len(none_there),
    )


def _is_plain(answer: Answer, group: Group, now: int) -> bool:
    """One record set with contents of its own, answered as such and with nothing beside it."""
    if len(group) != 1 or not group[0].rdatas:
        return False
    (record,) = group
    rcode, served, authority = _asked(answer, record.owner, record.rtype, now)
    if rcode != Rcode.NOERROR or len(served) != 1 or authority:
        return False
    (found,) = served
    return (
        found.rtype == record.rtype
        and found.ttl == record.ttl
        and found.owner == record.owner
        and sorted(found.rdatas) == sorted(record.rdatas)
    )


def _is_absent(answer: Answer, apex: Name, owner: Name, rtype: int, now: int) -> bool:
    """An authoritative answer with nothing but the zone's SOA."""
    rcode, served, authority = _asked(answer, owner, rtype, now)
    if rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN) or served or len(authority) != 1:
        return False
    (soa,) = authority
    return soa.rtype == RrType.SOA and soa.owner == apex


def _asked(
    answer: Answer, owner: Name, rtype: int, now: int
) -> tuple[int | None, tuple[RRset, ...], tuple[RRset, ...]]:
    """(response code, answer, authority); no response code for what is not authoritative and whole."""
    wire = answer(build_query(0, owner, rtype, udp_size=_UDP_SIZE), now)
    if wire is None:
        return None, (), ()
    reply = Message.parse(wire)
    return reply.rcode if reply.aa and not reply.tc else None, reply.answer, reply.authority
