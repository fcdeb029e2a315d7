"""The whole machine against a scripted Internet that dnspython signed: what validates, what passes, what is refused and why."""

import dns.rdatatype
import pytest
from resolver_world import internet

from seal53.resolver.status import Status

GOOD = [
    ("www.example.com.", "A", 0, "192.0.2.1"),
    ("alias.example.com.", "A", 0, "192.0.2.1"),
    ("far.example.com.", "A", 0, "192.0.2.11"),
    ("y.wild.example.com.", "A", 0, "192.0.2.3"),
    ("y.z.wild.example.com.", "A", 0, "192.0.2.3"),
    ("www.sub.example.com.", "A", 0, "192.0.2.31"),
    ("www.glueless.com.", "A", 0, "192.0.2.61"),
    ("www.compact.com.", "A", 0, "192.0.2.11"),
    ("y.wild.compact.com.", "A", 0, "192.0.2.13"),
    ("www.example.com.", "AAAA", 0, None),
    ("ent.example.com.", "A", 0, None),
    ("y.wild.example.com.", "AAAA", 0, None),
    ("nothing.example.com.", "A", 3, None),
    ("a.nothing.example.com.", "A", 3, None),
    ("b.ent.example.com.", "A", 3, None),
    ("gone.example.com.", "A", 3, None),
    ("nothing.com.", "A", 3, None),
    ("nothing.", "A", 3, None),
    ("www.compact.com.", "AAAA", 0, None),
    ("ent.compact.com.", "A", 0, None),
    ("example.com.", "DS", 0, None),
    ("www.example.com.", "DS", 0, None),
    ("unsigned.com.", "DS", 0, None),
    ("example.com.", "DNSKEY", 0, None),
    (".", "DNSKEY", 0, None),
    (".", "SOA", 0, None),
]


def addresses(answer):
    return ["".join(f".{b}" for b in r)[1:] for s in answer.answer if s.rtype == 1 for r in s.rdatas]


@pytest.mark.parametrize(("qname", "qtype", "rcode", "address"), GOOD)
def test_secure(qname, qtype, rcode, address):
    answer = internet().run(qname, qtype)
    assert answer.ede is None
    assert (answer.status, answer.rcode) == (Status.SECURE, rcode)
    assert addresses(answer) == ([address] if address else [])
    shown = {s.rtype for s in (*answer.answer, *answer.authority)}
    assert 46 in shown
    if not answer.answer:
        assert {6, 47} <= {s.rtype for s in answer.authority}
        assert 0 < answer.ttl <= 60
