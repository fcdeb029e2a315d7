"""What a parent's servers say of a name's delegation, now: every server, uncached, from the configured root,
validated.

For the operations that would break a chain of trust. Presence is believed as it comes, since it refuses;
absence must be proven by each server, or lie in a zone that is itself proven to be insecure. Anything else
is a `ProbeFault`. Not for: our own database.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seal53.base.clock import Clock
from seal53.base.errors import Fault
from seal53.base.ids import Entropy
from seal53.core import Name, RrType, rtype_text
from seal53.resolver import rdata as rd
from seal53.resolver.anchors import Anchors
from seal53.resolver.classify import Broken, Outcome, Referral, Response
from seal53.resolver.effects import Ask, Steps, Work, WorkFault
from seal53.resolver.iterate import TIMEOUTS_MS, Iteration, Unreachable
from seal53.resolver.memory import Memory
from seal53.resolver.status import Status
from seal53.resolver.transport import Upstream, UpstreamMap, has_ipv6
from seal53.resolver.validate import Validation

PROBE_S = 8.0
MOST_ASKS = 120  # a TLD has up to 26 addresses, each of which is asked twice, and again when a packet is lost


class ProbeFault(Fault):
    """A server of the parent did not answer, or what it said is not proven."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """Seen at the parent: the union over its servers. Empty sets are proven absence."""

    name_servers: frozenset[Name]
    ds: frozenset[bytes]


class LiveProbe:
    """A `services.context.ParentProbe`. Calls block, and may come from any thread that runs no event loop."""

    def __init__(
        self,
        hints: Sequence[tuple[str, str]],
        anchors: Sequence[str],
        port: int,
        *,
        clock: Clock,
        entropy: Entropy,
        upstream_map: Path | None = None,
    ) -> None:
        """Raises AnchorFault. `anchors`: DS or DNSKEY lines; `port`: that of all name servers."""
        self._hints = tuple(hints)
        self._anchors = Anchors.parse(anchors)
        self._port = port
        self._clock = clock
        self._entropy = entropy
        self._upstream_map = upstream_map

    def delegation(self, name: Name) -> Delegation:
        """What the parent of `name` publishes. Takes at most 8 s. Raises ProbeFault."""
        return asyncio.run(self._run(name))

    async def _run(self, name: Name) -> Delegation:
        upstream = Upstream(
            port=self._port,
            clock=self._clock,
            entropy=self._entropy,
            upstream_map=None if self._upstream_map is None else UpstreamMap(self._upstream_map),
        )
        now = int(self._clock.now())
        steps = look_at(name, Memory(self._hints), self._anchors, now=now, ipv6=has_ipv6())
        try:
            async with asyncio.timeout(PROBE_S):
                effect = next(steps)
                while True:
                    assert isinstance(effect, Ask)
                    reply = await upstream.ask(effect)
                    # one moment for the whole probe: what it finds on its way may not expire under it
                    effect = steps.send(replace(reply, now=now))
        except StopIteration as end:
            assert isinstance(end.value, Delegation)
            return end.value
        except TimeoutError:
            steps.close()
            raise ProbeFault(f"the parent of {name} did not answer within {PROBE_S:g} s") from None


def look_at(name: Name, memory: Memory, anchors: Anchors, *, now: int, ipv6: bool) -> Steps[Delegation]:
    """The probe as a machine of its own. `memory` must be empty. Raises ProbeFault."""
    work = Work(now, most_asks=MOST_ASKS)
    iteration = Iteration(memory, work, ipv6=ipv6)
    validation = Validation(memory, anchors, iteration, work)
    if name.is_root:
        raise ProbeFault("the root has no parent")
    try:
        parent = (yield from iteration.fetch(name, RrType.DS)).zone
        if anchors.closest(parent) is None:
            raise ProbeFault(f"no trust anchor lies at or above {parent}")
        cut = memory.closest_cut(parent, now)
        servers = yield from iteration.servers_of(cut)
        if cut.name != parent or not servers:
            raise ProbeFault(f"the name servers of {parent} have no known address")
        name_servers: set[Name] = set()
        ds: set[bytes] = set()
        for server in servers:
            name_servers.update((yield from _name_servers(server, parent, name, iteration, validation)))
            ds.update((yield from _ds(server, parent, name, iteration, validation)))
    except (Unreachable, WorkFault, rd.RdataFault) as e:
        raise ProbeFault(e.message) from None
    return Delegation(frozenset(name_servers), frozenset(ds))


def _name_servers(
    server: str, parent: Name, name: Name, iteration: Iteration, validation: Validation
) -> Steps[set[Name]]:
    outcome = yield from _ask(server, parent, name, RrType.NS, iteration)
    if isinstance(outcome, Referral):
        if outcome.cut != name:
            raise ProbeFault(f"{server} refers to {outcome.cut} for {name}")
        return set(outcome.hosts)
    return {rd.target(r) for r in (yield from _proven(outcome, server, name, RrType.NS, validation))}


def _ds(
    server: str, parent: Name, name: Name, iteration: Iteration, validation: Validation
) -> Steps[set[bytes]]:
    outcome = yield from _ask(server, parent, name, RrType.DS, iteration)
    return set((yield from _proven(outcome, server, name, RrType.DS, validation)))


def _ask(server: str, parent: Name, name: Name, qtype: int, iteration: Iteration) -> Steps[Outcome]:
    why = ""
    for timeout_ms in TIMEOUTS_MS:
        outcome = yield from iteration.ask(server, parent, name, qtype, timeout_ms=timeout_ms)
        if not isinstance(outcome, Broken):
            return outcome
        why = outcome.why
        if not outcome.again:
            break
    raise ProbeFault(
        f"{server}, a name server of {parent}, gave no answer about {name} {rtype_text(qtype)}: {why}"
    )


def _proven(
    outcome: Outcome, server: str, name: Name, qtype: int, validation: Validation
) -> Steps[tuple[bytes, ...]]:
    """The RDATAs at `name`, or () when their absence is proven."""
    if not isinstance(outcome, Response):
        raise ProbeFault(f"{server} refers elsewhere for {name} {rtype_text(qtype)}")
    if outcome.finals and not outcome.aliases:
        return tuple(r for s in outcome.finals for r in s.rrset.rdatas)
    if outcome.aliases:
        judged = yield from validation.judge_set(outcome.aliases[0].source, outcome.authority)
    else:
        judged = yield from validation.judge_absence(outcome)
    if judged.verdict.status < Status.INSECURE:
        raise ProbeFault(
            f"{server} did not prove that {name} {rtype_text(qtype)} is absent: {judged.verdict.reason}"
        )
    return ()
