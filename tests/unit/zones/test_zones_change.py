"""Change batches: what they do, and each refusal in Route 53's words."""

import pytest

from seal53.core import Name
from seal53.zones import change, defaults, names
from seal53.zones.change import BatchRefused, Edit, InvalidRequest, Zone
from seal53.zones.recordset import Action, AliasTarget, Change, Given, ZoneSet

APEX = Name.parse("example.com.")
ZONE = Zone(id="Z0EXAMPLE", apex=APEX)
HOSTS = [Name.parse(f"ns-{n}.set-01.seal53.") for n in range(4)]
FRESH = defaults.public_zone(APEX, HOSTS)
NS = tuple(names.show(host) for host in HOSTS)
SOA = FRESH[1].values


def given(name: str, rtype: str = "A", *values: str, ttl: int = 300, alias: str | None = None) -> Given:
    if alias is not None:
        target = AliasTarget(zone_id=ZONE.id, name=alias, evaluate_health=False)
        return Given(name=name, type=rtype, alias=target)
    return Given(name=name, type=rtype, ttl=ttl, values=values or ("192.0.2.1",))


def create(name: str, rtype: str = "A", *values: str, ttl: int = 300, alias: str | None = None) -> Change:
    return Change(action=Action.CREATE, given=given(name, rtype, *values, ttl=ttl, alias=alias))


def delete(name: str, rtype: str = "A", *values: str, ttl: int = 300, alias: str | None = None) -> Change:
    return Change(action=Action.DELETE, given=given(name, rtype, *values, ttl=ttl, alias=alias))


def upsert(name: str, rtype: str = "A", *values: str, ttl: int = 300, alias: str | None = None) -> Change:
    return Change(action=Action.UPSERT, given=given(name, rtype, *values, ttl=ttl, alias=alias))


def run(*changes: Change, holding: tuple[Change, ...] = ()) -> Edit:
    """The edit of a batch on a fresh zone that holds what earlier CREATEs made."""
    state = {held.key: held for held in FRESH}
    for batch in (holding, changes):
        change.check(batch)
        read = change.read(ZONE, batch)
        edit = change.decide(read, [held for held in state.values() if held.owner in read.owners])
        for key in edit.deletes:
            del state[key]
        state.update({held.key: held for held in edit.puts})
    return edit


def refusal(*changes: Change, holding: tuple[Change, ...] = ()) -> tuple[str, ...]:
    with pytest.raises(BatchRefused) as refused:
        run(*changes, holding=holding)
    assert refused.value.message == f"[{', '.join(refused.value.messages)}]"
    return refused.value.messages


def keys(sets: tuple[ZoneSet, ...]) -> list[tuple[str, str]]:
    return [(names.show(held.owner), held.type) for held in sets]


WWW_A = "[name='www.example.com.', type='A']"
CONFLICT = "RRSet of type CNAME with DNS name www.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com."  # noqa: E501
BESIDE_CNAME = "RRSet of type A with DNS name www.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.com."  # noqa: E501
INVALID_SET = "The request contains an invalid set of changes for a resource record set '{}'"
ALIAS = "Tried to create an alias that targets {}, type A in zone {}"


@pytest.mark.parametrize(
    ("holding", "changes", "messages"),
    [
        (
            (create("www.example.com"),),
            (create("www.example.com", "A", "192.0.2.9"),),
            (f"Tried to create resource record set {WWW_A} but it already exists",),
        ),
        (
            (),
            (delete("www.example.com"),),
            (f"Tried to delete resource record set {WWW_A} but it was not found",),
        ),
        (
            (create("www.example.com"),),
            (delete("www.example.com", "A", "192.0.2.9"),),
            (
                f"Tried to delete resource record set {WWW_A}"
                " but the values provided do not match the current values",
            ),
        ),
        (
            (create("www.example.com"),),
            (delete("www.example.com", ttl=60),),
            (
                f"Tried to delete resource record set {WWW_A}"
                " but the values provided do not match the current values",
            ),
        ),
        ((create("www.example.com"),), (create("www.example.com", "CNAME", "x.org"),), (CONFLICT,)),
        ((create("www.example.com", "CNAME", "x.org"),), (create("www.example.com"),), (BESIDE_CNAME,)),
        (
            (),
            (create("example.com", "CNAME", "x.org"),),
            ("RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.",),
        ),
        (
            (),
            (create("example.com", "DS", "1 13 9 abcd"),),
            ("RRSet of type DS with DNS name example.com. is not permitted at apex in zone example.com.",),
        ),
        (
            (),
            (create("sub.example.com", "SOA", *SOA),),
            (
                "RRSet of type SOA with DNS name sub.example.com. is not permitted below apex"
                " in zone example.com.",
            ),
        ),
        (
            (),
            (create("*.example.com", "NS", "ns.x.org"),),
            (
                "RRSet of type NS with DNS name \\052.example.com. is not permitted at a wildcard"
                " in zone example.com.",
            ),
        ),
        (
            (),
            (create("www.example.org"),),
            ("RRSet with DNS name www.example.org. is not permitted in zone example.com.",),
        ),
        (
            (),
            (create("badexample.com"),),
            ("RRSet with DNS name badexample.com. is not permitted in zone example.com.",),
        ),
        (
            (),
            (create("www.example.com", alias="target.example.org"),),
            (
                ALIAS.format("target.example.org.", ZONE.id)
                + ", but the alias target name does not lie within the target zone",
            ),
        ),
        (
            (),
            (create("www.example.com", alias="target.example.com"),),
            (ALIAS.format("target.example.com.", ZONE.id) + ", but that target was not found",),
        ),
        (
            (create("target.example.com", "AAAA", "::1"),),
            (create("www.example.com", alias="target.example.com"),),
            (ALIAS.format("target.example.com.", ZONE.id) + ", but that target was not found",),
        ),
        (
            (),
            (create("www.example.com", alias="www.example.com"),),
            (ALIAS.format("www.example.com.", ZONE.id) + ", but that target was not found",),
        ),
        (
            (create("a.example.com"), create("b.example.com", alias="a.example.com")),
            (upsert("a.example.com", alias="b.example.com"),),
            (ALIAS.format("b.example.com.", ZONE.id) + ", but that target was not found",),
        ),
        (
            (create("a.example.com"),),
            (delete("a.example.com"), create("b.example.com", alias="a.example.com")),
            (ALIAS.format("a.example.com.", ZONE.id) + ", but that target was not found",),
        ),
        (
            (),
            (create("sub.example.com", "NS", alias="example.com"),),
            (
                "RRSet of type NS with DNS name sub.example.com. is not permitted as an alias"
                " in zone example.com.",
            ),
        ),
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
            (),
            (create("www.example.com", "A", "192.0.2.1", "192.0.2.1"),),
            ("Duplicate Resource Record: '192.0.2.1'",),
        ),
        (
            (),
            (create("x.example.com", "MX", "10 Mail.example.com", "10 mail.example.com."),),
            ("Duplicate Resource Record: '10 mail.example.com.'",),
        ),
        (
            (),
            (delete("example.com", "SOA", *SOA, ttl=900),),
            ("A HostedZone must contain exactly one SOA record.",),
        ),
        (
            (),
            (upsert("example.com", "SOA", *SOA, "a. b. 1 2 3 4 5", ttl=900),),
            ("A HostedZone must contain exactly one SOA record.",),
        ),
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
            (create("www.example.com", "TXT", "bare"),),
            (
                "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in"
                " quotation marks) encountered with 'bare''",
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


def test_an_alias_to_another_hosted_zone_is_refused_with_route_53s_words_and_ours() -> None:
    target = AliasTarget(zone_id="Z2FDTNDATAQYW2", name="d1.cloudfront.net", evaluate_health=False)
    aliased = Change(action=Action.CREATE, given=Given(name="www.example.com", type="A", alias=target))
    (message,) = refusal(aliased)
    assert message == (
        "Tried to create an alias that targets d1.cloudfront.net., type A in zone Z2FDTNDATAQYW2,"
        " but the alias target name does not lie within the target zone"
        " (Seal53 implements aliases within one hosted zone only)"
    )


KEY = "Name=www.example.com, Type=A"
CONTENTS = (
    "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
)
POLICIES = "Expected exactly one of [Weight, Region, Failover, GeoLocation, or MultiValueAnswer]"
DATA = {"name": "www.example.com", "type": "A", "ttl": 1, "values": ("192.0.2.1",)}
TARGET = AliasTarget(zone_id=ZONE.id, name="a.example.com", evaluate_health=False)


@pytest.mark.parametrize(
    ("action", "wanted", "message"),
    [
        (
            Action.DELETE,
            Given(name="www.example.com", type="A"),
            f"Invalid request: {CONTENTS}, but found none in"
            f" Change with [Action=DELETE, {KEY}, SetIdentifier=null]",
        ),
        (
            Action.CREATE,
            Given(name="www.example.com", type="A", ttl=5),
            f"Invalid request: {CONTENTS}, but found none in"
            f" Change with [Action=CREATE, {KEY}, SetIdentifier=null]",
        ),
        (
            Action.UPSERT,
            Given(**DATA, alias=TARGET),
            f"Invalid request: {CONTENTS}, but found more than one in"
            f" Change with [Action=UPSERT, {KEY}, SetIdentifier=null]",
        ),
        (
            Action.UPSERT,
            Given(**DATA, routing=("Weight",)),
            f"Invalid request: Missing field 'SetIdentifier' in"
            f" Change with [Action=UPSERT, {KEY}, SetIdentifier=null]",
        ),
        (
            Action.CREATE,
            Given(**DATA, set_id="blue"),
            f"Invalid request: {POLICIES}, but found none in"
            f" Change with [Action=CREATE, {KEY}, SetIdentifier=blue]",
        ),
        (
            Action.CREATE,
            Given(**DATA, set_id="blue", routing=("Weight", "Failover")),
            f"Invalid request: {POLICIES}, but found more than one in"
            f" Change with [Action=CREATE, {KEY}, SetIdentifier=blue]",
        ),
        (
            Action.CREATE,
            Given(**DATA, set_id="blue", routing=("Weight",)),
            "Invalid request: Seal53 does not implement 'Weight' yet, found in"
            f" Change with [Action=CREATE, {KEY}, SetIdentifier=blue]",
        ),
        (
            Action.CREATE,
            Given(**DATA, unimplemented=("HealthCheckId",)),
            "Invalid request: Seal53 does not implement 'HealthCheckId' yet, found in"
            f" Change with [Action=CREATE, {KEY}, SetIdentifier=null]",
        ),
    ],
)
def test_a_malformed_change_is_refused_before_anything_is_read(
    action: Action, wanted: Given, message: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        change.check([create("fine.example.com"), Change(action=action, given=wanted)])
    assert refused.value.message == message


def test_a_batch_has_at_most_1000_records_and_an_upsert_counts_twice() -> None:
    change.check([upsert(f"h{n}.example.com") for n in range(500)])
    change.check([create(f"h{n}.example.com", alias="a.example.com") for n in range(1000)])
    with pytest.raises(BatchRefused) as refused:
        change.check([*(upsert(f"h{n}.example.com") for n in range(500)), create("one.example.com")])
    assert refused.value.message == "[Number of records limit of 1000 exceeded.]"


def test_a_batch_has_at_most_32000_characters_and_an_upsert_counts_twice() -> None:
    long = '"' + "x" * 198 + '"'
    change.check([upsert(f"h{n}.example.com", "TXT", long) for n in range(80)])
    with pytest.raises(BatchRefused) as refused:
        change.check([create(f"h{n}.example.com", "TXT", long) for n in range(161)])
    assert refused.value.message == "[Character limit of 32000 exceeded]"


def test_an_edit_holds_what_was_touched_and_nothing_else() -> None:
    edit = run(
        create("a.example.com"),
        upsert("b.example.com", "A", "192.0.2.2"),
        delete("c.example.com"),
        holding=(create("b.example.com"), create("c.example.com"), create("d.example.com")),
    )
    assert keys(edit.puts) == [("a.example.com.", "A"), ("b.example.com.", "A")]
    assert edit.puts[1].record.rdatas == (bytes([192, 0, 2, 2]),)
    assert edit.deletes == ((Name.parse("c.example.com."), "A", ""),)


def test_changes_act_in_order() -> None:
    holding = (create("www.example.com"),)
    swap = (delete("www.example.com"), create("www.example.com", "CNAME", "x.org"))
    edit = run(*swap, holding=holding)
    assert keys(edit.puts) == [("www.example.com.", "CNAME")]
    assert edit.deletes == ((Name.parse("www.example.com."), "A", ""),)
    assert refusal(*reversed(swap), holding=holding) == (CONFLICT,)


@pytest.mark.parametrize("again", [create, upsert])
def test_a_record_set_may_be_deleted_and_made_anew(again: object) -> None:
    assert callable(again)
    edit = run(
        delete("www.example.com"),
        again("www.example.com", "A", "192.0.2.7"),
        holding=(create("www.example.com"),),
    )
    assert edit.deletes == ()
    assert edit.puts[0].values == ("192.0.2.7",)


def test_a_deletion_compares_records_and_not_spelling() -> None:
    holding = (
        create("www.example.com", "CNAME", "Target.example.org"),
        create("m.example.com", "MX", "1 a", "2 b"),
    )
    edit = run(
        delete("WWW.example.com.", "CNAME", "target.example.org."),
        delete("m.example.com", "MX", "2 b.", "1 a."),
        holding=holding,
    )
    assert len(edit.deletes) == 2


def test_an_alias_may_be_put_with_its_target_and_before_it() -> None:
    edit = run(create("www.example.com", alias="Target.example.com"), create("target.example.com"))
    alias = edit.puts[0]
    assert alias.record.alias == Name.parse("target.example.com.")
    assert alias.alias == AliasTarget(zone_id=ZONE.id, name="target.example.com.", evaluate_health=False)
    assert alias.record.rdatas == ()


def test_an_alias_is_deleted_by_its_target() -> None:
    holding = (create("t.example.com"), create("www.example.com", alias="t.example.com"))
    assert len(run(delete("www.example.com", alias="T.example.com."), holding=holding).deletes) == 1
    assert refusal(delete("www.example.com", alias="u.example.com"), holding=holding) == (
        f"Tried to delete resource record set {WWW_A}"
        " but the values provided do not match the current values",
    )
    assert len(refusal(delete("www.example.com"), holding=holding)) == 1


def test_an_alias_may_stand_at_the_apex_and_at_a_wildcard() -> None:
    edit = run(
        create("t.example.com"),
        create("example.com", alias="t.example.com"),
        create("*.example.com", alias="t.example.com"),
    )
    assert len(edit.puts) == 3


def test_an_upsert_of_what_is_there_is_accepted() -> None:
    edit = run(upsert("www.example.com"), holding=(create("www.example.com"),))
    assert keys(edit.puts) == [("www.example.com.", "A")]


def test_soa_and_ns_of_the_zone_may_be_changed() -> None:
    edit = run(
        upsert("example.com", "SOA", "a.x.org. b.x.org. 2 7200 900 1209600 60", ttl=60),
        delete("example.com", "NS", *reversed(NS), ttl=172800),
        create("example.com", "NS", "ns.x.org", ttl=60),
    )
    assert keys(edit.puts) == [("example.com.", "SOA"), ("example.com.", "NS")]


def test_a_delegation_with_glue_and_ds_is_accepted() -> None:
    edit = run(
        create("sub.example.com", "NS", "ns.sub.example.com"),
        create("sub.example.com", "DS", "1 13 2 " + "ab" * 32),
        create("ns.sub.example.com"),
    )
    assert len(edit.puts) == 3


def test_a_refusal_names_what_follows_from_a_first_problem_only_once() -> None:
    assert refusal(delete("example.com", "SOA", "wrong", ttl=900)) == (
        "Invalid Resource Record: 'FATAL problem: SOARRDATANotSevenFields (SOA record doesn't have 7 fields)"
        " encountered with 'wrong''",
    )


def test_names_that_differ_in_case_or_escape_are_one() -> None:
    assert refusal(create("\\167ww.EXAMPLE.com"), create("www.example.com.")) == (
        INVALID_SET.format("A www.example.com."),
    )
