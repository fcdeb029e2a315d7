"""Messages: what we build dnspython reads, and what dnspython builds we read."""

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal53.core import Message, Name, Rcode, RRset, RrType, WireFault, build_query


def reply() -> dns.message.Message:
    query = dns.message.make_query("www.example.com", "A", want_dnssec=True, id=4660)
    message = dns.message.make_response(query)
    message.flags |= dns.flags.AA | dns.flags.RA | dns.flags.AD
    for text in (
        ("www.example.com.", 300, "IN", "CNAME", "Host.example.com."),
        ("host.example.com.", 60, "IN", "A", "192.0.2.1", "192.0.2.2"),
    ):
        message.answer.append(dns.rrset.from_text(*text))
    message.answer[-1].ttl = 60
    soa = "ns.example.com. hostmaster.example.com. 1 7200 900 1209600 86400"
    message.authority.append(dns.rrset.from_text("example.com.", 900, "IN", "SOA", soa))
    message.additional.append(dns.rrset.from_text("ns.example.com.", 5, "IN", "AAAA", "2001:db8::1"))
    message.use_edns(
        0,
        ednsflags=dns.flags.DO,
        options=[dns.edns.EDEOption(dns.edns.EDECode.NO_REACHABLE_AUTHORITY, "no reach")],
    )
    return message


def judged(rrsets: tuple[RRset, ...]) -> list[tuple[str, int, int, set[bytes]]]:
    return [(str(rrset.owner).lower(), rrset.rtype, rrset.ttl, set(rrset.rdatas)) for rrset in rrsets]


def expected(section: list[dns.rrset.RRset]) -> list[tuple[str, int, int, set[bytes]]]:
    return [
        (str(rrset.name).lower(), rrset.rdtype, rrset.ttl, {rdata.to_wire() or b"" for rdata in rrset})
        for rrset in section
    ]


def test_a_compressed_reply_reads_as_dnspython_reads_it() -> None:
    message = reply()
    got = Message.parse(message.to_wire())
    assert got.id == 4660
    assert (got.qr, got.aa, got.tc, got.ra, got.ad) == (True, True, False, True, True)
    assert got.rcode == Rcode.NOERROR
    assert got.question == (Name.parse("www.example.com"), RrType.A, 1)
    assert judged(got.answer) == expected(message.answer)
    assert judged(got.authority) == expected(message.authority)
    assert judged(got.additional) == expected(message.additional)
    assert got.edes == ((22, "no reach"),)


def test_the_extended_rcode_is_one_number() -> None:
    message = reply()
    message.set_rcode(dns.rcode.BADVERS)
    assert Message.parse(message.to_wire()).rcode == Rcode.BADVERS


def test_an_rrset_has_the_smallest_ttl_of_its_records() -> None:
    message = dns.message.make_response(dns.message.make_query("a.example", "A"))
    message.answer.append(dns.rrset.from_text("a.example.", 9, "IN", "A", "192.0.2.1"))
    message.answer.append(dns.rrset.from_text("A.example.", 5, "IN", "A", "192.0.2.2"))
    (rrset,) = Message.parse(message.to_wire()).answer
    assert (rrset.ttl, len(rrset.rdatas)) == (5, 2)


def test_a_cut_message_is_refused_unless_it_says_so() -> None:
    packet = bytearray(reply().to_wire())
    with pytest.raises(WireFault):
        Message.parse(bytes(packet[:-60]))
    packet[2] |= 0x02
    assert Message.parse(bytes(packet[:-60])).tc


@given(st.binary(max_size=200))
def test_any_octets_are_a_message_or_a_fault(octets: bytes) -> None:
    for packet in (octets, reply().to_wire()[:40] + octets):
        try:
            Message.parse(packet)
        except WireFault as fault:
            assert str(fault)


@pytest.mark.parametrize("rd", [False, True])
@pytest.mark.parametrize("cd", [False, True])
@pytest.mark.parametrize("do", [False, True])
def test_queries_read_as_meant(rd: bool, cd: bool, do: bool) -> None:
    name = Name.from_labels([b"a.b", b"Example", b"com"])
    packet = build_query(77, name, RrType.DNSKEY, rd=rd, cd=cd, do=do, udp_size=1400)
    query = dns.message.from_wire(packet)
    assert query.id == 77
    assert bool(query.flags & dns.flags.RD) == rd
    assert bool(query.flags & dns.flags.CD) == cd
    assert bool(query.ednsflags & dns.flags.DO) == do
    assert query.payload == 1400
    (question,) = query.question
    assert question.name.labels == (b"a.b", b"Example", b"com", b"")
    assert (question.rdtype, question.rdclass) == (dns.rdatatype.DNSKEY, dns.rdataclass.IN)
    assert Message.parse(packet).question == (name, RrType.DNSKEY, 1)


def test_queries_ask_for_proofs_by_default() -> None:
    query = dns.message.from_wire(build_query(1, Name.root(), RrType.NS))
    assert query.ednsflags & dns.flags.DO
    assert not query.flags & dns.flags.RD
    assert query.payload == 1232
