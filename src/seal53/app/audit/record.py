"""One call as one line of JSON, as CloudTrail has it.

Never in it: secrets, session tokens, key material, what is signed, contact data, octets of any kind (I6).
Limits: names of members begin with a lower-case letter as CloudTrail has them, ids are bare; request
parameters above `OMITTED_OVER` octets are left out.
Source: CloudTrail user guide, "CloudTrail record contents", "CloudTrail userIdentity element".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from seal53.base.ids import Ids
from seal53.gateway.app import Call
from seal53.gateway.models import OPERATOR
from seal53.services.context import Caller

OMITTED_OVER = 100_000  # octets, as CloudTrail
SHOWN = (1024, 256)  # characters of a value that refusals of the gateway repeat
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"  # CloudTrail's own word

_REGION = "us-east-1"
_GLOBAL = frozenset({"iam", "route53", "route53domains", "sts"})
_READS = re.compile(
    r"(Get|List|Describe|Check|View|Test|Retrieve)[A-Z]|(Sign|Verify|AssumeRole|stats|audit)$"
)
_ANSWERED_READS = frozenset({"AssumeRole"})  # reads whose answer CloudTrail has, too
_SECRETS = frozenset(
    {
        *("secretaccesskey", "sessiontoken", "secret", "password", "keystorepassword", "tokencode"),
        *("granttoken", "granttokens", "fiauthkey", "authcode", "domainauthcode", "otp"),
        *("message", "plaintext", "signature", "mac", "ciphertextblob", "privatekey"),
        *("admincontact", "registrantcontact", "techcontact", "billingcontact"),
    }
)
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Recorder:
    """Makes lines. Values that come again with every call are kept."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._names: dict[str, str | None] = {}  # None: its value is hidden
        self._second = (-1, "")
        self._encoder = msgspec.json.Encoder()

    def line(self, call: Call) -> bytes:
        """Without its end."""
        route, caller = call.route, call.caller
        service = route.scope if route is not None else ""
        operation = route.operation[:128] if route is not None else "Unknown"
        reads = _READS.match(operation) is not None
        record: dict[str, Any] = {
            "eventVersion": "1.11",
            "userIdentity": _identity(caller, call.claimed_key),
            "eventTime": self._time(call.now),
            "eventSource": _source(service),
            "eventName": operation,
            "awsRegion": _REGION if caller is None or service in _GLOBAL else caller.region,
            "sourceIPAddress": call.message.source_address,
            "userAgent": call.user_agent,
        }
        if call.code is not None:
            record["errorCode"] = call.code
            record["errorMessage"] = self._told(call.refusal, call.parameters)[:1024]
        if len(call.message.body) > OMITTED_OVER:
            record["requestParameters"] = _omitted(len(call.message.body))
        else:
            record["requestParameters"] = self._shown(call.parameters) or None
        answered = call.code is None and (not reads or operation in _ANSWERED_READS)
        record["responseElements"] = (self._shown(call.response) or None) if answered else None
        record["requestID"] = call.request_id
        record["eventID"] = self._ids.uuid()
        record["readOnly"] = reads
        record["eventType"] = "AwsApiCall"
        record["managementEvent"] = True
        if caller is not None:
            record["recipientAccountId"] = caller.account_id
        record["eventCategory"] = "Management"
        return self._encoder.encode(record)

    def _time(self, now: int) -> str:
        second, text = self._second
        if second != now:
            text = datetime.fromtimestamp(now, UTC).strftime(_TIME)
            self._second = (now, text)
        return text

    def _shown(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            found = {}
            for key, one in value.items():
                try:
                    name = self._names[key]
                except KeyError:
                    name = self._name(key)
                if name is None:
                    found[key[:1].lower() + key[1:]] = HIDDEN
                else:
                    found[name] = one if type(one) is str else self._shown(one)
            return found
        if isinstance(value, list | tuple):
            return [one if type(one) is str else self._shown(one) for one in value]
        if isinstance(value, datetime):
            return value.astimezone(UTC).strftime(_TIME)
        if value is None or isinstance(value, str | int | float):
            return value
        return HIDDEN  # octets, and whatever nobody has thought of

    def _told(self, refusal: str, parameters: Mapping[str, Any]) -> str:
        """A refusal repeats the value that it is about, in quotes."""
        for value in _hidden(parameters, self._name):
            for most in SHOWN:
                refusal = refusal.replace(f"'{value[:most]}'", HIDDEN)
        return refusal

    def _name(self, key: str) -> str | None:
        secret = key.replace("_", "").lower() in _SECRETS
        name = None if secret else key[:1].lower() + key[1:]
        if len(self._names) < 4096:  # keys of maps are the caller's
            self._names[key] = name
        return name


def _hidden(value: Any, name_of: Callable[[str], str | None], *, inside: bool = False) -> Iterator[str]:
    """The values of members that are not shown, as refusals repeat them."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _hidden(one, name_of, inside=inside or name_of(key) is None)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _hidden(one, name_of, inside=inside)
    elif inside:
        yield str(value)


def _source(service: str) -> str:
    return f"{service}.amazonaws.com" if service not in ("", OPERATOR) else service or "unknown"


def _omitted(size: int) -> dict[str, object]:
    return {"omitted": True, "originalSize": size, "reason": "larger than what is recorded"}


def _identity(caller: Caller | None, claimed_key: str | None) -> dict[str, Any]:
    if caller is None:
        found: dict[str, Any] = {"type": "Unknown"}
        if claimed_key:
            found["accessKeyId"] = claimed_key[:128]
        return found
    principal = caller.principal
    account_id, arn = caller.account_id, caller.arn
    if principal is None or principal.kind == "root":
        found = {"type": "Root", "principalId": account_id, "arn": arn}
    elif principal.kind == "user":
        found = {"type": "IAMUser", "principalId": principal.id, "arn": arn}
    else:
        found = {"type": "AssumedRole", "principalId": principal.id, "arn": arn}
    found["accountId"] = account_id
    found["accessKeyId"] = caller.access_key_id
    if principal is None:
        return found
    if principal.kind == "user":
        found["userName"] = principal.name
    if principal.issued_at is not None:
        made_at = datetime.fromtimestamp(principal.issued_at, UTC).strftime(_TIME)
        session: dict[str, Any] = {"attributes": {"creationDate": made_at, "mfaAuthenticated": "false"}}
        if principal.kind == "role":
            session["sessionIssuer"] = {
                "type": "Role",
                "principalId": principal.id.partition(":")[0],
                "arn": principal.role_arn,
                "accountId": account_id,
                "userName": principal.name,
            }
        found["sessionContext"] = session
    return found
