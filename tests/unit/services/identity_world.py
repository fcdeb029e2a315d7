"""Accounts on a real database, and calls by whoever has a key: authorized, then done, as the gateway does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations_world import LIMITS, NoParent
from seal53.base.clock import ManualClock
from seal53.base.ids import AccountId, Ids
from seal53.services import authorization, iam, kms, sts
from seal53.services.context import Caller, Services
from seal53.services.credentials import KnownCredentials
from seal53.services.faults import AwsFault
from seal53.store import Store, accounts

KEK = bytes(range(32))
A, B = AccountId("111122223333"), AccountId("444455556666")
OPERATIONS = {"iam": iam.OPERATIONS, "sts": sts.OPERATIONS, "kms": kms.OPERATIONS}
ZONE = "arn:aws:route53:::hostedzone/Z1"


def document(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: object, resource: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trusts(principal: object, **more: object) -> str:
    """A trust policy for principals of AWS."""
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}
    return document(statement)


@dataclass
class World:
    services: Services
    clock: ManualClock
    known: KnownCredentials
    tokens: dict[str, str] = field(default_factory=dict)

    def root(self, account: str = A) -> Caller:
        return Caller(
            account_id=AccountId(account),
            access_key_id="AKIAROOT",
            region="us-east-1",
            request_id="r",
            now=self.clock.now(),
        )

    def by_key(self, access_key_id: str) -> Caller:
        """Who signs with this key, now."""
        found = self.known.find(access_key_id)
        assert found is not None, "no such key"
        return Caller(
            account_id=found.account_id,
            access_key_id=access_key_id,
            region="us-east-1",
            request_id="r",
            now=self.clock.now(),
            principal=found.principal,
            source_address="203.0.113.7",
        )

    def call(
        self, caller: Caller | str, service: str, operation: str, /, **request: Any
    ) -> Mapping[str, Any]:
        who = self.by_key(caller) if isinstance(caller, str) else caller
        authorization.authorize(self.services, service, operation, request, who)
        return OPERATIONS[service][operation](self.services, request, who)

    def iam(self, operation: str, account: str = A, **request: Any) -> Mapping[str, Any]:
        """By the root."""
        return self.call(self.root(account), "iam", operation, **request)

    def may(self, caller: Caller | str, service: str, operation: str, **request: Any) -> bool:
        who = self.by_key(caller) if isinstance(caller, str) else caller
        try:
            authorization.authorize(self.services, service, operation, request, who)
        except AwsFault:
            return False
        return True

    def user(self, name: str, *statements: Mapping[str, object], account: str = A) -> str:
        """A new user's access key id; its one policy has these statements."""
        self.iam("CreateUser", account, UserName=name)
        if statements:
            self.iam(
                "PutUserPolicy",
                account,
                UserName=name,
                PolicyName="only",
                PolicyDocument=document(*statements),
            )
        made = self.iam("CreateAccessKey", account, UserName=name)["AccessKey"]
        return str(made["AccessKeyId"])

    def role(
        self, name: str, trust: str, *statements: Mapping[str, object], account: str = A, **more: Any
    ) -> str:
        """A new role's ARN."""
        made = self.iam("CreateRole", account, RoleName=name, AssumeRolePolicyDocument=trust, **more)
        if statements:
            self.iam(
                "PutRolePolicy",
                account,
                RoleName=name,
                PolicyName="only",
                PolicyDocument=document(*statements),
            )
        return str(made["Role"]["Arn"])

    def assume(self, caller: Caller | str, arn: str, session: str = "me", **more: Any) -> str:
        """The session's access key id."""
        made = self.call(caller, "sts", "AssumeRole", RoleArn=arn, RoleSessionName=session, **more)
        return str(made["Credentials"]["AccessKeyId"])


def make_world(directory: Path) -> World:
    store = Store(directory / "db")
    store.open()
    clock = ManualClock()
    with store.write() as tx:
        for account in (A, B):
            accounts.create(tx, id=account, name=account, now=clock.now())
    services = Services(
        store=store,
        kek=KEK,
        ids=Ids(),
        probe=NoParent(),
        limits=LIMITS,
    )
    return World(services, clock, KnownCredentials(store, KEK))
