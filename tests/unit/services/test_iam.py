"""Users, keys, roles and policies: what they are made of, and what refuses to be made or unmade."""

import json
from urllib.parse import unquote

import pytest
from identity_world import A, B, allow, document, make_world, trusts

from operations_world import refused

READ = document(allow("route53:List*"))
FULL = "arn:aws:iam::aws:policy/AmazonRoute53FullAccess"


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.services.store.close()


def test_a_user_from_beginning_to_end(world):
    made = world.iam("CreateUser", UserName="bob", Path="/dns/", Tags=[{"Key": "team", "Value": "x"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{A}:user/dns/bob"
    assert made["UserId"].startswith("AIDA") and len(made["UserId"]) == 21
    assert made["Tags"] == [{"Key": "team", "Value": "x"}]
    assert world.iam("GetUser", UserName="bob")["User"] == made
    world.iam("TagUser", UserName="bob", Tags=[{"Key": "team", "Value": "y"}, {"Key": "z", "Value": ""}])
    world.iam("UntagUser", UserName="bob", TagKeys=["team", "absent"])
    assert world.iam("ListUserTags", UserName="bob")["Tags"] == [{"Key": "z", "Value": ""}]
    assert world.iam("ListGroupsForUser", UserName="bob")["Groups"] == []
    world.iam("UpdateUser", UserName="bob", NewUserName="bobby", NewPath="/")
    assert world.iam("GetUser", UserName="bobby")["User"]["UserId"] == made["UserId"]
    assert world.iam("ListUserTags", UserName="bobby")["Tags"] == [{"Key": "z", "Value": ""}]
    world.iam("DeleteUser", UserName="bobby")
    assert refused("NoSuchEntity", world.iam, "GetUser", UserName="bobby") == (
        "The user with name bobby cannot be found."
    )
    assert world.iam("CreateUser", UserName="bobby")["User"]["UserId"] != made["UserId"]
    assert "Tags" not in world.iam("GetUser", UserName="bobby")["User"]


def test_names_differ_in_more_than_case_and_by_account(world):
    world.user("bob")
    assert refused("EntityAlreadyExists", world.iam, "CreateUser", UserName="BOB") == (
        "User with name BOB already exists."
    )
    world.user("bob", account=B)
    world.iam("CreateUser", UserName="eve")
    refused("EntityAlreadyExists", world.iam, "UpdateUser", UserName="eve", NewUserName="Bob")
    world.iam("UpdateUser", UserName="eve", NewUserName="Eve")
    assert [u["UserName"] for u in world.iam("ListUsers")["Users"]] == ["Eve", "bob"]


def test_what_hangs_on_a_user_must_go_first(world):
    key = world.user("bob", allow("route53:List*"))
    world.iam("AttachUserPolicy", UserName="bob", PolicyArn=FULL)
    for words, act, more in (
        ("must delete access keys first.", "DeleteAccessKey", {"AccessKeyId": key}),
        ("must detach all policies first.", "DetachUserPolicy", {"PolicyArn": FULL}),
        ("must delete policies first.", "DeleteUserPolicy", {"PolicyName": "only"}),
    ):
        assert words in refused("DeleteConflict", world.iam, "DeleteUser", UserName="bob")
        world.iam(act, UserName="bob", **more)
    world.iam("DeleteUser", UserName="bob")


def test_access_keys(world):
    first = world.user("bob")
    second = world.iam("CreateAccessKey", UserName="bob")["AccessKey"]
    assert second["AccessKeyId"].startswith("AKIA") and len(second["SecretAccessKey"]) == 40
    assert refused("LimitExceeded", world.iam, "CreateAccessKey", UserName="bob") == (
        "Cannot exceed quota for AccessKeysPerUser: 2"
    )
    world.iam("UpdateAccessKey", UserName="bob", AccessKeyId=first, Status="Inactive")
    listed = world.iam("ListAccessKeys", UserName="bob")["AccessKeyMetadata"]
    assert {k["AccessKeyId"]: k["Status"] for k in listed} == {
        first: "Inactive",
        second["AccessKeyId"]: "Active",
    }
    assert "Secret" not in json.dumps(listed, default=str)
    assert world.known.find(first) is None
    world.iam("UpdateAccessKey", UserName="bob", AccessKeyId=first, Status="Active")
    assert world.by_key(first).arn == f"arn:aws:iam::{A}:user/bob"
    world.iam("DeleteAccessKey", UserName="bob", AccessKeyId=first)
    assert world.known.find(first) is None
    for other in ("AKIAABSENT0000000000", first):
        assert "cannot be found" in refused(
            "NoSuchEntity", world.iam, "DeleteAccessKey", UserName="bob", AccessKeyId=other
        )
    # Another account's key is as absent as one that is not there.
    refused(
        "NoSuchEntity", world.iam, "DeleteAccessKey", B, UserName="bob", AccessKeyId=second["AccessKeyId"]
    )


def test_keys_without_a_name_are_ones_own(world):
    root = world.iam("CreateAccessKey")["AccessKey"]["AccessKeyId"]
    assert world.by_key(root).principal is None
    assert [k["AccessKeyId"] for k in world.iam("ListAccessKeys")["AccessKeyMetadata"]] == [root]
    own = allow("iam:*", "arn:aws:iam::*:user/${aws:username}")
    bob = world.user("bob", own)
    made = world.call(bob, "iam", "CreateAccessKey")["AccessKey"]
    assert made["UserName"] == "bob"
    assert world.call(bob, "iam", "GetUser")["User"]["UserName"] == "bob"
    world.call(bob, "iam", "DeleteAccessKey", AccessKeyId=made["AccessKeyId"])
    message = refused("AccessDenied", world.call, bob, "iam", "CreateUser", UserName="eve")
    assert message == (
        f"User: arn:aws:iam::{A}:user/bob is not authorized to perform: iam:CreateUser on resource: "
        f"arn:aws:iam::{A}:user/eve because no identity-based policy allows the iam:CreateUser action"
    )


def test_a_role_from_beginning_to_end(world):
    trust = trusts(B, Condition={"StringEquals": {"sts:ExternalId": "x y"}})
    made = world.iam(
        "CreateRole", RoleName="dns", Path="/p/", AssumeRolePolicyDocument=trust, Description="for DNS"
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{A}:role/p/dns"
    assert made["RoleId"].startswith("AROA")
    assert made["MaxSessionDuration"] == 3600
    assert unquote(made["AssumeRolePolicyDocument"]) == trust
    assert " " not in made["AssumeRolePolicyDocument"]
    refused("EntityAlreadyExists", world.iam, "CreateRole", RoleName="DNS", AssumeRolePolicyDocument=trust)
    world.iam("UpdateRole", RoleName="dns", MaxSessionDuration=7200)
    world.iam("UpdateRoleDescription", RoleName="dns", Description="other")
    world.iam("UpdateAssumeRolePolicy", RoleName="dns", PolicyDocument=trusts(A))
    found = world.iam("GetRole", RoleName="dns")["Role"]
    assert (found["MaxSessionDuration"], found["Description"]) == (7200, "other")
    assert unquote(found["AssumeRolePolicyDocument"]) == trusts(A)
    world.iam("TagRole", RoleName="dns", Tags=[{"Key": "a", "Value": "b"}])
    assert world.iam("GetRole", RoleName="dns")["Role"]["Tags"] == [{"Key": "a", "Value": "b"}]
    assert world.iam("ListInstanceProfilesForRole", RoleName="dns")["InstanceProfiles"] == []
    assert [r["RoleName"] for r in world.iam("ListRoles", PathPrefix="/p/")["Roles"]] == ["dns"]
    assert world.iam("ListRoles", PathPrefix="/q/")["Roles"] == []
    world.iam("PutRolePolicy", RoleName="dns", PolicyName="p", PolicyDocument=READ)
    refused("DeleteConflict", world.iam, "DeleteRole", RoleName="dns")
    world.iam("DeleteRolePolicy", RoleName="dns", PolicyName="p")
    world.iam("DeleteRole", RoleName="dns")
    refused("NoSuchEntity", world.iam, "GetRole", RoleName="dns")


def test_a_managed_policy_and_its_versions(world):
    made = world.iam("CreatePolicy", PolicyName="read", PolicyDocument=READ, Description="d")["Policy"]
    arn = made["Arn"]
    assert (arn, made["DefaultVersionId"], made["AttachmentCount"]) == (
        f"arn:aws:iam::{A}:policy/read",
        "v1",
        0,
    )
    refused("EntityAlreadyExists", world.iam, "CreatePolicy", PolicyName="Read", PolicyDocument=READ)
    other = document(allow("route53:Get*"))
    for number in range(2, 6):
        version = world.iam(
            "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=other, SetAsDefault=number == 3
        )["PolicyVersion"]
        assert (version["VersionId"], version["IsDefaultVersion"]) == (f"v{number}", number == 3)
    assert "up to 5 versions" in refused(
        "LimitExceeded", world.iam, "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=other
    )
    assert world.iam("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    shown = world.iam("GetPolicyVersion", PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert (unquote(shown["Document"]), shown["IsDefaultVersion"]) == (READ, False)
    assert "more than one version" in refused("DeleteConflict", world.iam, "DeletePolicy", PolicyArn=arn)
    assert "default version" in refused(
        "DeleteConflict", world.iam, "DeletePolicyVersion", PolicyArn=arn, VersionId="v3"
    )
    world.iam("SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v1")
    for number in range(2, 6):
        world.iam("DeletePolicyVersion", PolicyArn=arn, VersionId=f"v{number}")
    assert [v["VersionId"] for v in world.iam("ListPolicyVersions", PolicyArn=arn)["Versions"]] == ["v1"]
    refused("NoSuchEntity", world.iam, "GetPolicyVersion", PolicyArn=arn, VersionId="v9")
    refused("NoSuchEntity", world.iam, "GetPolicyVersion", PolicyArn=arn, VersionId="nine")
    world.iam("TagPolicy", PolicyArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert world.iam("ListPolicyTags", PolicyArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    world.iam("DeletePolicy", PolicyArn=arn)
    refused("NoSuchEntity", world.iam, "GetPolicy", PolicyArn=arn)


def test_attachments(world):
    world.user("bob")
    world.role("dns", trusts(A))
    arn = world.iam("CreatePolicy", PolicyName="read", Path="/p/", PolicyDocument=READ)["Policy"]["Arn"]
    for _ in range(2):
        world.iam("AttachUserPolicy", UserName="bob", PolicyArn=arn)
    world.iam("AttachUserPolicy", UserName="bob", PolicyArn=FULL)
    world.iam("AttachRolePolicy", RoleName="dns", PolicyArn=arn)
    assert world.iam("ListAttachedUserPolicies", UserName="bob")["AttachedPolicies"] == [
        {"PolicyName": "read", "PolicyArn": arn},
        {"PolicyName": "AmazonRoute53FullAccess", "PolicyArn": FULL},
    ]
    within = world.iam("ListAttachedUserPolicies", UserName="bob", PathPrefix="/p/")["AttachedPolicies"]
    assert [one["PolicyName"] for one in within] == ["read"]
    entities = world.iam("ListEntitiesForPolicy", PolicyArn=arn)
    assert [u["UserName"] for u in entities["PolicyUsers"]] == ["bob"]
    assert [r["RoleName"] for r in entities["PolicyRoles"]] == ["dns"]
    assert world.iam("GetPolicy", PolicyArn=arn)["Policy"]["AttachmentCount"] == 2
    attached = world.iam("ListPolicies", OnlyAttached=True)["Policies"]
    assert [(p["PolicyName"], p["AttachmentCount"]) for p in attached] == [
        ("read", 2),
        ("AmazonRoute53FullAccess", 1),
    ]
    assert refused("DeleteConflict", world.iam, "DeletePolicy", PolicyArn=arn) == (
        "Cannot delete a policy attached to entities."
    )
    world.iam("DetachUserPolicy", UserName="bob", PolicyArn=arn)
    refused("NoSuchEntity", world.iam, "DetachUserPolicy", UserName="bob", PolicyArn=arn)
    for absent in (f"arn:aws:iam::{A}:policy/none", "arn:aws:iam::aws:policy/None"):
        assert "does not exist or is not attachable" in refused(
            "NoSuchEntity", world.iam, "AttachUserPolicy", UserName="bob", PolicyArn=absent
        )
    # Another account's policy is as absent.
    world.user("bob", account=B)
    refused("NoSuchEntity", world.iam, "AttachUserPolicy", B, UserName="bob", PolicyArn=arn)
    refused("NoSuchEntity", world.iam, "GetPolicy", B, PolicyArn=arn)


def test_policies_of_aws_are_there_to_read(world):
    listed = world.iam("ListPolicies", Scope="AWS")["Policies"]
    assert [p["PolicyName"] for p in listed] == [
        "AdministratorAccess",
        "AmazonRoute53FullAccess",
        "AmazonRoute53ReadOnlyAccess",
    ]
    shown = world.iam("GetPolicyVersion", PolicyArn=FULL, VersionId="v4")["PolicyVersion"]
    assert "route53:*" in unquote(shown["Document"])
    assert world.iam("ListPolicyVersions", PolicyArn=FULL)["Versions"][0]["VersionId"] == "v4"
    assert "Description" in world.iam("GetPolicy", PolicyArn=FULL)["Policy"]
    refused("NoSuchEntity", world.iam, "GetPolicyVersion", PolicyArn=FULL, VersionId="v1")
    refused("AccessDenied", world.iam, "DeletePolicy", PolicyArn=FULL)
    refused("AccessDenied", world.iam, "CreatePolicyVersion", PolicyArn=FULL, PolicyDocument=READ)


@pytest.mark.parametrize("kind", ["User", "Role"])
def test_inline_policies(world, kind):
    world.user("bob")
    world.role("dns", trusts(A))
    who = {f"{kind}Name": "bob" if kind == "User" else "dns"}
    for name in ("b", "a"):
        world.iam(f"Put{kind}Policy", PolicyName=name, PolicyDocument=READ, **who)
    listing = f"List{kind}Policies"
    assert world.iam(listing, **who)["PolicyNames"] == ["a", "b"]
    shown = world.iam(f"Get{kind}Policy", PolicyName="a", **who)
    assert (shown[f"{kind}Name"], unquote(shown["PolicyDocument"])) == (who[f"{kind}Name"], READ)
    page = world.iam(listing, MaxItems=1, **who)
    assert (page["PolicyNames"], page["IsTruncated"], page["Marker"]) == (["a"], True, "a")
    assert world.iam(listing, MaxItems=1, Marker="a", **who)["PolicyNames"] == ["b"]
    world.iam(f"Delete{kind}Policy", PolicyName="a", **who)
    for operation in (f"Get{kind}Policy", f"Delete{kind}Policy"):
        assert refused("NoSuchEntity", world.iam, operation, PolicyName="a", **who) == (
            f"The {kind.lower()} policy with name a cannot be found."
        )
    most = {"User": 2048, "Role": 10240}[kind]
    large = document(allow([f"route53:Get{'x' * 100}{n}" for n in range(most // 100)]))
    assert refused(
        "LimitExceeded", world.iam, f"Put{kind}Policy", PolicyName="c", PolicyDocument=large, **who
    ).startswith(f"Maximum policy size of {most} bytes exceeded for {kind.lower()} ")


def test_lists_come_in_pages(world):
    for number in range(5):
        world.iam("CreateUser", UserName=f"u{number}")
        world.iam("CreatePolicy", PolicyName=f"p{number}", PolicyDocument=READ)
    for operation, member, name in (
        ("ListUsers", "Users", "UserName"),
        ("ListPolicies", "Policies", "PolicyName"),
    ):
        found, marker = [], {}
        while True:
            page = world.iam(operation, MaxItems=2, **marker)
            found += [one[name] for one in page[member]]
            if not page["IsTruncated"]:
                break
            marker = {"Marker": page["Marker"]}
        assert len(found) == len(set(found)) == (5 if operation == "ListUsers" else 8)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreatePolicy", {"PolicyName": "p", "PolicyDocument": "{"}),
        ("CreatePolicy", {"PolicyName": "p", "PolicyDocument": trusts(A)}),
        ("PutUserPolicy", {"UserName": "bob", "PolicyName": "p", "PolicyDocument": "[]"}),
        ("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": READ}),
        ("UpdateAssumeRolePolicy", {"RoleName": "dns", "PolicyDocument": READ}),
    ],
)
def test_what_is_no_policy_is_refused(world, operation, request_):
    world.user("bob")
    world.role("dns", trusts(A))
    refused("MalformedPolicyDocument", world.iam, operation, **request_)


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("CreateUser", {"UserName": "a b"}, "ValidationError"),
        ("CreateUser", {"UserName": "a", "Path": "dns"}, "ValidationError"),
        ("CreateUser", {"UserName": "a", "PermissionsBoundary": FULL}, "InvalidInput"),
        ("CreateUser", {"UserName": "a", "Tags": [{"Key": "k", "Value": ""}] * 2}, "InvalidInput"),
        ("CreateUser", {"UserName": "a", "Tags": [{"Key": "aws:k", "Value": ""}]}, "InvalidInput"),
        (
            "CreateUser",
            {"UserName": "a", "Tags": [{"Key": str(n), "Value": ""} for n in range(51)]},
            "LimitExceeded",
        ),
        (
            "CreatePolicy",
            {
                "PolicyName": "p",
                "PolicyDocument": document(allow(["a:" + "x" * 100 + str(n) for n in range(60)])),
            },
            "LimitExceeded",
        ),
        (
            "CreateRole",
            {"RoleName": "r", "AssumeRolePolicyDocument": trusts([f"{n:012}" for n in range(150)])},
            "LimitExceeded",
        ),
        ("AttachUserPolicy", {"UserName": "nobody", "PolicyArn": FULL}, "NoSuchEntity"),
        ("ListAccessKeys", {"UserName": "nobody"}, "NoSuchEntity"),
    ],
)
def test_what_is_refused(world, operation, request_, code):
    refused(code, world.iam, operation, **request_)
    assert world.iam("ListUsers")["Users"] == []


def test_no_more_than_ten_policies_are_attached(world):
    world.user("bob")
    for number in range(11):
        arn = world.iam("CreatePolicy", PolicyName=f"p{number}", PolicyDocument=READ)["Policy"]["Arn"]
        if number < 10:
            world.iam("AttachUserPolicy", UserName="bob", PolicyArn=arn)
    assert refused("LimitExceeded", world.iam, "AttachUserPolicy", UserName="bob", PolicyArn=arn) == (
        "Cannot exceed quota for PoliciesPerUser: 10"
    )
