"""How a message travels: four octets of length, then msgpack.

Limits: a message is at most 256 MiB; what is longer, or is not one of the expected messages, ends the
connection.
"""

import asyncio
from typing import TypeVar

import msgspec

from seal53.base.errors import Fault

MOST = 256 * 1024 * 1024

T = TypeVar("T")


class FeedFault(Fault):
    """The other side sent something that is not a message, or may not speak."""


_encoder = msgspec.msgpack.Encoder()


def encode(message: msgspec.Struct) -> bytes:
    """One frame."""
    body = _encoder.encode(message)
    if len(body) > MOST:
        raise FeedFault(f"a message of {len(body)} octets does not fit into a frame")
    return len(body).to_bytes(4, "big") + body


async def read(reader: asyncio.StreamReader, decoder: msgspec.msgpack.Decoder[T]) -> T | None:
    """The next message; None when the other side is gone. Raises FeedFault."""
    try:
        length = int.from_bytes(await reader.readexactly(4), "big")
        if length > MOST:
            raise FeedFault(f"a frame claims {length} octets")
        return decoder.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except msgspec.DecodeError as e:
        raise FeedFault(f"not a message: {e}") from None
