"""A small Internet made of zone-file text, signed by dnspython (not by us), and a driver that asks it.

`World` holds zones and the addresses that serve them; `World.compose` answers as an authoritative server
would (referrals, DS, wildcards, NSEC or compact denial); `tamper` breaks it. No sockets, no clock.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.NSEC
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from seal53.core import Message, Name, WireFault
from seal53.resolver.anchors import Anchors
from seal53.resolver.effects import Ask, Consult, Reply
from seal53.resolver.memory import Memory
from seal53.resolver.resolve import Answer, Machine, Mode, Resolution
from seal53.resolver.signatures import Crypto

NOW = 1_790_000_000
HOUR = 3600
IN = dns.rdataclass.IN
T = dns.rdatatype


def make_key(algorithm: int):
    if algorithm == 13:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == 14:
        return ec.generate_private_key(ec.SECP384R1())
    if algorithm == 15:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == 8:
        return rsa.generate_private_key(65537, 1024)
    raise ValueError(algorithm)


class Key:
    def __init__(self, algorithm: int = 13, flags: int = 257):
        self.private = make_key(algorithm)
        self.dnskey = dns.dnssec.make_dnskey(self.private.public_key(), algorithm, flags)


@dataclass
class ZoneDouble:
    """A zone. `denial` is "nsec", "compact" or "none" (unsigned)."""

    apex: dns.name.Name
    contents: dns.zone.Zone
    denial: str = "none"
    keys: list[Key] = field(default_factory=list)
    inception: int = NOW - HOUR
    expiration: int = NOW + 10 * HOUR
    ttl: int = 300

    @property
    def signed(self) -> bool:
        return self.denial != "none"

    def ds(self, digest="SHA256") -> list[dns.rdata.Rdata]:
        return [
            dns.dnssec.make_ds(self.apex, k.dnskey, digest, policy=dns.dnssec.allow_all_policy)
            for k in self.keys
            if k.dnskey.flags & 1
        ]

    def sign(self, rrset, *, key=None, owner=None, inception=None, expiration=None, signer=None):
        key = key or self.keys[0]
        return dns.dnssec.sign(
            (owner or rrset.name, rrset),
            key.private,
            signer or self.apex,
            key.dnskey,
            inception=inception or self.inception,
            expiration=expiration or self.expiration,
            verify=False,
            deterministic=False,
        )

    def names(self) -> list[dns.name.Name]:
        """Owners that have an NSEC, in canonical order: nothing below a cut."""
        found = []
        for name in sorted(self.contents.nodes):
            if not any(name.is_subdomain(c) and name != c for c in self.cuts()):
                found.append(name)
        return found

    def cuts(self) -> list[dns.name.Name]:
        return [
            n
            for n, node in self.contents.nodes.items()
            if n != self.apex and node.get_rdataset(IN, T.NS) is not None
        ]

    def node(self, name) -> dns.node.Node | None:
        return self.contents.nodes.get(name)

    def exists(self, name) -> bool:
        return any(n.is_subdomain(name) for n in self.contents.nodes)

    def dname_above(self, name) -> dns.name.Name | None:
        while name != self.apex:
            name = name.parent()
            if self.contents.get_rdataset(name, T.DNAME) is not None:
                return name
        return None

    def types_at(self, name) -> set[int]:
        node = self.node(name)
        types = {r.rdtype for r in node.rdatasets} if node else set()
        if name in self.cuts():
            types &= {T.NS, T.DS}
        return types

    def nsec_for(self, name, extra=()) -> dns.rrset.RRset:
        """The NSEC whose owner is `name` (which must have one)."""
        names = self.names()
        following = names[(names.index(name) + 1) % len(names)]
        return self._nsec(name, following, self.types_at(name) | {T.NSEC, T.RRSIG} | set(extra))

    def covering(self, name) -> dns.rrset.RRset:
        owner = max(n for n in self.names() if n <= name)
        return self.nsec_for(owner)

    def compact(self, name) -> dns.rrset.RRset:
        types = self.types_at(name) | {T.NSEC, T.RRSIG}
        if not self.exists(name):
            types.add(128)
        return self._nsec(name, dns.name.Name((b"\0", *name.labels)), types)

    def _nsec(self, owner, following, types) -> dns.rrset.RRset:
        bitmap = dns.rdtypes.ANY.NSEC.Bitmap.from_rdtypes(list(types))
        return dns.rrset.from_rdata(owner, self.ttl, dns.rdtypes.ANY.NSEC.NSEC(IN, T.NSEC, following, bitmap))


class World:
    """Zones by apex, servers by address. `tamper(reply, server, qname, qtype, tcp)` gives what is sent."""

    def __init__(self) -> None:
        self.zones: dict[dns.name.Name, ZoneDouble] = {}
        self.servers: dict[str, list[dns.name.Name]] = {}
        self.asked: list[tuple[str, str, str, bool]] = []
        self.tamper: Callable | None = None
        self.dead: set[str] = set()
        self.old: set[str] = set()  # these know no EDNS

    def zone(
        self, apex: str, text: str, *, servers: list[str], denial: str = "nsec", algorithm: int = 13
    ) -> ZoneDouble:
        origin = dns.name.from_text(apex)
        soa = f"@ 300 IN SOA ns.{apex if apex != '.' else ''} host. 1 7200 900 1209600 60\n"
        contents = dns.zone.from_text(soa + text, origin, relativize=False, check_origin=False)
        double = ZoneDouble(origin, contents, denial)
        if denial != "none":
            double.keys = [Key(algorithm)]
            self.publish_keys(double)
        self.zones[origin] = double
        for server in servers:
            self.servers.setdefault(server, []).append(origin)
        return double

    def publish_keys(self, zone: ZoneDouble) -> None:
        zone.contents.delete_rdataset(zone.apex, T.DNSKEY)
        rdataset = zone.contents.find_rdataset(zone.apex, T.DNSKEY, create=True)
        for key in zone.keys:
            rdataset.add(key.dnskey, 3600)

    def delegate(self, parent: str, child: str, ds=None) -> None:
        """Puts the child's DS into its parent; the NS records and glue are in the parent's text."""
        records = self.zones[dns.name.from_text(child)].ds() if ds is None else ds
        contents = self.zones[dns.name.from_text(parent)].contents
        contents.delete_rdataset(dns.name.from_text(child), T.DS)
        rdataset = contents.find_rdataset(dns.name.from_text(child), T.DS, create=True)
        for r in records:
            rdataset.add(r, 300)

    def anchor_lines(self) -> list[str]:
        return [f". IN DS {ds}" for ds in self.zones[dns.name.root].ds()]

    # --- what a server says

    def wire(
        self, server: str, qname: str, qtype: int, *, tcp: bool, edns: bool = True
    ) -> dns.message.Message | None:
        self.asked.append((server, qname, T.to_text(qtype), tcp))
        if server in self.dead:
            return None
        if edns and server in self.old:
            refusal = dns.message.make_response(dns.message.make_query(qname, qtype))
            refusal.set_rcode(dns.rcode.FORMERR)
            return refusal
        reply = self.compose(server, dns.name.from_text(qname), qtype)
        if self.tamper is not None:
            return self.tamper(reply, server, qname, qtype, tcp)
        return reply

    def compose(self, server: str, qname: dns.name.Name, qtype: int) -> dns.message.Message:
        query = dns.message.make_query(qname, qtype, want_dnssec=True)
        reply = dns.message.make_response(query)
        mine = [self.zones[a] for a in self.servers.get(server, ()) if qname.is_subdomain(a)]
        if qtype == T.DS and len(mine) > 1:
            mine = [z for z in mine if z.apex != qname]
        if not mine:
            reply.set_rcode(dns.rcode.REFUSED)
            return reply
        zone = max(mine, key=lambda z: len(z.apex))
        reply.flags |= dns.flags.AA
        for _ in range(12):
            cut = next(
                (c for c in zone.cuts() if qname.is_subdomain(c) and not (qtype == T.DS and qname == c)), None
            )
            if cut is not None:
                if not reply.answer:
                    self.refer(zone, cut, reply)
                return reply
            above = zone.dname_above(qname)
            if above is not None:
                dname = zone.contents.find_rdataset(above, T.DNAME)
                self.put(zone, reply.answer, dns.rrset.from_rdata_list(above, dname.ttl, list(dname)))
                target = dns.name.Name(qname.labels[: -len(above)]) + dname[0].target
                reply.answer.append(dns.rrset.from_text(qname, dname.ttl, "IN", "CNAME", target.to_text()))
                qname = target
                if not qname.is_subdomain(zone.apex):
                    return reply
                continue
            node = zone.node(qname)
            owner, wildcard = qname, None
            if node is None and not zone.exists(qname):
                encloser = qname.parent()
                while not zone.exists(encloser):
                    encloser = encloser.parent()
                wildcard = dns.name.from_text("*", encloser)
                node, owner = zone.node(wildcard), wildcard
            types = {r.rdtype: r for r in node.rdatasets} if node else {}
            if node and qtype in (T.NSEC, T.ANY, T.RRSIG) and zone.signed:
                self.answer_meta(zone, qname, qtype, types, reply)
                return reply
            found = types.get(qtype) or types.get(T.CNAME)
            if found is None:
                self.deny(zone, qname, wildcard, node, reply)
                return reply
            self.put(zone, reply.answer, dns.rrset.from_rdata_list(qname, found.ttl, list(found)), owner)
            if wildcard is not None and zone.denial == "nsec":
                self.put(zone, reply.authority, zone.covering(qname))
            if found.rdtype == qtype:
                return reply
            qname = found[0].target
            if not qname.is_subdomain(zone.apex):
                return reply
        return reply

    def answer_meta(self, zone, qname, qtype, types, reply) -> None:
        nsec = zone.compact(qname) if zone.denial == "compact" else zone.nsec_for(qname)
        if qtype != T.NSEC:
            for rdataset in types.values():
                self.put(zone, reply.answer, dns.rrset.from_rdata_list(qname, rdataset.ttl, list(rdataset)))
        self.put(zone, reply.answer, nsec)
        if qtype == T.RRSIG:
            reply.answer = [r for r in reply.answer if r.rdtype == T.RRSIG]

    def put(self, zone, section, rrset, owner=None) -> None:
        if any(r.name == rrset.name and r.rdtype == rrset.rdtype for r in section):
            return
        section.append(rrset)
        if zone.signed and (rrset.rdtype != T.NS or rrset.name == zone.apex):
            expanded = owner is not None and owner.is_wild() and owner != rrset.name
            if expanded and zone.denial == "compact":
                owner = rrset.name
            signing = dns.rrset.from_rdata_list(owner or rrset.name, rrset.ttl, list(rrset))
            rrsigs = [zone.sign(signing, key=k) for k in self.signing_keys(zone, rrset)]
            section.append(dns.rrset.from_rdata_list(rrset.name, rrset.ttl, rrsigs))

    def signing_keys(self, zone: ZoneDouble, rrset) -> list[Key]:
        if rrset.rdtype == T.DNSKEY:
            return [k for k in zone.keys if k.dnskey.flags & 1] or zone.keys
        return zone.keys[-1:]

    def refer(self, zone, cut, reply) -> None:
        reply.flags &= ~dns.flags.AA
        node = zone.node(cut)
        ns = node.get_rdataset(IN, T.NS)
        reply.authority.append(dns.rrset.from_rdata_list(cut, ns.ttl, list(ns)))
        if zone.signed:
            ds = node.get_rdataset(IN, T.DS)
            if ds is not None:
                self.put(zone, reply.authority, dns.rrset.from_rdata_list(cut, ds.ttl, list(ds)))
            else:
                self.put(
                    zone,
                    reply.authority,
                    zone.compact(cut) if zone.denial == "compact" else zone.nsec_for(cut),
                )
        for r in ns:
            host = zone.node(r.target)
            for rdataset in host.rdatasets if host else ():
                if rdataset.rdtype in (T.A, T.AAAA):
                    reply.additional.append(dns.rrset.from_rdata_list(r.target, rdataset.ttl, list(rdataset)))

    def deny(self, zone, qname, wildcard, node, reply) -> None:
        soa = zone.contents.find_rdataset(zone.apex, T.SOA)
        self.put(zone, reply.authority, dns.rrset.from_rdata_list(zone.apex, soa.ttl, list(soa)))
        missing = wildcard is not None and node is None
        if missing and zone.denial != "compact":
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if zone.denial == "compact":
            self.put(zone, reply.authority, zone.compact(qname))
        elif zone.denial == "nsec":
            if wildcard is not None:
                self.put(zone, reply.authority, zone.covering(qname))
                self.put(zone, reply.authority, zone.covering(wildcard))
            else:
                self.put(zone, reply.authority, zone.covering(qname))

    # --- a driver without sockets

    def memory(self) -> Memory:
        return Memory([("ns.root.", "10.0.0.1")])

    def run(
        self,
        qname: str,
        qtype: str = "A",
        *,
        now: int = NOW,
        validate: bool = True,
        memory: Memory | None = None,
        anchors: Anchors | None = None,
        crypto: Crypto | None = None,
        private: Callable[[str, int], bytes | None] | None = None,
        spread: int = 0,
    ) -> Answer:
        anchors = anchors or Anchors.parse(self.anchor_lines())
        mode = Mode(validate=validate, private=private is not None)
        resolution = Resolution(memory or self.memory(), anchors, mode, now=now, spread=spread, crypto=crypto)
        self.work = resolution.work
        machine = Machine(resolution.resolve(Name.parse(qname), T.from_text(qtype)))
        step = machine.start()
        while not isinstance(step, Answer):
            if isinstance(step, Consult):
                assert private is not None
                packet = private(str(step.qname), step.qtype)
                step = machine.feed(Reply(now, None if packet is None else Message.parse(packet)))
                continue
            assert isinstance(step, Ask)
            reply = self.wire(step.server, str(step.qname), step.qtype, tcp=step.tcp, edns=step.edns)
            packet = reply.to_wire(max_size=65535) if isinstance(reply, dns.message.Message) else reply
            step = machine.feed(read(packet, now))
        return step


def read(packet: bytes | None, now: int) -> Reply:
    """As the driver hands a packet to the machine."""
    if packet is None:
        return Reply(now, None, "timeout")
    try:
        return Reply(now, Message.parse(packet))
    except WireFault:
        return Reply(now, None, "malformed")


ROOT = """
@ 3600 NS ns.root.
ns.root. 3600 A 10.0.0.1
com. 3600 NS ns.tld.com.
ns.tld.com. 3600 A 10.0.0.2
net. 3600 NS ns.tld.com.
insecure. 3600 NS ns.insecure.
ns.insecure. 3600 A 10.0.0.6
"""
COM = """
@ 3600 NS ns.tld.com.
ns.tld 3600 A 10.0.0.2
example 300 NS ns1.example
ns1.example 300 A 10.0.0.3
compact 300 NS ns1.compact
ns1.compact 300 A 10.0.0.4
unsigned 300 NS ns1.unsigned
ns1.unsigned 300 A 10.0.0.5
glueless 300 NS ns1.example.net.
"""
NET = """
@ 3600 NS ns.tld.com.
example 300 NS ns1.example
ns1.example 300 A 10.0.0.3
"""
EXAMPLE = """
@ 300 NS ns1
ns1 300 A 10.0.0.3
www 300 A 192.0.2.1
www 300 TXT "hello"
alias 300 CNAME www
far 300 CNAME www.compact.com.
insec 300 CNAME www.unsigned.com.
gone 300 CNAME nothing
a.ent 300 A 192.0.2.2
*.wild 300 A 192.0.2.3
x.closer.wild 300 A 192.0.2.4
loop1 300 CNAME loop2
loop2 300 CNAME loop1
sub 300 NS ns.sub
ns.sub 300 A 10.0.0.3
"""
COMPACT = """
@ 300 NS ns1
ns1 300 A 10.0.0.4
www 300 A 192.0.2.11
a.ent 300 A 192.0.2.12
*.wild 300 A 192.0.2.13
"""
INSECURE = """
@ 300 NS ns
ns 300 A 10.0.0.6
www 300 A 192.0.2.41
"""
UNSIGNED = """
@ 300 NS ns1
ns1 300 A 10.0.0.5
www 300 A 192.0.2.21
back 300 CNAME www.example.com.
"""


def internet() -> World:
    world = World()
    world.zone(".", ROOT, servers=["10.0.0.1"])
    world.zone("com.", COM, servers=["10.0.0.2"])
    world.zone("net.", NET, servers=["10.0.0.2"])
    world.zone("example.com.", EXAMPLE, servers=["10.0.0.3"])
    world.zone(
        "sub.example.com.", "@ 300 NS ns\nns 300 A 10.0.0.3\nwww 300 A 192.0.2.31\n", servers=["10.0.0.3"]
    )
    world.zone("compact.com.", COMPACT, servers=["10.0.0.4"], denial="compact")
    world.zone("unsigned.com.", UNSIGNED, servers=["10.0.0.5"], denial="none")
    world.zone(
        "insecure.",
        "@ 300 NS ns\nns 300 A 10.0.0.6\nwww 300 A 192.0.2.41\n",
        servers=["10.0.0.6"],
        denial="none",
    )
    world.zone(
        "example.net.", "@ 300 NS ns1\nns1 300 A 10.0.0.3\nwww 300 A 192.0.2.51\n", servers=["10.0.0.3"]
    )
    world.zone("glueless.com.", "@ 300 NS ns1.example.net.\nwww 300 A 192.0.2.61\n", servers=["10.0.0.3"])
    for parent, child in (
        (".", "com."), (".", "net."), ("com.", "example.com."), ("com.", "compact.com."),
        ("net.", "example.net."), ("com.", "glueless.com."), ("example.com.", "sub.example.com."),
    ):  # fmt: skip
        world.delegate(parent, child)
    return world
