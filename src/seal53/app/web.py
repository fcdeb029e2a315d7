"""HTTP for the gateway: uvicorn over httptools, and what these two leave open.

One write a reply: uvicorn hands the transport a head and then a body. A process that is killed in between has
sent a success without a body, which SDKs take for one; so all that a turn of the event loop writes leaves at
its end, in one piece. What the parser holds is bounded, as is the time that a request's head may take. What
is not HTTP gets an error in AWS's shape. Not for: what a request means (`gateway`).
"""

import asyncio
import contextlib
import logging
import ssl
import uuid
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any, ClassVar

import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from seal53.base.clock import Clock
from seal53.gateway import errors
from seal53.gateway.models import Family

HEAD_LIMIT = 65_536  # octets of a request's line and headers; AWS's load balancers take about as many
HEAD_TIME_S = 30.0  # for a head to arrive, and for a first octet
IDLE_S = 60  # between two requests of a connection; SDKs keep theirs for about as long
_PIPELINED = 16  # requests that a connection may send ahead; SDKs send none


def serve(application: Any, clock: Clock, context: ssl.SSLContext | None = None) -> uvicorn.Server:
    """The server: `serve(sockets=…)` runs it, `should_exit` ends it. It leaves signals to its process.

    `context` None: plain HTTP.
    """
    config = uvicorn.Config(
        application,
        http=type("Clocked", (Protocol,), {"clock": clock}),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.CRITICAL,  # what a client did wrong is told by the gateway's record
        access_log=False,
        date_header=False,  # the gateway's, from its clock: two would confuse SDKs
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=1,
        ssl_context_factory=None if context is None else lambda *_: context,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Gathering(asyncio.Transport):
    """A transport that keeps what is written until the loop's turn ends, and then writes it at once."""

    def __init__(self, under: asyncio.Transport, call_soon: Callable[..., object]) -> None:
        super().__init__()
        self._under = under
        self._call_soon = call_soon
        self._parts: list[bytes] = []
        # what uvicorn asks of it for every request, without a step between
        self.is_closing = under.is_closing  # type: ignore[method-assign]
        self.get_extra_info = under.get_extra_info  # type: ignore[method-assign]
        self.pause_reading = under.pause_reading  # type: ignore[method-assign]
        self.resume_reading = under.resume_reading  # type: ignore[method-assign]
        self.set_protocol = under.set_protocol  # type: ignore[method-assign]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._parts:
            self._call_soon(self.flush)
        self._parts.append(bytes(data))

    def flush(self) -> None:
        """Writes what is kept, now."""
        if self._parts:
            gathered = b"".join(self._parts)
            self._parts.clear()
            if not self._under.is_closing():
                self._under.write(gathered)

    def close(self) -> None:
        self.flush()
        self._under.close()

    def abort(self) -> None:
        self._parts.clear()
        self._under.abort()


class _TooMany(Exception):
    """More requests were sent ahead than are kept."""


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol with bounds; a subclass has the clock."""

    clock: ClassVar[Clock]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._untold = 0  # octets of a head, or of what follows a chunked body, that the parser keeps
        self._head_by: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Gathering(transport, self.loop.call_soon))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._untold += len(data)
        super().data_received(data)
        if self._untold > HEAD_LIMIT and not self.transport.is_closing():
            self.send_400_response("The request's head is too large")

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= _PIPELINED:
            raise _TooMany
        super().on_message_begin()
        if self._head_by is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._untold = 0
        self._head_came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._untold = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._untold = 0
        super().on_message_complete()

    def _await_head(self) -> None:
        self._head_by = self.loop.call_later(HEAD_TIME_S, self.transport.close)

    def _head_came(self) -> None:
        if self._head_by is not None:
            self._head_by.cancel()
            self._head_by = None

    def send_400_response(self, msg: str) -> None:
        """An answer where the client can tell which request it is for, then the end of the connection."""
        cycle = self.cycle
        if (
            cycle is None
            or cycle.response_complete
            or (cycle.more_body and not cycle.response_started and not self.pipeline)
        ):
            self.transport.write(_bad_request(msg, int(self.clock.now())))
        self.transport.close()


def _bad_request(why: str, now: int) -> bytes:
    request_id = str(uuid.uuid4())
    reply = errors.envelope(
        family=Family.REST_XML,
        service=None,
        status=400,
        code="MalformedInput",
        message=why.rstrip("."),
        request_id=request_id,
    )
    head = (
        "HTTP/1.1 400 Bad Request\r\n"
        f"Content-Type: {reply.content_type}\r\nContent-Length: {len(reply.body)}\r\n"
        f"Date: {formatdate(now, usegmt=True)}\r\nx-amzn-RequestId: {request_id}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + reply.body
