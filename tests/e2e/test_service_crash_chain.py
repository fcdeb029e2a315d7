"""Kills while the chain of trust is changed: signed zones, the registrar, the validation of resolvers.

Acknowledged is what a call returned for. Whatever is killed, and whether the service as a whole goes down in
between, each of it is found again: in the API, at the TLD's servers, and in signed answers that validate.
"""

import contextlib
import os
import random
import secrets
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import dns.dnssec
import dns.name
import dns.rdatatype
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from e2e_service import Service, Starter, until
from e2e_signed import create_key, other_key, signed_domain

ROUNDS = int(os.environ.get("SEAL53_KILL_ROUNDS", "12"))
ROLES = ("control", "edge", "resolver")
DOMAIN = "chain.com"
PLACE = ("--address-block", "127.53.204.0/24", "--api-listen", "127.0.0.1:0")
T = TypeVar("T")


class World:
    """A signed domain, and what of it was acknowledged last."""

    def __init__(self, start: Starter, data: Path) -> None:
        self._start = start
        self._data = data
        self.service = self.begin()
        self.zone_id = signed_domain(self.service, DOMAIN)
        self.keys = [self._own_key(), other_key(self.service)]
        self.vpc = self.service.facts["resolvers"][0]
        self.records: dict[str, str] = {}
        self.ds = self.keys[0]
        self.validation = "DISABLE"
        self.changes: list[str] = []
        self.zones: dict[str, str] = {}
        self.dead: set[int] = set()

    def begin(self) -> Service:
        return self._start("--data", str(self._data), *PLACE)

    def _own_key(self) -> str:
        found = self.service.client("route53").get_dnssec(HostedZoneId=self.zone_id)
        key: str = found["KeySigningKeys"][0]["PublicKey"]
        return key

    # --- one acknowledged change each

    def write(self, n: int) -> None:
        name, address = f"r{n}.{DOMAIN}.", f"192.0.2.{n % 250}"
        self.changes.append(again(lambda: self.service.upsert(self.zone_id, name, "A", address)))
        self.records[name] = address

    def create(self, n: int) -> None:
        name, reference = f"made{n}.example.", secrets.token_hex(8)

        def create() -> None:
            try:
                made = self.service.client("route53").create_hosted_zone(Name=name, CallerReference=reference)
                self.changes.append(made["ChangeInfo"]["Id"].rpartition("/")[2])
            except ClientError as e:  # the answer to an earlier attempt was cut off
                if e.response["Error"]["Code"] != "HostedZoneAlreadyExists":
                    raise

        again(create)
        self.zones[name] = reference

    def resign(self, n: int) -> None:
        """A second KSK comes and goes: the DNSKEY RRset is signed anew each time."""
        route53 = self.service.client("route53")
        name = f"ksk{n}"
        arn = again(lambda: create_key(self.service))
        wanted = {
            "CallerReference": secrets.token_hex(8),
            "HostedZoneId": self.zone_id,
            "KeyManagementServiceArn": arn,
            "Name": name,
            "Status": "ACTIVE",
        }
        already = ("KeySigningKeyAlreadyExists",)
        again(lambda: _unless(already, lambda: route53.create_key_signing_key(**wanted)))
        key = {"HostedZoneId": self.zone_id, "Name": name}
        gone = ("NoSuchKeySigningKey", "InvalidKeySigningKeyStatus")
        again(lambda: _unless(gone, lambda: route53.deactivate_key_signing_key(**key)))
        again(lambda: _unless(gone, lambda: route53.delete_key_signing_key(**key)))

    def delegate(self, n: int) -> None:
        """The DS of the other key in place of the one that is there."""
        domains = self.service.client("route53domains")
        wanted = next(key for key in self.keys if key != self.ds)

        def change() -> None:
            have = {
                k["PublicKey"]: k["Id"] for k in domains.get_domain_detail(DomainName=DOMAIN)["DnssecKeys"]
            }
            operation: dict[str, Any] | None = None
            if wanted not in have:
                attributes = {"Algorithm": 13, "Flags": 257, "PublicKey": wanted}
                operation = domains.associate_delegation_signer_to_domain(
                    DomainName=DOMAIN, SigningAttributes=attributes
                )
            elif self.ds in have:
                operation = domains.disassociate_delegation_signer_from_domain(
                    DomainName=DOMAIN, Id=have[self.ds]
                )
            if operation is not None:
                _ended(self.service, operation["OperationId"])
                raise Unfinished

        again(change)
        self.ds = wanted

    def configure(self, n: int) -> None:
        wanted = "DISABLE" if self.validation == "ENABLE" else "ENABLE"
        resolver = self.service.client("route53resolver")
        again(
            lambda: resolver.update_resolver_dnssec_config(ResourceId=self.vpc["vpc_id"], Validation=wanted)
        )
        self.validation = wanted

    def kill(self, roles: tuple[str, ...]) -> None:
        pids = self.service.facts["pids"]
        for role in roles:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids[role][0], signal.SIGKILL)
            self.dead.add(pids[role][0])

    # --- what must be found

    def judge(self) -> None:
        until("the roles", self._all_live)
        for change in self.changes:
            until(f"change {change}", lambda change=change: self._in_sync(change), 20)
        self.changes.clear()
        service = self.service
        route53 = service.client("route53")
        hosts = {
            h.rstrip(".")
            for h in again(lambda: route53.get_hosted_zone(Id=self.zone_id))["DelegationSet"]["NameServers"]
        }
        servers = [s["address"] for s in service.facts["name_servers"] if s["host"].rstrip(".") in hosts]
        assert len(servers) == 4
        for name, address in self.records.items():
            self._validated(servers[len(name) % 4], name, address)
        self._delegated()
        resolver = service.client("route53resolver")
        wanted = self.validation + "D" if self.validation == "ENABLE" else "DISABLED"

        def settled() -> bool | None:
            found = resolver.get_resolver_dnssec_config(ResourceId=self.vpc["vpc_id"])
            return found["ResolverDNSSECConfig"]["ValidationStatus"] == wanted or None

        until("the validation setting", lambda: again(settled))
        listed = again(lambda: route53.list_hosted_zones(MaxItems="100"))["HostedZones"]
        assert {(z["Name"], z["CallerReference"]) for z in listed} >= set(self.zones.items())

    def _all_live(self) -> bool | None:
        """The ready file tells of a process once it answers."""
        pids = self.service.facts["pids"].values()
        return not any(self.dead.intersection(of_role) for of_role in pids) or None

    def _validated(self, server: str, name: str, address: str) -> None:
        apex = dns.name.from_text(DOMAIN)
        keys = self.service.ask(server, DOMAIN, "DNSKEY", dnssec=True)
        reply = self.service.ask(server, name, "A", dnssec=True)
        found = {(s.rdtype, s.covers): s for s in (*keys.answer, *reply.answer)}
        dnskey = found[dns.rdatatype.DNSKEY, dns.rdatatype.NONE]
        a = found[dns.rdatatype.A, dns.rdatatype.NONE]
        assert [r.to_text() for r in a] == [address]
        for rrset, rtype in ((dnskey, dns.rdatatype.DNSKEY), (a, dns.rdatatype.A)):
            dns.dnssec.validate(rrset, found[dns.rdatatype.RRSIG, rtype], {apex: dnskey})

    def _delegated(self) -> None:
        """The TLD's servers have the one DS that the registrar was told of last, and its key is listed."""
        domains = self.service.client("route53domains")
        listed = again(lambda: domains.get_domain_detail(DomainName=DOMAIN))["DnssecKeys"]
        assert [k["PublicKey"] for k in listed] == [self.ds]
        for tld in [s["address"] for s in self.service.facts["name_servers"] if ".tld." in s["host"]]:
            tags = [value.split()[0] for value in self.service.values(tld, DOMAIN, "DS")]
            assert tags == [str(listed[0]["KeyTag"])]

    def _in_sync(self, change: str) -> bool | None:
        answer = again(lambda: self.service.client("route53").get_change(Id=change))
        return answer["ChangeInfo"]["Status"] == "INSYNC" or None


class Unfinished(Exception):
    """Another step is due."""


def again(call: Callable[[], T]) -> T:
    """Until it is acknowledged: a client whose connection was cut asks again."""
    found: list[T] = []

    def look() -> bool | None:
        try:
            found.append(call())
        except (BotoCoreError, Unfinished):
            return None
        except ClientError as e:
            # what looks at the parent refuses while the parent's servers are gone, and says so
            error = e.response["Error"]
            assert error["Code"] == "OperationLimitExceeded" or "retry later" in error["Message"], e
            return None
        return True

    until("an acknowledgement", look, 20)
    return found[0]


def _unless(codes: tuple[str, ...], call: Callable[[], object]) -> None:
    """An error of these says that an attempt whose answer was cut off had done it."""
    try:
        call()
    except ClientError as e:
        if e.response["Error"]["Code"] not in codes:
            raise


def _ended(service: Service, operation_id: str) -> None:
    domains = service.client("route53domains")

    def look() -> str | None:
        status: str = again(lambda: domains.get_operation_detail(OperationId=operation_id))["Status"]
        return None if status == "IN_PROGRESS" else status

    assert until("the registrar", look, 20) == "SUCCESSFUL"


@pytest.mark.timeout(30 + 6 * ROUNDS)
def test_the_chain_survives_kills_of_one_role_two_and_all(start: Starter, tmp_path: Path) -> None:
    world = World(start, tmp_path / "data")
    chance = random.Random(53)
    acts = (world.write, world.write, world.create, world.resign, world.delegate, world.configure)
    for n in range(ROUNDS):
        if n % 6 == 5:
            # the supervisor dies while a change is in flight; all of it starts again on the same data
            change = world.service.upsert(world.zone_id, f"r{n}.{DOMAIN}.", "A", "192.0.2.9")
            time.sleep(chance.random() * 0.01)
            world.service.process.kill()
            world.service.process.wait()
            world.service = world.begin()
            world.records[f"r{n}.{DOMAIN}."] = "192.0.2.9"
            world.changes.append(change)
        victims = tuple(chance.sample(ROLES, chance.choice((1, 1, 2))))
        killing = threading.Timer(chance.random() * 0.05, world.kill, (victims,))
        killing.start()
        acts[n % len(acts)](n)
        killing.join()
        if chance.random() < 0.3:
            world.judge()
    world.judge()
