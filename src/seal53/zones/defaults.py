"""What a new hosted zone holds: an NS and an SOA record set.

Source: recorded answers of Route 53. The SOA's serial stays 1: it is the user's, Route 53 never raises it.
A private zone names four hosts that nobody asks, as Route 53's do: its VPC's resolver answers from the zone
itself.
"""

from collections.abc import Sequence

from seal53.core import Name, RecordSet
from seal53.zones import names, rdata
from seal53.zones.recordset import ZoneSet

NS_TTL = 172_800
SOA_TTL = 900
_SOA = "{mname} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
_PRIVATE_HOSTS = (
    "ns-1536.awsdns-00.co.uk.",
    "ns-0.awsdns-00.com.",
    "ns-1024.awsdns-00.org.",
    "ns-512.awsdns-00.net.",
)


def public_zone(apex: Name, hosts: Sequence[Name]) -> list[ZoneSet]:
    """The record sets of a new public zone; `hosts` are its delegation set's, in order."""
    return _zone(apex, [names.show(host) for host in hosts])


def private_zone(apex: Name) -> list[ZoneSet]:
    return _zone(apex, _PRIVATE_HOSTS)


def _zone(apex: Name, hosts: Sequence[str]) -> list[ZoneSet]:
    return [
        _set(apex, "NS", NS_TTL, hosts),
        _set(apex, "SOA", SOA_TTL, [_SOA.format(mname=hosts[0])]),
    ]


def _set(apex: Name, rtype: str, ttl: int, values: Sequence[str]) -> ZoneSet:
    wires = [rdata.parse(rtype, value).wire for value in values]
    record = RecordSet(apex, rdata.TYPES[rtype], ttl=ttl, rdatas=wires)
    return ZoneSet(record=record, type=rtype, values=tuple(values))
