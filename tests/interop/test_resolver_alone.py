"""The resolver as a program: real sockets, the data plane's cache in front, delv and dnspython as judges."""

import json
import subprocess
import sys
import time

import dns.edns
import dns.flags
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.rrset
import pytest
from resolver_servers import OurResolver, Servers, fresh_internet

T = dns.rdatatype


@pytest.fixture
def servers():
    made = Servers(fresh_internet())
    yield made
    made.close()


@pytest.fixture
def resolver(servers, tmp_path):
    made = OurResolver(servers, tmp_path)
    yield made
    assert made.close() == 0


def forge(reply, server, qname, qtype, tcp):
    for rrset in list(reply.answer):
        if rrset.rdtype == T.A:
            forged = dns.rrset.from_text(rrset.name, 300, "IN", "A", "203.0.113.66")
            reply.answer[reply.answer.index(rrset)] = forged
    return reply


def edes(reply):
    return [(int(o.code), o.text) for o in reply.options if o.otype == dns.edns.OptionType.EDE]


def texts(reply, rtype=T.A):
    return sorted(r.to_text() for s in reply.answer if s.rdtype == rtype for r in s)


def test_what_clients_see(resolver, servers):
    secure = resolver.ask("www.example.com.")
    assert texts(secure) == ["192.0.2.1"] and secure.flags & dns.flags.AD and secure.flags & dns.flags.RA
    assert not secure.flags & dns.flags.AA
    assert {s.rdtype for s in secure.answer} == {T.A, T.RRSIG}
    plain = resolver.ask("www.example.com.", do=False)
    assert texts(plain) == ["192.0.2.1"] and not plain.flags & dns.flags.AD  # RFC 6840 §5.8
    assert {s.rdtype for s in plain.answer} == {T.A}
    assert resolver.ask("www.example.com.", do=False, ad=True).flags & dns.flags.AD  # RFC 6840 §5.7
    insecure = resolver.ask("www.unsigned.com.")
    assert texts(insecure) == ["192.0.2.21"] and not insecure.flags & dns.flags.AD


def test_denials(resolver):
    for qname in ("nothing.example.com.", "nothing.com."):
        reply = resolver.ask(qname)
        assert reply.rcode() == 3 and reply.flags & dns.flags.AD
        assert {T.SOA, T.NSEC, T.RRSIG} <= {s.rdtype for s in reply.authority}
    # compact denial: NXDOMAIN only for those who do not look at the proof (RFC 9824)
    assert resolver.ask("nothing.compact.com.").rcode() == 0
    assert resolver.ask("nothing.compact.com.", do=False).rcode() == 3
    assert resolver.ask("www.compact.com.", "AAAA", do=False).rcode() == 0


def test_a_forged_answer_is_servfail_with_the_reason_and_cd_lets_it_pass(resolver, servers):
    servers.world.tamper = forge
    reply = resolver.ask("www.example.com.")
    assert reply.rcode() == 2 and not reply.answer
    assert edes(reply)[0][0] == 6 and "www.example.com. A" in edes(reply)[0][1]
    passed = resolver.ask("www.example.com.", cd=True)
    assert texts(passed) == ["203.0.113.66"] and not passed.flags & dns.flags.AD
    # what CD=1 put into the cache is not for those who want it checked
    assert resolver.ask("www.example.com.").rcode() == 2
    servers.world.tamper = None
    deadline = time.monotonic() + 5
    while resolver.ask("www.example.com.").rcode() == 2:  # a bogus result is kept for a second at most
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert texts(resolver.ask("www.example.com.")) == ["192.0.2.1"]


def test_answers_are_cached(resolver, servers):
    resolver.ask("www.example.com.")
    before = len(servers.world.asked)
    for _ in range(5):
        assert resolver.ask("www.example.com.").flags & dns.flags.AD
    assert len(servers.world.asked) == before
    assert resolver.ask("www.example.com.", "TXT", tcp=True).flags & dns.flags.AD
    assert len(servers.world.asked) == before + 1


def test_a_truncated_answer_is_fetched_over_tcp(resolver, servers):
    zone = servers.world.zones[dns.name.from_text("example.com.")]
    long = dns.rdataset.from_text_list("IN", "TXT", 300, [f'"{i} {"x" * 200}"' for i in range(12)])
    zone.contents.replace_rdataset(dns.name.from_text("long.example.com."), long)
    reply = resolver.ask("long.example.com.", "TXT", tcp=True)
    assert len(texts(reply, T.TXT)) == 12 and reply.flags & dns.flags.AD
    assert ("10.0.0.3", "long.example.com.", "TXT", True) in servers.world.asked


def test_without_validation_the_forger_wins(servers, tmp_path):
    resolver = OurResolver(servers, tmp_path, "--no-validation")
    servers.world.tamper = forge
    reply = resolver.ask("www.example.com.")
    assert texts(reply) == ["203.0.113.66"] and not reply.flags & dns.flags.AD
    assert resolver.close() == 0


def test_the_upstream_map_is_read_again_when_it_changes(resolver, servers, tmp_path):
    wrong = {**servers.map(), "10.0.0.3": servers.map()["10.0.0.5"]}
    resolver.ask("www.unsigned.com.")
    (tmp_path / "map").write_text(json.dumps(wrong))
    assert resolver.ask("www.example.com.").rcode() == 2
    (tmp_path / "map").write_text(json.dumps(servers.map()))
    assert resolver.ask("www.example.net.").rcode() == 0


def test_the_test_clock(servers, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text(str(int(time.time())))
    resolver = OurResolver(servers, tmp_path, "--test-clock", str(clock))
    start = int(clock.read_text())
    first = resolver.ask("www.example.com.")
    assert first.flags & dns.flags.AD
    before = len(servers.world.asked)
    clock.write_text(str(start + 100))
    later = resolver.ask("www.example.com.")
    assert later.flags & dns.flags.AD
    assert later.answer[0].ttl == first.answer[0].ttl - 100
    assert len(servers.world.asked) == before
    clock.write_text(str(start + 300))
    assert resolver.ask("www.example.com.").flags & dns.flags.AD
    assert len(servers.world.asked) > before
    clock.write_text(str(int(time.time()) + 11 * 3600))
    late = resolver.ask("www.example.com.")
    assert late.rcode() == 2 and edes(late)[0][0] == 7
    clock.write_text(str(int(time.time()) - 2 * 3600))
    assert edes(resolver.ask("www.compact.com."))[0][0] == 8
    assert resolver.close() == 0


def test_bad_input_is_one_line(tmp_path):
    (tmp_path / "hints").write_text("ns.root. IN A 10.0.0.1\n")
    (tmp_path / "anchors").write_text(". IN DS 1 13 2 zz\n")
    base = [sys.executable, "-m", "seal53", "resolver", "serve"]
    hints, somewhere = ["--root-hints", str(tmp_path / "hints")], ["--listen", "127.0.0.1:0"]
    for options, word in (
        ([*hints, "--listen", "127.0.0.1"], "ADDR:PORT"),
        ([*somewhere, "--root-hints", str(tmp_path / "none")], "none"),
        ([*somewhere, *hints], "--trust-anchors"),
        ([*somewhere, *hints, "--trust-anchors", str(tmp_path / "anchors")], "DS 1 13 2 zz"),
        ([*hints, "--no-validation", "--listen", "192.0.2.1:53"], "cannot listen"),
    ):
        run = subprocess.run([*base, *options], capture_output=True, text=True, timeout=20, check=False)
        assert run.returncode == 1
        assert word in run.stderr and len(run.stderr.strip().splitlines()) == 1


@pytest.mark.judge
@pytest.mark.parametrize(
    ("qname", "qtype", "verdict"),
    [
        ("www.example.com", "A", "fully validated"),
        ("far.example.com", "A", "fully validated"),
        ("y.wild.example.com", "A", "fully validated"),
        ("nothing.example.com", "A", "negative response, fully validated"),
        ("www.example.com", "AAAA", "negative response, fully validated"),
        ("www.compact.com", "A", "fully validated"),
        ("nothing.compact.com", "A", "negative response, fully validated"),
        ("www.unsigned.com", "A", "unsigned answer"),
    ],
)
def test_delv_validates_through_us(judge, resolver, servers, tmp_path, qname, qtype, verdict):
    out = delv(judge, resolver, servers, tmp_path, qname, qtype)
    assert verdict in out


@pytest.mark.judge
def test_delv_refuses_what_is_forged(judge, resolver, servers, tmp_path):
    servers.world.tamper = forge
    out = delv(judge, resolver, servers, tmp_path, "www.example.com", "A")
    assert "fully validated" not in out and "resolution failed" in out


def delv(judge, resolver, servers, tmp_path, qname, qtype):
    ds = servers.world.zones[dns.name.root].ds()[0].to_text().split()
    digest = "".join(ds[3:])
    anchor = tmp_path / "anchor.conf"
    anchor.write_text(f'trust-anchors {{ . static-ds {" ".join(ds[:3])} "{digest}"; }};\n')
    command = [
        judge("delv"),
        "-a",
        str(anchor),
        "+root=.",
        "@127.0.0.1",
        "-p",
        str(resolver.port),
        qname,
        qtype,
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return run.stdout + run.stderr
