"""A call too many, in each protocol; and that a client's own retries get through."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from test_wire_signatures import error
from wire_world import World

from seal53.app.limits import Throttle
from seal53.services.quotas import AWS


@pytest.fixture
def world(world: World) -> World:
    for service, operation in (
        ("route53", "GetHostedZone"),
        ("route53", "ListTagsForResource"),
        ("route53resolver", "ListResolverRules"),
        ("kms", "ListKeys"),
    ):
        world.returns(service, operation, {})
    world.admit = Throttle(AWS).admits
    return world


def spend(world: World, service: str, target: str = "/") -> None:
    headers = {"X-Amz-Target": "Route53Resolver.ListResolverRules"} if service == "route53resolver" else {}
    method = "POST" if headers else "GET"
    for _ in range(5):
        answer = world.send(*world.signed(method, target, service=service, headers=headers))
        assert answer.status == 200


def test_the_sixth_call_of_a_second_is_refused(world: World) -> None:
    target = "/2013-04-01/hostedzone/Z1"
    spend(world, "route53", target)
    answer = world.send(*world.signed("GET", target, service="route53"))
    assert error(answer) == ("Throttling", 400, "Rate exceeded")
    assert b"<Type>Sender</Type>" in answer.body
    assert world.records[-1]["code"] == "Throttling"
    world.clock.advance(1)
    spend(world, "route53", target)


def test_operations_on_tags_have_a_code_of_their_own(world: World) -> None:
    target = "/2013-04-01/tags/hostedzone/Z1"
    spend(world, "route53", target)
    answer = world.send(*world.signed("GET", target, service="route53"))
    assert error(answer) == ("ThrottlingException", 400, "Rate exceeded")


def test_the_resolver_answers_in_json(world: World) -> None:
    spend(world, "route53resolver")
    headers = {"X-Amz-Target": "Route53Resolver.ListResolverRules"}
    answer = world.send(*world.signed("POST", "/", service="route53resolver", headers=headers))
    assert answer.status == 400
    assert json.loads(answer.body) == {"__type": "ThrottlingException", "Message": "Rate exceeded"}


def test_who_is_not_proven_spends_nothing(world: World) -> None:
    target = "/2013-04-01/hostedzone/Z1"
    for _ in range(20):
        world.send(*world.signed("GET", target, service="route53", secret="wrong"))
    spend(world, "route53", target)


def test_other_services_are_not_throttled(world: World) -> None:
    for _ in range(20):
        headers = {"X-Amz-Target": "TrentService.ListKeys"}
        assert world.send(*world.signed("POST", "/", service="kms", headers=headers)).status == 200


@pytest.mark.parametrize("mode", ["standard", "legacy"])
def test_boto3_tries_again_until_it_is_let_through(
    world: World, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pauses move our clock instead of making the test wait."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        world.clock.advance(1)

    monkeypatch.setattr("botocore.endpoint.time.sleep", sleep)
    client: Any = world.client("route53", retries={"mode": mode, "total_max_attempts": 4})
    for _ in range(12):
        client.get_hosted_zone(Id="Z1")
    assert len(slept) == 2
    assert {record["code"] for record in world.records} == {None, "Throttling"}


def test_boto3_knows_the_error_when_it_gives_up(world: World) -> None:
    client = world.client("route53", retries={"total_max_attempts": 1})
    with pytest.raises(ClientError) as caught:
        for _ in range(6):
            client.get_hosted_zone(Id="Z1")
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "Throttling",
        "Message": "Rate exceeded",
    }
