"""The line between a role's process and its supervisor: a socket pair with one line of JSON for each message.

The supervisor says which name servers live; a role says that it answers, what the ready file should hold,
or why it cannot start. Limits: a line is at most 1 MiB; an end that is gone reads as None.
"""

import socket
from collections.abc import Iterator
from typing import Any

import msgspec

_CHUNK = 1 << 16
_MOST = 1 << 20


class Started(msgspec.Struct, frozen=True, tag="started"):
    """To control: this name server is being started, and counts from its first word on."""

    edge_id: str


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """To control: this name server's process is gone; no change waits for it any more."""

    edge_id: str


class Answers(msgspec.Struct, frozen=True, tag="answers"):
    """From a role: it does its work now."""


class Facts(msgspec.Struct, frozen=True, tag="facts"):
    """From control: what the ready file holds besides process ids."""

    facts: dict[str, Any]

    def __repr__(self) -> str:
        return "Facts(***)"  # I6: it holds secret access keys


class CannotStart(msgspec.Struct, frozen=True, tag="cannot-start"):
    """From a role: one line for the one who started the service."""

    why: str


Message = Started | Ended | Answers | Facts | CannotStart

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


class Link:
    """One end. `edge_id` names the process; `live` are the name servers that lived when it was started."""

    def __init__(self, end: socket.socket, *, edge_id: str, live: tuple[str, ...] = ()) -> None:
        self.socket = end
        self.edge_id = edge_id
        self.live = live
        self._buffer = b""

    def send(self, message: Message) -> bool:
        """Sends one line; False: the other end is gone, or (without blocking) has long not read."""
        try:
            self.socket.sendall(_encoder.encode(message) + b"\n")
        except OSError:
            return False
        return True

    def feed(self) -> list[Message] | None:
        """The messages that have arrived, perhaps none; None when the other end is gone."""
        try:
            chunk = self.socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            return None
        if not chunk:
            return None
        self._buffer += chunk
        return list(self._lines())

    def _lines(self) -> Iterator[Message]:
        *lines, self._buffer = self._buffer.split(b"\n")
        if len(self._buffer) > _MOST:
            self._buffer = b""
        for line in lines:
            try:
                yield _decoder.decode(line)
            except msgspec.DecodeError:
                continue
