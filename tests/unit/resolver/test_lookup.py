"""What a lookup for an alias comes to: addresses, nothing of the type, gone, or why it is not known."""

import asyncio

import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from resolver_world import NOW, internet, read

from seal53.base.clock import ManualClock
from seal53.core import Name, RrType
from seal53.resolver import lookup as lookup_module
from seal53.resolver.effects import Ask, Reply
from seal53.resolver.lookup import AT_ONCE, LiveLookup, Seen, seen_of


def seen(world, qname, qtype="A"):
    question = (Name.parse(qname), int(dns.rdatatype.from_text(qtype)))
    return seen_of(question, world.run(qname, qtype))


@pytest.mark.parametrize(
    ("qname", "qtype", "rdatas"),
    [
        ("www.example.com.", "A", (bytes((192, 0, 2, 1)),)),
        ("alias.example.com.", "A", (bytes((192, 0, 2, 1)),)),
        ("far.example.com.", "A", (bytes((192, 0, 2, 11)),)),
        ("www.unsigned.com.", "A", (bytes((192, 0, 2, 21)),)),
        ("www.example.com.", "AAAA", ()),
        ("far.example.com.", "AAAA", ()),
        ("ent.example.com.", "A", ()),
    ],
)
def test_what_is_there(qname, qtype, rdatas):
    assert seen(internet(), qname, qtype) == Seen(rdatas=rdatas)


@pytest.mark.parametrize("qname", ["nothing.example.com.", "gone.example.com.", "nothing.compact.com."])
def test_a_name_that_does_not_exist_is_gone(qname):
    found = seen(internet(), qname)
    assert found.gone
    assert found.rdatas is None
    assert qname in found.failure


def test_what_does_not_validate_is_a_failure():
    world = internet()
    example = world.zones[dns.name.from_text("example.com.")]
    example.expiration = NOW - 1
    found = seen(world, "www.example.com.")
    assert (found.rdatas, found.gone) == (None, False)
    assert "expired" in found.failure


def test_records_have_an_order():
    world = internet()
    contents = world.zones[dns.name.from_text("unsigned.com.")].contents
    rdataset = contents.find_rdataset(dns.name.from_text("www.unsigned.com."), dns.rdatatype.A)
    for n in (9, 3, 7):
        rdataset.add(dns.rdata.from_text("IN", "A", f"192.0.2.{n}"), 300)
    found = seen(world, "www.unsigned.com.")
    assert found.rdatas == tuple(bytes((192, 0, 2, n)) for n in (3, 7, 9, 21))


class Wire:
    """Stands in for the network: the scripted Internet answers; some servers hold their answers back."""

    def __init__(self, world) -> None:
        self.world = world
        self.running = self.most = 0

    def __call__(self, **_: object) -> "Wire":
        return self

    async def ask(self, ask: Ask) -> Reply:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        reply = self.world.wire(ask.server, str(ask.qname), ask.qtype, tcp=ask.tcp, edns=ask.edns)
        self.running -= 1
        return read(None if reply is None else reply.to_wire(max_size=65535), NOW)


def test_many_names_are_looked_up_side_by_side_and_answered_in_order(monkeypatch):
    world = internet()
    wire = Wire(world)
    monkeypatch.setattr(lookup_module, "Upstream", wire)
    monkeypatch.setattr(lookup_module, "has_ipv6", lambda: False)
    live = LiveLookup(
        [("ns.root.", "10.0.0.1")],
        world.anchor_lines(),
        53,
        clock=ManualClock(NOW),
        entropy=lambda n: bytes(n),
    )
    names = ["www.example.com.", "nothing.example.com.", "www.compact.com.", "www.unsigned.com."] * 20
    found = live.find([(Name.parse(name), int(RrType.A)) for name in names])
    assert [seen.rdatas[0][3] if seen.rdatas else seen.gone for seen in found] == [1, True, 11, 21] * 20
    assert 1 < wire.most <= AT_ONCE
    # delegations and keys are remembered, answers are not
    world.asked.clear()
    live.find([(Name.parse("www.example.com."), int(RrType.A))])
    assert [(server, qname) for server, qname, _, _ in world.asked] == [("10.0.0.3", "www.example.com.")]
