"""One policy and one act: tables from the examples of AWS's own documentation, and every way to be strict."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal53.policy import Act, Actor, Kind, PolicyFault, Verdict, judge, named_by, parse
from seal53.policy.patterns import like, prepared

A, B = "111122223333", "444455556666"
ZONE = "arn:aws:route53:::hostedzone/Z11111112222222333333"
CHANGE = "route53:ChangeResourceRecordSets"
USER = Actor(kind="user", account=A, arn=f"arn:aws:iam::{A}:user/path/bob")
ROOT = Actor(kind="root", account=A, arn=f"arn:aws:iam::{A}:root")
ROLE = Actor(
    kind="role",
    account=A,
    arn=f"arn:aws:sts::{A}:assumed-role/dns/me",
    role_arn=f"arn:aws:iam::{A}:role/path/dns",
)
SERVICE = Actor(kind="service", name="dnssec-route53.amazonaws.com")


def allow(**changes):
    statement = {"Effect": "Allow", "Action": CHANGE, "Resource": "*", **changes}
    return {name: value for name, value in statement.items() if value is not None}


def deny(**changes):
    return allow(Effect="Deny", **changes)


def document(*statements, version="2012-10-17"):
    return json.dumps({"Version": version, "Statement": list(statements)})


def verdict(
    *statements,
    actor=USER,
    action=CHANGE,
    resource=ZONE,
    context=None,
    kind=Kind.IDENTITY,
    version="2012-10-17",
):
    act = Act(actor=actor, action=action, resource=resource, context=context or {})
    return judge(parse(document(*statements, version=version), kind), act)


def records(names=("example.com",), types=("MX",), actions=("CREATE",)):
    return {
        "route53:changeresourcerecordsetsnormalizedrecordnames": tuple(names),
        "route53:changeresourcerecordsetsrecordtypes": tuple(types),
        "route53:changeresourcerecordsetsactions": tuple(actions),
    }


NAMES = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
TYPES = "route53:ChangeResourceRecordSetsRecordTypes"
ACTIONS = "route53:ChangeResourceRecordSetsActions"
NO, YES, DENIED = Verdict.UNMENTIONED, Verdict.ALLOWED, Verdict.DENIED

# Route 53 guide, "Using IAM policy conditions for fine-grained access control", its example policies.
ONLY_NAMES = {"ForAllValues:StringEquals": {NAMES: ["example.com", "marketing.example.com"]}}
ONLY_SUFFIX = {"ForAllValues:StringLike": {NAMES: ["*-beta.example.com"]}}
ONLY_WILDCARD = {"ForAllValues:StringEquals": {NAMES: ["\\052.example.com"]}}
ONLY_TYPES = {"ForAllValues:StringEquals": {TYPES: ["A", "AAAA"]}}
ONLY_THIS = {
    "ForAllValues:StringEquals": {NAMES: ["example.com"], TYPES: ["MX"], ACTIONS: ["CREATE", "UPSERT"]}
}


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        (ONLY_NAMES, records(["example.com"]), YES),
        (ONLY_NAMES, records(["example.com", "marketing.example.com"]), YES),
        (ONLY_NAMES, records(["example.com", "www.example.com"]), NO),
        (ONLY_NAMES, records(["www.example.com"]), NO),
        (ONLY_SUFFIX, records(["x-beta.example.com", "a.b-beta.example.com"]), YES),
        (ONLY_SUFFIX, records(["x-beta.example.com", "beta.example.com"]), NO),
        (ONLY_WILDCARD, records(["\\052.example.com"]), YES),
        (ONLY_WILDCARD, records(["*.example.com"]), NO),
        (ONLY_TYPES, records(types=["A"]), YES),
        (ONLY_TYPES, records(types=["A", "AAAA"]), YES),
        (ONLY_TYPES, records(types=["A", "MX"]), NO),
        (ONLY_THIS, records(), YES),
        (ONLY_THIS, records(actions=["CREATE", "DELETE"]), NO),
        (ONLY_THIS, records(types=["TXT"]), NO),
        (ONLY_THIS, records(["other.com"]), NO),
    ],
)
def test_the_route53_guides_examples(condition, context, expected):
    statement = allow(Resource=ZONE, Condition=condition)
    assert verdict(statement, context=context) is expected
    assert verdict(statement, context=context, resource=ZONE + "4") is NO
    assert verdict(statement, context=context, action="route53:ListResourceRecordSets") is NO


# IAM guide, "Multivalued context key examples", with a key that we know. The tables are the guide's.
KEY = TYPES


@pytest.mark.parametrize(
    ("condition", "values", "matches"),
    [
        ({"ForAllValues:StringNotLike": {KEY: "key1*"}}, ["key1:legal"], False),
        ({"ForAllValues:StringNotLike": {KEY: "key1*"}}, ["key1:hr", "key1:personnel"], False),
        ({"ForAllValues:StringNotLike": {KEY: "key1*"}}, ["key2:audit"], True),
        ({"ForAllValues:StringNotLike": {KEY: "key1*"}}, [], True),
        ({"ForAllValues:StringNotLike": {KEY: ["key1*", "key2*"]}}, ["key1:a", "key2:b"], False),
        ({"ForAllValues:StringNotLike": {KEY: ["key1*", "key2*"]}}, ["key3:c"], True),
        ({"ForAllValues:StringNotLike": {KEY: ["key1*", "key2*"]}}, ["key3:c", "key1:a"], False),
        ({"ForAnyValue:StringLike": {KEY: ["key1*"]}}, ["key1:a", "x"], True),
        ({"ForAnyValue:StringLike": {KEY: ["key1*"]}}, ["x", "y"], False),
        ({"ForAnyValue:StringLike": {KEY: ["key1*"]}}, [], False),
        ({"ForAnyValue:StringEquals": {KEY: ["PostDateTime", "ID"]}}, ["UserName", "PostDateTime"], True),
        ({"ForAllValues:StringEquals": {KEY: ["PostDateTime", "Tags"]}}, ["UserName", "PostDateTime"], False),
        ({"ForAnyValue:StringNotEquals": {KEY: "A"}}, ["A", "MX"], True),
        ({"ForAnyValue:StringNotEquals": {KEY: "A"}}, ["A"], False),
        ({"ForAnyValue:StringNotEquals": {KEY: "A"}}, [], False),
        ({"ForAllValues:StringEqualsIfExists": {KEY: "A"}}, [], True),
        ({"ForAnyValue:StringEqualsIfExists": {KEY: "A"}}, [], True),
        ({"Null": {KEY: "true"}}, [], True),
        ({"Null": {KEY: "true"}}, ["A"], False),
        ({"Null": {KEY: "false"}}, ["A"], True),
        ({"ForAllValues:StringEquals": {KEY: "A"}, "Null": {KEY: False}}, [], False),
        # without a set operator, one value is compared as such
        ({"StringEquals": {KEY: ["A", "MX"]}}, ["MX"], True),
    ],
)
def test_set_operators(condition, values, matches):
    context = {KEY.lower(): tuple(values)} if values else {}
    assert verdict(allow(Condition=condition), context=context) is (YES if matches else NO)
    assert verdict(allow(), deny(Condition=condition), context=context) is (DENIED if matches else YES)


def test_several_values_without_a_set_operator_are_not_understood():
    condition, context = {"StringEquals": {KEY: ["A", "MX"]}}, {KEY.lower(): ("A", "MX")}
    assert verdict(allow(Condition=condition), context=context) is NO
    assert verdict(allow(), deny(Condition=condition), context=context) is DENIED


NOW = "1790000000"  # 2026-09-21T14:13:20Z


@pytest.mark.parametrize(
    ("operator", "key", "value", "actual", "matches"),
    [
        ("StringEquals", "aws:username", "bob", "bob", True),
        ("StringEquals", "aws:username", "Bob", "bob", False),
        ("StringEquals", "aws:username", "b*", "bob", False),
        ("StringEquals", "aws:username", "b*", "b*", True),
        ("StringEqualsIgnoreCase", "aws:username", "BOB", "bob", True),
        ("StringNotEqualsIgnoreCase", "aws:username", "BOB", "bob", False),
        ("StringNotEquals", "aws:username", ["al", "bob"], "bob", False),
        ("StringNotEquals", "aws:username", ["al", "eve"], "bob", True),
        ("StringLike", "aws:username", "b?b", "bob", True),
        ("StringNotLike", "aws:username", "b*", "bob", False),
        ("StringEquals", "aws:username", "bob", None, False),
        ("StringNotEquals", "aws:username", "bob", None, True),
        ("StringEqualsIfExists", "aws:username", "bob", None, True),
        ("StringEqualsIfExists", "aws:username", "bob", "eve", False),
        ("StringNotEqualsIfExists", "aws:username", "bob", None, True),
        # IAM guide, "ARN condition operators": the star of an ARN operator does not reach over a colon
        (
            "ArnLike",
            "aws:SourceArn",
            "arn:aws:s:*:1:finance/*",
            "arn:aws:s:east:9:store/a:1:finance/d",
            False,
        ),
        (
            "StringLike",
            "aws:SourceArn",
            "arn:aws:s:*:1:finance/*",
            "arn:aws:s:east:9:store/a:1:finance/d",
            True,
        ),
        ("ArnEquals", "aws:SourceArn", "arn:aws:s:*:1:x", "arn:aws:s:east:1:x", True),
        ("ArnNotEquals", "aws:SourceArn", "arn:aws:s:*:1:x", "arn:aws:s:east:1:x", False),
        ("ArnNotLike", "aws:SourceArn", "arn:aws:s:*:1:x", None, True),
        ("ArnLike", "aws:SourceArn", "*", "arn:aws:s:east:1:x", False),
        ("Bool", "kms:GrantIsForAWSResource", True, "true", True),
        ("Bool", "kms:GrantIsForAWSResource", "TRUE", "true", True),
        ("Bool", "kms:GrantIsForAWSResource", "false", "true", False),
        ("Bool", "kms:GrantIsForAWSResource", "true", None, False),
        ("BoolIfExists", "kms:GrantIsForAWSResource", "true", None, True),
        ("NumericLessThan", "aws:EpochTime", 1790000001, NOW, True),
        ("NumericLessThan", "aws:EpochTime", "1790000000", NOW, False),
        ("NumericLessThanEquals", "aws:EpochTime", "1790000000", NOW, True),
        ("NumericGreaterThan", "aws:EpochTime", "1789999999.5", NOW, True),
        ("NumericGreaterThanEquals", "aws:EpochTime", "1790000000", NOW, True),
        ("NumericEquals", "aws:EpochTime", "1790000000.0", NOW, True),
        ("NumericNotEquals", "aws:EpochTime", "1", NOW, True),
        ("DateGreaterThan", "aws:CurrentTime", "2026-09-21T14:13:19Z", NOW, True),
        ("DateGreaterThan", "aws:CurrentTime", "2026-09-21T14:13:20Z", NOW, False),
        ("DateGreaterThanEquals", "aws:CurrentTime", "2026-09-21T16:13:20+02:00", NOW, True),
        ("DateLessThan", "aws:CurrentTime", "2026-09-22", NOW, True),
        ("DateLessThanEquals", "aws:CurrentTime", "1790000000", NOW, True),
        ("DateEquals", "aws:CurrentTime", "2026-09-21T14:13:20.000Z", NOW, True),
        ("DateNotEquals", "aws:CurrentTime", "2020-01-01T00:00:01Z", NOW, True),
        ("DateLessThan", "aws:TokenIssueTime", "2030-01-01T00:00:00Z", None, False),
        ("Null", "aws:TokenIssueTime", "true", None, True),
        ("Null", "aws:TokenIssueTime", "true", NOW, False),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.113.7", True),
        ("IpAddress", "aws:SourceIp", ["2001:DB8::/32", "203.0.113.7"], "203.0.113.7", True),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.114.7", False),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24", "::1", False),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.113.7", False),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.114.7", True),
    ],
)
def test_operators(operator, key, value, actual, matches):
    context = {} if actual is None else {key.lower(): actual}
    condition = {operator: {key: value}}
    assert verdict(allow(Condition=condition), context=context) is (YES if matches else NO)
    assert verdict(allow(), deny(Condition=condition), context=context) is (DENIED if matches else YES)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"StringEqualsIfExists": {"aws:ResourceTag/team": "dns"}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": "team"}},
        {"Null": {"aws:PrincipalOrgID": "true"}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"BinaryEquals": {"aws:username": "Ym9i"}},
        {"NumericEquals": {"aws:EpochTime": "soon"}},
        {"NumericEquals": {"aws:EpochTime": ["1790000000", "soon"]}},
        {"NumericEquals": {"aws:EpochTime": "NaN"}},
        {"DateLessThan": {"aws:CurrentTime": "tomorrow"}},
        {"DateLessThan": {"aws:CurrentTime": "2026-13-01T00:00:00Z"}},
        {"Bool": {"aws:ViaAWSService": "maybe"}},
        {"Null": {"aws:username": "maybe"}},
        {"IpAddress": {"aws:SourceIp": "203.0.113.0/99"}},
        {"StringEquals": {"aws:username": []}},
        {"StringNotEquals": {"aws:username": []}},
        {"StringEquals": {"aws:username": "${aws:PrincipalTag/team}"}},
        {"StringNotEquals": {"aws:username": "${aws:FederatedProvider}"}},
    ],
)
def test_what_is_not_understood_never_allows_and_always_denies(condition):
    context = {
        "aws:username": "bob",
        "aws:epochtime": NOW,
        "aws:currenttime": NOW,
        "aws:sourceip": "203.0.113.7",
        "aws:viaawsservice": "false",
    }
    assert verdict(allow(Condition=condition), context=context) is NO
    assert verdict(allow(), deny(Condition=condition), context=context) is DENIED
    # A condition that plainly fails beside it spares from the Deny.
    both = {**condition, "StringLike": {"aws:username": "eve*"}}
    assert verdict(allow(), deny(Condition=both), context=context) is YES


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Action": "*"}, YES),
        ({"Action": "route53:*"}, YES),
        ({"Action": "ROUTE53:changeresourcerecordsets"}, YES),
        ({"Action": "route53:Change*Set?"}, YES),
        ({"Action": ["route53:Get*", "route53:List*"]}, NO),
        ({"Action": "route53domains:*"}, NO),
        ({"Action": None, "NotAction": "route53:Get*"}, YES),
        ({"Action": None, "NotAction": "route53:*"}, NO),
        ({"Resource": ["arn:aws:route53:::hostedzone/ZOTHER", ZONE]}, YES),
        ({"Resource": "arn:aws:route53:::hostedzone/*"}, YES),
        ({"Resource": "arn:aws:route53:::hostedzone/z11111112222222333333"}, NO),
        ({"Resource": "arn:aws:route53:*"}, YES),
        ({"Resource": None, "NotResource": "arn:aws:route53:::change/*"}, YES),
        ({"Resource": None, "NotResource": ["arn:aws:route53:::change/*", ZONE]}, NO),
        ({"Sid": "One", "Condition": {}}, YES),
    ],
)
def test_actions_and_resources(changes, expected):
    assert verdict(allow(**changes)) is expected
    assert verdict(allow(), deny(**changes)) is (DENIED if expected is YES else YES)
    assert verdict(deny(**changes), allow()) is (DENIED if expected is YES else YES)


@pytest.mark.parametrize(
    ("resource", "context", "expected"),
    [
        ("arn:aws:iam::1:user/${aws:username}", {"aws:username": "bob"}, YES),
        ("arn:aws:iam::1:user/${aws:UserName}", {"aws:username": "bob"}, YES),
        ("arn:aws:iam::1:user/${aws:username}", {"aws:username": "eve"}, NO),
        ("arn:aws:iam::1:user/${aws:username}", {}, NO),
        ("arn:aws:iam::1:user/${aws:username}", {"aws:username": "*"}, NO),
        ("arn:aws:iam::1:user/b?b${*}", {"aws:username": "bob"}, NO),
        ("arn:aws:iam::1:user/${nonsense}", {"aws:username": "bob"}, NO),
    ],
)
def test_variables(resource, context, expected):
    act = {"action": "iam:GetUser", "resource": "arn:aws:iam::1:user/bob", "context": context}
    assert verdict(allow(Action="iam:*", Resource=resource), **act) is expected
    # Version 2008-10-17 knows no variables.
    assert verdict(allow(Action="iam:*", Resource=resource), version="2008-10-17", **act) is NO


def test_a_variable_without_a_value_denies():
    variable = "arn:aws:iam::1:user/${aws:username}"
    assert verdict(allow(), deny(Resource=variable)) is DENIED
    assert verdict(allow(), deny(Resource=variable), context={"aws:username": "eve"}) is YES


def test_a_variable_in_a_condition_is_matched_literally():
    condition = {"StringLike": {NAMES: "${aws:username}.example.com"}}
    one = {"aws:username": "*", **records(["x.example.com"])}
    assert verdict(allow(Condition=condition), context=one) is NO
    one["aws:username"] = "x"
    assert verdict(allow(Condition=condition), context=one) is YES


def trust(principal, **changes):
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **changes}


DELEGATED = Verdict.DELEGATED


@pytest.mark.parametrize(
    ("principal", "user", "role", "root", "service"),
    [
        ("*", YES, YES, YES, YES),
        ({"AWS": "*"}, YES, YES, YES, YES),
        ({"AWS": A}, DELEGATED, DELEGATED, YES, NO),
        ({"AWS": f"arn:aws:iam::{A}:root"}, DELEGATED, DELEGATED, YES, NO),
        ({"AWS": B}, NO, NO, NO, NO),
        ({"AWS": USER.arn}, YES, NO, NO, NO),
        ({"AWS": f"arn:aws:iam::{A}:user/bob"}, NO, NO, NO, NO),
        ({"AWS": ROLE.role_arn}, NO, YES, NO, NO),
        ({"AWS": ROLE.arn}, NO, YES, NO, NO),
        ({"AWS": [B, A, USER.arn]}, YES, DELEGATED, YES, NO),
        ({"Service": SERVICE.name}, NO, NO, NO, YES),
        ({"Service": "ec2.amazonaws.com", "AWS": A}, DELEGATED, DELEGATED, YES, NO),
        ({"Federated": "cognito-identity.amazonaws.com"}, NO, NO, NO, NO),
    ],
)
def test_principals(principal, user, role, root, service):
    for actor, expected in ((USER, user), (ROLE, role), (ROOT, root), (SERVICE, service)):
        act = {"action": "sts:AssumeRole", "resource": "arn:aws:iam::1:role/x", "kind": Kind.TRUST}
        assert verdict(trust(principal), actor=actor, **act) is expected
        denied = verdict(trust("*"), trust(principal, Effect="Deny"), actor=actor, **act)
        assert denied is (YES if expected is NO else DENIED)


@pytest.mark.parametrize(
    ("spared", "user", "role", "root"),
    [
        # IAM guide, NotPrincipal: with Deny the account must be named too
        ({"AWS": [f"arn:aws:iam::{A}:root", USER.arn]}, YES, DENIED, YES),
        ({"AWS": [A, ROLE.arn, ROLE.role_arn]}, DENIED, YES, YES),
        ({"AWS": [A, ROLE.role_arn]}, DENIED, DENIED, YES),
        ({"AWS": [USER.arn]}, DENIED, DENIED, DENIED),
        ({"AWS": [f"arn:aws:iam::{A}:root"]}, DENIED, DENIED, YES),
        ({"AWS": [B]}, DENIED, DENIED, DENIED),
        ("*", YES, YES, YES),
    ],
)
def test_a_deny_for_all_but_some(spared, user, role, root):
    statement = {"Effect": "Deny", "NotPrincipal": spared, "Action": "kms:*", "Resource": "*"}
    for actor, expected in ((USER, user), (ROLE, role), (ROOT, root)):
        act = {"action": "kms:Sign", "resource": "arn:aws:kms:r:1:key/x", "kind": Kind.KEY}
        everyone = trust("*", Action="kms:*", Resource="*")
        assert verdict(everyone, statement, actor=actor, **act) is expected


def test_an_allow_for_all_but_some():
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": A}, "Action": "kms:*", "Resource": "*"}
    act = {"action": "kms:Sign", "resource": "arn:aws:kms:r:1:key/x", "kind": Kind.KEY}
    assert [verdict(statement, actor=actor, **act) for actor in (USER, ROLE, ROOT)] == [NO, NO, NO]
    other = Actor(kind="user", account=B, arn=f"arn:aws:iam::{B}:user/eve")
    assert verdict(statement, actor=other, **act) is YES


def test_whom_of_an_account_a_policy_names():
    policy = parse(
        document(
            trust({"AWS": [A, f"arn:aws:iam::{B}:user/x"]}),
            trust({"AWS": f"arn:aws:iam::{B}:root"}),
            trust({"AWS": f"arn:aws:iam::{B}:role/denied"}, Effect="Deny"),
            trust("*"),
        ),
        Kind.TRUST,
    )
    assert named_by(policy, B) == {f"arn:aws:iam::{B}:user/x", f"arn:aws:iam::{B}:root"}
    assert named_by(policy, A) == {A}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("x", "not a JSON object"),
        (allow(Effect="Permit"), "Effect"),
        (allow(Other=1), "Unknown element"),
        (allow(Principal="*"), "should not specify a principal"),
        (allow(NotPrincipal="*"), "should not specify a principal"),
        (allow(Action=None), "must contain actions"),
        (allow(Action=[]), "must contain actions"),
        (allow(Action="ChangeResourceRecordSets"), "prefaced by a vendor"),
        (allow(Action="a:b:c"), "only one colon"),
        (allow(Action="a b:c"), "Vendor a b is not valid"),
        (allow(NotAction="route53:*"), "not both"),
        (allow(Action=None, NotAction=[]), "names nothing"),
        (allow(Resource=None), "must contain resources"),
        (allow(Resource=[]), "must contain resources"),
        (allow(Resource="Z1"), "must be in ARN format"),
        (allow(Resource="arn:aws:route53"), "must be in ARN format"),
        (allow(Resource="\ufdd0"), "ARN format"),
        (allow(Resource="arn:aws:route53:::\ufdd0"), "characters that are not allowed"),
        (allow(Condition=[]), "not an object of objects"),
        (allow(Condition={"StringEquals": "x"}), "not an object of objects"),
        (allow(Condition={"StringSounds": {"aws:username": "x"}}), "Invalid Condition type : StringSounds."),
        (allow(Condition={"StringEquals": {"aws:username": {}}}), "neither text nor a list"),
        (allow(Sid="no-hyphens"), "must be alpha-numeric"),
    ],
)
def test_what_is_no_identity_policy(statement, words):
    with pytest.raises(PolicyFault, match=r"^[^\n]*$") as fault:
        parse(document(statement), Kind.IDENTITY)
    assert words in str(fault.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '"x"',
        "[" * 20000,
        '{"Statement": []}',
        '{"Statement": [], "Statement": []}',
        '{"Version": "2020-01-01", "Statement": []}',
        document(allow(Sid="One"), allow(Sid="One")),
        json.dumps({"Statement": allow(), "Extra": 1}),
    ],
)
def test_what_is_no_document(text):
    with pytest.raises(PolicyFault):
        parse(text, Kind.IDENTITY)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"Effect": "Allow", "Action": "sts:AssumeRole"}, "Missing required field Principal"),
        (trust("*", Resource="*"), "Has prohibited field Resource"),
        (trust({"AWS": "bob"}), 'Invalid principal in policy: "AWS":"bob"'),
        (trust({"AWS": "arn:aws:iam::*:root"}), "Invalid principal"),
        (trust({"Robot": "x"}), "Invalid principal"),
        (trust({}), "Invalid principal"),
        (trust("me"), "Invalid principal"),
        (trust("*", Action="kms:Sign"), "may only specify STS AssumeRole actions"),
    ],
)
def test_what_is_no_trust_policy(statement, words):
    with pytest.raises(PolicyFault) as fault:
        parse(document(statement), Kind.TRUST)
    assert words in str(fault.value)


def test_a_hostile_pattern_takes_no_time():
    begin = time.process_time()
    hostile = allow(Resource="arn:aws:route53:::" + "*a" * 2000 + "b")
    assert verdict(hostile, resource="arn:aws:route53:::" + "a" * 2000) is NO
    assert time.process_time() - begin < 5


@given(
    pattern=st.text(alphabet="ab*?.", max_size=8),
    text=st.text(alphabet="ab.\n", max_size=10),
)
def test_wildcards_match_as_said(pattern, text):
    """Against the plainest definition: a star is any number of characters, a question mark one."""

    def matches(p, t):
        if not p:
            return not t
        if p[0] == "*":
            return any(matches(p[1:], t[n:]) for n in range(len(t) + 1))
        return bool(t) and p[0] in ("?", t[0]) and matches(p[1:], t[1:])

    assert like(prepared(pattern, variables=False), text) is matches(pattern, text)


def test_a_thousand_names_against_a_hostile_pattern():
    condition = {"ForAllValues:StringLike": {NAMES: ["*a" * 1000 + "b"]}}
    names = [f"{'a' * 200}{n}.com" for n in range(1000)]
    begin = time.process_time()
    assert verdict(allow(Condition=condition), context=records(names)) is NO
    assert time.process_time() - begin < 5


def test_more_patterns_than_are_kept_against_many_names():
    condition = {"ForAllValues:StringLike": {NAMES: [f"*{n:x}" for n in range(20_000)]}}
    names = [f"host{n}.com" for n in range(50)]
    begin = time.process_time()
    assert verdict(allow(Condition=condition), context=records(names)) is NO
    assert time.process_time() - begin < 5
