"""What name servers answer for one signed zone that holds everything, judged by dnspython alone.

Every question is asked with and without DO and each answer must be wholly signed, or wholly plain.
"""

import secrets
import socket
from dataclasses import dataclass

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.NSEC
import dns.rrset
import pytest
from e2e_service import Service
from e2e_signed import register, sign

ZONE = f"answers-{secrets.token_hex(4)}.com"
WEEK_S = 604_800
TYPES = {
    "A": ["192.0.2.1", "192.0.2.2"],
    "AAAA": ["2001:db8::1"],
    "CAA": ['0 issue "ca.example.net"', '128 iodef "mailto:a@example.net"'],
    "CNAME": ["Target.Example.NET."],
    "HTTPS": ["0 svc.example.net."],
    "MX": ["10 Mail.Example.NET.", "20 mail2.example.org."],
    "NAPTR": ['100 10 "u" "E2U+sip" "!^.*$!sip:a@example.net!" .'],
    "PTR": ["Host.Example.NET."],
    "SPF": ['"v=spf1 -all"'],
    "SRV": ["1 2 443 Host.Example.NET."],
    "SSHFP": [f"4 2 {'ab' * 32}"],
    "SVCB": ['1 svc.example.net. alpn="h2,h3" port="8443"'],
    "TLSA": [f"3 1 1 {'cd' * 32}"],
    "TXT": ['"one" "two"', f'"{"x" * 255}"'],
}
MANY = [f"10.0.{n // 100}.{n % 100}" for n in range(300)]
RECORDS = (
    *((f"{rtype.lower()}.type", rtype, values) for rtype, values in TYPES.items()),
    ("a", "A", ["192.0.2.1"]),
    ("a", "TXT", ['"text"']),
    ("chain1", "CNAME", [f"chain2.{ZONE}"]),
    ("chain2", "CNAME", [f"x.wild.{ZONE}"]),
    ("dangling", "CNAME", [f"nobody.{ZONE}"]),
    ("away", "CNAME", ["www.example.net"]),
    ("circle1", "CNAME", [f"circle2.{ZONE}"]),
    ("circle2", "CNAME", [f"circle1.{ZONE}"]),
    ("*.wild", "A", ["192.0.2.9"]),
    ("there.wild", "TXT", ['"no address"']),
    ("*.named", "CNAME", [f"a.{ZONE}"]),
    ("below.empty", "A", ["192.0.2.3"]),
    ("secure", "NS", [f"ns.secure.{ZONE}", "ns.example.net"]),
    ("secure", "DS", [f"12345 13 2 {'ab' * 32}"]),
    ("ns.secure", "A", ["192.0.2.53"]),
    ("ns.secure", "AAAA", ["2001:db8::53"]),
    ("insecure", "NS", [f"ns.insecure.{ZONE}"]),
    ("ns.insecure", "A", ["192.0.2.54"]),
    ("many", "A", MANY),
)


@dataclass(frozen=True)
class Signed:
    """The zone: where it is served, and its keys."""

    service: Service
    address: str
    apex: dns.name.Name
    keys: dns.rrset.RRset

    def ask(self, name: str, rtype: str, *, do: bool = True, tcp: bool = False) -> dns.message.Message:
        """`name` without the zone's; checks what holds for every answer."""
        qname = dns.name.from_text(name, self.apex) if name else self.apex
        query = dns.message.make_query(qname, rtype, want_dnssec=do, use_edns=0)
        port = self.service.facts["root"]["port"]
        if tcp:
            reply = dns.query.tcp(query, self.address, port=port, timeout=3)
        else:
            reply, _ = dns.query.udp_with_fallback(query, self.address, port=port, timeout=3)
        assert not reply.flags & (dns.flags.RA | dns.flags.AD)
        self.check(reply, do=do)
        return reply

    def check(self, reply: dns.message.Message, *, do: bool) -> None:
        """I1: all is signed that can be, by the zone's keys, or nothing is."""
        for section in (reply.answer, reply.authority):
            signatures = {(s.name, s.covers): s for s in section if s.rdtype == dns.rdatatype.RRSIG}
            if not do:
                assert not signatures
            for rrset in section:
                delegation = rrset.rdtype == dns.rdatatype.NS and rrset.name != self.apex
                if rrset.rdtype == dns.rdatatype.RRSIG or delegation or not do:
                    continue
                signature = signatures[rrset.name, rrset.rdtype]
                assert signature.ttl == rrset.ttl
                dns.dnssec.validate(rrset, signature, {self.apex: self.keys})
                # Nothing is proven by a wildcard's signature here (RFC 9824 §3.1): the name is its own.
                assert all(s.labels == len(rrset.name.labels) - 1 - rrset.name.is_wild() for s in signature)

    def denied(self, reply: dns.message.Message, name: str) -> set[str]:
        """The types that the one NSEC of a negative answer has, which stands at the name itself."""
        (nsec,) = (s for s in reply.authority if s.rdtype == dns.rdatatype.NSEC)
        assert nsec.name == dns.name.from_text(name, self.apex)
        (rdata,) = nsec
        assert isinstance(rdata, dns.rdtypes.ANY.NSEC.NSEC)
        assert rdata.next == dns.name.Name((b"\0", *nsec.name.labels))
        return {
            dns.rdatatype.to_text(window * 256 + octet * 8 + bit)
            for window, bits in rdata.windows
            for octet, value in enumerate(bits)
            for bit in range(8)
            if value & 0x80 >> bit
        }


@pytest.fixture(scope="module")
def zone(service: Service) -> Signed:
    zone_id = register(service, ZONE)
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": f"{name}.{ZONE}",
                "Type": rtype,
                "TTL": 2_000_000 if rtype == "PTR" else 300,
                "ResourceRecords": [{"Value": value} for value in values],
            },
        }
        for name, rtype, values in RECORDS
    ]
    for name, target in (
        (f"alias.{ZONE}", f"a.{ZONE}"),
        (ZONE, f"a.{ZONE}"),
        (f"twice.{ZONE}", f"alias.{ZONE}"),
    ):
        alias = {"HostedZoneId": zone_id, "DNSName": target, "EvaluateTargetHealth": False}
        record_set = {"Name": name, "Type": "A", "AliasTarget": alias}
        changes.append({"Action": "CREATE", "ResourceRecordSet": record_set})
    route53 = service.client("route53")
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    sign(service, zone_id)
    hosts = route53.get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"]
    address = next(s["address"] for s in service.facts["name_servers"] if s["host"].rstrip(".") in hosts)
    apex = dns.name.from_text(ZONE)
    reply = service.ask(address, ZONE, "DNSKEY", dnssec=True)
    keys = reply.find_rrset(reply.answer, apex, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
    made = Signed(service, address, apex, keys)
    made.check(reply, do=True)
    return made


def _values(reply: dns.message.Message, rtype: str) -> list[str]:
    wanted = dns.rdatatype.from_text(rtype)
    return sorted(r.to_text() for s in reply.answer if s.rdtype == wanted for r in s)


@pytest.mark.parametrize("rtype", TYPES)
def test_every_type_of_the_model(zone: Signed, rtype: str) -> None:
    for do in (True, False):
        reply = zone.ask(f"{rtype.lower()}.type", rtype, do=do)
        assert reply.flags & dns.flags.AA
        found = [s for s in reply.answer if s.rdtype == dns.rdatatype.from_text(rtype)]
        expected = dns.rrset.from_text_list(
            dns.name.from_text(f"{rtype.lower()}.type", zone.apex), 0, "IN", rtype, TYPES[rtype]
        )
        assert found == [expected]
        # the case of names in values is what was typed (RFC 4343 §3)
        assert _values(reply, rtype) == sorted(r.to_text() for r in expected)
        assert found[0].ttl == (WEEK_S if rtype == "PTR" else 300)
    wildcard = zone.ask(f"{rtype.lower()}.type", "TYPE65280")
    if rtype != "CNAME":
        assert zone.denied(wildcard, f"{rtype.lower()}.type") == {rtype, "RRSIG", "NSEC"}


def test_the_apex(zone: Signed) -> None:
    assert len(_values(zone.ask("", "NS"), "NS")) == 4
    assert len(_values(zone.ask("", "SOA"), "SOA")) == 1
    assert _values(zone.ask("", "A"), "A") == ["192.0.2.1"]
    reply = zone.ask("", "DS")  # the parent's: here there is none, and the SOA says whose word it is
    assert zone.denied(reply, "") == {"A", "NS", "SOA", "RRSIG", "NSEC", "DNSKEY"}
    assert zone.ask("", "DNSKEY", do=False).answer[0].to_rdataset() == zone.keys.to_rdataset()
    for rtype in ("CDS", "CDNSKEY", "NSEC3PARAM"):
        assert not zone.ask("", rtype).answer


def test_aliases(zone: Signed) -> None:
    for do in (True, False):
        for name in ("alias", "twice"):
            reply = zone.ask(name, "A", do=do)
            assert {s.name for s in reply.answer} == {dns.name.from_text(name, zone.apex)}
            assert _values(reply, "A") == ["192.0.2.1"]
            assert reply.answer[0].ttl == 300
    assert zone.denied(zone.ask("alias", "TXT"), "alias") == {"A", "RRSIG", "NSEC"}


def test_wildcards(zone: Signed) -> None:
    for name in ("x.wild", "x.y.wild", "X.Y.Z.WILD", "*.wild"):
        assert _values(zone.ask(name, "A"), "A") == ["192.0.2.9"]
        assert _values(zone.ask(name, "A", do=False), "A") == ["192.0.2.9"]
        assert zone.denied(zone.ask(name, "TXT"), name) == {"A", "RRSIG", "NSEC"}
    assert zone.denied(zone.ask("there.wild", "A"), "there.wild") == {"TXT", "RRSIG", "NSEC"}
    assert zone.denied(zone.ask("wild", "A"), "wild") == {"RRSIG", "NSEC"}
    below = zone.ask("x.there.wild", "A")  # RFC 4592 §3.3.1: the closest encloser has no wildcard
    assert zone.denied(below, "x.there.wild") == {"RRSIG", "NSEC", "NXNAME"}
    assert _values(zone.ask("any.named", "A"), "A") == ["192.0.2.1"]
    assert _values(zone.ask("any.named", "A"), "CNAME") == [f"a.{ZONE}."]


def test_chains(zone: Signed) -> None:
    for do in (True, False):
        reply = zone.ask("chain1", "A", do=do)
        assert _values(reply, "CNAME") == [f"chain2.{ZONE}.", f"x.wild.{ZONE}."]
        assert _values(reply, "A") == ["192.0.2.9"]
        assert not _values(zone.ask("chain1", "CNAME", do=do), "A")
        away = zone.ask("away", "A", do=do)
        assert _values(away, "CNAME") == ["www.example.net."]
        assert away.rcode() == dns.rcode.NOERROR
        assert not away.authority
        assert len(zone.ask("circle1", "A", do=do).answer) <= 2 * (1 + do)
    dangling = zone.ask("dangling", "A")
    assert zone.denied(dangling, "nobody") == {"RRSIG", "NSEC", "NXNAME"}
    # RFC 6604 §3: the code is that of the last name
    assert zone.ask("dangling", "A", do=False).rcode() == dns.rcode.NXDOMAIN
    assert zone.denied(zone.ask("chain1", "AAAA"), "x.wild") == {"A", "RRSIG", "NSEC"}


def test_what_is_not_there(zone: Signed) -> None:
    for name in (
        "nobody",
        "no.body",
        "x.a",
        "NoBody",
        "*",
        "\\000",
        "a\\.b",
        f"{'x' * 63}.{'y' * 63}.{'z' * 40}",
    ):
        reply = zone.ask(name, "A")
        assert reply.rcode() == dns.rcode.NOERROR  # RFC 9824 §3.1
        assert zone.denied(reply, name) == {"RRSIG", "NSEC", "NXNAME"}
        assert next(s.rdtype for s in reply.authority if s.name == zone.apex) == dns.rdatatype.SOA
        plain = zone.ask(name, "A", do=False)
        assert plain.rcode() == dns.rcode.NXDOMAIN
        assert [s.rdtype for s in plain.authority] == [dns.rdatatype.SOA]
        assert plain.authority[0].ttl == 900  # RFC 2308 §5: the lesser of the SOA's TTL and its minimum
    empty = zone.ask("empty", "A")
    assert zone.denied(empty, "empty") == {"RRSIG", "NSEC"}
    assert zone.ask("empty", "A", do=False).rcode() == dns.rcode.NOERROR
    assert zone.denied(zone.ask("a", "MX"), "a") == {"A", "TXT", "RRSIG", "NSEC"}
    assert zone.ask("a", "MX", do=False).rcode() == dns.rcode.NOERROR


def test_delegations(zone: Signed) -> None:
    for name in ("secure", "www.secure", "ns.secure"):
        for do in (True, False):
            reply = zone.ask(name, "A", do=do)
            assert not reply.flags & dns.flags.AA
            assert not reply.answer
            types = {s.rdtype for s in reply.authority}
            assert types == {dns.rdatatype.NS, *({dns.rdatatype.DS, dns.rdatatype.RRSIG} if do else ())}
            glue = {(str(s.name), r.to_text()) for s in reply.additional for r in s}
            assert glue == {(f"ns.secure.{ZONE}.", "192.0.2.53"), (f"ns.secure.{ZONE}.", "2001:db8::53")}
    for do in (True, False):
        at_cut = zone.ask("secure", "DS", do=do)
        assert at_cut.flags & dns.flags.AA
        assert _values(at_cut, "DS")[0].startswith("12345 13 2 ")
    insecure = zone.ask("www.insecure", "A")
    assert zone.denied(insecure, "insecure") == {"NS", "RRSIG", "NSEC"}
    assert not insecure.flags & dns.flags.AA
    absent = zone.ask("insecure", "DS")
    assert absent.flags & dns.flags.AA
    assert zone.denied(absent, "insecure") == {"NS", "RRSIG", "NSEC"}


def test_the_question_comes_back_as_it_was_written(zone: Signed) -> None:
    for name in ("A", "noBODY", "ChAiN1", "X.wiLD"):
        reply = zone.ask(name, "A")
        asked = dns.name.from_text(name, zone.apex)
        assert reply.question[0].name.to_text() == asked.to_text()  # RFC 1035 §4.1.2, octet for octet
        owner = (reply.answer or reply.authority[2:])[0].name
        assert owner.to_text() == asked.to_text()


@pytest.mark.parametrize("payload", [None, 0, 512, 1232, 4096, 65535])
def test_truncation(zone: Signed, payload: int | None) -> None:
    for do in (True, False) if payload is not None else (False,):
        query = dns.message.make_query(f"many.{ZONE}", "A")
        if payload is not None:
            query.use_edns(0, dns.flags.DO if do else 0, payload=payload)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(3)
            s.sendto(query.to_wire(), (zone.address, zone.service.facts["root"]["port"]))
            wire = s.recv(65535)
        reply = dns.message.from_wire(wire)
        assert len(wire) <= min(max(payload or 0, 512), 1232)  # RFC 6891 §6.2.3, §6.2.5
        assert reply.flags & dns.flags.TC
        assert reply.edns == (-1 if payload is None else 0)
        assert bool(reply.ednsflags & dns.flags.DO) == do  # RFC 3225 §3
        whole = zone.ask("many", "A", do=do, tcp=True)
        assert not whole.flags & dns.flags.TC
        assert len(_values(whole, "A")) == len(MANY)


def test_public_servers_know_nothing_of_private_zones(zone: Signed) -> None:
    service, private = zone.service, f"private-{secrets.token_hex(4)}.com"
    resolver = service.facts["resolvers"][0]
    made = service.client("route53").create_hosted_zone(
        Name=private,
        CallerReference=secrets.token_hex(8),
        VPC={"VPCRegion": resolver["region"], "VPCId": resolver["vpc_id"]},
    )
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
    service.in_sync(service.upsert(zone_id, f"db.{private}", "A", "10.0.0.5"))
    assert service.values(resolver["address"], f"db.{private}") == ["10.0.0.5"]
    for server in (*service.facts["name_servers"], service.facts["root"]):
        reply = service.ask(server["address"], f"db.{private}")
        assert not reply.answer
        assert reply.rcode() in (dns.rcode.REFUSED, dns.rcode.NXDOMAIN) or not reply.flags & dns.flags.AA
