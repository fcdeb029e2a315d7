"""The table of faults, and who is calling."""

from typing import Any, cast

from seal53.base.clock import UnixTime
from seal53.base.errors import Fault
from seal53.base.ids import AccountId
from seal53.services import sts
from seal53.services.context import Caller, Services
from seal53.services.faults import AwsFault, render
from seal53.zones.addresses import AddressesExhausted
from seal53.zones.change import BatchRefused, InvalidRequest
from seal53.zones.names import BadName
from seal53.zones.rdata import BadValue


def test_each_fault_of_the_zones_room_has_its_aws_error() -> None:
    cases: list[tuple[Fault, str]] = [
        (BatchRefused(["one", "two"]), "InvalidChangeBatch"),
        (InvalidRequest("wrong"), "InvalidInput"),
        (BadName("A", "b", "c"), "InvalidInput"),
        (BadValue("A", "b", "c"), "InvalidInput"),
        (AddressesExhausted("full"), "DelegationSetNotAvailable"),
    ]
    for fault, code in cases:
        assert render(fault) == (code, str(fault), {})
    assert str(cases[0][0]) == "[one, two]"


def test_a_fault_that_is_not_in_the_table_is_not_shown() -> None:
    assert render(Fault("the disk is on fire")) is None


def test_a_modelled_error_is_shown_with_its_members() -> None:
    assert render(AwsFault("NoSuchChange", "gone", id="C1")) == ("NoSuchChange", "gone", {"id": "C1"})


def test_the_caller_is_the_principal_of_its_account() -> None:
    caller = Caller(
        account_id=AccountId("111111111111"),
        access_key_id="AKIAX",
        region="eu-west-1",
        request_id="r",
        now=UnixTime(0),
    )
    services = cast(Services, cast(Any, None))
    assert sts.OPERATIONS["GetCallerIdentity"](services, {}, caller) == {
        "UserId": "111111111111",
        "Account": "111111111111",
        "Arn": "arn:aws:iam::111111111111:root",
    }
