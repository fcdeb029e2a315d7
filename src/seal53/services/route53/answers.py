"""Amazon Route 53: what our own name servers would answer, to a resolver and a client subnet of choice.

The question goes to the published version of the zone, inside this process, with all that decides an answer:
routing, health, client blocks. Values are shown as the API would take them.
Source: Route 53 API, 2013-04-01, TestDNSAnswer. Limits: public zones, as at AWS.
"""

import ipaddress

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from seal53.base.clock import UnixTime
from seal53.core import Name
from seal53.services.context import Caller, NameServers, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.zones import own_zone
from seal53.store import delegation_sets
from seal53.zones import names, rdata

RESOLVER = "127.0.0.1"
"""Who asks when the caller does not say; at AWS, a resolver in us-east-1."""

PREFIX = {4: 24, 6: 64}
"""Bits of a client's address that a resolver sends, unless the caller says."""

_PAYLOAD = 4096


def test_dns_answer(services: Services, request: Request, caller: Caller) -> Response:
    """The answer section; ResponseCode says why when it is empty."""
    resolver = _address(request, "ResolverIP") or ipaddress.ip_address(RESOLVER)
    subnet = _subnet(request)
    name = names.parse(request["RecordName"])
    with services.store.read() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        found = None if zone.delegation_set_id is None else delegation_sets.get(tx, zone.delegation_set_id)
    if zone.is_private or found is None:
        raise AwsFault("InvalidInput", "Cannot send DNS query to a Private Hosted Zone")
    query = _query(name, request["RecordType"], subnet)
    reply, protocol = None, "UDP"
    if services.name_servers is not None:
        reply, protocol = _ask(services.name_servers, zone.id, query, str(resolver), caller.now)
    # A zone that is not published yet is not answered anywhere: its name servers refuse.
    return {
        "Nameserver": names.show(found.hosts[0]).removesuffix("."),
        "RecordName": names.show(name),
        "RecordType": request["RecordType"],
        "RecordData": [] if reply is None else _values(reply),
        "ResponseCode": dns.rcode.to_text(dns.rcode.REFUSED if reply is None else reply.rcode()),
        "Protocol": protocol,
    }


OPERATIONS: dict[str, Operation] = {"TestDNSAnswer": test_dns_answer}


def _address(request: Request, member: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = request.get(member)
    if not text:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise AwsFault("InvalidInput", f"The value '{text}' for {member} is not an IP address") from None


def _subnet(request: Request) -> dns.edns.ECSOption | None:
    """RFC 7871 §6: the option that a resolver would send for a client."""
    address = _address(request, "EDNS0ClientSubnetIP")
    text = request.get("EDNS0ClientSubnetMask")
    if address is None:
        if text:
            raise AwsFault(
                "InvalidInput", "EDNS0ClientSubnetMask can be sent only together with EDNS0ClientSubnetIP"
            )
        return None
    bits = PREFIX[address.version]
    if text:
        if not (text.isascii() and text.isdigit() and int(text) <= address.max_prefixlen):
            raise AwsFault(
                "InvalidInput",
                f"The value '{text}' for EDNS0ClientSubnetMask is not between 0 and {address.max_prefixlen}",
            )
        bits = int(text)
    return dns.edns.ECSOption(str(address), bits)


def _query(name: Name, rtype: str, subnet: dns.edns.ECSOption | None) -> bytes:
    wire = name.to_wire()
    query = dns.message.make_query(
        dns.name.from_wire(wire, 0)[0],
        dns.rdatatype.RdataType(rdata.TYPES[rtype]),
        use_edns=0,
        payload=_PAYLOAD,
        options=[] if subnet is None else [subnet],
        id=0,
    )
    query.flags = dns.flags.Flag(0)  # as resolvers ask name servers
    return query.to_wire()


def _ask(
    servers: NameServers, zone_id: str, query: bytes, client: str, now: UnixTime
) -> tuple[dns.message.Message | None, str]:
    """The reply, over TCP when it does not fit into a datagram."""
    for protocol in ("UDP", "TCP"):
        packet = servers.answer(zone_id, query, now, client=client, tcp=protocol == "TCP")
        if packet is None:
            return None, "UDP"
        reply = dns.message.from_wire(packet, ignore_trailing=True, raise_on_truncation=False)
        if not reply.flags & dns.flags.TC:
            break
    return reply, protocol


def _values(reply: dns.message.Message) -> list[str]:
    """The records of the answer section in their order: a CNAME, then what it leads to."""
    values = []
    for rrset in reply.answer:
        rtype = dns.rdatatype.to_text(rrset.rdtype)
        for record in rrset:
            wire = record.to_wire(origin=None)
            values.append(rdata.show(rtype, wire) if rtype in rdata.TYPES else record.to_text())
    return values
