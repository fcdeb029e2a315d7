"""Replies leave in one write each; what is not a request gets an answer, and nothing grows without bound."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from uvicorn.server import ServerState

from seal53.app import web
from seal53.base.clock import ManualClock

HELLO = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"


class Wire(asyncio.Transport):
    """A client's side: what was written in one call each, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 4711), "sockname": ("127.0.0.1", 80)})
        self.writes: list[bytes] = []
        self.closed = False
        self.paused = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


async def echo(scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
    body = b""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        body += event.get("body", b"")
        if not event["more_body"]:
            break
    body = body or scope["path"].encode()
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


class Connection:
    """One connection to the server, in a loop of its own; `turn` lets what is due happen."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.wire = Wire()
        config = web.serve(echo, ManualClock()).config
        config.load()
        make: Any = config.http_protocol_class
        self.protocol = make(config=config, server_state=ServerState(), app_state={}, _loop=self.loop)
        self.protocol.connection_made(self.wire)

    def turn(self) -> None:
        for _ in range(20):
            self.loop.run_until_complete(asyncio.sleep(0))

    def send(self, octets: bytes) -> None:
        self.protocol.data_received(octets)
        self.turn()

    def timers(self) -> list[float]:
        """Seconds until what is due later."""
        scheduled: Any = self.loop
        return [round(t.when() - self.loop.time()) for t in scheduled._scheduled if not t.cancelled()]


@pytest.fixture
def connection() -> Iterator[Connection]:
    made = Connection()
    yield made
    made.protocol.connection_lost(None)
    made.turn()
    made.loop.close()


def test_a_reply_is_one_write(connection: Connection) -> None:
    for n in range(1, 4):
        connection.send(HELLO)
        assert len(connection.wire.writes) == n
        head, _, body = connection.wire.writes[-1].partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert body == b"/x"
    assert not connection.wire.closed


def test_a_last_reply_is_written_before_the_end(connection: Connection) -> None:
    connection.send(HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert connection.wire.closed
    (reply,) = connection.wire.writes
    assert reply.endswith(b"\r\n\r\n/x")


def test_a_continue_does_not_wait_for_the_reply(connection: Connection) -> None:
    connection.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert connection.wire.writes == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    connection.send(b"abc")
    assert connection.wire.writes[1].endswith(b"\r\n\r\nabc")


def test_requests_sent_ahead_are_answered_in_order(connection: Connection) -> None:
    connection.send(b"".join(HELLO.replace(b"/x", f"/{n}".encode()) for n in range(10)))
    bodies = [part.partition(b"\r\n\r\n")[2][:2] for part in b"".join(connection.wire.writes).split(b"HTTP/")]
    assert [b for b in bodies if b] == [f"/{n}".encode() for n in range(10)]


def test_too_many_sent_ahead_end_the_connection(connection: Connection) -> None:
    connection.send(HELLO * 10_000)
    assert connection.wire.closed
    assert len(connection.protocol.pipeline) <= 16
    assert b"".join(connection.wire.writes).count(b" 400 ") == 0  # it would pass for another one's answer


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"hello\r\n\r\n",
        b"\0" * 1000,
        b"GET \xff HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: h\r\n\r\n",
        b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 12_000,
        b"GET /" + b"a" * 70_000,
    ],
    ids=range(12),
)
def test_what_is_not_a_request_gets_an_error_and_an_end(connection: Connection, octets: bytes) -> None:
    connection.send(octets)
    assert connection.wire.closed
    reply = b"".join(connection.wire.writes)
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Date: Mon, 21 Sep 2026 14:13:20 GMT" in head
    assert b"x-amzn-RequestId: " in head
    assert b"<Code>MalformedInput</Code>" in body
    assert f"Content-Length: {len(body)}\r\n".encode() in head


@pytest.mark.parametrize("trickle", [b"GET / HTTP/1.1\r\na: ", HELLO[:-2] + b"b: "])
def test_a_head_that_never_ends_is_cut_off(connection: Connection, trickle: bytes) -> None:
    sent = 0
    connection.send(trickle)
    while not connection.wire.closed:
        connection.send(b"x" * 1000)
        sent += 1000
        assert sent < 2 * web.HEAD_LIMIT


def test_trailers_count_as_head(connection: Connection) -> None:
    connection.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    for _ in range(20):
        if not connection.wire.closed:
            connection.send(b"a: b\r\n" * 1000)
    assert connection.wire.closed


def test_a_head_has_a_time(connection: Connection) -> None:
    assert connection.timers() == [web.HEAD_TIME_S]
    connection.send(HELLO[:10])
    assert connection.timers() == [web.HEAD_TIME_S]
    connection.send(HELLO[10:])
    assert connection.timers() == [web.IDLE_S]
    connection.send(HELLO[:10])
    assert connection.timers() == [web.HEAD_TIME_S]
