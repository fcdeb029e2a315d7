"""What the machine asks of the world, what it is told, and how much it may ask.

A step is a generator `Steps[T]`: it yields an effect, is sent a `Reply`, and returns a T. Times are UNIX
seconds, as read by the driver when the reply came. Not for: doing any of it.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from seal53.base.errors import Fault
from seal53.core import Message, Name

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One query to one name server. The driver checks that the reply is to it, and from this address.

    `edns` False: without an OPT record, and so without DO, for servers that know neither.
    """

    server: str
    qname: Name
    qtype: int
    tcp: bool = False
    edns: bool = True
    timeout_ms: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Consult:
    """A look into the VPC's private zones, in memory; the reply has no message when none covers the name."""

    qname: Name
    qtype: int


Effect = Ask | Consult


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, and when. `message` None: no usable reply, `failure` says why.

    `flooded`: packets came, more than chance explains, and none was the reply; somebody may be guessing.
    """

    now: int
    message: Message | None
    failure: str = ""
    flooded: bool = False


Steps = Generator[Effect, Reply, T]


class WorkFault(Fault):
    """A question costs more than one client may cause."""


# No standard gives these numbers: they lie above what a cold cache and the longest alias chain need (eleven
# signed zones, each with its name servers in another TLD, cost 59 queries), and bound what an attacker's zone
# can make us do (RFC 9520 §3.1; the NXNS and KeyTrap papers). What was learned until then stays learned.
MOST_ASKS = 64
MOST_SIGNATURE_CHECKS = 96
MOST_RETRIES = 5  # unbound's val-max-restart


@dataclass(slots=True)
class Work:
    """What one client's question has cost so far, over all that it made us ask."""

    now: int
    most_asks: int = MOST_ASKS
    asks: int = 0
    checks: int = 0
    retries: int = 0
    open_lookups: set[tuple[Name, int]] = field(default_factory=set)  # name-server addresses being looked up

    def count_ask(self) -> None:
        self.asks += 1
        if self.asks > self.most_asks:
            raise WorkFault(f"the question needs more than {self.most_asks} upstream queries")

    def count_check(self) -> None:
        """CVE-2023-50387: signatures are tried a bounded number of times per question, not only per RRset."""
        self.checks += 1
        if self.checks > MOST_SIGNATURE_CHECKS:
            raise WorkFault(f"the answer needs more than {MOST_SIGNATURE_CHECKS} signature checks")

    def may_retry(self) -> bool:
        self.retries += 1
        return self.retries <= MOST_RETRIES
