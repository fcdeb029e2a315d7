"""Record values: every type to the wire and back, judged by dnspython reading master-file text."""

import dns.name
import dns.rdata
import pytest

from seal53.zones import rdata

SHA256 = "c0ffee" + "00" * 29

# type, value as Route 53 takes it, the same record as master-file text
GOOD = [
    ("A", "192.0.2.1", "192.0.2.1"),
    ("AAAA", "2001:0db8:85a3:0:0:8a2e:0370:7334", "2001:db8:85a3::8a2e:370:7334"),
    ("AAAA", "::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    ("CNAME", "www.example.com", "www.example.com."),
    ("CNAME", "\\052.example.com.", "*.example.com."),
    ("CNAME", "@", "\\@."),
    ("NS", "NS1.example.com.", "NS1.example.com."),
    ("PTR", "host.example.com", "host.example.com."),
    ("MX", "10 mail.example.com", "10 mail.example.com."),
    ("MX", "0 .", "0 ."),
    ("SRV", "1 2 5060 sip.example.com.", "1 2 5060 sip.example.com."),
    ("TXT", '"hello world"', '"hello world"'),
    ("TXT", '"a" "b"', '"a" "b"'),
    ("TXT", '"a""b"', '"a" "b"'),
    ("TXT", '""', '""'),
    ("TXT", '"say \\"hi\\""', '"say \\"hi\\""'),
    ("TXT", '"star \\052 and \\344 and \\000"', '"star * and \\228 and \\000"'),
    ("TXT", '"back\\\\slash; semi"', '"back\\\\slash; semi"'),
    ("TXT", '"' + "x" * 255 + '"', '"' + "x" * 255 + '"'),
    ("SPF", '"v=spf1 -all"', '"v=spf1 -all"'),
    ("CAA", '0 issue "ca.example.net; policy=ev"', '0 issue "ca.example.net; policy=ev"'),
    ("CAA", '128 issuewild ";"', '128 issuewild ";"'),
    ("DS", f"12345 13 2 {SHA256}", f"12345 13 2 {SHA256}"),
    ("DS", f"12345 13 2 {SHA256[:32]} {SHA256[32:]}", f"12345 13 2 {SHA256}"),
    (
        "NAPTR",
        '100 50 "u" "E2U+sip" "!^(\\\\+441632960083)$!sip:\\\\1@example.com!" .',
        '100 50 "u" "E2U+sip" "!^(\\\\+441632960083)$!sip:\\\\1@example.com!" .',
    ),
    (
        "NAPTR",
        '100 50 "s" "SIP+D2U" "" _sip._udp.x.org',
        '100 50 "s" "SIP+D2U" "" _sip._udp.x.org.',
    ),
    (
        "SOA",
        "ns-2048.awsdns-64.net hostmaster.awsdns.com 1 1 1 1 60",
        "ns-2048.awsdns-64.net. hostmaster.awsdns.com. 1 1 1 1 60",
    ),
    ("TLSA", f"3 1 1 {SHA256}", f"3 1 1 {SHA256}"),
    ("SSHFP", f"4 2 {SHA256}", f"4 2 {SHA256}"),
    ("SVCB", "0 svc.example.com", "0 svc.example.com."),
    (
        "SVCB",
        '16 foo.x.org. alpn="h2,h3-19" mandatory=alpn',
        '16 foo.x.org. alpn="h2,h3-19" mandatory=alpn',
    ),
    (
        "HTTPS",
        '1 . alpn="h2,h3" port=84 ipv4hint=192.0.2.1',
        '1 . alpn="h2,h3" port=84 ipv4hint=192.0.2.1',
    ),
    ("HTTPS", '1 . key667="hello\\322qoo"', '1 . key667="hello\\210qoo"'),
]


@pytest.mark.parametrize(("rtype", "value", "master"), GOOD)
def test_a_value_becomes_the_wire_that_dnspython_makes(rtype: str, value: str, master: str) -> None:
    judge = dns.rdata.from_text("IN", rtype, master, origin=dns.name.root, relativize=False)
    read = rdata.parse(rtype, value)
    assert read.wire == judge.to_wire()
    assert read.canonical == judge.to_digestable()


@pytest.mark.parametrize(("rtype", "value", "_master"), GOOD)
def test_what_is_shown_reads_back_to_the_same_wire(rtype: str, value: str, _master: str) -> None:
    wire = rdata.parse(rtype, value).wire
    assert rdata.parse(rtype, rdata.show(rtype, wire)).wire == wire


def test_every_type_of_the_service_model_has_a_value_here() -> None:
    assert {rtype for rtype, _, _ in GOOD} == set(rdata.TYPES)


def fatal(problem: str, explanation: str, value: str) -> str:
    return f"Invalid Resource Record: 'FATAL problem: {problem} ({explanation}) encountered with '{value}''"


IPV4 = ("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address")
IPV6 = ("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address")
UNQUOTED = ("InvalidCharacterString", "Value should be enclosed in quotation marks")
UNSUPPORTED = ("UnsupportedCharacter", "Value contains unsupported characters")
EMPTY_LABEL = ("DomainLabelEmpty", "Domain label is empty")


@pytest.mark.parametrize(
    ("rtype", "value", "problem", "shown"),
    [
        ("A", "1.2.3", IPV4, "1.2.3"),
        ("A", "256.1.1.1", IPV4, "256.1.1.1"),
        ("A", "192.0.2.010", IPV4, "192.0.2.010"),
        ("A", "www.example.com", IPV4, "www.example.com"),
        ("A", "", IPV4, ""),
        ("A", "1.2.3.4 5.6.7.8", IPV4, "1.2.3.4 5.6.7.8"),
        ("A", "1.2.3.4 ; comment", IPV4, "1.2.3.4 ; comment"),
        ("A", "\\# 4 01020304", IPV4, "\\# 4 01020304"),
        ("AAAA", "1.2.3.4", IPV6, "1.2.3.4"),
        ("AAAA", "fe80::1%eth0", IPV6, "fe80::1%eth0"),
        ("AAAA", "2001:db8::1::2", IPV6, "2001:db8::1::2"),
        ("CNAME", "", ("DomainNameEmpty", "Domain name is empty"), ""),
        ("CNAME", "a..b", EMPTY_LABEL, "a..b"),
        ("CNAME", "a.example b.example", UNSUPPORTED, " "),
        ("NS", "ns\\#.example", UNSUPPORTED, "\\"),
        ("PTR", "x" * 64, ("DomainLabelTooLong", "Domain label is too long"), "x" * 64),
        ("MX", "smtp", ("MXRRDATANotTwoFields", "MX record doesn't have 2 fields"), "smtp"),
        ("MX", "10 a b", ("MXRRDATANotTwoFields", "MX record doesn't have 2 fields"), "10 a b"),
        (
            "MX",
            "ten mail",
            ("MXRRDATAIllegalPriority", "Priority is not a number between 0 and 65535"),
            "ten",
        ),
        (
            "MX",
            "65536 mail",
            ("MXRRDATAIllegalPriority", "Priority is not a number between 0 and 65535"),
            "65536",
        ),
        ("MX", "10 a..b", EMPTY_LABEL, "a..b"),
        ("SRV", "1 2 sip", ("SRVRRDATANotFourFields", "SRV record doesn't have 4 fields"), "1 2 sip"),
        (
            "SRV",
            "1 2 99999 sip",
            ("SRVRRDATAIllegalPort", "Port is not a number between 0 and 65535"),
            "99999",
        ),
        ("TXT", "hello", UNQUOTED, "hello"),
        ("TXT", '"hello', UNQUOTED, '"hello'),
        ("TXT", '"a" b', UNQUOTED, '"a" b'),
        ("TXT", "", UNQUOTED, ""),
        ("TXT", '"ä"', UNSUPPORTED, "ä"),
        ("TXT", '"line\nbreak"', UNSUPPORTED, "\n"),
        (
            "TXT",
            '"' + "x" * 256 + '"',
            ("CharacterStringTooLong", "Value is too long"),
            '"' + "x" * 256 + '"',
        ),
        ("SPF", "v=spf1 -all", UNQUOTED, "v=spf1 -all"),
        ("CAA", "0 issue ca.example", UNQUOTED, "ca.example"),
        ("CAA", '1 issue ";"', ("CAARRDATAIllegalFlags", "Flags must be 0 or 128"), "1"),
        ("CAA", '0 is-sue ";"', ("CAARRDATAIllegalTag", "Tag may contain only letters and digits"), "is-sue"),
        ("CAA", "0 issue", ("CAARRDATANotThreeFields", "CAA record doesn't have 3 fields"), "0 issue"),
        (
            "DS",
            f"1 ECDSAP256SHA256 2 {SHA256}",
            ("DSRRDATAIllegalAlgorithm", "Algorithm is not a number between 0 and 255"),
            "ECDSAP256SHA256",
        ),
        ("DS", "1 13 2 xyz", ("DSRRDATAIllegalHex", "Value is not hexadecimal"), "xyz"),
        (
            "DS",
            "1 13 2 abcd",
            ("DSRRDATAIllegal", "Value is not valid: digest length inconsistent with digest type"),
            "1 13 2 abcd",
        ),
        (
            "NAPTR",
            '1 1 "u" "s" "!a!b!" x.example',
            ("NAPTRRRDATARegexpAndReplacement", "Replacement must be . beside a regexp"),
            '1 1 "u" "s" "!a!b!" x.example',
        ),
        ("NAPTR", '1 1 u "s" "" .', UNQUOTED, "u"),
        (
            "SOA",
            "a. b. 1 1h 900 1209600 86400",
            ("SOARRDATAIllegalRefresh", "Refresh is not a number between 0 and 4294967295"),
            "1h",
        ),
        ("SOA", "a. b. 1", ("SOARRDATANotSevenFields", "SOA record doesn't have 7 fields"), "a. b. 1"),
        ("TLSA", "3 1 1", ("TLSARRDATANotFourFields", "TLSA record doesn't have 4 fields"), "3 1 1"),
        (
            "TLSA",
            "3 1 1 abc",
            ("TLSARRDATAIllegal", "Value is not valid: Odd-length string"),
            "3 1 1 abc",
        ),
        ("SSHFP", "1 2 zz", ("SSHFPRRDATAIllegalHex", "Value is not hexadecimal"), "zz"),
        ("SVCB", "1", ("SVCBRRDATANotTwoFields", "SVCB record doesn't have 2 fields"), "1"),
        (
            "SVCB",
            "0 . alpn=h2",
            ("SVCBRRDATAIllegal", "Value is not valid: parameters in AliasMode"),
            "0 . alpn=h2",
        ),
        (
            "HTTPS",
            "1 . ; comment",
            ("HTTPSRRDATAIllegalParameters", "Parameters are not key=value pairs"),
            " ; comment",
        ),
    ],
)
def test_a_bad_value_is_refused(rtype: str, value: str, problem: tuple[str, str], shown: str) -> None:
    with pytest.raises(rdata.BadValue) as refusal:
        rdata.parse(rtype, value)
    assert refusal.value.message == fatal(*problem, shown)


def test_values_that_differ_in_case_alone_are_the_same_record() -> None:
    first, second = rdata.parse("MX", "10 MAIL.example"), rdata.parse("MX", "10 mail.EXAMPLE.")
    assert first.canonical == second.canonical
    assert first.wire != second.wire  # what is served keeps the case that was typed
