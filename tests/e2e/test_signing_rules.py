"""When a chain of trust may be changed, and when not: the seven DNSSEC operations against live parents.

Whether a DS is at the parent is never put into a database here: it is, or is not, in the TLD's answers.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import botocore.exceptions
import dns.dnssec
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest
from e2e_service import Service, until
from e2e_signed import (
    associate,
    create_key,
    dissociate,
    operation,
    other_key,
    register,
    sign,
    signed_domain,
)

NOWHERE = "127.255.255.53"  # of the loopback, and nobody's


@contextmanager
def refused(code: str, match: str | None = None) -> Iterator[None]:
    with pytest.raises(botocore.exceptions.ClientError, match=match) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404, 409)


def fresh(tld: str = "com") -> str:
    return f"rules-{secrets.token_hex(4)}.{tld}"


def create(
    service: Service, zone_id: str, name: str, arn: str, status: str = "ACTIVE", account: int = 0
) -> Any:
    return service.client("route53", account).create_key_signing_key(
        CallerReference=secrets.token_hex(8),
        HostedZoneId=zone_id,
        KeyManagementServiceArn=arn,
        Name=name,
        Status=status,
    )


def done(service: Service, call: Callable[..., Any], **request: str) -> None:
    """Calls, and waits until the change is in sync."""
    service.in_sync(call(**request)["ChangeInfo"]["Id"].rpartition("/")[2])


def dnskeys(service: Service, zone_id: str, name: str) -> set[int]:
    """Tags of the KSKs that all four servers publish, each of which has signed the DNSKEY RRset."""
    found: set[frozenset[int]] = set()
    for address in servers(service, zone_id):
        reply = service.ask(address, name, "DNSKEY", dnssec=True)
        if not reply.answer:
            found.add(frozenset())
            continue
        owner = reply.question[0].name
        rrset = reply.find_rrset(reply.answer, owner, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
        signatures = reply.find_rrset(
            reply.answer, owner, dns.rdataclass.IN, dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY
        )
        tags = frozenset(dns.dnssec.key_id(key) for key in rrset if key.flags == 257)
        assert {s.key_tag for s in signatures} == tags
        for signature in signatures:
            dns.dnssec.validate_rrsig(rrset, signature, {owner: rrset})
        found.add(tags)
    (same,) = found
    return set(same)


def servers(service: Service, zone_id: str) -> list[str]:
    hosts = service.client("route53").get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"]
    return [s["address"] for s in service.facts["name_servers"] if s["host"].rstrip(".") in hosts]


def statuses(service: Service, zone_id: str) -> tuple[str, dict[str, str]]:
    found = service.client("route53").get_dnssec(HostedZoneId=zone_id)
    return found["Status"]["ServeSignature"], {k["Name"]: k["Status"] for k in found["KeySigningKeys"]}


def test_a_chain_is_taken_down_in_the_right_order_only(service: Service) -> None:
    route53, domain = service.client("route53"), fresh()
    zone_id = signed_domain(service, domain)
    with refused("KeySigningKeyInUse"):
        route53.deactivate_key_signing_key(HostedZoneId=zone_id, Name="ksk1")
    with refused("InvalidKeySigningKeyStatus"):
        route53.delete_key_signing_key(HostedZoneId=zone_id, Name="ksk1")
    with refused("HostedZoneNotEmpty"):
        route53.delete_hosted_zone(Id=zone_id)
    with refused("KeySigningKeyInParentDSRecord", "parent has a DS record"):
        route53.disable_hosted_zone_dnssec(HostedZoneId=zone_id)
    assert statuses(service, zone_id) == ("SIGNING", {"ksk1": "ACTIVE"})
    assert len(dnskeys(service, zone_id, domain)) == 1

    resolver = service.facts["resolvers"][0]
    dissociate(service, domain)
    done(service, route53.disable_hosted_zone_dnssec, HostedZoneId=zone_id)
    assert statuses(service, zone_id) == ("NOT_SIGNING", {"ksk1": "ACTIVE"})
    for address in servers(service, zone_id):
        reply = service.ask(address, f"api.{domain}", dnssec=True)
        assert [s.rdtype for s in reply.answer] == [dns.rdatatype.A]
        assert not service.ask(address, domain, "DNSKEY", dnssec=True).answer
        assert service.ask(address, f"no.{domain}", dnssec=True).rcode() == dns.rcode.NXDOMAIN
    query = dns.message.make_query(f"api.{domain}", "A", want_dnssec=True)

    def insecure() -> bool | None:  # the TLD's DS may be in the resolver's cache for its TTL
        reply = dns.query.udp(query, resolver["address"], port=resolver["port"], timeout=8)
        return (reply.rcode() == dns.rcode.NOERROR and not reply.flags & dns.flags.AD) or None

    until("an insecure answer", insecure)

    done(service, route53.deactivate_key_signing_key, HostedZoneId=zone_id, Name="ksk1")
    with refused("KeySigningKeyWithActiveStatusNotFound"):
        route53.enable_hosted_zone_dnssec(HostedZoneId=zone_id)
    done(service, route53.delete_key_signing_key, HostedZoneId=zone_id, Name="ksk1")
    with refused("DNSSECNotFound"):
        route53.disable_hosted_zone_dnssec(HostedZoneId=zone_id)
    with refused("NoSuchKeySigningKey"):
        route53.activate_key_signing_key(HostedZoneId=zone_id, Name="ksk1")
    assert statuses(service, zone_id) == ("NOT_SIGNING", {})


def test_a_second_key_takes_over(service: Service) -> None:
    route53, domain = service.client("route53"), fresh("net")
    zone_id = signed_domain(service, domain)
    first = route53.get_dnssec(HostedZoneId=zone_id)["KeySigningKeys"][0]
    made = create(service, zone_id, "ksk2", create_key(service), "INACTIVE")
    service.in_sync(made["ChangeInfo"]["Id"].rpartition("/")[2])
    second = made["KeySigningKey"]
    assert dnskeys(service, zone_id, domain) == {first["KeyTag"]}
    with refused("KeySigningKeyInUse"):
        route53.deactivate_key_signing_key(HostedZoneId=zone_id, Name="ksk1")
    with refused("TooManyKeySigningKeys"):
        create(service, zone_id, "ksk3", create_key(service))
    with refused("KeySigningKeyAlreadyExists"):
        create(service, zone_id, "ksk3", first["KmsArn"])
    with refused("KeySigningKeyAlreadyExists"):
        create(service, zone_id, "ksk2", create_key(service))
    done(service, route53.activate_key_signing_key, HostedZoneId=zone_id, Name="ksk2")
    assert dnskeys(service, zone_id, domain) == {first["KeyTag"], second["KeyTag"]}
    with refused("KeySigningKeyInParentDSRecord", "specified in a parent"):
        route53.deactivate_key_signing_key(HostedZoneId=zone_id, Name="ksk1")
    associate(service, domain, second["PublicKey"])
    with refused("KeySigningKeyInParentDSRecord"):
        route53.deactivate_key_signing_key(HostedZoneId=zone_id, Name="ksk1")
    domains = service.client("route53domains")
    old = next(
        k["Id"]
        for k in domains.get_domain_detail(DomainName=domain)["DnssecKeys"]
        if k["KeyTag"] == first["KeyTag"]
    )
    operation(service, domains.disassociate_delegation_signer_from_domain(DomainName=domain, Id=old))
    done(service, route53.deactivate_key_signing_key, HostedZoneId=zone_id, Name="ksk1")
    assert dnskeys(service, zone_id, domain) == {second["KeyTag"]}
    with refused("KeySigningKeyInUse"):
        route53.deactivate_key_signing_key(HostedZoneId=zone_id, Name="ksk2")
    done(service, route53.delete_key_signing_key, HostedZoneId=zone_id, Name="ksk1")
    assert statuses(service, zone_id) == ("SIGNING", {"ksk2": "ACTIVE"})


def test_a_ds_of_any_other_key_forbids_disabling_but_not_deactivating(service: Service) -> None:
    route53, domain = service.client("route53"), fresh("org")
    zone_id = register(service, domain)
    sign(service, zone_id)
    associate(service, domain, other_key(service))
    with refused("KeySigningKeyInParentDSRecord"):
        route53.disable_hosted_zone_dnssec(HostedZoneId=zone_id)
    create(service, zone_id, "ksk2", create_key(service))
    done(service, route53.deactivate_key_signing_key, HostedZoneId=zone_id, Name="ksk1")


def test_a_parent_that_does_not_answer_refuses(service: Service) -> None:
    route53, parent = service.client("route53"), fresh()
    register(service, parent)
    domains = service.client("route53domains")
    moved = domains.update_domain_nameservers(
        DomainName=parent, Nameservers=[{"Name": f"ns.{parent}", "GlueIps": [NOWHERE]}]
    )
    operation(service, moved)
    zone_id, _ = service.zone(f"child.{parent}")
    sign(service, zone_id)  # enabling adds signatures, which breaks nothing: it does not need the parent
    create(service, zone_id, "ksk2", create_key(service))
    with refused("KeySigningKeyInParentDSRecord", "Due to DNS lookup failure"):
        route53.deactivate_key_signing_key(HostedZoneId=zone_id, Name="ksk1")
    with refused("KeySigningKeyInParentDSRecord", "Due to DNS lookup failure"):
        route53.disable_hosted_zone_dnssec(HostedZoneId=zone_id)
    assert statuses(service, zone_id) == ("SIGNING", {"ksk1": "ACTIVE", "ksk2": "ACTIVE"})


def test_a_zone_that_nobody_delegates_is_proven_so(service: Service) -> None:
    zone_id, _ = service.zone(fresh())
    sign(service, zone_id)
    done(service, service.client("route53").disable_hosted_zone_dnssec, HostedZoneId=zone_id)
    assert statuses(service, zone_id)[0] == "NOT_SIGNING"


def test_a_partial_delegation_is_not_signed(service: Service) -> None:
    route53, domains, domain = service.client("route53"), service.client("route53domains"), fresh()
    zone_id = register(service, domain)
    ours = route53.get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"]
    create(service, zone_id, "ksk1", create_key(service))
    for hosts in (ours[:3], [*ours, "ns.elsewhere.org"]):
        request = [{"Name": host} for host in hosts]
        operation(service, domains.update_domain_nameservers(DomainName=domain, Nameservers=request))
        with refused("HostedZonePartiallyDelegated"):
            route53.enable_hosted_zone_dnssec(HostedZoneId=zone_id)
    assert statuses(service, zone_id)[0] == "NOT_SIGNING"
    request = [{"Name": host} for host in ours]
    operation(service, domains.update_domain_nameservers(DomainName=domain, Nameservers=request))
    done(service, route53.enable_hosted_zone_dnssec, HostedZoneId=zone_id)
    assert statuses(service, zone_id)[0] == "SIGNING"


def test_a_kms_key_must_be_usable_when_it_is_used(service: Service) -> None:
    route53, kms = service.client("route53"), service.client("kms")
    zone_id, _ = service.zone(fresh())
    arn = create_key(service)
    key = sign(service, zone_id)
    kms.disable_key(KeyId=arn)
    with refused("InvalidKMSArn"):
        create(service, zone_id, "ksk2", arn)
    kms.enable_key(KeyId=arn)
    create(service, zone_id, "ksk2", arn, "INACTIVE")
    kms.disable_key(KeyId=arn)
    with refused("InvalidKMSArn"):
        route53.activate_key_signing_key(HostedZoneId=zone_id, Name="ksk2")
    # A signature is wanted daily, so a key that fails between is noticed by the loop and not by a reader.
    kms.disable_key(KeyId=key["KmsArn"])
    assert statuses(service, zone_id) == ("SIGNING", {"ksk1": "ACTIVE", "ksk2": "INACTIVE"})
    assert (
        len(
            dnskeys(
                service, zone_id, service.client("route53").get_hosted_zone(Id=zone_id)["HostedZone"]["Name"]
            )
        )
        == 1
    )
    with refused("KMSInvalidStateException", "pending deletion"):
        kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
        kms.enable_key(KeyId=arn)
    with refused("InvalidKMSArn"):
        route53.activate_key_signing_key(HostedZoneId=zone_id, Name="ksk2")


def test_kms_keys_that_can_never_be_a_ksk(service: Service) -> None:
    zone_id, _ = service.zone(fresh())
    usable = create_key(service)
    mute = service.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    elsewhere = service.session().client("kms", endpoint_url=service.facts["api"], region_name="eu-west-1")
    policy = service.client("kms").get_key_policy(KeyId=usable, PolicyName="default")["Policy"]
    assert json.loads(policy)["Statement"]
    abroad = elsewhere.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=policy)
    for arn in (
        "nonsense",
        "arn:aws:kms:us-east-1:111111111111:alias/ksk",
        usable.rpartition("/")[2],
        usable[:-1] + ("0" if usable[-1] != "0" else "1"),
        usable.replace("us-east-1", "eu-west-1"),
        mute["KeyMetadata"]["Arn"],  # the default policy allows the account, not Route 53
        abroad["KeyMetadata"]["Arn"],
        create_key(service, account=1),
    ):
        with refused("InvalidKMSArn"):
            create(service, zone_id, "ksk1", arn)
    assert statuses(service, zone_id) == ("NOT_SIGNING", {})


def test_a_private_zone_is_never_signed(service: Service) -> None:
    route53, resolver = service.client("route53"), service.facts["resolvers"][0]
    made = route53.create_hosted_zone(
        Name=fresh("internal"),
        CallerReference=secrets.token_hex(8),
        VPC={"VPCRegion": resolver["region"], "VPCId": resolver["vpc_id"]},
    )
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
    with refused("InvalidArgument", "unsupported for private hosted zones"):
        create(service, zone_id, "ksk1", create_key(service))
    for call in (route53.enable_hosted_zone_dnssec, route53.disable_hosted_zone_dnssec):
        with refused("InvalidArgument"):
            call(HostedZoneId=zone_id)
    with refused("InvalidArgument"):
        route53.get_dnssec(HostedZoneId=zone_id)
