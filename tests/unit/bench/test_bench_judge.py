"""The judge passes what a correct signer says, of each kind of denial, and refuses what was bent."""

import struct
import time

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from bench import zone
from bench.judge import Judge, Verdict, Wrong, sampled
from cryptography.hazmat.primitives.asymmetric import ec

APEX = dns.name.from_text(zone.ORIGIN)
KEY = ec.generate_private_key(ec.SECP256R1())
DNSKEY = dns.dnssec.make_dnskey(KEY.public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256)
KEYS = dns.rrset.from_rdata(APEX, 3600, DNSKEY)
SOA = dns.rrset.from_text(APEX, 900, "IN", "SOA", "a. b. 1 2 3 4 5")
COMPACT = Judge(keys=KEYS, compact=True)
ANY = Judge(keys=KEYS, compact=False)
NUMBER = 4711
MISSING = f"x{NUMBER * zone.FRESH_FACTOR % 2**zone.FRESH_BITS:010x}.{zone.ORIGIN}"


def rrset(owner, rtype, *texts):
    return dns.rrset.from_text(owner, zone.TTL, "IN", rtype, *texts)


def reply(qname, *, answer=(), authority=(), rcode=dns.rcode.NOERROR, signed=True):
    message = dns.message.make_response(dns.message.make_query(qname, "A", want_dnssec=True))
    message.flags |= dns.flags.AA
    message.set_rcode(rcode)
    now = int(time.time())
    for section, rrsets in ((message.answer, answer), (message.authority, authority)):
        for each in rrsets:
            section.append(each)
            if signed:
                rrsig = dns.dnssec.sign(each, KEY, APEX, DNSKEY, inception=now - 9, expiration=now + 9999)
                section.append(dns.rrset.from_rdata(each.name, each.ttl, rrsig))
    return message


def host(number, address=None, **options):
    name = f"h{number:06d}.{zone.ORIGIN}"
    return reply(name, answer=[rrset(name, "A", address or zone.address_of(number))], **options)


def compact(*types):
    nsec = rrset(MISSING, "NSEC", f"\\000.{MISSING} {' '.join(types)}")
    return reply(MISSING, authority=[SOA, nsec])


def nsec3(name, *, before, after):
    """An NSEC3 whose interval holds the name's hash."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
    hashed = dns.dnssec.nsec3_hash(name, "", 0, 1)
    last = alphabet.index(hashed[-1])
    first_text = hashed[:-2] + alphabet[max(alphabet.index(hashed[-2]) - before, 0)] + "0"
    last_text = hashed[:-1] + alphabet[min(last + after, 31)]
    return rrset(f"{first_text}.{zone.ORIGIN}", "NSEC3", f"1 0 0 - {last_text} A RRSIG")


def test_the_right_address_passes():
    assert COMPACT.check(host(70_000).to_wire()) is None


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (host(7, "10.9.9.9"), "not h000007"),
        (host(7, signed=False), "no RRSIG"),
        (reply(f"h000007.{zone.ORIGIN}", authority=[SOA]), "not h000007"),
        (reply(f"h000007.a.{zone.ORIGIN}"), "was not asked"),
    ],
)
def test_a_wrong_positive_answer_is_refused(message, why):
    with pytest.raises(Wrong, match=why):
        COMPACT.check(message.to_wire())


def test_an_answer_with_another_signature_is_refused():
    message = host(7)
    message.answer[1] = host(8).answer[1]
    message.answer[1].name = message.answer[0].name
    with pytest.raises(dns.dnssec.ValidationFailure):
        COMPACT.check(message.to_wire())


def test_a_truncated_answer_is_refused():
    message = host(7)
    message.flags |= dns.flags.TC
    with pytest.raises(Wrong, match="truncated"):
        COMPACT.check(message.to_wire())


def test_compact_denial_passes_and_names_its_number():
    assert COMPACT.check(compact("RRSIG", "NSEC", "TYPE128").to_wire()) == NUMBER


def test_denial_of_the_type_alone_is_not_ours_but_does_for_others():
    message = compact("AAAA", "RRSIG", "NSEC")
    assert ANY.check(message.to_wire()) == NUMBER
    with pytest.raises(Wrong, match="not proven"):
        COMPACT.check(message.to_wire())


def test_denial_that_holds_the_asked_type_proves_nothing():
    with pytest.raises(Wrong, match="not proven"):
        ANY.check(compact("A", "RRSIG", "NSEC").to_wire())


def test_nsec_that_covers_name_and_wildcard_passes():
    spans = [
        rrset(zone.ORIGIN, "NSEC", f"h000000.{zone.ORIGIN} SOA RRSIG NSEC"),
        rrset(f"w000000.{zone.ORIGIN}", "NSEC", f"{zone.ORIGIN} CNAME RRSIG NSEC"),
    ]
    good = reply(MISSING, authority=[SOA, *spans], rcode=dns.rcode.NXDOMAIN)
    assert ANY.check(good.to_wire()) == NUMBER
    for span in spans:
        half = reply(MISSING, authority=[SOA, span], rcode=dns.rcode.NXDOMAIN)
        with pytest.raises(Wrong, match="not proven"):
            ANY.check(half.to_wire())


def test_nsec3_that_covers_name_and_wildcard_passes():
    spans = [nsec3(name, before=1, after=31) for name in (MISSING, f"*.{zone.ORIGIN}")]
    good = reply(MISSING, authority=[SOA, *spans], rcode=dns.rcode.NXDOMAIN)
    assert ANY.check(good.to_wire()) == NUMBER
    half = reply(MISSING, authority=[SOA, spans[0]], rcode=dns.rcode.NXDOMAIN)
    with pytest.raises(Wrong, match="not proven"):
        ANY.check(half.to_wire())


def test_a_sample_is_read_back_and_a_repeated_name_is_found(tmp_path):
    wires = [host(1).to_wire(), compact("RRSIG", "NSEC", "TYPE128").to_wire()]
    path = tmp_path / "sample"
    path.write_bytes(b"".join(struct.pack("!H", len(wire)) + wire for wire in [*wires, wires[1]]))
    assert list(sampled(path)) == [*wires, wires[1]]
    verdict = COMPACT.check_sample(path, range(NUMBER, NUMBER + 1))
    assert verdict.checked == 3
    assert len(verdict.wrong) == 1
    assert "twice" in verdict.wrong[0]
    assert len(COMPACT.check_sample(path, range(NUMBER)).wrong) == 2


def test_an_unreadable_answer_is_wrong_and_no_crash(tmp_path):
    path = tmp_path / "sample"
    path.write_bytes(struct.pack("!H", 3) + b"abc")
    assert len(COMPACT.check_sample(path, range(1)).wrong) == 1


def test_verdict_says_how_many_were_wrong():
    verdict = Verdict(checked=2)
    assert str(verdict) == "2 answers checked"
    verdict.add(Verdict(checked=1, wrong=["because"]))
    assert str(verdict) == "1 of 3 answers wrong: because"
