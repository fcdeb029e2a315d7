"""A name server's end of the feed: says what it serves, applies what it is sent, comes back when cut off.

Nothing here stops answering: while control is gone, what was received goes on being served (I9). Limits: one
message is applied at a time, in order.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from seal53.base import journal
from seal53.feed import frames
from seal53.feed.messages import Hello, ToControl, ToEdge

_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.1
_AGAIN_EVERY_S = 5.0

_decoder: "msgspec.msgpack.Decoder[ToEdge]" = msgspec.msgpack.Decoder(ToEdge)

Say = Callable[[ToControl], None]
Apply = Callable[[ToEdge], Awaitable[list[ToControl]]]
"""Applies one message; what it returns is said to control."""


async def follow(
    path: Path, hello: Callable[[], Hello], apply: Apply, again: Callable[[], list[ToControl]]
) -> None:
    """Follows the feed for as long as the task lives.

    `hello` says what is served, at each new connection; `again` tries now and then what could not be done,
    and what it returns is said.
    """
    pause = _FIRST_PAUSE_S
    while True:
        try:
            reader, writer = await asyncio.open_unix_connection(str(path))
        except OSError:
            pass
        else:
            try:
                if await _one_connection(reader, writer, hello(), apply, again):
                    pause = _FIRST_PAUSE_S
            except frames.FeedFault as e:
                journal.event("feed-fault", level=logging.WARNING, why=str(e))
            finally:
                writer.transport.abort()
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE_S, pause * 2)


async def _one_connection(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    hello: Hello,
    apply: Apply,
    again: Callable[[], list[ToControl]],
) -> bool:
    """Until control is gone; whether it said anything."""
    heard = False
    arriving = asyncio.ensure_future(_read(reader))
    try:
        writer.write(frames.encode(hello))
        while True:
            await asyncio.wait([arriving], timeout=_AGAIN_EVERY_S)
            if not arriving.done():
                said = again()
            elif (message := arriving.result()) is None:
                break
            else:
                heard = True
                said = await apply(message)
                arriving = asyncio.ensure_future(_read(reader))
            for each in said:
                writer.write(frames.encode(each))
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        arriving.cancel()
    return heard


async def _read(reader: asyncio.StreamReader) -> ToEdge | None:
    return await frames.read(reader, _decoder)
