"""What is refused at the wire, and how every error looks in each protocol.

The gateway's own refusals are `Refused` with a reason; the table `CODES` gives their names on the wire.
Faults of operations are rendered by `services.faults`, their HTTP status comes from the service model.
Anything else is an internal failure and shows its request id alone.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from xml.sax.saxutils import quoteattr

from seal53.base.errors import Fault
from seal53.gateway import write_json, write_xml
from seal53.gateway.message import Reply
from seal53.gateway.models import STATUSES, Family, Service
from seal53.gateway.serialize import DECLARATION, JSON_TYPE, XML_TYPES
from seal53.gateway.shapes import Shape
from seal53.gateway.write_xml import escaped


class Reason(StrEnum):
    """Why the gateway itself refuses."""

    ACCESS_DENIED = "access denied"
    BAD_SIGNATURE = "bad signature"
    BUSY = "busy"
    EXPIRED_TOKEN = "expired token"  # noqa: S105  not a password
    INCOMPLETE_SIGNATURE = "incomplete signature"
    INTERNAL = "internal"
    INVALID = "invalid"
    MALFORMED = "malformed"
    MISSING_PARAMETER = "missing parameter"
    MISSING_TOKEN = "missing token"  # noqa: S105  not a password
    NOT_IMPLEMENTED = "not implemented"
    THROTTLED = "throttled"
    TIMED_OUT = "timed out"
    TOO_LARGE = "too large"
    UNKNOWN_KEY = "unknown key"
    UNKNOWN_OPERATION = "unknown operation"
    UNKNOWN_PARAMETER = "unknown parameter"


class Refused(Fault):
    """A request that the gateway does not pass on."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


# (code, status) in XML, and in JSON. Codes of XML: route53's real traces; of JSON: the services' common
# errors.
CODES: Mapping[Reason, tuple[tuple[str, int], tuple[str, int]]] = {
    Reason.ACCESS_DENIED: (("AccessDenied", 403), ("AccessDeniedException", 400)),
    Reason.BAD_SIGNATURE: (("SignatureDoesNotMatch", 403), ("InvalidSignatureException", 400)),
    Reason.BUSY: (("ServiceUnavailable", 503), ("ServiceUnavailable", 503)),
    Reason.EXPIRED_TOKEN: (("ExpiredToken", 403), ("ExpiredTokenException", 400)),
    Reason.INCOMPLETE_SIGNATURE: (("IncompleteSignature", 400), ("IncompleteSignatureException", 400)),
    Reason.INTERNAL: (("InternalFailure", 500), ("InternalFailure", 500)),
    Reason.INVALID: (("InvalidInput", 400), ("ValidationException", 400)),
    Reason.MALFORMED: (("MalformedInput", 400), ("SerializationException", 400)),
    Reason.MISSING_PARAMETER: (("MissingParameter", 400), ("ValidationException", 400)),
    Reason.MISSING_TOKEN: (("MissingAuthenticationToken", 403), ("MissingAuthenticationTokenException", 400)),
    Reason.NOT_IMPLEMENTED: (("NotImplemented", 501), ("NotImplementedException", 501)),
    Reason.THROTTLED: (("Throttling", 400), ("ThrottlingException", 400)),
    Reason.TIMED_OUT: (("RequestTimeout", 408), ("RequestTimeoutException", 408)),
    Reason.TOO_LARGE: (("RequestEntityTooLarge", 413), ("RequestEntityTooLargeException", 413)),
    Reason.UNKNOWN_KEY: (("InvalidClientTokenId", 403), ("UnrecognizedClientException", 400)),
    Reason.UNKNOWN_OPERATION: (("InvalidAction", 404), ("UnknownOperationException", 400)),
    Reason.UNKNOWN_PARAMETER: (("UnknownParameter", 400), ("ValidationException", 400)),
}

# Where a service has a word of its own.
OWN_CODES: Mapping[tuple[str, Reason], tuple[str, int]] = {
    # EC2 does not tell a wrong key from a wrong signature.
    ("ec2", Reason.ACCESS_DENIED): ("UnauthorizedOperation", 403),
    ("ec2", Reason.BAD_SIGNATURE): ("AuthFailure", 401),
    ("ec2", Reason.EXPIRED_TOKEN): ("RequestExpired", 400),
    ("ec2", Reason.INCOMPLETE_SIGNATURE): ("AuthFailure", 401),
    ("ec2", Reason.INTERNAL): ("InternalError", 500),
    ("ec2", Reason.INVALID): ("InvalidParameterValue", 400),
    ("ec2", Reason.MALFORMED): ("MalformedQueryString", 400),
    ("ec2", Reason.THROTTLED): ("RequestLimitExceeded", 503),
    ("ec2", Reason.UNKNOWN_KEY): ("AuthFailure", 401),
    ("ec2", Reason.UNKNOWN_OPERATION): ("InvalidAction", 400),
    ("iam", Reason.INVALID): ("ValidationError", 400),
    ("iam", Reason.MALFORMED): ("MalformedQueryString", 400),
    ("iam", Reason.UNKNOWN_OPERATION): ("InvalidAction", 400),
    ("route53domains", Reason.INVALID): ("InvalidInput", 400),
    ("route53resolver", Reason.INVALID): ("InvalidParameterException", 400),
    ("sts", Reason.INVALID): ("ValidationError", 400),
    ("sts", Reason.MALFORMED): ("MalformedQueryString", 400),
    ("sts", Reason.UNKNOWN_OPERATION): ("InvalidAction", 400),
}

# Codes that operations and the authorizing hook may give without the model knowing them.
COMMON_STATUSES: Mapping[tuple[bool, str], int] = {
    **{(False, code): status for (code, status), _ in CODES.values()},
    **{(True, code): status for _, (code, status) in CODES.values()},
}


def named(reason: Reason, family: Family, service: Service | None, operation: str) -> tuple[str, int]:
    """The code and HTTP status of one of the gateway's own refusals of an operation ("" when unknown)."""
    in_xml, in_json = CODES[reason]
    name = service.name if service is not None else ""
    served = service.operations.get(operation) if service is not None else None
    if reason is Reason.THROTTLED and served is not None and in_json[0] in served.errors:
        return in_json  # route53's operations on tags
    return OWN_CODES.get((name, reason), in_json if family is Family.JSON else in_xml)


def status_of(code: str, family: Family, service: Service | None) -> int:
    """The HTTP status of an operation's fault: the model's word, else the common one, else 400."""
    if service is not None:
        if (service.name, code) in STATUSES:
            return STATUSES[service.name, code]
        modelled = service.error(code)
        if modelled is not None:
            return modelled.status or 400
    return COMMON_STATUSES.get((family is Family.JSON, code), 400)


def envelope(
    *,
    family: Family,
    service: Service | None,
    status: int,
    code: str,
    message: str,
    request_id: str,
    members: Mapping[str, object] | None = None,
) -> Reply:
    """An error as the protocol wants it.

    `members` are a modelled error's further members; what the model does not know is left out.
    """
    modelled = service.error(code) if service is not None else None
    shape = modelled.shape if modelled is not None else None
    known = (
        {}
        if shape is None
        else {k: v for k, v in (members or {}).items() if k in shape.members and k.lower() != "message"}
    )
    if family is Family.JSON:
        body: dict[str, object] = {"__type": code, _message_member(shape): message}
        if shape is not None:
            body.update(write_json.structure(shape, known))
        return Reply(
            status=status,
            body=json.dumps(body).encode(),
            content_type=JSON_TYPE,
            # REST-JSON clients, which we do not serve but must answer, read the code from here.
            headers=(("x-amzn-ErrorType", code),),
        )
    if family is Family.EC2:
        return _ec2(status, code, message, request_id)
    namespace = f" xmlns={quoteattr(service.namespace)}" if service is not None and service.namespace else ""
    kind = "Receiver" if status >= 500 else "Sender"
    more = write_xml.members(shape, known) if shape is not None else ""
    text = (
        f"{DECLARATION}<ErrorResponse{namespace}><Error><Type>{kind}</Type><Code>{escaped(code)}</Code>"
        f"<Message>{escaped(message)}</Message>{more}</Error>"
        f"<RequestId>{escaped(request_id)}</RequestId></ErrorResponse>"
    )
    return Reply(
        status=status,
        body=text.encode(),
        content_type=XML_TYPES[family],
        headers=(("x-amzn-ErrorType", code),),
    )


def _ec2(status: int, code: str, message: str, request_id: str) -> Reply:
    """EC2 models no errors, so there are no further members."""
    text = (
        f"{DECLARATION}<Response><Errors><Error><Code>{escaped(code)}</Code>"
        f"<Message>{escaped(message)}</Message></Error></Errors>"
        f"<RequestID>{escaped(request_id)}</RequestID></Response>"
    )
    return Reply(status=status, body=text.encode(), content_type=XML_TYPES[Family.EC2])


def _message_member(shape: Shape | None) -> str:
    """The model's word, "message" or "Message": botocore reads both, other SDKs only this one."""
    if shape is not None:
        for member in shape.members:
            if member.lower() == "message":
                return member
    return "message"
