"""The chain of trust under attack, and when it changes: who has a say, and what is asked again."""

import random

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
from resolver_world import NOW, Key, internet

from seal53.core import Name, ds_rdata
from seal53.resolver import chain
from seal53.resolver.anchors import Anchors
from seal53.resolver.status import Ede, Status

T = dns.rdatatype
EXAMPLE = dns.name.from_text("example.com.")
COM = dns.name.from_text("com.")


def name(text):
    return dns.name.from_text(text)


def test_who_signs_above_the_trust_anchor_has_no_say():
    """A signature in the name of a zone above the anchor must not make the anchor's zone insecure."""
    world = internet()
    anchors = Anchors.parse([f"example.com. IN DS {ds}" for ds in world.zones[EXAMPLE].ds()])
    assert world.run("www.example.com.", anchors=anchors).secure

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.3" and qtype == T.A and reply.answer:
            forged = dns.rrset.from_text(qname, 300, "IN", "A", "203.0.113.66")
            rrsig = world.zones[COM].sign(forged)
            reply.answer = [forged, dns.rrset.from_rdata(forged.name, 300, rrsig)]
        elif server == "10.0.0.3" and qtype == T.TXT:
            com = world.zones[COM]
            reply.answer, reply.authority = [], []
            nsec = com.compact(name(qname))
            reply.authority = [nsec, dns.rrset.from_rdata(nsec.name, 60, com.sign(nsec))]
        return reply

    world.tamper = tamper
    for qtype in ("A", "TXT"):
        answer = world.run("www.example.com.", qtype, anchors=anchors)
        assert (answer.rcode, answer.ede[0]) == (2, Ede.RRSIGS_MISSING)


def test_a_signature_in_the_name_of_no_zone_beside_a_good_one_is_no_harm():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "www.example.com." and qtype == T.A and server == "10.0.0.3":
            stray = world.zones[EXAMPLE].sign(reply.answer[0], signer=name(qname))
            reply.answer[1].add(stray)
        return reply

    world.tamper = tamper
    assert world.run("www.example.com.").secure


def test_a_delegation_that_is_new_is_seen_although_its_absence_is_cached():
    world = internet()
    memory = world.memory()
    com = world.zones[COM]
    assert world.run("www.new.com.", memory=memory).rcode == 3
    assert world.run("new.com.", "DS", memory=memory).rcode == 3
    host = dns.rdata.from_text("IN", "NS", "ns1.unsigned.com.")
    com.contents.find_rdataset(name("new.com."), T.NS, create=True).add(host, 300)
    text = "@ 300 NS ns1.unsigned.com.\nwww 300 A 192.0.2.7\n"
    world.zone("new.com.", text, servers=["10.0.0.5"], denial="none")
    # the walk down the chain found no cut at new.com. a moment ago
    memory.delegations.put(Name.parse("new.com."), chain.NoCut(nothing_below=True), now=NOW, ttl_s=60)
    answer = world.run("www.new.com.", memory=memory, now=NOW + 1)
    assert (answer.status, answer.rcode) == (Status.INSECURE, 0)


def test_digests_that_fit_nothing_are_bounded(monkeypatch):
    """CVE-2023-50387: many keys of one tag times many DS of that tag."""
    world = internet()
    zone = world.zones[EXAMPLE]
    zone.keys = [zone.keys[0], *(same_tag(zone.keys[0]) for _ in range(60))]
    world.publish_keys(zone)
    tag = dns.dnssec.key_id(zone.keys[0].dnskey)
    wrong = [dns.rdata.from_text("IN", "DS", f"{tag} 13 2 {i:064x}") for i in range(12)]
    world.delegate("com.", "example.com.", ds=wrong)
    computed = []

    def counted(owner, *rest):
        computed.append(owner)
        return ds_rdata(owner, *rest)

    monkeypatch.setattr(chain, "ds_rdata", counted)
    assert world.run("www.example.com.").ede[0] == Ede.DNSKEY_MISSING
    # the keys are fetched again once, and so is the DS
    assert 0 < computed.count(Name.parse("example.com.")) <= 4 * (chain.MOST_DIGESTS + 1)


def test_a_wildcard_makes_no_dname():
    """RFC 4592 §4.4."""
    world = internet()
    zone = world.zones[EXAMPLE]

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "x.q.example.com." and server == "10.0.0.3":
            reply.answer, reply.authority = [], []
            reply.set_rcode(0)
            dname = dns.rrset.from_text("q.example.com.", 300, "IN", "DNAME", "unsigned.com.")
            world.put(zone, reply.answer, dname, name("*.example.com."))
            world.put(zone, reply.authority, zone.covering(name(qname)))
        return reply

    world.tamper = tamper
    answer = world.run("x.q.example.com.")
    assert (answer.rcode, answer.ede[0]) == (2, Ede.DNSSEC_BOGUS)
    assert "wildcard" in answer.ede[1]


def test_an_alias_made_from_a_wildcard_denies_no_ds_of_a_name_that_exists():
    """A genuine `*.example.com CNAME`, replayed in answer to the DS question for a signed delegation."""
    world = internet()
    zone = world.zones[EXAMPLE]

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.3" and qname == "sub.example.com." and qtype == T.DS:
            reply.answer, reply.authority = [], []
            alias = dns.rrset.from_text(qname, 300, "IN", "CNAME", "www.example.com.")
            world.put(zone, reply.answer, alias, name("*.example.com."))
        if server == "10.0.0.3" and qname == "www.sub.example.com.":
            reply.answer = [r for r in reply.answer if r.rdtype != T.RRSIG]
        return reply

    world.tamper = tamper
    answer = world.run("www.sub.example.com.")
    assert (answer.rcode, answer.ede[0]) == (2, Ede.NSEC_MISSING)


def test_an_anchor_that_fails_is_not_asked_for_each_question():
    """RFC 9520 §3.2."""
    world = internet()
    memory = world.memory()
    world.zones[dns.name.root].expiration = NOW - 1
    assert world.run("www.example.com.", memory=memory).ede[0] == Ede.SIGNATURE_EXPIRED
    world.asked.clear()
    assert world.run("www.compact.com.", memory=memory).ede[0] == Ede.SIGNATURE_EXPIRED
    assert not [a for a in world.asked if a[2] == "DNSKEY"]


def same_tag(key):
    """A key of the same tag: that is a sum of 16-bit words, and words may change places."""
    words = [key.dnskey.key[i : i + 2] for i in range(0, len(key.dnskey.key), 2)]
    random.shuffle(words)
    other = Key()
    other.dnskey = key.dnskey.replace(key=b"".join(words))
    return other
