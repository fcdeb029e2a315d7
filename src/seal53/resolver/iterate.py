"""From the closest known zone cut down to the servers that can answer: referrals, name-server addresses,
retries.

One `Iteration` serves one client's question and all lookups that it causes. Every referral must lead
strictly deeper and every query is counted, so it ends. Not for: alias chains beyond one reply (`resolve`),
or trust (`validate`). Priming and query-name minimization are not done.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from seal53.base.errors import Fault
from seal53.core import Name, RrType, rtype_text
from seal53.resolver import rdata as rd
from seal53.resolver.classify import (
    FORMERR,
    MOST_ADDRESSES,
    NOTIMP,
    Broken,
    Outcome,
    Referral,
    Response,
    classify,
)
from seal53.resolver.effects import Ask, Effect, Reply, Steps, Work
from seal53.resolver.memory import Cut, Memory

# No standard gives these; together they stay within what a stub resolver waits (5 s).
TIMEOUTS_MS = (400, 800, 1500)
TCP_TIMEOUT_MS = 1500
MOST_SERVERS = 6  # asked in one round
MOST_TRIES = 9  # of one question at one cut
MOST_SECOND_TRIES = 2  # of one whose answer did not validate
MOST_HOST_LOOKUPS = 3  # for one cut, when its addresses are not known
MOST_OPEN_LOOKUPS = 4  # nested
UNKNOWN_HOST_S = 5  # how long a host without an address is not looked up again


R = TypeVar("R")


class Unreachable(Fault):
    """No server of a zone gave a usable reply."""


class Iteration:
    """Asks for one client's question. `spread`, any number, rotates which of equal servers is asked first."""

    def __init__(self, memory: Memory, work: Work, *, spread: int = 0, ipv6: bool = True) -> None:
        self._memory = memory
        self._work = work
        self._spread = spread
        self._ipv6 = ipv6
        self._distrusted: set[str] = set()  # gave answers that did not validate

    def fetch(self, qname: Name, qtype: int, *, again: Response | None = None) -> Steps[Response]:
        """What the zone's servers say.

        `again`: a former response that did not validate; its server is asked last from now on, and TCP is
        used, which a forger off the path cannot answer. Errors: Unreachable, WorkFault.
        """
        if again is not None:
            self._distrusted.add(again.server)
        # RFC 4035 §3.1.4.1: the DS of a name is in the zone above it
        above = qname.parent() if qtype == RrType.DS else None
        start = self._memory.closest_cut(above or qname, self._work.now)
        stepped_back = False
        cut = start
        while True:
            was_down = self._are_down([a for _, addresses in cut.glue for a in addresses])
            outcome, failures = yield from self._ask_cut(cut, qname, qtype, again)
            if isinstance(outcome, Response):
                return outcome
            if isinstance(outcome, Referral):
                cut = self._learn(outcome)
                continue
            may_step_back = again is None and cut is start and not start.name.is_root
            if may_step_back and not stepped_back and not was_down:
                # the delegation may have changed since it was cached: ask the parent once more
                stepped_back = True
                self._memory.cuts.forget(cut.name)
                cut = self._memory.closest_cut(cut.name.parent() or Name.root(), self._work.now)
                continue
            raise Unreachable(
                f"no server of {cut.name} answered for {qname} {rtype_text(qtype)}"
                + (f": {'; '.join(failures[:3])}" if failures else ": none has a known address")
            )

    def servers_of(self, cut: Cut) -> Steps[tuple[str, ...]]:
        """Every address of each name server of a zone, for the probe. Raises Unreachable if one has none."""
        found: list[str] = []
        glue = dict(cut.glue)
        for host in cut.hosts:
            addresses = glue.get(host) or (yield from self._lookup(host))
            if not addresses:
                raise Unreachable(f"{host}, a name server of {cut.name}, has no known address")
            found.extend(addresses)
        return tuple(dict.fromkeys(found))

    def ask(
        self, server: str, zone: Name, qname: Name, qtype: int, *, timeout_ms: int, tcp: bool = False
    ) -> Steps[Outcome]:
        """One server's reply: over TCP when it was truncated, without EDNS when it does not know that."""
        edns = True
        while True:
            self._work.count_ask()
            reply = yield from _effect(
                Ask(server=server, qname=qname, qtype=qtype, tcp=tcp, edns=edns, timeout_ms=timeout_ms)
            )
            self._work.now = reply.now
            message = reply.message
            if not tcp and (reply.flooded or (message is not None and message.tc)):
                tcp, timeout_ms = True, TCP_TIMEOUT_MS  # RFC 7766 §5; RFC 5452 §9.3
                continue
            if message is None:
                self._memory.health.failed(server, reply.now)
                return Broken(reply.failure or "no reply", again=True)
            self._memory.health.answered(server)
            if edns and message.rcode in (FORMERR, NOTIMP):
                edns = False  # RFC 6891 §7
                continue
            if message.tc:
                return Broken("truncated over TCP")
            return classify(message, zone=zone, server=server, qname=qname, qtype=qtype)

    def _ask_cut(
        self, cut: Cut, qname: Name, qtype: int, again: Response | None
    ) -> Steps[tuple[Outcome | None, list[str]]]:
        """The first usable outcome of the cut's servers, or None and what each of them failed with."""
        failures: list[str] = []
        known = self._ordered([a for _, addresses in cut.glue for a in addresses])
        unknown = self._rotated([h for h in cut.hosts if h not in dict(cut.glue)])
        hopeless: set[str] = set()
        tries = 0
        lookups = 0
        # a second opinion is worth one round: what there is of an answer must not be lost to a timeout
        for round_, timeout_ms in enumerate(TIMEOUTS_MS if again is None else (TCP_TIMEOUT_MS,)):
            if round_ > 0 and self._are_down(known):
                break  # many questions wait for the same dead servers: each gets one short try
            queue = [s for s in known[:MOST_SERVERS] if s not in hopeless]
            while True:
                if not queue:
                    if round_ > 0 or not unknown or lookups >= MOST_HOST_LOOKUPS:
                        break
                    host = unknown.pop(0)
                    if host.is_at_or_below(cut.name):
                        continue  # without glue it can be found nowhere else
                    lookups += 1
                    fresh = [a for a in (yield from self._lookup(host)) if a not in known]
                    known = known + fresh
                    queue = self._ordered(fresh)
                    continue
                if tries >= (MOST_TRIES if again is None else MOST_SECOND_TRIES):
                    return None, failures
                tries += 1
                server = queue.pop(0)
                tcp = again is not None
                outcome = yield from self.ask(server, cut.name, qname, qtype, timeout_ms=timeout_ms, tcp=tcp)
                if not isinstance(outcome, Broken):
                    return outcome, failures
                failures.append(f"{server}: {outcome.why}")
                if not outcome.again:
                    hopeless.add(server)
        return None, failures

    def _learn(self, referral: Referral) -> Cut:
        now, proof = self._work.now, referral.proof
        proof_ttl = min((s.rrset.ttl for s in (*proof.finals, *proof.authority)), default=0) if proof else 0
        cut = Cut(referral.cut, referral.hosts, referral.glue, proof, now + max(proof_ttl, 1))
        ttl = max(referral.ttl, 1)
        if not referral.zone.is_root:
            # CVE-2022-30698: a zone that its parent has dropped may not live on through its children
            ttl = min(ttl, max(self._memory.cuts.left(referral.zone, now), 1))
        self._memory.cuts.put(cut.name, cut, now=now, ttl_s=ttl)
        return cut

    def _lookup(self, host: Name) -> Steps[tuple[str, ...]]:
        """A name server's addresses, which may be none; found by the same means, nested and counted."""
        cached = self._memory.addresses.get(host, self._work.now)
        if cached is not None:
            return cached
        key = (host, int(RrType.A))
        if key in self._work.open_lookups or len(self._work.open_lookups) >= MOST_OPEN_LOOKUPS:
            return ()
        self._work.open_lookups.add(key)
        try:
            found: list[str] = []
            ttl = UNKNOWN_HOST_S
            for rtype in (RrType.A, RrType.AAAA) if self._ipv6 else (RrType.A,):
                if found:
                    break
                addresses, ttl = yield from self._addresses(host, rtype)
                found.extend(addresses)
        finally:
            self._work.open_lookups.discard(key)
        self._memory.addresses.put(
            host, tuple(found), now=self._work.now, ttl_s=ttl if found else UNKNOWN_HOST_S
        )
        return tuple(found)

    def _addresses(self, host: Name, rtype: int) -> Steps[tuple[list[str], int]]:
        try:
            response = yield from self.fetch(host, rtype)
        except Unreachable:
            return [], UNKNOWN_HOST_S
        for final in response.finals:
            # RFC 2181 §10.3: a name server's name is no alias, so none is followed
            if final.rrset.owner == host and not response.aliases:
                try:
                    return [
                        rd.address(rtype, r) for r in final.rrset.rdatas[:MOST_ADDRESSES]
                    ], final.rrset.ttl
                except rd.RdataFault:
                    return [], UNKNOWN_HOST_S
        return [], UNKNOWN_HOST_S

    def _ordered(self, servers: Iterable[str]) -> list[str]:
        """Those that did not fail lately first, IPv4 before IPv6; whose answers did not validate last."""
        rotated = self._rotated(list(dict.fromkeys(s for s in servers if self._ipv6 or ":" not in s)))
        now, health = self._work.now, self._memory.health
        return sorted(rotated, key=lambda s: (s in self._distrusted, health.is_suspect(s, now), ":" in s))

    def _are_down(self, servers: Sequence[str]) -> bool:
        return bool(servers) and all(self._memory.health.is_down(s, self._work.now) for s in servers)

    def _rotated(self, items: Sequence[R]) -> list[R]:
        if not items:
            return []
        at = self._spread % len(items)
        return [*items[at:], *items[:at]]


def _effect(effect: Effect) -> Steps[Reply]:
    return (yield effect)
