"""The story: from an API call to an answer that proves itself, with an attacker on the path all along.

Every expectation is about what came over a socket. Names are asked again only after their TTL (1 s) has run
out, and each step checks that its questions went upstream: a cached answer never stands for a fresh one.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
from botocore.exceptions import ClientError

from seal53.cli.demo.judges import Judges
from seal53.cli.demo.show import Show, Unexpected
from seal53.cli.demo.stage import Account, Stage, Vpc, reference
from seal53.cli.zone import key_policy
from seal53.testing import Lie

DOMAIN = "companya.com"
API = f"api.{DOMAIN}"
TRUE_ADDRESS, FALSE_ADDRESS = "203.0.113.10", "198.51.100.66"
TTL = 1
EDE_OPTION = 15  # RFC 8914 §2
BOGUS_EDES = {6, 7, 8, 9, 10, 12}  # RFC 8914 §4: those that name a failed check

CONTACT = {
    "FirstName": "Alex",
    "LastName": "Example",
    "ContactType": "PERSON",
    "AddressLine1": "1 Example Street",
    "City": "Example",
    "CountryCode": "DE",
    "ZipCode": "10115",
    "PhoneNumber": "+49.30123456",
    "Email": "hostmaster@example.com",
}


class Story:
    """Eight steps over one stage; `validate` False is the tests' way of breaking it."""

    def __init__(self, show: Show, stage: Stage, *, validate: bool) -> None:
        self._show, self._stage, self._validate = show, stage, validate
        self._a, self._b = stage.first, stage.second
        self._zone_id = ""
        self._servers: list[tuple[str, int]] = []
        self._key_arn = ""

    def tell(self) -> None:
        """All steps in order; a step that fails does not keep the next ones from being told."""
        steps = (
            ("Company A registers a name, and account 2 resolves it", self._register),
            ("An attacker on the path: nothing is signed, so the lie is believed", self._spoof_unsigned),
            ("A signs the zone; without a DS at the parent that protects nobody", self._sign),
            ("A publishes the DS; account 2 validates; the lie is refused", self._publish_ds),
            ("What does not exist is proven not to exist", self._deny),
            ("What would break the chain is refused", self._refuse),
            ("The DS of another key: every validating resolver refuses the domain", self._wrong_ds),
            ("Judges that we did not write agree", self._judge),
        )
        for number, (title, tell) in enumerate(steps, 1):
            with self._show.step(number, title, self._stage.upstream):
                tell()

    # --- the steps

    def _register(self) -> None:
        domains, route53 = self._a.client("route53domains"), self._a.client("route53")
        self._show.sent(f"route53domains RegisterDomain {DOMAIN}   (account 1)")
        contacts = dict.fromkeys(("AdminContact", "RegistrantContact", "TechContact"), CONTACT)
        self._operation(domains, domains.register_domain(DomainName=DOMAIN, DurationInYears=1, **contacts))
        zone = route53.list_hosted_zones_by_name(DNSName=DOMAIN, MaxItems="1")["HostedZones"][0]
        self._zone_id = zone["Id"].rpartition("/")[2]
        hosts = route53.get_hosted_zone(Id=self._zone_id)["DelegationSet"]["NameServers"]
        self._show.got(f"hosted zone {self._zone_id}, name servers {', '.join(hosts)}")
        known = {server["host"].rstrip("."): server for server in self._stage.facts["name_servers"]}
        self._servers = [(known[host]["address"], known[host]["port"]) for host in hosts]
        self._stage.cover(self._servers)
        self._upsert(
            (API, "A", [TRUE_ADDRESS]),
            (f"www.{DOMAIN}", "A", ["203.0.113.20"]),
            (f"*.apps.{DOMAIN}", "A", ["203.0.113.30"]),
            (DOMAIN, "MX", [f"10 mail.{DOMAIN}."]),
            (f"mail.{DOMAIN}", "A", ["203.0.113.40"]),
            (DOMAIN, "TXT", ['"v=spf1 mx -all"']),
        )
        self._true_answer(self._b.vpc, "account 2 gets A's address through its own VPC's resolver")
        reply = self._ask_fresh(self._b.vpc, f"shop.apps.{DOMAIN}")
        self._show.expect(_addresses(reply) == ["203.0.113.30"], "the wildcard answers for shop.apps")

    def _spoof_unsigned(self) -> None:
        self._expire()
        self._lie(
            self._b,
            Lie(kind="rewrite", name=API, rdata=FALSE_ADDRESS, ttl=TTL),
            "rewrites the answer for api",
        )
        self._false_answer(self._b.vpc, "account 2 believes a rewritten answer")
        self._expire()
        self._lie(
            self._b,
            Lie(kind="race", name=API, rdata=FALSE_ADDRESS, ttl=TTL),
            "answers first, the truth comes late",
        )
        self._false_answer(self._b.vpc, "account 2 believes the answer that came first")
        self._lie(self._b, None, "")

    def _sign(self) -> None:
        kms, route53 = self._a.client("kms"), self._a.client("route53")
        self._show.sent(
            "kms CreateKey ECC_NIST_P256 SIGN_VERIFY, with a policy for dnssec-route53.amazonaws.com"
        )
        self._key_arn = self._create_key(kms)
        self._show.sent("route53 CreateKeySigningKey, EnableHostedZoneDNSSEC")
        made = route53.create_key_signing_key(
            CallerReference=reference(),
            HostedZoneId=self._zone_id,
            KeyManagementServiceArn=self._key_arn,
            Name="ksk1",
            Status="ACTIVE",
        )
        self._in_sync(route53, made)
        self._in_sync(route53, route53.enable_hosted_zone_dnssec(HostedZoneId=self._zone_id))
        keys = self._stage.ask(self._servers[0], DOMAIN, "DNSKEY", dnssec=True)
        self._show.message(keys)
        flags = sorted(rdata.flags for rdata in _rdatas(keys.answer, dns.rdatatype.DNSKEY))
        self._show.expect(flags == [256, 257], "one KSK (257) and one ZSK (256) are published")
        signed = self._stage.ask(self._servers[0], API, dnssec=True)
        self._show.message(signed)
        self._show.expect(
            bool(_rdatas(signed.answer, dns.rdatatype.RRSIG)), "the address comes with an RRSIG"
        )
        missing = self._stage.ask(self._servers[0], f"nobody.{DOMAIN}", dnssec=True)
        self._show.message(missing)
        self._show.expect(bool(_rdatas(missing.authority, dns.rdatatype.NSEC)), "absence comes with an NSEC")

        self._show.say(
            "account 1 validates for a moment: without a DS even a validating resolver sees no signed zone"
        )
        self._set_validation(self._a, on=True)
        self._expire()
        reply = self._ask_fresh(self._a.vpc, API, dnssec=True)
        self._show.message(reply)
        insecure = _addresses(reply) == [TRUE_ADDRESS] and not reply.flags & dns.flags.AD
        self._show.expect(insecure, "insecure: the answer passes, without AD")
        self._expire()
        self._lie(
            self._a,
            Lie(kind="rewrite", name=API, rdata=FALSE_ADDRESS, ttl=TTL),
            "rewrites the answer for api",
        )
        self._false_answer(self._a.vpc, "the lie is still believed: signatures alone are useless")
        self._lie(self._a, None, "")
        self._set_validation(self._a, on=False)

    def _publish_ds(self) -> None:
        route53 = self._a.client("route53")
        key = self._signing_key(route53)
        self._show.sent("route53domains AssociateDelegationSignerToDomain   (account 1)")
        self._associate(key["PublicKey"])
        ds = self._published_ds()
        self._show.expect(
            ds == [key["DSRecord"].lower()], f"the TLD's DS is GetDNSSEC's DSRecord: {key['DSRecord']}"
        )
        self._set_validation(self._b, on=self._validate)
        self._expire()
        self._true_answer(self._b.vpc, "account 2 gets the true answer, proven (AD)", secure=True)
        self._expire()
        plain = self._ask_fresh(self._b.vpc, API, plain=True)
        self._show.expect(
            _addresses(plain) == [TRUE_ADDRESS], "a client that knows no DNSSEC gets it as well"
        )
        for kind in ("rewrite", "race"):
            self._expire()
            lie = Lie(kind=kind, name=API, rdata=FALSE_ADDRESS, ttl=TTL)
            self._lie(self._b, lie, "rewrites the answer" if kind == "rewrite" else "answers first")
            if kind == "rewrite":
                self._refused(
                    self._b.vpc, API, "account 2's resolver refuses it, and says which check failed"
                )
            else:
                reply = self._ask_fresh(self._b.vpc, API, dnssec=True)
                unharmed = reply.rcode() == dns.rcode.SERVFAIL or _addresses(reply) == [TRUE_ADDRESS]
                self._show.expect(unharmed, "a forged answer that comes first is not believed either")
        self._lie(
            self._a,
            Lie(kind="rewrite", name=API, rdata=FALSE_ADDRESS, ttl=TTL),
            "lies to account 1's VPC as well",
        )
        self._expire()
        self._false_answer(self._a.vpc, "a VPC that does not validate still takes the false one")
        self._lie(self._a, None, "")
        self._lie(self._b, None, "")

    def _deny(self) -> None:
        name = f"nobody-at-all.{DOMAIN}"
        self._expire()
        proven = self._ask_fresh(self._b.vpc, name, dnssec=True)
        self._show.message(proven)
        nsec = bool(_rdatas(proven.authority, dns.rdatatype.NSEC)) and bool(proven.flags & dns.flags.AD)
        self._show.expect(nsec and not proven.answer, "the absence is proven: NSEC, RRSIG, AD")
        plain = self._stage.ask(self._b.vpc, name, plain=True)
        self._show.expect(plain.rcode() == dns.rcode.NXDOMAIN, "a client without DNSSEC sees NXDOMAIN")
        self._expire()
        self._lie(self._b, Lie(kind="deny", name=API), "says that api does not exist")
        self._refused(self._b.vpc, API, "the forged denial is refused")
        self._lie(self._b, None, "")

    def _refuse(self) -> None:
        route53 = self._a.client("route53")
        private = route53.create_hosted_zone(
            Name="corp.internal",
            CallerReference=reference(),
            VPC={"VPCRegion": self._a.vpc.region, "VPCId": self._a.vpc.id},
        )["HostedZone"]["Id"].rpartition("/")[2]
        self._fails(
            "signing a private zone",
            "InvalidArgument",
            lambda: route53.create_key_signing_key(
                CallerReference=reference(),
                HostedZoneId=private,
                KeyManagementServiceArn=self._key_arn,
                Name="ksk1",
                Status="ACTIVE",
            ),
        )
        self._fails(
            "deactivating the only active KSK",
            "KeySigningKeyInUse",
            lambda: route53.deactivate_key_signing_key(HostedZoneId=self._zone_id, Name="ksk1"),
        )
        self._fails(
            "disabling signing while the DS is at the parent",
            "KeySigningKeyInParentDSRecord",
            lambda: route53.disable_hosted_zone_dnssec(HostedZoneId=self._zone_id),
        )

    def _wrong_ds(self) -> None:
        kms, route53 = self._a.client("kms"), self._a.client("route53")
        right = self._signing_key(route53)["PublicKey"]
        other_arn = self._create_key(kms)
        other = base64.b64encode(kms.get_public_key(KeyId=other_arn)["PublicKey"][-64:]).decode()
        self._show.say("account 1 exchanges the DS for that of a key that signs nothing")
        self._dissociate_all()
        self._associate(other)
        self._expire()
        self._refused(self._b.vpc, API, "the resolver refuses the whole domain", fresh=False)
        self._refused(self._b.vpc, f"www.{DOMAIN}", "every name in it", fresh=False)
        self._judges().reject(API, "with the wrong DS")
        self._show.say("account 1 puts the right DS back")
        self._dissociate_all()
        self._associate(right)
        self._expire()
        self._true_answer(self._b.vpc, "the domain is whole again, and proven", secure=True)

    def _judge(self) -> None:
        self._expire()
        self._judges().accept(API, TRUE_ADDRESS)
        self._lie(
            self._b,
            Lie(kind="rewrite", name=API, rdata=FALSE_ADDRESS, ttl=TTL),
            "rewrites the answer for api",
        )
        self._expire()
        self._judges().reject(API, "with a false address")
        self._lie(self._b, None, "")

    # --- what the steps are made of

    def _judges(self) -> Judges:
        anchor = self._stage.facts["root"]["trust_anchor"]
        return Judges(
            self._show, self._b.vpc, ds=anchor["ds"], dnskey=anchor["dnskey"], directory=self._stage.path
        )

    def _expire(self) -> None:
        self._stage.let_expire(TTL, f"cached answers run out (TTL {TTL} s)")

    def _lie(self, account: Account, lie: Lie | None, what: str) -> None:
        account.vpc.spoofer.tell(lie)
        if lie is not None:
            self._show.say(f"on the path of account {account.number}'s VPC the attacker {what}")

    def _ask_fresh(self, vpc: Vpc, name: str, rtype: str = "A", **options: bool) -> dns.message.Message:
        """Asks a resolver and expects that the question went upstream."""
        before = self._stage.seen(vpc, name)
        reply = self._stage.ask(vpc, name, rtype, **options)
        if self._stage.seen(vpc, name) == before:
            raise Unexpected(f"{name} {rtype} was answered from a cache")
        return reply

    def _true_answer(self, vpc: Vpc, text: str, *, secure: bool = False) -> None:
        reply = self._ask_fresh(vpc, API, dnssec=secure)
        self._show.message(reply, ("answer",))
        holds = _addresses(reply) == [TRUE_ADDRESS] and bool(reply.flags & dns.flags.AD) >= secure
        self._show.expect(holds, text)

    def _false_answer(self, vpc: Vpc, text: str) -> None:
        reply = self._ask_fresh(vpc, API)
        self._show.message(reply, ("answer",))
        self._show.expect(_addresses(reply) == [FALSE_ADDRESS], text)

    def _refused(self, vpc: Vpc, name: str, text: str, *, fresh: bool = True) -> None:
        reply = (self._ask_fresh if fresh else self._stage.ask)(vpc, name, dnssec=True)
        self._show.message(reply, ())
        edes = [option for option in reply.options if option.otype == EDE_OPTION]
        reasoned = any(int(option.code) in BOGUS_EDES and option.text for option in edes)
        self._show.expect(reply.rcode() == dns.rcode.SERVFAIL and reasoned and not reply.answer, text)

    def _upsert(self, *sets: tuple[str, str, Sequence[str]]) -> None:
        route53 = self._a.client("route53")
        changes = [
            {
                "Action": "UPSERT",
                "ResourceRecordSet": {
                    "Name": name,
                    "Type": rtype,
                    "TTL": TTL,
                    "ResourceRecords": [{"Value": value} for value in values],
                },
            }
            for name, rtype, values in sets
        ]
        self._show.sent(
            f"route53 ChangeResourceRecordSets: {', '.join(f'{name} {rtype}' for name, rtype, _ in sets)}"
        )
        batch = {"Changes": changes}
        self._in_sync(
            route53, route53.change_resource_record_sets(HostedZoneId=self._zone_id, ChangeBatch=batch)
        )

    def _in_sync(self, route53: Any, response: dict[str, Any]) -> None:
        change = response["ChangeInfo"]["Id"]
        self._stage.until(
            f"{change} to be INSYNC",
            lambda: route53.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC" or None,
        )
        self._show.got(f"{change} INSYNC: every name server has it")

    def _operation(self, domains: Any, response: dict[str, Any]) -> None:
        operation = response["OperationId"]

        def ended() -> str | None:
            status: str = domains.get_operation_detail(OperationId=operation)["Status"]
            return status if status in ("SUCCESSFUL", "FAILED", "ERROR") else None

        status = self._stage.until(f"operation {operation}", ended)
        if status != "SUCCESSFUL":
            raise Unexpected(f"operation {operation} ended {status}")
        self._show.got("operation SUCCESSFUL: every server of the TLD has it")

    def _create_key(self, kms: Any) -> str:
        arn: str = kms.create_key(
            KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=json.dumps(key_policy(self._a.id))
        )["KeyMetadata"]["Arn"]
        self._show.got(arn)
        return arn

    def _signing_key(self, route53: Any) -> dict[str, Any]:
        key: dict[str, Any] = route53.get_dnssec(HostedZoneId=self._zone_id)["KeySigningKeys"][0]
        return key

    def _associate(self, public_key: str) -> None:
        domains = self._a.client("route53domains")
        attributes = {"Algorithm": 13, "Flags": 257, "PublicKey": public_key}
        self._operation(
            domains,
            domains.associate_delegation_signer_to_domain(DomainName=DOMAIN, SigningAttributes=attributes),
        )

    def _dissociate_all(self) -> None:
        domains = self._a.client("route53domains")
        for key in domains.get_domain_detail(DomainName=DOMAIN)["DnssecKeys"]:
            self._operation(
                domains,
                domains.disassociate_delegation_signer_from_domain(DomainName=DOMAIN, Id=key["Id"]),
            )

    def _published_ds(self) -> list[str]:
        reply = self._stage.ask(self._stage.tld_servers[0], DOMAIN, "DS", dnssec=True)
        self._show.message(reply, ("answer",))
        return [rdata.to_text().lower() for rdata in _rdatas(reply.answer, dns.rdatatype.DS)]

    def _set_validation(self, account: Account, *, on: bool) -> None:
        resolver, vpc = account.client("route53resolver"), account.vpc
        wanted = "ENABLE" if on else "DISABLE"
        self._show.sent(
            f"route53resolver UpdateResolverDnssecConfig {wanted} {vpc.id}   (account {account.number})"
        )
        resolver.update_resolver_dnssec_config(ResourceId=vpc.id, Validation=wanted)

        def settled() -> str | None:
            config = resolver.get_resolver_dnssec_config(ResourceId=vpc.id)["ResolverDNSSECConfig"]
            return wanted if config["ValidationStatus"] == f"{wanted}D" else None

        self._stage.until(f"validation to be {wanted}D", settled)

    def _fails(self, what: str, code: str, call: Any) -> None:
        self._show.sent(what)
        try:
            call()
        except ClientError as e:
            error = e.response["Error"]
            self._show.got(f"{error['Code']}: {error['Message']}")
            self._show.expect(error["Code"] == code, f"refused with {code}")
        else:
            self._show.expect(False, f"{what} must be refused with {code}")


def _rdatas(section: Sequence[Any], rtype: dns.rdatatype.RdataType) -> list[Any]:
    return [rdata for rrset in section if rrset.rdtype == rtype for rdata in rrset]


def _addresses(reply: dns.message.Message) -> list[str]:
    return [rdata.address for rdata in _rdatas(reply.answer, dns.rdatatype.A)]
