"""Record values: every type to the wire and back, judged by dnspython reading master-file text."""

import dns.name
import dns.rdata
import pytest

from seal53.zones import rdata

SHA256 = "c0ffee" + "00" * 29
SHA1 = "ab" * 20

# type, value as Route 53 takes it, the same record as master-file text
GOOD = [
    ("A", "192.0.2.1", "192.0.2.1"),
    ("A", "0.0.0.0", "0.0.0.0"),
    ("A", "255.255.255.255", "255.255.255.255"),
    ("AAAA", "2001:0db8:85a3:0:0:8a2e:0370:7334", "2001:db8:85a3::8a2e:370:7334"),
    ("AAAA", "2001:0DB8:0:0::1", "2001:db8::1"),
    ("AAAA", "::", "::"),
    ("AAAA", "::1", "::1"),
    ("AAAA", "1::", "1::"),
    ("AAAA", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ("AAAA", "::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    ("AAAA", "64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("CNAME", "www.example.com", "www.example.com."),
    ("CNAME", "www.example.com.", "www.example.com."),
    ("CNAME", "\\052.example.com.", "*.example.com."),
    ("CNAME", "a\\056b.example.com", "a\\.b.example.com."),
    ("CNAME", "@", "\\@."),
    ("CNAME", "_dmarc.Example.COM", "_dmarc.Example.COM."),
    ("CNAME", "localhost", "localhost."),
    ("CNAME", ".", "."),
    ("NS", "NS1.example.com.", "NS1.example.com."),
    ("PTR", "host.example.com", "host.example.com."),
    ("MX", "10 mail.example.com", "10 mail.example.com."),
    ("MX", "0 .", "0 ."),
    ("MX", "  65535 \t Mail.example.com.  ", "65535 Mail.example.com."),
    ("MX", "0010 mail.example.com", "10 mail.example.com."),
    ("SRV", "1 2 5060 sip.example.com.", "1 2 5060 sip.example.com."),
    ("SRV", "0 0 0 .", "0 0 0 ."),
    ("TXT", '"hello world"', '"hello world"'),
    ("TXT", '"a" "b"', '"a" "b"'),
    ("TXT", '"a""b"', '"a" "b"'),
    ("TXT", '"a"\t  "b" ', '"a" "b"'),
    ("TXT", '""', '""'),
    ("TXT", '"" "" "x"', '"" "" "x"'),
    ("TXT", '"say \\"hi\\""', '"say \\"hi\\""'),
    ("TXT", '"star \\052 and \\344 and \\000"', '"star * and \\228 and \\000"'),
    ("TXT", '"tab\there"', '"tab\\009here"'),
    ("TXT", '"back\\\\slash; semi"', '"back\\\\slash; semi"'),
    ("TXT", '"a backslash before \\d a letter"', '"a backslash before d a letter"'),
    ("TXT", '"\\3770"', '"\\2550"'),
    ("TXT", '"' + "x" * 255 + '"', '"' + "x" * 255 + '"'),
    ("TXT", '"' + "\\377" * 255 + '"', '"' + "\\255" * 255 + '"'),
    ("TXT", " ".join(['"' + "x" * 255 + '"'] * 15), " ".join(['"' + "x" * 255 + '"'] * 15)),
    ("TXT", '"v=DKIM1; k=rsa; p=' + "A" * 200 + '" "' + "B" * 200 + '"', ""),
    ("SPF", '"v=spf1 -all"', '"v=spf1 -all"'),
    ("CAA", '0 issue "ca.example.net; policy=ev"', '0 issue "ca.example.net; policy=ev"'),
    ("CAA", '0 Issue ";"', '0 Issue ";"'),
    ("CAA", '0 issuewild ";"', '0 issuewild ";"'),
    ("CAA", '0 iodef "mailto:security@example.com"', '0 iodef "mailto:security@example.com"'),
    ("CAA", '128 issuewild ";"', '128 issuewild ";"'),
    ("CAA", '128 tbs "Unknown"', '128 tbs "Unknown"'),
    ("DS", f"12345 13 2 {SHA256}", f"12345 13 2 {SHA256}"),
    ("DS", f"12345 13 2 {SHA256.upper()}", f"12345 13 2 {SHA256}"),
    ("DS", f"00001 5 1 {SHA1}", f"1 5 1 {SHA1}"),
    ("DS", f"1 14 4 {'ab' * 48}", f"1 14 4 {'ab' * 48}"),
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
    ("NAPTR", '65535 0 "" "" "" .', '65535 0 "" "" "" .'),
    (
        "SOA",
        "ns-2048.awsdns-64.net hostmaster.awsdns.com 1 1 1 1 60",
        "ns-2048.awsdns-64.net. hostmaster.awsdns.com. 1 1 1 1 60",
    ),
    ("SOA", "A. b\\056c.D. 4294967295 0 0 0 0", "A. b\\.c.D. 4294967295 0 0 0 0"),
    ("TLSA", f"3 1 1 {SHA256}", f"3 1 1 {SHA256}"),
    ("TLSA", "0 0 0 AbCd", "0 0 0 abcd"),
    ("SSHFP", f"4 2 {SHA256}", f"4 2 {SHA256}"),
    ("SSHFP", f"1 1 {SHA1.upper()}", f"1 1 {SHA1}"),
    ("SVCB", "0 svc.example.com", "0 svc.example.com."),
    ("SVCB", "0 .", "0 ."),
    ("SVCB", "32767 Svc.example.com.", "32767 Svc.example.com."),
    (
        "SVCB",
        '16 foo.x.org. alpn="h2,h3-19" mandatory=alpn',
        '16 foo.x.org. alpn="h2,h3-19" mandatory=alpn',
    ),
    (
        "SVCB",
        '1 x. ipv6hint=2001:DB8::1,::ffff:192.0.2.1 alpn=h2 port=00443 mandatory="port,alpn"',
        "1 x. mandatory=alpn,port alpn=h2 port=443 ipv6hint=2001:db8::1,::ffff:192.0.2.1",
    ),
    ("SVCB", '1 . alpn="f\\\\\\\\oo\\\\,bar,h2"', '1 . alpn="f\\\\\\\\oo\\\\,bar,h2"'),
    ("SVCB", '1 . alpn="\\150\\062"', "1 . alpn=h2"),
    ("SVCB", '1 dns.x. alpn=h2 dohpath="/dns-query{?dns}" ohttp', ""),
    (
        "HTTPS",
        '1 . alpn="h2,h3" port=84 ipv4hint=192.0.2.1',
        '1 . alpn="h2,h3" port=84 ipv4hint=192.0.2.1',
    ),
    ("HTTPS", "1 . no-default-alpn alpn=h3 ech=AAT+DQAA", "1 . no-default-alpn alpn=h3 ech=AAT+DQAA"),
]


@pytest.mark.parametrize(("rtype", "value", "master"), [good for good in GOOD if good[2]])
def test_a_value_becomes_the_wire_that_dnspython_makes(rtype: str, value: str, master: str) -> None:
    judge = dns.rdata.from_text("IN", rtype, master, origin=dns.name.root, relativize=False)
    read = rdata.parse(rtype, value)
    assert read.wire == judge.to_wire()
    assert read.canonical == judge.to_digestable()


@pytest.mark.parametrize(("rtype", "value", "_master"), GOOD)
def test_what_is_shown_reads_back_to_the_same_wire(rtype: str, value: str, _master: str) -> None:
    read = rdata.parse(rtype, value)
    assert rdata.parse(rtype, rdata.show(rtype, read.wire)) == read
    assert rdata.canonical(rtype, read.wire) == read.canonical


def test_every_type_of_the_service_model_has_a_value_here() -> None:
    assert {rtype for rtype, _, _ in GOOD} == set(rdata.TYPES)


@pytest.mark.parametrize(
    ("rtype", "value", "shown"),
    [
        ("AAAA", "2001:0DB8:0:0::1", "2001:db8::1"),
        ("CNAME", "Www.a\\056b.example", "Www.a\\056b.example."),
        ("MX", "0010  mail", "10 mail."),
        ("TXT", '"\\042\\134\\001\\344" "x"', '"\\"\\\\\\001\\344" "x"'),
        ("CAA", '128 tbs "a b"', '128 tbs "a b"'),
        ("SVCB", '1 . port=443 alpn="h2,h3"', '1 . alpn="h2,h3" port=443'),
        ("HTTPS", "0 x.org", "0 x.org."),
        ("HTTPS", "1 . mandatory=alpn alpn=h2 ohttp", '1 . mandatory=alpn alpn="h2" ohttp'),
    ],
)
def test_rdata_is_shown_in_route_53s_syntax(rtype: str, value: str, shown: str) -> None:
    assert rdata.show(rtype, rdata.parse(rtype, value).wire) == shown


def fatal(problem: str, explanation: str, value: str) -> str:
    return f"Invalid Resource Record: 'FATAL problem: {problem} ({explanation}) encountered with '{value}''"


IPV4 = ("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address")
IPV6 = ("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address")
UNQUOTED = ("InvalidCharacterString", "Value should be enclosed in quotation marks")
UNSUPPORTED = ("UnsupportedCharacter", "Value contains unsupported characters")
EMPTY_LABEL = ("DomainLabelEmpty", "Domain label is empty")
TOO_LONG = ("CharacterStringTooLong", "Value is too long")
NAPTR = ("NAPTRRRDATANotValid", "Invalid NAPTR record")
CAA_TAG = ("CAARRDATAInvalidTag", "Invalid tag")
CAA_FLAGS = ("CAARRDATAInvalidFlags", "Invalid flags")
SVC = ("SVCBInvalidFieldValue", 'Invalid value for field "SVC Params"')
DS_FORMAT = ("DSRRDATAInvalidValue", 'Invalid value for field "RData"')
WRONG_FORMAT = "Wrong format or it doesn't contain all fields."
TLSA_MISSING = (
    "TLSAMissingFields",
    "Missing fields, needs: certificate usage, selector, matching type, certificate association data",
)
SSHFP_MISSING = ("SSHFPMissingFields", "Missing fields, needs: algorithm, fingerprint type, fingerprint")
SVC_FIELDS = (
    "SVCBIncorrectNumberOfFields",
    "Incorrect number of fields, needs <svc priority>, <target name>. Optional fields include <svc param>",
)


def invalid(rtype: str, field: str) -> tuple[str, str]:
    return (
        "DSRRDATAInvalidValue" if rtype == "DS" else f"{rtype}InvalidValue",
        f'Invalid value for field "{field}"',
    )


@pytest.mark.parametrize(
    ("rtype", "value", "problem", "shown"),
    [
        ("A", "1.2.3", IPV4, "1.2.3"),
        ("A", "256.1.1.1", IPV4, "256.1.1.1"),
        ("A", "192.0.2.010", IPV4, "192.0.2.010"),
        ("A", "192.0.2.1.", IPV4, "192.0.2.1."),
        ("A", " 192.0.2.1", IPV4, " 192.0.2.1"),
        ("A", "www.example.com", IPV4, "www.example.com"),
        ("A", "::1", IPV4, "::1"),
        ("A", "0x7f.1.1.1", IPV4, "0x7f.1.1.1"),
        ("A", "", IPV4, ""),
        ("A", "1.2.3.4 5.6.7.8", IPV4, "1.2.3.4 5.6.7.8"),
        ("A", "1.2.3.4 ; comment", IPV4, "1.2.3.4 ; comment"),
        ("A", "\\# 4 01020304", IPV4, "\\# 4 01020304"),
        ("AAAA", "1.2.3.4", IPV6, "1.2.3.4"),
        ("AAAA", "fe80::1%eth0", IPV6, "fe80::1%eth0"),
        ("AAAA", "2001:db8::1::2", IPV6, "2001:db8::1::2"),
        ("AAAA", "2001:db8:::1", IPV6, "2001:db8:::1"),
        ("AAAA", "12345::", IPV6, "12345::"),
        ("AAAA", "1:2:3:4:5:6:7", IPV6, "1:2:3:4:5:6:7"),
        ("AAAA", "1:2:3:4:5:6:7:8:9", IPV6, "1:2:3:4:5:6:7:8:9"),
        ("AAAA", "::ffff:192.0.2.256", IPV6, "::ffff:192.0.2.256"),
        ("AAAA", "[::1]", IPV6, "[::1]"),
        ("AAAA", "::1/128", IPV6, "::1/128"),
        ("AAAA", "", IPV6, ""),
        ("CNAME", "", ("DomainNameEmpty", "Domain name is empty"), ""),
        ("CNAME", "a..b", EMPTY_LABEL, "a..b"),
        ("CNAME", ".a", EMPTY_LABEL, ".a"),
        ("CNAME", "a.example b.example", UNSUPPORTED, " "),
        ("CNAME", " a.example", UNSUPPORTED, " "),
        ("CNAME", "exämple.org", UNSUPPORTED, "?"),
        ("CNAME", "\\400.org", UNSUPPORTED, "\\"),
        (
            "CNAME",
            ".".join(["x" * 63] * 4),
            ("DomainNameTooLong", "Domain name is too long"),
            ".".join(["x" * 63] * 4),
        ),
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
            "-1 mail",
            ("MXRRDATAIllegalPriority", "Priority is not a number between 0 and 65535"),
            "-1",
        ),
        (
            "MX",
            "65536 mail",
            ("MXRRDATAPriorityOutOfBounds", "MX record priority value is out of bounds"),
            "65536 mail",
        ),
        ("MX", "10 a..b", EMPTY_LABEL, "a..b"),
        ("MX", '10 "mail"', UNSUPPORTED, '"'),
        ("MX", '10 "mail', UNQUOTED, '10 "mail'),
        ("SRV", "1 2 sip", ("SRVRRDATANotFourFields", "SRV record doesn't have 4 fields"), "1 2 sip"),
        (
            "SRV",
            "1 2 99999 sip",
            ("SRVRRDATAPortOutOfBounds", "SRV record port value is out of bounds"),
            "1 2 99999 sip",
        ),
        ("TXT", "hello", UNQUOTED, "hello"),
        ("TXT", '"hello', UNQUOTED, '"hello'),
        ("TXT", 'hello"', UNQUOTED, 'hello"'),
        ("TXT", '"hello\\"', UNQUOTED, '"hello\\"'),
        ("TXT", '"a" b', UNQUOTED, '"a" b'),
        ("TXT", "", UNQUOTED, ""),
        ("TXT", "'a'", UNQUOTED, "'a'"),
        ("TXT", '"ä"', UNSUPPORTED, "?"),
        ("TXT", '"line\nbreak"', UNSUPPORTED, "\n"),
        ("TXT", '"' + "x" * 256 + '"', TOO_LONG, '"' + "x" * 256 + '"'),
        ("TXT", '"' + "\\001" * 256 + '"', TOO_LONG, '"' + "\\001" * 256 + '"'),
        ("TXT", '"a" "' + "x" * 256 + '"', TOO_LONG, '"' + "x" * 256 + '"'),
        ("SPF", "v=spf1 -all", UNQUOTED, "v=spf1 -all"),
        ("CAA", "0 issue ca.example", UNQUOTED, "ca.example"),
        ("CAA", '1 issue ";"', CAA_FLAGS, "Flags must be 0 or 128."),
        ("CAA", '0 is-sue ";"', CAA_TAG, "Tag may contain only letters and digits."),
        (
            "CAA",
            '0 contactemail "x"',
            CAA_TAG,
            "Only issue/issuewild/iodef is allowed for non critical flags.",
        ),
        ("CAA", "0 issue", ("CAARRDATANotThreeFields", "CAA record doesn't have 3 fields"), "0 issue"),
        (
            "DS",
            f"1 ECDSAP256SHA256 2 {SHA256}",
            invalid("DS", "Algorithm"),
            "Algorithm value not supported: ECDSAP256SHA256",
        ),
        ("DS", f"65536 13 2 {SHA256}", invalid("DS", "Key Tag"), "Key Tag value not supported: 65536"),
        ("DS", f"1 13 0 {SHA256}", invalid("DS", "Digest Type"), "Digest Type value not supported: 0"),
        ("DS", "1 13 2 xyz", invalid("DS", "Digest"), "Invalid digest hexstring value: xyz"),
        ("DS", "1 13 2 abcd", invalid("DS", "Digest"), "Invalid digest hexstring value: abcd"),
        ("DS", "1 13 2", DS_FORMAT, WRONG_FORMAT),
        ("DS", f"1 13 2 {SHA256[:32]} {SHA256[32:]}", DS_FORMAT, WRONG_FORMAT),
        ("NAPTR", '1 1 u "s" "" .', NAPTR, '1 1 u "s" "" .'),
        ("NAPTR", '1 1 "u" s "" .', NAPTR, '1 1 "u" s "" .'),
        ("NAPTR", '1 1 "u" "s" "!a!b!"', NAPTR, '1 1 "u" "s" "!a!b!"'),
        ("NAPTR", 'x 1 "u" "s" "" .', NAPTR, 'x 1 "u" "s" "" .'),
        (
            "NAPTR",
            '65536 50 "u" "s" "" .',
            ("NAPTRRRDATAOrderOutOfBounds", "NAPTR record order value is out of bounds"),
            '65536 50 "u" "s" "" .',
        ),
        (
            "NAPTR",
            '100 65536 "u" "s" "" .',
            ("NAPTRRRDATAPreferenceOutOfBounds", "NAPTR record preference value is out of bounds"),
            '100 65536 "u" "s" "" .',
        ),
        ("NAPTR", '1 1 "u" "s" "" a..b', EMPTY_LABEL, "a..b"),
        ("NAPTR", '1 1 "ü" "s" "" .', UNSUPPORTED, "?"),
        (
            "SOA",
            "a. b. 1 1h 900 1209600 86400",
            ("SOARRDATAIllegalRefresh", "Refresh is not a number between 0 and 4294967295"),
            "1h",
        ),
        (
            "SOA",
            "a. b. 4294967296 1 900 1209600 86400",
            ("SOARRDATASerialOutOfBounds", "SOA record serial value is out of bounds"),
            "a. b. 4294967296 1 900 1209600 86400",
        ),
        ("SOA", "a. b. 1", ("SOARRDATANotSevenFields", "SOA record doesn't have 7 fields"), "a. b. 1"),
        ("TLSA", "3 1 1", TLSA_MISSING, "3 1 1"),
        (
            "TLSA",
            "4 1 1 ab",
            invalid("TLSA", "Certificate Usage"),
            "Certificate Usage value not supported: 4",
        ),
        ("TLSA", "3 2 1 ab", invalid("TLSA", "Selector"), "Selector value not supported: 2"),
        ("TLSA", "3 1 3 ab", invalid("TLSA", "Matching Type"), "Matching Type not supported: 3"),
        (
            "TLSA",
            "3 1 1 abc",
            invalid("TLSA", "Certificate Association Data"),
            "Invalid certificate association data hexstring value: abc",
        ),
        (
            "TLSA",
            "3 1 1 abcd",
            invalid("TLSA", "Certificate Association Data"),
            "Invalid certificate association data hexstring value: abcd",
        ),
        ("SSHFP", "2 1", SSHFP_MISSING, "2 1"),
        (
            "SSHFP",
            f"5 1 {SHA1}",
            invalid("SSHFP", "Algorithm"),
            "Algorithm value not supported: 5",
        ),
        (
            "SSHFP",
            f"1 3 {SHA1}",
            invalid("SSHFP", "Fingerprint Type"),
            "Fingerprint Type value not supported: 3",
        ),
        ("SSHFP", "1 2 zz", invalid("SSHFP", "Fingerprint"), "Invalid fingerprint hexstring value: zz"),
        ("SSHFP", "1 1 ab", invalid("SSHFP", "Fingerprint"), "Invalid fingerprint hexstring value: ab"),
        ("SVCB", "1", SVC_FIELDS, "1"),
        ("HTTPS", "1", SVC_FIELDS, "1"),
        ("HTTPS", "", SVC_FIELDS, ""),
        (
            "HTTPS",
            "one .",
            ("SVCBInvalidFieldValue", 'Invalid value for field "SVC Priority"'),
            "SVC Priority is not a number: one",
        ),
        ("HTTPS", "1 a..b", EMPTY_LABEL, "a..b"),
        ("SVCB", "0 . alpn=h2", SVC, "SVC Params are not allowed with SVC Priority 0"),
        ("HTTPS", "1 . foo=bar", SVC, "SVCParam Key presentation name has invalid value: foo"),
        ("HTTPS", "1 . key667=x", SVC, "SVCParam Key presentation name has invalid value: key667"),
        ("HTTPS", "1 . ALPN=h2", SVC, "SVCParam Key presentation name has invalid value: ALPN"),
        ("HTTPS", "1 . ; comment", SVC, "SVCParam Key presentation name has invalid value: ;"),
        ("HTTPS", "1 . alpn", SVC, "SVCParam Key alpn must have non-empty value: "),
        ("HTTPS", "1 . alpn=", SVC, "SVCParam Key alpn must have non-empty value: "),
        ("HTTPS", '1 . alpn=""', SVC, "SVCParam Key alpn must have non-empty value: "),
        ("HTTPS", "1 . alpn=h2,,h3", SVC, "SVCParam Key alpn has invalid value: h2,,h3"),
        ("HTTPS", "1 . alpn=h2 alpn=h3", SVC, "SVCParam Key alpn is specified more than once"),
        ("HTTPS", "1 . alpn = h2", SVC, "SVC Params are not key=value pairs: = h2"),
        ("HTTPS", '1 . alpn="h2', SVC, 'SVC Params are not key=value pairs: alpn="h2'),
        ("HTTPS", "1 . port=65536", SVC, "SVCParam Key port has invalid value: 65536"),
        ("HTTPS", "1 . port=http", SVC, "SVCParam Key port has invalid value: http"),
        ("HTTPS", "1 . ipv4hint=::1", SVC, "SVCParam Key ipv4hint has invalid value: ::1"),
        ("HTTPS", "1 . ipv6hint=1.2.3.4", SVC, "SVCParam Key ipv6hint has invalid value: 1.2.3.4"),
        ("HTTPS", "1 . ipv6hint=fe80::1%1", SVC, "SVCParam Key ipv6hint has invalid value: fe80::1%1"),
        ("HTTPS", "1 . ech=%%%", SVC, "SVCParam Key ech has invalid value: %%%"),
        ("HTTPS", "1 . ech=AEn+DQBF", SVC, "SVCParam Key ech has invalid value: AEn+DQBF"),
        ("HTTPS", "1 . ohttp=x", SVC, "SVCParam Key ohttp must have empty value: x"),
        ("HTTPS", "1 . mandatory=mandatory", SVC, "SVCParam Key mandatory has invalid value: mandatory"),
        (
            "HTTPS",
            "1 . alpn=h2 mandatory=alpn,alpn",
            SVC,
            "SVCParam Key mandatory has invalid value: alpn,alpn",
        ),
        (
            "HTTPS",
            "1 . mandatory=port",
            ("SVCBInconsistentParams", 'Inconsistent SVC Params for SVCParam Key "mandatory"'),
            "When mandatory names port, port must also be specified",
        ),
        (
            "HTTPS",
            "1 . no-default-alpn",
            ("SVCBInconsistentParams", 'Inconsistent SVC Params for SVCParam Key "no-default-alpn"'),
            "When no-default-alpn is specified in an RR, alpn must also be specified",
        ),
    ],
)
def test_a_bad_value_is_refused(rtype: str, value: str, problem: tuple[str, str], shown: str) -> None:
    with pytest.raises(rdata.BadValue) as refusal:
        rdata.parse(rtype, value)
    assert refusal.value.message == fatal(*problem, shown)


def test_a_regexp_beside_a_replacement_is_a_warning_that_refuses() -> None:
    value = '1 1 "u" "s" "!a!b!" x.example'
    with pytest.raises(rdata.BadValue) as refusal:
        rdata.parse("NAPTR", value)
    assert refusal.value.message == (
        "Invalid Resource Record: 'WARNING problem: NAPTRRRDATARegexpAndReplacementError"
        f" (NAPTR record can have only one field in regexp and replacement) encountered with '{value}''"
    )


@pytest.mark.parametrize("rtype", ["SVCB", "HTTPS"])
def test_a_priority_that_route_53_does_not_take_is_named_bare(rtype: str) -> None:
    for value in ("32768 .", "65536 ."):
        with pytest.raises(rdata.BadValue) as refusal:
            rdata.parse(rtype, value)
        assert refusal.value.message == "Unsupported SvcPriority value."


def test_values_that_differ_in_case_alone_are_the_same_record() -> None:
    first, second = rdata.parse("MX", "10 MAIL.example"), rdata.parse("MX", "10 mail.EXAMPLE.")
    assert first.canonical == second.canonical
    assert first.wire != second.wire  # what is served keeps the case that was typed


def test_the_same_address_in_two_forms_is_the_same_record() -> None:
    forms = ("2001:db8::1", "2001:0DB8:0000::0001", "2001:db8:0:0:0:0:0.0.0.1")
    assert len({rdata.parse("AAAA", form) for form in forms}) == 1
