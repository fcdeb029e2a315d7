"""The audit log: records as CloudTrail has them, without secrets, in files that do not grow for ever."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from seal53.app import audit
from seal53.app.audit import AuditLog, Query, Recorder, UnknownCallers
from seal53.app.audit.record import HIDDEN, OMITTED_OVER
from seal53.app.control import OPERATIONS
from seal53.base.clock import UnixTime
from seal53.base.ids import AccountId, Ids
from seal53.gateway.app import Call
from seal53.gateway.message import Message
from seal53.gateway.models import Family
from seal53.gateway.route import Route
from seal53.services.context import Caller, Principal
from seal53.services.faults import AwsFault

A, NOW = "111122223333", UnixTime(1_790_000_000)
ROLE = Principal(
    kind="role",
    arn=f"arn:aws:sts::{A}:assumed-role/dns/me",
    id="AROAX:me",
    name="dns",
    session_name="me",
    role_arn=f"arn:aws:iam::{A}:role/p/dns",
    issued_at=UnixTime(NOW - 60),
)
USER = Principal(kind="user", arn=f"arn:aws:iam::{A}:user/bob", id="AIDAX", name="bob")


def call(service="route53", operation="GetHostedZone", principal=None, body=b"", **more):
    message = Message(
        method="POST",
        path=b"/",
        headers=((b"user-agent", b"Boto3/1"),),
        body=body,
        source_address="203.0.113.7",
    )
    made = Call(
        message=message,
        request_id="r-1",
        now=NOW,
        service=None,
        family=Family.JSON,
        route=Route(family=Family.JSON, scope=service, service=None, operation=operation),
        caller=Caller(
            account_id=AccountId(A),
            access_key_id="AKIAX",
            region="eu-west-1",
            request_id="r-1",
            now=NOW,
            principal=principal,
        ),
        claimed_key="AKIAX",
    )
    for name, value in more.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def record():
    recorder = Recorder(Ids())
    return lambda *args, **more: json.loads(recorder.line(call(*args, **more)))


def test_a_write_as_cloudtrail_has_it(record):
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {"Name": "a.b", "TTL": 60, "Type": "A"}}]}
    made = record(
        "route53",
        "ChangeResourceRecordSets",
        parameters={"HostedZoneId": "Z1", "ChangeBatch": batch},
        response={"ChangeInfo": {"Id": "C1", "SubmittedAt": datetime.fromtimestamp(NOW, UTC)}},
    )
    assert re.fullmatch(r"[0-9a-f-]{36}", made.pop("eventID"))
    assert made == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": A,
            "arn": f"arn:aws:iam::{A}:root",
            "accountId": A,
            "accessKeyId": "AKIAX",
        },
        "eventTime": "2026-09-21T14:13:20Z",
        "eventSource": "route53.amazonaws.com",
        "eventName": "ChangeResourceRecordSets",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "Boto3/1",
        "requestParameters": {
            "hostedZoneId": "Z1",
            "changeBatch": {
                "changes": [
                    {"action": "UPSERT", "resourceRecordSet": {"name": "a.b", "tTL": 60, "type": "A"}}
                ]
            },
        },
        "responseElements": {"changeInfo": {"id": "C1", "submittedAt": "2026-09-21T14:13:20Z"}},
        "requestID": "r-1",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": A,
        "eventCategory": "Management",
    }


def test_a_read_has_no_answer(record):
    made = record(parameters={"Id": "Z1"}, response={"HostedZone": {"Id": "Z1"}})
    assert (made["readOnly"], made["responseElements"]) == (True, None)
    assert made["requestParameters"] == {"id": "Z1"}
    assert record("kms", "ListKeys")["awsRegion"] == "eu-west-1"


def test_a_refusal_has_its_error(record):
    made = record("route53", "DeleteHostedZone", code="AccessDenied", refusal="no", response={"X": "y"})
    assert (made["errorCode"], made["errorMessage"], made["responseElements"]) == ("AccessDenied", "no", None)


def test_who_called(record):
    user = record(principal=USER)["userIdentity"]
    assert user == {
        "type": "IAMUser",
        "principalId": "AIDAX",
        "arn": USER.arn,
        "accountId": A,
        "accessKeyId": "AKIAX",
        "userName": "bob",
    }
    session = record(principal=ROLE)["userIdentity"]
    assert session["type"] == "AssumedRole"
    assert session["sessionContext"] == {
        "attributes": {"creationDate": "2026-09-21T14:12:20Z", "mfaAuthenticated": "false"},
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROAX",
            "arn": ROLE.role_arn,
            "accountId": A,
            "userName": "dns",
        },
    }
    temporary = record(principal=replace(USER, issued_at=NOW))["userIdentity"]
    assert "sessionIssuer" not in temporary["sessionContext"]
    nobody = record(caller=None, code="InvalidClientTokenId")
    assert nobody["userIdentity"] == {"type": "Unknown", "accessKeyId": "AKIAX"}
    assert "recipientAccountId" not in nobody
    lost = record(caller=None, route=None, claimed_key=None, code="UnknownOperation")
    assert (lost["eventName"], lost["eventSource"]) == ("Unknown", "unknown")


def test_secrets_are_never_in_it(record):
    secret = "planted-secret"
    for service, operation, parameters, response in (
        ("iam", "CreateAccessKey", {}, {"AccessKey": {"AccessKeyId": "AKIA", "SecretAccessKey": secret}}),
        ("sts", "AssumeRole", {"RoleArn": "a"}, {"Credentials": {"SessionToken": secret}}),
        ("kms", "Sign", {"KeyId": "k", "Message": secret.encode()}, {"Signature": secret.encode()}),
        ("kms", "CreateGrant", {"GrantTokens": [secret]}, {"GrantToken": secret, "GrantId": "g"}),
        ("route53domains", "RegisterDomain", {"AdminContact": {"Email": secret}}, {}),
        ("seal53", "account", {}, {"secret_access_key": secret}),
        ("x", "Y", {"Deep": [{"er": {"Password": {"x": secret}}}]}, {"Blob": secret.encode()}),
    ):
        made = record(service, operation, parameters=parameters, response=response)
        assert secret not in json.dumps(made)
        assert HIDDEN in json.dumps(made)
    made = record("sts", "AssumeRole", response={"Credentials": {"AccessKeyId": "ASIA"}})
    assert made["responseElements"] == {"credentials": {"accessKeyId": "ASIA"}}


@pytest.mark.parametrize("most", [256, 1024])
@pytest.mark.parametrize("value", ["planted", b"planted", "planted" * 199])
@pytest.mark.parametrize("wrap", [dict, lambda **given: {"AdminContact": {"Email": [*given.values()]}}])
def test_a_refusal_repeats_no_secret(record, value, wrap, most):
    parameters = wrap(AuthCode=value)
    text = f"1 validation error detected: Value '{str(value)[:most]}' at 'authCode' failed to satisfy"
    made = record(
        "route53domains", "TransferDomain", parameters=parameters, code="InvalidInput", refusal=text
    )
    assert "planted" not in json.dumps(made)
    assert made["errorMessage"].startswith("1 validation error detected: Value HIDDEN")


def test_all_that_models_call_sensitive_is_hidden(record):
    """Contacts are hidden whole; what is left are names that tell nothing by themselves."""
    harmless = {
        ("route53domains", "DomainName"),
        ("iam", "UserName"),
        ("iam", "existingUserNameType"),
        ("route53", "DomainName"),
        ("route53domains", "AbuseContactEmail"),  # the registrar's own
        ("route53domains", "AbuseContactPhone"),
    }
    shown = []

    def visit(service, shape, path, seen):
        if shape.type_name == "structure":
            if shape.name in seen:
                return
            for member, inner in shape.members.items():
                visit(service, inner, (*path, member), seen | {shape.name})
        elif shape.type_name == "list":
            visit(service, shape.member, path, seen)
        elif shape.metadata.get("sensitive"):
            value = {path[-1]: "planted"}
            for member in reversed(path[:-1]):
                value = {member: value}
            if "planted" in json.dumps(record(service, "CreateSomething", parameters=value)):
                shown.append((service, ".".join(path)))

    for service, operations in OPERATIONS.items():
        if service == "ec2":
            continue
        model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        for operation in operations:
            described = model.operation_model(operation)
            for shape in (described.input_shape, described.output_shape):
                if shape is not None:
                    visit(service, shape, (), frozenset())
    assert [one for one in shown if (one[0], one[1].rpartition(".")[2]) not in harmless] == []


def test_what_is_large_is_left_out(record):
    made = record("route53", "ChangeResourceRecordSets", body=bytes(OMITTED_OVER + 1), parameters={"A": "b"})
    assert made["requestParameters"]["omitted"] is True
    assert made["requestParameters"]["originalSize"] == OMITTED_OVER + 1


# --- files


@pytest.fixture
def log(tmp_path):
    made = AuditLog(tmp_path / "audit", file_most=1000, files_most=3, pause_s=3600)
    made.start()
    yield made
    made.close()


def line(number, account=A, user="bob", **more):
    who = {"userName": user, "arn": f"arn:aws:iam::{account}:user/{user}"}
    record = {"eventName": "E", "n": number, "recipientAccountId": account, "userIdentity": who, **more}
    return json.dumps(record).encode()


def numbers(found):
    return [record["n"] for record in found[0]]


def test_files_are_bounded_and_private(log, tmp_path):
    for number in range(60):
        log.append(line(number))
        log.flush()
    files = sorted((tmp_path / "audit").iterdir())
    assert len(files) == 3
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert (tmp_path / "audit").stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_size < 1300 for file in files)
    kept = [json.loads(one)["n"] for file in files for one in file.read_bytes().splitlines()]
    assert kept == list(range(60 - len(kept), 60))
    assert numbers(log.last(Query(), 1000)) == kept
    # A new process goes on where the last one ended.
    again = AuditLog(tmp_path / "audit", file_most=1000, files_most=3)
    again.append(line(60))
    again.flush()
    assert numbers(again.last(Query(), 2)) == [59, 60]


def test_what_was_appended_is_read_at_once_and_written_at_the_end(tmp_path):
    log = AuditLog(tmp_path, pause_s=3600)
    log.start()
    log.append(line(1))
    assert numbers(log.last(Query(), 10)) == [1]
    log.append(line(2))
    log.close()
    assert len((tmp_path / "audit-00000001.jsonl").read_bytes().splitlines()) == 2


def test_queries(log):
    log.append(line(1))
    log.append(line(2, account="444455556666", user="eve"))
    log.append(line(3, errorCode="AccessDenied"))
    log.append(line(4, eventName="Other", user="eve"))
    log.append(b'{"eventName": "cut')
    log.append(line(5, userIdentity={"arn": "arn:aws:sts::1:assumed-role/dns/me", "type": "AssumedRole"}))
    for query, expected in (
        (Query(), [1, 2, 3, 4, 5]),
        (Query(account=A), [1, 3, 4, 5]),
        (Query(user="eve"), [2, 4]),
        (Query(user="me"), [5]),
        (Query(user="arn:aws:iam::444455556666:user/eve"), [2]),
        (Query(errors=True), [3]),
        (Query(event="other"), [4]),
        (Query(event="other", account="444455556666"), []),
    ):
        assert numbers(log.last(query, 100)) == expected
        assert numbers(log.after("0:0", query, 100)) == expected
    assert numbers(log.last(Query(account=A), 2)) == [4, 5]


def test_following_goes_on_over_files(tmp_path):
    log = AuditLog(tmp_path, file_most=1000, files_most=99)
    seen = []
    _, place = log.last(Query(), 0)
    for number in range(40):
        log.append(line(number))
        if number % 7 == 0:
            found, place = log.after(place, Query(), 3)
            seen += [record["n"] for record in found]
    while found:
        found, place = log.after(place, Query(), 3)
        seen += [record["n"] for record in found]
    assert seen == list(range(40))
    with pytest.raises(ValueError, match="nonsense"):
        log.after("nonsense", Query(), 1)


def test_a_disk_that_cannot_be_written_is_told_and_tried_again(tmp_path, caplog):
    log = AuditLog(tmp_path / "file", pause_s=3600)
    (tmp_path / "file").write_text("in the way")
    log.append(line(1))
    with caplog.at_level("ERROR", logger="seal53"):
        log.flush()
    assert "audit-not-written" in caplog.text
    (tmp_path / "file").unlink()
    (tmp_path / "file").mkdir()
    log.append(line(2))
    assert numbers(log.last(Query(), 10)) == [1, 2]


def test_an_account_sees_its_own_calls(log):
    log.append(line(1))
    log.append(line(2, account="444455556666"))
    assert numbers([audit.answer(log, {}, own=None)["records"]]) == [1, 2]
    assert numbers([audit.answer(log, {}, own=A)["records"]]) == [1]
    assert numbers([audit.answer(log, {"account": "444455556666"}, own=None)["records"]]) == [2]
    for request, own, code in (
        ({"account": "444455556666"}, A, "AccessDeniedException"),
        ({"first": 1}, None, "ValidationException"),
        ({"last": 1001}, None, "ValidationException"),
        ({"last": "all"}, None, "ValidationException"),
        ({"after": "x"}, None, "ValidationException"),
        ({"event": 7}, None, "ValidationException"),
    ):
        with pytest.raises(AwsFault) as fault:
            audit.answer(log, request, own=own)
        assert fault.value.error == code


def test_callers_that_nobody_knows_do_not_push_out_what_others_did():
    unknown = UnknownCallers()
    assert sum(unknown.take(NOW) for _ in range(5000)) == 1000
    assert sum(unknown.take(NOW + second) for second in range(1, 601) for _ in range(10)) == 300
    assert not unknown.take(NOW)  # a clock that was set back gives nothing
    assert sum(unknown.take(NOW + 10**6) for _ in range(5000)) == 1000
