"""Tags of KMS keys, and what else is read and changed of a key beside its policy."""

import pytest
from signing_world import A, B, make_world

from operations_world import refused
from seal53.store import tags


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.services.store.close()


def shaped(**values):
    return [{"TagKey": key, "TagValue": value} for key, value in values.items()]


def test_a_key_is_made_with_tags(world):
    made = world.kms("CreateKey", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Tags=shaped(b="2", a="1"))
    arn = made["KeyMetadata"]["Arn"]
    assert world.kms("ListResourceTags", KeyId=arn) == {"Tags": shaped(a="1", b="2"), "Truncated": False}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (shaped(a="1") + shaped(a="2"), "Duplicate tag keys"),
        ([{"TagKey": "aws:x", "TagValue": ""}], "aws:x"),
        ([{"TagKey": "AWS:x", "TagValue": ""}], "AWS:x"),
        (shaped(**{f"k{n}": "" for n in range(51)}), "at most 50"),
    ],
)
def test_tags_that_are_none(world, given, words):
    assert words in refused(
        "TagException", world.kms, "CreateKey", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Tags=given
    )
    assert world.kms("ListKeys")["Keys"] == []
    arn = world.key()
    assert words in refused("TagException", world.kms, "TagResource", KeyId=arn, Tags=given)


def test_tags_are_added_changed_and_removed(world):
    arn = world.key()
    assert world.kms("TagResource", KeyId=arn, Tags=shaped(a="1", b="2")) == {}
    assert world.kms("TagResource", KeyId=arn, Tags=shaped(b="3", c="")) == {}
    assert world.kms("ListResourceTags", KeyId=arn)["Tags"] == shaped(a="1", b="3", c="")
    assert world.kms("UntagResource", KeyId=arn, TagKeys=["a", "unknown"]) == {}
    assert world.kms("ListResourceTags", KeyId=arn)["Tags"] == shaped(b="3", c="")
    world.kms("TagResource", KeyId=arn, Tags=shaped(**{f"k{n}": "" for n in range(48)}))
    refused("LimitExceededException", world.kms, "TagResource", KeyId=arn, Tags=shaped(d=""))
    assert world.kms("TagResource", KeyId=arn, Tags=shaped(b="4")) == {}


def test_tags_are_listed_by_pages(world):
    arn = world.key()
    world.kms("TagResource", KeyId=arn, Tags=shaped(a="1", b="2", c="3"))
    first = world.kms("ListResourceTags", KeyId=arn, Limit=2)
    assert (first["Tags"], first["Truncated"]) == (shaped(a="1", b="2"), True)
    assert world.kms("ListResourceTags", KeyId=arn, Limit=2, Marker=first["NextMarker"]) == {
        "Tags": shaped(c="3"),
        "Truncated": False,
    }


def test_tags_go_with_their_key(world):
    arn = world.key()
    world.kms("TagResource", KeyId=arn, Tags=shaped(a="1"))
    world.kms("ScheduleKeyDeletion", KeyId=arn, PendingWindowInDays=7)
    world.now += 7 * 86400
    world.key()
    with world.services.store.read() as tx:
        assert tags.of(tx, arn) == {}


CHANGES = [
    ("TagResource", {"Tags": shaped(a="1")}),
    ("UntagResource", {"TagKeys": ["a"]}),
    ("UpdateKeyDescription", {"Description": "d"}),
]
READS = [
    ("DescribeKey", {}),
    ("GetKeyPolicy", {}),
    ("GetKeyRotationStatus", {}),
    ("ListKeyPolicies", {}),
    ("ListResourceTags", {}),
    ("ListGrants", {}),
    ("ListAliases", {}),
]
ROTATION = ["EnableKeyRotation", "DisableKeyRotation"]


def test_states_of_the_key(world):
    arn = world.key()
    world.kms("DisableKey", KeyId=arn)
    for operation, more in CHANGES + READS:
        world.kms(operation, KeyId=arn, **more)
    for operation in ROTATION:
        refused("DisabledException", world.kms, operation, KeyId=arn)
    world.kms("ScheduleKeyDeletion", KeyId=arn)
    for operation, more in READS:
        world.kms(operation, KeyId=arn, **more)
    for operation, more in CHANGES + [(operation, {}) for operation in ROTATION]:
        message = refused("KMSInvalidStateException", world.kms, operation, KeyId=arn, **more)
        assert message == f"{arn} is pending deletion."


@pytest.mark.parametrize("operation, more", [*CHANGES, *READS[:6], *((name, {}) for name in ROTATION)])
def test_another_accounts_key(world, operation, more):
    arn = world.key()
    assert arn in refused("AccessDeniedException", world.kms, operation, account=B, KeyId=arn, **more)


def test_the_description_is_changed(world):
    arn = world.key()
    assert world.kms("UpdateKeyDescription", KeyId=arn, Description="other") == {}
    assert world.kms("DescribeKey", KeyId=arn)["KeyMetadata"]["Description"] == "other"


def test_an_asymmetric_key_does_not_rotate(world):
    arn = world.key()
    assert world.kms("GetKeyRotationStatus", KeyId=arn) == {"KeyId": arn, "KeyRotationEnabled": False}
    for operation in ROTATION:
        assert refused("UnsupportedOperationException", world.kms, operation, KeyId=arn) == ""


def test_a_key_has_one_policy(world):
    arn = world.key()
    assert world.kms("ListKeyPolicies", KeyId=arn) == {"PolicyNames": ["default"], "Truncated": False}
    assert arn.startswith(f"arn:aws:kms:us-east-1:{A}:key/")
