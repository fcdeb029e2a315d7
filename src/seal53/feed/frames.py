"""How a message travels: four octets of length, then msgpack.

Limits: a message is at most 256 MiB; what is longer, or is not one of the expected messages, ends the
connection.
"""

from typing import Generic, TypeVar

import msgspec

from seal53.base.errors import Fault

MOST = 256 * 1024 * 1024
_LENGTH = 4

T = TypeVar("T")


class FeedFault(Fault):
    """The other side sent something that is not a message, or may not speak."""


_encoder = msgspec.msgpack.Encoder()


def encode(message: msgspec.Struct) -> bytes:
    """One frame."""
    frame = bytearray(_LENGTH)
    _encoder.encode_into(message, frame, _LENGTH)
    length = len(frame) - _LENGTH
    if length > MOST:
        raise FeedFault(f"a message of {length} octets does not fit into a frame")
    frame[:_LENGTH] = length.to_bytes(_LENGTH, "big")
    return bytes(frame)


class Splitter(Generic[T]):
    """Octets as they arrive, made into messages."""

    def __init__(self, decoder: "msgspec.msgpack.Decoder[T]") -> None:
        self._decode = decoder.decode
        self._buffer = bytearray()

    def feed(self, octets: bytes) -> list[T]:
        """The messages that are whole now. Raises FeedFault."""
        buffer = self._buffer
        buffer += octets
        found: list[T] = []
        at = 0
        with memoryview(buffer) as view:
            while len(view) - at >= _LENGTH:
                length = int.from_bytes(view[at : at + _LENGTH], "big")
                if length > MOST:
                    raise FeedFault(f"a frame claims {length} octets")
                end = at + _LENGTH + length
                if len(view) < end:
                    break
                try:
                    found.append(self._decode(view[at + _LENGTH : end]))
                except msgspec.DecodeError as e:
                    raise FeedFault(f"not a message: {e}") from None
                at = end
        del buffer[:at]
        return found
