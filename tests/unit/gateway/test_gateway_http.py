"""A request is read whole within bounds: of one body, of its time, of all bodies together."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from seal53.gateway import http
from seal53.gateway.errors import Reason, Refused
from seal53.gateway.http import BODY_LIMIT, Bodies, Gone
from seal53.gateway.message import Message, Reply

SCOPE = {
    "method": "POST",
    "path": "/a b",
    "raw_path": b"/a%20b?x",
    "query_string": b"x",
    "headers": [(b"Host", b"h"), (b"X", b"1"), (b"x", b"2")],
    "client": ("192.0.2.1", 5),
}


def events(*pieces: bytes, whole: bool = True) -> list[dict[str, Any]]:
    last = len(pieces) - 1 if whole else len(pieces)
    return [{"type": "http.request", "body": p, "more_body": n < last} for n, p in enumerate(pieces)]


def read(told: Iterable[dict[str, Any]], bodies: Bodies | None = None) -> tuple[Message, Refused | None]:
    left = iter(told)

    async def receive() -> dict[str, Any]:
        event = next(left, None)
        if event is None:
            await asyncio.sleep(3600)
        assert event is not None
        return event

    return asyncio.run(http.read(dict(SCOPE), receive, bodies or Bodies()))


def test_a_request_as_it_came() -> None:
    message, refusal = read(events(b"ab", b"", b"c"))
    assert refusal is None
    assert (message.method, message.path, message.query, message.body) == ("POST", b"/a%20b", b"x", b"abc")
    assert message.headers == ((b"host", b"h"), (b"x", b"1"), (b"x", b"2"))
    assert message.source_address == "192.0.2.1"


def test_headers_that_come_after_the_body_are_none() -> None:
    scope = dict(SCOPE, headers=list(SCOPE["headers"]))  # type: ignore[call-overload]

    async def receive() -> dict[str, Any]:
        scope["headers"].append((b"x-amz-date", b"late"))
        return events(b"a")[0]

    message, _ = asyncio.run(http.read(scope, receive, Bodies()))
    assert message.header("x-amz-date") is None


def test_the_largest_body_and_one_more() -> None:
    message, refusal = read(events(bytes(BODY_LIMIT - 1), b"x"))
    assert (len(message.body), refusal) == (BODY_LIMIT, None)
    _, refusal = read(events(bytes(BODY_LIMIT), b"x", b""))
    assert refusal is not None
    assert refusal.reason is Reason.TOO_LARGE


def test_what_is_too_much_is_not_read_for_ever() -> None:
    piece = bytes(BODY_LIMIT)
    endless = ({"type": "http.request", "body": piece, "more_body": True} for _ in iter(int, 1))
    _, refusal = read(endless)
    assert refusal is not None
    assert refusal.reason is Reason.TOO_LARGE


def test_a_body_has_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_TIME_S", 0.0)
    bodies = Bodies(10)
    message, refusal = read(events(b"abc", whole=False), bodies)
    assert refusal is not None
    assert refusal.reason is Reason.TIMED_OUT
    bodies.give_back(len(message.body))
    assert bodies.take(10)


def test_all_bodies_together_have_a_bound() -> None:
    bodies = Bodies(10)
    first, refusal = read(events(b"123456"), bodies)
    assert refusal is None
    second, refusal = read(events(b"1234", b"5"), bodies)
    assert refusal is not None
    assert (refusal.reason, second.body) == (Reason.BUSY, b"1234")
    for message in (first, second):
        bodies.give_back(len(message.body))
    assert read(events(b"1234567890"), bodies)[1] is None


def test_who_goes_gives_back() -> None:
    bodies = Bodies(3)
    for _ in range(5):
        with pytest.raises(Gone):
            read([*events(b"abc", whole=False), {"type": "http.disconnect"}], bodies)
    assert bodies.take(3)


def test_a_reply_has_what_every_reply_has() -> None:
    sent: list[Any] = []

    async def send(event: Any) -> None:
        sent.append(event)

    reply = Reply(status=201, body=b"abc", content_type="text/xml", headers=(("Location", "l"),))
    asyncio.run(http.reply(send, reply, "id", 1_790_000_000))
    start, body = sent
    assert start["status"] == 201
    assert dict(start["headers"]) == {
        b"location": b"l",
        b"date": b"Mon, 21 Sep 2026 14:13:20 GMT",
        b"x-amzn-requestid": b"id",
        b"content-type": b"text/xml",
        b"content-length": b"3",
    }
    assert body == {"type": "http.response.body", "body": b"abc"}
