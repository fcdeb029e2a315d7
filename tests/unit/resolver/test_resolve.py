"""The whole machine against a scripted Internet that dnspython signed: what validates, and what it costs."""

import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from resolver_world import NOW, World, ZoneDouble, internet

from seal53.core import Name, RrType
from seal53.resolver.anchors import Anchors
from seal53.resolver.effects import MOST_ASKS
from seal53.resolver.status import Status

IN, RRSIG = dns.rdataclass.IN, dns.rdatatype.RRSIG

GOOD = [
    ("www.example.com.", "A", 0, "192.0.2.1"),
    ("alias.example.com.", "A", 0, "192.0.2.1"),
    ("far.example.com.", "A", 0, "192.0.2.11"),
    ("y.wild.example.com.", "A", 0, "192.0.2.3"),
    ("y.z.wild.example.com.", "A", 0, "192.0.2.3"),
    ("www.sub.example.com.", "A", 0, "192.0.2.31"),
    ("www.glueless.com.", "A", 0, "192.0.2.61"),
    ("www.compact.com.", "A", 0, "192.0.2.11"),
    ("y.wild.compact.com.", "A", 0, "192.0.2.13"),
    ("www.example.com.", "AAAA", 0, None),
    ("ent.example.com.", "A", 0, None),
    ("y.wild.example.com.", "AAAA", 0, None),
    ("nothing.example.com.", "A", 3, None),
    ("a.nothing.example.com.", "A", 3, None),
    ("b.ent.example.com.", "A", 3, None),
    ("gone.example.com.", "A", 3, None),
    ("nothing.com.", "A", 3, None),
    ("nothing.", "A", 3, None),
    ("www.compact.com.", "AAAA", 0, None),
    ("ent.compact.com.", "A", 0, None),
    ("example.com.", "DS", 0, None),
    ("www.example.com.", "DS", 0, None),
    ("unsigned.com.", "DS", 0, None),
    ("example.com.", "DNSKEY", 0, None),
    (".", "DNSKEY", 0, None),
    (".", "SOA", 0, None),
]


def addresses(answer):
    return ["".join(f".{b}" for b in r)[1:] for s in answer.answer if s.rtype == 1 for r in s.rdatas]


@pytest.mark.parametrize(("qname", "qtype", "rcode", "address"), GOOD)
def test_secure(qname, qtype, rcode, address):
    answer = internet().run(qname, qtype)
    assert answer.ede is None
    assert (answer.status, answer.rcode) == (Status.SECURE, rcode)
    assert addresses(answer) == ([address] if address else [])
    shown = {s.rtype for s in (*answer.answer, *answer.authority)}
    assert 46 in shown
    if not answer.answer:
        assert {6, 47} <= {s.rtype for s in answer.authority}
        assert 0 < answer.ttl <= 60


@pytest.mark.parametrize(
    ("qname", "address"),
    [
        ("www.unsigned.com.", "192.0.2.21"),
        ("www.insecure.", "192.0.2.41"),
        ("insec.example.com.", "192.0.2.21"),
        ("back.unsigned.com.", "192.0.2.1"),
    ],
)
def test_insecure_delegations_pass(qname, address):
    answer = internet().run(qname)
    assert (answer.status, answer.rcode, answer.ede) == (Status.INSECURE, 0, None)
    assert addresses(answer) == [address]


def test_an_insecure_zone_may_deny_without_proof():
    answer = internet().run("nothing.unsigned.com.")
    assert (answer.status, answer.rcode) == (Status.INSECURE, 3)
    assert {s.rtype for s in answer.authority} == {6}
    assert answer.ttl == 60


def test_compact_denial_of_a_name_says_so():
    answer = internet().run("nothing.compact.com.")
    assert (answer.status, answer.rcode, answer.nxname) == (Status.SECURE, 0, True)
    assert not internet().run("www.compact.com.", "AAAA").nxname
    assert not internet().run("ent.compact.com.").nxname


def test_compact_denial_without_validation_says_so_too():
    answer = internet().run("nothing.compact.com.", validate=False)
    assert (answer.status, answer.nxname) == (Status.INSECURE, True)


def test_without_an_anchor_above_everything_is_insecure():
    anchors = Anchors.parse([f"net. IN DS {ds}" for ds in internet().zones[dns.name.from_text("net.")].ds()])
    assert internet().run("www.example.com.", anchors=anchors).status is Status.INSECURE


def test_a_dnskey_anchor_and_an_anchor_below_the_root():
    world = internet()
    key = world.zones[dns.name.from_text("example.com.")].keys[0]
    anchors = Anchors.parse([f"example.com. 3600 IN DNSKEY {key.dnskey} ; the key itself"])
    assert world.run("www.example.com.", anchors=anchors).status is Status.SECURE
    assert world.run("www.compact.com.", anchors=anchors).status is Status.INSECURE


@pytest.mark.parametrize("algorithm", [8, 13, 15])
def test_algorithms(algorithm):
    world = World()
    world.zone(
        ".",
        "@ 300 NS ns.root.\nns.root. 300 A 10.0.0.1\nwww 300 A 192.0.2.1\n",
        servers=["10.0.0.1"],
        algorithm=algorithm,
    )
    assert world.run("www.").status is Status.SECURE


def test_parent_and_child_on_one_server_show_no_referral():
    world = internet()
    world.servers["10.0.0.2"].append(dns.name.from_text("example.com."))
    answer = world.run("www.example.com.")
    assert (answer.status, addresses(answer)) == (Status.SECURE, ["192.0.2.1"])
    unsigned = internet()
    unsigned.servers["10.0.0.2"].append(dns.name.from_text("unsigned.com."))
    assert unsigned.run("www.unsigned.com.").status is Status.INSECURE


def test_a_referral_s_ds_saves_queries_and_a_warm_cache_saves_more():
    world = internet()
    memory = world.memory()
    world.run("www.example.com.", memory=memory)
    # root, com, example.com: one query down and one for DNSKEY at each
    assert len(world.asked) == 6
    world.asked.clear()
    world.run("www.example.com.", "TXT", memory=memory)
    assert world.asked == [("10.0.0.3", "www.example.com.", "TXT", False)]


def test_ttl_is_bounded_by_the_signature_s_life():
    world = internet()
    world.zones[dns.name.from_text("example.com.")].expiration = NOW + 17
    assert world.run("www.example.com.").ttl == 17


def test_signature_times_wrap_around():
    """RFC 4034 §2.1.5: the field is compared modulo 2**32."""
    moment = 2**32 + 500  # in 2106
    world = internet()
    for zone in world.zones.values():
        zone.inception, zone.expiration = moment - 1000, moment + 1000
    real = ZoneDouble.sign

    def sign(self, rrset, **kw):
        kw.setdefault("inception", self.inception % 2**32)
        kw.setdefault("expiration", self.expiration % 2**32)
        return real(self, rrset, **kw)

    ZoneDouble.sign = sign
    try:
        assert world.run("www.example.com.", now=moment).status is Status.SECURE
        assert world.run("www.example.com.", now=moment + 1001).ede[0] == 7
        assert world.run("www.example.com.", now=moment - 1001).ede[0] == 8
    finally:
        ZoneDouble.sign = real


def test_dname_makes_the_alias_that_was_not_signed():
    world = internet()
    zone = world.zones[dns.name.from_text("example.com.")]
    target = dns.rdata.from_text("IN", "DNAME", "compact.com.")
    zone.contents.find_rdataset(dns.name.from_text("moved.example.com."), "DNAME", create=True).add(
        target, 300
    )

    def redirect(reply, server, qname, qtype, tcp):
        if qname.endswith(".moved.example.com.") and server == "10.0.0.3" and qtype != dns.rdatatype.DS:
            reply.authority.clear()
            reply.set_rcode(0)
            owner = dns.name.from_text("moved.example.com.")
            world.put(zone, reply.answer, dns.rrset.from_rdata(owner, 300, target))
            reply.answer.append(dns.rrset.from_text(qname, 300, "IN", "CNAME", "evil.example.net."))
        return reply

    world.tamper = redirect
    answer = world.run("www.moved.example.com.")
    assert (answer.status, addresses(answer)) == (Status.SECURE, ["192.0.2.11"])
    assert b"evil" not in b"".join(r for s in answer.answer for r in s.rdatas)


def test_private_zones_come_first_at_every_step():
    world = internet()

    def private(qname, qtype):
        name = dns.name.from_text(qname)
        if not name.is_subdomain(dns.name.from_text("corp.")) and name != dns.name.from_text(
            "www.compact.com."
        ):
            return None
        reply = dns.message.make_response(dns.message.make_query(name, qtype))
        reply.flags |= dns.flags.AA
        text = {"db.corp.": "CNAME far.example.com.", "www.compact.com.": "A 10.9.9.9"}.get(qname)
        if text:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", *text.split()))
        else:
            reply.set_rcode(3)
        return reply.to_wire()

    answer = world.run("db.corp.", private=private)
    assert (answer.status, addresses(answer), answer.ttl) == (Status.INSECURE, ["10.9.9.9"], 60)
    assert world.run("nothing.corp.", private=private).rcode == 3
    assert world.run("www.example.com.", private=private).status is Status.SECURE


def test_a_private_zone_shadows_the_target_of_an_alias_within_one_public_reply():
    world = internet()

    def private(qname, qtype):
        if qname != "www.example.com.":
            return None
        reply = dns.message.make_response(dns.message.make_query(qname, qtype))
        reply.flags |= dns.flags.AA
        reply.answer.append(dns.rrset.from_text(qname, 60, "IN", "A", "10.9.9.9"))
        return reply.to_wire()

    answer = world.run("alias.example.com.", private=private)
    assert (answer.status, addresses(answer)) == (Status.INSECURE, ["10.9.9.9"])
    assert addresses(world.run("alias.example.com.")) == ["192.0.2.1"]


def test_compact_denial_with_either_rcode_says_that_there_is_no_name():
    """RFC 9824 §5.1: a server may send NXDOMAIN; what a client sees is decided by its own flags."""
    world = internet()
    assert world.run("nothing.compact.com.").nxname

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "nothing.compact.com." and server == "10.0.0.4":
            reply.set_rcode(3)
        return reply

    world.tamper = tamper
    answer = world.run("nothing.compact.com.")
    assert answer.secure and answer.nxname and answer.rcode == 3
    assert not world.run("nothing.example.com.").nxname


def test_a_parents_server_has_no_say_about_what_is_known_to_be_delegated():
    """RFC 2181 §5.4.1. One server for com. and for a zone below it tells of another such zone."""
    world = internet()
    memory = world.memory()
    com = world.zones[dns.name.from_text("com.")].contents
    lies = dns.rdata.from_text("IN", "CNAME", "www.unsigned.com.")
    com.find_rdataset(dns.name.from_text("lies.com."), "CNAME", create=True).add(lies, 300)

    def poison(reply, server, qname, qtype, tcp):
        if qname == "lies.com.":
            reply.answer.append(dns.rrset.from_text("www.unsigned.com.", 300, "IN", "A", "203.0.113.66"))
        return reply

    world.tamper = poison
    assert addresses(world.run("www.unsigned.com.", memory=memory)) == ["192.0.2.21"]
    assert addresses(world.run("lies.com.", memory=memory)) == ["192.0.2.21"]


MALFORMED_RRSIGS = [
    b"\x00\x01\x0d\x03",  # ends in its fixed part
    bytes.fromhex("00010d030000012c6ab13b806ab13b80002a") + b"\x40x",  # a label that is none
    bytes.fromhex("00010d030000012c6ab13b806ab13b80002a") + b"\x03com",  # a name that does not end
    bytes.fromhex("00010d030000012c6ab13b806ab13b80002a") + b"\x03com\x00",  # no signature
]


@pytest.mark.parametrize("octets", MALFORMED_RRSIGS)
@pytest.mark.parametrize("qtype", ["A", "RRSIG"])
def test_a_malformed_signature_of_an_insecure_answer_reaches_nobody(octets, qtype):
    world = internet()
    signer = Name.parse("unsigned.com.").to_wire()
    readable = bytes.fromhex("00010d030000012c6ab13b806ab13b80002a") + signer + b"signature"

    def tamper(reply, server, qname, rtype, tcp):
        if qname == "www.unsigned.com." and server == "10.0.0.5":
            name = dns.name.from_text(qname)
            made = [dns.rdata.GenericRdata(IN, RRSIG, data) for data in (octets, readable)]
            rrsigs = dns.rrset.from_rdata(name, 300, *made)
            if rtype == RRSIG:
                reply.answer = [rrsigs]
                reply.authority = []
            else:
                reply.answer.append(rrsigs)
        return reply

    world.tamper = tamper
    answer = world.run("www.unsigned.com.", qtype)
    assert (answer.rcode, answer.status) == (0, Status.INSECURE)
    assert [r.rdatas for r in answer.answer if r.rtype == RrType.RRSIG] == [(readable,)]
    assert any(r.rtype == RrType.A for r in answer.answer) == (qtype == "A")


def test_a_signature_that_is_malformed_does_not_hide_a_good_one():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        for rrset in [r for r in reply.answer if r.rdtype == RRSIG]:
            bad = dns.rdata.GenericRdata(IN, RRSIG, MALFORMED_RRSIGS[0])
            reply.answer.insert(0, dns.rrset.from_rdata(rrset.name, rrset.ttl, bad))
        return reply

    world.tamper = tamper
    assert world.run("www.example.com.").status is Status.SECURE


def test_the_longest_alias_chain_from_a_cold_cache_stays_within_the_bound():
    """Eleven signed zones in a row, each with its name servers in another TLD, in a zone of their own."""
    world = World()
    root = "@ 3600 NS ns.root.\nns.root. 3600 A 10.0.0.1\n"
    contents = {"com.": "", "net.": ""}
    for n, tld in enumerate(contents):
        root += f"{tld} 3600 NS ns.tld.{tld}\nns.tld.{tld} 3600 A 10.0.1.{n}\n"
        contents[tld] = f"@ 3600 NS ns.tld\nns.tld 3600 A 10.0.1.{n}\n"
    world.zone(".", root, servers=["10.0.0.1"])
    zones = []
    for n in range(11):
        address = f"10.0.2.{n}"
        contents["com."] += f"z{n} 300 NS ns.h{n}.net.\n"
        contents["net."] += f"h{n} 300 NS ns.h{n}\nns.h{n} 300 A {address}\n"
        end = f"www 300 CNAME www.z{n + 1}.com.\n" if n < 10 else "www 300 A 192.0.2.1\n"
        zones.append((f"z{n}.com.", f"@ 300 NS ns.h{n}.net.\n{end}", address))
        zones.append((f"h{n}.net.", f"@ 300 NS ns\nns 300 A {address}\n", address))
    for number, (tld, text) in enumerate(contents.items()):
        world.zone(tld, text, servers=[f"10.0.1.{number}"])
    for apex, text, address in zones:
        world.zone(apex, text, servers=[address])
        world.delegate(apex[-4:], apex)
    for tld in contents:
        world.delegate(".", tld)
    answer = world.run("www.z0.com.")
    assert (answer.status, addresses(answer)) == (Status.SECURE, ["192.0.2.1"])
    assert len(answer.answer) == 2 * 11
    assert world.work.asks <= MOST_ASKS
