"""A small signed Internet on 127.x addresses, drawn from a seed: good zones, broken ones, and lying servers.

The servers of a zone tell it as `resolver_world` composes it (signed by dnspython, or ahead of time by
ldns-signzone or dnssec-signzone), bent by at most one fault. Not for: judging; that is done by comparing
two resolvers, which both see the same lies.
"""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import dns.dnssec
import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import dns.zone

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "resolver"))

from differential_lies import LIES
from resolver_world import HOUR, Key, World, ZoneDouble

T = dns.rdatatype
Name = dns.name.Name
Reply = dns.message.Message


@dataclass
class DrawnZone(ZoneDouble):
    """A zone with what was drawn for it. `both`: RRsets are signed by a key of each algorithm."""

    fault: str = "none"
    delegation: str = "right"
    servers: list[str] = field(default_factory=list)
    liar: str | None = None  # the one server that the fault is limited to
    both: bool = False
    made: dict = field(default_factory=dict)

    def sign(self, rrset, *, key=None, owner=None, **times):
        at = (owner or rrset.name, rrset.to_text(), id(key), tuple(times.items()))
        if at not in self.made:
            self.made[at] = super().sign(rrset, key=key, owner=owner, **times)
        return self.made[at]

    def signers(self, rtype: int) -> list[Key]:
        zone_keys = [k for k in self.keys if k.dnskey.flags & 0x0180 == 0x0100]
        secure = [k for k in self.keys if k.dnskey.flags & 1]
        if self.both:
            return zone_keys
        return (secure or zone_keys)[:1] if rtype == T.DNSKEY else zone_keys[-1:] or self.keys[-1:]

    def describe(self) -> str:
        algorithms = ",".join(str(int(k.dnskey.algorithm)) for k in self.keys)
        return (
            f"{self.apex} {self.denial} fault={self.fault}{'@' + self.liar if self.liar else ''} "
            f"ds={self.delegation} algorithms={algorithms} both={self.both}"
        )


@dataclass
class FiledZone(DrawnZone):
    """A zone that a program signed: RRSIG and NSEC records are in its contents."""

    program: str = ""

    def stored(self, owner: Name, rtype: int) -> list[dns.rdata.Rdata]:
        rdataset = self.contents.get_rdataset(owner, T.RRSIG, rtype)
        return list(rdataset) if rdataset is not None else []

    def nsec_for(self, name: Name, extra=()) -> dns.rrset.RRset:
        rdataset = self.contents.find_rdataset(name, T.NSEC)
        return dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))

    def names(self) -> list[Name]:
        return sorted(
            n for n, node in self.contents.nodes.items() if any(r.rdtype == T.NSEC for r in node.rdatasets)
        )

    def describe(self) -> str:
        return f"{super().describe()} by {self.program}"


class RandomWorld(World):
    """`seed` decides everything but key material. `base`: the first two octets of the servers' addresses.

    `folder` takes the files of the programs that sign. The root and two TLDs, zones below these, and zones
    below those; most of what can be wrong is in the latter two.
    """

    def __init__(self, seed: int, base: str, folder: Path) -> None:
        super().__init__()
        self.draw = random.Random(seed)
        self.folder = folder
        self.now = int(time.time())
        self._base = base
        self._addresses = 0
        self.questions: list[tuple[str, str]] = []
        self._build()
        self.tamper = self._lie

    def describe(self) -> str:
        return "\n".join(z.describe() for z in self.zones.values())

    @property
    def root_server(self) -> str:
        return self.zones[dns.name.root].servers[0]

    # --- making it

    def _address(self) -> str:
        self._addresses += 1
        return f"{self._base}.{self._addresses // 250}.{self._addresses % 250 + 1}"

    def _build(self) -> None:
        draw = self.draw
        apexes = ["t1.", "t2."]
        apexes += [f"z{i}.{draw.choice(('t1.', 't1.', 't2.'))}" for i in range(5)]
        apexes += [f"c{i}.{draw.choice(apexes[2:])}" for i in range(3)]
        self.leaves = apexes[2:]
        hosting: dict[str, list[str]] = {".": [self._address()]}
        for apex in apexes:
            parent = apex.split(".", 1)[1] or "."
            shared = apex.count(".") > 1 and draw.random() < 0.2
            hosting[apex] = (
                hosting[parent] if shared else [self._address() for _ in range(draw.choice((1, 1, 2)))]
            )
        # from the leaves up, since a program that signs a parent needs the DS records of its children
        for apex in sorted([".", *apexes], key=lambda a: -len(dns.name.from_text(a))):
            children = [a for a in apexes if (a.split(".", 1)[1] or ".") == apex]
            self._zone(apex, children, hosting)
        for apex in apexes:
            self._ask_about(apex)
        draw.shuffle(self.questions)

    def _zone(self, apex: str, children: list[str], hosting: dict[str, list[str]]) -> None:
        draw, name = self.draw, dns.name.from_text(apex)
        upper = apex.count(".") <= 1  # the root and the TLDs are mostly sound
        signed = apex in (".", "t1.") or draw.random() < (0.7 if upper else 0.85)
        denial = "none" if not signed else draw.choice(("nsec", "nsec", "compact"))
        text = self._text(apex, children, hosting)
        contents = dns.zone.from_text(text, name, relativize=False, check_origin=False)
        program = self._program() if denial == "nsec" and draw.random() < 0.5 else None
        kind = FiledZone if program else DrawnZone
        zone = kind(name, contents, denial, servers=hosting[apex])
        zone.inception, zone.expiration = self.now - HOUR, self.now + 10 * HOUR
        if signed:
            algorithm = draw.choice((8, 13, 13, 13, 14, 15))
            zone.keys = [Key(algorithm), *([Key(algorithm, 256)] if draw.random() < 0.5 else [])]
            zone.delegation = (
                "right" if apex == "." or (upper and draw.random() < 0.8) else draw.choice(DELEGATIONS)
            )
            if not program:
                self._extra_keys(zone)
                self.publish_keys(zone)
        for child in children:
            self._delegate(zone, self.zones[dns.name.from_text(child)])
        if isinstance(zone, FiledZone):
            zone.program = program or ""
            _sign_by(program or "", zone, self.folder)
        if not upper or draw.random() < 0.25:
            zone.fault = draw.choice(tuple(LIES)) if apex != "." and draw.random() < 0.6 else "none"
        if signed and not program and zone.fault == "none" and apex != ".":
            if draw.random() < 0.08:
                zone.expiration = self.now - 100
                zone.fault = "expired"
            elif draw.random() < 0.08:
                zone.inception, zone.fault = self.now + 1000, "early"
        if len(zone.servers) == 2 and zone.fault in ("forge", "strip", "no nsec"):
            zone.liar = draw.choice(zone.servers)
        self.zones[name] = zone
        for server in zone.servers:
            self.servers.setdefault(server, []).append(name)

    def _program(self) -> str | None:
        there = [p for p in ("ldns-signzone", "dnssec-signzone") if shutil.which(p)]
        return self.draw.choice(there) if there else None

    def _extra_keys(self, zone: DrawnZone) -> None:
        draw = self.draw.random()
        algorithm = int(zone.keys[0].dnskey.algorithm)
        if draw < 0.1:
            zone.keys.insert(1, Key(algorithm, 257))  # stand-by
        elif draw < 0.2:
            zone.keys.insert(1, Key(algorithm, 257 | 0x80))  # revoked
        elif draw < 0.3:
            zone.keys.insert(1, Key(15 if algorithm == 13 else 13, 257))
            zone.both = True
        elif draw < 0.33:
            zone.keys = [Key(algorithm, 257 & ~0x100)]  # no zone key

    def _delegate(self, parent: ZoneDouble, child: DrawnZone) -> None:
        if not child.signed or not parent.signed:
            return
        wrong = dns.dnssec.make_ds(child.apex, Key().dnskey, "SHA256")
        right = [d for d in child.ds() if d.key_tag == dns.dnssec.key_id(child.keys[0].dnskey)]
        right = right or [dns.dnssec.make_ds(child.apex, child.keys[0].dnskey, "SHA256")]
        sha1, sha384 = child.ds("SHA1")[:1], child.ds("SHA384")[:1]
        algorithm = dns.rdata.from_text("IN", "DS", "12345 200 2 " + "ab" * 32)
        digest = dns.rdata.from_text(
            "IN", "DS", f"{right[0].key_tag} {int(right[0].algorithm)} 99 {'ab' * 32}"
        )
        records = {
            "right": right, "none": [], "wrong": [wrong], "wrong and right": [wrong, *right], "sha1": sha1,
            "sha384": sha384 or right, "all digests": [*sha1, *right, *sha384],
            "unknown algorithm": [algorithm], "unknown digest": [digest],
            "unknown and right": [algorithm, digest, *right], "unknown and wrong": [algorithm, wrong],
        }[child.delegation]  # fmt: skip
        if records:
            parent.contents.find_rdataset(child.apex, T.DS, create=True).update_ttl(300)
            for r in records:
                parent.contents.find_rdataset(child.apex, T.DS).add(r, 300)

    def _text(self, apex: str, children: list[str], hosting: dict[str, list[str]]) -> str:
        draw = self.draw
        lines = [f"@ 300 IN SOA ns1.{apex.lstrip('.')} host. 1 7200 900 1209600 60"]
        for i, address in enumerate(hosting[apex]):
            lines += [f"@ 300 NS ns{i}.{apex.lstrip('.')}", f"ns{i}.{apex.lstrip('.')} 300 A {address}"]
        for child in children:
            for i, address in enumerate(hosting[child]):
                lines += [f"{child} 300 NS ns{i}.{child}", f"ns{i}.{child} 300 A {address}"]
        if apex.count(".") <= 1:
            return "\n".join(lines) + "\n"
        lines += [line for line in self._records(lambda: draw.choice(self.leaves)) if draw.random() < 0.9]
        return "\n".join(lines) + "\n"

    def _records(self, other: Callable[[], str]) -> list[str]:
        return [
            "www 300 A 192.0.2.1", 'www 300 TXT "hello"', "UPPER 300 A 192.0.2.2", "a.b.ent 300 A 192.0.2.3",
            "*.wild 300 A 192.0.2.4", "x.closer.wild 300 A 192.0.2.5", "alias 300 CNAME www",
            f"far 300 CNAME www.{other()}", f"farwild 300 CNAME q.wild.{other()}", "gone 300 CNAME nothing",
            f"fargone 300 CNAME nothing.{other()}", "*.cw 300 CNAME www", f"*.cwfar 300 CNAME www.{other()}",
            f"dn 300 DNAME {other()}", "zero 0 A 192.0.2.6", f"hop 300 CNAME far.{other()}",
            "loop1 300 CNAME loop2", "loop2 300 CNAME loop1", "mixed 300 MX 10 WWW", 'wild 300 TXT "above"',
        ]  # fmt: skip

    def _ask_about(self, apex: str) -> None:
        lines = _TLD_QUESTIONS if apex.count(".") == 1 else _QUESTIONS
        some = [(label.strip("@"), rtype) for label, *rtypes in lines for rtype in rtypes]
        self.questions += [(f"{label}.{apex}".lstrip("."), rtype) for label, rtype in some]

    # --- telling it

    def put(self, zone, section, rrset, owner=None) -> None:
        if not isinstance(zone, FiledZone):
            super().put(zone, section, rrset, owner)
            return
        if any(r.name == rrset.name and r.rdtype == rrset.rdtype for r in section):
            return
        section.append(rrset)
        rrsigs = zone.stored(owner or rrset.name, rrset.rdtype)
        if rrsigs:
            section.append(dns.rrset.from_rdata_list(rrset.name, rrset.ttl, rrsigs))

    def signing_keys(self, zone, rrset) -> list[Key]:
        return zone.signers(rrset.rdtype)

    def zone_of(self, name: str) -> DrawnZone | None:
        """The deepest zone at or above a name."""
        at = dns.name.from_text(name)
        return max(
            (z for a, z in self.zones.items() if at.is_subdomain(a)), key=lambda z: len(z.apex), default=None
        )

    def _lie(self, reply: Reply, server: str, qname: str, qtype: int, tcp: bool) -> Reply:
        name = dns.name.from_text(qname)
        mine = [self.zones[a] for a in self.servers[server] if name.is_subdomain(a)]
        if qtype == T.DS and len(mine) > 1:
            mine = [z for z in mine if z.apex != name]
        if mine:
            zone = max(mine, key=lambda z: len(z.apex))
            if zone.fault in LIES and zone.liar in (None, server):
                LIES[zone.fault](self, zone, reply)
        return reply


_TLD_QUESTIONS = [line.split() for line in ("@ SOA NS DS DNSKEY", "nothing A")]
_QUESTIONS = [line.split() for line in """
    @ SOA NS DNSKEY DS TXT NSEC
    www A AAAA TXT DS NSEC
    upper A
    ent A
    b.ent TXT
    a.b.ent A
    wild A
    *.wild A
    y.wild A TXT
    y.z.wild A
    y.closer.wild A
    alias A AAAA CNAME
    far A
    farwild A
    gone A
    fargone A
    y.cw A
    y.cwfar A
    dn A DNAME
    www.dn A
    nothing.dn A
    zero A
    hop A
    loop1 A
    mixed MX
    nothing A DS
    a.nothing A
    zzz TXT
    ns0 A
    www.www A
    """.strip().splitlines()]  # fmt: skip
DELEGATIONS = (
    *("right",) * 12, "none", "wrong", "wrong and right", "sha1", "sha384", "all digests",
    "unknown algorithm", "unknown digest", "unknown and right", "unknown and wrong",
)  # fmt: skip


def _sign_by(program: str, zone: FiledZone, folder: Path) -> None:
    """Signs the contents with a program; the zone's keys become those that it made."""
    apex, place = zone.apex.to_text(), folder / (zone.apex.to_text().strip(".") or "root")
    place.mkdir(parents=True)
    zone.contents.to_file(str(place / "zone"), relativize=False)
    algorithm = {8: "RSASHA256", 13: "ECDSAP256SHA256", 14: "ECDSAP384SHA384", 15: "ED25519"}[
        int(zone.keys[0].dnskey.algorithm)
    ]
    size = ["-b", "1024"] if algorithm == "RSASHA256" else []
    made = []
    for role in (["-k"], []) if len(zone.keys) > 1 else (["-k"],):
        command = ["ldns-keygen", "-a", algorithm, *size, "-r", "/dev/urandom", *role, apex]
        made.append(
            subprocess.run(command, cwd=place, check=True, capture_output=True, text=True).stdout.strip()
        )
    stamps = [time.strftime("%Y%m%d%H%M%S", time.gmtime(t)) for t in (zone.inception, zone.expiration)]
    if program == "ldns-signzone":
        command = [program, "-i", stamps[0], "-e", stamps[1], "-o", apex, "-f", "signed", "zone", *made]
    else:
        for key in made:
            with (place / "zone").open("a") as file:
                file.write((place / f"{key}.key").read_text())
        command = [program, "-z", "-s", stamps[0], "-e", stamps[1], "-o", apex, "-f", "signed", "zone", *made]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    zone.contents = dns.zone.from_file(str(place / "signed"), zone.apex, relativize=False, check_origin=False)
    keys = zone.contents.find_rdataset(zone.apex, T.DNSKEY)
    zone.keys = [_PublicKey(k) for k in sorted(keys, key=lambda k: -k.flags)]


class _PublicKey(Key):
    def __init__(self, dnskey: dns.rdata.Rdata) -> None:
        self.dnskey = dnskey
