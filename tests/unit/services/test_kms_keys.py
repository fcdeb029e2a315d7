"""KMS keys: shapes, states and refusals of AWS KMS; `cryptography` judges the signatures."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from signing_world import NOW, A, B, World, account_root, make_world, policy_of

from operations_world import refused
from seal53.keystore import unseal
from seal53.store import Store
from seal53.store import kms as key_rows

DAY = 86400


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.services.store.close()


def test_a_key_is_described_as_aws_does(world):
    made = world.kms("CreateKey", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Description="d")[
        "KeyMetadata"
    ]
    key_id = made["KeyId"]
    assert re.fullmatch(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", key_id)
    assert made == {
        "AWSAccountId": A,
        "KeyId": key_id,
        "Arn": f"arn:aws:kms:us-east-1:{A}:key/{key_id}",
        "CreationDate": datetime.fromtimestamp(NOW, UTC),
        "Enabled": True,
        "Description": "d",
        "KeyUsage": "SIGN_VERIFY",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "ECC_NIST_P256",
        "KeySpec": "ECC_NIST_P256",
        "SigningAlgorithms": ["ECDSA_SHA_256"],
        "MultiRegion": False,
    }
    for name in (key_id, made["Arn"]):
        assert world.kms("DescribeKey", KeyId=name) == {"KeyMetadata": made}


def test_the_old_name_of_the_spec_is_taken(world):
    made = world.kms("CreateKey", CustomerMasterKeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    assert made["KeyMetadata"]["KeySpec"] == "ECC_NIST_P256"


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        ({}, "UnsupportedOperationException", "KeySpec ECC_NIST_P256"),
        (
            {"KeySpec": "ECC_NIST_P256"},
            "ValidationException",
            "You must specify a KeyUsage value for all KMS keys",
        ),
        ({"KeySpec": "X", "KeyUsage": "SIGN_VERIFY"}, "ValidationException", "Value 'X' at 'keySpec'"),
        ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "X"}, "ValidationException", "Value 'X' at 'keyUsage'"),
        (
            {"KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT"},
            "ValidationException",
            "not compatible",
        ),
        ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}, "UnsupportedOperationException", "only"),
        (
            {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
            "UnsupportedOperationException",
            "ECC_NIST_P256",
        ),
        (
            {"KeySpec": "ECC_NIST_P384", "KeyUsage": "SIGN_VERIFY"},
            "UnsupportedOperationException",
            "ECC_NIST_P256",
        ),
        ({"KeySpec": "SYMMETRIC_DEFAULT"}, "UnsupportedOperationException", "ECC_NIST_P256"),
        (
            {"KeySpec": "ECC_NIST_P256", "CustomerMasterKeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
            "ValidationException",
            "deprecated",
        ),
    ],
)
def test_other_keys_are_refused(world, request_, code, words):
    assert words in refused(code, world.kms, "CreateKey", **request_)
    assert world.kms("ListKeys")["Keys"] == []


@pytest.mark.parametrize(
    "more",
    [
        {"Origin": "EXTERNAL"},
        {"CustomKeyStoreId": "cks-1"},
        {"XksKeyId": "x"},
        {"MultiRegion": True},
    ],
)
def test_what_is_not_kept_is_refused(world, more):
    refused(
        "UnsupportedOperationException",
        world.kms,
        "CreateKey",
        KeySpec="ECC_NIST_P256",
        KeyUsage="SIGN_VERIFY",
        **more,
    )


def test_the_public_key_is_der(world):
    arn = world.key()
    made = world.kms("GetPublicKey", KeyId=arn)
    assert len(made["PublicKey"]) == 91
    assert isinstance(load_der_public_key(made["PublicKey"]).curve, ec.SECP256R1)
    assert {k: v for k, v in made.items() if k != "PublicKey"} == {
        "KeyId": arn,
        "CustomerMasterKeySpec": "ECC_NIST_P256",
        "KeySpec": "ECC_NIST_P256",
        "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": ["ECDSA_SHA_256"],
    }


def test_messages_and_digests_are_signed_and_verified(world):
    arn = world.key()
    public = load_der_public_key(world.kms("GetPublicKey", KeyId=arn)["PublicKey"])
    digest = hashlib.sha256(b"message").digest()
    for given in ({"Message": b"message"}, {"Message": digest, "MessageType": "DIGEST"}):
        made = world.kms("Sign", KeyId=arn, SigningAlgorithm="ECDSA_SHA_256", **given)
        assert (made["KeyId"], made["SigningAlgorithm"]) == (arn, "ECDSA_SHA_256")
        public.verify(made["Signature"], b"message", ec.ECDSA(SHA256()))
        assert world.kms(
            "Verify", KeyId=arn, SigningAlgorithm="ECDSA_SHA_256", Signature=made["Signature"], **given
        ) == {"KeyId": arn, "SignatureValid": True, "SigningAlgorithm": "ECDSA_SHA_256"}
        broken = made["Signature"][:-1] + bytes([made["Signature"][-1] ^ 1])
        for signature, message in (
            (broken, given),
            (made["Signature"], {"Message": b"other"}),
            (b"x", given),
        ):
            refused(
                "KMSInvalidSignatureException",
                world.kms,
                "Verify",
                KeyId=arn,
                SigningAlgorithm="ECDSA_SHA_256",
                Signature=signature,
                **message,
            )


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"Message": b"short", "MessageType": "DIGEST"}, "ValidationException", "Digest is invalid length"),
        ({"Message": bytes(4097)}, "ValidationException", "between 1 and 4096"),
        ({"Message": b""}, "ValidationException", "between 1 and 4096"),
        ({"Message": b"m", "MessageType": "EXTERNAL_MU"}, "ValidationException", "EXTERNAL_MU"),
        ({"Message": b"m", "SigningAlgorithm": "ECDSA_SHA_384"}, "InvalidKeyUsageException", "incompatible"),
        ({"Message": b"m", "DryRun": True}, "DryRunOperationException", "DryRun option is set."),
    ],
)
def test_what_is_not_signed(world, given, code, words):
    arn = world.key()
    for operation, more in (("Sign", {}), ("Verify", {"Signature": b"s"})):
        request = {"KeyId": arn, "SigningAlgorithm": "ECDSA_SHA_256", **more, **given}
        assert words in refused(code, world.kms, operation, **request)


def test_keys_are_listed_by_pages_account_and_region(world):
    mine = sorted(world.key().rsplit("/")[1] for _ in range(5))
    world.key(account=B)
    elsewhere = world.key(region="eu-west-1")
    seen, request = [], {}
    while True:
        page = world.kms("ListKeys", Limit=2, **request)
        seen += page["Keys"]
        if not page["Truncated"]:
            assert "NextMarker" not in page
            break
        request = {"Marker": page["NextMarker"]}
    assert seen == [{"KeyId": k, "KeyArn": f"arn:aws:kms:us-east-1:{A}:key/{k}"} for k in mine]
    assert [k["KeyArn"] for k in world.kms("ListKeys", region="eu-west-1")["Keys"]] == [elsewhere]
    refused("InvalidMarkerException", world.kms, "ListKeys", Marker="nonsense")


def test_names_of_no_key(world):
    arn = world.key()
    unknown = "00000000-0000-0000-0000-000000000000"
    for key_id, words in (
        (unknown, f"Key 'arn:aws:kms:us-east-1:{A}:key/{unknown}' does not exist"),
        (
            f"arn:aws:kms:us-east-1:{A}:key/{unknown}",
            f"Key 'arn:aws:kms:us-east-1:{A}:key/{unknown}' does not exist",
        ),
        ("x", "Invalid keyId 'x'"),
        ("arn:aws:kms:us-east-1", "Invalid keyId 'arn:aws:kms:us-east-1'"),
        (
            f"arn:aws:s3:us-east-1:{A}:key/{unknown}",
            f"Invalid keyId 'arn:aws:s3:us-east-1:{A}:key/{unknown}'",
        ),
        (arn.replace("us-east-1", "eu-west-1"), "Invalid arn eu-west-1"),
        ("alias/a", f"Alias arn:aws:kms:us-east-1:{A}:alias/a is not found."),
        (f"arn:aws:kms:us-east-1:{A}:alias/a", f"Alias arn:aws:kms:us-east-1:{A}:alias/a is not found."),
    ):
        assert refused("NotFoundException", world.kms, "DescribeKey", KeyId=key_id) == words
    assert "does not exist" in refused(
        "NotFoundException", world.kms, "DescribeKey", KeyId=arn.rsplit("/")[1], region="eu-west-1"
    )


def test_disabling_and_enabling(world):
    arn = world.key()
    assert world.kms("DisableKey", KeyId=arn) == {}
    assert world.kms("DisableKey", KeyId=arn) == {}
    described = world.kms("DescribeKey", KeyId=arn)["KeyMetadata"]
    assert (described["KeyState"], described["Enabled"]) == ("Disabled", False)
    for operation, more in USES:
        assert refused("DisabledException", world.kms, operation, KeyId=arn, **more) == f"{arn} is disabled."
    assert world.kms("EnableKey", KeyId=arn) == {}
    for operation, more in USES[:2]:
        assert world.kms(operation, KeyId=arn, **more)["KeyId"] == arn


USES = [
    ("GetPublicKey", {}),
    ("Sign", {"Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}),
    ("Verify", {"Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256", "Signature": b"s"}),
]


def test_deletion_is_scheduled_cancelled_and_final(world):
    arn = world.key()
    assert world.kms("ScheduleKeyDeletion", KeyId=arn, PendingWindowInDays=7) == {
        "KeyId": arn,
        "DeletionDate": datetime.fromtimestamp(NOW + 7 * DAY, UTC),
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": 7,
    }
    described = world.kms("DescribeKey", KeyId=arn)["KeyMetadata"]
    assert (described["KeyState"], described["Enabled"]) == ("PendingDeletion", False)
    assert described["DeletionDate"] == datetime.fromtimestamp(NOW + 7 * DAY, UTC)
    for operation, more in [*USES, ("EnableKey", {}), ("DisableKey", {}), ("ScheduleKeyDeletion", {})]:
        message = refused("KMSInvalidStateException", world.kms, operation, KeyId=arn, **more)
        assert message == f"{arn} is pending deletion."
    assert world.kms("GetKeyPolicy", KeyId=arn)["PolicyName"] == "default"
    assert world.kms("CancelKeyDeletion", KeyId=arn) == {"KeyId": arn}
    assert world.kms("DescribeKey", KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    assert "is not pending deletion" in refused(
        "KMSInvalidStateException", world.kms, "CancelKeyDeletion", KeyId=arn
    )
    assert world.kms("ScheduleKeyDeletion", KeyId=arn)["PendingWindowInDays"] == 30
    world.now = NOW + 30 * DAY - 1
    assert world.kms("DescribeKey", KeyId=arn)
    assert world.kms("ListKeys")["Keys"]
    world.now += 1
    assert "does not exist" in refused("NotFoundException", world.kms, "CancelKeyDeletion", KeyId=arn)
    assert world.kms("ListKeys")["Keys"] == []
    world.key()  # any new key drops what is due
    world.now = NOW
    refused("NotFoundException", world.kms, "DescribeKey", KeyId=arn)


@pytest.mark.parametrize("days", [1, 6, 31])
def test_the_waiting_period_has_bounds(world, days):
    arn = world.key()
    message = refused(
        "ValidationException", world.kms, "ScheduleKeyDeletion", KeyId=arn, PendingWindowInDays=days
    )
    assert f"Value '{days}' at 'pendingWindowInDays'" in message


def test_policies_are_kept_as_given_in_every_state(world):
    text = json.dumps(policy_of(account_root(A)), indent=3)
    arn = world.kms("CreateKey", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=text)["KeyMetadata"][
        "Arn"
    ]
    assert world.kms("GetKeyPolicy", KeyId=arn) == {"Policy": text, "PolicyName": "default"}
    world.kms("ScheduleKeyDeletion", KeyId=arn)
    other = json.dumps(policy_of(account_root(A)))
    assert world.kms("PutKeyPolicy", KeyId=arn, PolicyName="default", Policy=other) == {}
    assert world.kms("GetKeyPolicy", KeyId=arn, PolicyName="default")["Policy"] == other
    for operation, more in (("GetKeyPolicy", {}), ("PutKeyPolicy", {"Policy": other})):
        refused("NotFoundException", world.kms, operation, KeyId=arn, PolicyName="mine", **more)


def test_keys_survive_and_lie_sealed(world, tmp_path):
    arn = world.key()
    request = {"KeyId": arn, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = world.kms("Sign", **request)["Signature"]
    world.services.store.close()
    store = Store(tmp_path / "db")
    store.open()
    again = World(replace(world.services, store=store), world.parent)
    assert again.kms("Verify", Signature=signature, **request)["SignatureValid"]
    with store.read() as tx:
        row = key_rows.by_arn(tx, arn)
    assert row is not None
    store.close()
    plain = unseal(world.services.kek, row.aad, row.sealed_key)
    assert repr(row.sealed_key) not in repr(row)
    private = (
        load_der_private_key(bytes(plain), password=None).private_numbers().private_value.to_bytes(32, "big")
    )
    assert private in plain
    for path in tmp_path.iterdir():
        assert private not in path.read_bytes()
