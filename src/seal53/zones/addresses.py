"""Which addresses of the service's block new name servers and resolvers get.

    .1          root server            .2, .3      TLD servers
    .4 upwards  delegation sets, four addresses each       last host downwards  resolvers of VPCs

Both kinds grow towards each other until they meet. No account takes the whole block: the bounds below leave
room for others whatever one account asks for. Pure: `used` has all addresses that are taken.
"""

from collections.abc import Collection
from ipaddress import IPv4Network

from seal53.base.errors import Fault

HOSTS_IN_SET = 4
FIRST_SET = 4

# What one account may take of a /24, which holds 62 sets: together at most 56 of them. No standard says.
SETS_OF_ONE_NAME = 24  # for zones of one name and the names above and below it
REUSABLE_SETS = 16
RESOLVERS = 64


class AddressesExhausted(Fault):
    """The block has no room left."""


def next_set(block: str, used: Collection[str]) -> tuple[str, ...]:
    """Four addresses for a new delegation set: the lowest free four that begin at a multiple of four."""
    network = IPv4Network(block)
    for first in range(FIRST_SET, network.num_addresses - HOSTS_IN_SET, HOSTS_IN_SET):
        addresses = tuple(str(network[first + n]) for n in range(HOSTS_IN_SET))
        if not any(address in used for address in addresses):
            return addresses
    raise _exhausted(block)


def next_resolver(block: str, used: Collection[str]) -> str:
    """The highest free address for the resolver of a new VPC."""
    network = IPv4Network(block)
    for place in range(network.num_addresses - 2, FIRST_SET - 1, -1):
        if (address := str(network[place])) not in used:
            return address
    raise _exhausted(block)


def _exhausted(block: str) -> AddressesExhausted:
    return AddressesExhausted(
        f"the address block {block} has no free addresses left",
        hint="each hosted zone of a name that overlaps with others takes four: delete some of them",
    )
