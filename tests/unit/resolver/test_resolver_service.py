"""The service between the data plane and the machine: the real data plane, a scripted network."""

import asyncio

import dns.flags
import dns.message
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.rrset
import pytest
from resolver_world import NOW, internet, read

from seal53.base.clock import ManualClock
from seal53.core import DataPlane, Name, RecordSet, encode_edit
from seal53.resolver import service as service_module
from seal53.resolver.service import ResolverService, drive

HINTS = [("ns.root.", "10.0.0.1")]


class Network:
    """In place of the sockets: a world's answers; `before` may hold an answer back."""

    world = None
    before = None

    def __init__(self, **_):
        self.queries = 0

    async def ask(self, ask):
        self.queries += 1
        if Network.before is not None:
            await Network.before(ask)
        reply = Network.world.wire(ask.server, str(ask.qname), ask.qtype, tcp=ask.tcp)
        return read(None if reply is None else reply.to_wire(max_size=65535), NOW)


class Desk:
    """A data plane with one VPC, and a service behind it."""

    def __init__(self, world, *, validate=True):
        Network.world, Network.before = world, None
        self.plane = DataPlane(bytes(32))
        self.plane.set_resolver_view("vpc:v", [])
        self.service = ResolverService(self.plane, ManualClock(NOW), lambda n: bytes(n))
        self.service.set_vpc("v", validate)
        self.service.boot(HINTS, world.anchor_lines(), 53)
        self.now = NOW

    def look(self, qname, qtype="A", **flags):
        query = dns.message.make_query(qname, qtype, want_dnssec=flags.pop("do", True))
        query.flags &= ~dns.flags.AD
        for flag, bit in (("cd", dns.flags.CD), ("ad", dns.flags.AD)):
            query.flags |= bit if flags.pop(flag, False) else 0
        query.flags &= ~(0 if flags.pop("rd", True) else dns.flags.RD)
        packet = self.plane.answer("vpc:v", query.to_wire(), self.now)
        return None if packet is None else dns.message.from_wire(packet)

    async def settle(self):
        for miss in self.plane.take_misses(64, 0):
            await self.service._settle(miss)

    async def ask(self, qname, qtype="A", **flags):
        first = self.look(qname, qtype, **flags)
        if first is not None:
            return first
        await self.settle()
        return self.look(qname, qtype, **flags)


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch):
    monkeypatch.setattr(service_module, "Upstream", Network)
    monkeypatch.setattr(service_module, "has_ipv6", lambda: False)


def run(steps):
    return asyncio.run(steps)


def test_a_miss_is_found_out_and_kept():
    desk = Desk(internet())

    async def story():
        assert desk.look("www.example.com.") is None
        await desk.settle()
        reply = desk.look("www.example.com.")
        assert reply.flags & dns.flags.AD and reply.answer[0][0].address == "192.0.2.1"
        assert desk.service.upstream_queries == 6 == desk.plane.counters()["upstream"]

    run(story())


def test_a_change_of_validation_drops_the_vpcs_cache_alone():
    world = internet()
    desk = Desk(world, validate=False)
    desk.plane.set_resolver_view("vpc:w", [])
    desk.service.set_vpc("w", False)

    def forge(reply, server, qname, qtype, tcp):
        for rrset in list(reply.answer):
            if rrset.rdtype == dns.rdatatype.A:
                forged = dns.rrset.from_text(rrset.name, 300, "IN", "A", "203.0.113.66")
                reply.answer[reply.answer.index(rrset)] = forged
        return reply

    world.tamper = forge

    async def story():
        reply = await desk.ask("www.example.com.")
        assert reply.answer[0][0].address == "203.0.113.66"
        desk.service.set_vpc("v", True)
        assert desk.look("www.example.com.") is None
        assert (await desk.ask("www.example.com.")).rcode() == 2
        desk.service.set_vpc("v", True)  # no change, no loss
        assert desk.look("www.example.com.") is not None
        desk.service.set_vpc("v", False)
        assert (await desk.ask("www.example.com.")).rcode() == 0
        assert desk.service.upstream_queries == desk.plane.counters()["upstream"]

    run(story())


def test_what_is_in_flight_when_validation_changes_is_found_out_again():
    world = internet()
    desk = Desk(world, validate=False)

    async def story():
        async def change(ask):
            Network.before = None
            desk.service.set_vpc("v", True)

        Network.before = change
        assert desk.look("www.example.com.") is None
        await desk.settle()
        assert desk.look("www.example.com.") is None
        await desk.settle()
        assert desk.look("www.example.com.").flags & dns.flags.AD

    run(story())


def test_cd_gets_what_there_is():
    world = internet()
    world.zones[dns.name.from_text("example.com.")].expiration = NOW - 1
    desk = Desk(world)

    async def story():
        assert (await desk.ask("www.example.com.")).rcode() == 2
        reply = await desk.ask("www.example.com.", cd=True)
        assert reply.rcode() == 0 and not reply.flags & dns.flags.AD
        assert {r.rdtype for r in reply.answer} == {1, 46}

    run(story())


def test_private_zones_answer_at_every_step():
    desk = Desk(internet())
    soa = bytes(Name.parse("ns.corp.").to_wire()) * 2 + bytes(20)
    edit = encode_edit(
        [
            RecordSet(Name.parse("corp."), 6, ttl=60, rdatas=[soa]),
            RecordSet(Name.parse("db.corp."), 5, ttl=60, rdatas=[Name.parse("far.example.com.").to_wire()]),
        ],
        [],
    )
    shadow = encode_edit(
        [
            RecordSet(Name.parse("compact.com."), 6, ttl=60, rdatas=[soa]),
            RecordSet(Name.parse("www.compact.com."), 1, ttl=60, rdatas=[bytes([10, 9, 9, 9])]),
        ],
        [],
    )
    for zone_id, apex, contents in (("Z1", "corp.", edit), ("Z2", "compact.com.", shadow)):
        staged = desk.plane.stage(zone_id, Name.parse(apex), base=None, version=1, edit=contents)
        desk.plane.commit(staged)
    desk.plane.set_resolver_view("vpc:v", ["Z1", "Z2"])

    async def story():
        reply = await desk.ask("db.corp.")
        assert [r.rdtype for r in reply.answer if r.rdtype != 46] == [5, 5, 1]
        assert reply.answer[-1][0].address == "10.9.9.9"
        assert not reply.flags & dns.flags.AD
        assert (await desk.ask("nothing.corp.")).rcode() == 3

    run(story())


def test_a_bug_answers_one_question_with_servfail(monkeypatch, caplog):
    desk = Desk(internet())

    async def broken(ask):
        if str(ask.qname) == "www.example.com.":
            raise RuntimeError("a bug")

    async def story():
        Network.before = broken
        reply = await desk.ask("www.example.com.")
        assert reply.rcode() == 2
        assert (await desk.ask("www.compact.com.")).rcode() == 0

    run(story())
    assert "resolution-failed" in caplog.text


def test_the_time_for_one_question_is_bounded():
    async def story():
        desk = Desk(internet())

        async def never(_):
            await asyncio.Event().wait()

        Network.before = never
        from seal53.resolver.memory import Memory
        from seal53.resolver.resolve import Machine, Mode, Resolution

        resolution = Resolution(Memory(HINTS), desk.service._boot.anchors, Mode(validate=True), now=NOW)
        machine = Machine(resolution.resolve(Name.parse("www.example.com."), 1))
        answer = await drive(machine, Network().ask, lambda _: None, most_s=0.01)
        assert (answer.rcode, answer.ede[0]) == (2, 22)

    run(story())


def test_run_drains_until_it_is_cancelled():
    desk = Desk(internet())

    async def story():
        task = asyncio.create_task(desk.service.run())
        names = [f"n{i}.wild.example.com." for i in range(40)]
        assert all(desk.look(n) is None for n in names)
        async with asyncio.timeout(20):
            while any(desk.look(n) is None for n in names):
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story())


def test_before_the_boot_nothing_is_known():
    plane = DataPlane(bytes(32))
    service = ResolverService(plane, ManualClock(NOW), lambda n: bytes(n))
    service.set_vpc("v", True)
    answer = run(service.resolve("vpc:v", Name.parse("a."), 1, cd=False))
    assert (answer.rcode, answer.ede[0]) == (2, 22)


# (DO, CD, AD) of the query -> rcode and AD of the reply; RFC 4035 §3.2, RFC 6840 §5.7 to §5.9
FLAGS = [(do, cd, ad) for do in (False, True) for cd in (False, True) for ad in (False, True)]


@pytest.mark.parametrize(("do", "cd", "ad"), FLAGS)
def test_the_clients_flags_mean_the_same_on_a_miss_and_on_a_hit(do, cd, ad):
    world = internet()
    world.zones[dns.name.from_text("example.net.")].expiration = NOW - 1
    desk = Desk(world)

    async def story():
        for qname, secure, fails in (
            ("www.example.com.", True, False),
            ("nothing.example.com.", True, False),
            ("www.unsigned.com.", False, False),
            ("www.example.net.", False, True),
        ):
            replies = [await desk.ask(qname, do=do, cd=cd, ad=ad) for _ in range(2)]
            for reply in replies:
                assert (reply.rcode() == 2) is (fails and not cd)
                # a client that checks for itself gets what there is, unchecked when it was not known
                assert bool(reply.flags & dns.flags.AD) is (secure and (do or ad) and not cd)
                assert bool(reply.flags & dns.flags.CD) is cd
                proofs = {r.rdtype for r in (*reply.answer, *reply.authority)} & {46, 47}
                assert bool(proofs) is (do and reply.rcode() != 2 and "unsigned" not in qname)
                if fails and not cd and do:
                    # RFC 8914 §4.8: from the cache too
                    assert [int(o.code) for o in reply.options] == [7]

    run(story())


def test_ttls_count_down_and_failures_are_kept_for_a_second():
    world = internet()
    world.zones[dns.name.from_text("example.net.")].expiration = NOW - 1
    desk = Desk(world)

    async def story():
        assert (await desk.ask("www.example.com.")).answer[0].ttl == 300
        desk.now = NOW + 100
        assert {r.ttl for r in desk.look("www.example.com.").answer} == {200}
        desk.now = NOW + 300
        assert desk.look("www.example.com.") is None
        desk.now = NOW
        assert (await desk.ask("www.example.net.")).rcode() == 2
        assert desk.look("www.example.net.").rcode() == 2
        desk.now = NOW + 1
        assert desk.look("www.example.net.") is None

    run(story())


def test_without_rd_only_what_is_known_is_told():
    desk = Desk(internet())

    async def story():
        assert desk.look("www.example.com.", rd=False).rcode() == 5
        await desk.ask("www.example.com.")
        reply = desk.look("www.example.com.", rd=False)
        assert reply.rcode() == 0 and reply.flags & dns.flags.RA and not reply.flags & dns.flags.RD
        assert not desk.plane.take_misses(64, 0)

    run(story())


def test_the_aws_profile_ignores_what_clients_want_of_dnssec():
    world = internet()
    world.zones[dns.name.from_text("example.net.")].expiration = NOW - 1
    desk = Desk(world)
    desk.plane.set_resolver_view("vpc:v", [], aws_profile=True)

    async def story():
        for flags in ({"do": True, "ad": True}, {"cd": True}):
            reply = await desk.ask("www.example.com.", **flags)
            assert reply.rcode() == 0 and not reply.flags & dns.flags.AD
            assert [r.rdtype for r in reply.answer] == [1]
            assert (await desk.ask("nothing.compact.com.", **flags)).rcode() == 3
            assert (await desk.ask("www.example.net.", **flags)).rcode() == 2

    run(story())


def test_a_large_answer_is_truncated_over_udp_and_any_has_all_types():
    world = internet()
    zone = world.zones[dns.name.from_text("example.com.")]
    long = dns.rdataset.from_text_list("IN", "TXT", 300, [f'"{i} {"x" * 200}"' for i in range(12)])
    zone.contents.replace_rdataset(dns.name.from_text("long.example.com."), long)
    desk = Desk(world)

    async def story():
        reply = await desk.ask("long.example.com.", "TXT")
        assert reply.flags & dns.flags.TC and not reply.answer
        reply = await desk.ask("www.example.com.", "ANY")
        assert {1, 16, 46, 47} <= {r.rdtype for r in reply.answer} and reply.flags & dns.flags.AD

    run(story())
