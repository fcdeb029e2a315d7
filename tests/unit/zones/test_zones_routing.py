"""Routing policies between the API's shape, the value and what name servers get."""

from typing import Any

import botocore.loaders
import pytest

from seal53.core import Routing
from seal53.zones import routing
from seal53.zones.routing import (
    CidrBlocks,
    Failover,
    GeoLocation,
    GeoProximity,
    Latency,
    Multivalue,
    Policy,
    Weighted,
)

TABLE: list[tuple[dict[str, Any], Policy, Routing]] = [
    ({"Weight": 0}, Weighted(0), Routing.weighted(0)),
    ({"Weight": 255}, Weighted(255), Routing.weighted(255)),
    ({"Region": "eu-west-1"}, Latency("eu-west-1"), Routing.located(False)),
    ({"Failover": "PRIMARY"}, Failover(True), Routing.failover(True)),
    ({"Failover": "SECONDARY"}, Failover(False), Routing.failover(False)),
    ({"GeoLocation": {"CountryCode": "*"}}, GeoLocation(country="*"), Routing.located(True)),
    ({"GeoLocation": {"ContinentCode": "EU"}}, GeoLocation(continent="EU"), Routing.located(False)),
    (
        {"GeoLocation": {"CountryCode": "US", "SubdivisionCode": "CA"}},
        GeoLocation(country="US", subdivision="CA"),
        Routing.located(False),
    ),
    ({"MultiValueAnswer": True}, Multivalue(), Routing.multivalue()),
    (
        {"CidrRoutingConfig": {"CollectionId": "c", "LocationName": "*"}},
        CidrBlocks("c", "*"),
        Routing.cidr("c", "*"),
    ),
    (
        {"GeoProximityLocation": {"AWSRegion": "eu-west-1", "Bias": -99}},
        GeoProximity("eu-west-1", bias=-99),
        Routing.located(False),
    ),
    (
        {"GeoProximityLocation": {"LocalZoneGroup": "us-west-2-lax-1"}},
        GeoProximity(local_zone_group="us-west-2-lax-1"),
        Routing.located(False),
    ),
    (
        {"GeoProximityLocation": {"Coordinates": {"Latitude": "49.22", "Longitude": "-74.01"}, "Bias": 0}},
        GeoProximity(coordinates=("49.22", "-74.01"), bias=0),
        Routing.located(False),
    ),
]


@pytest.mark.parametrize(("shape", "policy", "core"), TABLE)
def test_a_policy_is_read_written_and_served(shape: dict[str, Any], policy: Policy, core: Routing) -> None:
    assert routing.from_shape({"Name": "a", **shape}) == policy
    assert routing.to_shape(policy) == shape
    assert routing.to_core(policy) == core
    assert routing.sent(shape) == tuple(shape)
    assert routing.problem(policy) is None


def test_there_is_no_policy_without_a_member_nor_of_a_multivalue_answer_that_is_false() -> None:
    assert routing.from_shape({"Name": "a", "HealthCheckId": "h"}) is None
    assert routing.from_shape({"MultiValueAnswer": False}) is None
    assert routing.sent({"MultiValueAnswer": False, "Weight": 1}) == ("Weight", "MultiValueAnswer")


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (Latency("eu-west-9"), "Cannot find region 'eu-west-9'. No changes made."),
        (GeoLocation(country="XX"), "Cannot find location: 'country = XX'. No changes made."),
        (GeoLocation(continent="EX"), "Cannot find location: ' continent = EX'. No changes made."),
        (
            GeoLocation(country="FR", subdivision="CA"),
            "Cannot find location: 'country = FR subdivision = CA'. No changes made.",
        ),
        (
            GeoProximity("eu-west-9"),
            "Cannot find GeoProximityLocation with AWSRegion = eu-west-9. No changes made.",
        ),
        (
            GeoProximity(local_zone_group="Nowhere"),
            "Cannot find GeoProximityLocation with LocalZoneGroup = Nowhere. No changes made.",
        ),
    ],
)
def test_a_place_that_nobody_knows_is_refused(policy: Policy, message: str) -> None:
    assert routing.problem(policy) == message


def test_the_regions_are_the_service_models() -> None:
    model = botocore.loaders.Loader().load_service_model("route53", "service-2")
    assert frozenset(model["shapes"]["ResourceRecordSetRegion"]["enum"]) == routing.REGIONS
