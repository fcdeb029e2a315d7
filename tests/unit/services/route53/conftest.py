"""The operations of Route 53 on a real database, without HTTP and without a wall clock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from operations_world import LIMITS, NoParent, refusal, steady_entropy
from seal53 import registry
from seal53.base.clock import ManualClock
from seal53.base.ids import AccountId, Ids, VpcId
from seal53.registry import RegistrySettings
from seal53.services import route53
from seal53.services.context import Caller, Services
from seal53.store import Store, accounts, vpcs
from seal53.store.vpcs import Vpc

KEK = bytes(range(32))
A, B = AccountId("111111111111"), AccountId("222222222222")


@dataclass
class Api:
    """Calls operations as an account."""

    services: Services
    clock: ManualClock
    caller: Caller

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        caller = replace(self.caller, now=self.clock.now())
        return dict(route53.OPERATIONS[operation](self.services, request, caller))

    def refused(self, operation: str, **request: Any) -> tuple[str, str]:
        """Code and message of the AWS error."""
        return refusal(self, operation, **request)

    def zone(self, name: str = "example.com", **request: Any) -> str:
        """A new zone's id."""
        reference = request.pop("CallerReference", f"{name}-{self.services.ids.hex(8)}")
        made = self("CreateHostedZone", Name=name, CallerReference=reference, **request)
        return str(made["HostedZone"]["Id"])

    def change(self, zone_id: str, *changes: dict[str, Any], **batch: Any) -> dict[str, Any]:
        return self(
            "ChangeResourceRecordSets", HostedZoneId=zone_id, ChangeBatch={"Changes": list(changes), **batch}
        )

    def sets(self, zone_id: str, **request: Any) -> list[dict[str, Any]]:
        return list(self("ListResourceRecordSets", HostedZoneId=zone_id, **request)["ResourceRecordSets"])


def _put(
    name: str, rtype: str = "A", *values: str, action: str = "CREATE", ttl: int = 300, **members: Any
) -> dict[str, Any]:
    record_set: dict[str, Any] = {"Name": name, "Type": rtype, **members}
    if "AliasTarget" not in members:
        record_set["TTL"] = ttl
        record_set["ResourceRecords"] = [{"Value": value} for value in values or ("192.0.2.1",)]
    return {"Action": action, "ResourceRecordSet": record_set}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def services(tmp_path: Path, clock: ManualClock) -> Iterator[Services]:
    store = Store(tmp_path / "store.db")
    store.open()
    ids = Ids(steady_entropy())
    with store.write() as tx:
        for account_id in (A, B):
            accounts.create(tx, id=account_id, name=f"account {account_id[0]}", now=clock.now())
            vpcs.insert(
                tx,
                Vpc(
                    id=VpcId(f"vpc-{account_id[0] * 8}"),
                    account_id=account_id,
                    region="eu-west-1",
                    address=f"127.53.0.{255 - int(account_id[0])}",
                    created_at=clock.now(),
                ),
            )
        registry.bootstrap(
            tx,
            kek=KEK,
            ids=ids,
            now=clock.now(),
            settings=RegistrySettings(
                tlds=("com.", "co.uk."), root_address="127.53.0.1", tld_addresses=("127.53.0.2", "127.53.0.3")
            ),
        )
    yield Services(
        store=store,
        kek=KEK,
        ids=ids,
        probe=NoParent(),
        limits=LIMITS,
    )
    store.close()


def _api(services: Services, clock: ManualClock, account_id: AccountId) -> Api:
    caller = Caller(
        account_id=account_id,
        access_key_id=f"AKIA{account_id}",
        region="us-east-1",
        request_id="request",
        now=clock.now(),
    )
    return Api(services, clock, caller)


@pytest.fixture
def a(services: Services, clock: ManualClock) -> Api:
    """The first account's calls."""
    return _api(services, clock, A)


@pytest.fixture
def b(services: Services, clock: ManualClock) -> Api:
    """The second account's calls."""
    return _api(services, clock, B)


@pytest.fixture(name="put")
def _put_fixture() -> Callable[..., dict[str, Any]]:
    """Makes one change of a batch; CREATE unless told."""
    return _put
