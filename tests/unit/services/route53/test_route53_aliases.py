"""Aliases that lead out of their zone: what is written out, what follows a change, what is refused."""

from typing import Any

import pytest
from alias_zones import (
    BALANCER,
    ONE,
    THREE,
    TWO,
    Zones,
    inward,
    known,
    learn,
    outward,
    plain,
    versions,
)
from sqlalchemy import event

from seal53.core import Name, RecordSet, Routing, RrType
from seal53.services.route53 import written
from seal53.store import alias_targets, changes, outbox
from seal53.store.alias_targets import Found
from seal53.zones.change import BatchRefused
from seal53.zones.recordset import AliasTarget, ZoneSet


@pytest.fixture
def zones(a: Any) -> Zones:
    made = Zones(a, {})
    for name in ("one.example.", "two.example.", "three.example."):
        made.add(name)
    return made


def test_the_targets_record_sets_stand_beside_the_alias(zones):
    zones.batch("two.example.", plain("t.two.example.", ONE, TWO, ttl=42))
    zones.batch("one.example.", outward("a.one.example.", zones.to("two.example.", "t.two.example.")))
    item = zones.item("one.example.", "a.one.example.")
    assert [(copy.rtype, copy.ttl, copy.rdatas) for copy in item.written] == [(RrType.A, 42, (ONE, TWO))]
    assert zones.answer("one.example.", "a.one.example.") == (0, {ONE, TWO}, 42)


def test_every_variant_comes_with_its_routing_and_health_check(zones):
    zones.batch(
        "two.example.",
        plain("t.two.example.", ONE, set_id="p", routing=Routing.failover(True), health_check="h1"),
        plain("t.two.example.", TWO, set_id="s", routing=Routing.failover(False), ttl=9),
    )
    target = zones.to("two.example.", "t.two.example.", health=True)
    zones.batch("one.example.", outward("a.one.example.", target))
    item = zones.item("one.example.", "a.one.example.")
    assert item.evaluate_health
    assert [(c.set_id, c.routing, c.health_check, c.rdatas) for c in item.written] == [
        ("p", Routing.failover(True), "h1", (ONE,)),
        ("s", Routing.failover(False), None, (TWO,)),
    ]
    for zone, name in (("one.example.", "a.one.example."), ("two.example.", "t.two.example.")):
        assert zones.answer(zone, name) == (0, {ONE}, 300)
        assert zones.answer(zone, name, h1=False) == (0, {TWO}, 9)


def test_an_alias_is_a_variant_itself(zones):
    zones.batch("two.example.", plain("t.two.example.", TWO, health_check="h2"))
    target = zones.to("two.example.", "t.two.example.", health=True)
    zones.batch(
        "one.example.",
        outward("a.one.example.", target, set_id="p", routing=Routing.failover(True)),
        plain("a.one.example.", ONE, set_id="s", routing=Routing.failover(False)),
    )
    assert zones.item("one.example.", "a.one.example.", "p").routing == Routing.failover(True)
    assert zones.answer("one.example.", "a.one.example.") == (0, {TWO}, 300)
    assert zones.answer("one.example.", "a.one.example.", h2=False) == (0, {ONE}, 300)


def test_aliases_at_the_target_are_followed(zones):
    """one: a -> two: b -> two: c -> three: d."""
    zones.batch("three.example.", plain("d.three.example.", THREE, ttl=7))
    zones.batch("two.example.", outward("c.two.example.", zones.to("three.example.", "d.three.example.")))
    zones.batch("two.example.", inward(zones, "two.example.", "b.two.example.", "c.two.example."))
    zones.batch("one.example.", outward("a.one.example.", zones.to("two.example.", "b.two.example.")))
    assert zones.answer("one.example.", "a.one.example.") == (0, {THREE}, 7)
    before = versions(zones)
    followed = zones.batch("three.example.", plain("d.three.example.", ONE, ttl=8))
    assert followed == {zones.ids[name]: before[name] + 1 for name in ("one.example.", "two.example.")}
    for zone, name in (("one.example.", "a.one.example."), ("two.example.", "b.two.example.")):
        assert zones.answer(zone, name) == (0, {ONE}, 8)
    # the middle of the way changes: b has records of its own now, c is on nobody's way
    zones.batch("two.example.", plain("b.two.example.", TWO))
    assert zones.answer("one.example.", "a.one.example.") == (0, {TWO}, 300)
    assert set(zones.batch("three.example.", plain("d.three.example.", THREE))) == {zones.ids["two.example."]}


def test_what_follows_is_in_the_outbox(zones):
    zones.batch("two.example.", plain("t.two.example."))
    zones.batch(
        "one.example.",
        outward("a.one.example.", zones.to("two.example.", "t.two.example.")),
        outward("b.one.example.", zones.to("two.example.", "t.two.example.")),
        plain("c.one.example."),
    )
    with zones.store.write() as tx:
        last = max(row.seq for row in outbox.pending(tx))
    zones.batch("two.example.", plain("t.two.example.", TWO), plain("other.two.example."))
    with zones.store.read() as tx:
        (row,) = outbox.pending(tx, after=last)
    one = zones.ids["one.example."]
    assert (row.subject, row.version, row.kind) == (
        f"zone:{one}",
        versions(zones)["one.example."],
        "records",
    )
    assert sorted(row.detail) == [
        [Name.parse(f"{name}.one.example.").to_wire(), RrType.A, ""] for name in "ab"
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda z: z.batch("two.example.", plain("other.two.example.")),
        lambda z: z.batch("two.example.", plain("t.two.example.")),
        lambda z: z.batch("three.example.", plain("t.three.example.", TWO)),
        lambda z: z.batch(
            "two.example.",
            ZoneSet(
                record=RecordSet(Name.parse("t.two.example."), RrType.TXT, ttl=1, rdatas=[b"\x01x"]),
                type="TXT",
                values=('"x"',),
            ),
        ),
    ],
    ids=["another name", "the same content", "another zone", "another type"],
)
def test_what_changes_nothing_at_the_target_makes_no_version(zones, change):
    zones.batch("two.example.", plain("t.two.example."))
    zones.batch("one.example.", outward("a.one.example.", zones.to("two.example.", "t.two.example.")))
    before = versions(zones)["one.example."]
    assert change(zones) == {}
    assert versions(zones)["one.example."] == before


def test_each_alias_that_follows_costs_no_statement_that_has_to_be_compiled(zones):
    zones.batch("three.example.", plain("t.three.example.", ONE))
    slow: list[str] = []
    listener = (zones.store._engine, "before_execute", lambda _, clause, *rest: slow.append(str(clause)))

    def follow(*names: str, rdata: bytes) -> int:
        aliases = [outward(name, zones.to("three.example.", "t.three.example.")) for name in names]
        zones.batch("one.example.", *aliases)
        slow.clear()
        event.listen(*listener)
        try:
            assert zones.batch("three.example.", plain("t.three.example.", rdata)).keys() == {
                zones.ids["one.example."]
            }
        finally:
            event.remove(*listener)
        assert all(zones.answer("one.example.", name) == (0, {rdata}, 300) for name in names)
        return len(slow)

    few = follow("a.one.example.", "b.one.example.", rdata=TWO)
    assert follow(*(f"n{number}.one.example." for number in range(20)), rdata=THREE) == few


def test_a_target_that_is_deleted_is_not_answered_until_it_is_back(zones):
    zones.batch("two.example.", target := plain("t.two.example."))
    zones.batch("one.example.", outward("a.one.example.", zones.to("two.example.", "t.two.example.")))
    zones.batch("two.example.", deletes=(target,))
    assert zones.item("one.example.", "a.one.example.").unresolved
    assert zones.answer("one.example.", "a.one.example.")[0] == 2
    zones.batch("two.example.", plain("t.two.example.", TWO))
    assert zones.answer("one.example.", "a.one.example.") == (0, {TWO}, 300)


def test_an_alias_within_the_target_zone_to_nothing_is_passed_over(zones):
    zones.batch("two.example.", c := plain("c.two.example.", ONE))
    zones.batch(
        "two.example.",
        inward(
            zones,
            "two.example.",
            "t.two.example.",
            "c.two.example.",
            set_id="p",
            routing=Routing.failover(True),
        ),
        plain("t.two.example.", TWO, set_id="s", routing=Routing.failover(False)),
    )
    zones.batch("one.example.", outward("a.one.example.", zones.to("two.example.", "t.two.example.")))
    assert zones.answer("one.example.", "a.one.example.") == (0, {ONE}, 300)
    zones.batch("two.example.", deletes=(c,))
    assert [copy.set_id for copy in zones.item("one.example.", "a.one.example.").written] == ["s"]
    for zone, name in (("one.example.", "a.one.example."), ("two.example.", "t.two.example.")):
        assert zones.answer(zone, name) == (0, {TWO}, 300)


def test_a_target_that_has_nothing_is_answered_with_nothing(zones):
    """As the target's own name servers answer."""
    zones.batch("two.example.", c := plain("c.two.example.", ONE))
    zones.batch("two.example.", inward(zones, "two.example.", "t.two.example.", "c.two.example."))
    zones.batch("one.example.", outward("a.one.example.", zones.to("two.example.", "t.two.example.")))
    zones.batch("two.example.", deletes=(c,))
    for zone, name in (("one.example.", "a.one.example."), ("two.example.", "t.two.example.")):
        assert zones.answer(zone, name) == (0, frozenset(), 0)
    zones.batch("two.example.", plain("c.two.example.", THREE))
    assert zones.answer("one.example.", "a.one.example.") == (0, {THREE}, 300)


def test_an_alias_that_becomes_something_else_is_followed_no_more(zones):
    zones.batch("two.example.", plain("t.two.example."))
    alias = outward("a.one.example.", zones.to("two.example.", "t.two.example."))
    zones.batch("one.example.", alias)
    zones.batch("one.example.", plain("a.one.example.", THREE))
    assert zones.batch("two.example.", plain("t.two.example.", TWO)) == {}
    assert zones.answer("one.example.", "a.one.example.") == (0, {THREE}, 300)
    zones.batch("one.example.", alias)
    zones.batch("one.example.", deletes=(alias,))
    assert zones.batch("two.example.", plain("t.two.example.", ONE)) == {}
    with zones.store.read() as tx:
        one = zones.ids["one.example."]
        assert alias_targets.at(tx, one, Name.parse("a.one.example."), "A") == {}
        touched = [(Name.parse("t.two.example."), "A")]
        assert alias_targets.through(tx, zones.ids["two.example."], touched) == []


def test_an_alias_is_pointed_elsewhere(zones):
    zones.batch("two.example.", plain("t.two.example.", TWO))
    zones.batch("three.example.", plain("t.three.example.", THREE))
    zones.batch("one.example.", outward("a.one.example.", zones.to("two.example.", "t.two.example.")))
    zones.batch("one.example.", outward("a.one.example.", zones.to("three.example.", "t.three.example.")))
    assert zones.answer("one.example.", "a.one.example.") == (0, {THREE}, 300)
    assert zones.batch("two.example.", plain("t.two.example.", ONE)) == {}


def test_a_zone_that_is_deleted_leaves_its_aliases_unanswered(zones, put):
    zones.batch("two.example.", t := plain("t.two.example.", TWO))
    alias = outward("a.one.example.", zones.to("two.example.", "t.two.example."))
    zones.batch("one.example.", alias)
    zones.batch("two.example.", deletes=(t,))
    zones.api("DeleteHostedZone", Id=zones.ids["two.example."])
    assert zones.item("one.example.", "a.one.example.").unresolved
    assert zones.answer("one.example.", "a.one.example.")[0] == 2
    zones.batch("one.example.", plain("b.one.example."), deletes=(alias,))


# --- refused


def refused(zones: Zones, zone: str, *puts: ZoneSet) -> list[str]:
    before = versions(zones)
    with pytest.raises(BatchRefused) as fault:
        zones.batch(zone, *puts)
    assert versions(zones) == before
    return list(fault.value.messages)


def head(target: AliasTarget) -> str:
    return f"Tried to create an alias that targets {target.name}, type A in zone {target.zone_id}, but"


def test_a_target_that_is_not_there(zones):
    zones.batch("two.example.", inward(zones, "two.example.", "x.two.example.", "y.two.example."))
    for name in ("t.two.example.", "two.example."):
        target = zones.to("two.example.", name)
        assert refused(zones, "one.example.", outward("a.one.example.", target)) == [
            f"{head(target)} that target was not found"
        ]


def test_a_circle(zones):
    zones.batch("one.example.", plain("a.one.example."))
    zones.batch("two.example.", outward("b.two.example.", zones.to("one.example.", "a.one.example.")))
    zones.batch("three.example.", outward("c.three.example.", zones.to("two.example.", "b.two.example.")))
    for zone, name in (("two.example.", "b.two.example."), ("three.example.", "c.three.example.")):
        target = zones.to(zone, name)
        assert refused(zones, "one.example.", outward("a.one.example.", target)) == [
            f"{head(target)} that target was not found"
        ]


def test_a_circle_that_is_closed_from_within_a_zone_is_not_answered(zones):
    zones.batch("two.example.", plain("b.two.example.", TWO))
    zones.batch("one.example.", outward("a.one.example.", zones.to("two.example.", "b.two.example.")))
    zones.batch("two.example.", outward("c.two.example.", zones.to("one.example.", "a.one.example.")))
    zones.batch("two.example.", inward(zones, "two.example.", "b.two.example.", "c.two.example."))
    for zone, name in (("one.example.", "a.one.example."), ("two.example.", "c.two.example.")):
        assert zones.item(zone, name).unresolved
        assert zones.answer(zone, name)[0] == 2
    zones.batch("two.example.", plain("b.two.example.", THREE))
    for zone, name in (("one.example.", "a.one.example."), ("two.example.", "c.two.example.")):
        assert zones.answer(zone, name) == (0, {THREE}, 300)


def test_a_chain_that_is_too_long_is_not_answered(zones):
    zones.batch("two.example.", plain("n0.two.example."))
    for n in range(1, 9):
        zones.batch(
            "two.example.", inward(zones, "two.example.", f"n{n}.two.example.", f"n{n - 1}.two.example.")
        )
    zones.batch("one.example.", outward("a.one.example.", zones.to("two.example.", "n7.two.example.")))
    zones.batch("one.example.", outward("b.one.example.", zones.to("two.example.", "n8.two.example.")))
    assert zones.answer("one.example.", "a.one.example.") == (0, {ONE}, 300)
    assert zones.answer("one.example.", "b.one.example.")[0] == 2


def test_what_is_too_large_is_refused_and_not_answered(zones, monkeypatch):
    monkeypatch.setattr(written, "MOST_SETS", 3)
    sets = [plain("t.two.example.", set_id=str(n), routing=Routing.weighted(1)) for n in range(4)]
    zones.batch("two.example.", *sets[:3])
    target = zones.to("two.example.", "t.two.example.")
    zones.batch("one.example.", outward("a.one.example.", target))
    assert len(zones.item("one.example.", "a.one.example.").written) == 3
    zones.batch("two.example.", sets[3])
    assert zones.item("one.example.", "a.one.example.").unresolved
    (message,) = refused(zones, "one.example.", outward("b.one.example.", target))
    assert message.startswith(head(target))
    assert "too large" in message


def test_a_change_that_would_rewrite_too_much_is_refused_whole(zones, monkeypatch):
    zones.batch("two.example.", plain("t.two.example.", ONE))
    target = zones.to("two.example.", "t.two.example.")
    zones.batch("one.example.", *[outward(f"a{n}.one.example.", target) for n in range(4)])
    monkeypatch.setattr(written, "MOST_REWRITTEN", 3)
    (message,) = refused(zones, "two.example.", plain("t.two.example.", TWO))
    assert "let fewer lead here" in message
    assert zones.answer("one.example.", "a0.one.example.") == (0, {ONE}, 300)
    monkeypatch.setattr(written, "MOST_REWRITTEN", 4)
    zones.batch("two.example.", plain("t.two.example.", TWO))
    assert zones.answer("one.example.", "a0.one.example.") == (0, {TWO}, 300)


def test_all_problems_are_told_together(zones):
    one, two = zones.to("two.example.", "x.two.example."), zones.to("two.example.", "y.two.example.")
    messages = refused(zones, "one.example.", outward("a.one.example.", one), outward("b.one.example.", two))
    assert messages == [f"{head(t)} that target was not found" for t in (one, two)]


# --- through the API


def to(zone_id: str, name: str, *, health: bool = False) -> dict[str, Any]:
    return {"HostedZoneId": zone_id, "DNSName": name, "EvaluateTargetHealth": health}


def test_the_api_writes_out_and_follows(zones, put):
    one, two = zones.ids["one.example."], zones.ids["two.example."]
    zones.api.change(two, put("t.two.example.", "A", "192.0.2.1"))
    target = to(f"/hostedzone/{two}", "T.two.example")
    zones.api.change(one, put("a.one.example.", AliasTarget=target))
    assert zones.answer("one.example.", "a.one.example.") == (0, {ONE}, 300)
    zones.api.change(two, put("t.two.example.", "A", "192.0.2.2", action="UPSERT", ttl=5))
    assert zones.answer("one.example.", "a.one.example.") == (0, {TWO}, 5)
    (shown,) = [item for item in zones.api.sets(one) if item["Type"] == "A"]
    assert shown["AliasTarget"] == to(two, "t.two.example.")
    zones.api.change(one, put("a.one.example.", action="DELETE", AliasTarget=target))
    before = versions(zones)["one.example."]
    zones.api.change(two, put("t.two.example.", "A", "192.0.2.3", action="UPSERT"))
    assert versions(zones)["one.example."] == before


def test_the_change_of_a_batch_is_of_its_own_zone(zones, put):
    one, two = zones.ids["one.example."], zones.ids["two.example."]
    zones.api.change(two, put("t.two.example."))
    zones.api.change(one, put("a.one.example.", AliasTarget=to(two, "t.two.example.")))
    made = zones.api.change(two, put("t.two.example.", "A", "192.0.2.9", action="UPSERT"))
    with zones.store.write() as tx:
        row = changes.get(tx, made["ChangeInfo"]["Id"])
        assert (row.subject, row.version) == (f"zone:{two}", versions(zones)["two.example."])


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("two.example.", "t.three.example."),
        ("three.example.", "t.two.example."),
        ("Z2FDTNDATAQYW2", "lb.elb.amazonaws.com."),
        ("Z2FDTNDATAQYW2", "cloudfront.net."),
        ("Z32O12XQLNTSW2", "t.two.example."),
        ("ZUNKNOWN", "t.two.example."),
    ],
)
def test_what_lies_nowhere_is_refused(zones, put, zone, name):
    zones.api.change(zones.ids["two.example."], put("t.two.example."))
    target = to(zones.ids.get(zone, zone), name)
    one = zones.ids["one.example."]
    code, message = zones.api.refused(
        "ChangeResourceRecordSets",
        HostedZoneId=one,
        ChangeBatch={"Changes": [put("a.one.example.", AliasTarget=target)]},
    )
    assert code == "InvalidChangeBatch"
    assert "does not lie within the target zone" in message
    assert len(zones.api.sets(one)) == 2


def test_another_accounts_zone_is_as_if_it_were_not_there(zones, b, put):
    theirs = zones.add("theirs.example.", b)
    b.change(theirs, put("t.theirs.example."))
    for zone_id, name in ((theirs, "t.theirs.example."), (theirs, "lb.elb.amazonaws.com.")):
        _, message = zones.api.refused(
            "ChangeResourceRecordSets",
            HostedZoneId=zones.ids["one.example."],
            ChangeBatch={"Changes": [put("a.one.example.", AliasTarget=to(zone_id, name))]},
        )
        assert "does not lie within the target zone" in message


def test_whose_zone_it_is_counts_at_last_too(zones, b, put):
    """Whatever was decided before: nothing of another account's is ever copied."""
    theirs = zones.add("theirs.example.", b)
    b.change(theirs, put("t.theirs.example."))
    zones.batch("one.example.", outward("a.one.example.", zones.to(theirs, "t.theirs.example.")))
    assert zones.item("one.example.", "a.one.example.").unresolved
    b.change(theirs, put("t.theirs.example.", "A", "192.0.2.9", action="UPSERT"))
    assert zones.item("one.example.", "a.one.example.").unresolved


# --- names of AWS services


def test_an_aws_name_is_not_answered_until_it_was_looked_up(zones):
    target = zones.to("Z32O12XQLNTSW2", f"dualstack.{BALANCER}")
    zones.batch("one.example.", outward("a.one.example.", target))
    name = f"dualstack.{BALANCER}"
    assert known(zones, name) == Found(look_at=0)
    assert zones.answer("one.example.", "a.one.example.")[0] == 2
    one = zones.ids["one.example."]
    assert set(learn(zones, Found(rdatas=(ONE, TWO), found_at=1, look_at=2), name)) == {one}
    assert zones.answer("one.example.", "a.one.example.") == (0, {ONE, TWO}, 60)
    assert learn(zones, Found(rdatas=(ONE, TWO), found_at=61, look_at=62), name) == {}
    assert set(learn(zones, Found(rdatas=(), found_at=121), name)) == {one}
    assert zones.answer("one.example.", "a.one.example.") == (0, frozenset(), 0)
    assert set(learn(zones, Found(failing_at=181), name)) == {one}
    assert zones.answer("one.example.", "a.one.example.")[0] == 2


def test_a_second_alias_to_an_aws_name_is_answered_at_once(zones):
    target = zones.to("Z32O12XQLNTSW2", BALANCER)
    zones.batch("one.example.", outward("a.one.example.", target))
    learn(zones, Found(rdatas=(ONE,), found_at=1, look_at=61))
    zones.batch("two.example.", outward("b.two.example.", target))
    assert zones.answer("two.example.", "b.two.example.") == (0, {ONE}, 60)
    with zones.store.read() as tx:
        assert alias_targets.next_look_at(tx) == 61
    assert set(learn(zones, Found(rdatas=(TWO,), found_at=61, look_at=121))) == {
        zones.ids["one.example."],
        zones.ids["two.example."],
    }


def test_an_alias_to_an_alias_to_an_aws_name(zones):
    zones.batch("two.example.", outward("b.two.example.", zones.to("Z32O12XQLNTSW2", BALANCER)))
    zones.batch("one.example.", outward("a.one.example.", zones.to("two.example.", "b.two.example.")))
    assert zones.answer("one.example.", "a.one.example.")[0] == 2
    assert set(learn(zones, Found(rdatas=(ONE,), found_at=1))) == {
        zones.ids["one.example."],
        zones.ids["two.example."],
    }
    assert zones.answer("one.example.", "a.one.example.") == (0, {ONE}, 60)
    learn(zones, Found(rdatas=(), found_at=1))
    assert zones.answer("one.example.", "a.one.example.") == (0, frozenset(), 0)


def test_an_unanswered_aws_name_is_unhealthy(zones):
    target = zones.to("Z32O12XQLNTSW2", BALANCER, health=True)
    zones.batch(
        "one.example.",
        outward("a.one.example.", target, set_id="p", routing=Routing.failover(True)),
        plain("a.one.example.", TWO, set_id="s", routing=Routing.failover(False)),
    )
    assert zones.answer("one.example.", "a.one.example.") == (0, {TWO}, 300)
    learn(zones, Found(rdatas=(ONE,), found_at=1))
    assert zones.answer("one.example.", "a.one.example.") == (0, {ONE}, 60)


@pytest.mark.parametrize(
    ("zone_id", "name"),
    [
        ("Z2FDTNDATAQYW2", "d111111abcdef8.cloudfront.net."),
        ("Z2BJ6XQ5FK7U4H", "a1234567890abcdef.awsglobalaccelerator.com."),
        ("Z3AQBSTGFYJSTF", "s3-website-us-east-1.amazonaws.com."),
        ("Z117KPS5GTRQ2G", "env.us-east-1.elasticbeanstalk.com."),
        ("Z1UJRXOUMOOFQ8", "d-abcdefghij.execute-api.us-east-1.amazonaws.com."),
        ("Z7HUB22UULQXV", "vpce-1.vpce-svc-1.us-east-1.vpce.amazonaws.com."),
    ],
)
def test_names_of_aws_services(zones, zone_id, name):
    zones.batch("one.example.", outward("a.one.example.", zones.to(zone_id, name)))
    assert known(zones, name) == Found()
