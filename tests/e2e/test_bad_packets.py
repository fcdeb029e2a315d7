"""Whatever a packet contains, no worker crashes or stalls: malformed, looping, over-long, slow, at random.

Each test ends by asking every kind of server (hosted zone, root, TLD, resolver) an ordinary question, which
it must answer within milliseconds from the same process as before.
"""

import random
import socket
import struct
import time
from collections.abc import Iterator

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import pytest
from e2e_service import Service

SOON_S = 0.25  # an ordinary answer takes a millisecond; two loaded cores may take longer
QUESTION = b"\x01a\x07packets\x07example\x00" + struct.pack("!HH", 1, 1)


@pytest.fixture(scope="module")
def servers(service: Service) -> list[str]:
    """One address of each kind: a hosted zone's, the root's, a TLD's, a resolver's."""
    zone_id, addresses = service.zone("packets.example.")
    service.in_sync(service.upsert(zone_id, "a.packets.example.", "A", "192.0.2.1"))
    facts = service.facts
    tld = next(s["address"] for s in facts["name_servers"] if s["host"] == "a.tld.seal53.")
    return [addresses[0], facts["root"]["address"], tld, facts["resolvers"][0]["address"]]


@pytest.fixture(autouse=True)
def _alive(service: Service, servers: list[str]) -> Iterator[None]:
    before = service.facts["pids"]
    _ordinary(service, servers)  # the resolver's answer is in its cache from here on
    yield
    taken = _ordinary(service, servers)
    assert max(taken) < SOON_S, taken
    assert service.facts["pids"] == before


def _ordinary(service: Service, servers: list[str]) -> list[float]:
    """Seconds that each server took to answer."""
    taken = []
    questions = (("a.packets.example", "A"), (".", "SOA"), ("com", "SOA"), (".", "NS"))
    for address, (name, rtype) in zip(servers, questions, strict=True):
        query = dns.message.make_query(name, rtype)
        begun = time.monotonic()
        reply = dns.query.udp(query, address, port=service.facts["root"]["port"], timeout=5)
        taken.append(time.monotonic() - begun)
        assert reply.rcode() == dns.rcode.NOERROR
        assert reply.answer
    return taken


def _header(flags: int = 0, qd: int = 1, an: int = 0, ns: int = 0, ar: int = 0) -> bytes:
    return struct.pack("!6H", 0x1234, flags, qd, an, ns, ar)


def _opt(
    options: bytes = b"", *, owner: bytes = b"\0", size: int = 1232, version: int = 0, flags: int = 0
) -> bytes:
    return owner + struct.pack("!HHBBHH", 41, size, 0, version, flags, len(options)) + options


def _record(owner: bytes = b"\0", rtype: int = 1, rdata: bytes = b"abcd") -> bytes:
    return owner + struct.pack("!HHIH", rtype, 1, 0, len(rdata)) + rdata


def _ask(service: Service, address: str, packet: bytes, wait: float = 2.0) -> dns.message.Message | None:
    """The reply, which must itself be well-formed; None if nothing comes within the time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(wait)
        s.sendto(packet, (address, service.facts["root"]["port"]))
        try:
            reply = s.recv(65535)
        except TimeoutError:
            return None
    return dns.message.from_wire(reply)


TYPE_A = struct.pack("!HH", 1, 1)
LONGEST = (b"\x3f" + b"x" * 63) * 3 + b"\x3d" + b"x" * 61 + b"\0"  # RFC 1035 §2.3.4: 255 octets
TOO_LONG = (b"\x3f" + b"x" * 63) * 3 + b"\x3e" + b"x" * 62 + b"\0"
MALFORMED = {
    "no question": _header(qd=0),
    "a question that is missing": _header(),
    "two questions": _header(qd=2) + QUESTION * 2,
    "65535 questions": _header(qd=65535) + QUESTION,
    "65535 of each": _header(qd=65535, an=65535, ns=65535, ar=65535) + QUESTION,
    "an answer that is missing": _header(an=1) + QUESTION,
    "65535 records that are missing": _header(an=65535, ns=65535, ar=65535) + QUESTION,
    "a question cut short": _header() + QUESTION[:-1],
    "octets after the end": _header() + QUESTION + b"xxx",
    "a pointer to itself": _header() + b"\xc0\x0c" + TYPE_A,
    "a loop of two": _header() + b"\x01a\xc0\x0c" + TYPE_A,
    "a pointer forward": _header() + b"\xc0\x20" + TYPE_A,
    "a pointer into the header": _header() + b"\xc0\x04" + TYPE_A,
    "a pointer beyond the end": _header() + b"\xff\xff" + TYPE_A,
    "half a pointer": _header() + b"\xc0",
    "label type 01": _header() + b"\x40ab\0" + TYPE_A,
    "label type 10": _header() + b"\x80ab\0" + TYPE_A,
    "a label beyond the end": _header() + b"\x3fab",
    "a name of 256 octets": _header() + TOO_LONG + TYPE_A,
    "128 labels": _header() + b"\x01a" * 128 + b"\0" + TYPE_A,
    "two OPTs": _header(ar=2) + QUESTION + _opt() * 2,
    "an OPT below the root": _header(ar=1) + QUESTION + _opt(owner=b"\x01a\0"),
    "an OPT among the answers": _header(an=1) + QUESTION + _opt(),
    "an OPT cut short": _header(ar=1) + QUESTION + _opt()[:5],
    "an OPT longer than the packet": _header(ar=1) + QUESTION + _opt()[:-2] + b"\0\x05",
    "an option longer than its OPT": _header(ar=1) + QUESTION + _opt(b"\0\x03\0\x07x"),
    "an option cut short": _header(ar=1) + QUESTION + _opt(b"\0\x03\0"),
}
ANSWERED = {
    "an empty option a thousand times": _header(ar=1) + QUESTION + _opt(b"\xff\0\0\0" * 1000),
    "an option nobody knows": _header(ar=1) + QUESTION + _opt(b"\xfd\xe9\0\x03abc"),
    "a payload of nothing": _header(ar=1) + QUESTION + _opt(size=0),
    "every flag of EDNS": _header(ar=1) + QUESTION + _opt(flags=0xFFFF),
    "a record before the OPT": _header(ar=2) + QUESTION + _record() + _opt(),
    "a record after the OPT": _header(ar=2) + QUESTION + _opt() + _record(),
    "an answer in the query": _header(an=1) + QUESTION + _record(b"\xc0\x0c"),
    "every flag of the header": _header(flags=0x07FF) + QUESTION,
}
SILENCE = {
    "nothing": b"",
    "an octet": b"\0",
    "a header cut short": _header()[:11],
    # An answer to a response could go back and forth for ever.
    "a response": _header(flags=0x8000) + QUESTION,
    "a response that refuses": _header(flags=0x8005) + QUESTION,
    "a malformed response": _header(flags=0x8000) + b"\xc0\x0c",
}


@pytest.mark.parametrize("packet", MALFORMED.values(), ids=MALFORMED)
def test_malformed_packets_get_a_format_error(service: Service, servers: list[str], packet: bytes) -> None:
    for address in servers:
        reply = _ask(service, address, packet)
        assert reply is not None
        assert reply.id == 0x1234
        assert reply.flags & dns.flags.QR
        assert reply.rcode() == dns.rcode.FORMERR
        assert not reply.answer


@pytest.mark.parametrize("packet", ANSWERED.values(), ids=ANSWERED)
def test_what_is_odd_but_well_formed_is_answered(service: Service, servers: list[str], packet: bytes) -> None:
    reply = _ask(service, servers[0], packet)
    assert reply is not None
    assert reply.rcode() == dns.rcode.NOERROR
    assert [r.address for r in reply.answer[0]] == ["192.0.2.1"]
    assert reply.ednsflags & ~dns.flags.DO == 0  # RFC 6891 §6.1.4: reserved flags are sent as zero
    resolved = _ask(service, servers[3], packet)
    assert resolved is not None
    assert resolved.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.REFUSED)


def test_what_wants_no_answer_gets_none(service: Service, servers: list[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.5)
        for address in servers:
            for packet in SILENCE.values():
                s.sendto(packet, (address, service.facts["root"]["port"]))
        with pytest.raises(TimeoutError):
            s.recv(65535)


def test_other_opcodes_classes_and_versions_have_their_own_refusal(
    service: Service, servers: list[str]
) -> None:
    for address in servers:
        for opcode in (1, 2, 3, 4, 5, 6, 15):
            reply = _ask(service, address, _header(flags=opcode << 11) + QUESTION)
            assert reply is not None
            assert reply.rcode() == dns.rcode.NOTIMP
        for version in (1, 2, 255):
            reply = _ask(service, address, _header(ar=1) + QUESTION + _opt(version=version))
            assert reply is not None
            assert reply.rcode() == dns.rcode.BADVERS  # RFC 6891 §6.1.3
            assert reply.edns == 0
        for rclass in (0, 2, 3, 4, 254, 255, 65535):
            reply = _ask(service, address, _header() + QUESTION[:-2] + struct.pack("!H", rclass))
            assert reply is not None
            assert reply.rcode() == dns.rcode.REFUSED
        for rtype in (0, 41, 128, 249, 250, 253, 254):
            reply = _ask(service, address, _header() + QUESTION[:-4] + struct.pack("!HH", rtype, 1))
            assert reply is not None
            assert reply.rcode() == dns.rcode.FORMERR
        for rtype in (251, 252):
            reply = _ask(service, address, _header() + QUESTION[:-4] + struct.pack("!HH", rtype, 1))
            assert reply is not None
            assert reply.rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("name", [LONGEST, b"\x01a" * 127 + b"\0"], ids=["255 octets", "127 labels"])
def test_names_at_the_limits_are_names(service: Service, servers: list[str], name: bytes) -> None:
    assert len(name) == 255
    for address in servers:
        reply = _ask(service, address, _header() + name + TYPE_A)
        assert reply is not None
        assert reply.rcode() in (dns.rcode.REFUSED, dns.rcode.NXDOMAIN)
        assert reply.question[0].name == dns.name.from_wire(name, 0)[0]


def test_garbage_over_udp(service: Service, servers: list[str]) -> None:
    dice = random.Random(53)
    good = [*MALFORMED.values(), *ANSWERED.values(), _header(flags=0x0100, ar=1) + QUESTION + _opt()]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setblocking(False)
        for round_ in range(6000):
            if round_ % 4 == 0:
                packet = dice.randbytes(dice.randrange(0, 600))
            else:
                octets = bytearray(dice.choice(good))
                for _ in range(dice.randrange(1, 6)):
                    octets[dice.randrange(len(octets))] = dice.choice(
                        (0, 1, 63, 64, 192, 255, dice.randrange(256))
                    )
                packet = bytes(octets[: dice.randrange(len(octets)) + 1 if round_ % 8 == 1 else len(octets)])
            # Not a query with RD for the resolver: each new name would be a walk from the root.
            address = (
                servers[dice.randrange(3)] if len(packet) > 2 and packet[2] & 1 else dice.choice(servers)
            )
            try:
                s.sendto(packet, (address, service.facts["root"]["port"]))
                s.recv(65535)
            except OSError:
                pass


def test_garbage_over_tcp(service: Service, servers: list[str]) -> None:
    dice = random.Random(54)
    for address in servers:
        for _ in range(40):
            with socket.create_connection((address, service.facts["root"]["port"]), timeout=2) as s:
                packet = dice.randbytes(dice.randrange(0, 3000))
                framed = struct.pack("!H", len(packet)) + packet
                s.sendall(dice.choice((packet, framed, framed * 3, b"\0\0" * 50, b"\xff\xff" + packet)))


def test_slow_tcp_clients_hold_up_nobody(service: Service, servers: list[str]) -> None:
    query = _header() + QUESTION
    framed = struct.pack("!H", len(query)) + query
    where = (servers[0], service.facts["root"]["port"])
    idle = [socket.create_connection(where, timeout=3) for _ in range(40)]
    try:
        for number, s in enumerate(idle):
            s.sendall(framed[: number % 3])  # nothing, half a length, a length
        for octet in framed:  # one octet a segment, answered when it is whole
            idle[0].sendall(bytes([octet]))
            time.sleep(0.001)
        assert _framed(idle[0]).rcode() == dns.rcode.NOERROR
        asked = dns.message.make_query("a.packets.example", "A")
        begun = time.monotonic()
        reply = dns.query.tcp(asked, where[0], port=where[1], timeout=3)
        assert reply.answer
        assert time.monotonic() - begun < SOON_S
        with socket.create_connection(where, timeout=3) as pipelined:  # RFC 7766 §6.2.1.1
            pipelined.sendall(framed * 20)
            pipelined.shutdown(socket.SHUT_WR)
            for _ in range(20):
                assert _framed(pipelined).answer
    finally:
        for s in idle:
            s.close()


def _framed(s: socket.socket) -> dns.message.Message:
    def octets(count: int) -> bytes:
        found = b""
        while len(found) < count:
            more = s.recv(count - len(found))
            assert more, "the connection was closed"
            found += more
        return found

    return dns.message.from_wire(octets(struct.unpack("!H", octets(2))[0]))
