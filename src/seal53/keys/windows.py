"""The windows of DNSKEY signatures: when each is served, and how long it is valid.

    H = now, down to the hour           i-th window, i = 0 .. 14
      since       H + 8 h * i             served from here until the next window's `since`
      inception   since - 1 h             a resolver's clock may be late by this much
      expiration  inception + 11 h        2 h after the next one took over: the TTL (1 h) and a margin

Fifteen of them carry a zone over five days without its KSKs. Source: what Route 53 was seen to serve (DNSKEY
RRSIGs of exactly 11 h, aligned to the hour, 8 h apart) and its guide's "15 signatures"; no standard asks for
these numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from seal53.keys import policy


class Times(Protocol):
    """UNIX seconds."""

    @property
    def since(self) -> int: ...
    @property
    def inception(self) -> int: ...
    @property
    def expiration(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """UNIX seconds. `since`: the first moment at which this window is served."""

    since: int
    inception: int
    expiration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedWindow:
    """A window with the RRSIG RDATAs over the DNSKEY RRset that are served in it, one for each active KSK."""

    since: int
    inception: int
    expiration: int
    rrsigs: tuple[bytes, ...]


def windows(now: int) -> tuple[Window, ...]:
    """The windows that are made at `now`, in order; the first is served at once."""
    hour = now - now % policy.WINDOW_ALIGN_S
    made = []
    for i in range(policy.WINDOW_COUNT):
        inception = hour - policy.WINDOW_LEAD_S + i * policy.WINDOW_STEP_S
        # The first from its inception on: an edge whose clock is late must have something to serve.
        since = inception + policy.WINDOW_LEAD_S if i else inception
        made.append(Window(since=since, inception=inception, expiration=inception + policy.WINDOW_LENGTH_S))
    return tuple(made)


_W = TypeVar("_W", bound=Times)


def served_at(signed: Sequence[_W], now: int) -> _W | None:
    """The newest window that has begun and outlives a DNSKEY RRset cached at `now`; None: SERVFAIL, not
    something stale (I1)."""
    begun = [w for w in signed if w.since <= now and now + policy.DNSKEY_TTL_S < w.expiration]
    return max(begun, key=lambda w: w.since, default=None)


def exhausted_at(signed: Sequence[Times]) -> int:
    """The first moment at which nothing is served any more; 0 without windows."""
    return max((w.expiration for w in signed), default=policy.DNSKEY_TTL_S) - policy.DNSKEY_TTL_S
