"""The attacker speaks real DNS: what it changes, what it lets pass, and what it notes."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import cast

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset
import pytest

from seal53.testing import Lie, Spoofer

TRUTH = "203.0.113.10"
NAME = "api.companya.com."


def _answer(packet: bytes) -> bytes:
    reply = dns.message.make_response(dns.message.from_wire(packet))
    reply.flags |= dns.flags.AA
    reply.answer = [dns.rrset.from_text(reply.question[0].name, 60, "IN", "A", TRUTH)]
    return reply.to_wire()


class _Udp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        packet, sock = cast(tuple[bytes, socket.socket], self.request)
        sock.sendto(_answer(packet), self.client_address)


class _Tcp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while head := self.rfile.read(2):
            reply = _answer(self.rfile.read(int.from_bytes(head)))
            self.wfile.write(len(reply).to_bytes(2) + reply)


@pytest.fixture
def spoofer() -> Iterator[Spoofer]:
    """On the path to a server at 127.0.0.1 that always tells the truth."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Tcp) as tcp:
        port = tcp.server_address[1]
        with socketserver.ThreadingUDPServer(("127.0.0.1", port), _Udp) as udp:
            threads = [threading.Thread(target=s.serve_forever, args=(0.01,)) for s in (tcp, udp)]
            for thread in threads:
                thread.start()
            with Spoofer([("127.0.0.1", port)]) as attacker:
                yield attacker
            for server in (tcp, udp):
                server.shutdown()
            for thread in threads:
                thread.join()


def _ask(spoofer: Spoofer, *, tcp: bool = False, name: str = NAME) -> dns.message.Message:
    address, port = spoofer.upstream_map["127.0.0.1"].rsplit(":", 1)
    ask = dns.query.tcp if tcp else dns.query.udp
    return ask(dns.message.make_query(name, "A"), address, port=int(port), timeout=5)


def _addresses(reply: dns.message.Message) -> list[str]:
    return [rdata.to_text() for rrset in reply.answer for rdata in rrset]


@pytest.mark.parametrize("tcp", [False, True])
def test_without_an_order_the_truth_passes(spoofer: Spoofer, tcp: bool) -> None:
    assert _addresses(_ask(spoofer, tcp=tcp)) == [TRUTH]
    (seen,) = spoofer.history
    assert (seen.server, seen.transport, seen.qname, seen.lied) == (
        "127.0.0.1",
        "tcp" if tcp else "udp",
        NAME,
        False,
    )


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("kind", ["rewrite", "race"])
def test_lies_about_one_name_alone(spoofer: Spoofer, kind: str, tcp: bool) -> None:
    spoofer.tell(Lie(kind=kind, name=NAME, rdata="198.51.100.66"))  # type: ignore[arg-type]
    assert _addresses(_ask(spoofer, tcp=tcp)) == ["198.51.100.66"]
    assert _addresses(_ask(spoofer, tcp=tcp, name="www.companya.com.")) == [TRUTH]
    assert [exchange.lied for exchange in spoofer.history] == [True, False]


def test_in_a_race_the_truth_comes_second(spoofer: Spoofer) -> None:
    spoofer.tell(Lie(kind="race", name=NAME))
    address, port = spoofer.upstream_map["127.0.0.1"].rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(dns.message.make_query(NAME, "A").to_wire(), (address, int(port)))
        heard = [_addresses(dns.message.from_wire(s.recv(4096))) for _ in range(2)]
    assert heard == [["198.51.100.66"], [TRUTH]]


def test_forged_denial(spoofer: Spoofer) -> None:
    spoofer.tell(Lie(kind="deny", name=NAME))
    reply = _ask(spoofer)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert not reply.answer
