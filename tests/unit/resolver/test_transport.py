"""The driver on loopback: who is believed, and what a failure is called."""

import asyncio
import json
import os
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rrset
import pytest

from seal53.base.clock import ManualClock
from seal53.base.errors import StartFault
from seal53.core import Name
from seal53.resolver.effects import Ask
from seal53.resolver.transport import Upstream, UpstreamMap


class Peer(asyncio.DatagramProtocol):
    """A name server that answers what `script(query)` gives: packets, in order."""

    def __init__(self, script):
        self.script = script
        self.seen = []

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        query = dns.message.from_wire(data)
        self.seen.append((addr[1], query.id))
        self.last = addr
        for packet in self.script(query):
            self.transport.sendto(packet, addr)


def open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def answer(query, address="192.0.2.1", *, id=None, qname=None, response=True):
    reply = dns.message.make_response(query)
    if qname is not None:
        reply.question = [dns.rrset.RRset(dns.name.from_text(qname), 1, 1)]
    reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", address))
    reply.id = query.id if id is None else id
    if not response:
        reply.flags &= ~dns.flags.QR
    return reply.to_wire()


def exchange(script, *, asks=1, timeout_ms=400, together=False, edns=True):
    async def story():
        loop = asyncio.get_running_loop()
        transport, peer = await loop.create_datagram_endpoint(lambda: Peer(script), ("127.0.0.1", 0))
        upstream = Upstream(
            port=transport.get_extra_info("sockname")[1], clock=ManualClock(7), entropy=os.urandom
        )
        ask = Ask(
            server="127.0.0.1", qname=Name.parse("www.example."), qtype=1, timeout_ms=timeout_ms, edns=edns
        )
        if together:
            replies = await asyncio.gather(*(upstream.ask(ask) for _ in range(asks)))
        else:
            replies = [await upstream.ask(ask) for _ in range(asks)]
        transport.close()
        return replies, peer, upstream

    return asyncio.run(story())


def test_a_query_and_its_reply():
    replies, peer, upstream = exchange(lambda q: [answer(q)], asks=8)
    assert all(r.message.answer[0].rdatas == (bytes([192, 0, 2, 1]),) and r.now == 7 for r in replies)
    assert len({port for port, _ in peer.seen}) > 4 and len({i for _, i in peer.seen}) > 4
    assert upstream.queries == 8


def test_packets_that_do_not_fit_are_passed_over():
    """RFC 5452 §9.1: a forger has to be right, not first."""

    def script(query):
        return [
            answer(query, "203.0.113.66", id=(query.id + 1) % 65536),
            answer(query, "203.0.113.66", qname="other.example."),
            answer(query, "203.0.113.66", response=False),
            b"\0",
            answer(query),
        ]

    (reply,), _, _ = exchange(script)
    assert reply.message.answer[0].rdatas == (bytes([192, 0, 2, 1]),)


def test_another_address_is_not_heard():
    async def story():
        loop = asyncio.get_running_loop()
        other, _ = await loop.create_datagram_endpoint(lambda: Peer(lambda q: []), ("127.0.0.1", 0))

        class Relay(Peer):
            def datagram_received(self, data, addr):
                other.sendto(answer(dns.message.from_wire(data), "203.0.113.66"), addr)

        transport, _ = await loop.create_datagram_endpoint(lambda: Relay(None), ("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        upstream = Upstream(port=port, clock=ManualClock(), entropy=os.urandom)
        reply = await upstream.ask(Ask(server="127.0.0.1", qname=Name.parse("a."), qtype=1, timeout_ms=50))
        transport.close()
        other.close()
        return reply

    reply = asyncio.run(story())
    assert reply.message is None and reply.failure == "timeout"


def test_failures_have_names():
    (silent,), _, _ = exchange(lambda q: [], timeout_ms=20)
    assert silent.failure == "timeout"
    (flood,), _, _ = exchange(lambda q: [b"x" * 20] * 20)
    assert "do not fit" in flood.failure and flood.flooded

    async def refused():
        upstream = Upstream(port=9, clock=ManualClock(), entropy=os.urandom)
        ask = Ask(server="127.0.0.1", qname=Name.parse("a."), qtype=1, tcp=True, timeout_ms=400)
        return await upstream.ask(ask)

    assert asyncio.run(refused()).failure == "connection refused"


@pytest.mark.parametrize("sends", ["answer", "close", "other first"])
def test_tcp(sends):
    async def serve(reader, writer):
        length = int.from_bytes(await reader.readexactly(2))
        query = dns.message.from_wire(await reader.readexactly(length))
        packets = {
            "answer": [answer(query)],
            "close": [],
            "other first": [answer(query, id=1), answer(query)],
        }
        for packet in packets[sends]:
            writer.write(len(packet).to_bytes(2) + packet)
        await writer.drain()
        writer.close()

    async def story():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        upstream = Upstream(port=port, clock=ManualClock(), entropy=lambda n: b"\7" * n)
        ask = Ask(server="127.0.0.1", qname=Name.parse("a."), qtype=1, tcp=True, timeout_ms=1000)
        reply = await upstream.ask(ask)
        server.close()
        return reply

    reply = asyncio.run(story())
    if sends == "close":
        assert reply.failure == "connection closed"
    else:
        assert reply.message.answer[0].rdatas == (bytes([192, 0, 2, 1]),)


def test_the_map(tmp_path):
    path = tmp_path / "map.json"
    found = UpstreamMap(path)
    assert found.find("10.0.0.1") is None
    path.write_text(json.dumps({"10.0.0.1": "127.0.0.1:5300", "2001:db8:0::1": "[::1]:53"}))
    assert found.find("10.0.0.1") == ("127.0.0.1", 5300)
    assert found.find("2001:db8::1") == ("::1", 53)
    path.write_text(json.dumps({"10.0.0.1": "127.0.0.1:5301"}))
    assert found.find("10.0.0.1") == ("127.0.0.1", 5301) and found.find("2001:db8::1") is None
    for bad in ("{", "[]", '{"x": "127.0.0.1:1"}', '{"10.0.0.1": "host:1"}', '{"10.0.0.1": "127.0.0.1:0"}'):
        path.write_text(bad)
        with pytest.raises(StartFault):
            UpstreamMap(path).load()
        assert found.find("10.0.0.1") == ("127.0.0.1", 5301)  # a damaged file keeps what was read before
    path.unlink()
    assert found.find("10.0.0.1") is None


def test_equal_queries_at_a_time_are_one():
    """RFC 5452 §5: a forger must not be able to guess at many of them at once."""
    replies, peer, upstream = exchange(lambda q: [answer(q)], asks=20, together=True)
    assert len(peer.seen) == upstream.queries == 1
    assert all(r.message.answer for r in replies)


def test_who_is_cancelled_takes_nobody_along_and_leaves_nothing_behind():
    async def story():
        loop = asyncio.get_running_loop()
        held = []
        transport, peer = await loop.create_datagram_endpoint(
            lambda: Peer(lambda q: held.append(q) or []), ("127.0.0.1", 0)
        )
        address = transport.get_extra_info("sockname")
        upstream = Upstream(port=address[1], clock=ManualClock(), entropy=os.urandom)
        before = open_files()
        ask = Ask(server="127.0.0.1", qname=Name.parse("a."), qtype=1, timeout_ms=2000)
        first, second = (asyncio.create_task(upstream.ask(ask)) for _ in range(2))
        while not held:
            await asyncio.sleep(0.001)
        first.cancel()
        await asyncio.sleep(0)
        transport.sendto(answer(held[0]), peer.last)
        assert (await second).message is not None
        assert first.cancelled()
        await asyncio.sleep(0)
        assert open_files() == before
        assert len(asyncio.all_tasks()) == 1
        transport.close()

    asyncio.run(story())


def test_without_edns():
    seen = []
    (reply,), _, _ = exchange(lambda q: seen.append(q) or [answer(q)], edns=False)
    assert seen[0].edns == -1 and reply.message is not None
    (reply,), _, _ = exchange(lambda q: seen.append(q) or [answer(q)])
    assert seen[1].edns == 0 and seen[1].ednsflags & dns.flags.DO


def test_a_bare_header_is_a_reply_only_when_it_says_format_error():
    def bare(rcode):
        return lambda q: [q.id.to_bytes(2) + bytes([0x80, rcode]) + bytes(8)]

    (reply,), _, _ = exchange(bare(1))
    assert reply.message is not None and reply.message.rcode == 1
    for rcode in (0, 2, 3, 5):
        (reply,), _, _ = exchange(bare(rcode), timeout_ms=20)
        assert reply.message is None
