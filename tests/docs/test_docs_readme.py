"""The README's walk-through runs as it stands, with the AWS CLI; the same calls work with boto3 elsewhere."""

import base64
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from docs_blocks import ROOT, blocks, run, section
from docs_service import running, until

README = (ROOT / "README.md").read_text()
WALK = blocks(section(README, "Five minutes to a signed zone with the AWS CLI"), "sh")


@pytest.mark.judge
@pytest.mark.slow
@pytest.mark.timeout(300)  # the AWS CLI's own waiter sleeps 30 s when a change is not in sync at once
def test_the_walk_through_runs_unchanged(programs: None, tmp_path: Path) -> None:
    ran = run("\n".join(WALK), where=ROOT, shims=tmp_path / "bin", within_s=280)
    assert ran.code == 0, ran.said
    unsigned, proven = re.findall(r"^;; flags: ([a-z ]+);", ran.said, re.MULTILINE)
    assert "ad" not in unsigned.split()
    assert "ad" in proven.split()
    assert re.search(r"^api\.companya\.com\.\s+\d+\s+IN\s+RRSIG\s+A 13 3 ", ran.said, re.MULTILINE)
    assert '"ServeSignature": "SIGNING"' in ran.said
    assert "companyb.org. is signed" in ran.said


def test_the_walk_through_says_what_it_needs() -> None:
    """Each program that it calls is one that `make setup`, bash or the text above it brings."""
    assert len(WALK) >= 9
    text = "\n".join(WALK)
    for call in (
        "route53domains register-domain",
        "change-resource-record-sets",
        "wait resource-record-sets-changed",
        "kms create-key",
        "create-key-signing-key",
        "enable-hosted-zone-dnssec",
        "get-dnssec",
        "associate-delegation-signer-to-domain",
        "update-resolver-dnssec-config",
        "seal53 zone sign",
    ):
        assert call in text


@pytest.fixture
def facts(tmp_path: Path) -> Iterator[dict[str, Any]]:
    with running("--ephemeral", "--ready-file", str(tmp_path / "ready.json"), where=tmp_path) as found:
        yield found


@pytest.mark.slow
def test_the_same_calls_with_boto3_in_another_region(facts: dict[str, Any]) -> None:
    """A client of eu-west-1 signs the global services with its own region; its KMS key lies in us-east-1."""
    owner, vpc = facts["accounts"][0], facts["resolvers"][0]
    session = boto3.Session(
        aws_access_key_id=owner["access_key_id"],
        aws_secret_access_key=owner["secret_access_key"],
        region_name="eu-west-1",
    )

    def client(service: str, region: str = "eu-west-1") -> Any:
        return session.client(service, endpoint_url=facts["api"], region_name=region)

    domains, route53, resolver = (client(name) for name in ("route53domains", "route53", "route53resolver"))
    kms = client("kms", "us-east-1")
    contact = {"FirstName": "Host", "LastName": "Master", "ContactType": "PERSON", "CountryCode": "DE"}
    contacts = dict.fromkeys(("AdminContact", "RegistrantContact", "TechContact"), contact)
    domains.register_domain(DomainName="companya.com", DurationInYears=1, **contacts)
    zone = route53.list_hosted_zones_by_name(DNSName="companya.com")["HostedZones"][0]["Id"]

    def in_sync(change: dict[str, Any]) -> None:
        until(lambda: route53.get_change(Id=change["ChangeInfo"]["Id"])["ChangeInfo"]["Status"] == "INSYNC")

    record = {
        "Name": "api.companya.com",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.10"}],
    }
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    in_sync(route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes}))
    account = client("sts").get_caller_identity()["Account"]
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=_policy(account))
    in_sync(
        route53.create_key_signing_key(
            HostedZoneId=zone,
            Name="ksk1",
            Status="ACTIVE",
            KeyManagementServiceArn=key["KeyMetadata"]["Arn"],
            CallerReference=secrets.token_hex(8),
        )
    )
    in_sync(route53.enable_hosted_zone_dnssec(HostedZoneId=zone))
    signing = route53.get_dnssec(HostedZoneId=zone)
    assert signing["Status"]["ServeSignature"] == "SIGNING"
    public_key = signing["KeySigningKeys"][0]["PublicKey"]
    assert len(base64.b64decode(public_key)) == 64
    attributes = {"Algorithm": 13, "Flags": 257, "PublicKey": public_key}
    operation = domains.associate_delegation_signer_to_domain(
        DomainName="companya.com", SigningAttributes=attributes
    )["OperationId"]
    until(lambda: domains.get_operation_detail(OperationId=operation)["Status"] == "SUCCESSFUL")
    resolver.update_resolver_dnssec_config(ResourceId=vpc["vpc_id"], Validation="ENABLE")
    until(
        lambda: (
            resolver.get_resolver_dnssec_config(ResourceId=vpc["vpc_id"])["ResolverDNSSECConfig"][
                "ValidationStatus"
            ]
            == "ENABLED"
        )
    )
    query = dns.message.make_query("api.companya.com", "A", want_dnssec=True)
    reply = dns.query.udp(query, vpc["address"], port=vpc["port"], timeout=10)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AD
    assert {rrset.rdtype for rrset in reply.answer} == {dns.rdatatype.A, dns.rdatatype.RRSIG}


def _policy(account: str) -> str:
    service = {"Service": "dnssec-route53.amazonaws.com"}
    uses = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": service, "Action": uses, "Resource": "*"},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
