"""CIDR blocks of client addresses, and what a change does to a collection of them.

A block is kept in one normal form: the network's address without host bits, as `ipaddress` writes it, so
that one block has one spelling. Not for: which block an address falls into (`core`).
Source: Route 53 API, ChangeCidrCollection; developer guide, "IP-based routing": IPv4 /1 to /24, IPv6 /1 to
/48; blocks of a collection may overlap, the most specific one decides.
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seal53.base.errors import Fault

LONGEST = {4: 24, 6: 48}
"""Prefix length that a block may have at most, by IP version."""


class BadBlock(Fault):
    """A text that is no block which a collection can hold."""


class BlockInUse(Fault):
    """A block that another location of the collection has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Puts blocks at a location, or takes them away from it; those that are not there are passed over."""

    location: str
    puts: bool
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Blocks with their new location, and blocks that are there no more."""

    added: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]


def normal(text: str) -> str:
    """The block in normal form; host bits are dropped. Raises BadBlock."""
    address, slash, length = text.strip().partition("/")
    try:
        if not slash or not (length.isascii() and length.isdigit()) or "%" in address:
            raise ValueError("no length, or the zone of a link-local address")
        network = ipaddress.ip_network((address, int(length)), strict=False)
    except ValueError:
        raise BadBlock(f"'{text}' is not a CIDR block, such as 192.0.2.0/24 or 2001:db8::/48") from None
    if not 1 <= network.prefixlen <= LONGEST[network.version]:
        raise BadBlock(
            f"The prefix length of the CIDR block '{text}' is not between 1 and {LONGEST[network.version]}"
        )
    return str(network)


def decide(changes: Sequence[Change], present: Mapping[str, str]) -> Edit:
    """What changes do, in their order, to a collection that has `present` (location by block).

    Shape: blocks are in normal form; `present` has at least those that are named. Raises BlockInUse.
    """
    after = dict(present)
    for change in changes:
        for block in change.blocks:
            at = after.get(block)
            if not change.puts:
                if at == change.location:
                    del after[block]
            elif at is None or at == change.location:
                after[block] = change.location
            else:
                raise BlockInUse(f"The CIDR block {block} is already in use at the location {at}")
    named = _each_once(block for change in changes for block in change.blocks)
    return Edit(
        added=tuple((b, after[b]) for b in named if b in after and present.get(b) != after[b]),
        removed=tuple(b for b in named if b in present and after.get(b) != present[b]),
    )


def _each_once(blocks: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(blocks))
