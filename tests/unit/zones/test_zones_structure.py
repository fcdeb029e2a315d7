"""Malformed changes: the first one is refused, in Route 53's words, whatever else is wrong."""

from dataclasses import replace

import pytest
from zones_batches import Room, create, given, to

from seal53.zones.recordset import Action, Change, Given
from seal53.zones.routing import CidrBlocks, Failover, GeoLocation, GeoProximity, Latency, Weighted

CONTENTS = (
    "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
)
POLICIES = (
    "Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer,"
    " GeoProximityLocation, or CidrRoutingConfig]"
)
PLACES = (
    "Expected exactly one of [AWSRegion, LocalZoneGroup, or at least one of"
    " [Coordinates, or all of [Latitude, and Longitude]]]"
)
CODES = (
    "Expected exactly one of [ContinentCode, or at least one of"
    " [CountryCode, or all of [CountryCode, and SubdivisionCode]]]"
)
NAMELESS = Given(name="Www.example.com", type="A")
PLAIN = given("Www.example.com")
ALIAS = given("Www.example.com", alias="a.example.com")


def refused(wanted: Given, action: Action = Action.CREATE) -> tuple[str, str]:
    """What was wrong, and the change as the message shows it."""
    message = Room().malformed(create("fine.example.com"), Change(action=action, given=wanted))
    assert message.startswith("Invalid request: ")
    problem, _, change = message.removeprefix("Invalid request: ").partition(" in Change with ")
    return problem, change


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (NAMELESS, f"{CONTENTS}, but found none"),
        (replace(NAMELESS, ttl=5), f"{CONTENTS}, but found none"),
        (replace(NAMELESS, values=("192.0.2.1",)), f"{CONTENTS}, but found none"),
        (replace(PLAIN, alias=ALIAS.alias), f"{CONTENTS}, but found more than one"),
        (replace(ALIAS, ttl=5), f"{CONTENTS}, but found more than one"),
        (replace(ALIAS, values=("192.0.2.1",)), f"{CONTENTS}, but found more than one"),
        (replace(PLAIN, instance="i"), f"{CONTENTS}, but found more than one"),
        (replace(ALIAS, instance="i"), f"{CONTENTS}, but found more than one"),
    ],
)
@pytest.mark.parametrize("action", Action)
def test_a_record_set_has_exactly_one_content(wanted: Given, problem: str, action: Action) -> None:
    shown = f"[Action={action}, Name=Www.example.com, Type=A, SetIdentifier=null]"
    assert refused(wanted, action) == (problem, shown)


def test_resource_records_are_not_empty() -> None:
    assert Room().malformed(Change(action=Action.CREATE, given=replace(PLAIN, values=()))) == (
        "Invalid XML ; cvc-complex-type.2.4.b: The content of element 'ResourceRecords' is not complete."
        " One of '{\"https://route53.amazonaws.com/doc/2013-04-01/\":ResourceRecord}' is expected."
    )


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (replace(PLAIN, sent=("Weight",), policy=Weighted(1)), "Missing field 'SetIdentifier'"),
        (replace(PLAIN, sent=("MultiValueAnswer",)), "Missing field 'SetIdentifier'"),
        (
            replace(PLAIN, sent=("Weight", "Failover"), policy=Weighted(1)),
            "Missing field 'SetIdentifier'",
        ),
    ],
)
def test_a_policy_needs_an_identifier(wanted: Given, problem: str) -> None:
    assert refused(wanted) == (problem, "[Action=CREATE, Name=Www.example.com, Type=A, SetIdentifier=null]")


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (replace(PLAIN, set_id="blue"), f"{POLICIES}, but found none"),
        (replace(PLAIN, set_id="blue", sent=("MultiValueAnswer",)), f"{POLICIES}, but found none"),
        (
            replace(PLAIN, set_id="blue", sent=("Weight", "Failover"), policy=Weighted(1)),
            f"{POLICIES}, but found more than one",
        ),
        (
            given("Www.example.com", set_id="blue", policy=GeoLocation(continent="EU", country="FR")),
            f"{CODES}, but found more than one",
        ),
        (
            given("Www.example.com", set_id="blue", policy=GeoLocation(continent="NA", subdivision="CA")),
            f"{CODES}, but found more than one",
        ),
        (given("Www.example.com", set_id="blue", policy=GeoProximity(bias=5)), f"{PLACES}, but found none"),
        (
            given("Www.example.com", set_id="blue", policy=GeoProximity("eu-west-1", "us-west-2-lax-1")),
            f"{PLACES}, but found more than one",
        ),
        (
            given("Www.example.com", set_id="blue", policy=GeoProximity("eu-west-1", coordinates=("1", "2"))),
            f"{PLACES}, but found more than one",
        ),
    ],
)
def test_an_identifier_needs_exactly_one_policy(wanted: Given, problem: str) -> None:
    assert refused(wanted) == (problem, "[Action=CREATE, Name=Www.example.com, Type=A, SetIdentifier=blue]")


@pytest.mark.parametrize(
    ("latitude", "longitude", "wrong"),
    [
        ("0", "0", None),
        ("-90", "180", None),
        ("+49.22", "-74.01", None),
        ("89.99", "-179.99", None),
        ("90.1", "0", "90.1"),
        ("91", "0", "91"),
        ("49.222", "0", "49.222"),
        ("north", "0", "north"),
        ("", "0", None),
        ("0", "181", "181"),
        ("0", "180.5", "180.5"),
        ("0", "1e1", "1e1"),
    ],
)
def test_coordinates_are_degrees(latitude: str, longitude: str, wrong: str | None) -> None:
    change = create("a.example.com", policy=GeoProximity(coordinates=(latitude, longitude)))
    if wrong is None and latitude:
        assert len(Room().apply(change).puts) == 1
        return
    message = Room().malformed(change)
    assert message.startswith(f"Invalid XML ; cvc-pattern-valid: Value '{wrong or ''}' is not facet-valid")


@pytest.mark.parametrize(
    "policy",
    [
        Weighted(0),
        Latency("eu-west-1"),
        Failover(False),
        GeoLocation(country="US", subdivision="CA"),
        CidrBlocks("c", "*"),
    ],
)
def test_what_is_well_formed_goes_on(policy: object) -> None:
    wanted = create("a.example.com", policy=policy, alias=to("t.example.com"))
    messages = Room().refusal(wanted)
    assert "Invalid request" not in str(messages)
