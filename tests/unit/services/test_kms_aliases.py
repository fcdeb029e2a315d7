"""KMS aliases: names of keys, wherever a key id is taken."""

import json
import re
from datetime import UTC, datetime

import pytest
from signing_world import NOW, A, B, account_root, make_world, policy_of

from operations_world import refused

SIGNING = {"Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.services.store.close()


def arn_of(name, account=A, region="us-east-1"):
    return f"arn:aws:kms:{region}:{account}:{name}"


def create(world, name, key, **more):
    return world.kms("CreateAlias", AliasName=name, TargetKeyId=key, **more)


def test_an_alias_names_its_key_everywhere(world):
    arn = world.key()
    key_id = arn.rsplit("/")[1]
    assert create(world, "alias/ksk", key_id) == {}
    for name in ("alias/ksk", arn_of("alias/ksk")):
        assert world.kms("DescribeKey", KeyId=name)["KeyMetadata"]["Arn"] == arn
        assert world.kms("GetPublicKey", KeyId=name)["KeyId"] == arn
        signature = world.kms("Sign", KeyId=name, **SIGNING)["Signature"]
        assert world.kms("Verify", KeyId=name, Signature=signature, **SIGNING)["SignatureValid"]
        assert world.kms("GetKeyPolicy", KeyId=name)["PolicyName"] == "default"
        assert world.kms("ListResourceTags", KeyId=name)["Tags"] == []


def test_an_alias_is_of_one_account_and_region(world):
    here, there = world.key(), world.key(region="eu-west-1")
    create(world, "alias/a", here)
    create(world, "alias/a", there, region="eu-west-1")
    assert world.kms("DescribeKey", KeyId="alias/a")["KeyMetadata"]["Arn"] == here
    assert world.kms("DescribeKey", KeyId="alias/a", region="eu-west-1")["KeyMetadata"]["Arn"] == there
    message = refused("NotFoundException", world.kms, "DescribeKey", account=B, KeyId="alias/a")
    assert message == f"Alias {arn_of('alias/a', B)} is not found."
    assert "Invalid arn eu-west-1" in refused(
        "NotFoundException", world.kms, "DescribeKey", KeyId=arn_of("alias/a", region="eu-west-1")
    )


def test_another_accounts_key_by_its_alias(world):
    arn = world.key(policy=policy_of(account_root(A), account_root(B)))
    create(world, "alias/shared", arn)
    assert world.kms("DescribeKey", account=B, KeyId=arn_of("alias/shared"))["KeyMetadata"]["Arn"] == arn


@pytest.mark.parametrize("operation", ["DescribeKey", "Sign", "GetKeyPolicy", "ListAliases"])
def test_another_accounts_alias_tells_nothing(world, operation):
    arn = world.key()
    create(world, "alias/there", arn)
    more = {"Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"} if operation == "Sign" else {}
    code = "NotFoundException" if operation == "ListAliases" else "AccessDeniedException"
    there, gone = (
        refused(code, world.kms, operation, account=B, KeyId=arn_of(name), **more)
        for name in ("alias/there", "alias/gone")
    )
    assert there.replace("alias/there", "alias/gone") == gone
    assert arn not in there


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("ksk", "ValidationException", r'^Alias must start with the prefix "alias/"\. Please see '),
        ("alias/aws/route53", "NotAuthorizedException", "^$"),
        ("alias/", "ValidationException", "^alias/ contains invalid characters for an alias$"),
        ("alias/my:key", "ValidationException", "^alias/my:key contains invalid characters for an alias$"),
    ],
)
def test_names_that_are_no_aliases(world, name, code, words):
    arn = world.key()
    for operation, more in (
        ("CreateAlias", {"TargetKeyId": arn}),
        ("UpdateAlias", {"TargetKeyId": arn}),
        ("DeleteAlias", {}),
    ):
        assert re.search(words, refused(code, world.kms, operation, AliasName=name, **more))
    assert world.kms("ListAliases")["Aliases"] == []


def test_an_alias_is_made_once_and_for_a_key(world):
    arn = world.key()
    create(world, "alias/a", arn)
    message = refused("AlreadyExistsException", create, world, "alias/a", arn)
    assert message == f"An alias with the name {arn_of('alias/a')} already exists"
    for target in ("alias/a", arn_of("alias/a")):
        message = refused("ValidationException", create, world, "alias/b", target)
        assert message == "Aliases must refer to keys. Not aliases"
    refused("NotFoundException", create, world, "alias/b", "00000000-0000-0000-0000-000000000000")
    refused("AccessDeniedException", create, world, "alias/b", arn, account=B)


def test_a_key_has_so_many_aliases(world):
    arn = world.key()
    for n in range(50):
        create(world, f"alias/{n}", arn)
    refused("LimitExceededException", create, world, "alias/50", arn)
    other = world.key()
    create(world, "alias/50", other)
    refused("LimitExceededException", world.kms, "UpdateAlias", AliasName="alias/50", TargetKeyId=arn)
    assert world.kms("UpdateAlias", AliasName="alias/49", TargetKeyId=arn) == {}


def test_an_alias_is_moved_and_deleted(world):
    first, second = world.key(), world.key()
    create(world, "alias/a", first)
    world.now += 60
    assert world.kms("UpdateAlias", AliasName="alias/a", TargetKeyId=second) == {}
    assert world.kms("DescribeKey", KeyId="alias/a")["KeyMetadata"]["Arn"] == second
    assert world.kms("ListAliases")["Aliases"] == [
        {
            "AliasName": "alias/a",
            "AliasArn": arn_of("alias/a"),
            "TargetKeyId": second.rsplit("/")[1],
            "CreationDate": datetime.fromtimestamp(NOW, UTC),
            "LastUpdatedDate": datetime.fromtimestamp(NOW + 60, UTC),
        }
    ]
    assert world.kms("DeleteAlias", AliasName="alias/a") == {}
    for operation, more in (("DeleteAlias", {}), ("UpdateAlias", {"TargetKeyId": first})):
        message = refused("NotFoundException", world.kms, operation, AliasName="alias/a", **more)
        assert message == f"Alias {arn_of('alias/a')} is not found."


def test_states_of_the_key(world):
    leaving, kept = world.key(), world.key()
    create(world, "alias/leaving", leaving)
    create(world, "alias/kept", kept)
    world.kms("DisableKey", KeyId=kept)
    create(world, "alias/of-a-disabled-key", kept)
    world.kms("ScheduleKeyDeletion", KeyId=leaving, PendingWindowInDays=7)
    assert refused("KMSInvalidStateException", create, world, "alias/x", leaving).startswith(leaving)
    refused("KMSInvalidStateException", world.kms, "UpdateAlias", AliasName="alias/kept", TargetKeyId=leaving)
    assert world.kms("UpdateAlias", AliasName="alias/leaving", TargetKeyId=kept) == {}
    create(world, "alias/again", world.key())
    world.kms("ScheduleKeyDeletion", KeyId="alias/again", PendingWindowInDays=7)
    assert world.kms("DeleteAlias", AliasName="alias/again") == {}


def test_aliases_go_with_their_key(world):
    arn = world.key()
    create(world, "alias/a", arn)
    world.kms("ScheduleKeyDeletion", KeyId=arn, PendingWindowInDays=7)
    world.now += 7 * 86400
    assert "does not exist" in refused("NotFoundException", world.kms, "DescribeKey", KeyId="alias/a")
    refused("NotFoundException", world.kms, "DeleteAlias", AliasName="alias/a")
    create(world, "alias/a", world.key())  # a new key drops what is due, so that the name is free


def test_aliases_are_listed_by_pages_and_by_key(world):
    one, two = world.key(), world.key()
    for name in ("b", "d", "a", "c", "e"):
        create(world, f"alias/{name}", two if name == "c" else one)
    seen, request = [], {}
    while True:
        page = world.kms("ListAliases", Limit=2, **request)
        seen += [alias["AliasName"] for alias in page["Aliases"]]
        if not page["Truncated"]:
            assert "NextMarker" not in page
            break
        request = {"Marker": page["NextMarker"]}
    assert seen == [f"alias/{name}" for name in "abcde"]
    listed = world.kms("ListAliases", KeyId=one.rsplit("/")[1])["Aliases"]
    assert [alias["AliasName"] for alias in listed] == [f"alias/{name}" for name in "abde"]
    assert world.kms("ListAliases", account=B)["Aliases"] == []
    refused("InvalidMarkerException", world.kms, "ListAliases", Marker="nonsense")
    refused("NotFoundException", world.kms, "ListAliases", KeyId="00000000-0000-0000-0000-000000000000")
    refused("NotFoundException", world.kms, "ListAliases", account=B, KeyId=one)


def test_an_alias_needs_the_keys_permission(world):
    mine = account_root(A)
    locked = {**mine, "Effect": "Deny", "Action": ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]}
    arn, free = world.key(), world.key()
    create(world, "alias/a", arn)
    create(world, "alias/free", free)
    world.kms("PutKeyPolicy", KeyId=arn, Policy=json.dumps(policy_of(mine, locked)))
    refused("AccessDeniedException", create, world, "alias/b", arn)
    refused("AccessDeniedException", world.kms, "DeleteAlias", AliasName="alias/a")
    refused("AccessDeniedException", world.kms, "UpdateAlias", AliasName="alias/a", TargetKeyId=free)
    refused("AccessDeniedException", world.kms, "UpdateAlias", AliasName="alias/free", TargetKeyId=arn)


def test_a_ksk_is_not_made_of_an_alias(world):
    create(world, "alias/ksk", world.key())
    message = refused("InvalidKMSArn", world.ksk, arn=arn_of("alias/ksk"))
    assert "not an alias" in message
    assert world.ksk()["KeySigningKey"]["Status"] == "ACTIVE"
