"""Key policies: only what is plainly allowed is allowed."""

import json
import time

import pytest
from signing_world import (
    LEGACY_SERVICE,
    NOW,
    SERVICE,
    A,
    B,
    account_root,
    allow,
    dnssec_policy,
    make_world,
    policy_of,
)

from operations_world import refused
from seal53.keys import SignerFault
from seal53.policy import Act, Actor, Verdict, judge
from seal53.services import kms
from seal53.services.kms.policy import PolicyFault, parse_policy

ARN = f"arn:aws:kms:us-east-1:{A}:key/1"
CONTEXT = {"aws:sourceaccount": A, "aws:sourcearn": "arn:aws:route53:::hostedzone/Z1"}
ROUTE53 = Actor(kind="service", name=SERVICE)


def verdict(*statements, principal=ROUTE53, action="kms:Sign", resource=ARN, context=CONTEXT):
    policy = parse_policy(json.dumps(policy_of(*statements)))
    return judge(policy, Act(actor=principal, action=action, resource=resource, context=context))


def root(account):
    return Actor(kind="root", account=account, arn=f"arn:aws:iam::{account}:root")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"Service": [LEGACY_SERVICE, SERVICE]}},
        {"Action": "kms:*"},
        {"Action": "KMS:sign"},
        {"Action": "kms:S?gn"},
        {"Action": "*"},
        {"Resource": ARN},
        {"Resource": ["arn:aws:s3:::b", "arn:aws:kms:*:*:key/*"]},
        {"Condition": {"StringEquals": {"aws:SourceAccount": A}}},
        {"Condition": {"StringEquals": {"AWS:sourceaccount": [B, A]}}},
        {"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:route53:::hostedzone/Z1"}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:route53:::hostedzone/*"}}},
        {"Condition": {"StringLike": {"aws:SourceArn": "arn:*/Z?"}}},
        {"Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:route53:::hostedzone/Z1"}}},
        {
            "Condition": {
                "StringEquals": {"aws:SourceAccount": A},
                "ArnEquals": {"aws:SourceArn": "arn:aws:route53:::hostedzone/Z1"},
            }
        },
        {"Condition": {"StringEqualsIfExists": {"aws:SourceAccount": A}}},
        {"Condition": {"StringNotEquals": {"aws:SourceAccount": B}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": A}, "Null": {"aws:SourceArn": "false"}}},
    ],
)
def test_what_allows(changes):
    assert verdict(allow(**changes)) is Verdict.ALLOWED
    assert verdict(allow(**changes), account_root(A)) is Verdict.ALLOWED


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"Service": "route53.amazonaws.com"}},
        {"Principal": {"AWS": f"arn:aws:iam::{A}:root"}},
        {"Principal": {"AWS": A}},
        {"Principal": {"Federated": SERVICE}},
        {"Action": "kms:Verify"},
        {"Action": "kms:Sig"},
        {"Action": []},
        {"Resource": ARN + "2"},
        {"Resource": ARN[:-1] + "?2"},
        # a confused deputy: the service acts for someone else
        {"Condition": {"StringEquals": {"aws:SourceAccount": B}}},
        {"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:route53:::hostedzone/Z2"}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:route53:*"}}},
        {"Condition": {"StringLike": {"aws:SourceArn": "*/Z2"}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": A, "aws:SourceArn": "x"}}},
        # a key that this call does not have
        {"Condition": {"Bool": {"kms:GrantIsForAWSResource": True}}},
        # not understood
        {"Condition": {"BinaryEquals": {"aws:SourceAccount": A}}},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
        {"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": []}}},
    ],
)
def test_what_does_not_allow(changes):
    assert verdict(allow(**changes)) is Verdict.UNMENTIONED


@pytest.mark.parametrize("negated", ["Principal", "Action", "Resource"])
def test_what_is_negated_means_everything_else(negated):
    for named, expected in (("x", Verdict.ALLOWED), (allow()[negated], Verdict.UNMENTIONED)):
        statement = allow()
        del statement[negated]
        statement[f"Not{negated}"] = {"Service": "x.y"} if (negated, named) == ("Principal", "x") else named
        assert verdict(statement) is expected
        denied = Verdict.DENIED if expected is Verdict.ALLOWED else Verdict.ALLOWED
        assert verdict(allow(), {**statement, "Effect": "Deny"}) is denied


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, Verdict.DENIED),
        ({"StringEquals": {"aws:SourceAccount": A}}, Verdict.DENIED),
        ({"StringEquals": {"aws:SourceAccount": B}}, Verdict.ALLOWED),
        ({"Bool": {"kms:GrantIsForAWSResource": "false"}}, Verdict.ALLOWED),
        ({"StringNotEquals": {"aws:SourceAccount": A}}, Verdict.ALLOWED),
        ({"StringNotEquals": {"aws:SourceAccount": B}}, Verdict.DENIED),
        ({"BinaryEquals": {"aws:SourceAccount": B}}, Verdict.DENIED),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, Verdict.DENIED),
    ],
)
def test_a_deny_wins(condition, expected):
    deny = allow(Effect="Deny", Condition=condition)
    assert verdict(deny, allow()) is expected
    assert verdict(allow(), deny) is expected
    assert verdict(allow(), {**deny, "Action": "kms:Verify"}) is Verdict.ALLOWED


def test_bools_are_compared_as_text():
    condition = {"Bool": {"kms:GrantIsForAWSResource": True}}
    for value, expected in (("true", Verdict.ALLOWED), ("false", Verdict.UNMENTIONED)):
        context = {"kms:grantisforawsresource": value}
        assert verdict(allow(Condition=condition), context=context) is expected


@pytest.mark.parametrize("written", [f"arn:aws:iam::{A}:root", A, "*", ["x" * 0 + B, A]])
def test_an_account_is_written_in_several_ways(written):
    statement = account_root(A) | {"Principal": {"AWS": written}}
    assert verdict(statement, principal=root(A)) is Verdict.ALLOWED
    other = verdict(statement, principal=root("999999999999"))
    assert other is (Verdict.ALLOWED if written == "*" else Verdict.UNMENTIONED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"x"',
        "{}",
        '{"Statement": []}',
        '{"Statement": ["x"]}',
        '{"Statement": [], "Statement": []}',
        '{"Version": "2020-01-01", "Statement": [{}]}',
        "[" * 20000,
        json.dumps({"Statement": allow(), "Other": 1}),
        json.dumps(policy_of(allow(Effect="Permit"))),
        json.dumps(policy_of(allow(Other=1))),
        json.dumps(policy_of({k: v for k, v in allow().items() if k != "Principal"})),
        json.dumps(policy_of({k: v for k, v in allow().items() if k != "Action"})),
        json.dumps(policy_of({k: v for k, v in allow().items() if k != "Resource"})),
        json.dumps(policy_of(allow(NotAction="x"))),
        json.dumps(policy_of(allow(Principal="me"))),
        json.dumps(policy_of(allow(Principal={"AWS": "arn:aws:iam::*:root"}))),
        json.dumps(policy_of(allow(Principal={"AWS": "me"}))),
        json.dumps(policy_of(allow(Principal={"Robot": "x"}))),
        json.dumps(policy_of(allow(Action=[{}]))),
        json.dumps(policy_of(allow(Condition=[]))),
        json.dumps(policy_of(allow(Condition={"StringEquals": "x"}))),
        json.dumps(policy_of(allow(Condition={"StringSounds": {"aws:SourceAccount": A}}))),
    ],
)
def test_what_is_no_policy_is_refused(text):
    with pytest.raises(PolicyFault) as fault:
        parse_policy(text)
    assert "\n" not in str(fault.value)


def test_a_hostile_pattern_takes_no_time():
    begin = time.perf_counter()
    assert verdict(allow(Action="*a" * 2000 + "b"), action="kms:" + "a" * 2000) is Verdict.UNMENTIONED
    assert time.perf_counter() - begin < 5


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.services.store.close()


def test_the_default_policy_is_the_accounts_alone(world):
    arn = world.kms("CreateKey", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    policy = json.loads(world.kms("GetKeyPolicy", KeyId=arn)["Policy"])
    assert policy["Statement"] == [{"Sid": "Enable IAM User Permissions", **account_root(A)}]
    assert "did not grant all required permissions" in signer_refused(world, arn)


def test_a_policy_may_not_lock_its_author_out(world):
    arn = world.key()
    text = json.dumps(policy_of(allow()))
    for operation, more in (
        ("PutKeyPolicy", {"KeyId": arn}),
        ("CreateKey", {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}),
    ):
        message = refused("MalformedPolicyDocumentException", world.kms, operation, Policy=text, **more)
        assert message == "The new key policy will not allow you to update the key policy in the future."
        assert "not valid JSON" in refused(
            "MalformedPolicyDocumentException", world.kms, operation, Policy="{", **more
        )
        refused("LimitExceededException", world.kms, operation, Policy=" " * 32769, **more)
        world.kms(operation, Policy=text, BypassPolicyLockoutSafetyCheck=True, **more)
    assert refused("AccessDeniedException", world.kms, "GetKeyPolicy", KeyId=arn) == (
        f"User: arn:aws:iam::{A}:root is not authorized to perform: kms:GetKeyPolicy on resource: {arn} "
        "because no resource-based policy allows the kms:GetKeyPolicy action"
    )


def test_an_explicit_deny_is_named(world):
    deny = account_root(A) | {"Effect": "Deny", "Action": "kms:Sign"}
    arn = world.key(policy=policy_of(account_root(A), deny))
    message = refused(
        "AccessDeniedException", world.kms, "Sign", KeyId=arn, Message=b"m", SigningAlgorithm="ECDSA_SHA_256"
    )
    assert message.endswith("with an explicit deny in a resource-based policy")


OPERATIONS = [
    ("DescribeKey", {}),
    ("GetPublicKey", {}),
    ("Sign", {"Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}),
    ("EnableKey", {}),
    ("DisableKey", {}),
    ("ScheduleKeyDeletion", {}),
    ("CancelKeyDeletion", {}),
    ("GetKeyPolicy", {}),
    ("PutKeyPolicy", {"Policy": json.dumps(policy_of(account_root(B)))}),
]


@pytest.mark.parametrize(("operation", "more"), OPERATIONS)
def test_another_accounts_key_looks_like_one_that_does_not_exist(world, operation, more):
    arn = world.key()
    absent = arn[:-12] + "0" * 12
    texts = {
        refused("AccessDeniedException", world.kms, operation, account=B, KeyId=name, **more).replace(
            name, "KEY"
        )
        for name in (arn, absent)
    }
    assert len(texts) == 1
    refused("NotFoundException", world.kms, operation, account=B, KeyId=arn.rsplit("/")[1], **more)
    assert world.kms("DescribeKey", KeyId=arn)["KeyMetadata"]["KeyState"] == "Enabled"


def test_another_account_may_be_let_in_to_sign_but_not_to_manage(world):
    arn = world.key(policy=policy_of(account_root(A), account_root(B)))
    for operation, more in OPERATIONS[:3]:
        assert world.kms(operation, account=B, KeyId=arn, **more)
    for operation, more in OPERATIONS[3:]:
        refused("AccessDeniedException", world.kms, operation, account=B, KeyId=arn, **more)


def signer_of(world, arn, zone="Z1", account=A):
    with world.services.store.read() as tx:
        return kms.dnssec_signer(world.services, tx, arn=arn, zone_id=zone, account_id=account, now=world.now)


def signer_refused(world, arn, zone="Z1", account=A):
    with pytest.raises(SignerFault) as fault:
        signer_of(world, arn, zone, account)
    assert "\n" not in str(fault.value)
    return str(fault.value)


@pytest.mark.parametrize("service", [SERVICE, LEGACY_SERVICE])
def test_the_dnssec_service_signs(world, service):
    arn = world.key(policy=policy_of(account_root(A), allow(Principal={"Service": service})))
    assert signer_of(world, arn).dnskey[4:] == world.kms("GetPublicKey", KeyId=arn)["PublicKey"][-64:]
    assert len(signer_of(world, arn).sign_digest(bytes(32))) == 64
    assert kms.DnssecSigners(world.services).signer(zone_id="Z1", account_id=A, kms_arn=arn, now=NOW).dnskey


@pytest.mark.parametrize("missing", ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"])
def test_each_permission_is_needed(world, missing):
    actions = [a for a in ("kms:DescribeKey", "kms:GetPublicKey", "kms:Sign") if a != missing]
    arn = world.key(policy=policy_of(account_root(A), allow(Action=actions)))
    assert signer_refused(world, arn) == (
        f"The CMK with ARN '{arn}' did not grant all required permissions for DNSSEC usage. Please review "
        "your key-policy, and "
        "verify that you and Route 53 have permissions to perform the following actions: DescribeKey, "
        "GetPublicKey, and Sign."
    )


def test_permissions_are_not_pieced_together_from_two_principals(world):
    arn = world.key(
        policy=policy_of(
            account_root(A),
            allow(Action=["kms:DescribeKey", "kms:Sign"]),
            allow(Action="kms:GetPublicKey", Principal={"Service": LEGACY_SERVICE}),
        )
    )
    assert "did not grant" in signer_refused(world, arn)


def test_a_confused_deputy_is_refused(world):
    guard = {
        "StringEquals": {"aws:SourceAccount": A},
        "ArnEquals": {"aws:SourceArn": "arn:aws:route53:::hostedzone/Z1"},
    }
    arn = world.key(policy=policy_of(account_root(A), allow(Condition=guard)))
    assert signer_of(world, arn)
    assert "did not grant" in signer_refused(world, arn, zone="Z2")
    assert "did not grant" in signer_refused(world, arn, zone="ZB", account=B)


FOR_B = {
    "StringEquals": {"aws:SourceAccount": B},
    "ArnLike": {"aws:SourceArn": "arn:aws:route53:::hostedzone/*"},
}
USES = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]


@pytest.mark.parametrize(
    "statements",
    [
        (),  # the guide's policy, which lets in the service for whomever
        (allow(Principal="*"),),
        (allow(Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}),),
        (account_root(B) | {"Action": USES[:2]},),
        (account_root("999999999999") | {"Action": USES},),
        (account_root(B) | {"Action": USES, "Effect": "Deny"},),
        (allow(Action=USES, Condition=FOR_B), allow(Effect="Deny", Condition=FOR_B)),
    ],
)
def test_a_zone_takes_no_key_of_another_account_that_does_not_name_its_own(world, statements):
    service = [] if statements and "Condition" in statements[0] else [allow()]
    arn = world.key(policy=policy_of(account_root(A), *service, *statements))
    for name in (arn, arn[:-12] + "0" * 12, arn.replace(A, B)):
        assert "did not grant" in signer_refused(world, name, zone="ZB", account=B)


@pytest.mark.parametrize(
    "statements",
    [
        (allow(Condition=FOR_B),),
        (allow(Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:route53:::hostedzone/ZB"}}),),
        (allow(), account_root(B) | {"Action": USES}),
        (allow(), account_root(B) | {"Principal": {"AWS": f"arn:aws:iam::{B}:user/dns"}, "Action": USES}),
        (allow(), account_root(B) | {"Principal": {"AWS": B}}),
    ],
)
def test_a_zone_takes_a_key_of_another_account_that_names_its_own(world, statements):
    arn = world.key(policy=policy_of(account_root(A), *statements))
    assert signer_of(world, arn, zone="ZB", account=B).dnskey
    # A key for account B is not for another one.
    if len(statements) == 1:
        assert "did not grant" in signer_refused(world, arn)


def test_who_makes_a_ksk_must_be_allowed_to_use_the_key_too(world):
    """Otherwise Route 53 would lend its permissions to whoever owns the zone."""

    def ksk(name, arn):
        request = {"Name": name, "KeyManagementServiceArn": arn, "Status": "ACTIVE", "CallerReference": name}
        return world.route53("CreateKeySigningKey", "ZB", account=B, **request)

    deputy_alone = world.key(policy=policy_of(account_root(A), allow(Condition=FOR_B)))
    assert "did not grant" in refused("InvalidKMSArn", ksk, "ksk", deputy_alone)
    caller_alone = world.key(policy=policy_of(account_root(A), account_root(B) | {"Action": USES}))
    assert "did not grant" in refused("InvalidKMSArn", ksk, "ksk", caller_alone)
    both = policy_of(account_root(A), allow(Condition=FOR_B), account_root(B) | {"Action": USES})
    assert ksk("ksk", world.key(policy=both))["KeySigningKey"]["Status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arn: arn.replace("us-east-1", "eu-west-1"), "must be in us-east-1"),
        (lambda arn: arn.replace(":key/", ":alias/"), "not an alias"),
        (lambda arn: arn.rsplit("/")[1], "not the ARN of a KMS key"),
        (lambda arn: "", "not the ARN of a KMS key"),
        (lambda arn: arn + "x", "did not grant"),
    ],
)
def test_what_is_no_usable_arn(world, change, words):
    assert words in signer_refused(world, change(world.key()))


def test_a_key_elsewhere_is_refused_though_it_exists(world):
    assert "must be in us-east-1" in signer_refused(world, world.key(region="eu-west-1"))


def test_a_key_must_be_enabled(world):
    arn = world.key()
    world.kms("DisableKey", KeyId=arn)
    assert "its state is Disabled" in signer_refused(world, arn)
    world.kms("ScheduleKeyDeletion", KeyId=arn)
    assert "its state is PendingDeletion" in signer_refused(world, arn)
    world.now += 31 * 86400
    assert "did not grant" in signer_refused(world, arn)


def test_the_guides_policy_signs(world):
    assert signer_of(world, world.key(policy=dnssec_policy()))
