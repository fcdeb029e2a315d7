"""What single NSEC records prove. The zone of RFC 4035 appendix A and the traps of RFC 6840 §4."""

import pytest

from seal53.core import Name
from seal53.core import RrType as T
from seal53.resolver.classify import Absence
from seal53.resolver.denial import (
    Nsec,
    Unproven,
    prove_absence,
    prove_no_closer,
    prove_no_ds,
    prove_no_name,
    prove_nodata,
)

APEX = Name.parse("example.")


def n(text):
    return Name.parse(text)


def nsec(owner, following, *types):
    return Nsec(n(owner), n(following), frozenset({int(t) for t in types} | {T.NSEC, T.RRSIG}))


# RFC 4035 appendix A
ZONE = [
    nsec("example.", "a.example.", T.NS, T.SOA, T.MX, T.DNSKEY),
    nsec("a.example.", "ai.example.", T.NS, T.DS),
    nsec("ai.example.", "b.example.", T.A, T.AAAA),
    nsec("b.example.", "ns1.example.", T.NS),
    nsec("ns1.example.", "ns2.example.", T.A),
    nsec("ns2.example.", "*.w.example.", T.A),
    nsec("*.w.example.", "x.w.example.", T.MX),
    nsec("x.w.example.", "x.y.w.example.", T.MX),
    nsec("x.y.w.example.", "xx.example.", T.MX),
    nsec("xx.example.", "example.", T.A, T.AAAA),
]


def test_name_error_of_rfc_4035_b_2():
    assert prove_no_name(n("ml.example."), [ZONE[3], ZONE[0]], APEX).absence is Absence.NXDOMAIN
    for missing in ([ZONE[3]], [ZONE[0]], []):
        with pytest.raises(Unproven):
            prove_no_name(n("ml.example."), missing, APEX)


def test_no_data_of_rfc_4035_b_3():
    prove_nodata(n("ns1.example."), T.MX, [ZONE[4]], APEX)
    with pytest.raises(Unproven, match="A exists"):
        prove_nodata(n("ns1.example."), T.A, [ZONE[4]], APEX)


def test_unsigned_delegation_of_rfc_4035_b_5():
    absence = prove_no_ds(n("b.example."), [ZONE[3]], APEX)
    assert absence.delegated
    with pytest.raises(Unproven, match="there is a DS"):
        prove_no_ds(n("a.example."), [ZONE[1]], APEX)
    with pytest.raises(Unproven, match="the child"):
        prove_no_ds(n("example."), [ZONE[0]], APEX)
    assert not prove_no_ds(n("ns1.example."), [ZONE[4]], APEX).delegated


def test_wildcard_expansion_of_rfc_4035_b_6():
    prove_no_closer(n("a.z.w.example."), 2, [ZONE[8]], APEX)
    with pytest.raises(Unproven):
        prove_no_closer(n("a.z.w.example."), 1, [ZONE[8]], APEX)
    with pytest.raises(Unproven):  # x.y.w is there, so that y.w is the closest encloser
        prove_no_closer(n("a.y.w.example."), 2, ZONE, APEX)


def test_wildcard_no_data_of_rfc_4035_b_7():
    prove_nodata(n("a.z.w.example."), T.AAAA, [ZONE[8], ZONE[6]], APEX)
    with pytest.raises(Unproven, match="MX exists"):
        prove_nodata(n("a.z.w.example."), T.MX, [ZONE[8], ZONE[6]], APEX)
    with pytest.raises(Unproven, match="wildcard"):
        prove_nodata(n("a.z.w.example."), T.AAAA, [ZONE[8]], APEX)


def test_an_empty_non_terminal():
    assert prove_nodata(n("y.w.example."), T.A, [ZONE[7]], APEX).absence is Absence.NODATA
    with pytest.raises(Unproven, match="exists"):
        prove_no_name(n("y.w.example."), ZONE, APEX)


def test_ancestors_deny_nothing_below_a_cut_or_a_dname():
    """RFC 6840 §4.1."""
    for below in ("ml.b.example.", "ml.a.example."):
        for prove in (lambda q: prove_no_name(q, ZONE, APEX), lambda q: prove_nodata(q, T.A, ZONE, APEX)):
            with pytest.raises(Unproven):
                prove(n(below))
    dname = [nsec("example.", "d.example.", T.SOA, T.NS), nsec("d.example.", "example.", T.DNAME)]
    with pytest.raises(Unproven):
        prove_no_name(n("x.d.example."), dname, APEX)


def test_the_parents_nsec_denies_only_the_ds():
    with pytest.raises(Unproven, match="parent"):
        prove_nodata(n("b.example."), T.A, [ZONE[3]], APEX)
    prove_nodata(n("b.example."), T.DS, [ZONE[3]], APEX)


def test_an_alias_is_not_denied_away():
    """RFC 6840 §4.3."""
    alias = [nsec("c.example.", "d.example.", T.CNAME)]
    with pytest.raises(Unproven, match="alias"):
        prove_nodata(n("c.example."), T.A, alias, APEX)
    with pytest.raises(Unproven, match="alias"):
        prove_no_ds(n("c.example."), alias, APEX)


def test_compact_denial():
    """RFC 9824."""
    no_name = [nsec("x.example.", r"\000.x.example.", T.NXNAME)]
    proof = prove_nodata(n("x.example."), T.A, no_name, APEX)
    assert (proof.absence, proof.no_name) == (Absence.NODATA, True)
    assert prove_no_name(n("x.example."), no_name, APEX).no_name
    assert prove_no_ds(n("x.example."), no_name, APEX).nothing_below
    no_data = [nsec("x.example.", r"\000.x.example.", T.TXT)]
    assert not prove_nodata(n("x.example."), T.A, no_data, APEX).no_name
    assert prove_absence(Absence.NXDOMAIN, n("x.example."), T.A, no_data, APEX).absence is Absence.NODATA
    for other in ("y.example.", "x.x.example.", "example."):
        with pytest.raises(Unproven):
            prove_nodata(n(other), T.A, no_name, APEX)


def test_a_gap_that_leaves_the_zone_proves_nothing():
    with pytest.raises(Unproven):
        prove_no_name(n("ml.example."), [nsec("b.example.", "z.other.", T.A), ZONE[0]], APEX)
