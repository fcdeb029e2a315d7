"""Users, roles and sessions through real boto3 clients: IAM and STS with their effect on every service."""

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from wire_world import NOW, World

from seal53.base.ids import AccountId, Ids
from seal53.core import Name
from seal53.services import authorization, credentials, iam, kms, sts
from seal53.services.context import DelegationSeen, Limits, Operation, Services
from seal53.services.credentials import KnownCredentials
from seal53.store import Store, accounts

A, B = "111122223333", "444455556666"
TRUST = {"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}


class NoParent:
    def delegation(self, name: Name) -> DelegationSeen:
        raise AssertionError("the parent is not asked here")


class Clients:
    """boto3 clients by whose key they sign with, in front of the real operations."""

    def __init__(self, directory: Path) -> None:
        self.store = Store(directory / "db")
        self.store.open()
        self.services = Services(
            store=self.store,
            kek=bytes(32),
            ids=Ids(),
            probe=NoParent(),
            limits=Limits(name_server_pattern="ns-{n}.set-{set}.seal53.", address_block="127.53.0.0/24"),
        )
        self.roots: dict[str, dict[str, str]] = {}
        with self.store.write() as tx:
            for account in (A, B):
                accounts.create(tx, id=account, name=account, now=NOW)
                key = {
                    "key": self.services.ids.access_key_id(),
                    "secret": self.services.ids.secret_access_key(),
                }
                credentials.add_access_key(
                    tx, self.services.kek, AccountId(account), key["key"], key["secret"], NOW
                )
                self.roots[account] = key
        self.world = World(find=KnownCredentials(self.store, self.services.kek).find)
        self.world.authorize = partial(authorization.authorize, self.services)
        for service, operations in (("iam", iam), ("sts", sts), ("kms", kms)):
            for name, operation in operations.OPERATIONS.items():
                self.world.toys[service, name] = self._bound(operation)
        self.world.returns("route53", "ListHostedZones", {})
        self.world.returns(
            "route53",
            "ChangeResourceRecordSets",
            {"ChangeInfo": {"Id": "C1", "Status": "PENDING", "SubmittedAt": NOW}},
        )
        self.world.returns("route53domains", "ListDomains", {"Domains": []})

    def _bound(self, operation: Operation) -> Any:
        return lambda request, caller: operation(self.services, request, caller)

    def __call__(self, service: str, whose: dict[str, str] | str = A) -> Any:
        key = self.roots[whose] if isinstance(whose, str) else whose
        return self.world.client(service, **key)

    def user(self, name: str, *statements: dict[str, Any]) -> dict[str, str]:
        by = self("iam")
        by.create_user(UserName=name)
        if statements:
            by.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=document(*statements))
        return of(by.create_access_key(UserName=name)["AccessKey"])


def of(made: dict[str, Any]) -> dict[str, str]:
    """What `World.client` takes."""
    found = {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"]}
    return found | ({"token": made["SessionToken"]} if "SessionToken" in made else {})


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[Clients]:
    made = Clients(tmp_path)
    yield made
    made.store.close()


def refused(code: str, status: int, call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    return str(response["Error"]["Message"])


def test_documents_come_back_as_they_were_given(clients: Clients) -> None:
    by = clients("iam")
    made = by.create_role(RoleName="dns", AssumeRolePolicyDocument=document(TRUST))["Role"]
    assert made["AssumeRolePolicyDocument"]["Statement"] == [TRUST]  # botocore decodes it
    assert by.get_role(RoleName="dns")["Role"]["CreateDate"].timestamp() == NOW
    policy = by.create_policy(PolicyName="p", PolicyDocument=document(allow("route53:*")))["Policy"]
    version = by.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]
    assert version["Document"]["Statement"] == [allow("route53:*")]
    by.create_user(UserName="bob")
    by.put_user_policy(UserName="bob", PolicyName="i", PolicyDocument=document(allow("kms:*")))
    assert by.get_user_policy(UserName="bob", PolicyName="i")["PolicyDocument"]["Statement"] == [
        allow("kms:*")
    ]
    by.attach_user_policy(UserName="bob", PolicyArn=policy["Arn"])
    pages = by.get_paginator("list_attached_user_policies").paginate(
        UserName="bob", PaginationConfig={"PageSize": 1}
    )
    assert [p["PolicyName"] for page in pages for p in page["AttachedPolicies"]] == ["p"]


def test_boto3_sees_its_own_exceptions(clients: Clients) -> None:
    by = clients("iam")
    with pytest.raises(by.exceptions.NoSuchEntityException):
        by.get_user(UserName="bob")
    by.create_user(UserName="bob")
    with pytest.raises(by.exceptions.EntityAlreadyExistsException):
        by.create_user(UserName="bob")
    with pytest.raises(by.exceptions.MalformedPolicyDocumentException):
        by.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument="{")
    refused("NoSuchEntity", 404, by.get_user, UserName="eve")
    refused("EntityAlreadyExists", 409, by.create_user, UserName="bob")
    refused(
        "MalformedPolicyDocument", 400, by.put_user_policy, UserName="bob", PolicyName="p", PolicyDocument="{"
    )
    refused("ValidationError", 400, by.create_user, UserName="a b")
    for _ in range(2):
        by.create_access_key(UserName="bob")
    refused("LimitExceeded", 409, by.create_access_key, UserName="bob")
    refused("DeleteConflict", 409, by.delete_user, UserName="bob")


def test_a_denial_in_each_protocol(clients: Clients) -> None:
    bob = clients.user("bob")
    arn = f"arn:aws:iam::{A}:user/bob"
    text = refused("AccessDenied", 403, clients("route53", bob).list_hosted_zones)
    assert text == (
        f"User: {arn} is not authorized to perform: route53:ListHostedZones on resource: * "
        "because no identity-based policy allows the route53:ListHostedZones action"
    )
    refused("AccessDenied", 403, clients("iam", bob).list_users)
    refused("AccessDenied", 403, clients("sts", bob).get_access_key_info, AccessKeyId=bob["key"])
    refused("AccessDeniedException", 400, clients("kms", bob).list_keys)
    refused("AccessDeniedException", 400, clients("route53domains", bob).list_domains)
    assert clients("sts", bob).get_caller_identity()["Arn"] == arn


def test_a_key_of_kms_by_its_policy_and_the_users(clients: Clients) -> None:
    root = clients("kms")
    kind = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
    arn = root.create_key(**kind)["KeyMetadata"]["Arn"]  # lets in the account
    bob = clients.user("bob")
    signs = {"KeyId": arn, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert "no identity-based policy allows the kms:Sign action" in refused(
        "AccessDeniedException", 400, clients("kms", bob).sign, **signs
    )
    clients("iam").put_user_policy(
        UserName="bob", PolicyName="p", PolicyDocument=document(allow("kms:Sign", arn))
    )
    assert clients("kms", bob).sign(**signs)["KeyId"] == arn
    refused("AccessDeniedException", 400, clients("kms", bob).describe_key, KeyId=arn)
    # A key policy that names the user needs no policy of the user; one that does not mention it is closed.
    bobs = f"arn:aws:iam::{A}:user/bob"
    admin = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{A}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    reads = {"Effect": "Allow", "Principal": {"AWS": bobs}, "Action": "kms:DescribeKey", "Resource": "*"}
    root.put_key_policy(KeyId=arn, PolicyName="default", Policy=document(admin, reads))
    assert clients("kms", bob).describe_key(KeyId=arn)["KeyMetadata"]["Arn"] == arn
    denies = {"Effect": "Deny", "Principal": {"AWS": bobs}, "Action": "kms:Sign", "Resource": "*"}
    root.put_key_policy(KeyId=arn, PolicyName="default", Policy=document(admin, reads, denies))
    assert "explicit deny in a resource-based policy" in refused(
        "AccessDeniedException", 400, clients("kms", bob).sign, **signs
    )
    # Another account needs both sides.
    lets = {"Effect": "Allow", "Principal": {"AWS": B}, "Action": "kms:Sign", "Resource": "*"}
    refused("AccessDeniedException", 400, clients("kms", B).sign, **signs)
    root.put_key_policy(KeyId=arn, PolicyName="default", Policy=document(admin, lets))
    assert clients("kms", B).sign(**signs)["KeyId"] == arn


def test_a_role_across_accounts(clients: Clients) -> None:
    theirs = clients("iam", B)
    trust = {**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": "x-1"}}}
    role = theirs.create_role(RoleName="dns", AssumeRolePolicyDocument=document(trust))["Role"]
    theirs.attach_role_policy(RoleName="dns", PolicyArn="arn:aws:iam::aws:policy/AmazonRoute53ReadOnlyAccess")
    bob = clients.user("bob", allow("sts:AssumeRole", role["Arn"]))
    asks = {"RoleArn": role["Arn"], "RoleSessionName": "me"}
    assert refused("AccessDenied", 403, clients("sts", bob).assume_role, **asks) == (
        f"User: arn:aws:iam::{A}:user/bob is not authorized to perform: sts:AssumeRole on resource: "
        f"{role['Arn']}"
    )
    made = clients("sts", bob).assume_role(**asks, ExternalId="x-1")
    assert made["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role['RoleId']}:me",
        "Arn": f"arn:aws:sts::{B}:assumed-role/dns/me",
    }
    session = of(made["Credentials"])
    assert clients("sts", session).get_caller_identity() | {"ResponseMetadata": None} == {
        "UserId": f"{role['RoleId']}:me",
        "Account": B,
        "Arn": f"arn:aws:sts::{B}:assumed-role/dns/me",
        "ResponseMetadata": None,
    }
    clients("route53", session).list_hosted_zones()
    assert clients.world.caller.account_id == B
    refused("AccessDeniedException", 400, clients("kms", session).list_keys)
    theirs.detach_role_policy(RoleName="dns", PolicyArn="arn:aws:iam::aws:policy/AmazonRoute53ReadOnlyAccess")
    theirs.delete_role(RoleName="dns")
    refused("InvalidClientTokenId", 403, clients("route53", session).list_hosted_zones)
    refused("UnrecognizedClientException", 400, clients("kms", session).list_keys)


def test_a_session_expires(clients: Clients) -> None:
    made = clients("sts").get_session_token(DurationSeconds=900)["Credentials"]
    assert made["Expiration"].timestamp() == NOW + 900
    session = of(made)
    clients("route53", session).list_hosted_zones()
    clients.world.clock.advance(int(timedelta(minutes=15).total_seconds()))
    text = "The security token included in the request is expired"
    assert refused("ExpiredToken", 403, clients("route53", session).list_hosted_zones) == text
    assert refused("ExpiredToken", 403, clients("sts", session).get_caller_identity) == text
    assert refused("ExpiredTokenException", 400, clients("kms", session).list_keys) == text


def test_a_session_without_its_token_or_with_another(clients: Clients) -> None:
    sessions = [of(clients("sts").get_session_token()["Credentials"]) for _ in range(2)]
    bare = {k: v for k, v in sessions[0].items() if k != "token"}
    swapped = {**sessions[0], "token": sessions[1]["token"]}
    for wrong in (bare, swapped):
        refused("InvalidClientTokenId", 403, clients("route53", wrong).list_hosted_zones)
    assert clients("route53", sessions[0]).list_hosted_zones()


def test_a_presigned_request_has_its_token_in_the_query(clients: Clients) -> None:
    session = of(clients("sts").get_session_token()["Credentials"])
    target = "/?Action=GetCallerIdentity&Version=2011-06-15"
    signed = clients.world.signed("GET", target, service="sts", presign_for_s=60, **session)
    assert "X-Amz-Security-Token=" in signed[1]
    answer = clients.world.send(*signed)
    assert (answer.status, A.encode() in answer.body) == (200, True)
    bare = {k: v for k, v in session.items() if k != "token"}
    without = clients.world.signed("GET", target, service="sts", presign_for_s=60, **bare)
    assert clients.world.send(*without).status == 403
    # A token beside the one that was signed.
    method, whole, headers, body = signed
    assert clients.world.send(method, whole + "&X-Amz-Security-Token=x", headers, body).status == 400


def test_an_inactive_and_a_deleted_key(clients: Clients) -> None:
    bob = clients.user("bob", allow("route53:*"))
    clients("route53", bob).list_hosted_zones()
    by = clients("iam")
    by.update_access_key(UserName="bob", AccessKeyId=bob["key"], Status="Inactive")
    refused("InvalidClientTokenId", 403, clients("route53", bob).list_hosted_zones)
    by.update_access_key(UserName="bob", AccessKeyId=bob["key"], Status="Active")
    clients("route53", bob).list_hosted_zones()
    by.delete_access_key(UserName="bob", AccessKeyId=bob["key"])
    refused("InvalidClientTokenId", 403, clients("route53", bob).list_hosted_zones)


def test_only_challenges_of_one_zone(clients: Clients) -> None:
    condition = {
        "ForAllValues:StringEquals": {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_acme-challenge.example.com"],
            "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
        }
    }
    zone = "arn:aws:route53:::hostedzone/Z1"
    bob = clients.user("bob", allow("route53:ChangeResourceRecordSets", zone, Condition=condition))
    route53 = clients("route53", bob)

    def change(name: str, rtype: str, zone_id: str = "Z1") -> dict[str, Any]:
        record = {"Name": name, "Type": rtype, "TTL": 60, "ResourceRecords": [{"Value": '"x"'}]}
        return {
            "HostedZoneId": zone_id,
            "ChangeBatch": {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
        }

    route53.change_resource_record_sets(**change("_ACME-challenge.example.com.", "TXT"))
    # Some SDKs send the id with its kind before it.
    route53.change_resource_record_sets(**change("_acme-challenge.example.com", "TXT", "/hostedzone/Z1"))
    for denied in (
        change("_acme-challenge.example.com", "CNAME"),
        change("www.example.com", "TXT"),
        change("_acme-challenge.example.com", "TXT", "Z2"),
    ):
        refused("AccessDenied", 403, route53.change_resource_record_sets, **denied)
