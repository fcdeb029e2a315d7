"""The calls that Terraform's AWS provider makes of KMS, in its order, through boto3 against the gateway.

Resources: aws_kms_key, aws_kms_alias, aws_kms_grant: create, read, update, delete.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from wire_world import ACCOUNT, NOW, World

from seal53.base.ids import Ids
from seal53.services import kms
from seal53.services.context import Limits, Operation, Services
from seal53.store import Store, accounts

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


class NoProbe:
    def delegation(self, name: Any) -> Any:
        raise AssertionError("KMS asks no name server")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    store = Store(tmp_path / "db")
    store.open()
    with store.write() as tx:
        accounts.create(tx, id=ACCOUNT, name="one", now=NOW)
    services = Services(
        store=store,
        kek=bytes(32),
        ids=Ids(),
        probe=NoProbe(),
        limits=Limits(name_server_pattern="ns-{n}.set-{set}.seal53.", address_block="127.53.0.0/24"),
    )

    def bound(operation: Operation) -> Any:
        return lambda request, caller: operation(services, request, caller)

    world = World(toys={("kms", name): bound(operation) for name, operation in kms.OPERATIONS.items()})
    yield world.client("kms")
    store.close()


def make_key(client: Any, **more: Any) -> str:
    made = client.create_key(
        Description="for a zone", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", MultiRegion=False, **more
    )
    return str(made["KeyMetadata"]["KeyId"])


def code_of(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


def tags_of(client: Any, key_id: str) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for tag in client.list_resource_tags(KeyId=key_id)["Tags"]}


def test_a_key(client: Any) -> None:
    key_id = make_key(client, Tags=[{"TagKey": "Name", "TagValue": "ksk"}])
    # create waits until what was set is read back
    described = client.describe_key(KeyId=key_id)["KeyMetadata"]
    arn = described["Arn"]
    assert (described["KeyManager"], described["KeyState"]) == ("CUSTOMER", "Enabled")
    assert (described["Enabled"], described["Description"]) == (True, "for a zone")
    assert tags_of(client, key_id) == {"Name": "ksk"}
    # read
    policy = client.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
    assert json.loads(policy)["Statement"][0]["Principal"] == {"AWS": ROOT}
    assert client.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is False
    # update: description, policy, tags, enabled
    client.update_key_description(KeyId=key_id, Description="")
    other = json.dumps({**json.loads(policy), "Id": "other"})
    client.put_key_policy(
        KeyId=key_id, PolicyName="default", Policy=other, BypassPolicyLockoutSafetyCheck=False
    )
    client.untag_resource(KeyId=arn, TagKeys=["Name"])
    client.tag_resource(KeyId=arn, Tags=[{"TagKey": "Use", "TagValue": "dnssec"}])
    client.disable_key(KeyId=key_id)
    described = client.describe_key(KeyId=key_id)["KeyMetadata"]
    assert (described["Enabled"], described["Description"]) == (False, "")
    assert client.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"] == other
    assert tags_of(client, key_id) == {"Use": "dnssec"}
    client.enable_key(KeyId=key_id)
    # rotation cannot be enabled on an asymmetric key
    assert code_of(client.enable_key_rotation, KeyId=key_id) == "UnsupportedOperationException"
    # delete
    client.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    assert client.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert code_of(client.schedule_key_deletion, KeyId=key_id) == "KMSInvalidStateException"


def find_alias(client: Any, name: str) -> dict[str, Any] | None:
    for page in client.get_paginator("list_aliases").paginate():
        for alias in page["Aliases"]:
            if alias["AliasName"] == name:
                return dict(alias)
    return None


def test_an_alias(client: Any) -> None:
    first, second = make_key(client), make_key(client)
    client.create_alias(AliasName="alias/zone/ksk", TargetKeyId=first)
    found = find_alias(client, "alias/zone/ksk")
    assert found is not None
    assert found["TargetKeyId"] == first
    assert found["AliasArn"] == f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/zone/ksk"
    client.update_alias(AliasName="alias/zone/ksk", TargetKeyId=second)
    found = find_alias(client, "alias/zone/ksk")
    assert found is not None
    assert found["TargetKeyId"] == second
    # data "aws_kms_alias" and "aws_kms_key" read through the name
    assert client.describe_key(KeyId="alias/zone/ksk")["KeyMetadata"]["KeyId"] == second
    assert client.get_public_key(KeyId="alias/zone/ksk")["KeySpec"] == "ECC_NIST_P256"
    client.delete_alias(AliasName="alias/zone/ksk")
    assert find_alias(client, "alias/zone/ksk") is None
    assert code_of(client.delete_alias, AliasName="alias/zone/ksk") == "NotFoundException"
    assert code_of(client.create_alias, AliasName="ksk", TargetKeyId=first) == "ValidationException"
    assert code_of(client.create_alias, AliasName="alias/a b", TargetKeyId=first) == "ValidationException"


def find_grant(client: Any, key_id: str, grant_id: str) -> dict[str, Any] | None:
    for page in client.get_paginator("list_grants").paginate(KeyId=key_id, Limit=1):
        for grant in page["Grants"]:
            if grant["GrantId"] == grant_id:
                return dict(grant)
    return None


@pytest.mark.parametrize("retire_on_delete", [False, True])
def test_a_grant(client: Any, retire_on_delete: bool) -> None:
    key_id = make_key(client)
    for name in ("before", "between"):
        client.create_grant(KeyId=key_id, GranteePrincipal=ROOT, Operations=["Verify"], Name=name)
    made = client.create_grant(
        KeyId=key_id,
        GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:role/signer",
        RetiringPrincipal=ROOT,
        Operations=["Sign", "DescribeKey"],
        Name="signer",
    )
    grant = find_grant(client, key_id, made["GrantId"])
    assert grant is not None
    assert (grant["Name"], grant["Operations"]) == ("signer", ["Sign", "DescribeKey"])
    assert (grant["GranteePrincipal"], grant["RetiringPrincipal"]) == (
        f"arn:aws:iam::{ACCOUNT}:role/signer",
        ROOT,
    )
    assert grant["KeyId"].endswith(f":key/{key_id}")
    if retire_on_delete:
        client.retire_grant(GrantId=made["GrantId"], KeyId=grant["KeyId"])
    else:
        client.revoke_grant(GrantId=made["GrantId"], KeyId=key_id)
    assert find_grant(client, key_id, made["GrantId"]) is None
    assert code_of(client.revoke_grant, GrantId=made["GrantId"], KeyId=key_id) == "NotFoundException"


def test_what_the_model_refuses_before_us(client: Any) -> None:
    key_id = make_key(client)
    request = {"KeyId": key_id, "GranteePrincipal": ROOT}
    assert code_of(client.create_grant, Operations=["Fly"], **request) == "ValidationException"
    assert code_of(client.list_aliases, Limit=1001) == "ValidationException"
