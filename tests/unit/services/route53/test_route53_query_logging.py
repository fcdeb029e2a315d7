"""Query logging configurations.

Never provoked: NoSuchCloudWatchLogsLogGroup and InsufficientCloudWatchLogsResourcePolicy, as log groups are
directories that are made on demand; ConcurrentModification, as calls wait for one another.
"""

from typing import Any

import pytest

from seal53.services.context import Services
from seal53.store import outbox, query_logging

VPC_A = {"VPCId": "vpc-11111111", "VPCRegion": "eu-west-1"}
GROUP = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/route53/example.com"
CREATE, GET, LIST, DELETE = (
    f"{verb}QueryLoggingConfig{'s' if verb == 'List' else ''}" for verb in ("Create", "Get", "List", "Delete")
)


def create(api: Any, zone_id: str, arn: str = GROUP) -> dict[str, str]:
    made = api(CREATE, HostedZoneId=zone_id, CloudWatchLogsLogGroupArn=arn)["QueryLoggingConfig"]
    return dict(made)


def announced(services: Services) -> list[int]:
    with services.store.read() as tx:
        return [row.version for row in outbox.pending(tx) if (row.subject, row.kind) == ("logging",) * 2]


def test_a_config_comes_and_goes(a: Any, services: Services) -> None:
    zone_id = a.zone("example.com")
    made = a(CREATE, HostedZoneId=zone_id, CloudWatchLogsLogGroupArn=GROUP)
    config = made["QueryLoggingConfig"]
    assert config == {"Id": config["Id"], "HostedZoneId": zone_id, "CloudWatchLogsLogGroupArn": GROUP}
    assert made["Location"] == (f"https://route53.amazonaws.com/2013-04-01/queryloggingconfig/{config['Id']}")
    assert a(GET, Id=config["Id"]) == {"QueryLoggingConfig": config}
    assert announced(services) == [1]
    with services.store.read() as tx:
        assert query_logging.every(tx) == [(zone_id, "111111111111", "/aws/route53/example.com")]
    assert a(DELETE, Id=config["Id"]) == {}
    assert announced(services) == [1, 2]
    for operation in (GET, DELETE):
        assert a.refused(operation, Id=config["Id"]) == (
            "NoSuchQueryLoggingConfig",
            "The query logging configuration does not exist",
        )
    with services.store.read() as tx:
        assert query_logging.every(tx) == []


def test_a_zone_has_one_config(a: Any) -> None:
    zone_id = a.zone("example.com")
    create(a, zone_id)
    assert a.refused(CREATE, HostedZoneId=zone_id, CloudWatchLogsLogGroupArn=GROUP) == (
        "QueryLoggingConfigAlreadyExists",
        "A query logging configuration already exists for this hosted zone",
    )


def test_a_config_goes_with_its_zone(a: Any, services: Services) -> None:
    zone_id = a.zone("example.com")
    config = create(a, zone_id)
    a("DeleteHostedZone", Id=zone_id)
    assert a.refused(GET, Id=config["Id"])[0] == "NoSuchQueryLoggingConfig"
    assert announced(services) == [1, 2]


def test_queries_are_logged_for_own_public_zones(a: Any, b: Any) -> None:
    private, public = a.zone("corp", VPC=VPC_A), a.zone("example.com")
    arn = {"CloudWatchLogsLogGroupArn": GROUP}
    assert a.refused(CREATE, HostedZoneId=private, **arn)[0] == "InvalidInput"
    for zone_id in (public, "Z0"):
        assert b.refused(CREATE, HostedZoneId=zone_id, **arn) == (
            "NoSuchHostedZone",
            f"No hosted zone found with ID: {zone_id}",
        )


@pytest.mark.parametrize(
    ("arn", "group"),
    [
        (GROUP, "/aws/route53/example.com"),
        (GROUP + ":*", "/aws/route53/example.com"),
        ("arn:aws:logs:us-east-1:111111111111:log-group:plain", "plain"),
        ("arn:aws:logs:us-east-1:111111111111:log-group:a.b_c-d/e#f", "a.b_c-d/e#f"),
        ("arn:aws:logs:us-east-1:111111111111:log-group:" + "x" * 255, "x" * 255),
    ],
)
def test_log_groups_of_the_account_in_the_one_region(
    a: Any, services: Services, arn: str, group: str
) -> None:
    create(a, a.zone("example.com"), arn)
    with services.store.read() as tx:
        assert query_logging.every(tx)[0][2] == group


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "log-group",
        "arn:aws:logs:eu-west-1:111111111111:log-group:g",
        "arn:aws:logs:us-east-1:222222222222:log-group:g",
        "arn:aws:s3:us-east-1:111111111111:log-group:g",
        "arn:aws:logs:us-east-1:111111111111:log-group:",
        "arn:aws:logs:us-east-1:111111111111:log-group:g:log-stream:s",
        "arn:aws:logs:us-east-1:111111111111:log-group:a b",
        "arn:aws:logs:us-east-1:111111111111:log-group:a\\b",
        "arn:aws:logs:us-east-1:111111111111:log-group:" + "x" * 513,
        # what would lead elsewhere in the file system, or to another group's place
        "arn:aws:logs:us-east-1:111111111111:log-group:..",
        "arn:aws:logs:us-east-1:111111111111:log-group:/../../etc",
        "arn:aws:logs:us-east-1:111111111111:log-group:a/../b",
        "arn:aws:logs:us-east-1:111111111111:log-group:a/./b",
        "arn:aws:logs:us-east-1:111111111111:log-group:a//b",
        "arn:aws:logs:us-east-1:111111111111:log-group://a",
        "arn:aws:logs:us-east-1:111111111111:log-group:a/",
        "arn:aws:logs:us-east-1:111111111111:log-group:" + "x" * 256,
    ],
)
def test_what_is_no_log_group(a: Any, arn: str) -> None:
    zone_id = a.zone("example.com")
    assert a.refused(CREATE, HostedZoneId=zone_id, CloudWatchLogsLogGroupArn=arn) == (
        "InvalidInput",
        "The ARN for the CloudWatch Logs log group is invalid",
    )


def test_configs_are_listed_by_id_in_pages(a: Any, b: Any) -> None:
    made = sorted((create(a, a.zone(f"n{n}.com")) for n in range(3)), key=lambda config: config["Id"])
    create(b, b.zone("other.com"), GROUP.replace("1" * 12, "2" * 12))
    first = a(LIST, MaxResults="2")
    assert first["QueryLoggingConfigs"] == made[:2]
    rest = a(LIST, MaxResults="2", NextToken=first["NextToken"])
    assert rest == {"QueryLoggingConfigs": made[2:]}
    assert a(LIST) == {"QueryLoggingConfigs": made}
    # a token names a place, which may have been left
    a(DELETE, Id=made[2]["Id"])
    assert a(LIST, NextToken=first["NextToken"]) == {"QueryLoggingConfigs": []}
    assert a.refused(LIST, NextToken="x") == (
        "InvalidPaginationToken",
        "Route 53 can't get the next page of query logging configurations because the specified value for"
        " NextToken is invalid.",
    )
    assert a.refused(LIST, MaxResults="many")[0] == "InvalidInput"


def test_the_config_of_one_zone(a: Any, b: Any) -> None:
    with_one, without = a.zone("one.com"), a.zone("two.com")
    config = create(a, with_one)
    assert a(LIST, HostedZoneId=with_one) == {"QueryLoggingConfigs": [config]}
    assert a(LIST, HostedZoneId=without) == {"QueryLoggingConfigs": []}
    assert b.refused(LIST, HostedZoneId=with_one)[0] == "NoSuchHostedZone"
    assert b.refused(GET, Id=config["Id"])[0] == "NoSuchQueryLoggingConfig"
    assert b.refused(DELETE, Id=config["Id"])[0] == "NoSuchQueryLoggingConfig"
