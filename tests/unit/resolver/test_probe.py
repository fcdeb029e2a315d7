"""What the parent's servers say, asked live: absence is proven, presence refuses, failure is a fault."""

import dns.dnssec
import dns.flags
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from resolver_world import NOW, Key, internet, read

from seal53.core import Name
from seal53.resolver.anchors import Anchors
from seal53.resolver.effects import Ask
from seal53.resolver.memory import Memory
from seal53.resolver.probe import Delegation, ProbeFault, look_at

T = dns.rdatatype
COM = dns.name.from_text("com.")


def probe(world, qname, *, anchors=None):
    anchors = Anchors.parse(world.anchor_lines()) if anchors is None else anchors
    steps = look_at(Name.parse(qname), Memory([("ns.root.", "10.0.0.1")]), anchors, now=NOW, ipv6=False)
    effect = next(steps)
    try:
        while True:
            assert isinstance(effect, Ask)
            reply = world.wire(effect.server, str(effect.qname), effect.qtype, tcp=effect.tcp)
            effect = steps.send(read(None if reply is None else reply.to_wire(max_size=65535), NOW))
    except StopIteration as end:
        return end.value


@pytest.fixture
def world():
    """com. is served by two servers."""
    made = internet()
    com = made.zones[COM].contents
    com.find_rdataset(COM, T.NS).add(dns.rdata.from_text("IN", "NS", "ns2.tld.com."))
    root = made.zones[dns.name.root].contents
    root.find_rdataset(COM, T.NS).add(dns.rdata.from_text("IN", "NS", "ns2.tld.com."))
    glue = root.find_rdataset(dns.name.from_text("ns2.tld.com."), T.A, create=True)
    glue.add(dns.rdata.from_text("IN", "A", "10.0.0.22"), 300)
    made.servers["10.0.0.22"] = list(made.servers["10.0.0.2"])
    return made


def test_a_secure_delegation(world):
    seen = probe(world, "example.com.")
    ds = world.zones[dns.name.from_text("example.com.")].ds()[0].to_wire()
    assert seen == Delegation(frozenset({Name.parse("ns1.example.com.")}), frozenset({ds}))
    assert {("10.0.0.2", "DS"), ("10.0.0.22", "DS"), ("10.0.0.2", "NS"), ("10.0.0.22", "NS")} <= {
        (s, t) for s, q, t, _ in world.asked if q == "example.com."
    }


def test_proven_absence(world):
    assert probe(world, "unsigned.com.") == Delegation(
        frozenset({Name.parse("ns1.unsigned.com.")}), frozenset()
    )
    assert probe(world, "nothing.com.") == Delegation(frozenset(), frozenset())
    world.zones[COM].denial = "compact"
    assert probe(world, "nothing.com.") == Delegation(frozenset(), frozenset())
    assert probe(world, "nothing.") == Delegation(frozenset(), frozenset())


def test_a_parent_that_is_proven_to_be_insecure_needs_no_proof(world):
    assert probe(world, "sub.unsigned.com.") == Delegation(frozenset(), frozenset())


def test_one_server_that_still_has_the_ds_is_enough(world):
    ds = dns.dnssec.make_ds(dns.name.from_text("unsigned.com."), Key().dnskey, "SHA256")

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.22" and qtype == T.DS and qname == "unsigned.com.":
            reply.answer = [dns.rrset.from_rdata(qname, 300, ds)]
            reply.authority = []
        return reply

    world.tamper = tamper
    assert probe(world, "unsigned.com.").ds == {ds.to_wire()}


def test_failures(world):
    world.dead = {"10.0.0.22"}
    with pytest.raises(ProbeFault, match=r"10\.0\.0\.22"):
        probe(world, "unsigned.com.")
    world.dead = {"10.0.0.1"}
    with pytest.raises(ProbeFault):
        probe(world, "unsigned.com.")
    world.dead = set()
    for breakage in ("strip", "refuse", "forge"):

        def tamper(reply, server, qname, qtype, tcp, breakage=breakage):
            if server != "10.0.0.22" or qname != "unsigned.com.":
                return reply
            if breakage == "strip":
                reply.authority = [r for r in reply.authority if r.rdtype not in (T.NSEC, T.RRSIG)]
            elif breakage == "refuse":
                reply.answer, reply.authority = [], []
                reply.set_rcode(dns.rcode.REFUSED)
            elif qtype == T.DS:
                nsec = next(r for r in reply.authority if r.rdtype == T.NSEC)
                reply.authority[reply.authority.index(nsec)] = dns.rrset.from_text(
                    nsec.name, nsec.ttl, "IN", "NSEC", "zzz.com. A RRSIG NSEC"
                )
            return reply

        world.tamper = tamper
        with pytest.raises(ProbeFault):
            probe(world, "unsigned.com.")


def test_the_chain_to_the_parent_must_hold(world):
    world.delegate(".", "com.", ds=[dns.dnssec.make_ds(COM, Key().dnskey, "SHA256")])
    with pytest.raises(ProbeFault, match="no DNSKEY of com"):
        probe(world, "unsigned.com.")


def test_without_an_anchor_nothing_is_proven(world):
    with pytest.raises(ProbeFault, match="anchor"):
        probe(world, "unsigned.com.", anchors=Anchors({}))


def test_the_root_has_no_parent(world):
    with pytest.raises(ProbeFault):
        probe(world, ".")
