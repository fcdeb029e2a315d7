"""A whole service with `--limits aws`: quotas, five calls a second, one change of a zone at a time; and that
boto3 gets through by its own retries.
"""

import secrets
import threading
import time
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from e2e_service import Service, Starter, until


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Any:
    starter = Starter(tmp_path_factory.mktemp("aws"))
    yield starter("--ephemeral", "--limits", "aws")
    starter.end()


def client(service: Service, name: str, attempts: int, account: int = 0) -> Any:
    return service.session(account).client(
        name,
        endpoint_url=service.facts["api"],
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )


def refused(call: Any, **arguments: Any) -> str | None:
    try:
        call(**arguments)
    except ClientError as e:
        return str(e.response["Error"]["Code"])
    return None


def test_a_burst_is_cut_to_five_a_second(aws: Service) -> None:
    once = client(aws, "route53", 1, account=1)  # whose bucket is full: no other test spends from it
    begun = time.monotonic()
    codes = [refused(once.list_hosted_zones) for _ in range(40)]
    took = time.monotonic() - begun
    assert set(codes) == {None, "Throttling"}
    assert 5 <= codes.count(None) <= 5 + 5 * took + 1
    assert codes[:5] == [None] * 5
    tags = {"ResourceType": "hostedzone", "ResourceId": "Z1"}
    assert "ThrottlingException" in [refused(once.list_tags_for_resource, **tags) for _ in range(10)]
    assert refused(client(aws, "route53", 10).list_hosted_zones) is None


def test_boto3_gets_through(aws: Service) -> None:
    patient = client(aws, "route53", 10)
    for _ in range(8):
        patient.get_hosted_zone_count()


def test_the_quotas_are_awss(aws: Service) -> None:
    patient = client(aws, "route53", 10)
    limit = patient.get_account_limit(Type="MAX_HOSTED_ZONES_BY_OWNER")
    assert limit["Limit"]["Value"] == 500
    name = f"quota-{secrets.token_hex(4)}.example"
    made = patient.create_hosted_zone(Name=name, CallerReference=name)
    record_set = {"Name": name, "Type": "TXT", "TTL": 1, "ResourceRecords": [{"Value": '"x"'}]}
    changes = [
        {"Action": "CREATE", "ResourceRecordSet": record_set | {"Name": f"n{n}.{name}"}} for n in range(1001)
    ]
    with pytest.raises(ClientError) as caught:
        patient.change_resource_record_sets(
            HostedZoneId=made["HostedZone"]["Id"], ChangeBatch={"Changes": changes}
        )
    assert caught.value.response["Error"]["Code"] in ("InvalidChangeBatch", "InvalidInput")


def test_without_the_profile_nothing_is_throttled(start: Starter) -> None:
    service = start("--ephemeral")
    once = client(service, "route53", 1)
    assert [refused(once.list_hosted_zones) for _ in range(60)] == [None] * 60
    zone_id, _ = service.zone("many.example.")
    codes: list[str | None] = []

    def change(n: int) -> None:
        record_set = {"Name": f"n{n}.many.example", "Type": "A", "TTL": 1}
        record_set |= {"ResourceRecords": [{"Value": "192.0.2.1"}]}  # type: ignore[dict-item]
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record_set}]}
        own = client(service, "route53", 1)
        codes.append(refused(own.change_resource_record_sets, HostedZoneId=zone_id, ChangeBatch=batch))

    threads = [threading.Thread(target=change, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [None] * 12
    until("all of them", lambda: len(_listed(once, zone_id)) == 14 or None)


def _listed(route53: Any, zone_id: str) -> list[Any]:
    found: list[Any] = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    return found
