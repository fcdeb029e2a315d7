"""Change batches: what they do, and each refusal in Route 53's words."""

import itertools
from dataclasses import replace

import pytest
from zones_batches import APEX, FRESH, ID, NS, SOA, Room, create, delete, shown, to, upsert

from seal53.core import Name, Routing
from seal53.zones import batch
from seal53.zones.aliases import Elsewhere, OtherZone
from seal53.zones.batch import BatchRefused, Limits
from seal53.zones.change import Facts
from seal53.zones.recordset import AliasTarget, Change
from seal53.zones.routing import CidrBlocks, Failover, Weighted

WWW_A = "[name='www.example.com.', type='A']"
CONFLICT = "RRSet of type CNAME with DNS name www.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com."  # noqa: E501
BESIDE_CNAME = "RRSet of type A with DNS name www.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.com."  # noqa: E501
INVALID_SET = "The request contains an invalid set of changes for a resource record set '{}'"
ALIAS = "Tried to create an alias that targets {}, type A in zone {}"
UNMATCHED = "but the values provided do not match the current values"
SINGLE_SOA = "A HostedZone must contain exactly one SOA record."


def refusal(*changes: Change, holding: tuple[Change, ...] = ()) -> tuple[str, ...]:
    room = Room()
    for held in holding:
        room.apply(held)
    return room.refusal(*changes)


def missing(name: str, zone_id: str = ID) -> str:
    return ALIAS.format(name, zone_id) + ", but that target was not found"


@pytest.mark.parametrize(
    ("holding", "changes", "messages"),
    [
        (
            (create("www.example.com"),),
            (create("www.example.com", "A", "192.0.2.9"),),
            (f"Tried to create resource record set {WWW_A} but it already exists",),
        ),
        (
            (create("www.example.com", set_id="blue", policy=Weighted(1)),),
            (create("www.example.com", set_id="blue", policy=Weighted(2)),),
            (
                "Tried to create resource record set [name='www.example.com.', type='A',"
                " set-identifier='blue'] but it already exists",
            ),
        ),
        (
            (),
            (delete("www.example.com"),),
            (f"Tried to delete resource record set {WWW_A} but it was not found",),
        ),
        (
            (),
            (delete("www.example.org"),),
            ("RRSet with DNS name www.example.org. is not permitted in zone example.com.",),
        ),
        ((create("www.example.com"),), (create("www.example.com", "CNAME", "x.org"),), (CONFLICT,)),
        ((create("www.example.com", "CNAME", "x.org"),), (create("www.example.com"),), (BESIDE_CNAME,)),
        (
            (),
            (create("txt.example.com", "TXT", '"a"'), create("txt.example.com", "TXT", '"b"')),
            (INVALID_SET.format("TXT txt.example.com."),),
        ),
        (
            (create("www.example.com"),),
            (delete("www.example.com"), delete("www.example.com")),
            (INVALID_SET.format("A www.example.com."),),
        ),
        (
            (),
            (upsert("www.example.com"), upsert("www.example.com"), upsert("www.example.com")),
            (INVALID_SET.format("A www.example.com."),),
        ),
        (
            (create("www.example.com"),),
            (upsert("www.example.com"), delete("www.example.com")),
            (INVALID_SET.format("A www.example.com."),),
        ),
        (
            (),
            (create("www.example.com", "A", "192.0.2.1", "192.0.2.1"),),
            ("Duplicate Resource Record: '192.0.2.1'",),
        ),
        (
            (),
            (create("x.example.com", "MX", "10 Mail.example.com", "10 mail.example.com."),),
            ("Duplicate Resource Record: '10 mail.example.com.'",),
        ),
        ((), (delete("example.com", "SOA", *SOA, ttl=900),), (SINGLE_SOA,)),
        ((), (upsert("example.com", "SOA", *SOA, "a. b. 1 2 3 4 5", ttl=900),), (SINGLE_SOA,)),
        (
            (),
            (delete("example.com", "NS", *NS, ttl=172800),),
            ("A HostedZone must contain at least one NS record for the zone itself.",),
        ),
        (
            (),
            (create("www.example.com", "CNAME", "x.org", "y.org"),),
            ("RRSet of type CNAME cannot have more than one record.",),
        ),
        (
            (),
            (create("www.example.com", "A", *(f"10.0.{n // 256}.{n % 256}" for n in range(401))),),
            ("Cannot have more than 400 records in a RRSet.",),
        ),
        (
            (),
            (create("www..example.com"),),
            ("FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'www..example.com'",),
        ),
        (
            (),
            (create("www.example.com", alias="a..b"),),
            ("FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..b'",),
        ),
        (
            (),
            (create("www.example.com", "TXT", "bare"),),
            (
                "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in"
                " quotation marks) encountered with 'bare''",
            ),
        ),
        (
            (),
            (create("www.example.com", "A", "1.2.3", "192.0.2.1", "x"),),
            tuple(
                "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address"
                f" (Value is not a valid IPv4 address) encountered with '{value}''"
                for value in ("1.2.3", "x")
            ),
        ),
        (
            (create("www.example.com"),),
            (
                create("www.example.com"),
                delete("gone.example.com"),
                create("x.example.com", "A", "1.2.3"),
                create("fine.example.com"),
            ),
            (
                f"Tried to create resource record set {WWW_A} but it already exists",
                "Tried to delete resource record set [name='gone.example.com.', type='A']"
                " but it was not found",
                "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address"
                " (Value is not a valid IPv4 address) encountered with '1.2.3''",
            ),
        ),
    ],
)
def test_a_batch_is_refused(
    holding: tuple[Change, ...], changes: tuple[Change, ...], messages: tuple[str, ...]
) -> None:
    assert refusal(*changes, holding=holding) == messages


def test_names_that_differ_in_case_or_escape_are_one() -> None:
    assert refusal(create("\\167ww.EXAMPLE.com"), create("www.example.com.")) == (
        INVALID_SET.format("A www.example.com."),
    )


def test_a_refusal_names_what_follows_from_a_first_problem_only_once() -> None:
    assert refusal(
        create("t.example.com", "A", "1.2.3"),
        create("www.example.com", alias="t.example.com"),
        create("t.example.com"),
        create("t.example.com"),
    ) == (
        "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address"
        " (Value is not a valid IPv4 address) encountered with '1.2.3''",
    )


# --- what a batch does


def test_an_edit_holds_what_was_touched_and_nothing_else() -> None:
    room = Room()
    room.apply(*map(create, ("b.example.com", "c.example.com", "d.example.com")))
    edit = room.apply(
        create("a.example.com"), upsert("b.example.com", "A", "192.0.2.2"), delete("c.example.com")
    )
    assert shown(edit.puts) == [("a.example.com.", "A"), ("b.example.com.", "A")]
    assert edit.puts[1].record.rdatas == (bytes([192, 0, 2, 2]),)
    assert edit.deletes == ((Name.parse("c.example.com."), "A", ""),)


def test_changes_act_in_order() -> None:
    room = Room()
    room.apply(create("www.example.com"))
    swap = (delete("www.example.com"), create("www.example.com", "CNAME", "x.org"))
    assert room.refusal(*reversed(swap)) == (CONFLICT,)
    edit = room.apply(*swap)
    assert shown(edit.puts) == [("www.example.com.", "CNAME")]
    assert edit.deletes == ((Name.parse("www.example.com."), "A", ""),)


@pytest.mark.parametrize("again", [create, upsert])
def test_a_record_set_may_be_deleted_and_made_anew(again: object) -> None:
    assert callable(again)
    room = Room()
    room.apply(create("www.example.com"))
    edit = room.apply(delete("www.example.com"), again("www.example.com", "A", "192.0.2.7"))
    assert edit.deletes == ()
    assert edit.puts[0].values == ("192.0.2.7",)


def test_an_upsert_of_what_is_there_is_accepted() -> None:
    room = Room()
    room.apply(create("www.example.com"))
    assert shown(room.apply(upsert("www.example.com")).puts) == [("www.example.com.", "A")]


def test_a_record_set_says_all_that_was_given() -> None:
    room = Room()
    edit = room.apply(
        create("w.example.com", "A", "192.0.2.7", set_id="b", policy=Weighted(7), health_check="h", ttl=9),
        create("f.example.com", set_id="p", policy=Failover(True), alias=to("w.example.com", health=True)),
    )
    weighted, alias = (held.record for held in edit.puts)
    assert (weighted.set_id, weighted.ttl, weighted.rdatas) == ("b", 9, (b"\xc0\0\x02\x07",))
    assert (weighted.routing, weighted.health_check) == (Routing.weighted(7), "h")
    assert (alias.alias, alias.evaluate_health, alias.unresolved) == (
        Name.parse("w.example.com."),
        True,
        False,
    )
    assert alias.routing == Routing.failover(True)


def test_soa_and_ns_of_the_zone_may_be_changed() -> None:
    edit = Room().apply(
        upsert("example.com", "SOA", "a.x.org. b.x.org. 2 7200 900 1209600 60", ttl=60),
        delete("example.com", "NS", *reversed(NS), ttl=172800),
        create("example.com", "NS", "ns.x.org", ttl=60),
    )
    assert shown(edit.puts) == [("example.com.", "SOA"), ("example.com.", "NS")]


def test_a_delegation_with_glue_and_ds_is_accepted() -> None:
    edit = Room().apply(
        create("sub.example.com", "NS", "ns.sub.example.com"),
        create("sub.example.com", "DS", "1 13 2 " + "ab" * 32),
        create("ns.sub.example.com"),
    )
    assert len(edit.puts) == 3


# --- deleting


def test_a_deletion_compares_records_and_not_spelling() -> None:
    room = Room()
    room.apply(
        create("www.example.com", "CNAME", "Target.example.org"),
        create("m.example.com", "MX", "1 a", "2 b"),
        create("v6.example.com", "AAAA", "2001:DB8:0:0::1"),
        create("txt.example.com", "TXT", '"a" "b"'),
    )
    edit = room.apply(
        delete("WWW.example.com.", "CNAME", "target.example.org."),
        delete("m.example.com", "MX", "2 b.", "1 a."),
        delete("v6.example.com", "AAAA", "2001:db8::1"),
        delete("txt.example.com", "TXT", '"\\141"   "b"'),
    )
    assert len(edit.deletes) == 4


PLAIN = create("www.example.com", "A", "192.0.2.1", "192.0.2.2")
WEIGHTED = create("www.example.com", set_id="x", policy=Weighted(1), health_check="h")
ALIASED = create("www.example.com", alias=to("t.example.com", health=True))


@pytest.mark.parametrize(
    ("held", "named"),
    [
        (PLAIN, delete("www.example.com", "A", "192.0.2.1")),
        (PLAIN, delete("www.example.com", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3")),
        (PLAIN, delete("www.example.com", "A", "192.0.2.1", "192.0.2.9")),
        (PLAIN, delete("www.example.com", "A", "192.0.2.1", "192.0.2.2", ttl=60)),
        (PLAIN, delete("www.example.com", "A", "192.0.2.1", "nonsense")),
        (PLAIN, delete("www.example.com", "A", "192.0.2.1", "192.0.2.2", health_check="h")),
        (PLAIN, delete("www.example.com", alias="t.example.com")),
        (WEIGHTED, delete("www.example.com", set_id="x", policy=Weighted(2), health_check="h")),
        (WEIGHTED, delete("www.example.com", set_id="x", policy=Failover(True), health_check="h")),
        (WEIGHTED, delete("www.example.com", set_id="x", policy=Weighted(1), health_check="i")),
        (WEIGHTED, delete("www.example.com", set_id="x", policy=Weighted(1))),
        (ALIASED, delete("www.example.com", alias="t.example.com")),
        (ALIASED, delete("www.example.com", alias=to("u.example.com", health=True))),
        (ALIASED, delete("www.example.com", alias=to("t.example.com", zone_id="Z0OTHER", health=True))),
        (ALIASED, delete("www.example.com")),
    ],
)
def test_a_deletion_must_name_every_member_as_it_is(held: Change, named: Change) -> None:
    room = Room()
    room.apply(create("t.example.com"), held)
    (message,) = room.refusal(named)
    identifier = ", set-identifier='x'" if named.given.set_id else ""
    assert message == (
        f"Tried to delete resource record set [name='www.example.com.', type='A'{identifier}] {UNMATCHED}"
    )
    edit = room.apply(replace(held, action=named.action))
    assert len(edit.deletes) == 1


def test_a_deletion_without_the_identifier_does_not_find_the_record_set() -> None:
    room = Room()
    room.apply(WEIGHTED)
    assert room.refusal(delete("www.example.com")) == (
        f"Tried to delete resource record set {WWW_A} but it was not found",
    )


# --- aliases


@pytest.mark.parametrize(
    ("holding", "changes", "messages"),
    [
        (
            (),
            (create("www.example.com", alias="target.example.org"),),
            (
                ALIAS.format("target.example.org.", ID)
                + ", but the alias target name does not lie within the target zone",
            ),
        ),
        ((), (create("www.example.com", alias="target.example.com"),), (missing("target.example.com."),)),
        (
            (create("target.example.com", "AAAA", "::1"),),
            (create("www.example.com", alias="target.example.com"),),
            (missing("target.example.com."),),
        ),
        ((), (create("www.example.com", alias="www.example.com"),), (missing("www.example.com."),)),
        (
            (),
            (create("www.example.com", alias="t.example.com"), create("t.example.com")),
            (missing("t.example.com."),),
        ),
        (
            (create("a.example.com"), create("b.example.com", alias="a.example.com")),
            (upsert("a.example.com", alias="b.example.com"),),
            (missing("b.example.com."),),
        ),
        (
            (create("a.example.com"),),
            (delete("a.example.com"), create("b.example.com", alias="a.example.com")),
            (missing("a.example.com."),),
        ),
    ],
)
def test_an_alias_is_refused(
    holding: tuple[Change, ...], changes: tuple[Change, ...], messages: tuple[str, ...]
) -> None:
    assert refusal(*changes, holding=holding) == messages


def test_an_alias_comes_after_its_target() -> None:
    edit = Room().apply(create("target.example.com"), create("www.example.com", alias="Target.example.com"))
    alias = edit.puts[1]
    assert alias.record.alias == Name.parse("target.example.com.")
    assert alias.alias == AliasTarget(zone_id=ID, name="target.example.com.", evaluate_health=False)
    assert alias.record.rdatas == ()


def test_the_target_of_an_alias_may_be_put_again_after_it() -> None:
    room = Room()
    room.apply(create("t.example.com"))
    assert (
        len(room.apply(create("www.example.com", alias="t.example.com"), upsert("t.example.com")).puts) == 2
    )


def test_an_alias_may_stand_at_the_apex_and_at_a_wildcard() -> None:
    edit = Room().apply(
        create("t.example.com"),
        create("example.com", alias="t.example.com"),
        create("*.example.com", alias="t.example.com"),
    )
    assert len(edit.puts) == 3


def test_the_target_of_an_alias_may_be_deleted() -> None:
    room = Room()
    room.apply(create("t.example.com"), create("www.example.com", alias="t.example.com"))
    assert len(room.apply(delete("t.example.com")).deletes) == 1


CIRCLE = ("a.example.com", "b.example.com", "c.example.com", "d.example.com")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_circle_over_three_names_of_one_batch_is_refused(order: tuple[int, ...]) -> None:
    room = Room()
    room.apply(*map(create, CIRCLE[:3]))
    turns = [upsert(CIRCLE[n], alias=CIRCLE[(n + 1) % 3]) for n in order]
    assert room.refusal(*turns) == tuple(missing(f"{CIRCLE[(n + 1) % 3]}.") for n in order)


@pytest.mark.parametrize("last", range(4))
def test_a_circle_that_one_change_closes_over_names_of_the_zone_is_refused(last: int) -> None:
    room = Room()
    names = [CIRCLE[(last + n) % 4] for n in range(4)]  # names[0] -> names[1] -> ... -> names[0]
    room.apply(create(names[0]), create("x.example.com"))
    for n in (3, 2, 1):
        room.apply(create(names[n], alias=names[(n + 1) % 4]))
    assert room.refusal(upsert(names[0], alias=names[1])) == (missing(f"{names[1]}."),)
    room.apply(upsert(names[0], alias="x.example.com"))


def test_a_circle_through_one_of_several_variants_is_refused() -> None:
    room = Room()
    room.apply(
        create("a.example.com", set_id="1", policy=Weighted(1)),
        create("b.example.com", alias="a.example.com"),
    )
    closing = create("a.example.com", set_id="2", policy=Weighted(1), alias="b.example.com")
    assert room.refusal(closing) == (missing("b.example.com."),)


def test_what_leads_into_a_circle_of_another_type_is_no_circle() -> None:
    room = Room()
    room.apply(create("a.example.com"), create("a.example.com", "AAAA", "::1"))
    room.apply(create("b.example.com", alias="a.example.com"))
    room.apply(create("b.example.com", "AAAA", "::2"))
    assert room.apply(upsert("a.example.com", "AAAA", alias="b.example.com"))


OTHER = OtherZone(
    apex=Name.parse("example.org."),
    is_private=False,
    types={Name.parse("t.example.org."): frozenset({"A"})},
)


def test_an_alias_out_of_the_zone_waits_for_its_content() -> None:
    room = Room(facts=Facts(elsewhere=Elsewhere(zones={"Z0OTHER": OTHER})))
    target = to("T.example.org", zone_id="Z0OTHER", health=True)
    (held,) = room.apply(create("www.example.com", alias=target)).puts
    assert held.alias == replace(target, name="t.example.org.")
    assert (held.record.alias, held.record.unresolved, held.record.evaluate_health) == (None, True, True)
    assert room.refusal(create("x.example.com", "AAAA", alias=target)) == (
        "Tried to create an alias that targets t.example.org., type AAAA in zone Z0OTHER,"
        " but that target was not found",
    )
    assert batch.read([create("www.example.com", alias=target)]).targets(ID) == {
        ("Z0OTHER", Name.parse("t.example.org."))
    }


# --- who else has a say


@pytest.mark.parametrize("change", [create, upsert, delete])
@pytest.mark.parametrize(("comment", "reason"), [("Ask the web team", ": Ask the web team"), (None, "")])
def test_what_is_protected_is_not_touched(change: object, comment: str | None, reason: str) -> None:
    assert callable(change)
    room = Room()
    if change is not create:
        room.apply(create("www.example.com"))
    room.facts = Facts(protected={(Name.parse("www.example.com."), "A"): comment})
    wanted = change("www.example.com")
    assert room.refusal(wanted) == (
        f"Tried to {wanted.action.lower()} resource record set {WWW_A} but it is protected{reason}",
    )
    room.apply(create("www.example.com", "TXT", '"x"'))


@pytest.mark.parametrize("change", [create, upsert, delete])
def test_what_a_traffic_policy_instance_made_is_changed_through_that(change: object) -> None:
    assert callable(change)
    room = Room()
    room.apply(create("www.example.com"))
    (key,) = (key for key in room.state if key[0] != APEX)
    room.state[key] = replace(room.state[key], instance="i-1")
    wanted = change("www.example.com")
    message = (
        f"Tried to {wanted.action.lower()} resource record set {WWW_A}"
        " but it is made by the traffic policy instance i-1 and can only be changed through that"
    )
    assert room.refusal(wanted) == (message,)


def test_a_traffic_policy_instance_is_not_named_by_a_batch() -> None:
    wanted = create("www.example.com")
    wanted = replace(wanted, given=replace(wanted.given, ttl=None, values=None, instance="i-1"))
    (message,) = Room().refusal(wanted)
    assert "made by the traffic policy instance i-1" in message


def test_cidr_locations_must_exist() -> None:
    room = Room(facts=Facts(cidr=frozenset({("c-1", "*"), ("c-1", "office")})))
    room.apply(create("a.example.com", set_id="1", policy=CidrBlocks("c-1", "office")))
    room.apply(create("a.example.com", set_id="2", policy=CidrBlocks("c-1", "*")))
    assert room.refusal(create("b.example.com", policy=CidrBlocks("c-1", "home"))) == (
        "Cannot find CidrLocation with CollectionId = c-1, LocationName = home. No changes made.",
    )
    assert room.refusal(create("b.example.com", policy=CidrBlocks("c-2", "office"))) == (
        "Cannot find CidrCollection with CollectionId = c-2. No changes made.",
    )
    read = batch.read([create("b.example.com", policy=CidrBlocks("c-1", "home"), health_check="h")])
    assert (read.cidr, read.health_checks) == ({("c-1", "home")}, ("h",))


# --- limits


def test_a_batch_has_at_most_1000_records_and_an_upsert_counts_twice() -> None:
    limits = Limits()
    upserts = [upsert(f"h{n}.example.com") for n in range(500)]
    batch.check(upserts, limits)
    batch.check([create(f"h{n}.example.com", alias="a.example.com") for n in range(1000)], limits)
    with pytest.raises(BatchRefused) as refused:
        batch.check([*upserts, create("one.example.com")], limits)
    assert refused.value.message == "[Number of records limit of 1000 exceeded.]"
    batch.check([*upserts, create("one.example.com")], Limits(batch_records=1001))


def test_a_batch_has_at_most_32000_characters_and_an_upsert_counts_twice() -> None:
    long = '"' + "x" * 198 + '"'
    limits = Limits()
    batch.check([upsert(f"h{n}.example.com", "TXT", long) for n in range(80)], limits)
    with pytest.raises(BatchRefused) as refused:
        batch.check([create(f"h{n}.example.com", "TXT", long) for n in range(161)], limits)
    assert refused.value.message == "[Character limit of 32000 exceeded]"


def test_a_record_set_fits_into_an_answer_whatever_a_batch_may_have() -> None:
    limits = Limits(batch_records=4000, batch_characters=400_000)
    long = [f'"{n:03}{"x" * 75}"' for n in range(400)]  # 32,000 characters
    batch.check([create("a.example.com", "TXT", *long), upsert("b.example.com", "TXT", *long)], limits)
    with pytest.raises(BatchRefused) as refused:
        batch.check([create("a.example.com", "TXT", *long, '"x"')], limits)
    assert refused.value.message == "[Character limit of 32000 exceeded]"


def test_a_zone_has_at_most_so_many_record_sets() -> None:
    room = Room(limits=Limits(record_sets=4))
    room.facts = Facts(record_count=3)
    room.apply(create("a.example.com"))
    room.facts = Facts(record_count=4)
    assert room.refusal(create("b.example.com")) == ("Number of record sets limit of 4 exceeded.",)
    room.apply(upsert("a.example.com", "A", "192.0.2.2"))
    room.apply(delete("a.example.com", "A", "192.0.2.2"), create("b.example.com"))


def test_the_default_records_of_a_zone_are_what_a_batch_finds() -> None:
    assert shown(tuple(FRESH)) == [("example.com.", "NS"), ("example.com.", "SOA")]
