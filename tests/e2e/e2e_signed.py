"""A registered domain that is signed and has its DS, through boto3 alone, for tests that judge the chain."""

import base64
import json
import secrets
from typing import Any

from e2e_service import Service, until

from seal53.cli.demo.story import CONTACT
from seal53.cli.zone import key_policy

CONTACTS = dict.fromkeys(("AdminContact", "RegistrantContact", "TechContact"), CONTACT)


def operation(service: Service, response: dict[str, Any], account: int = 0) -> None:
    """Waits until a registrar's operation has ended well."""
    domains = service.client("route53domains", account)

    def look() -> str | None:
        status: str = domains.get_operation_detail(OperationId=response["OperationId"])["Status"]
        return status if status != "IN_PROGRESS" else None

    assert until("the operation", look) == "SUCCESSFUL"


def register(service: Service, domain: str, account: int = 0) -> str:
    """Registers a domain; returns its hosted zone's id."""
    domains = service.client("route53domains", account)
    operation(service, domains.register_domain(DomainName=domain, DurationInYears=1, **CONTACTS), account)
    route53 = service.client("route53", account)
    zone: str = route53.list_hosted_zones_by_name(DNSName=domain, MaxItems="1")["HostedZones"][0]["Id"]
    return zone.rpartition("/")[2]


def create_key(service: Service, account: int = 0) -> str:
    """A KMS key that Route 53 may sign with."""
    account_id = service.facts["accounts"][account]["id"]
    made = service.client("kms", account).create_key(
        KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=json.dumps(key_policy(account_id))
    )
    arn: str = made["KeyMetadata"]["Arn"]
    return arn


def sign(service: Service, zone_id: str, account: int = 0) -> dict[str, Any]:
    """Signs a zone; returns its KSK as GetDNSSEC shows it."""
    route53 = service.client("route53", account)
    route53.create_key_signing_key(
        CallerReference=secrets.token_hex(8),
        HostedZoneId=zone_id,
        KeyManagementServiceArn=create_key(service, account),
        Name="ksk1",
        Status="ACTIVE",
    )
    enabled = route53.enable_hosted_zone_dnssec(HostedZoneId=zone_id)
    service.in_sync(enabled["ChangeInfo"]["Id"].rpartition("/")[2])
    key: dict[str, Any] = route53.get_dnssec(HostedZoneId=zone_id)["KeySigningKeys"][0]
    return key


def associate(service: Service, domain: str, public_key: str, account: int = 0) -> None:
    """Puts the DS of a key into the TLD."""
    domains = service.client("route53domains", account)
    attributes = {"Algorithm": 13, "Flags": 257, "PublicKey": public_key}
    operation(
        service,
        domains.associate_delegation_signer_to_domain(DomainName=domain, SigningAttributes=attributes),
        account,
    )


def dissociate(service: Service, domain: str, account: int = 0) -> None:
    """Takes every DS out of the TLD."""
    domains = service.client("route53domains", account)
    for key in domains.get_domain_detail(DomainName=domain)["DnssecKeys"]:
        operation(
            service,
            domains.disassociate_delegation_signer_from_domain(DomainName=domain, Id=key["Id"]),
            account,
        )


def other_key(service: Service) -> str:
    """The public key, in base64, of a KMS key that signs nothing."""
    kms = service.client("kms")
    return base64.b64encode(kms.get_public_key(KeyId=create_key(service))["PublicKey"][-64:]).decode()


def signed_domain(service: Service, domain: str, address: str = "203.0.113.10") -> str:
    """Registered, with `api`, signed, with its DS at the parent; returns the hosted zone's id."""
    zone_id = register(service, domain)
    service.in_sync(service.upsert(zone_id, f"api.{domain}", "A", address, ttl=1))
    associate(service, domain, sign(service, zone_id)["PublicKey"])
    return zone_id
