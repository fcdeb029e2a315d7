"""VPCs as the operator asks for them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from operations_world import services_of
from seal53.base.clock import UnixTime
from seal53.base.ids import AccountId
from seal53.services import operator
from seal53.services.context import Caller, Services
from seal53.services.faults import AwsFault
from seal53.store import changes, outbox
from seal53.zones.addresses import RESOLVERS

A, B = AccountId("111111111111"), AccountId("222222222222")
NOW = UnixTime(1_790_000_000)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with services_of(tmp_path, A, B, now=NOW) as made:
        yield made


def caller(account_id: AccountId, region: str = "eu-west-1") -> Caller:
    return Caller(account_id=account_id, access_key_id="AKIA", region=region, request_id="request", now=NOW)


def test_a_vpc_comes_with_a_change_that_its_resolver_closes(services: Services) -> None:
    made = operator.create_vpc(services, {"region": "us-west-2"}, caller(A))
    assert made.keys() == {"vpc_id", "region", "account", "address", "change_id"}
    assert (made["region"], made["account"], made["address"]) == ("us-west-2", A, "127.53.0.254")
    with services.store.read() as tx:
        change = changes.get(tx, made["change_id"])
        (row,) = outbox.pending(tx)
    assert change is not None
    assert (change.subject, change.version) == (row.subject, row.version) == (f"vpc:{made['vpc_id']}", 1)
    assert operator.create_vpc(services, {}, caller(A))["region"] == "eu-west-1"


def test_an_accounts_vpcs_are_listed_whatever_their_region(services: Services) -> None:
    made = [
        operator.create_vpc(services, {"region": region}, caller(A)) for region in ("us-east-1", "eu-west-1")
    ]
    operator.create_vpc(services, {}, caller(B))
    listed = operator.list_vpcs(services, {}, caller(A))["vpcs"]
    wanted = [{key: vpc[key] for key in ("vpc_id", "region", "account", "address")} for vpc in made]
    assert sorted(listed, key=lambda vpc: vpc["address"]) == sorted(wanted, key=lambda vpc: vpc["address"])


def test_what_is_no_request(services: Services) -> None:
    for call, request in (
        (operator.create_vpc, {"cidr": "10.0.0.0/16"}),
        (operator.create_vpc, {"region": ""}),
        (operator.create_vpc, {"region": "a\nb"}),
        (operator.list_vpcs, {"region": "us-east-1"}),
    ):
        with pytest.raises(AwsFault) as fault:
            call(services, request, caller(A))
        assert fault.value.error == "ValidationException"


def test_the_block_and_an_accounts_share_of_it_are_limits(services: Services) -> None:
    for _ in range(RESOLVERS):
        operator.create_vpc(services, {}, caller(A))
    with pytest.raises(AwsFault, match="which is the most for one account") as fault:
        operator.create_vpc(services, {}, caller(A))
    assert fault.value.error == "LimitExceededException"
    small = replace(services, limits=replace(services.limits, address_block="127.54.0.0/29"))
    for _ in range(3):
        operator.create_vpc(small, {}, caller(B))
    with pytest.raises(AwsFault, match="no free addresses left") as fault:
        operator.create_vpc(small, {}, caller(B))
    assert fault.value.error == "LimitExceededException"
