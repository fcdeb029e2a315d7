"""The gateway as an ASGI application: a list of steps that one can read.

Reading the body is asynchronous; all else runs in a worker thread, as operations are plain functions that may
wait for a disk. Each call reads the clock once. Not for: TLS, sockets, or what operations do.
"""

import json
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seal53.base import journal
from seal53.base.clock import Clock, UnixTime
from seal53.base.errors import Fault
from seal53.base.ids import Ids
from seal53.gateway import errors, http, models, sigv4
from seal53.gateway.errors import Reason, Refused
from seal53.gateway.message import Message, Reply
from seal53.gateway.models import Family, Service
from seal53.gateway.parse import parse
from seal53.gateway.route import Route, Router, guess
from seal53.gateway.serialize import serialize
from seal53.gateway.validate import validate
from seal53.gateway.workers import Workers
from seal53.services.context import Caller, Request, Response
from seal53.services.credentials import Credential
from seal53.services.faults import render

Handler = Callable[[Request, Caller], Response]
Credentials = Callable[[str], Credential | None]
Authorize = Callable[[str, str, Request, Caller], None]
Admit = Callable[[str, Caller, float], bool]
Record = Callable[[Mapping[str, object], "Call"], None]

HEALTH_PATH = "/_seal53/health"
WORKERS = Workers(most=40)
"""The process's: the calls of all gateways share it. Beyond its bound a call waits for its turn."""

SMALL_BODY_LIMIT = 500_000
"""Octets of a body that is not read as it streams by: JSON makes a hundred times as much of itself."""

_AGENT_MOST = 256  # characters of a client's own name for itself


@dataclass(slots=True, kw_only=True)
class Call:
    """One call on its way: each step reads what earlier ones left and adds its own."""

    message: Message
    request_id: str
    now: UnixTime
    service: Service | None
    family: Family
    route: Route | None = None
    caller: Caller | None = None
    claimed_key: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    response: Response = field(default_factory=dict)
    reply: Reply | None = None
    code: str | None = None
    refusal: str = ""  # the text beside the code

    @property
    def user_agent(self) -> str:
        return (self.message.header("user-agent") or "")[:_AGENT_MOST]


class Gateway:
    """The ASGI application: the steps, and what they are given.

    Shape: `operations` maps (service, operation) to what does it; `operator` maps names under `/_seal53/`.
    `credentials` gives what an access key proves; `admit` says whether a caller may make one more call of a
    service (at monotonic seconds); `authorize` raises a Fault to refuse; `record` gets one flat mapping per
    call, once it is answered, and the call itself.
    Raises: ValueError, when `operations` names what no model has.
    """

    def __init__(
        self,
        *,
        operations: Mapping[tuple[str, str], Handler],
        credentials: Credentials,
        clock: Clock,
        ids: Ids,
        authorize: Authorize,
        record: Record,
        operator: Mapping[str, Handler],
        admit: Admit = lambda *_: True,
    ) -> None:
        for service, operation in operations:
            if service not in models.PROTOCOLS:
                raise ValueError(f"no service model has {service}:{operation}")
        self._services = {
            name: models.load(name, frozenset(operation for of, operation in operations if of == name))
            for name in models.PROTOCOLS
        }
        self._router = Router(self._services)
        self._bodies = http.Bodies()
        self._operations = {**operations, **{(models.OPERATOR, name): one for name, one in operator.items()}}
        self._credentials = credentials
        self._clock = clock
        self._ids = ids
        self._admit = admit
        self._authorize = authorize
        self._record = record
        self._steps: tuple[Callable[[Call], None], ...] = (
            self.find_route,
            self.verify,
            self.admit,
            self.parse,
            self.authorize,
            self.call,
            self.serialize,
        )

    async def __call__(self, scope: http.Scope, receive: http.Receive, send: http.Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the gateway speaks HTTP, not {scope['type']}")
        started = self._clock.monotonic()
        request_id = self._ids.uuid()
        now = self._clock.now()
        if scope["path"] == HEALTH_PATH and scope["method"] == "GET":
            # Liveness, for anyone who asks, unsigned and unrecorded: the gateway's loop turns.
            alive = Reply(status=200, body=b"ok", content_type="text/plain")
            await http.reply(send, alive, request_id, now)
            return
        try:
            message, refusal = await http.read(scope, receive, self._bodies)
        except http.Gone:
            return

        def answer() -> Reply:
            service, family = guess(message, self._services)
            call = Call(message=message, request_id=request_id, now=now, service=service, family=family)
            return self.answer(call, refusal, started)

        try:
            reply = await WORKERS.run(answer)
        finally:
            self._bodies.give_back(len(message.body))
        await http.reply(send, reply, request_id, now)

    def answer(self, call: Call, refusal: Refused | None, started: float) -> Reply:
        """Runs the steps; whatever is raised becomes an answer.

        `started` is a monotonic reading in seconds.
        """
        try:
            if refusal is not None:
                raise refusal
            for step in self._steps:
                step(call)
            if call.reply is None:
                raise RuntimeError("no step made a reply")
        except Refused as refused:
            call.reply = self._refuse(call, refused.reason, refused.message)
        except Exception as failure:  # noqa: BLE001  the rim: typed faults are rendered, the rest is internal
            call.reply = self._fail(call, failure)
        self._note(call, started)
        return call.reply

    # --- the steps, in order ---------------------------------------------------------------------

    def find_route(self, call: Call) -> None:
        call.route = self._router.route(call.message)
        call.service, call.family = call.route.service, call.route.family
        if len(call.message.body) > SMALL_BODY_LIMIT and call.family is not Family.REST_XML:
            raise Refused(Reason.TOO_LARGE, f"The request body is larger than {SMALL_BODY_LIMIT} bytes")

    def verify(self, call: Call) -> None:
        route = _known(call.route)
        if route.service is not None and route.operation in route.service.unsigned:
            self._require(route)  # or "no token" would hide from a client that the operation is not there

        def credential_of(access_key_id: str) -> Credential | None:
            call.claimed_key = access_key_id
            return self._credentials(access_key_id)

        claim, credential = sigv4.verify(
            call.message, service=route.scope, now=call.now, credential_of=credential_of
        )
        call.caller = Caller(
            account_id=credential.account_id,
            access_key_id=claim.access_key_id,
            region=claim.region,
            request_id=call.request_id,
            now=call.now,
            principal=credential.principal,
            source_address=call.message.source_address,
            user_agent=call.user_agent,
        )

    def admit(self, call: Call) -> None:
        if not self._admit(_known(call.route).scope, _known(call.caller), self._clock.monotonic()):
            raise Refused(Reason.THROTTLED, "Rate exceeded")

    def parse(self, call: Call) -> None:
        route = _known(call.route)
        self._require(route)
        call.parameters = parse(route, call.message)
        validate(route, call.parameters)

    def authorize(self, call: Call) -> None:
        route = _known(call.route)
        self._authorize(route.scope, route.operation, call.parameters, _known(call.caller))

    def call(self, call: Call) -> None:
        route = _known(call.route)
        call.response = self._operations[route.scope, route.operation](call.parameters, _known(call.caller))

    def serialize(self, call: Call) -> None:
        route = _known(call.route)
        if route.service is None:
            body = json.dumps(dict(call.response)).encode()
            call.reply = Reply(status=200, body=body, content_type="application/json")
        else:
            call.reply = serialize(route.service, route.operation, call.response, call.request_id)

    def _require(self, route: Route) -> None:
        if (route.scope, route.operation) in self._operations:
            return
        if route.service is None:
            raise Refused(Reason.UNKNOWN_OPERATION, f"Seal53 has no operator call '{route.operation[:64]}'")
        raise Refused(
            Reason.NOT_IMPLEMENTED, f"Seal53 does not implement {route.scope}:{route.operation} yet"
        )

    # --- when a step raises ----------------------------------------------------------------------

    def _refuse(self, call: Call, reason: Reason, text: str) -> Reply:
        call.refusal = text
        operation = call.route.operation if call.route is not None else ""
        call.code, status = errors.named(reason, call.family, call.service, operation)
        return errors.envelope(
            family=call.family,
            service=call.service,
            status=status,
            code=call.code,
            message=text,
            request_id=call.request_id,
        )

    def _fail(self, call: Call, failure: Exception) -> Reply:
        rendered = None
        if isinstance(failure, Fault):
            rendered = render(failure)
        if rendered is not None:
            try:
                code, text, members = rendered
                call.code, call.refusal = code, text
                status = errors.status_of(code, call.family, call.service)
                if status >= 500:
                    journal.event(
                        "unavailable", level=logging.ERROR, request_id=call.request_id, code=code, why=text
                    )
                return errors.envelope(
                    family=call.family,
                    service=call.service,
                    status=status,
                    code=code,
                    message=text,
                    request_id=call.request_id,
                    members=members,
                )
            except Exception as unserializable:  # noqa: BLE001  a fault's members that do not fit their shape
                failure = unserializable
        journal.event(
            "internal failure",
            level=logging.ERROR,
            request_id=call.request_id,
            service=call.route.scope if call.route else None,
            operation=call.route.operation if call.route else None,
            trace="".join(traceback.format_exception(failure)),
        )
        return self._refuse(
            call, Reason.INTERNAL, f"An internal error occurred. Request ID: {call.request_id}"
        )

    def _note(self, call: Call, started: float) -> None:
        entry: dict[str, object] = {
            "request_id": call.request_id,
            "at": int(call.now),
            "account": call.caller.account_id if call.caller else None,
            "access_key_id": call.claimed_key,
            "service": call.route.scope if call.route else None,
            "operation": call.route.operation if call.route else None,
            "code": call.code,
            "duration_ms": round((self._clock.monotonic() - started) * 1000, 1),
            "source_address": call.message.source_address,
        }
        try:
            self._record(entry, call)
        except Exception as failure:  # noqa: BLE001  the answer stands, whatever becomes of its record
            journal.event("a call was not recorded", level=logging.ERROR, error=repr(failure), **entry)


def _known(value: Any) -> Any:
    """What an earlier step must have left."""
    if value is None:
        raise RuntimeError("a step ran before the one that it needs")
    return value
