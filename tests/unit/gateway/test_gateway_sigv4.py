"""Signature Version 4 by AWS's published vectors, and every way in which a signature can be wrong."""

import hmac
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal53.base.clock import UnixTime
from seal53.base.ids import AccountId
from seal53.base.journal import Secret
from seal53.gateway import sigv4
from seal53.gateway.errors import Reason, Refused
from seal53.gateway.message import Message
from seal53.services.credentials import Credential

SECRET = Secret(b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")  # AWS's own example
AT = UnixTime(1_440_938_160)  # 20150830T123600Z


def message(
    method: str, target: str, signed: dict[str, str], signature: str, service: str, body: bytes = b""
) -> Message:
    path, _, query = target.partition("?")
    authorization = (
        f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, "
        f"SignedHeaders={';'.join(sorted(signed))}, Signature={signature}"
    )
    headers = {**signed, "authorization": authorization}
    return Message(
        method=method,
        path=path.encode(),
        query=query.encode(),
        headers=tuple((k.encode(), v.encode()) for k, v in headers.items()),
        body=body,
    )


PLAIN = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
FORM = "application/x-www-form-urlencoded"

# "Create a signed AWS API request" (IAM ListUsers), and AWS's Signature Version 4 test suite by case name.
VECTORS = {
    "ListUsers": message(
        "GET",
        "/?Action=ListUsers&Version=2010-05-08",
        {
            "content-type": f"{FORM}; charset=utf-8",
            "host": "iam.amazonaws.com",
            "x-amz-date": "20150830T123600Z",
        },
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "iam",
    ),
    "get-vanilla": message(
        "GET", "/", PLAIN, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", "service"
    ),
    "get-vanilla-query-order-key-case": message(
        "GET",
        "/?Param2=value2&Param1=value1",
        PLAIN,
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        "service",
    ),
    "post-vanilla": message(
        "POST", "/", PLAIN, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", "service"
    ),
    "post-x-www-form-urlencoded": message(
        "POST",
        "/",
        {**PLAIN, "content-type": FORM},
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        "service",
        b"Param1=value1",
    ),
}


def verify(
    of: Message, *, now: int = AT, service: str = "service", secret: Secret | None = SECRET
) -> sigv4.Claim:
    credential = None if secret is None else Credential(account_id=AccountId("1" * 12), secret=secret)
    claim, _ = sigv4.verify(of, service=service, now=UnixTime(now), credential_of=lambda _: credential)
    return claim


def refusal(of: Message, **how: object) -> Refused:
    with pytest.raises(Refused) as caught:
        verify(of, **how)  # type: ignore[arg-type]
    return caught.value


def changed(of: Message, **headers: str | None) -> Message:
    """With some headers put otherwise; underscores are hyphens, None takes one away."""
    wanted = {k.replace("_", "-"): v for k, v in headers.items()}
    kept = [(k, v) for k, v in of.headers if k.decode() not in wanted]
    added = [(k.encode(), v.encode()) for k, v in wanted.items() if v is not None]
    return replace(of, headers=(*kept, *added))


GOOD = VECTORS["get-vanilla"]
AUTHORIZATION = GOOD.values("authorization")[0].decode()


@pytest.mark.parametrize("name", VECTORS)
def test_published_vectors_pass(name: str) -> None:
    claim = verify(VECTORS[name], service="iam" if name == "ListUsers" else "service")
    assert (claim.access_key_id, claim.region, claim.date) == ("AKIDEXAMPLE", "us-east-1", "20150830")


@pytest.mark.parametrize("name", VECTORS)
def test_published_vectors_fail_with_anything_changed(name: str) -> None:
    service = "iam" if name == "ListUsers" else "service"
    good = VECTORS[name]
    for bad in (
        replace(good, body=good.body + b"x"),
        replace(good, path=b"/x"),
        replace(good, query=good.query + b"&a=b"),
        replace(good, method="PUT"),
        changed(good, host="example.org"),
    ):
        assert refusal(bad, service=service).message == sigv4.MISMATCH_TEXT
    assert refusal(good, service=service, secret=Secret(b"another")).reason is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("skew", [-300, 0, 300])
def test_five_minutes_of_skew_are_allowed(skew: int) -> None:
    verify(GOOD, now=AT + skew)


def test_a_stale_signature_is_told_so_in_awss_words() -> None:
    assert refusal(GOOD, now=AT + 301).message == (
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
    )


def test_a_signature_from_the_future_is_told_so_in_awss_words() -> None:
    assert refusal(GOOD, now=AT - 301).message == (
        "Signature not yet current: 20150830T123600Z is still later than "
        "20150830T123559Z (20150830T123059Z + 5 min.)"
    )


def test_an_unknown_key_is_an_unknown_token() -> None:
    refused = refusal(GOOD, secret=None)
    assert (refused.reason, refused.message) == (Reason.UNKNOWN_KEY, sigv4.UNKNOWN_KEY_TEXT)


def test_an_unknown_key_costs_what_a_known_one_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    original = hmac.compare_digest

    def counted(a: str, b: str) -> bool:
        compared.append(a)
        return original(a, b)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    refusal(GOOD, secret=None)
    for_unknown = len(compared)
    verify(GOOD)
    assert for_unknown == len(compared) - for_unknown == 1


def test_the_scope_must_name_the_service() -> None:
    refused = refusal(GOOD, service="route53")
    assert refused.reason is Reason.BAD_SIGNATURE
    assert refused.message == "Credential should be scoped to correct service: 'route53'."


@pytest.mark.parametrize(
    ("bad", "reason", "text"),
    [
        (changed(GOOD, authorization=None), Reason.MISSING_TOKEN, "Missing Authentication Token"),
        (changed(GOOD, x_amz_date=None), Reason.INCOMPLETE_SIGNATURE, "X-Amz-Date"),
        (changed(GOOD, x_amz_date="yesterday"), Reason.INCOMPLETE_SIGNATURE, "basic format"),
        (changed(GOOD, x_amz_date="20159930T123600Z"), Reason.INCOMPLETE_SIGNATURE, "basic format"),
        (changed(GOOD, x_amz_date="20150831T123600Z"), Reason.BAD_SIGNATURE, "'20150830' != '20150831'"),
        (changed(GOOD, host=None), Reason.BAD_SIGNATURE, "does not have: host"),
        (changed(GOOD, authorization=""), Reason.INCOMPLETE_SIGNATURE, "algorithm"),
        (changed(GOOD, authorization="Basic eDp5"), Reason.INCOMPLETE_SIGNATURE, "algorithm"),
        (changed(GOOD, authorization="AWS4-HMAC-SHA256"), Reason.INCOMPLETE_SIGNATURE, "key=value"),
        (
            changed(GOOD, authorization=AUTHORIZATION.split(", Sig")[0]),
            Reason.INCOMPLETE_SIGNATURE,
            "'Signature'",
        ),
        (changed(GOOD, authorization=AUTHORIZATION + "0"), Reason.INCOMPLETE_SIGNATURE, "64 lower-case"),
        (
            changed(GOOD, authorization=AUTHORIZATION.replace("/20150830", "")),
            Reason.INCOMPLETE_SIGNATURE,
            "exactly 5",
        ),
        (
            changed(GOOD, authorization=AUTHORIZATION.replace("aws4_req", "aws5_req")),
            Reason.INCOMPLETE_SIGNATURE,
            "terminator",
        ),
        (
            changed(GOOD, authorization=AUTHORIZATION.replace("host;", "")),
            Reason.BAD_SIGNATURE,
            "'Host' must be a",
        ),
        (
            changed(GOOD, authorization=AUTHORIZATION.replace("us-east-1", "US east")),
            Reason.BAD_SIGNATURE,
            "valid region",
        ),
        (
            changed(GOOD, authorization=AUTHORIZATION + ", Signature=" + "0" * 64),
            Reason.INCOMPLETE_SIGNATURE,
            "distinct",
        ),
        (
            changed(GOOD, x_amz_target="TrentService.ListKeys"),
            Reason.BAD_SIGNATURE,
            "'x-amz-target' must be a 'SignedHeader'",
        ),
        (
            changed(GOOD, x_amz_content_sha256="0" * 64),
            Reason.BAD_SIGNATURE,
            "'x-amz-content-sha256' must be a 'SignedHeader'",
        ),
        (replace(GOOD, query=b"X-Amz-Security-Token=t"), Reason.BAD_SIGNATURE, "does not match"),
        (replace(GOOD, query=b"X-Amz-Signature=" + b"0" * 64), Reason.INCOMPLETE_SIGNATURE, "Only one"),
    ],
)
def test_malformed_and_incomplete_signatures(bad: Message, reason: Reason, text: str) -> None:
    refused = refusal(bad)
    assert refused.reason is reason
    assert text in refused.message


def test_a_second_authorization_header_is_refused() -> None:
    doubled = replace(GOOD, headers=(*GOOD.headers, (b"authorization", AUTHORIZATION.encode())))
    assert refusal(doubled).reason is Reason.INCOMPLETE_SIGNATURE


def test_a_second_value_of_a_signed_header_breaks_the_signature() -> None:
    doubled = replace(GOOD, headers=(*GOOD.headers, (b"host", b"example.org")))
    assert refusal(doubled).message == sigv4.MISMATCH_TEXT


def test_headers_that_proxies_add_do_not_matter() -> None:
    verify(changed(GOOD, x_amzn_trace_id="Root=1", user_agent="other", via="1.1 p"))


def test_no_refusal_repeats_a_signature_or_a_secret() -> None:
    signature = AUTHORIZATION[-64:]
    for bad in (changed(GOOD, host="x"), changed(GOOD, authorization=AUTHORIZATION + "0"), GOOD):
        refused = refusal(bad, now=AT + (400 if bad is GOOD else 0))
        assert signature not in str(refused)
        assert SECRET.decode() not in str(refused)


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        (b"", b"/"),
        (b"/", b"/"),
        (b"//", b"/"),
        (b"/a/b", b"/a/b"),
        (b"/a//b/", b"/a/b/"),
        (b"/a/./b", b"/a/b"),
        (b"/a/../b", b"/b"),
        (b"/../../b", b"/b"),
        (b"/a/%2E%2E/b", b"/a/%2E%2E/b"),
    ],
)
def test_paths_are_folded_as_the_signing_rules_say(path: bytes, normal: bytes) -> None:
    assert sigv4.normal_path(path) == normal


@given(st.binary(max_size=200), st.binary(max_size=60))
def test_no_header_or_query_raises_anything_but_a_refusal(authorization: bytes, query: bytes) -> None:
    headers = ((b"host", b"h"), (b"x-amz-date", b"20150830T123600Z"), (b"authorization", authorization))
    for query_string in (query, b"X-Amz-Signature=" + query):
        with pytest.raises(Refused):
            verify(Message(method="GET", path=b"/", query=query_string, headers=headers))


@pytest.mark.parametrize(
    "part", [b"Credential=", b"Credential=/", b"Credential=a/", b"Credential=a/b/aws4_request/"]
)
def test_a_header_that_nobody_has_signed_is_looked_through_once(part: bytes) -> None:
    message = Message(method="GET", path=b"/", headers=((b"authorization", part * (65_000 // len(part))),))
    begin = time.process_time()
    sigv4.claimed_service(message)
    assert time.process_time() - begin < 0.25
