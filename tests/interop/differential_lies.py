"""How a name server can bend what it would say: each takes a reply and changes it, the same way each time.

Some are harmless (more records than needed, signatures by strangers), most must be refused. Not for: which
zone is bent how (`differential_world`).
"""

from collections.abc import Callable

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from resolver_world import Key, World, ZoneDouble

T = dns.rdatatype
Name = dns.name.Name
Reply = dns.message.Message
Lie = Callable[[World, ZoneDouble, Reply], None]


def _without(section: list[dns.rrset.RRset], *types: int) -> list[dns.rrset.RRset]:
    return [
        r
        for r in section
        if r.rdtype not in types and not (r.rdtype == T.RRSIG and r[0].type_covered in types)
    ]


def _strip(world: World, zone: ZoneDouble, reply: Reply) -> None:
    reply.answer = [r for r in reply.answer if r.rdtype != T.RRSIG]
    reply.authority = [r for r in reply.authority if r.rdtype != T.RRSIG]


def _strip_answers(world: World, zone: ZoneDouble, reply: Reply) -> None:
    if reply.question[0].rdtype not in (T.DNSKEY, T.DS):  # unbound answers for a DS with what a referral said
        reply.answer = [r for r in reply.answer if r.rdtype != T.RRSIG]


def _no_nsec(world: World, zone: ZoneDouble, reply: Reply) -> None:
    reply.authority = _without(reply.authority, T.NSEC)


def _no_soa(world: World, zone: ZoneDouble, reply: Reply) -> None:
    reply.authority = _without(reply.authority, T.SOA)


def _unsigned_soa(world: World, zone: ZoneDouble, reply: Reply) -> None:
    reply.authority = [r for r in reply.authority if not (r.rdtype == T.RRSIG and r[0].type_covered == T.SOA)]


def _wrong_nsec(world: World, zone: ZoneDouble, reply: Reply) -> None:
    if zone.signed and any(r.rdtype == T.NSEC for r in reply.authority):
        reply.authority = _without(reply.authority, T.NSEC)
        world.put(zone, reply.authority, zone.nsec_for(zone.apex))


def _other_nsec(world: World, zone: ZoneDouble, reply: Reply) -> None:
    """As `_wrong_nsec`, and one that is genuine but of a name in the middle."""
    if zone.signed and any(r.rdtype == T.NSEC for r in reply.authority):
        names = zone.names()
        reply.authority = _without(reply.authority, T.NSEC)
        world.put(zone, reply.authority, zone.nsec_for(names[len(names) // 2]))


def _all_nsecs(world: World, zone: ZoneDouble, reply: Reply) -> None:
    """More than is needed is no fault."""
    if zone.denial == "nsec" and any(r.rdtype == T.NSEC for r in reply.authority):
        for name in zone.names()[:5]:
            world.put(zone, reply.authority, zone.nsec_for(name))


def _no_name(world: World, zone: ZoneDouble, reply: Reply) -> None:
    if reply.rcode() == 0 and not reply.answer and any(r.rdtype == T.SOA for r in reply.authority):
        reply.set_rcode(3)


def _no_data(world: World, zone: ZoneDouble, reply: Reply) -> None:
    if reply.rcode() == 3:
        reply.set_rcode(0)


def _is_host(name: Name) -> bool:
    """A name server's name: with its address forged, what comes after depends on what is asked first."""
    return name.labels[0].lower().startswith(b"ns")


def _forge(world: World, zone: ZoneDouble, reply: Reply) -> None:
    for i, r in enumerate(reply.answer):
        if r.rdtype == T.A and not _is_host(r.name):
            reply.answer[i] = dns.rrset.from_text(r.name, r.ttl, "IN", "A", "203.0.113.66")


def _deny(world: World, zone: ZoneDouble, reply: Reply) -> None:
    """An answer is replaced by the genuine denial of another name."""
    if zone.signed and any(r.rdtype == T.A and not _is_host(r.name) for r in reply.answer):
        reply.answer, reply.authority = [], []
        world.deny(
            zone, dns.name.from_text("nothing", zone.apex), dns.name.from_text("*", zone.apex), None, reply
        )


def _junk(count: int, *, first: bool) -> Lie:
    def lie(world: World, zone: ZoneDouble, reply: Reply) -> None:
        for section in (reply.answer, reply.authority):
            for i, r in enumerate(section):
                if r.rdtype == T.RRSIG:
                    good = list(r)
                    junk = [good[0].replace(key_tag=(good[0].key_tag + n + 1) % 65536) for n in range(count)]
                    junk += [
                        good[0].replace(algorithm=200),
                        good[0].replace(signature=bytes(len(good[0].signature))),
                    ]
                    section[i] = dns.rrset.from_rdata_list(
                        r.name, r.ttl, [*junk, *good] if first else [*good, *junk]
                    )

    return lie


def _poison(world: World, zone: ZoneDouble, reply: Reply) -> None:
    """Records that are not this server's business."""
    for section in (reply.answer, reply.authority, reply.additional):
        section.append(dns.rrset.from_text("www.z0.t1.", 300, "IN", "A", "203.0.113.67"))
        section.append(dns.rrset.from_text("t1.", 300, "IN", "NS", f"ns0.{zone.apex}"))


def _long_ttl(world: World, zone: ZoneDouble, reply: Reply) -> None:
    for r in (*reply.answer, *reply.authority):
        r.ttl = 90000


def _bare_referral(world: World, zone: ZoneDouble, reply: Reply) -> None:
    if not reply.flags & dns.flags.AA and not reply.answer:
        reply.authority = [r for r in reply.authority if r.rdtype == T.NS]


def _no_ds(world: World, zone: ZoneDouble, reply: Reply) -> None:
    """The DS is withheld, and the NSEC of the cut, which shows that there is one, is given."""
    for r in list(reply.authority):
        if r.rdtype == T.DS:
            reply.authority = _without(reply.authority, T.DS)
            world.put(
                zone,
                reply.authority,
                zone.nsec_for(r.name) if zone.denial == "nsec" else zone.compact(r.name),
            )
    for r in list(reply.answer):
        if r.rdtype == T.DS:
            reply.answer, reply.authority = [], []
            world.deny(zone, r.name, None, zone.node(r.name), reply)


def _not_authoritative(world: World, zone: ZoneDouble, reply: Reply) -> None:
    reply.flags &= ~dns.flags.AA


def _no_closer(world: World, zone: ZoneDouble, reply: Reply) -> None:
    if reply.answer:
        reply.authority = []


def _servfail(world: World, zone: ZoneDouble, reply: Reply) -> None:
    reply.set_rcode(dns.rcode.SERVFAIL)
    reply.answer, reply.authority, reply.additional = [], [], []


def _no_keys(world: World, zone: ZoneDouble, reply: Reply) -> None:
    if reply.question[0].rdtype == T.DNSKEY and reply.question[0].name == zone.apex:
        reply.answer = []


def _forged_keys(world: World, zone: ZoneDouble, reply: Reply) -> None:
    for r in reply.answer:
        if r.rdtype == T.DNSKEY:
            r.add(_STRANGER.dnskey)


_STRANGER = Key()
LIES: dict[str, Lie] = {
    "strip": _strip,
    "strip answers": _strip_answers,
    "no nsec": _no_nsec,
    "no soa": _no_soa,
    "unsigned soa": _unsigned_soa,
    "wrong nsec": _wrong_nsec,
    "other nsec": _other_nsec,
    "all nsecs": _all_nsecs,
    "no name": _no_name,
    "no data": _no_data,
    "forge": _forge,
    "deny": _deny,
    "junk first": _junk(3, first=True),
    "junk last": _junk(3, first=False),
    "much junk": _junk(12, first=True),
    "poison": _poison,
    "long ttl": _long_ttl,
    "bare referral": _bare_referral,
    "no ds": _no_ds,
    "not authoritative": _not_authoritative,
    "no closer": _no_closer,
    "servfail": _servfail,
    "no keys": _no_keys,
    "forged keys": _forged_keys,
}
