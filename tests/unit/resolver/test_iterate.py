"""Iteration against servers that fail, lie and loop: what is believed, and that it ends."""

import time

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from resolver_world import NOW, World, internet

from seal53.core import Message, Name
from seal53.resolver.anchors import Anchors
from seal53.resolver.classify import Response, classify
from seal53.resolver.effects import MOST_ASKS, Reply
from seal53.resolver.resolve import Machine, Mode, Resolution
from seal53.resolver.status import Ede

T = dns.rdatatype


def addresses(answer):
    return ["".join(f".{b}" for b in r)[1:] for s in answer.answer if s.rtype == 1 for r in s.rdatas]


def unsigned(text_by_zone: dict[str, tuple[str, list[str]]]) -> World:
    world = World()
    for apex, (text, servers) in text_by_zone.items():
        world.zone(apex, text, servers=servers, denial="none")
    return world


def plain(world, qname, qtype="A", **kw):
    return world.run(qname, qtype, validate=False, **kw)


ROOT = "@ 300 NS ns.root.\nns.root. 300 A 10.0.0.1\n"


def test_the_next_server_is_asked_when_one_is_dead_lame_or_broken():
    world = unsigned(
        {
            ".": (
                ROOT + "".join(f"z. 300 NS n{i}.z.\nn{i}.z. 300 A 10.0.1.{i}\n" for i in range(5)),
                ["10.0.0.1"],
            ),
            "z.": ("@ 300 NS n4\nwww 300 A 192.0.2.1\n", [f"10.0.1.{i}" for i in range(1, 5)]),
        }
    )
    world.dead.add("10.0.1.1")

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.1.2":
            reply.set_rcode(dns.rcode.SERVFAIL)
        if server == "10.0.1.3":
            reply.question[0] = dns.rrset.from_text("other.", 0, "IN", "A").copy()
        return reply

    world.tamper = tamper
    answer = plain(world, "www.z.")
    assert addresses(answer) == ["192.0.2.1"]
    assert {s for s, *_ in world.asked} == {"10.0.0.1", *(f"10.0.1.{i}" for i in range(5))}


def test_nobody_answers():
    world = internet()
    world.dead.add("10.0.0.3")
    answer = world.run("www.example.com.")
    assert (answer.rcode, answer.ede[0]) == (2, Ede.NO_REACHABLE_AUTHORITY)
    assert "example.com." in answer.ede[1] and "10.0.0.3: timeout" in answer.ede[1]
    assert len(world.asked) < 12


def test_a_truncated_reply_is_asked_again_over_tcp():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if not tcp:
            reply.flags |= dns.flags.TC
            reply.answer, reply.authority, reply.additional = [], [], []
        return reply

    world.tamper = tamper
    assert world.run("www.example.com.").secure


def test_a_delegation_that_moved_is_asked_of_the_parent_again():
    world = internet()
    memory = world.memory()
    assert plain(world, "www.unsigned.com.", memory=memory).rcode == 0
    world.servers["10.0.0.55"] = world.servers.pop("10.0.0.5")
    glue = dns.name.from_text("ns1.unsigned.com.")
    world.zones[dns.name.from_text("com.")].contents.delete_rdataset(glue, T.A)
    world.zones[dns.name.from_text("com.")].contents.find_rdataset(glue, T.A, create=True).add(
        dns.rdata.from_text("IN", "A", "10.0.0.55"), 300
    )
    answer = plain(world, "www.unsigned.com.", memory=memory)
    assert addresses(answer) == ["192.0.2.21"]


def test_records_out_of_bailiwick_are_as_if_not_there():
    """A server of unsigned.com. may not say anything about example.com., in any section."""
    world = internet()
    memory = world.memory()

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.5":
            reply.answer.append(dns.rrset.from_text("www.example.com.", 9999, "IN", "A", "203.0.113.66"))
            reply.authority.append(dns.rrset.from_text("com.", 9999, "IN", "NS", "evil.unsigned.com."))
            reply.authority.append(
                dns.rrset.from_text("example.com.", 9999, "IN", "NS", "evil.unsigned.com.")
            )
            reply.additional.append(
                dns.rrset.from_text("evil.unsigned.com.", 9999, "IN", "A", "203.0.113.53")
            )
            reply.additional.append(dns.rrset.from_text("ns1.example.com.", 9999, "IN", "A", "203.0.113.53"))
        return reply

    world.tamper = tamper
    for qname in ("www.unsigned.com.", "back.unsigned.com.", "nothing.unsigned.com."):
        answer = plain(world, qname, memory=memory)
        assert "203.0.113.66" not in addresses(answer)
        assert all("evil" not in str(s.owner) for s in answer.authority)
    assert addresses(plain(world, "www.example.com.", memory=memory)) == ["192.0.2.1"]
    assert "203.0.113.53" not in {s for s, *_ in world.asked}


def test_an_alias_out_of_the_zone_is_asked_where_it_belongs():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "back.unsigned.com." and server == "10.0.0.5":
            reply.answer.append(dns.rrset.from_text("www.example.com.", 300, "IN", "A", "203.0.113.66"))
        return reply

    world.tamper = tamper
    assert addresses(plain(world, "back.unsigned.com.")) == ["192.0.2.1"]


def test_glue_for_a_host_elsewhere_is_not_taken():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.2" and qname == "www.glueless.com.":
            reply.additional.append(dns.rrset.from_text("ns1.example.net.", 300, "IN", "A", "203.0.113.53"))
        return reply

    world.tamper = tamper
    assert addresses(plain(world, "www.glueless.com.")) == ["192.0.2.61"]
    assert "203.0.113.53" not in {s for s, *_ in world.asked}


@pytest.mark.parametrize("loop", ["loop1.example.com.", "loop2.example.com."])
def test_alias_loops_end(loop):
    world = internet()
    answer = world.run(loop)
    assert (answer.rcode, answer.ede[0]) == (2, Ede.OTHER)
    assert "alias" in answer.ede[1]
    assert len(world.asked) < 20


def test_a_long_alias_chain_ends():
    chain = "".join(f"c{i} 300 CNAME c{i + 1}\n" for i in range(40))
    world = unsigned({".": (ROOT + chain, ["10.0.0.1"])})
    assert plain(world, "c0.").rcode == 2
    assert plain(world, "c32.").rcode == 3


def test_a_referral_upwards_or_sideways_is_lame():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.5":
            reply.answer, reply.authority = [], []
            reply.flags &= ~dns.flags.AA
            for owner in (".", "com.", "unsigned.com.", "example.com."):
                reply.authority.append(dns.rrset.from_text(owner, 300, "IN", "NS", "ns.root."))
        return reply

    world.tamper = tamper
    answer = plain(world, "www.unsigned.com.")
    assert (answer.rcode, answer.ede[0]) == (2, Ede.NO_REACHABLE_AUTHORITY)
    assert "lame" in answer.ede[1]
    assert len(world.asked) < 10


def test_name_servers_that_need_each_other_end():
    world = unsigned(
        {
            ".": (ROOT + "a. 300 NS ns.b.\nb. 300 NS ns.a.\nself. 300 NS ns.self.\n", ["10.0.0.1"]),
        }
    )
    for qname in ("www.a.", "www.self."):
        answer = plain(world, qname)
        assert (answer.rcode, answer.ede[0]) == (2, Ede.NO_REACHABLE_AUTHORITY)
    assert len(world.asked) < 20


def test_many_glueless_name_servers_cost_a_bounded_number_of_queries():
    """CVE-2020-12662: a delegation to names that do not exist may not multiply."""
    fan = "".join(f"evil. 300 NS n{i}.victim{i}.\nvictim{i}. 300 NS a{i}.evil.\n" for i in range(16))
    world = unsigned({".": (ROOT + fan, ["10.0.0.1"])})
    answer = plain(world, "www.evil.")
    assert answer.rcode == 2
    assert len(world.asked) <= MOST_ASKS


def test_referrals_may_not_be_endless():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        labels = dns.name.from_text(qname)
        depth = len([a for a in world.asked if a[1] == qname])
        cut = dns.name.Name(labels.labels[-(depth + 1) :]) if depth < len(labels) else labels
        reply.answer, reply.authority, reply.additional = [], [], []
        reply.flags &= ~dns.flags.AA
        reply.set_rcode(0)
        reply.authority.append(dns.rrset.from_text(cut, 300, "IN", "NS", f"ns.{cut}"))
        reply.additional.append(dns.rrset.from_text(f"ns.{cut}", 300, "IN", "A", "10.0.0.9"))
        return reply

    world.tamper = tamper
    world.servers["10.0.0.9"] = []
    for labels in (60, 120):
        world.asked.clear()
        answer = plain(world, "a." * labels)
        assert answer.rcode == 2
        assert len(world.asked) <= MOST_ASKS
    assert answer.ede == (Ede.OTHER, f"the question needs more than {MOST_ASKS} upstream queries")


def test_an_answer_from_a_resolver_is_lame():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.5":
            reply.flags |= dns.flags.RA
            reply.flags &= ~dns.flags.AA
        return reply

    world.tamper = tamper
    assert plain(world, "www.unsigned.com.").rcode == 2


def test_negative_answers_keep_by_rfc_2308():
    world = internet()
    assert plain(world, "nothing.unsigned.com.").ttl == 60
    assert plain(world, "www.unsigned.com.", "AAAA").ttl == 60

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.5":
            reply.authority = []
        return reply

    world.tamper = tamper
    answer = plain(world, "nothing.unsigned.com.")
    assert (answer.rcode, answer.ttl) == (3, 0)  # without an SOA it is not kept


def test_the_ds_is_asked_of_the_parent():
    world = internet()
    world.run("example.com.", "DS")
    assert ("10.0.0.2", "example.com.", "DS", False) in world.asked
    assert not any(a[0] == "10.0.0.3" for a in world.asked)


def test_servers_that_failed_are_asked_last():
    text = ROOT + "z. 300 NS a.z.\nz. 300 NS b.z.\na.z. 300 A 10.0.1.1\nb.z. 300 A 10.0.1.2\n"
    world = unsigned({".": (text, ["10.0.0.1"]), "z.": ("* 300 A 192.0.2.1\n", ["10.0.1.1", "10.0.1.2"])})
    memory = world.memory()
    for dead in ("10.0.1.1", "10.0.1.2"):
        world.dead = {dead}
        plain(world, "x.z.", memory=memory)
        world.asked.clear()
        plain(world, "y.z.", memory=memory, now=NOW + 1)
        assert dead not in {a[0] for a in world.asked}
        memory = world.memory()


def test_a_zone_whose_servers_are_down_costs_each_question_one_try():
    """Or those who ask for names of a dead zone would fill the resolver for everybody."""
    world = internet()
    memory = world.memory()
    assert plain(world, "www.unsigned.com.", memory=memory).rcode == 0
    world.dead.add("10.0.0.5")
    for i in range(8):
        plain(world, f"n{i}.unsigned.com.", memory=memory)
    world.asked.clear()
    assert plain(world, "n9.unsigned.com.", memory=memory, now=NOW + 1).rcode == 2
    assert [a[0] for a in world.asked] == ["10.0.0.5"]
    world.dead.clear()
    assert plain(world, "www.unsigned.com.", memory=memory, now=NOW + 1).rcode == 0
    # it is back, and asked as before
    world.dead.add("10.0.0.5")
    world.asked.clear()
    plain(world, "n10.unsigned.com.", memory=memory, now=NOW + 1)
    assert len([a for a in world.asked if a[0] == "10.0.0.5"]) > 1


def test_broken_rdata_is_a_broken_reply():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.2" and qname == "www.unsigned.com.":
            reply.additional = [
                dns.rrset.from_rdata("ns1.unsigned.com.", 300, dns.rdata.GenericRdata(1, 1, b"abc"))
            ]
        return reply

    world.tamper = tamper
    answer = plain(world, "www.unsigned.com.")
    assert (answer.rcode, answer.ede[0]) == (2, Ede.NO_REACHABLE_AUTHORITY)


def test_a_server_that_knows_no_edns_is_asked_without():
    """RFC 6891 §7."""
    world = internet()
    world.old.add("10.0.0.5")
    assert addresses(plain(world, "www.unsigned.com.")) == ["192.0.2.21"]
    world.asked.clear()
    world.tamper = lambda reply, server, *_: reply.set_rcode(dns.rcode.FORMERR) or reply
    assert plain(world, "www.unsigned.com.").rcode == 2
    assert len(world.asked) < 8


def test_a_flood_of_packets_is_answered_with_tcp():
    """RFC 5452 §9.3: somebody may be guessing, and TCP cannot be guessed."""
    world = internet()
    resolution = Resolution(world.memory(), Anchors.parse([]), Mode(validate=False), now=NOW)
    machine = Machine(resolution.resolve(Name.parse("www.example.com."), 1))
    first = machine.start()
    assert not first.tcp
    second = machine.feed(Reply(NOW, None, "flood", flooded=True))
    assert (second.server, second.qname, second.tcp) == (first.server, first.qname, True)


def test_a_zone_that_its_parent_dropped_does_not_live_on_through_its_children():
    """CVE-2022-30698: each answer of a revoked zone delegates one label deeper, with a long TTL."""
    world = internet()
    memory = world.memory()
    com = world.zones[dns.name.from_text("com.")].contents
    unsigned = dns.name.from_text("unsigned.com.")
    deep = "a.unsigned.com."
    world.zone(
        deep, "@ 300 NS ns\nns 300 A 10.0.0.7\nwww 300 A 192.0.2.8\n", servers=["10.0.0.7"], denial="none"
    )
    zone = world.zones[unsigned].contents
    for owner, rtype, text in ((deep, "NS", "ns.a.unsigned.com."), ("ns.a.unsigned.com.", "A", "10.0.0.7")):
        rdata = dns.rdata.from_text("IN", rtype, text)
        zone.find_rdataset(dns.name.from_text(owner), rtype, create=True).add(rdata, 86000)
    assert plain(world, "www." + deep, memory=memory).rcode == 0
    com.delete_rdataset(unsigned, T.NS)
    assert plain(world, "w2." + deep, memory=memory, now=NOW + 200).rcode == 3
    assert "10.0.0.7" in {a[0] for a in world.asked}
    world.asked.clear()
    assert plain(world, "w3." + deep, memory=memory, now=NOW + 301).rcode == 3
    assert "10.0.0.7" not in {a[0] for a in world.asked}


def test_hosts_that_cannot_be_looked_up_do_not_use_up_the_tries():
    hosts = "".join(f"z. 300 NS n{i}.z.\n" for i in range(4))
    world = unsigned(
        {
            ".": (ROOT + hosts + "z. 300 NS ns.root.\n", ["10.0.0.1"]),
            "z.": ("@ 300 NS ns.root.\nwww 300 A 192.0.2.1\n", ["10.0.0.1"]),
        }
    )
    world.tamper = without_additional
    assert addresses(plain(world, "www.z.")) == ["192.0.2.1"]


def without_additional(reply, *_):
    reply.additional = []
    return reply


def test_a_reply_of_thousands_of_signatures_is_read_in_passable_time():
    """Each RRset used to be compared with each RRSIG: seconds of processor time for one packet."""
    packet = dns.message.make_response(dns.message.make_query("n0.example.com.", "A"))
    packet.answer = [
        dns.rrset.from_rdata(f"n{i}.example.com.", 60, dns.rdata.GenericRdata(1, rtype, octets))
        for i in range(1000)
        for rtype, octets in ((1, bytes(4)), (46, b"\0\1" + bytes(17) + b"x"))
    ]
    message = Message.parse(packet.to_wire(max_size=65535))
    root, qname = Name.root(), Name.parse("n0.example.com.")
    started = time.process_time()
    response = classify(message, zone=root, server="", qname=qname, qtype=1)
    assert time.process_time() - started < 0.3
    assert isinstance(response, Response) and len(response.finals[0].rrsigs) == 1
