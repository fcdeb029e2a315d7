"""Keeps what aliases to names of AWS services are answered with: looks the names up, and again and again.

    due rows -> plan(facts, now) -> looked up side by side -> learned(before, seen, now)
             -> other answers: rows, contents and versions in one transaction -> publish as any change
                the same: only when to look again

A name is looked up at once when an alias to it is made, and about every minute from then on, as AWS's own
answers have a TTL of 60 s. When it cannot be looked up, what was found last is answered for an hour, then
SERVFAIL. A name that does not exist is SERVFAIL at once: what it led to may be somebody else's by now.
Not for: what a record set holds then (`services.route53.written`, joined in `app`), or how names are looked
up (`resolver.lookup`).
"""

import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from seal53.base.journal import event
from seal53.core import Name, RrType, rtype_number
from seal53.resolver.lookup import Question, Seen
from seal53.store import Store, Tx, alias_targets
from seal53.store.alias_targets import Found, Sought

RENEW_S = 60  # Route 53 guide: the TTL of answers for AWS resources
SPREAD_S = 10  # at most so much earlier, so that names are not all looked up at once
STALE_S = 3600  # RFC 8767 §5 has a day or more; an address that another may have got is worth less
FIRST_RETRY_S = 5
LONGEST_RETRY_S = 300
AT_ONCE = 32  # names in one round; one transaction each
_ROWS = 1000  # that are looked at for what is due

# No standard says: far more than any service answers with, and little enough for each zone that points there.
MOST_RECORDS = 100
MOST_OCTETS = 16_384


class Lookup(Protocol):
    """`resolver.lookup.LiveLookup`: blocks; one for each question, in their order."""

    def find(self, questions: Sequence[Question]) -> list[Seen]: ...


Renew = Callable[[Tx, Sequence[tuple[Name, str]]], object]
"""Writes the aliases to these names and types anew, with what their rows say now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to look up now, and when to come again (UNIX seconds; None: there is nothing to wait for)."""

    looks: tuple[Sought, ...]
    wake_at: int | None


def plan(due: Sequence[Sought], next_look_at: int | None, now: int) -> Plan:
    """New names first, then those that answered last time; who fails must not hold up the others."""
    ordered = sorted(due, key=lambda sought: (sought.found.failing_at is not None, sought.found.look_at))
    looks = tuple(ordered[:AT_ONCE])
    return Plan(looks=looks, wake_at=now if looks else next_look_at)


def learned(sought: Sought, seen: Seen, now: int) -> Found:
    """What is known after a lookup.

    While a name fails, the next look waits as long as it has failed already, within bounds: what was found
    last is dropped in time.
    """
    if seen.rdatas is not None:
        return Found(rdatas=seen.rdatas, found_at=now, look_at=now + RENEW_S - _spread(sought))
    before = sought.found
    failing_at = now if before.failing_at is None else before.failing_at
    kept = before.found_at is not None and not seen.gone and now - before.found_at < STALE_S
    pause = min(LONGEST_RETRY_S, max(FIRST_RETRY_S, now - failing_at))
    look_at = now + pause
    if kept and before.rdatas is not None and before.found_at is not None:
        look_at = min(look_at, before.found_at + STALE_S)
    return Found(
        rdatas=before.rdatas if kept else None,
        found_at=before.found_at if kept else None,
        failing_at=failing_at,
        failure=seen.failure,
        look_at=look_at,
    )


def checked(question: Question, seen: Seen) -> Seen:
    """Refuses what a zone could not hold: it would keep the zone's other changes from being published."""
    rdatas = seen.rdatas or ()
    if len(rdatas) > MOST_RECORDS or sum(map(len, rdatas)) > MOST_OCTETS:
        return Seen(failure=f"{question[0]} has more records than an alias is answered with")
    several_names = question[1] == RrType.CNAME and len(rdatas) > 1  # RFC 2181 §10.1
    if several_names or not all(_is_well_formed(question[1], rdata) for rdata in rdatas):
        return Seen(failure=f"{question[0]} has a malformed record")
    return seen


class AliasLoop:
    """One round at a time; `renew` is `services.route53.written.renew`."""

    def __init__(self, store: Store, lookup: Lookup, renew: Renew) -> None:
        self._store = store
        self._lookup = lookup
        self._renew = renew

    def tick(self, now: int) -> int | None:
        """Looks up what is due; returns when to come again (UNIX seconds), None when nothing is awaited."""
        with self._store.read() as tx:
            due = alias_targets.due(tx, now, _ROWS)
            found = plan(due, alias_targets.next_look_at(tx), now)
        if found.looks:
            self._look(found.looks, now)
        return found.wake_at

    def _look(self, looks: Sequence[Sought], now: int) -> None:
        questions = [(sought.target, rtype_number(sought.type)) for sought in looks]
        seen = [checked(*pair) for pair in zip(questions, self._lookup.find(questions), strict=True)]
        after = [(sought, learned(sought, its, now)) for sought, its in zip(looks, seen, strict=True)]
        others = [(sought, its) for sought, its in after if its.rdatas != sought.found.rdatas]
        same = [(sought, its) for sought, its in after if its.rdatas == sought.found.rdatas]
        if others:
            with self._store.write() as tx:
                for sought, its in others:
                    alias_targets.learn(tx, sought.target, sought.type, its)
                self._renew(tx, [(sought.target, sought.type) for sought, _ in others])
        if same:
            with self._store.note() as tx:  # after a crash it is looked up again
                for sought, its in same:
                    alias_targets.put_off(tx, sought.target, sought.type, its)
        for sought, its in after:
            _tell(sought, its)


def _tell(sought: Sought, its: Found) -> None:
    """What became otherwise: an answer, and whether there is a failure."""
    facts: dict[str, Any] = {"name": str(sought.target), "type": sought.type}
    if its.failing_at is not None and sought.found.failing_at is None:
        event(
            "alias-target-fails", level=logging.WARNING, why=its.failure, answered=bool(its.rdatas), **facts
        )
    elif its.failing_at is not None and its.rdatas is None and sought.found.rdatas is not None:
        event("alias-target-given-up", level=logging.WARNING, why=its.failure, **facts)
    elif its.rdatas != sought.found.rdatas and its.rdatas is not None:
        event("alias-target-found", records=len(its.rdatas), **facts)


def _spread(sought: Sought) -> int:
    """The same for a name each time, and even over names."""
    return zlib.crc32(sought.target.lower().to_wire() + sought.type.encode()) % (SPREAD_S + 1)


def _is_well_formed(rtype: int, rdata: bytes) -> bool:
    if rtype in (RrType.A, RrType.AAAA):
        return len(rdata) == (4 if rtype == RrType.A else 16)
    try:
        dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.RdataType.make(rtype), rdata, 0, len(rdata))
    except dns.exception.DNSException:
        return False
    return True
