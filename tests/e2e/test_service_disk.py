"""A disk that takes nothing for a while: writes are refused in AWS's manner, everything else goes on."""

import resource

import pytest
from botocore.exceptions import ClientError
from e2e_service import Starter

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def test_a_disk_that_takes_nothing(start: Starter) -> None:
    service = start("--ephemeral")
    route53 = service.client("route53")
    zone_id, servers = service.zone("disk.example.")
    service.in_sync(service.upsert(zone_id, "a.disk.example.", "A", "192.0.2.1"))
    control = service.facts["pids"]["control"][0]
    # no file of this process grows beyond what its log needs
    resource.prlimit(control, resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            service.upsert(zone_id, "b.disk.example.", "A", "192.0.2.2")
        assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert len(route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]) == 3
    assert service.values(servers[0], "a.disk.example.") == ["192.0.2.1"]
    said = service.log.read_text()
    assert '"event": "unavailable"' in said
    assert "Traceback" not in said

    resource.prlimit(control, resource.RLIMIT_FSIZE, UNLIMITED)
    service.in_sync(service.upsert(zone_id, "b.disk.example.", "A", "192.0.2.2"))
    assert service.values(servers[3], "b.disk.example.") == ["192.0.2.2"]
    assert service.facts["pids"]["control"] == [control]
