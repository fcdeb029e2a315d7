"""What one account does holds up no other account's changes."""

from typing import Any

from seal53.app.limits import one_at_a_time
from seal53.base.clock import UnixTime
from seal53.base.ids import AccountId
from seal53.services.context import Caller
from seal53.services.quotas import AWS

SERVICES: Any = None


def caller(account: str) -> Caller:
    return Caller(
        account_id=AccountId(account),
        access_key_id="K",
        region="us-east-1",
        request_id="r",
        now=UnixTime(0),
    )


def test_a_call_for_another_accounts_zone_is_no_prior_request() -> None:
    made: list[str] = []

    def change(services: Any, request: Any, by: Caller) -> dict[str, Any]:
        made.append(by.account_id)
        if len(made) == 1:  # while the first one is running
            guarded["ChangeResourceRecordSets"](services, request, caller("222222222222"))
        return {}

    guarded = one_at_a_time({"ChangeResourceRecordSets": change}, AWS)
    guarded["ChangeResourceRecordSets"](SERVICES, {"HostedZoneId": "Z1"}, caller("111111111111"))
    assert made == ["111111111111", "222222222222"]
