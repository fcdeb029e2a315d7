"""Every operation of Route 53 through boto3, each reply held against the service model."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from e2e_service import Service, until
from e2e_shapes import Replies

POLICY = json.dumps(
    {
        "AWSPolicyFormatVersion": "2015-10-01",
        "RecordType": "A",
        "Endpoints": {
            "first": {"Type": "value", "Value": "192.0.2.1"},
            "second": {"Type": "value", "Value": "192.0.2.2"},
        },
        "Rules": {
            "split": {
                "RuleType": "weighted",
                "Items": [
                    {"EndpointReference": "first", "Weight": "1"},
                    {"EndpointReference": "second", "Weight": "3"},
                ],
            }
        },
        "StartRule": "split",
    }
)


def _reference() -> str:
    return secrets.token_hex(8)


@pytest.fixture(scope="module")
def world(service: Service) -> Iterator[tuple[Service, Any, Replies]]:
    client = service.session().client("route53", endpoint_url=service.facts["api"])
    yield service, client, Replies(client)


def _zone(client: Any, name: str, **more: Any) -> str:
    made = client.create_hosted_zone(Name=name, CallerReference=_reference(), **more)
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def _record(name: str, **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"Name": name, "Type": "A"}
    if "AliasTarget" not in more:
        base |= {"TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    return base | more


def _change(client: Any, zone: str, action: str, *sets: dict[str, Any]) -> str:
    changes = [{"Action": action, "ResourceRecordSet": one} for one in sets]
    batch = {"Comment": "a comment", "Changes": changes}
    done = client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    return str(done["ChangeInfo"]["Id"])


def _zones_and_records(client: Any) -> None:
    zone = _zone(client, "every.com", HostedZoneConfig={"Comment": "first"})
    other = _zone(client, "another.com")
    client.update_hosted_zone_comment(Id=zone, Comment="second")
    client.update_hosted_zone_features(HostedZoneId=zone, EnableAcceleratedRecovery=True)
    assert client.get_hosted_zone(Id=zone)["HostedZone"]["Config"]["Comment"] == "second"
    assert client.get_hosted_zone_count()["HostedZoneCount"] >= 2
    client.list_hosted_zones(MaxItems="1")
    page = client.list_hosted_zones_by_name(DNSName="another.com", MaxItems="1")
    assert page["HostedZones"][0]["Name"] == "another.com."
    check = client.create_health_check(
        CallerReference=_reference(),
        HealthCheckConfig={"Type": "HTTP", "IPAddress": "192.0.2.1", "Port": 80, "ResourcePath": "/"},
    )["HealthCheck"]["Id"]
    sets = [
        _record("simple.every.com"),
        _record("weighted.every.com", SetIdentifier="a", Weight=1, HealthCheckId=check),
        _record("weighted.every.com", SetIdentifier="b", Weight=3),
        _record("failover.every.com", SetIdentifier="a", Failover="PRIMARY", HealthCheckId=check),
        _record("failover.every.com", SetIdentifier="b", Failover="SECONDARY"),
        _record("multi.every.com", SetIdentifier="a", MultiValueAnswer=True),
        _record("latency.every.com", SetIdentifier="a", Region="eu-west-1"),
        _record("geo.every.com", SetIdentifier="a", GeoLocation={"CountryCode": "*"}),
        _record("geo.every.com", SetIdentifier="b", GeoLocation={"ContinentCode": "EU"}),
        _record(
            "near.every.com",
            SetIdentifier="a",
            GeoProximityLocation={"Coordinates": {"Latitude": "49.22", "Longitude": "-74.01"}, "Bias": 10},
        ),
        _record(
            "alias.every.com",
            AliasTarget={"HostedZoneId": zone, "DNSName": "simple.every.com", "EvaluateTargetHealth": False},
        ),
    ]
    change = _change(client, zone, "CREATE", *sets)
    in_sync = until(
        "INSYNC", lambda: client.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC" or None
    )
    assert in_sync
    listed = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert len(listed) == len(sets) + 2
    client.list_resource_record_sets(HostedZoneId=zone, MaxItems="3")
    client.create_resource_record_set_protections(
        HostedZoneId=zone,
        Protections=[{"RecordName": "simple.every.com", "RecordType": "A", "Comment": "mine"}],
    )
    assert client.list_resource_record_set_protections(HostedZoneId=zone)["ResourceRecordSetProtections"]
    client.delete_resource_record_set_protections(
        HostedZoneId=zone, Protections=[{"RecordName": "simple.every.com", "RecordType": "A"}]
    )
    answer = client.test_dns_answer(
        HostedZoneId=zone, RecordName="simple.every.com", RecordType="A", EDNS0ClientSubnetIP="192.0.2.0"
    )
    assert (answer["RecordData"], answer["ResponseCode"]) == (["192.0.2.1"], "NOERROR")
    tags = {"ResourceType": "hostedzone", "ResourceId": zone}
    client.change_tags_for_resource(**tags, AddTags=[{"Key": "k", "Value": "v"}])
    client.list_tags_for_resource(**tags)
    client.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[zone, other])
    _query_logging(client, zone)
    _change(client, zone, "DELETE", *[one for one in listed if one["Type"] not in ("NS", "SOA")])
    client.delete_hosted_zone(Id=other)
    _health(client, check)
    client.delete_hosted_zone(Id=zone)


def _query_logging(client: Any, zone: str) -> None:
    config = client.create_query_logging_config(
        HostedZoneId=zone,
        CloudWatchLogsLogGroupArn="arn:aws:logs:us-east-1:111111111111:log-group:/aws/route53/every.com:*",
    )["QueryLoggingConfig"]
    client.get_query_logging_config(Id=config["Id"])
    assert client.list_query_logging_configs(HostedZoneId=zone)["QueryLoggingConfigs"] == [config]
    client.delete_query_logging_config(Id=config["Id"])


def _health(client: Any, check: str) -> None:
    assert client.get_health_check_count()["HealthCheckCount"] >= 1
    client.get_health_check(HealthCheckId=check)
    client.update_health_check(HealthCheckId=check, FailureThreshold=5)
    client.list_health_checks(MaxItems="1")
    client.get_health_check_status(HealthCheckId=check)
    client.get_health_check_last_failure_reason(HealthCheckId=check)
    assert client.get_checker_ip_ranges()["CheckerIpRanges"]
    client.delete_health_check(HealthCheckId=check)


def _signing(service: Service, client: Any) -> None:
    zone = _zone(client, "signed-every.com")
    account = service.facts["accounts"][0]["id"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Principal": {"Service": "dnssec-route53.amazonaws.com"},
                "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
                "Resource": "*",
            },
        ],
    }
    key = service.client("kms").create_key(
        KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=json.dumps(policy)
    )
    name = {"HostedZoneId": zone, "Name": "every_ksk"}
    client.create_key_signing_key(
        **name,
        CallerReference=_reference(),
        KeyManagementServiceArn=key["KeyMetadata"]["Arn"],
        Status="INACTIVE",
    )
    client.activate_key_signing_key(**name)
    client.enable_hosted_zone_dnssec(HostedZoneId=zone)
    assert client.get_dnssec(HostedZoneId=zone)["Status"]["ServeSignature"] == "SIGNING"
    client.disable_hosted_zone_dnssec(HostedZoneId=zone)
    client.deactivate_key_signing_key(**name)
    client.delete_key_signing_key(**name)
    client.delete_hosted_zone(Id=zone)


def _delegation_sets(client: Any) -> None:
    made = client.create_reusable_delegation_set(CallerReference=_reference())["DelegationSet"]["Id"]
    client.get_reusable_delegation_set(Id=made)
    client.list_reusable_delegation_sets(MaxItems="1")
    zone = _zone(client, "on-a-set.com", DelegationSetId=made)
    limit = client.get_reusable_delegation_set_limit(
        DelegationSetId=made, Type="MAX_ZONES_BY_REUSABLE_DELEGATION_SET"
    )
    assert limit["Count"] == 1
    client.delete_hosted_zone(Id=zone)
    client.delete_reusable_delegation_set(Id=made)
    for kind in (
        "MAX_HEALTH_CHECKS_BY_OWNER",
        "MAX_HOSTED_ZONES_BY_OWNER",
        "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER",
        "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER",
        "MAX_TRAFFIC_POLICIES_BY_OWNER",
    ):
        assert client.get_account_limit(Type=kind)["Limit"]["Value"] > 0


def _private_zones(service: Service, client: Any) -> None:
    first, second = service.facts["accounts"][:2]
    own, foreign = (
        next(r for r in service.facts["resolvers"] if r["account"] == account["id"])
        for account in (first, second)
    )
    vpc, its_vpc = ({"VPCRegion": r["region"], "VPCId": r["vpc_id"]} for r in (own, foreign))
    zone = _zone(client, "private-every.com", VPC=vpc)
    assert client.get_hosted_zone(Id=zone)["VPCs"] == [vpc]
    client.create_vpc_association_authorization(HostedZoneId=zone, VPC=its_vpc)
    assert client.list_vpc_association_authorizations(HostedZoneId=zone)["VPCs"] == [its_vpc]
    guest = service.client("route53", 1)
    guest.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC=its_vpc)
    client.delete_vpc_association_authorization(HostedZoneId=zone, VPC=its_vpc)
    assert client.list_hosted_zones_by_vpc(VPCId=vpc["VPCId"], VPCRegion=vpc["VPCRegion"])
    client.disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC=its_vpc)
    third = service.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    client.associate_vpc_with_hosted_zone(
        HostedZoneId=zone, VPC={"VPCRegion": "us-east-1", "VPCId": third}, Comment="mine too"
    )
    assert client.get_hosted_zone_limit(HostedZoneId=zone, Type="MAX_VPCS_ASSOCIATED_BY_ZONE")["Count"] == 2
    client.get_hosted_zone_limit(HostedZoneId=zone, Type="MAX_RRSETS_BY_ZONE")
    client.delete_hosted_zone(Id=zone)


def _blocks_and_places(client: Any) -> None:
    made = client.create_cidr_collection(Name=_reference(), CallerReference=_reference())["Collection"]["Id"]
    change = {"LocationName": "office", "CidrList": ["192.0.2.0/24", "2001:db8::/32"]}
    client.change_cidr_collection(Id=made, Changes=[{**change, "Action": "PUT"}])
    assert client.list_cidr_collections()["CidrCollections"]
    assert client.list_cidr_locations(CollectionId=made)["CidrLocations"]
    assert len(client.list_cidr_blocks(CollectionId=made, LocationName="office")["CidrBlocks"]) == 2
    zone = _zone(client, "cidr-every.com")
    routed = [
        _record(
            "c.cidr-every.com",
            SetIdentifier=where,
            CidrRoutingConfig={"CollectionId": made, "LocationName": where},
        )
        for where in ("office", "*")
    ]
    _change(client, zone, "CREATE", *routed)
    listed = client.list_resource_record_sets(HostedZoneId=zone, StartRecordName="c.cidr-every.com")
    assert len(listed["ResourceRecordSets"]) == 2
    _change(client, zone, "DELETE", *routed)
    client.delete_hosted_zone(Id=zone)
    client.change_cidr_collection(Id=made, Changes=[{**change, "Action": "DELETE_IF_EXISTS"}])
    client.delete_cidr_collection(Id=made)
    client.get_geo_location(CountryCode="US", SubdivisionCode="CA")
    client.get_geo_location(ContinentCode="EU")
    client.list_geo_locations(MaxItems="5")
    client.list_geo_locations(StartCountryCode="US", MaxItems="5")


def _traffic(client: Any) -> None:
    zone = _zone(client, "traffic-every.com")
    policy = client.create_traffic_policy(Name=_reference(), Document=POLICY, Comment="one")["TrafficPolicy"]
    second = client.create_traffic_policy_version(Id=policy["Id"], Document=POLICY)["TrafficPolicy"]
    which = {"Id": policy["Id"], "Version": policy["Version"]}
    client.get_traffic_policy(**which)
    client.update_traffic_policy_comment(**which, Comment="two")
    client.list_traffic_policies(MaxItems="1")
    client.list_traffic_policy_versions(Id=policy["Id"])
    instance = client.create_traffic_policy_instance(
        HostedZoneId=zone,
        Name="www.traffic-every.com",
        TTL=60,
        TrafficPolicyId=policy["Id"],
        TrafficPolicyVersion=policy["Version"],
    )["TrafficPolicyInstance"]["Id"]
    state = until(
        "Applied",
        lambda: (
            client.get_traffic_policy_instance(Id=instance)["TrafficPolicyInstance"]["State"] == "Applied"
            or None
        ),
    )
    assert state
    client.list_resource_record_sets(HostedZoneId=zone)
    assert client.get_traffic_policy_instance_count()["TrafficPolicyInstanceCount"] >= 1
    client.list_traffic_policy_instances(MaxItems="1")
    client.list_traffic_policy_instances_by_hosted_zone(HostedZoneId=zone)
    client.list_traffic_policy_instances_by_policy(
        TrafficPolicyId=policy["Id"], TrafficPolicyVersion=policy["Version"]
    )
    client.update_traffic_policy_instance(
        Id=instance, TTL=120, TrafficPolicyId=policy["Id"], TrafficPolicyVersion=second["Version"]
    )
    client.delete_traffic_policy_instance(Id=instance)
    for version in (policy["Version"], second["Version"]):
        client.delete_traffic_policy(Id=policy["Id"], Version=version)
    client.delete_hosted_zone(Id=zone)


def test_every_operation_answers_in_its_shape(world: tuple[Service, Any, Replies]) -> None:
    service, client, replies = world
    _zones_and_records(client)
    _signing(service, client)
    _delegation_sets(client)
    _private_zones(service, client)
    _blocks_and_places(client)
    _traffic(client)
    assert replies.called == set(client.meta.service_model.operation_names)
