"""`seal53 zone sign` takes a zone from unsigned to a chain that validates from the root, by dnspython."""

import json
import subprocess
import sys

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
from e2e_service import Service, environment, until


def test_one_command_signs_a_zone(service: Service) -> None:
    zone_id, servers = service.zone("signed.test.")
    service.in_sync(service.upsert(zone_id, "a.signed.test.", "A", "192.0.2.1"))
    (key,) = json.loads(_sign(service, "signed.test", "--json"))
    reply = service.ask(servers[0], "signed.test.", "DNSKEY", dnssec=True)
    name = dns.name.from_text("signed.test.")
    keys = reply.find_rrset(reply.answer, name, 1, dns.rdatatype.DNSKEY)
    ksk = next(k for k in keys if k.flags == 257)
    assert f"{key['KeyTag']} 13 2 " in key["DSRecord"]
    assert dns.dnssec.make_ds(name, ksk, "SHA256").to_text().upper() == key["DSRecord"].upper()
    for address in servers:
        _validates(service.ask(address, "a.signed.test.", dnssec=True), name, keys)
    denied = service.ask(servers[1], "nothing.signed.test.", dnssec=True)
    assert denied.rcode() == dns.rcode.NOERROR  # RFC 9824: the proof is an NSEC at the name
    assert any(s.rdtype == dns.rdatatype.NSEC for s in denied.authority)

    again = json.loads(_sign(service, "signed.test.", "--json"))
    assert [k["KeyTag"] for k in again] == [key["KeyTag"]]
    told = _sign(service, "signed.test")
    assert f"signed.test. IN DS {key['DSRecord']}" in told
    assert "associate-delegation-signer-to-domain" in told


def test_signing_what_is_not_there_is_one_line(service: Service) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "seal53",
            "zone",
            "sign",
            "absent.test",
            "--ready-file",
            str(service.ready_file),
        ],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["seal53: this account has no public hosted zone absent.test."]


def test_a_registered_domain_validates_through_a_resolver(service: Service) -> None:
    domains = service.client("route53domains")
    contact = {
        "FirstName": "A",
        "LastName": "B",
        "Email": "a@example.org",
        "ContactType": "PERSON",
        "CountryCode": "DE",
        "City": "C",
        "AddressLine1": "D 1",
        "ZipCode": "12345",
        "PhoneNumber": "+49.1234567",
    }
    domains.register_domain(
        DomainName="chain.test",
        DurationInYears=1,
        AdminContact=contact,
        RegistrantContact=contact,
        TechContact=contact,
    )
    zones = service.client("route53").list_hosted_zones_by_name(DNSName="chain.test.")["HostedZones"]
    zone_id = zones[0]["Id"].rpartition("/")[2]
    service.in_sync(service.upsert(zone_id, "a.chain.test.", "A", "192.0.2.53"))
    (key,) = json.loads(_sign(service, "chain.test", "--json"))
    domains.associate_delegation_signer_to_domain(
        DomainName="chain.test",
        SigningAttributes={"Algorithm": 13, "Flags": 257, "PublicKey": key["PublicKey"]},
    )
    resolver = _resolver(service)
    service.client("route53resolver").update_resolver_dnssec_config(
        ResourceId=resolver["vpc_id"], Validation="ENABLE"
    )

    def secure() -> bool | None:
        query = dns.message.make_query("a.chain.test.", "A", want_dnssec=True)
        reply = dns.query.udp(query, resolver["address"], timeout=5, port=resolver["port"])
        return bool(reply.flags & dns.flags.AD) or None

    until("a secure answer", secure)


def _resolver(service: Service) -> dict[str, str]:
    """Of a VPC of this test's own, so that its cache holds nothing yet."""
    made = subprocess.run(
        [sys.executable, "-m", "seal53", "vpc", "create", "--ready-file", str(service.ready_file)],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    vpc: dict[str, str] = json.loads(made.stdout)
    return vpc


def _sign(service: Service, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "seal53", "zone", "sign", *args, "--ready-file", str(service.ready_file)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _validates(reply: dns.message.Message, zone: dns.name.Name, keys: dns.rrset.RRset) -> None:
    name = reply.question[0].name
    answer = reply.find_rrset(reply.answer, name, 1, dns.rdatatype.A)
    signatures = reply.find_rrset(reply.answer, name, 1, dns.rdatatype.RRSIG, dns.rdatatype.A)
    dns.dnssec.validate(answer, signatures, {zone: keys})
