"""Sessions: who may have one, what it may do, and when it ends."""

import hashlib
from datetime import UTC, datetime

import pytest
from identity_world import A, B, allow, document, make_world, trusts

from operations_world import refused
from seal53.gateway import sigv4
from seal53.gateway.errors import Reason, Refused
from seal53.gateway.message import Message
from seal53.services.credentials import KEPT_EXPIRED_S
from seal53.store import sessions

READS = allow("route53:List*")
ASSUMES = allow("sts:AssumeRole")


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.services.store.close()


def who(world, caller):
    return world.call(caller, "sts", "GetCallerIdentity")


def test_who_is_calling(world):
    assert who(world, world.root()) == {"UserId": A, "Account": A, "Arn": f"arn:aws:iam::{A}:root"}
    bob = world.user("bob", ASSUMES)
    user = world.iam("GetUser", UserName="bob")["User"]
    assert who(world, bob) == {"UserId": user["UserId"], "Account": A, "Arn": user["Arn"]}
    arn = world.role("dns", trusts(B), READS, Path="/p/")
    refused("AccessDenied", world.assume, bob, arn)
    arn = world.role("own", trusts(A), Path="/p/")
    session = world.assume(bob, arn, "me")
    role = world.iam("GetRole", RoleName="own")["Role"]
    assert who(world, session) == {
        "UserId": f"{role['RoleId']}:me",
        "Account": A,
        "Arn": f"arn:aws:sts::{A}:assumed-role/own/me",
    }


def test_nobody_needs_a_permission_to_ask_who_it_is(world):
    bob = world.user("bob", {"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert who(world, bob)["Account"] == A
    assert world.call(bob, "sts", "GetSessionToken")["Credentials"]


BOB = f"arn:aws:iam::{A}:user/bob"


@pytest.mark.parametrize(
    ("owner", "trust", "statements", "allowed"),
    [
        # the same account: naming the user suffices, naming the account asks the user's policies
        (A, trusts(BOB), (), True),
        (A, trusts(A), (), False),
        (A, trusts(A), (ASSUMES,), True),
        (A, trusts(A), (allow("sts:AssumeRole", f"arn:aws:iam::{A}:role/dns"),), True),
        (A, trusts(A), (allow("sts:AssumeRole", f"arn:aws:iam::{A}:role/other"),), False),
        (A, trusts(BOB), (allow("sts:*", Effect="Deny"),), False),
        (A, trusts(f"arn:aws:iam::{A}:user/eve"), (ASSUMES,), False),
        # across accounts: both sides
        (B, trusts(BOB), (), False),
        (B, trusts(BOB), (ASSUMES,), True),
        (B, trusts(A), (ASSUMES,), True),
        (B, trusts("*"), (ASSUMES,), True),
        (B, trusts("*"), (), False),
        (B, trusts(B), (ASSUMES,), False),
        (B, trusts(BOB, Action="sts:TagSession"), (ASSUMES,), False),
    ],
)
def test_who_may_assume_a_role(world, owner, trust, statements, allowed):
    bob = world.user("bob", *statements)
    arn = world.role("dns", trust, account=owner)
    if allowed:
        assert who(world, world.assume(bob, arn))["Account"] == owner
    else:
        assert refused("AccessDenied", world.assume, bob, arn) == (
            f"User: {BOB} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )


def test_a_role_that_is_not_there_looks_like_one_that_is_not_allowed(world):
    bob = world.user("bob", ASSUMES)
    arn = world.role("dns", trusts(B), account=B)
    texts = {
        refused("AccessDenied", world.assume, bob, name).replace(name, "ROLE")
        for name in (arn, arn + "2", arn.replace("role/", "role/p/"))
    }
    assert len(texts) == 1
    for nonsense in ("x", f"arn:aws:iam::{A}:user/bob", "arn:aws:iam::1:role/x"):
        refused("ValidationError", world.assume, bob, nonsense)


def test_a_root_assumes_no_role(world):
    arn = world.role("dns", trusts("*"))
    for caller in (world.root(), world.root(B)):
        assert refused("AccessDenied", world.assume, caller, arn) == (
            "Roles may not be assumed by root accounts."
        )


def test_an_external_id(world):
    bob = world.user("bob", ASSUMES)
    condition = {"StringEquals": {"sts:ExternalId": "secret-handshake"}}
    arn = world.role("dns", trusts(A, Condition=condition), account=B)
    refused("AccessDenied", world.assume, bob, arn)
    refused("AccessDenied", world.assume, bob, arn, ExternalId="other")
    assert world.assume(bob, arn, ExternalId="secret-handshake")


def test_a_session_has_the_roles_permissions_and_no_more_than_its_own_policy(world):
    bob = world.user("bob", ASSUMES, allow("kms:*"))
    arn = world.role("dns", trusts(A), READS, account=B)
    session = world.assume(bob, arn)
    assert world.may(session, "route53", "ListHostedZones")
    assert not world.may(session, "route53", "GetHostedZone", Id="Z1")
    assert not world.may(session, "kms", "ListKeys")
    assert not world.may(bob, "route53", "ListHostedZones")
    only = document(allow(["route53:ListHostedZones", "kms:*"]))
    bounded = world.call(bob, "sts", "AssumeRole", RoleArn=arn, RoleSessionName="me", Policy=only)
    assert 0 < bounded["PackedPolicySize"] < 100
    session = bounded["Credentials"]["AccessKeyId"]
    assert world.may(session, "route53", "ListHostedZones")
    assert not world.may(session, "route53", "ListHealthChecks")
    assert not world.may(session, "kms", "ListKeys")
    message = refused("AccessDenied", world.call, session, "route53", "ListHealthChecks")
    assert message == (
        f"User: arn:aws:sts::{B}:assumed-role/dns/me is not authorized to perform: route53:ListHealthChecks "
        "on resource: * because no session policy allows the route53:ListHealthChecks action"
    )


def test_session_policies_by_arn(world):
    bob = world.user("bob", ASSUMES)
    arn = world.role("dns", trusts(A), allow("*"))
    full = "arn:aws:iam::aws:policy/AmazonRoute53ReadOnlyAccess"
    own = world.iam("CreatePolicy", PolicyName="p", PolicyDocument=document(allow("kms:ListKeys")))
    arns = [{"arn": full}, {"arn": own["Policy"]["Arn"]}]
    session = world.assume(bob, arn, PolicyArns=arns, Policy=document(allow("iam:ListUsers")))
    assert world.may(session, "route53", "ListHostedZones")
    assert world.may(session, "kms", "ListKeys")
    assert world.may(session, "iam", "ListUsers")
    assert not world.may(session, "iam", "ListRoles")
    refused("MalformedPolicyDocument", world.assume, bob, arn, PolicyArns=[{"arn": full + "x"}])
    refused("MalformedPolicyDocument", world.assume, bob, arn, Policy="{")
    refused("MalformedPolicyDocument", world.assume, bob, arn, Policy=trusts(A))
    large = document(allow([f"route53:Get{'x' * 100}{n}" for n in range(20)]))
    refused("PackedPolicyTooLarge", world.assume, bob, arn, Policy=large)


def test_how_long_a_session_lasts(world):
    bob = world.user("bob", ASSUMES)
    arn = world.role("dns", trusts([A, f"arn:aws:iam::{A}:role/dns"]), ASSUMES)
    made = world.call(bob, "sts", "AssumeRole", RoleArn=arn, RoleSessionName="me")["Credentials"]
    assert made["Expiration"] == datetime.fromtimestamp(world.clock.now() + 3600, UTC)
    assert "MaxSessionDuration" in refused("ValidationError", world.assume, bob, arn, DurationSeconds=3601)
    world.iam("UpdateRole", RoleName="dns", MaxSessionDuration=43200)
    assert world.assume(bob, arn, DurationSeconds=43200)
    # a role's session that assumes a role has an hour
    chained = world.assume(made["AccessKeyId"], arn, "next")
    assert "role chaining" in refused("ValidationError", world.assume, chained, arn, DurationSeconds=3601)


def test_what_cannot_be_checked_is_refused(world):
    bob = world.user("bob", ASSUMES)
    arn = world.role("dns", trusts(A))
    for more in (
        {"SerialNumber": "arn:aws:iam::1:mfa/x", "TokenCode": "123456"},
        {"Tags": [{"Key": "k", "Value": "v"}]},
        {"TransitiveTagKeys": ["k"]},
        {"SourceIdentity": "me"},
    ):
        assert "leave" in refused("ValidationError", world.assume, bob, arn, **more)


def test_temporary_credentials_of_ones_own(world):
    bob = world.user("bob", READS, allow("iam:*"), ASSUMES)
    made = world.call(bob, "sts", "GetSessionToken")["Credentials"]
    assert made["Expiration"] == datetime.fromtimestamp(world.clock.now() + 43200, UTC)
    session = made["AccessKeyId"]
    assert who(world, session)["Arn"] == BOB
    assert world.may(session, "route53", "ListHostedZones")
    assert not world.may(session, "route53", "GetHostedZone", Id="Z1")
    # without MFA they are good for nothing of IAM, and not for the next ones
    assert refused("InvalidClientTokenId", world.call, session, "iam", "ListUsers") == (
        "The security token included in the request is invalid"
    )
    assert refused("AccessDenied", world.call, session, "sts", "GetSessionToken") == (
        "Cannot call GetSessionToken with session credentials"
    )
    assert world.assume(session, world.role("dns", trusts(A)))
    root = world.call(world.root(), "sts", "GetSessionToken", DurationSeconds=43200)["Credentials"]
    assert root["Expiration"] == datetime.fromtimestamp(world.clock.now() + 3600, UTC)
    assert who(world, root["AccessKeyId"]) == who(world, world.root())
    assert world.may(root["AccessKeyId"], "route53", "DeleteHostedZone", Id="Z1")
    assert not world.may(root["AccessKeyId"], "iam", "ListUsers")


def test_whose_a_key_is(world):
    bob = world.user("bob", account=B)
    session = world.call(bob, "sts", "GetSessionToken")["Credentials"]["AccessKeyId"]
    for key in (bob, session):
        assert world.call(world.root(), "sts", "GetAccessKeyInfo", AccessKeyId=key) == {"Account": B}
    refused("ValidationError", world.call, world.root(), "sts", "GetAccessKeyInfo", AccessKeyId="AKIANOBODY")


def test_sessions_end_with_their_role_and_user(world):
    bob = world.user("bob", ASSUMES)
    arn = world.role("dns", trusts(A))
    session = world.assume(bob, arn)
    assert world.known.find(session)
    world.iam("DeleteRole", RoleName="dns")
    assert world.known.find(session) is None
    world.role("dns", trusts(A))
    assert world.known.find(session) is None
    own = world.call(bob, "sts", "GetSessionToken")["Credentials"]["AccessKeyId"]
    assert world.known.find(own)
    world.iam("DeleteAccessKey", UserName="bob", AccessKeyId=bob)
    world.iam("DeleteUserPolicy", UserName="bob", PolicyName="only")
    world.iam("DeleteUser", UserName="bob")
    assert world.known.find(own) is None


def test_a_policy_counts_at_once(world):
    bob = world.user("bob")
    assert not world.may(bob, "route53", "ListHostedZones")
    put = {"UserName": "bob", "PolicyName": "p"}
    world.iam("PutUserPolicy", PolicyDocument=document(READS), **put)
    assert world.may(bob, "route53", "ListHostedZones")
    world.iam("AttachUserPolicy", UserName="bob", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    assert world.may(bob, "kms", "ListKeys")
    world.iam("PutUserPolicy", PolicyDocument=document(allow("kms:*", Effect="Deny")), **put)
    assert refused("AccessDeniedException", world.call, bob, "kms", "ListKeys") == (
        f"User: {BOB} is not authorized to perform: kms:ListKeys on resource: * "
        "with an explicit deny in an identity-based policy"
    )


# --- at the wire: the token, and time


def signed(key, secret, token, at, more=()):
    """A request as a client would sign it."""
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = [(b"host", b"x"), (b"x-amz-date", moment.encode())]
    headers += [] if token is None else [(b"x-amz-security-token", token.encode())]
    headers += more
    names = tuple(sorted(name.decode() for name, _ in headers))
    claim = sigv4.Claim(
        access_key_id=key,
        date=moment[:8],
        region="us-east-1",
        service="route53",
        signed_headers=names,
        signature="",
        moment=moment,
        expires_s=None,
    )
    bare = Message(method="GET", path=b"/", headers=tuple(headers))
    canonical = sigv4.canonical_request(bare, claim, b"/", hashlib.sha256(b"").hexdigest())
    signature = sigv4.signature(sigv4.signing_key(secret, claim), canonical, claim)
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={key}/{claim.scope}, SignedHeaders={';'.join(names)}, "
        f"Signature={signature}"
    )
    return Message(method="GET", path=b"/", headers=(*headers, (b"authorization", authorization.encode())))


def test_a_session_token_must_match_and_expires(world):
    bob = world.user("bob", ASSUMES)
    made = world.call(bob, "sts", "GetSessionToken", DurationSeconds=900)["Credentials"]
    key, token = made["AccessKeyId"], made["SessionToken"]
    secret = world.known.find(key).secret
    assert bytes(secret).decode() == made["SecretAccessKey"]

    def verify(token, more=()):
        message = signed(key, secret, token, world.clock.now(), more)
        return sigv4.verify(message, service="route53", now=world.clock.now(), credential_of=world.known.find)

    claim, credential = verify(token)
    assert (claim.access_key_id, credential.principal.arn) == (key, BOB)
    for wrong in (None, token[:-1], token + "x", ""):
        with pytest.raises(Refused) as caught:
            verify(wrong)
        assert (caught.value.reason, caught.value.message) == (Reason.UNKNOWN_KEY, sigv4.UNKNOWN_KEY_TEXT)
    world.clock.advance(899)
    verify(token)
    world.clock.advance(1)
    with pytest.raises(Refused) as caught:
        verify(token)
    assert (caught.value.reason, caught.value.message) == (Reason.EXPIRED_TOKEN, sigv4.EXPIRED_TEXT)
    # Who signs wrongly learns nothing of expiry.
    secret = type(secret)(b"another")
    with pytest.raises(Refused) as caught:
        verify(token)
    assert caught.value.reason is Reason.BAD_SIGNATURE


def test_a_long_term_key_has_no_token(world):
    bob = world.user("bob")
    secret = world.known.find(bob).secret
    message = signed(bob, secret, "a token", world.clock.now())
    with pytest.raises(Refused) as caught:
        sigv4.verify(message, service="route53", now=world.clock.now(), credential_of=world.known.find)
    assert caught.value.reason is Reason.UNKNOWN_KEY


def test_expired_sessions_go_when_new_ones_are_made(world):
    bob = world.user("bob")
    old = world.call(bob, "sts", "GetSessionToken", DurationSeconds=900)["Credentials"]["AccessKeyId"]
    world.clock.advance(901)
    world.call(bob, "sts", "GetSessionToken")
    with world.services.store.read() as tx:
        assert sessions.get(tx, old) is not None  # told for a day that it has expired
    world.clock.advance(KEPT_EXPIRED_S)
    world.call(bob, "sts", "GetSessionToken")
    with world.services.store.read() as tx:
        assert sessions.get(tx, old) is None


def test_secrets_lie_sealed_and_tokens_as_digests(world, tmp_path):
    made = world.call(world.user("bob"), "sts", "GetSessionToken")["Credentials"]
    world.services.store.close()
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert made["AccessKeyId"].encode() in held
    for secret in (made["SecretAccessKey"], made["SessionToken"]):
        assert secret.encode() not in held
    assert hashlib.sha256(made["SessionToken"].encode()).digest() in held
