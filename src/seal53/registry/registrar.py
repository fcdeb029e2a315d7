"""The registrar's hand in our own TLD zones: delegations, DS, glue, and the addresses of our name servers.

Callers have decided that the holder may do it; here a delegation is made exactly what was asked, in the
caller's transaction.
"""

from collections.abc import Sequence
from ipaddress import ip_address

from seal53.base.errors import Fault
from seal53.base.ids import ChangeId
from seal53.core import Name, RecordSet
from seal53.registry.bootstrap import read_settings
from seal53.registry.contents import AAAA, DS, NS, OWN_TLD, A, address_sets, name_servers
from seal53.registry.edit import Key, apply_edit
from seal53.store import Tx, records
from seal53.store import zones as zone_rows
from seal53.store.domains import NameServer
from seal53.store.zones import HostedZone


class RegistrarFault(Fault):
    """What the registrar cannot put into the TLD."""


def tld_of(tx: Tx, domain: Name) -> HostedZone | None:
    """The TLD zone of ours that would hold this domain, which is exactly one label longer; else None."""
    parent = domain.parent()
    if parent is None or parent.is_root or parent == OWN_TLD:
        return None
    found = zone_rows.named(tx, parent, kind="tld")
    return found[0] if found else None


def delegate(
    tx: Tx,
    domain: Name,
    *,
    servers: Sequence[NameServer],
    ds: Sequence[bytes],
    change_id: ChangeId,
    now: int,
) -> ChangeId:
    """Makes the TLD's records of a domain be these name servers, their glue and these DS RDATAs; nothing else
    of it stays.

    Shape:  glue only for hosts inside the domain.
    Raises: RegistrarFault, for a TLD that is not ours, glue outside the domain or text that is no address.
    Source: RFC 1034 §4.2.1; RFC 4034 §5 (the DS stands at the parent).
    """
    zone = tld_of(tx, domain)
    if zone is None:
        raise RegistrarFault(f"no TLD of this service holds {domain}")
    settings = read_settings(tx)
    puts = [name_servers(domain, [server.host for server in servers], settings.ns_ttl)] if servers else []
    if ds and servers:
        puts.append(RecordSet(domain, DS, ttl=settings.ds_ttl, rdatas=ds))
    for server in servers:
        if server.glue and not server.host.is_at_or_below(domain):
            raise RegistrarFault(f"{server.host} lies outside {domain} and takes no glue")
        try:
            puts += address_sets(server.host, server.glue, settings.ns_ttl)
        except ValueError:
            raise RegistrarFault(f"{', '.join(server.glue)} is not a list of IP addresses") from None
    deletes: list[Key] = [(domain, NS, ""), (domain, DS, "")]
    old = records.at(tx, zone.id, domain)
    for stored in old:
        if stored.record.rtype == NS:
            hosts = [Name.from_wire(rdata) for rdata in stored.record.rdatas]
            deletes += [(host, t, "") for host in hosts if host.is_at_or_below(domain) for t in (A, AAAA)]
    return apply_edit(tx, zone.id, puts=puts, deletes=deletes, change_id=change_id, now=now)


def add_hosts(
    tx: Tx, hosts: Sequence[Name], addresses: Sequence[str], *, change_id: ChangeId, now: int
) -> ChangeId:
    """Puts the addresses of a delegation set's name servers into our own TLD.

    Shape:  one address per host. Hosts that lie outside `seal53.` are somebody else's to publish and are
    skipped.
    Raises: ValueError for text that is no address.
    """
    zone = zone_rows.named(tx, OWN_TLD, kind="tld")[0]
    ttl = read_settings(tx).ns_ttl
    puts = [
        record
        for host, address in zip(hosts, addresses, strict=True)
        if host.is_at_or_below(OWN_TLD)
        for record in address_sets(host, [str(ip_address(address))], ttl)
    ]
    return apply_edit(tx, zone.id, puts=puts, deletes=[], change_id=change_id, now=now)
