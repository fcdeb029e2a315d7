"""KMS grants: made, listed, ended, and what they allow beside a key's policy."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from signing_world import NOW, SERVICE, A, B, account_root, make_world, policy_of

from operations_world import refused
from seal53.services import kms
from seal53.services.context import Principal
from seal53.services.kms import granting

SIGNING = {"Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
ROOT_A, ROOT_B = f"arn:aws:iam::{A}:root", f"arn:aws:iam::{B}:root"
USER = f"arn:aws:iam::{B}:user/signer"


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.services.store.close()


def grant(world, key, grantee=ROOT_B, operations=("Sign",), **more):
    return world.kms("CreateGrant", KeyId=key, GranteePrincipal=grantee, Operations=list(operations), **more)


def as_user(world, operation, principal, account=B, **request):
    caller = replace(world.caller(account, "us-east-1"), principal=principal)
    return kms.OPERATIONS[operation](world.services, request, caller)


def test_a_grant_is_listed_as_it_was_made(world):
    arn = world.key()
    made = grant(world, arn, operations=("Sign", "GetPublicKey"), Name="n", RetiringPrincipal=ROOT_A)
    assert re.fullmatch("[0-9a-f]{64}", made["GrantId"])
    assert made["GrantToken"]
    assert world.kms("ListGrants", KeyId=arn) == {
        "Grants": [
            {
                "KeyId": arn,
                "GrantId": made["GrantId"],
                "Name": "n",
                "CreationDate": datetime.fromtimestamp(NOW, UTC),
                "IssuingAccount": ROOT_A,
                "Operations": ["Sign", "GetPublicKey"],
                "GranteePrincipal": ROOT_B,
                "RetiringPrincipal": ROOT_A,
            }
        ],
        "Truncated": False,
    }


def test_a_grant_to_a_service(world):
    arn = world.key()
    made = world.kms(
        "CreateGrant",
        KeyId=arn,
        GranteeServicePrincipal=SERVICE,
        RetiringServicePrincipal=SERVICE,
        Operations=["Sign"],
    )
    (listed,) = world.kms("ListGrants", KeyId=arn, GranteeServicePrincipal=SERVICE)["Grants"]
    assert (listed["GranteeServicePrincipal"], listed["RetiringServicePrincipal"]) == (SERVICE, SERVICE)
    assert "GranteePrincipal" not in listed
    (listed,) = world.kms("ListRetirableGrants", RetiringServicePrincipal=SERVICE)["Grants"]
    assert listed["GrantId"] == made["GrantId"]


def test_the_same_named_request_finds_its_grant(world):
    arn = world.key()
    first = grant(world, arn, operations=("Sign", "Verify"), Name="n")
    assert grant(world, arn, operations=("Verify", "Sign"), Name="n") == first
    for other in (
        grant(world, arn, operations=("Sign",), Name="n"),
        grant(world, arn, operations=("Sign", "Verify"), Name="m"),
        grant(world, arn, operations=("Sign", "Verify"), Name="n", RetiringPrincipal=ROOT_B),
        grant(world, arn, grantee=ROOT_A, operations=("Sign", "Verify"), Name="n"),
    ):
        assert other["GrantId"] != first["GrantId"]
    assert grant(world, arn)["GrantId"] != grant(world, arn)["GrantId"]  # without a name, always a new one


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        ({}, "ValidationException", "Send GranteePrincipal or GranteeServicePrincipal"),
        (
            {"GranteePrincipal": ROOT_B, "GranteeServicePrincipal": SERVICE},
            "ValidationException",
            "not both",
        ),
        ({"GranteePrincipal": "somebody"}, "InvalidArnException", "valid principal: somebody"),
        ({"GranteePrincipal": "arn:aws:s3:::b"}, "InvalidArnException", "valid principal: arn:aws:s3:::b"),
        ({"GranteePrincipal": ROOT_B, "RetiringPrincipal": "x"}, "InvalidArnException", "principal: x"),
        ({"GranteePrincipal": ROOT_B, "Operations": ["Decrypt"]}, "ValidationException", "Decrypt"),
        ({"GranteePrincipal": ROOT_B, "Operations": []}, "ValidationException", "at least one"),
        (
            {"GranteePrincipal": ROOT_B, "Constraints": {"EncryptionContextEquals": {"a": "b"}}},
            "ValidationException",
            "Encryption context",
        ),
        ({"GranteePrincipal": ROOT_B, "DryRun": True}, "DryRunOperationException", "DryRun option is set."),
    ],
)
def test_what_is_no_grant(world, request_, code, words):
    arn = world.key()
    assert words in refused(code, world.kms, "CreateGrant", KeyId=arn, **{"Operations": ["Sign"], **request_})
    assert world.kms("ListGrants", KeyId=arn)["Grants"] == []


@pytest.mark.parametrize("grantee", [B, ROOT_B, USER, f"arn:aws:iam::{B}:role/path/r", "rds.amazonaws.com"])
def test_who_may_be_a_grantee(world, grantee):
    arn = world.key()
    grant(world, arn, grantee=grantee)
    (listed,) = world.kms("ListGrants", KeyId=arn, GranteePrincipal=grantee)["Grants"]
    assert listed["GranteePrincipal"] == grantee


def test_a_grant_lets_another_account_do_what_it_names_alone(world):
    arn = world.key()
    for operation, more in (("Sign", SIGNING), ("GetPublicKey", {})):
        refused("AccessDeniedException", world.kms, operation, account=B, KeyId=arn, **more)
    made = grant(world, arn)
    assert world.kms("Sign", account=B, KeyId=arn, GrantTokens=[made["GrantToken"]], **SIGNING)["Signature"]
    refused("AccessDeniedException", world.kms, "GetPublicKey", account=B, KeyId=arn)
    grant(world, arn, operations=("GetPublicKey",))
    assert world.kms("GetPublicKey", account=B, KeyId=arn)["KeyId"] == arn
    world.kms("RevokeGrant", KeyId=arn, GrantId=made["GrantId"])
    refused("AccessDeniedException", world.kms, "Sign", account=B, KeyId=arn, **SIGNING)
    assert world.kms("GetPublicKey", account=B, KeyId=arn)["KeyId"] == arn


def test_a_denial_in_the_policy_wins(world):
    denied = {**account_root(B), "Effect": "Deny", "Action": "kms:Sign"}
    arn = world.key(policy=policy_of(account_root(A), denied))
    grant(world, arn, operations=("Sign", "Verify"))
    refused("AccessDeniedException", world.kms, "Sign", account=B, KeyId=arn, **SIGNING)
    signature = world.kms("Sign", KeyId=arn, **SIGNING)["Signature"]
    assert world.kms("Verify", account=B, KeyId=arn, Signature=signature, **SIGNING)["SignatureValid"]


@pytest.mark.parametrize(
    ("principal", "grantee", "named"),
    [
        (None, ROOT_B, True),
        (None, B, True),
        (None, USER, False),
        (Principal(kind="user", arn=USER, id="AIDA", name="signer"), USER, True),
        (Principal(kind="user", arn=USER, id="AIDA", name="signer"), ROOT_B, False),
        (Principal(kind="user", arn=USER + "2", id="AIDB", name="signer2"), USER, False),
        *(
            (
                Principal(
                    kind="role",
                    arn=f"arn:aws:sts::{B}:assumed-role/r/s",
                    id="AROA:s",
                    name="r",
                    session_name="s",
                ),
                grantee,
                named,
            )
            for grantee, named in (
                (f"arn:aws:iam::{B}:role/r", True),
                (f"arn:aws:iam::{B}:role/some/path/r", True),
                (f"arn:aws:sts::{B}:assumed-role/r/s", True),
                (f"arn:aws:sts::{B}:assumed-role/r/t", False),
                (f"arn:aws:iam::{B}:role/rr", False),
                (f"arn:aws:iam::{A}:role/r", False),
                (f"arn:aws:iam::{B}:user/r", False),
                (SERVICE, False),
            )
        ),
    ],
)
def test_who_is_named_by_a_grant(world, principal, grantee, named):
    caller = replace(world.caller(B, "us-east-1"), principal=principal)
    assert granting.is_named(caller, grantee) is named


def test_states_of_the_key(world):
    arn = world.key()
    made = grant(world, arn)
    world.kms("DisableKey", KeyId=arn)
    assert refused("DisabledException", grant, world, arn) == f"{arn} is disabled."
    world.kms("ScheduleKeyDeletion", KeyId=arn, PendingWindowInDays=7)
    assert refused("KMSInvalidStateException", grant, world, arn) == f"{arn} is pending deletion."
    assert len(world.kms("ListGrants", KeyId=arn)["Grants"]) == 1
    assert world.kms("RevokeGrant", KeyId=arn, GrantId=made["GrantId"]) == {}
    assert world.kms("ListGrants", KeyId=arn)["Grants"] == []


def test_grants_go_with_their_key(world):
    arn = world.key()
    made = grant(world, arn, RetiringPrincipal=ROOT_B)
    world.kms("ScheduleKeyDeletion", KeyId=arn, PendingWindowInDays=7)
    assert world.kms("ListRetirableGrants", account=B, RetiringPrincipal=ROOT_B)["Grants"]
    world.now += 7 * 86400
    assert world.kms("ListRetirableGrants", account=B, RetiringPrincipal=ROOT_B)["Grants"] == []
    refused("InvalidGrantTokenException", world.kms, "RetireGrant", GrantToken=made["GrantToken"])
    refused("NotFoundException", world.kms, "RetireGrant", KeyId=arn, GrantId=made["GrantId"])


def test_revoking(world):
    arn, other = world.key(), world.key()
    made = grant(world, arn)
    unknown = "0" * 64
    for key, grant_id in ((arn, unknown), (other, made["GrantId"])):
        message = refused("NotFoundException", world.kms, "RevokeGrant", KeyId=key, GrantId=grant_id)
        assert message == f"Grant ID {grant_id} not found"
    refused("InvalidGrantIdException", world.kms, "RevokeGrant", KeyId=arn, GrantId="x")
    refused("InvalidGrantIdException", world.kms, "ListGrants", KeyId=arn, GrantId="x")
    request = {"KeyId": arn, "GrantId": made["GrantId"]}
    refused("DryRunOperationException", world.kms, "RevokeGrant", DryRun=True, **request)
    refused("AccessDeniedException", world.kms, "RevokeGrant", account=B, **request)
    assert world.kms("ListGrants", **request)["Grants"]
    assert world.kms("RevokeGrant", **request) == {}
    refused("NotFoundException", world.kms, "RevokeGrant", **request)


@pytest.mark.parametrize("by", ["token", "id"])
@pytest.mark.parametrize(
    ("more", "may"),
    [
        ({}, False),
        ({"RetiringPrincipal": ROOT_B}, True),
        ({"operations": ("RetireGrant",)}, True),
        ({"RetiringPrincipal": ROOT_A, "operations": ("Sign",)}, False),
    ],
)
def test_who_may_retire_a_grant(world, by, more, may):
    arn = world.key()
    made = grant(world, arn, **more)
    request = (
        {"GrantToken": made["GrantToken"]} if by == "token" else {"KeyId": arn, "GrantId": made["GrantId"]}
    )
    refused("DryRunOperationException", world.kms, "RetireGrant", DryRun=True, **request)
    if may:
        assert world.kms("RetireGrant", account=B, **request) == {}
        assert world.kms("ListGrants", KeyId=arn)["Grants"] == []
    else:
        assert "kms:RetireGrant" in refused(
            "AccessDeniedException", world.kms, "RetireGrant", account=B, **request
        )
        assert world.kms("RetireGrant", **request) == {}  # the account that made it


def test_retiring_needs_a_token_or_both_ids(world):
    arn = world.key()
    made = grant(world, arn)
    for request in ({}, {"KeyId": arn}, {"GrantId": made["GrantId"]}):
        refused("ValidationException", world.kms, "RetireGrant", **request)
    refused("InvalidGrantTokenException", world.kms, "RetireGrant", GrantToken="x")


def test_grants_are_listed_by_pages(world):
    arn = world.key()
    ids = sorted(grant(world, arn, RetiringPrincipal=ROOT_B)["GrantId"] for _ in range(5))
    elsewhere = world.key(region="eu-west-1")
    world.kms(
        "CreateGrant",
        region="eu-west-1",
        KeyId=elsewhere,
        GranteePrincipal=ROOT_B,
        RetiringPrincipal=ROOT_B,
        Operations=["Sign"],
    )
    for operation, account, given in (
        ("ListGrants", A, {"KeyId": arn}),
        ("ListRetirableGrants", B, {"RetiringPrincipal": ROOT_B}),
    ):
        seen, request = [], {}
        while True:
            page = world.kms(operation, account=account, Limit=2, **given, **request)
            seen += [listed["GrantId"] for listed in page["Grants"]]
            assert all(listed["KeyId"] == arn for listed in page["Grants"])
            if not page["Truncated"]:
                assert "NextMarker" not in page
                break
            request = {"Marker": page["NextMarker"]}
        assert seen == ids
        refused("InvalidMarkerException", world.kms, operation, account=account, Marker="x", **given)


def test_who_grants_because_of_a_grant_passes_on_no_more(world):
    arn = world.key()
    grant(world, arn, operations=("CreateGrant", "Sign"))
    third = f"arn:aws:iam::{A}:user/third"
    for operations in (["Verify"], ["Sign", "GetPublicKey"]):
        refused(
            "AccessDeniedException",
            world.kms,
            "CreateGrant",
            account=B,
            KeyId=arn,
            GranteePrincipal=third,
            Operations=operations,
        )
    made = world.kms("CreateGrant", account=B, KeyId=arn, GranteePrincipal=third, Operations=["Sign"])
    (listed,) = world.kms("ListGrants", KeyId=arn, GrantId=made["GrantId"])["Grants"]
    assert (listed["IssuingAccount"], listed["GranteePrincipal"]) == (ROOT_B, third)
    user = Principal(kind="user", arn=third, id="AIDA", name="third")
    assert as_user(world, "Sign", user, account=A, KeyId=arn, **SIGNING)["KeyId"] == arn


def test_a_grant_to_the_dnssec_service_does_what_the_policy_does_not(world):
    arn = world.key(policy=policy_of(account_root(A)))
    refused("InvalidKMSArn", world.ksk, arn=arn)
    request = {"KeyId": arn, "GranteeServicePrincipal": SERVICE}
    world.kms("CreateGrant", Operations=["DescribeKey", "GetPublicKey"], **request)
    refused("InvalidKMSArn", world.ksk, arn=arn)
    made = world.kms("CreateGrant", Operations=["Sign"], **request)
    assert world.ksk(arn=arn)["KeySigningKey"]["Status"] == "ACTIVE"
    world.kms("RevokeGrant", KeyId=arn, GrantId=made["GrantId"])
    refused("InvalidKMSArn", world.ksk, "ksk2", zone="Z2", arn=arn)


def test_a_grant_for_one_resource_is_none_for_others(world):
    arn = world.key(policy=policy_of(account_root(A)))
    world.kms(
        "CreateGrant",
        KeyId=arn,
        GranteeServicePrincipal=SERVICE,
        Operations=["DescribeKey", "GetPublicKey", "Sign"],
        Constraints={"SourceArn": f"arn:aws:route53::{A}:hostedzone/Z1"},
    )
    # a hosted zone's ARN has no account in it: no call is made for this resource
    refused("InvalidKMSArn", world.ksk, arn=arn)
    grant(world, arn, Constraints={"SourceArn": f"arn:aws:ec2:us-east-1:{A}:volume/v"})
    refused("AccessDeniedException", world.kms, "Sign", account=B, KeyId=arn, **SIGNING)


def test_route_53_makes_no_grant(world):
    arn = world.key()
    world.ksk(arn=arn)
    assert world.kms("ListGrants", KeyId=arn)["Grants"] == []
    assert json.loads(world.kms("GetKeyPolicy", KeyId=arn)["Policy"])["Statement"][2]["Action"] == (
        "kms:CreateGrant"
    )


@pytest.mark.parametrize("retiring", [ROOT_A, A, f"arn:aws:iam::{A}:user/admin"])
def test_nobody_lists_what_another_accounts_principals_may_retire(world, retiring):
    grant(world, world.key(), RetiringPrincipal=retiring)
    refused("AccessDeniedException", world.kms, "ListRetirableGrants", account=B, RetiringPrincipal=retiring)
    assert len(world.kms("ListRetirableGrants", RetiringPrincipal=retiring)["Grants"]) == 1


@pytest.mark.parametrize("member", ["RetiringServicePrincipal", "RetiringPrincipal"])
def test_what_a_service_may_retire_is_listed_for_ones_own_keys(world, member):
    grant(world, world.key(), **{member: SERVICE})
    assert len(world.kms("ListRetirableGrants", **{member: SERVICE})["Grants"]) == 1
    assert world.kms("ListRetirableGrants", account=B, **{member: SERVICE})["Grants"] == []


def test_retiring_does_not_tell_what_another_account_has(world):
    arn = world.key()
    made = grant(world, arn)["GrantId"]
    none = arn[:-4] + "0000"
    world.kms("CreateAlias", AliasName="alias/a", TargetKeyId=arn)
    alias = arn.partition("key/")[0] + "alias/a"
    said = {
        refused("AccessDeniedException", world.kms, "RetireGrant", account=B, KeyId=key, GrantId=id).replace(
            key, "KEY"
        )
        for key, id in ((arn, made), (arn, "0" * 64), (none, made), (alias, made), (alias + "b", made))
    }
    assert len(said) == 1
