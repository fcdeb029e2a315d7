"""A name server's end of the feed: says what it serves, applies what it is sent, comes back when cut off.

Nothing here stops answering: while control is gone, what was received goes on being served (I9). Limits: one
message is applied at a time, in order.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, cast

import msgspec

from seal53.base import journal
from seal53.feed import frames
from seal53.feed.messages import Hello, ToControl, ToEdge

_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.1
_AGAIN_EVERY_S = 5.0

_decoder: "msgspec.msgpack.Decoder[ToEdge]" = msgspec.msgpack.Decoder(ToEdge)

Apply = Callable[[ToEdge], list[ToControl] | Coroutine[Any, Any, list[ToControl]]]
"""Applies one message, at once or, if it takes long, in a coroutine; what it returns is said to control."""


async def follow(
    path: Path, hello: Callable[[], Hello], apply: Apply, again: Callable[[], list[ToControl]]
) -> None:
    """Follows the feed for as long as the task lives. Raises what `apply` and `again` raise.

    `hello` says what is served, at each new connection; `again` tries now and then what could not be done,
    and what it returns is said.
    """
    loop = asyncio.get_running_loop()
    pause = _FIRST_PAUSE_S
    while True:
        line = _Line(apply)
        try:
            await loop.create_unix_connection(lambda line=line: line, str(path))  # type: ignore[misc]
        except OSError:
            pass
        else:
            try:
                line.say([hello()])
                while not (await asyncio.wait([line.ended], timeout=_AGAIN_EVERY_S))[0]:
                    if not line.is_busy:
                        line.say(again())
                line.ended.result()
            finally:
                line.close()
            if line.has_heard:
                pause = _FIRST_PAUSE_S
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE_S, pause * 2)


class _Line(asyncio.Protocol):
    """One connection. `ended` is done when it is over, with what `apply` raised."""

    def __init__(self, apply: Apply) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.has_heard = False
        self._apply = apply
        self._splitter = frames.Splitter(_decoder)
        self._waiting: deque[ToEdge] = deque()
        self._applying: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def is_busy(self) -> bool:
        return self._applying is not None

    def say(self, messages: Iterable[ToControl]) -> None:
        octets = b"".join(map(frames.encode, messages))
        if octets and self._transport is not None:
            self._transport.write(octets)

    def close(self) -> None:
        if self._applying is not None:
            self._applying.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not one by its type

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        try:
            self._waiting.extend(self._splitter.feed(data))
        except frames.FeedFault as e:
            journal.event("feed-fault", level=logging.WARNING, why=str(e))
            self.close()
            return
        if self._waiting and self._applying is None:
            self.has_heard = True
            self._work()

    def _work(self) -> None:
        """Applies what waits, up to the first message that takes long."""
        said: list[ToControl] = []
        try:
            while self._waiting and not self.ended.done():
                done = self._apply(self._waiting.popleft())
                if isinstance(done, list):
                    said += done
                    continue
                self._applying = asyncio.ensure_future(self._finish(done))
                if self._transport is not None:
                    self._transport.pause_reading()
                break
        except Exception as e:  # noqa: BLE001  for the one who follows
            self._fail(e)
        self.say(said)

    async def _finish(self, applying: Coroutine[Any, Any, list[ToControl]]) -> None:
        try:
            said = await applying
        except Exception as e:  # noqa: BLE001  for the one who follows
            self._fail(e)
            return
        self._applying = None
        self.say(said)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._work()

    def _fail(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)
