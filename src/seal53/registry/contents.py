"""What stands in the root and the TLD zones: pure functions from settings to record sets.

The own TLD `seal53.` holds the names of all our servers; the root holds their glue (RFC 1034 §4.2.1), so that
a resolver that knows one root address finds the rest.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from seal53.core import Name, RecordSet, rtype_number

OWN_TLD = Name.parse("seal53.")
ROOT_SERVER = Name.parse("a.root.seal53.")
TLD_SERVERS = (Name.parse("a.tld.seal53."), Name.parse("b.tld.seal53."))
HOSTMASTER = Name.parse("hostmaster.seal53.")

NS, SOA, A, AAAA, DS = (rtype_number(t) for t in ("NS", "SOA", "A", "AAAA", "DS"))


def address_sets(host: Name, addresses: Iterable[str], ttl: int) -> list[RecordSet]:
    """The A and AAAA RRsets of a host. Raises ValueError for text that is no address."""
    parsed = [ip_address(text) for text in addresses]
    sets = []
    for rtype, version in ((A, 4), (AAAA, 6)):
        rdatas = [address.packed for address in parsed if address.version == version]
        if rdatas:
            sets.append(RecordSet(host, rtype, ttl=ttl, rdatas=rdatas))
    return sets


def name_servers(owner: Name, hosts: Iterable[Name], ttl: int) -> RecordSet:
    return RecordSet(owner, NS, ttl=ttl, rdatas=[host.to_wire() for host in hosts])


def start_of_authority(apex: Name, primary: Name, negative_ttl: int) -> RecordSet:
    """The SOA of a registry zone; its serial stands still, since versions are the feed's."""
    timers = (1, 7200, 900, 1_209_600, negative_ttl)
    rdata = primary.to_wire() + HOSTMASTER.to_wire() + b"".join(n.to_bytes(4) for n in timers)
    # RFC 2308 §3: the negative TTL is the smaller of the SOA's TTL and its minimum.
    return RecordSet(apex, SOA, ttl=negative_ttl, rdatas=[rdata])


def root_zone(
    tlds: Sequence[Name], *, root_address: str, tld_addresses: Sequence[str], ns_ttl: int, negative_ttl: int
) -> list[RecordSet]:
    """The root without the DS of its TLDs."""
    root = Name.root()
    sets = [start_of_authority(root, ROOT_SERVER, negative_ttl), name_servers(root, [ROOT_SERVER], ns_ttl)]
    sets += address_sets(ROOT_SERVER, [root_address], ns_ttl)
    for host, address in zip(TLD_SERVERS, tld_addresses, strict=True):
        sets += address_sets(host, [address], ns_ttl)
    sets += [name_servers(tld, TLD_SERVERS, ns_ttl) for tld in tlds]
    return sets


def tld_zone(
    tld: Name, *, root_address: str, tld_addresses: Sequence[str], ns_ttl: int, negative_ttl: int
) -> list[RecordSet]:
    """A TLD without delegations; `seal53.` has the addresses of the root's and the TLDs' servers."""
    sets = [start_of_authority(tld, TLD_SERVERS[0], negative_ttl), name_servers(tld, TLD_SERVERS, ns_ttl)]
    if tld == OWN_TLD:
        sets += address_sets(ROOT_SERVER, [root_address], ns_ttl)
        for host, address in zip(TLD_SERVERS, tld_addresses, strict=True):
            sets += address_sets(host, [address], ns_ttl)
    return sets
