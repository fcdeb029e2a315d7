"""Users, roles and keys of others, with real processes: who is let in, who is not, and what the log says."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from e2e_service import Service, environment, until

READ_ONLY = "arn:aws:iam::aws:policy/AmazonRoute53ReadOnlyAccess"


def name_of(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(4)}"


def account_of(service: Service, number: int) -> str:
    return str(service.facts["accounts"][number]["id"])


def client(service: Service, of: str, key: dict[str, str]) -> Any:
    """A client with a user's key or with a session's credentials."""
    return boto3.Session(
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
        region_name="us-east-1",
    ).client(of, endpoint_url=service.facts["api"])


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def user(service: Service, *statements: dict[str, Any], account: int = 0) -> tuple[str, dict[str, str]]:
    iam = service.client("iam", account)
    name = name_of("user")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=document(*statements))
    return name, iam.create_access_key(UserName=name)["AccessKey"]


def refused(code: str, call: Callable[..., Any], *args: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*args, **request)
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


def record(name: str, rtype: str, value: str, action: str = "UPSERT") -> dict[str, Any]:
    return {
        "Action": action,
        "ResourceRecordSet": {
            "Name": name,
            "Type": rtype,
            "TTL": 60,
            "ResourceRecords": [{"Value": value}],
        },
    }


def test_an_acme_client_may_write_its_challenge_and_nothing_else(service: Service) -> None:
    domain, other = f"{name_of('acme')}.test", f"{name_of('acme')}.test"
    zone_id, addresses = service.zone(domain)
    other_id, _ = service.zone(other)
    zone = f"arn:aws:route53:::hostedzone/{zone_id}"
    # As the guides of certbot and lego want it.
    name, key = user(
        service,
        allow(["route53:ListHostedZones", "route53:ListHostedZonesByName", "route53:GetChange"]),
        allow("route53:ListResourceRecordSets", zone),
        allow(
            "route53:ChangeResourceRecordSets",
            zone,
            Condition={
                "ForAllValues:StringEquals": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": [f"_acme-challenge.{domain}"],
                    "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
                }
            },
        ),
    )
    route53 = client(service, "route53", key)

    def change(*changes: dict[str, Any], zone_id: str = zone_id) -> Any:
        return route53.change_resource_record_sets(
            HostedZoneId=zone_id, ChangeBatch={"Changes": list(changes)}
        )["ChangeInfo"]

    assert domain + "." in {z["Name"] for z in route53.list_hosted_zones_by_name()["HostedZones"]}
    made = change(record(f"_ACME-challenge.{domain}.", "TXT", '"proof"'))
    until("INSYNC", lambda: route53.get_change(Id=made["Id"])["ChangeInfo"]["Status"] == "INSYNC" or None)
    assert service.values(addresses[0], f"_acme-challenge.{domain}", "TXT") == ['"proof"']
    text = refused("AccessDenied", change, record(f"_acme-challenge.{domain}", "A", "192.0.2.1"))
    assert text == (
        f"User: arn:aws:iam::{account_of(service, 0)}:user/{name} is not authorized to perform: "
        f"route53:ChangeResourceRecordSets on resource: {zone} "
        "because no identity-based policy allows the route53:ChangeResourceRecordSets action"
    )
    refused("AccessDenied", change, record(f"www.{domain}", "TXT", '"x"'))
    both = [record(f"_acme-challenge.{domain}", "TXT", '"y"'), record(domain, "TXT", '"x"')]
    refused("AccessDenied", change, *both)
    refused("AccessDenied", change, record(f"_acme-challenge.{other}", "TXT", '"x"'), zone_id=other_id)
    refused("AccessDenied", route53.delete_hosted_zone, Id=zone_id)
    refused("AccessDenied", route53.list_resource_record_sets, HostedZoneId=other_id)
    refused("AccessDenied", client(service, "iam", key).list_users)
    assert service.values(addresses[0], f"_acme-challenge.{domain}", "TXT") == ['"proof"']
    change(record(f"_acme-challenge.{domain}", "TXT", '"proof"', "DELETE"))


def test_a_role_of_another_account_until_it_is_deleted(service: Service) -> None:
    mine, theirs = account_of(service, 0), account_of(service, 1)
    zone_id, _ = service.zone(f"{name_of('role')}.test", account=1)
    role_name = name_of("dns")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": mine},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "hand-shake"}},
    }
    iam = service.client("iam", 1)
    role = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=document(trust))["Role"]
    iam.attach_role_policy(RoleName=role_name, PolicyArn=READ_ONLY)
    _, key = user(service, allow("sts:AssumeRole", role["Arn"]))
    sts = client(service, "sts", key)
    asks = {"RoleArn": role["Arn"], "RoleSessionName": "e2e"}
    refused("AccessDenied", sts.assume_role, **asks)
    session = sts.assume_role(**asks, ExternalId="hand-shake")["Credentials"]
    who = client(service, "sts", session).get_caller_identity()
    assert (who["Account"], who["Arn"]) == (theirs, f"arn:aws:sts::{theirs}:assumed-role/{role_name}/e2e")
    route53 = client(service, "route53", session)
    assert route53.get_hosted_zone(Id=zone_id)["HostedZone"]["Id"] == f"/hostedzone/{zone_id}"
    refused("AccessDenied", route53.delete_hosted_zone, Id=zone_id)
    refused("AccessDenied", client(service, "route53", key).get_hosted_zone, Id=zone_id)
    iam.detach_role_policy(RoleName=role_name, PolicyArn=READ_ONLY)
    refused("AccessDenied", route53.get_hosted_zone, Id=zone_id)
    iam.delete_role(RoleName=role_name)
    refused("InvalidClientTokenId", route53.get_hosted_zone, Id=zone_id)


def test_a_zone_is_not_signed_with_a_key_that_is_not_for_its_account(service: Service) -> None:
    """A confused deputy: Route 53 may use the key, and the zone's owner may not."""
    mine, theirs = account_of(service, 0), account_of(service, 1)
    zone_id, addresses = service.zone(domain := f"{name_of('deputy')}.test", account=1)
    uses = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
    admin = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{mine}:root"})
    deputy = allow(uses, Principal={"Service": "dnssec-route53.amazonaws.com"})
    kms, route53 = service.client("kms"), service.client("route53", 1)
    arn = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=document(admin, deputy))[
        "KeyMetadata"
    ]["Arn"]

    def ksk() -> Any:
        return route53.create_key_signing_key(
            CallerReference=secrets.token_hex(8),
            HostedZoneId=zone_id,
            KeyManagementServiceArn=arn,
            Name="ksk",
            Status="ACTIVE",
        )

    assert "did not grant all required permissions" in refused("InvalidKMSArn", ksk)
    for_them = {"StringEquals": {"aws:SourceAccount": theirs}}
    kms.put_key_policy(
        KeyId=arn, PolicyName="default", Policy=document(admin, {**deputy, "Condition": for_them})
    )
    refused("InvalidKMSArn", ksk)  # Route 53 may, and who asks it to may not
    lets_in = allow(uses, Principal={"AWS": f"arn:aws:iam::{theirs}:root"})
    kms.put_key_policy(
        KeyId=arn,
        PolicyName="default",
        Policy=document(admin, {**deputy, "Condition": for_them}, lets_in),
    )
    assert ksk()["KeySigningKey"]["Status"] == "ACTIVE"
    change = route53.enable_hosted_zone_dnssec(HostedZoneId=zone_id)["ChangeInfo"]["Id"]
    until("INSYNC", lambda: route53.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC" or None)
    signed = service.ask(addresses[0], domain, "SOA", dnssec=True)
    assert {r.rdtype.name for r in signed.answer} == {"SOA", "RRSIG"}


def audit(service: Service, *args: str, env: dict[str, str] | None = None) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "seal53", "audit", "--json", "--ready-file", str(service.ready_file), *args],
        env=environment() | (env or {}),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_audit_log_tells_who_did_what(service: Service) -> None:
    name, key = user(service, allow("route53:ListHostedZones"), account=1)
    client(service, "route53", key).list_hosted_zones()
    refused("AccessDenied", client(service, "route53", key).get_hosted_zone, Id="Z1")
    denied, allowed = audit(service, "--user", name, "--errors"), audit(service, "--user", name)
    assert [r["eventName"] for r in denied] == ["GetHostedZone"]
    assert (denied[0]["errorCode"], denied[0]["requestParameters"]) == ("AccessDenied", {"id": "Z1"})
    assert denied[0]["userIdentity"]["type"] == "IAMUser"
    assert [r["eventName"] for r in allowed] == ["ListHostedZones", "GetHostedZone"]
    made = audit(service, "--event", "CreateAccessKey", "--account", account_of(service, 1))[-1]
    assert made["responseElements"]["accessKey"]["accessKeyId"] == key["AccessKeyId"]
    assert key["SecretAccessKey"] not in json.dumps(audit(service, "--last", "1000"))
    # Another account sees its own calls alone; a user of it none, unless a policy says so.
    theirs = service.facts["accounts"][1]
    root = {
        "AWS_ACCESS_KEY_ID": theirs["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": theirs["secret_access_key"],
    }
    seen = audit(service, "--last", "1000", env=root)
    assert {r["recipientAccountId"] for r in seen} == {theirs["id"]}
    with pytest.raises(AssertionError, match="not authorized to perform: seal53:audit"):
        audit(
            service,
            env={"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]},
        )
