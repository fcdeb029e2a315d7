"""Between ASGI and the gateway's own messages: a request read whole within bounds, a reply sent."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from seal53.gateway.errors import Reason, Refused
from seal53.gateway.message import Message, Reply

BODY_LIMIT = 2_000_000  # octets; a batch of 4000 records with long names, as limits=open takes it
BODY_TIME_S = 30.0
HELD_MOST = 64_000_000  # octets of bodies at once, over all connections
_DRAIN_LIMIT = 4 * BODY_LIMIT  # read and thrown away, so that the client sees our answer and not a reset

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class Gone(Exception):
    """The client has closed its connection before its request was whole."""


class Bodies:
    """How many octets of bodies are held just now: by requests that come in, and by calls being answered."""

    def __init__(self, most: int = HELD_MOST) -> None:
        self._most = most
        self._held = 0

    def take(self, octets: int) -> bool:
        """False: there is no room for them, and they are not counted."""
        if self._held + octets > self._most:
            return False
        self._held += octets
        return True

    def give_back(self, octets: int) -> None:
        self._held -= octets


async def read(scope: Scope, receive: Receive, bodies: Bodies) -> tuple[Message, Refused | None]:
    """The whole request, or as much as is allowed and the reason to refuse it. Raises Gone.

    What is in the message's body is taken from `bodies`; whoever has done with it gives it back.
    """
    # Before the body: what a chunked one has after it are no headers of the request.
    headers = tuple((bytes(name).lower(), bytes(value)) for name, value in scope["headers"])
    body, refusal = await _body(receive, bodies)
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    client = scope.get("client")
    message = Message(
        method=scope["method"],
        path=path.partition(b"?")[0],
        query=scope["query_string"],
        headers=headers,
        body=body,
        source_address=client[0] if client else "",
    )
    return message, refusal


async def _body(receive: Receive, bodies: Bodies) -> tuple[bytes, Refused | None]:
    kept = bytearray()
    over = 0
    refusal: Refused | None = None
    try:
        async with asyncio.timeout(BODY_TIME_S):
            while True:
                event = await receive()
                if event["type"] != "http.request":
                    raise Gone
                piece = event.get("body", b"")
                if refusal is None and len(kept) + len(piece) > BODY_LIMIT:
                    refusal = Refused(Reason.TOO_LARGE, f"The request body is larger than {BODY_LIMIT} bytes")
                if refusal is None and not bodies.take(len(piece)):
                    refusal = Refused(Reason.BUSY, "Too many large requests are being read; try again")
                if refusal is None:
                    kept += piece
                else:
                    over += len(piece)
                if not event.get("more_body") or over > _DRAIN_LIMIT:
                    return bytes(kept), refusal
    except TimeoutError:
        text = f"The request body did not arrive within {BODY_TIME_S:.0f} seconds"
        return bytes(kept), Refused(Reason.TIMED_OUT, text)
    except BaseException:
        bodies.give_back(len(kept))
        raise


async def reply(send: Send, reply: Reply, request_id: str, now: int) -> None:
    """SDKs correct their clocks from Date, so every reply has it."""
    headers = [
        *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers),
        (b"date", _date(now)),
        (b"x-amzn-requestid", request_id.encode("latin-1")),
        (b"content-type", reply.content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(reply.body)),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


@lru_cache(maxsize=4)
def _date(now: int) -> bytes:
    return formatdate(now, usegmt=True).encode()
