"""The profile `aws`: how many calls a second, and one change of a zone at a time."""

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from seal53.app.limits import ONE_AT_A_TIME, Throttle, one_at_a_time
from seal53.base.clock import UnixTime
from seal53.base.ids import AccountId
from seal53.gateway import models
from seal53.services import route53
from seal53.services.context import Caller
from seal53.services.faults import AwsFault
from seal53.services.quotas import AWS, OPEN

SERVICES: Any = None


def caller(account: str = "111111111111", region: str = "us-east-1") -> Caller:
    return Caller(
        account_id=AccountId(account), access_key_id="K", region=region, request_id="r", now=UnixTime(0)
    )


def admitted(throttle: Throttle, at: float, *, calls: int, service: str = "route53", **who: str) -> int:
    return sum(throttle.admits(service, caller(**who), at) for _ in range(calls))


def test_five_calls_a_second_for_each_account() -> None:
    throttle = Throttle(AWS)
    assert admitted(throttle, 100.0, calls=20) == 5
    assert admitted(throttle, 100.0, calls=20, account="222222222222") == 5
    assert admitted(throttle, 100.1, calls=20) == 0
    assert admitted(throttle, 100.2, calls=20) == 1
    assert admitted(throttle, 100.7, calls=20) == 2
    assert admitted(throttle, 900.0, calls=20) == 5


def test_over_time_no_more_than_the_rate() -> None:
    throttle = Throttle(AWS)
    assert sum(admitted(throttle, at / 64, calls=1) for at in range(64 * 60)) == 5 + 5 * 60 - 1


def test_the_resolver_counts_for_itself_and_no_region_helps() -> None:
    throttle = Throttle(AWS)
    for service in ("route53", "route53resolver"):
        assert admitted(throttle, 0.0, calls=9, service=service) == 5
        for n in range(20):
            assert admitted(throttle, 0.0, calls=1, service=service, region=f"made-up-{n}") == 0
    for service in ("kms", "sts", "iam", "seal53"):
        assert admitted(throttle, 0.0, calls=99, service=service) == 99


def test_the_open_profile_throttles_nobody() -> None:
    assert admitted(Throttle(OPEN), 0.0, calls=1000) == 1000


def test_made_up_regions_take_no_memory() -> None:
    throttle = Throttle(AWS)
    for n in range(1000):
        admitted(throttle, n / 1000, calls=1, service="route53resolver", region=f"made-up-{n}")
    assert len(throttle._buckets) == 1


def test_only_what_declares_it_is_refused_for_a_prior_change() -> None:
    service = models.load("route53")
    for name, member in ONE_AT_A_TIME.items():
        served = service.operations[name]
        assert "PriorRequestNotComplete" in served.errors
        assert served.input is not None
        assert served.input.members[member].name == "ResourceId"
        assert name in route53.OPERATIONS


class Slow:
    """An operation that goes on until it is told to end."""

    def __init__(self) -> None:
        self.begun, self.end = threading.Semaphore(0), threading.Event()

    def __call__(self, services: Any, request: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        self.begun.release()
        assert self.end.wait(10)
        if request.get("fails"):
            raise ValueError("it failed")
        return {}


@pytest.mark.parametrize("fails", [False, True])
def test_a_second_change_of_a_zone_is_refused_while_one_is_running(fails: bool) -> None:
    slow = Slow()
    change = one_at_a_time({"ChangeResourceRecordSets": slow, "DeleteHostedZone": slow}, AWS)
    failures: list[BaseException] = []

    def first() -> None:
        try:
            change["ChangeResourceRecordSets"](SERVICES, {"HostedZoneId": "Z1", "fails": fails}, caller())
        except ValueError as e:
            failures.append(e)

    thread = threading.Thread(target=first)
    thread.start()
    slow.begun.acquire()
    for name, member in (("ChangeResourceRecordSets", "HostedZoneId"), ("DeleteHostedZone", "Id")):
        with pytest.raises(AwsFault) as refused:
            change[name](SERVICES, {member: "Z1"}, caller())
        assert refused.value.error == "PriorRequestNotComplete"
        assert str(refused.value.message) == (
            "The request was rejected because Route 53 was still processing a prior request."
        )
    slow.end.set()
    thread.join()
    assert len(failures) == fails
    for zone in ("Z1", "Z2"):
        assert change["DeleteHostedZone"](SERVICES, {"Id": zone}, caller()) == {}


def test_another_zone_is_not_held_up() -> None:
    slow = Slow()
    change = one_at_a_time({"ChangeResourceRecordSets": slow}, AWS)["ChangeResourceRecordSets"]
    threads = [
        threading.Thread(target=change, args=(SERVICES, {"HostedZoneId": f"Z{n}"}, caller()))
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert slow.begun.acquire(timeout=10)
    slow.end.set()
    for thread in threads:
        thread.join()


def test_in_the_open_profile_changes_wait_for_one_another() -> None:
    assert one_at_a_time(route53.OPERATIONS, OPEN) is route53.OPERATIONS
    limited = one_at_a_time(route53.OPERATIONS, AWS)
    assert limited.keys() == route53.OPERATIONS.keys()
    assert {n for n in limited if limited[n] is not route53.OPERATIONS[n]} == set(ONE_AT_A_TIME)
