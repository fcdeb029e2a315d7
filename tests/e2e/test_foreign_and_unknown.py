"""Ids of another account, and operations that are not there: refused in AWS's shape, and nothing is done."""

import secrets
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest
from botocore.config import Config
from botocore.model import Shape
from e2e_service import Service
from e2e_signed import create_key, other_key, signed_domain

SERVICES = ("route53", "route53domains", "route53resolver", "kms", "sts", "iam")
TEXTS = {"blob": b"x", "boolean": True, "timestamp": 0}


def smallest(shape: Shape, depth: int = 0) -> Any:
    """A value of a shape that the model's own constraints allow, as far as it is a plain one."""
    match shape.type_name:
        case "structure":
            required = shape.required_members if depth < 6 else []
            return {name: smallest(shape.members[name], depth + 1) for name in required}
        case "list":
            return [smallest(shape.member, depth + 1)] * max(1, shape.metadata.get("min", 1))
        case "map":
            return {smallest(shape.key, depth + 1): smallest(shape.value, depth + 1)}
        case "string":
            return shape.enum[0] if shape.enum else "x" * max(1, shape.metadata.get("min", 1))
        case "integer" | "long" | "float" | "double":
            return max(1, shape.metadata.get("min", 1))
        case other:
            return TEXTS[other]


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_of_the_model_gets_an_answer_of_its_service(service: Service, name: str) -> None:
    once = Config(retries={"total_max_attempts": 1})
    client = service.session(1).client(name, endpoint_url=service.facts["api"], config=once)
    missing = set()
    for operation in client.meta.service_model.operation_names:
        shape = client.meta.service_model.operation_model(operation).input_shape
        try:
            client._make_api_call(operation, smallest(shape) if shape else {})
        except botocore.exceptions.ClientError as e:
            status, error = e.response["ResponseMetadata"]["HTTPStatusCode"], e.response["Error"]
            assert error["Message"], operation
            assert e.response["ResponseMetadata"]["RequestId"], operation
            if status == 501:
                assert error["Code"] in ("NotImplemented", "NotImplementedException"), operation
                assert f"{name}:{operation}" in error["Message"]
                missing.add(operation)
            else:
                assert 400 <= status < 500, (operation, error)
                assert error["Code"] not in ("InvalidAction", "UnknownOperationException"), operation
    there = {
        "route53": {"ChangeResourceRecordSets", "GetChange", "GetDNSSEC", "EnableHostedZoneDNSSEC"},
        "route53domains": {"RegisterDomain", "GetOperationDetail"},
        "route53resolver": {"GetResolverDnssecConfig", "UpdateResolverDnssecConfig"},
        "kms": {"CreateKey", "Sign", "ScheduleKeyDeletion", "GetKeyPolicy"},
        "sts": {"GetCallerIdentity", "AssumeRole", "GetSessionToken"},
        "iam": {"CreateUser", "CreateRole", "PutUserPolicy"},
    }[name]
    absent = {
        "route53": set(),
        "route53domains": {"TransferDomain", "ViewBilling"},
        "route53resolver": {"CreateResolverEndpoint", "CreateFirewallRule"},
        "kms": {"Encrypt", "ReplicateKey"},
        "sts": {"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken"},
        "iam": {"CreateGroup", "CreateSAMLProvider"},
    }[name]
    assert absent <= missing
    assert missing.isdisjoint(there)
    assert absent or not missing


def test_ids_of_another_account(service: Service) -> None:
    domain = f"own-{secrets.token_hex(4)}.com"
    zone_id = signed_domain(service, domain)
    resolver = service.facts["resolvers"][0]
    vpc = {"VPCRegion": resolver["region"], "VPCId": resolver["vpc_id"]}
    route53, kms = service.client("route53"), service.client("kms")
    private = route53.create_hosted_zone(
        Name=f"own-{secrets.token_hex(4)}.internal", CallerReference=secrets.token_hex(8), VPC=vpc
    )["HostedZone"]["Id"]
    change_id = service.upsert(zone_id, f"a.{domain}", "A", "192.0.2.1")
    arn = create_key(service)
    signature = kms.sign(KeyId=arn, Message=b"x", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    policy = kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    domains = service.client("route53domains")
    detail = domains.get_domain_detail(DomainName=domain)
    operation_id = domains.update_domain_nameservers(
        DomainName=domain, Nameservers=[{"Name": s["Name"]} for s in detail["Nameservers"]]
    )["OperationId"]

    def facts() -> tuple[object, ...]:
        """What the owner sees."""
        return (
            route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"],
            route53.get_dnssec(HostedZoneId=zone_id)["KeySigningKeys"],
            kms.describe_key(KeyId=arn)["KeyMetadata"],
            kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"],
            {
                k: v
                for k, v in domains.get_domain_detail(DomainName=domain).items()
                if k != "ResponseMetadata"
            },
            service.client("route53resolver").get_resolver_dnssec_config(ResourceId=vpc["VPCId"])[
                "ResolverDNSSECConfig"
            ],
        )

    before = facts()
    theirs = service.client("route53", 1)
    record_set = {"Name": f"b.{domain}", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.66"}]}
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record_set}]}
    ksk = {"CallerReference": "r", "KeyManagementServiceArn": create_key(service, 1), "Status": "ACTIVE"}
    for known in (zone_id, private.rpartition("/")[2]):
        _refused(theirs.get_hosted_zone, "NoSuchHostedZone", known, Id=known)
        _refused(theirs.delete_hosted_zone, "NoSuchHostedZone", known, Id=known)
        _refused(theirs.list_resource_record_sets, "NoSuchHostedZone", known, HostedZoneId=known)
        _refused(
            theirs.change_resource_record_sets,
            "NoSuchHostedZone",
            known,
            HostedZoneId=known,
            ChangeBatch=batch,
        )
        _refused(theirs.get_dnssec, "NoSuchHostedZone", known, HostedZoneId=known)
        _refused(theirs.enable_hosted_zone_dnssec, "NoSuchHostedZone", known, HostedZoneId=known)
        _refused(theirs.disable_hosted_zone_dnssec, "NoSuchHostedZone", known, HostedZoneId=known)
        _refused(
            theirs.create_key_signing_key, "NoSuchHostedZone", known, HostedZoneId=known, Name="ksk2", **ksk
        )
        for call in (
            theirs.activate_key_signing_key,
            theirs.deactivate_key_signing_key,
            theirs.delete_key_signing_key,
        ):
            _refused(call, "NoSuchHostedZone", known, HostedZoneId=known, Name="ksk1")
    _refused(theirs.get_change, "NoSuchChange", change_id, Id=change_id)
    _refused(theirs.create_hosted_zone, "InvalidVPCId", None, Name="x.internal", CallerReference="r", VPC=vpc)
    _refused(theirs.list_hosted_zones_by_vpc, "InvalidInput", None, **vpc)

    stranger = service.client("kms", 1)
    asked: dict[str, dict[str, Any]] = {
        "describe_key": {},
        "get_public_key": {},
        "enable_key": {},
        "disable_key": {},
        "schedule_key_deletion": {},
        "get_key_policy": {"PolicyName": "default"},
        "put_key_policy": {"PolicyName": "default", "Policy": policy},
        "sign": {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
        "verify": {"Message": b"x", "Signature": signature, "SigningAlgorithm": "ECDSA_SHA_256"},
    }
    for method, request in asked.items():
        _refused(getattr(stranger, method), "AccessDeniedException", None, KeyId=arn, **request)
        # a bare id is one of the caller's own account
        _refused(
            getattr(stranger, method), "NotFoundException", None, KeyId=arn.rpartition("/")[2], **request
        )

    registrar = service.client("route53domains", 1)
    own_key = {"Algorithm": 13, "Flags": 257, "PublicKey": other_key(service)}
    _refused(registrar.get_domain_detail, "InvalidInput", None, DomainName=domain)
    _refused(
        registrar.update_domain_nameservers,
        "InvalidInput",
        None,
        DomainName=domain,
        Nameservers=[{"Name": "ns.example.net"}],
    )
    _refused(
        registrar.associate_delegation_signer_to_domain,
        "InvalidInput",
        None,
        DomainName=domain,
        SigningAttributes=own_key,
    )
    _refused(
        registrar.disassociate_delegation_signer_from_domain,
        "InvalidInput",
        None,
        DomainName=domain,
        Id=detail["DnssecKeys"][0]["Id"],
    )
    _refused(registrar.get_operation_detail, "InvalidInput", operation_id, OperationId=operation_id)
    validation = service.client("route53resolver", 1)
    _refused(
        validation.get_resolver_dnssec_config, "ResourceNotFoundException", None, ResourceId=vpc["VPCId"]
    )
    _refused(
        validation.update_resolver_dnssec_config,
        "ResourceNotFoundException",
        None,
        ResourceId=vpc["VPCId"],
        Validation="ENABLE",
    )
    assert facts() == before

    seen = (
        theirs.list_hosted_zones()["HostedZones"],
        theirs.list_hosted_zones_by_name()["HostedZones"],
        stranger.list_keys()["Keys"],
        registrar.list_domains()["Domains"],
    )
    for secret in (zone_id, private, arn, domain):
        assert secret not in str(seen)


def _refused(call: Callable[..., Any], code: str, known: str | None, **request: Any) -> None:
    """Another account's `known` id is refused as one is that nobody has, word for word."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    assert error["Code"] == code, (caught.value.operation_name, error)
    if known is not None:
        nobodys = known[:-4] + ("ZZZZ" if known[0].isupper() else "0000")
        with pytest.raises(botocore.exceptions.ClientError) as unknown:
            call(**{k: nobodys if v == known else v for k, v in request.items()})
        assert unknown.value.response["Error"]["Code"] == code
        assert unknown.value.response["Error"]["Message"].replace(nobodys, known) == error["Message"]
