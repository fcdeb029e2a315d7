"""The driver on loopback: who is believed, and what a failure is called."""

import asyncio
import json
import os

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
        for packet in self.script(query):
            self.transport.sendto(packet, addr)


def answer(query, address="192.0.2.1", *, id=None, qname=None, response=True):
    reply = dns.message.make_response(query)
    if qname is not None:
        reply.question = [dns.rrset.RRset(dns.name.from_text(qname), 1, 1)]
    reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", address))
    reply.id = query.id if id is None else id
    if not response:
        reply.flags &= ~dns.flags.QR
    return reply.to_wire()


def exchange(script, *, asks=1, timeout_ms=400):
    async def story():
        loop = asyncio.get_running_loop()
        transport, peer = await loop.create_datagram_endpoint(lambda: Peer(script), ("127.0.0.1", 0))
        upstream = Upstream(
            port=transport.get_extra_info("sockname")[1], clock=ManualClock(7), entropy=os.urandom
        )
        ask = Ask(server="127.0.0.1", qname=Name.parse("www.example."), qtype=1, timeout_ms=timeout_ms)
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
    assert "do not fit" in flood.failure

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
