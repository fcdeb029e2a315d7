"""What a name's addresses are, now: looked up live from the configured roots, and validated.

For aliases to names of AWS services, whose answers become a zone's own data. What a zone's owner signed must
verify; what is proven to be unsigned is taken as it is. Not for: clients' questions (`service`), or keeping
an answer; only delegations, keys and servers' addresses are remembered between lookups.
Limits: one thread at a time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seal53.base.clock import Clock
from seal53.base.ids import Entropy
from seal53.core import Name, rtype_text
from seal53.resolver.anchors import Anchors
from seal53.resolver.classify import NOERROR, NXDOMAIN
from seal53.resolver.effects import Consult, Reply
from seal53.resolver.memory import Memory
from seal53.resolver.resolve import Answer, Machine, Mode, Resolution
from seal53.resolver.service import drive
from seal53.resolver.transport import Upstream, UpstreamMap, has_ipv6

AT_ONCE = 32  # lookups side by side; no standard says

Question = tuple[Name, int]
"""Name and type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a lookup came to.

    Shape: `rdatas` in a fixed order, () when there is none of the type; None when that could not be found
    out, or when the name does not exist (`gone`), which `failure` says.
    """

    rdatas: tuple[bytes, ...] | None = None
    gone: bool = False
    failure: str = ""


class LiveLookup:
    """Looks names up. Calls block, and may come from a thread that runs no event loop."""

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
        self._anchors = Anchors.parse(anchors)
        self._memory = Memory(hints)
        self._port = port
        self._clock = clock
        self._entropy = entropy
        self._upstream_map = upstream_map

    def find(self, questions: Sequence[Question]) -> list[Seen]:
        """One for each question, in their order. Takes at most 8 s for each 32 of them."""
        return asyncio.run(self._find(questions))

    async def _find(self, questions: Sequence[Question]) -> list[Seen]:
        upstream = Upstream(
            port=self._port,
            clock=self._clock,
            entropy=self._entropy,
            upstream_map=None if self._upstream_map is None else UpstreamMap(self._upstream_map),
        )
        mode = Mode(validate=True, private=False, ipv6=has_ipv6())
        places = asyncio.Semaphore(AT_ONCE)

        async def one(question: Question) -> Seen:
            async with places:
                resolution = Resolution(
                    self._memory,
                    self._anchors,
                    mode,
                    now=self._clock.now(),
                    spread=int.from_bytes(self._entropy(2)),
                )
                machine = Machine(resolution.resolve(*question))
                return seen_of(question, await drive(machine, upstream.ask, _nothing_private))

        return list(await asyncio.gather(*(one(question) for question in questions)))


def seen_of(question: Question, answer: Answer) -> Seen:
    """What an answer says of its question; an alias chain's end counts, not the way there."""
    name, rtype = question
    if answer.rcode == NXDOMAIN or answer.nxname:
        return Seen(gone=True, failure=f"{name} does not exist")
    if answer.rcode != NOERROR:
        why = answer.ede[1] if answer.ede is not None else f"rcode {answer.rcode}"
        return Seen(failure=f"{name} {rtype_text(rtype)} cannot be looked up: {why}")
    found = [rrset for rrset in answer.answer if rrset.rtype == rtype]
    return Seen(rdatas=tuple(sorted(found[-1].rdatas)) if found else ())


def _nothing_private(effect: Consult) -> Reply:
    raise AssertionError("there are no private zones here")
