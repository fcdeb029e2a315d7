"""The gateway with toy operations, reached in process: by raw requests, and by the real boto3 client.

Requests go through the ASGI interface octet by octet, so that nothing between (an HTTP library, a URL parser)
tidies them up.
"""

import asyncio
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials

from seal53.base.clock import ManualClock
from seal53.base.ids import AccountId, Ids
from seal53.base.journal import Secret
from seal53.gateway.app import Gateway
from seal53.services.context import Caller
from seal53.services.credentials import Credential

KEY, SECRET, ACCOUNT = "AKIASEALTESTKEY00001", "not-a-real-secret/+0123456789012345678", "111111111111"
NOW = 1_790_000_000  # 2026-09-21T14:13:20Z
ENDPOINT = "http://127.0.0.1:5380"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class World:
    """The application under test and everything that went through it."""

    now: int = NOW
    toys: dict[tuple[str, str], Callable[[Mapping[str, Any], Caller], Mapping[str, Any]]] = field(
        default_factory=dict
    )
    operator: dict[str, Callable[[Mapping[str, Any], Caller], Mapping[str, Any]]] = field(
        default_factory=dict
    )
    calls: list[tuple[str, str, Mapping[str, Any], Caller]] = field(default_factory=list)
    records: list[Mapping[str, object]] = field(default_factory=list)
    authorize: Callable[..., None] = lambda *_: None
    admit: Callable[..., bool] = lambda *_: True
    find: Callable[[str], Credential | None] | None = None
    credentials: dict[str, Credential] = field(
        default_factory=lambda: {
            KEY: Credential(account_id=AccountId(ACCOUNT), secret=Secret(SECRET.encode()))
        }
    )

    def __post_init__(self) -> None:
        self.clock = ManualClock(self.now)
        self.app: Any = None

    def returns(self, service: str, operation: str, response: Mapping[str, Any] | Exception) -> None:
        """An operation that always answers this."""

        def toy(request: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
            self.calls.append((service, operation, request, caller))
            if isinstance(response, Exception):
                raise response
            return response

        self.toys[service, operation] = toy
        self.app = None

    def application(self) -> Any:
        if self.app is None:
            self.app = Gateway(
                operations=self.toys,
                credentials=self.find or (lambda key: self.credentials.get(key)),
                clock=self.clock,
                ids=Ids(lambda n: bytes(range(n))),
                authorize=lambda *args: self.authorize(*args),
                admit=lambda *args: self.admit(*args),
                record=lambda entry, _: self.records.append(entry),
                operator=self.operator,
            )
        return self.app

    @property
    def request(self) -> Mapping[str, Any]:
        """What the last operation was given."""
        return self.calls[-1][2]

    @property
    def caller(self) -> Caller:
        return self.calls[-1][3]

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | list[tuple[str, str]] = (),  # type: ignore[assignment]
        body: bytes = b"",
        chunk: int | None = None,
    ) -> Answer:
        """One raw request; `target` is what stands in the request line."""
        path, _, query = target.partition("?")
        given = headers.items() if isinstance(headers, Mapping) else headers
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in given],
            "client": ("127.0.0.1", 4711),
            "server": ("127.0.0.1", 5380),
        }
        size = chunk or max(len(body), 1)
        parts = [body[i : i + size] for i in range(0, len(body), size)] or [b""]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not parts:
                return {"type": "http.disconnect"}
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def collect(event: Any) -> None:
            sent.append(dict(event))

        application = self.application()
        asyncio.run(application(scope, receive, collect))
        start = sent[0]
        return Answer(
            status=start["status"],
            headers={k.decode(): v.decode() for k, v in start["headers"]},
            body=b"".join(event.get("body", b"") for event in sent[1:]),
        )

    def signed(
        self,
        method: str,
        target: str,
        *,
        service: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        region: str = "us-east-1",
        secret: str = SECRET,
        key: str = KEY,
        at: int | None = None,
        token: str | None = None,
        presign_for_s: int | None = None,
    ) -> tuple[str, str, dict[str, str], bytes]:
        """A request signed by botocore, at a time of our choice, as the arguments of `send`."""
        host = urlsplit(ENDPOINT).netloc
        request = AWSRequest(method, ENDPOINT + target, {"Host": host, **(headers or {})}, body)
        credentials = Credentials(key, secret, token)
        signer = (
            SigV4Auth(credentials, service, region)
            if presign_for_s is None
            else SigV4QueryAuth(credentials, service, region, expires=presign_for_s)
        )
        moment = datetime.fromtimestamp(self.clock.now() if at is None else at, UTC)
        with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
            signer.add_auth(request)
        parts = urlsplit(str(request.url))
        whole = parts.path + (f"?{parts.query}" if parts.query else "")
        return method, whole, dict(request.headers.items()), body

    def client(self, service: str, region: str = "us-east-1", **settings: Any) -> Any:
        """A real boto3 client whose octets go straight into the application."""
        client = _session().client(
            service,
            region_name=region,
            endpoint_url=ENDPOINT,
            aws_access_key_id=settings.pop("key", KEY),
            aws_secret_access_key=settings.pop("secret", SECRET),
            aws_session_token=settings.pop("token", None),
            config=Config(**{"retries": {"total_max_attempts": 1}, **settings}),
        )
        client.meta.events.register("before-send", self._carry)
        moment = datetime.fromtimestamp(self.clock.now(), UTC)
        signer = client._request_signer
        original = signer.sign

        def sign(*args: Any, **kwargs: Any) -> Any:
            with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
                return original(*args, **kwargs)

        signer.sign = sign
        return client

    def _carry(self, request: Any, **_: Any) -> AWSResponse:
        parts = urlsplit(request.url)
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else bytes(body)
        headers = [(k, v if isinstance(v, str) else v.decode()) for k, v in request.headers.items()]
        headers.append(("Host", parts.netloc))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = self.send(request.method, target, headers, body)
        headers_of_answer: Any = answer.headers
        return AWSResponse(request.url, answer.status, headers_of_answer, _Raw(answer.body))


@cache
def _session() -> Any:
    """One for all: it keeps the models that it has read."""
    return boto3.Session()


class _Raw(io.BytesIO):
    def stream(self, amount: int = 4096, **_: Any) -> Any:
        while chunk := self.read(amount):
            yield chunk
