"""A store with two accounts and a few zones, a parent that says what it is told, and calls of operations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations_world import LIMITS
from seal53.base.clock import UnixTime
from seal53.base.errors import Fault
from seal53.base.ids import AccountId, Ids
from seal53.core import Name
from seal53.services import kms
from seal53.services.context import Caller, Services
from seal53.services.route53 import dnssec
from seal53.store import Store, accounts, changes, delegation_sets
from seal53.store import zones as zone_rows
from seal53.store.delegation_sets import DelegationSet
from seal53.store.zones import HostedZone

NOW = 1_790_000_000
KEK = bytes(range(32))
A, B = "111122223333", "444455556666"
SERVICE = "dnssec-route53.amazonaws.com"
LEGACY_SERVICE = "api-service.dnssec.route53.aws.internal"
HOSTS = tuple(Name.parse(f"ns-{n}.set-00.seal53.") for n in range(4))


class LookupFailed(Fault):
    """What a probe raises."""


@dataclass
class Parent:
    """Answers as told; `during` runs while the question is under way."""

    name_servers: frozenset[Name] = frozenset()
    ds: frozenset[bytes] = frozenset()
    fails: bool = False
    asked: list[str] = field(default_factory=list)
    during: Any = None

    def delegation(self, name: Name) -> "Parent":
        self.asked.append(str(name))
        if self.during:
            self.during()
        if self.fails:
            raise LookupFailed("no server of the parent answers")
        return self


@dataclass
class World:
    services: Services
    parent: Parent
    now: int = NOW

    def kms(
        self, operation: str, *, account: str = A, region: str = "us-east-1", **request: Any
    ) -> Mapping[str, Any]:
        return kms.OPERATIONS[operation](self.services, request, self.caller(account, region))

    def route53(
        self, operation: str, zone: str = "Z1", *, account: str = A, **request: Any
    ) -> Mapping[str, Any]:
        given = {"HostedZoneId": zone, **request}
        return dnssec.OPERATIONS[operation](self.services, given, self.caller(account, "eu-west-1"))

    def caller(self, account: str, region: str) -> Caller:
        return Caller(
            account_id=AccountId(account),
            access_key_id="AKIA",
            region=region,
            request_id="r",
            now=UnixTime(self.now),
        )

    def key(self, *, policy: object = None, account: str = A, region: str = "us-east-1") -> str:
        """The ARN of a new key that allows the DNSSEC service, or has the policy given."""
        text = json.dumps(dnssec_policy(account) if policy is None else policy)
        made = self.kms(
            "CreateKey",
            account=account,
            region=region,
            KeySpec="ECC_NIST_P256",
            KeyUsage="SIGN_VERIFY",
            Policy=text,
        )
        return str(made["KeyMetadata"]["Arn"])

    def ksk(
        self, name: str = "ksk1", *, arn: str = "", status: str = "ACTIVE", **more: Any
    ) -> Mapping[str, Any]:
        return self.route53(
            "CreateKeySigningKey",
            Name=name,
            KeyManagementServiceArn=arn or self.key(),
            Status=status,
            CallerReference=f"reference of {name}",
            **more,
        )

    def sync(self, zone: str = "Z1") -> None:
        """Every name server has acknowledged what there is."""
        with self.services.store.write() as tx:
            row = zone_rows.get(tx, zone)
            assert row is not None
            changes.close_up_to(tx, f"zone:{zone}", row.version, self.now)


def account_root(account: str) -> dict[str, object]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }


def allow(**changes: object) -> dict[str, object]:
    """A statement that lets the DNSSEC service sign, changed."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
        "Resource": "*",
        **changes,
    }


def policy_of(*statements: dict[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def dnssec_policy(account: str = A) -> dict[str, object]:
    """The policy of the Route 53 guide."""
    grant = allow(Action="kms:CreateGrant", Condition={"Bool": {"kms:GrantIsForAWSResource": True}})
    return policy_of(account_root(account), allow(), grant)


def make_world(directory: Path) -> World:
    store = Store(directory / "db")
    store.open()
    with store.write() as tx:
        for account in (A, B):
            accounts.create(tx, id=account, name=account, now=NOW)
        addresses = tuple(f"127.53.0.{n}" for n in range(4, 8))
        delegation_sets.insert(
            tx, DelegationSet(id="N1", number=0, hosts=HOSTS, addresses=addresses, created_at=NOW)
        )
        for zone_id, account_id, kind, name in (
            ("Z1", A, "public", "companya.com."),
            ("Z2", A, "public", "other.org."),
            ("ZP", A, "private", "corp."),
            ("ZB", B, "public", "companyb.com."),
            ("ZR", None, "tld", "com."),
        ):
            zone_rows.insert(
                tx,
                HostedZone(
                    id=zone_id,
                    account_id=account_id,
                    kind=kind,
                    name=Name.parse(name),
                    caller_reference=zone_id,
                    delegation_set_id="N1" if kind == "public" else None,
                    created_at=NOW,
                ),
            )
    parent = Parent()
    services = Services(
        store=store,
        kek=KEK,
        ids=Ids(),
        probe=parent,
        limits=LIMITS,
    )
    return World(services, parent)
