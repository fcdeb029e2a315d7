"""A name server that means harm: the resolver gives up on it, believes nothing of others, and serves them."""

import itertools
import random
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import pytest
from e2e_service import Service
from e2e_signed import operation, register, signed_domain

DICE = random.Random(53)
NUMBERS = itertools.count()
HARM = b"\xc6\x33\x64\x42"  # 198.51.100.66
GIVES_UP_S = 9.0
SOON_S = 1.0


def wire(name: str) -> bytes:
    return dns.name.from_text(name).to_digestable()


class Query:
    """What came in, and the parts of answers to it."""

    def __init__(self, packet: bytes, tcp: bool, zone: str, address: str) -> None:
        end = packet.index(b"\0", 12) + 5
        self.id, self.question, self.tcp = packet[:2], packet[12:end], tcp
        self.name = dns.name.from_wire(packet, 12)[0].to_text()
        self.zone, self.address = zone, socket.inet_aton(address)

    def reply(self, *records: bytes, flags: int = 0x8400, an: int = 0, ns: int = 0, ar: int = 0) -> bytes:
        return b"".join((self.id, struct.pack("!5H", flags, 1, an, ns, ar), self.question, *records))

    def record(self, owner: str, rtype: int, rdata: bytes, ttl: int = 60) -> bytes:
        return wire(owner) + struct.pack("!HHIH", rtype, 1, ttl, len(rdata)) + rdata

    def refer(self, cut: str, host: str, *, glue: bool = True) -> bytes:
        records = [self.record(cut, 2, wire(host))]
        if glue:
            records.append(self.record(host, 1, self.address))
        return self.reply(*records, flags=0x8000, ns=1, ar=len(records) - 1)


Evil = Callable[[Query], bytes | None]
SILENT: dict[str, Evil] = {  # nothing in these can be taken for an answer
    "silence": lambda q: None,
    "noise": lambda q: DICE.randbytes(120),
    "noise-with-id": lambda q: q.id + DICE.randbytes(120),
    "loop": lambda q: q.reply(b"\xc0" + bytes([12 + len(q.question)]), b"\0\1\0\1\0\0\0\0\0\0", an=1),
    "counts": lambda q: q.reply(an=65535, ns=65535, ar=65535),
    "cut-short": lambda q: q.reply(b"\xc0\x0c\0\1\0\1\0\0\0\x3c\1\x90", HARM, an=1),
    "short-address": lambda q: q.reply(q.record(q.name, 1, HARM[:2]), an=1),
    "no-question": lambda q: q.id + struct.pack("!5H", 0x8400, 0, 0, 0, 0),
    "other-question": lambda q: q.reply().replace(q.question, wire(f"other.{q.zone}") + b"\0\1\0\1"),
    "my-question": lambda q: q.id + struct.pack("!5H", 0, 1, 0, 0, 0) + q.question,
    "short-soa": lambda q: q.reply(q.record(q.zone, 6, b"\0\0\0"), flags=0x8403, ns=1),
    "two-opts": lambda q: q.reply(b"\0\0\x29\4\xd0\0\0\0\0\0\0" * 2, ar=2),
}
FUTILE: dict[str, Evil] = {  # understood, and it leads nowhere
    "servfail": lambda q: q.reply(flags=0x8402),
    "refused": lambda q: q.reply(flags=0x8405),
    "truncated": lambda q: q.reply(flags=0x8600),
    "truncated-then-nothing": lambda q: b"" if q.tcp else q.reply(flags=0x8600),
    "alias-of-itself": lambda q: q.reply(q.record(q.name, 5, wire(q.name)), an=1),
    "alias-for-ever": lambda q: q.reply(
        q.record(q.name, 5, wire(f"alias-for-ever.{next(NUMBERS)}.{q.zone}")), an=1
    ),
    "hundred-aliases": lambda q: q.reply(
        q.record(q.name, 5, wire(f"0.{q.zone}")),
        *(q.record(f"{n}.{q.zone}", 5, wire(f"{n + 1}.{q.zone}")) for n in range(99)),
        an=100,
    ),
    "refer-to-itself": lambda q: q.refer(q.zone, f"ns.{q.zone}"),
    "refer-upwards": lambda q: q.refer(".", "a.root.seal53"),
    "refer-to-com": lambda q: q.refer("com", f"ns.{q.zone}"),
    "refer-deeper": lambda q: q.refer(q.name, f"ns.{q.name}"),
    "refer-without-glue": lambda q: q.refer(q.name, f"ns.{q.name}", glue=False),
    "refer-to-sixty": lambda q: q.reply(  # the NXNS attack
        *(q.record(q.name, 2, wire(f"refer-to-sixty.{next(NUMBERS)}.{q.zone}")) for _ in range(60)),
        flags=0x8000,
        ns=60,
    ),
}
POISON: dict[str, Evil] = {  # an answer, and more than was asked
    "victim": lambda q: q.reply(
        q.record(q.name, 1, HARM),
        q.record("api.VICTIM", 1, HARM),
        q.record("VICTIM", 2, wire(f"ns.{q.zone}")),
        q.record("com", 2, wire(f"ns.{q.zone}")),
        q.record("a.root.seal53", 1, HARM),
        q.record("a.tld.seal53", 1, HARM),
        an=2,
        ns=2,
        ar=2,
    ),
    "absent": lambda q: q.reply(
        q.record(
            "com", 6, wire("a.") + wire("b.") + struct.pack("!5I", 1, 2, 3, 4, 2**31 - 1), ttl=2**31 - 1
        ),
        flags=0x8403,
        ns=1,
    ),
}


class EvilServer:
    """Does to each query what its first label says, over UDP and TCP."""

    def __init__(self, address: str, port: int, zone: str, victim: str) -> None:
        self._address, self._zone, self._victim = address, zone, victim
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = socket.create_server((address, port))
        self._udp.bind((address, port))
        self.asked = 0
        for target in (self._datagrams, self._connections):
            threading.Thread(target=target, daemon=True).start()

    def _do(self, packet: bytes, *, tcp: bool) -> bytes | None:
        self.asked += 1
        query = Query(packet, tcp, self._zone, self._address)
        evil = (SILENT | FUTILE | POISON).get(query.name.split(".")[0], FUTILE["refused"])
        answer = evil(query)
        return answer and answer.replace(b"\x06VICTIM\0", wire(self._victim))

    def _datagrams(self) -> None:
        while True:
            try:
                packet, sender = self._udp.recvfrom(4096)
                answer = self._do(packet, tcp=False)
                if answer is not None:
                    self._udp.sendto(answer, sender)
            except OSError:
                return

    def _connections(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                (length,) = struct.unpack("!H", connection.recv(2))
                answer = self._do(connection.recv(length), tcp=True)
                if answer is not None:
                    connection.sendall(struct.pack("!H", len(answer)) + answer)

    def close(self) -> None:
        self._tcp.shutdown(socket.SHUT_RDWR)
        self._tcp.close()
        self._udp.close()


@pytest.fixture
def evil(service: Service) -> Iterator[tuple[EvilServer, str, str]]:
    """The server, its domain, and a signed domain of somebody else."""
    domain, victim = f"evil-{secrets.token_hex(4)}.org", f"victim-{secrets.token_hex(4)}.com"
    signed_domain(service, victim)
    address = f"127.66.{secrets.randbelow(250)}.{1 + secrets.randbelow(250)}"
    register(service, domain)
    moved = service.client("route53domains").update_domain_nameservers(
        DomainName=domain, Nameservers=[{"Name": f"ns.{domain}", "GlueIps": [address]}]
    )
    operation(service, moved)
    server = EvilServer(address, service.facts["root"]["port"], domain, victim)
    yield server, domain, victim
    server.close()


def test_a_resolver_survives_it(service: Service, evil: tuple[EvilServer, str, str]) -> None:
    server, domain, victim = evil
    before = service.facts["pids"]
    resolver = service.facts["resolvers"][1]

    def resolve(name: str, timeout: float = GIVES_UP_S) -> dns.message.Message:
        query = dns.message.make_query(name, "A", want_dnssec=True)
        where = resolver["address"]
        return dns.query.udp(query, where, port=resolver["port"], timeout=timeout)

    with ThreadPoolExecutor(len(SILENT) + len(FUTILE)) as pool:
        replies = {kind: pool.submit(resolve, f"{kind}.{domain}") for kind in (*SILENT, *FUTILE)}
        for n in range(20):  # meanwhile others are served
            begun = time.monotonic()
            reply = resolve(f"n{n}.{victim}", SOON_S)
            assert reply.rcode() == dns.rcode.NOERROR
            assert time.monotonic() - begun < SOON_S
        for kind, reply_of in replies.items():
            assert reply_of.result().rcode() == dns.rcode.SERVFAIL, kind
    assert server.asked < 400  # what one client's 25 questions may cost a stranger

    assert [r.address for r in resolve(f"victim.{domain}").answer[0]] == ["198.51.100.66"]
    assert resolve(f"absent.{domain}").rcode() == dns.rcode.NXDOMAIN
    assert [r.address for r in resolve(f"api.{victim}").answer[0]] == ["203.0.113.10"]
    assert resolve(f"api.{victim}").rcode() == dns.rcode.NOERROR
    assert resolve(f"new.{victim}").rcode() == dns.rcode.NOERROR
    assert resolve("com").rcode() == dns.rcode.NOERROR
    assert service.facts["pids"] == before
