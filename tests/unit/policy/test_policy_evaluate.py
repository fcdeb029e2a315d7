"""Several policies together: identity, session and resource side, in one account and across two."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal53.policy import Act, Actor, Kind, Reason, of_identity, of_resource, parse
from seal53.policy.aws_managed import AWS_MANAGED

A, B = "111122223333", "444455556666"
KEY = f"arn:aws:kms:us-east-1:{A}:key/1"
BOB = Actor(kind="user", account=A, arn=f"arn:aws:iam::{A}:user/bob")
EVE = Actor(kind="user", account=B, arn=f"arn:aws:iam::{B}:user/eve")
ROOT = Actor(kind="root", account=A, arn=f"arn:aws:iam::{A}:root")
OTHER_ROOT = Actor(kind="root", account=B, arn=f"arn:aws:iam::{B}:root")
SERVICE = Actor(kind="service", name="dnssec-route53.amazonaws.com")


def identity(*effects, action="kms:Sign"):
    statements = [{"Effect": effect, "Action": action, "Resource": "*"} for effect in effects]
    return parse(json.dumps({"Version": "2012-10-17", "Statement": statements}), Kind.IDENTITY)


def key_policy(*entries):
    statements = [
        {"Effect": effect, "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*"}
        for effect, principal in entries
    ]
    return parse(json.dumps({"Version": "2012-10-17", "Statement": statements}), Kind.KEY)


ALLOW, DENY, OTHER = identity("Allow"), identity("Deny"), identity("Allow", action="kms:Verify")


def act(actor, action="kms:Sign"):
    return Act(actor=actor, action=action, resource=KEY, context={})


def reason(refusal):
    return None if refusal is None else refusal.reason


@pytest.mark.parametrize(
    ("actor", "own", "session", "expected"),
    [
        (BOB, [], None, Reason.NO_IDENTITY),
        (BOB, [OTHER], None, Reason.NO_IDENTITY),
        (BOB, [OTHER, ALLOW], None, None),
        (BOB, [ALLOW, DENY], None, Reason.IDENTITY_DENIES),
        (BOB, [ALLOW], ALLOW, None),
        (BOB, [ALLOW], OTHER, Reason.NO_SESSION),
        (BOB, [ALLOW], DENY, Reason.SESSION_DENIES),
        (BOB, [], ALLOW, Reason.NO_IDENTITY),
        (BOB, [DENY], DENY, Reason.IDENTITY_DENIES),
        (ROOT, [], None, None),
        (ROOT, [DENY], None, None),
    ],
)
def test_an_accounts_own_policies(actor, own, session, expected):
    assert reason(of_identity(act(actor), own, session)) == expected


OPENS = {
    "nobody": key_policy(("Allow", "999999999999")),
    "account": key_policy(("Allow", f"arn:aws:iam::{A}:root")),
    "bob": key_policy(("Allow", BOB.arn)),
    "eve": key_policy(("Allow", EVE.arn)),
    "other account": key_policy(("Allow", B)),
    "everybody": key_policy(("Allow", "*")),
    "not bob": key_policy(("Allow", "*"), ("Deny", BOB.arn)),
}


@pytest.mark.parametrize(
    ("actor", "opens", "own", "expected"),
    [
        # same account: the key policy is authoritative
        (BOB, "nobody", [ALLOW], Reason.NO_RESOURCE),
        (BOB, "account", [ALLOW], None),
        (BOB, "account", [], Reason.NO_IDENTITY),
        (BOB, "account", [DENY], Reason.IDENTITY_DENIES),
        (BOB, "bob", [], None),
        (BOB, "bob", [DENY], Reason.IDENTITY_DENIES),
        (BOB, "everybody", [], None),
        (BOB, "not bob", [ALLOW], Reason.RESOURCE_DENIES),
        (ROOT, "nobody", [], Reason.NO_RESOURCE),
        (ROOT, "account", [], None),
        (ROOT, "bob", [], Reason.NO_RESOURCE),
        (ROOT, "everybody", [], None),
        # across accounts: both sides
        (EVE, "account", [ALLOW], Reason.NO_RESOURCE),
        (EVE, "eve", [ALLOW], None),
        (EVE, "eve", [], Reason.NO_IDENTITY),
        (EVE, "other account", [ALLOW], None),
        (EVE, "other account", [], Reason.NO_IDENTITY),
        (EVE, "everybody", [], Reason.NO_IDENTITY),
        (EVE, "everybody", [ALLOW], None),
        (EVE, "not bob", [ALLOW], None),
        (OTHER_ROOT, "other account", [], None),
        (OTHER_ROOT, "eve", [], Reason.NO_RESOURCE),
        (OTHER_ROOT, "account", [], Reason.NO_RESOURCE),
        # a service has no account of its own
        (SERVICE, "everybody", [], None),
        (SERVICE, "account", [], Reason.NO_RESOURCE),
    ],
)
def test_a_resource_with_a_policy_of_its_own(actor, opens, own, expected):
    found = of_resource(act(actor), OPENS[opens], owner=A, identity=own, session=None)
    assert reason(found) == expected


@pytest.mark.parametrize(
    ("opens", "session", "expected"),
    [
        ("bob", ALLOW, None),
        ("bob", OTHER, Reason.NO_SESSION),
        ("bob", DENY, Reason.SESSION_DENIES),
        ("account", OTHER, Reason.NO_SESSION),
    ],
)
def test_a_session_policy_bounds_what_a_resource_allows(opens, session, expected):
    own = [ALLOW] if opens == "account" else []
    found = of_resource(act(BOB), OPENS[opens], owner=A, identity=own, session=session)
    assert reason(found) == expected


def test_a_grant_lets_in_without_a_policy_and_never_against_a_deny():
    def granted(actor, opens, own=(), session=None):
        found = of_resource(act(actor), OPENS[opens], owner=A, identity=own, session=session, granted=True)
        return reason(found)

    assert granted(BOB, "nobody") is None
    assert granted(EVE, "nobody") is None
    assert granted(BOB, "not bob") is Reason.RESOURCE_DENIES
    assert granted(BOB, "nobody", [DENY]) is Reason.IDENTITY_DENIES
    assert granted(BOB, "nobody", session=OTHER) is Reason.NO_SESSION


def test_the_texts_are_awss():
    refusal = of_identity(act(BOB), [], None)
    assert refusal.why == "because no identity-based policy allows the kms:Sign action"
    assert of_identity(act(BOB), [DENY], None).why == "with an explicit deny in an identity-based policy"


def test_policies_of_aws_are_read():
    for arn, expected in (
        ("arn:aws:iam::aws:policy/AdministratorAccess", (True, True, True)),
        ("arn:aws:iam::aws:policy/AmazonRoute53FullAccess", (True, True, False)),
        ("arn:aws:iam::aws:policy/AmazonRoute53ReadOnlyAccess", (True, False, False)),
    ):
        policy = parse(AWS_MANAGED[arn].document, Kind.IDENTITY)
        actions = ("route53:ListHostedZones", "route53:DeleteHostedZone", "iam:CreateUser")
        assert tuple(of_identity(act(BOB, a), [policy], None) is None for a in actions) == expected


# --- rules that hold for any policies

_VALUES = st.sampled_from(["TXT", "A", "*", "T?T", "${aws:username}"])
_OPERATORS = [
    *("StringEquals", "StringNotLike", "ForAllValues:StringEquals", "ForAnyValue:StringLike", "Null"),
    *("ForAllValues:StringNotEqualsIfExists", "BinaryEquals", "NumericLessThan", "IpAddress"),
]
_CONDITIONS = st.dictionaries(
    st.sampled_from(_OPERATORS),
    st.dictionaries(
        st.sampled_from(
            ["route53:ChangeResourceRecordSetsRecordTypes", "aws:username", "aws:PrincipalOrgID"]
        ),
        st.one_of(_VALUES, st.lists(_VALUES, max_size=2)),
        min_size=1,
        max_size=2,
    ),
    max_size=2,
)


@st.composite
def _statements(draw, effect=None, principal=False):
    statement = {"Effect": draw(st.sampled_from(["Allow", "Deny"])) if effect is None else effect}
    action = draw(st.sampled_from(["Action", "NotAction"]))
    statement[action] = draw(st.sampled_from(["kms:*", "kms:Sign", "kms:V*", "*"]))
    resource = draw(st.sampled_from(["Resource", "NotResource"]))
    statement[resource] = draw(
        st.sampled_from(["*", KEY, "arn:aws:kms:*:*:key/2", "arn:aws:kms:::${aws:username}"])
    )
    statement["Condition"] = draw(_CONDITIONS)
    if principal:
        names = st.sampled_from([A, B, BOB.arn, EVE.arn, "*"])
        which = draw(st.sampled_from(["Principal", "NotPrincipal"]))
        statement[which] = {"AWS": draw(st.lists(names, min_size=1, max_size=2))}
    return statement


def _policy(statements, kind):
    return parse(json.dumps({"Version": "2012-10-17", "Statement": statements}), kind)


_CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "route53:changeresourcerecordsetsrecordtypes": st.lists(
            st.sampled_from(["TXT", "A"]), min_size=1, max_size=2, unique=True
        ).map(tuple),
        "aws:username": st.sampled_from(["bob", "TXT"]),
    },
)
_ACTORS = st.sampled_from([BOB, EVE, ROOT, OTHER_ROOT])


@given(
    own=st.lists(_statements(), min_size=1, max_size=3),
    added=_statements(effect="Deny"),
    context=_CONTEXTS,
    actor=_ACTORS,
)
def test_adding_a_deny_never_allows_more(own, added, context, actor):
    one = Act(actor=actor, action="kms:Sign", resource=KEY, context=context)
    before = of_identity(one, [_policy(own, Kind.IDENTITY)], None)
    after = of_identity(one, [_policy([*own, added], Kind.IDENTITY)], None)
    apart = of_identity(one, [_policy(own, Kind.IDENTITY), _policy([added], Kind.IDENTITY)], None)
    assert before is None or after is not None
    assert reason(after) == reason(apart)


@given(
    key=st.lists(_statements(principal=True), min_size=1, max_size=3),
    added=_statements(effect="Deny", principal=True),
    own=_statements(),
    context=_CONTEXTS,
    actor=_ACTORS,
)
def test_adding_a_deny_to_a_resource_never_allows_more(key, added, own, context, actor):
    one = Act(actor=actor, action="kms:Sign", resource=KEY, context=context)
    sides = {"owner": A, "identity": [_policy([own], Kind.IDENTITY)], "session": None}
    before = of_resource(one, _policy(key, Kind.KEY), **sides)
    for placed in ([*key, added], [added, *key]):
        after = of_resource(one, _policy(placed, Kind.KEY), **sides)
        assert before is None or after is not None


@given(
    own=st.lists(_statements(), min_size=1, max_size=3),
    session=st.lists(_statements(), min_size=1, max_size=2),
    context=_CONTEXTS,
)
def test_a_session_policy_never_allows_more(own, session, context):
    one = Act(actor=BOB, action="kms:Sign", resource=KEY, context=context)
    alone = of_identity(one, [_policy(own, Kind.IDENTITY)], None)
    bounded = of_identity(one, [_policy(own, Kind.IDENTITY)], _policy(session, Kind.IDENTITY))
    assert alone is None or bounded is not None


@given(statements=st.lists(_statements(), min_size=2, max_size=3), context=_CONTEXTS)
def test_the_order_of_statements_does_not_matter(statements, context):
    one = Act(actor=BOB, action="kms:Sign", resource=KEY, context=context)
    found = {
        reason(of_identity(one, [_policy(list(order), Kind.IDENTITY)], None))
        for order in itertools.permutations(statements)
    }
    assert len(found) == 1
