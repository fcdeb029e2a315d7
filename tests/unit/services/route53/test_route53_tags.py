"""Tags of hosted zones and health checks.

Not provoked here: ThrottlingException and PriorRequestNotComplete, which are the gateway's and the profile's;
more than ten of anything in a call, which the gateway refuses by the model.
"""

from dataclasses import replace
from typing import Any

import pytest

from seal53.base.clock import ManualClock
from seal53.services.context import Services
from seal53.services.quotas import OPEN
from seal53.store import health_checks
from seal53.store.health_checks import HealthCheck

CHECK = "01234567-89ab-cdef-0123-456789abcdef"
CHANGE, ONE, SOME = "ChangeTagsForResource", "ListTagsForResource", "ListTagsForResources"


@pytest.fixture(autouse=True)
def _check(services: Services, clock: ManualClock) -> None:
    """The first account has a health check."""
    with services.store.write() as tx:
        health_checks.insert(
            tx,
            HealthCheck(
                id=CHECK,
                account_id="111111111111",
                caller_reference="r",
                config={"Type": "TCP"},
                created_at=clock.now(),
            ),
        )


def tags(api: Any, kind: str, resource_id: str) -> dict[str, str]:
    found = api(ONE, ResourceType=kind, ResourceId=resource_id)["ResourceTagSet"]
    assert (found["ResourceType"], found["ResourceId"]) == (kind, resource_id)
    return {tag["Key"]: tag["Value"] for tag in found["Tags"]}


def add(**tags: str | None) -> list[dict[str, str]]:
    return [{"Key": key, **({} if value is None else {"Value": value})} for key, value in tags.items()]


@pytest.mark.parametrize("kind", ["hostedzone", "healthcheck"])
def test_tags_are_added_replaced_and_taken_away(a: Any, kind: str) -> None:
    of = {"ResourceType": kind, "ResourceId": a.zone("example.com") if kind == "hostedzone" else CHECK}
    assert a(ONE, **of) == {"ResourceTagSet": {**of, "Tags": []}}
    assert a(CHANGE, **of, AddTags=add(b="2", a="1", c=None)) == {}
    assert list(tags(a, *of.values()).items()) == [("a", "1"), ("b", "2"), ("c", "")]
    a(CHANGE, **of, AddTags=add(b="two"), RemoveTagKeys=["c", "never there"])
    assert tags(a, *of.values()) == {"a": "1", "b": "two"}
    a(CHANGE, **of, AddTags=add(a="new"), RemoveTagKeys=["a", "b"])
    assert tags(a, *of.values()) == {"a": "new"}
    a(CHANGE, **of, RemoveTagKeys=["b"])


def test_keys_differ_by_case(a: Any) -> None:
    zone_id = a.zone("example.com")
    a(CHANGE, ResourceType="hostedzone", ResourceId=zone_id, AddTags=add(key="1", KEY="2"))
    assert tags(a, "hostedzone", zone_id) == {"KEY": "2", "key": "1"}


def test_several_resources_are_listed_in_the_order_of_their_ids(a: Any) -> None:
    zones = [a.zone(f"n{n}.com") for n in range(3)]
    for n, zone_id in enumerate(zones[:2]):
        a(CHANGE, ResourceType="hostedzone", ResourceId=zone_id, AddTags=add(n=str(n)))
    wanted = [zones[2], zones[0], zones[1], zones[0]]
    assert a(SOME, ResourceType="hostedzone", ResourceIds=wanted)["ResourceTagSets"] == [
        {"ResourceType": "hostedzone", "ResourceId": zones[2], "Tags": []},
        {"ResourceType": "hostedzone", "ResourceId": zones[0], "Tags": [{"Key": "n", "Value": "0"}]},
        {"ResourceType": "hostedzone", "ResourceId": zones[1], "Tags": [{"Key": "n", "Value": "1"}]},
    ]
    assert len(a(SOME, ResourceType="healthcheck", ResourceIds=[CHECK])["ResourceTagSets"]) == 1


@pytest.mark.parametrize("operation", [CHANGE, ONE, SOME])
def test_only_ones_own_resources_have_tags(a: Any, b: Any, operation: str) -> None:
    def refused(api: Any, kind: str, resource_id: str) -> tuple[str, str]:
        request: dict[str, Any] = {"ResourceType": kind}
        request |= {"ResourceIds": [resource_id]} if operation == SOME else {"ResourceId": resource_id}
        request |= {"AddTags": add(k="v")} if operation == CHANGE else {}
        refusal: tuple[str, str] = api.refused(operation, **request)
        return refusal

    zone_id = a.zone("example.com")
    for api, wanted in ((b, zone_id), (a, "/hostedzone/Z0"), (a, "Z0"), (a, zone_id[:1] + "9" * 31)):
        assert refused(api, "hostedzone", wanted) == (
            "NoSuchHostedZone",
            f"No hosted zone found with ID: {wanted}",
        )
    for wanted in (f"/hostedzone/{zone_id}", CHECK):
        assert refused(a, "hostedzone", wanted) == (
            "InvalidInput",
            f"1 validation error detected: Value '{wanted}' at 'resourceId' failed to satisfy constraint:"
            " Member must have length less than or equal to 32",
        )
    for api, wanted in ((b, CHECK), (a, "none"), (a, zone_id)):
        assert refused(api, "healthcheck", wanted) == (
            "NoSuchHealthCheck",
            f"A health check with id {wanted} does not exist.",
        )


def test_one_resource_that_is_not_there_refuses_the_list(a: Any) -> None:
    wanted = [a.zone("example.com"), "Z0"]
    assert a.refused(SOME, ResourceType="hostedzone", ResourceIds=wanted)[0] == "NoSuchHostedZone"


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"AddTags": [], "RemoveTagKeys": []},
        {"AddTags": [{"Value": "without a key"}]},
        {"AddTags": [{"Key": "", "Value": "v"}]},
        {"AddTags": [{"Key": "aws:mine", "Value": "v"}]},
        {"AddTags": [{"Key": "AWS:mine", "Value": "v"}]},
        {"AddTags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]},
    ],
)
def test_what_is_no_change_of_tags(a: Any, request_: dict[str, Any]) -> None:
    zone_id = a.zone("example.com")
    of = {"ResourceType": "hostedzone", "ResourceId": zone_id}
    assert a.refused(CHANGE, **of, **request_)[0] == "InvalidInput"
    assert tags(a, "hostedzone", zone_id) == {}


def test_a_resource_has_so_many_tags(a: Any) -> None:
    limits = replace(a.services.limits, quotas=replace(OPEN, tags=3))
    few = replace(a, services=replace(a.services, limits=limits))
    zone_id = a.zone("example.com")
    of = {"ResourceType": "hostedzone", "ResourceId": zone_id}
    few(CHANGE, **of, AddTags=add(a="1", b="2", c="3"))
    assert few.refused(CHANGE, **of, AddTags=add(d="4")) == ("InvalidInput", "A resource has at most 3 tags")
    few(CHANGE, **of, AddTags=add(d="4"), RemoveTagKeys=["a"])
    few(CHANGE, **of, AddTags=add(d="5"))
    assert tags(a, "hostedzone", zone_id) == {"b": "2", "c": "3", "d": "5"}
