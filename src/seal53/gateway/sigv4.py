"""AWS Signature Version 4: was this exact request signed with the secret of that access key, just now, for
this service?

Header signing and presigned query signing. Source: "Signature Version 4 signing process" in the AWS General
Reference; texts and codes of refusals: real traces, see `errors.CODES`. Fail closed: `host` and every
`x-amz-*` header that is present must be signed, the hash of the body is computed and never taken from the
client, and temporary credentials need their session token, others must have none. What is wrong with a token
is told only to who has signed rightly. Reads no clock: `now` is an argument.
Limits: one signature algorithm (no SigV4a, no chunked or unsigned payloads).
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote_from_bytes

from seal53.base.clock import UnixTime
from seal53.base.journal import Secret
from seal53.gateway.errors import Reason, Refused
from seal53.gateway.message import Message, pairs
from seal53.services.credentials import Credential

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_S = 300  # "… - 5 min." in AWS's own refusals
LONGEST_PRESIGNED_S = 604_800  # seven days

UNKNOWN_KEY_TEXT = "The security token included in the request is invalid."
EXPIRED_TEXT = "The security token included in the request is expired"
MISMATCH_TEXT = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

# An unknown access key takes the same path as a known one.
_NO_SECRET = Secret(bytes(40))

_REGION = re.compile(r"[a-z0-9-]{1,64}")
_MOMENT = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_HEX_256 = re.compile(r"[0-9a-f]{64}")
_CREDENTIAL = re.compile(rb"Credential=([^,\s]*)")  # linear: it reads what nobody has signed yet
_PRESIGNED = b"X-Amz-Signature"
_TOKEN = b"X-Amz-Security-Token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a request says of its own signature; nothing in it is proven."""

    access_key_id: str
    date: str  # yyyymmdd
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    moment: str  # yyyymmddThhmmssZ
    expires_s: int | None  # presigned requests only

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def claimed_service(message: Message) -> str | None:
    """The service of the credential scope, before anything is checked: for routing and for the shape of
    refusals.
    """
    found = _CREDENTIAL.search(b"".join(message.values("authorization")))
    scope = [] if found is None else found[1].rsplit(b"/", 2)
    if len(scope) == 3 and scope[2] == b"aws4_request":
        return scope[1].decode("ascii", "replace")
    for name, value in pairs(message.query, form=False):
        if name == b"X-Amz-Credential" and value.count(b"/") == 4:
            return value.split(b"/")[3].decode("ascii", "replace")
    return None


def verify(
    message: Message, *, service: str, now: UnixTime, credential_of: Callable[[str], Credential | None]
) -> tuple[Claim, Credential]:
    """Returns the proven claim with whose it is, or raises Refused.

    `service` is what the request was routed to; any region is accepted, as clients with an endpoint URL sign
    with their own.
    """
    claim = read(message)
    if claim.service != service:
        raise Refused(Reason.BAD_SIGNATURE, f"Credential should be scoped to correct service: '{service}'.")
    if not _REGION.fullmatch(claim.region):
        raise Refused(
            Reason.BAD_SIGNATURE, f"Credential should be scoped to a valid region, not '{claim.region}'."
        )
    _require_signed_headers(message, claim)
    _require_fresh(claim, now)
    payload_hash = _payload_hash(message)
    credential = credential_of(claim.access_key_id)
    key = signing_key(_NO_SECRET if credential is None else credential.secret, claim)
    # Clients differ on whether `//` and `..` are folded before signing; both forms bind the path.
    matches = [
        hmac.compare_digest(
            signature(key, canonical_request(message, claim, path, payload_hash), claim), claim.signature
        )
        for path in dict.fromkeys((normal_path(message.path), message.path))
    ]
    if credential is None:
        raise Refused(Reason.UNKNOWN_KEY, UNKNOWN_KEY_TEXT)
    if not any(matches):
        raise Refused(Reason.BAD_SIGNATURE, MISMATCH_TEXT)
    _require_token(message, credential, now)
    return claim, credential


def read(message: Message) -> Claim:
    """Takes the claim from the Authorization header or from the query; raises Refused when it is absent or
    malformed.
    """
    authorizations = message.values("authorization")
    presigned = any(name == _PRESIGNED for name, _ in pairs(message.query, form=False))
    if not authorizations and not presigned:
        raise Refused(Reason.MISSING_TOKEN, "Missing Authentication Token")
    if len(authorizations) + presigned > 1:
        raise _incomplete(
            "Only one authentication mechanism is allowed: one Authorization header or one presigned query."
        )
    return _read_query(message) if presigned else _read_header(message, authorizations[0])


def _read_header(message: Message, authorization: bytes) -> Claim:
    text = authorization.decode("utf-8", "replace").strip()
    algorithm, _, rest = text.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{algorithm[:40]}'. Supported: {ALGORITHM}.")
    given: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or name in given:
            raise _incomplete(
                "Authorization header must be a comma-separated list of distinct key=value parameters."
            )
        given[name] = value
    missing = [
        f"Authorization header requires '{n}' parameter."
        for n in ("Credential", "Signature", "SignedHeaders")
        if not given.get(n)
    ]
    moment = message.header("x-amz-date")
    if moment is None:
        missing.append("Authorization header requires existence of an 'X-Amz-Date' header.")
    if missing or moment is None:
        raise _incomplete(" ".join(missing))
    return _claim(given["Credential"], given["SignedHeaders"], given["Signature"], moment, None)


def _read_query(message: Message) -> Claim:
    given: dict[str, str] = {}
    for raw_name, raw_value in pairs(message.query, form=False):
        name = raw_name.decode("utf-8", "replace")
        if name.startswith("X-Amz-"):
            if name in given:
                raise _incomplete(f"AWS query-string parameters must be given once: '{name}'.")
            given[name] = raw_value.decode("utf-8", "replace")
    needed = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders")
    missing = [
        f"AWS query-string parameters must include '{name}'." for name in needed if not given.get(name)
    ]
    if missing:
        raise _incomplete(" ".join(missing))
    if given["X-Amz-Algorithm"] != ALGORITHM:
        raise _incomplete(
            f"Unsupported AWS 'algorithm': '{given['X-Amz-Algorithm'][:40]}'. Supported: {ALGORITHM}."
        )
    expires = given["X-Amz-Expires"]
    if not re.fullmatch(r"[0-9]{1,6}", expires) or not 1 <= int(expires) <= LONGEST_PRESIGNED_S:
        raise _incomplete(f"X-Amz-Expires must be a number of seconds from 1 to {LONGEST_PRESIGNED_S}.")
    return _claim(
        given["X-Amz-Credential"],
        given["X-Amz-SignedHeaders"],
        given["X-Amz-Signature"],
        given["X-Amz-Date"],
        int(expires),
    )


def _claim(credential: str, signed: str, given_signature: str, moment: str, expires_s: int | None) -> Claim:
    parts = credential.split("/")
    if len(parts) != 5 or not all(parts):
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements: keyid/date/region/service/term."
        )
    access_key_id, date, region, service, term = parts
    if term != "aws4_request":
        raise _incomplete("Credential should be scoped with a valid terminator: 'aws4_request'.")
    if not _HEX_256.fullmatch(given_signature):
        raise _incomplete("Signature must be 64 lower-case hexadecimal digits.")
    if not _MOMENT.fullmatch(moment) or _seconds(moment) is None:
        raise _incomplete("X-Amz-Date must be in ISO-8601 'basic format', for example 20260131T235959Z.")
    if date != moment[:8]:
        raise Refused(
            Reason.BAD_SIGNATURE,
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{date}' != '{moment[:8]}', from '{moment}'.",
        )
    return Claim(
        access_key_id=access_key_id,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(signed.lower().split(";")),
        signature=given_signature,
        moment=moment,
        expires_s=expires_s,
    )


def _require_signed_headers(message: Message, claim: Claim) -> None:
    signed = set(claim.signed_headers)
    if "host" not in signed:
        raise Refused(Reason.BAD_SIGNATURE, "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    present = message.by_name.keys()
    for name in present:
        if name.startswith("x-amz-") and name not in signed:
            raise Refused(
                Reason.BAD_SIGNATURE, f"'{name}' must be a 'SignedHeader' in the AWS Authorization."
            )
    absent = sorted(signed - present)
    if absent:
        raise Refused(
            Reason.BAD_SIGNATURE,
            f"SignedHeaders names headers that the request does not have: {', '.join(absent)[:200]}.",
        )


def _require_token(message: Message, credential: Credential, now: UnixTime) -> None:
    """Temporary credentials come with their session token, once, and have not expired."""
    tokens = [value for name, value in pairs(message.query, form=False) if name == _TOKEN]
    tokens += message.values("x-amz-security-token")
    if credential.token_digest is None:
        if tokens:
            raise Refused(Reason.UNKNOWN_KEY, UNKNOWN_KEY_TEXT)
        return
    if len(tokens) != 1 or not hmac.compare_digest(
        hashlib.sha256(tokens[0].strip()).digest(), credential.token_digest
    ):
        raise Refused(Reason.UNKNOWN_KEY, UNKNOWN_KEY_TEXT)
    if credential.expires_at is None or credential.expires_at <= now:
        raise Refused(Reason.EXPIRED_TOKEN, EXPIRED_TEXT)


def _require_fresh(claim: Claim, now: UnixTime) -> None:
    signed_at = _seconds(claim.moment)
    assert signed_at is not None  # `_claim` has read it
    window_s = SKEW_S if claim.expires_s is None else claim.expires_s
    if signed_at < now - window_s:
        window = "5 min." if claim.expires_s is None else f"{window_s} sec."
        raise Refused(
            Reason.BAD_SIGNATURE,
            f"Signature expired: {claim.moment} is now earlier than "
            f"{_basic(now - window_s)} ({_basic(now)} - {window})",
        )
    if signed_at > now + SKEW_S:
        raise Refused(
            Reason.BAD_SIGNATURE,
            f"Signature not yet current: {claim.moment} is still later than "
            f"{_basic(now + SKEW_S)} ({_basic(now)} + 5 min.)",
        )


def _payload_hash(message: Message) -> str:
    """The hash of the body that came.

    A client that sends its own must mean the same body, or the swap of a body would pass.
    """
    computed = hashlib.sha256(message.body).hexdigest()
    for stated in message.values("x-amz-content-sha256"):
        if not hmac.compare_digest(stated.strip(), computed.encode()):
            raise Refused(
                Reason.BAD_SIGNATURE,
                "The provided 'x-amz-content-sha256' header does not match what was computed from the body.",
            )
    return computed


def canonical_request(message: Message, claim: Claim, path: bytes, payload_hash: str) -> bytes:
    """The canonical request.

    `path` is the encoded path; each of its octets is encoded once more, as services other than S3 want it.
    """
    query = sorted(
        (_encoded(name), _encoded(value))
        for name, value in pairs(message.query, form=False)
        if claim.expires_s is None or name != _PRESIGNED
    )
    headers = b"".join(
        name.encode() + b":" + b",".join(b" ".join(value.split()) for value in message.values(name)) + b"\n"
        for name in claim.signed_headers
    )
    return b"\n".join(
        (
            message.method.encode(),
            quote_from_bytes(path or b"/", safe="/~").encode(),
            "&".join(f"{name}={value}" for name, value in query).encode(),
            headers,
            ";".join(claim.signed_headers).encode(),
            payload_hash.encode(),
        )
    )


def signing_key(secret: Secret, claim: Claim) -> Secret:
    return _signing_key(secret, claim.date, claim.region, claim.service)


@lru_cache(maxsize=256)  # a client signs a day's requests with one key
def _signing_key(secret: Secret, date: str, region: str, service: str) -> Secret:
    key = hmac.digest(b"AWS4" + secret, date.encode(), "sha256")
    for part in (region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return Secret(key)


def signature(key: Secret, canonical: bytes, claim: Claim) -> str:
    hashed = hashlib.sha256(canonical).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.moment}\n{claim.scope}\n{hashed}"
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def normal_path(path: bytes) -> bytes:
    """Folds empty, `.` and `..` segments of an encoded path (RFC 3986 §5.2.4), keeping a trailing slash."""
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            if kept:
                kept.pop()
        elif segment not in (b"", b"."):
            kept.append(segment)
    folded = b"/" + b"/".join(kept)
    return folded + b"/" if kept and path.endswith(b"/") else folded


def _encoded(value: bytes) -> str:
    return quote_from_bytes(value, safe="~")


@lru_cache(maxsize=64)  # asked twice for a request, and those of a second say the same
def _seconds(moment: str) -> int | None:
    try:
        return int(datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _basic(seconds: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime("%Y%m%dT%H%M%SZ")


def _incomplete(text: str) -> Refused:
    return Refused(Reason.INCOMPLETE_SIGNATURE, text)
