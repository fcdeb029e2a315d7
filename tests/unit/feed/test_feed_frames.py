"""Octets into messages, and messages in their order whatever takes how long."""

import asyncio
import socket
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seal53.base.journal import Secret
from seal53.feed import client, frames, server
from seal53.feed.messages import Ack, CaughtUp, Hello, ToControl, ToEdge, ZoneDelta

TOKEN = Secret(b"t" * 32)
HELLO = Hello(edge_id="edge-1", role="edge", token=bytes(TOKEN), have={})


def acks() -> frames.Splitter[ToControl]:
    return frames.Splitter(msgspec.msgpack.Decoder(ToControl))


def delta(version: int, size: int = 0) -> ZoneDelta:
    return ZoneDelta(zone_id="Z1", apex=b"\0", base=version - 1, version=version, edit=bytes(size))


def test_messages_come_whole_however_they_arrive() -> None:
    sent = [Ack(subject=f"zone:Z{n}", version=n) for n in range(1, 4)]
    octets = b"".join(map(frames.encode, sent))
    assert acks().feed(octets) == sent
    one_by_one = acks()
    assert [m for n in range(len(octets)) for m in one_by_one.feed(octets[n : n + 1])] == sent
    half = acks()
    assert half.feed(octets[:-1]) == sent[:2]
    assert half.feed(octets[-1:]) == sent[2:]


@pytest.mark.parametrize(
    "octets", [(frames.MOST + 1).to_bytes(4, "big"), b"\0\0\0\1\xff", b"\0\0\0\4\xa3abc"]
)
def test_what_is_no_message_is_a_fault(octets: bytes) -> None:
    with pytest.raises(frames.FeedFault):
        acks().feed(octets)


class Source:
    """Has nothing; what is put travels."""

    def catch_up(self, role: str, have: Mapping[str, int]) -> Iterator[ToEdge]:
        return iter(())

    def whole(self, subject: str) -> ToEdge | None:
        return None


class World:
    """Control's end, listening at a path."""

    def __init__(self, path: Path) -> None:
        self.acknowledged: list[str | None] = []
        self.server = server.FeedServer(
            Source(), token=TOKEN, registered=lambda *_: None, acknowledged=self.acknowledged.append
        )
        self.server.expect("edge-1")
        self._bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._bound.bind(str(path))
        self._bound.listen()
        self._bound.setblocking(False)

    async def __aenter__(self) -> "World":
        await self.server.start(self._bound)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        self._bound.close()


def test_messages_are_applied_in_order_also_when_one_takes_long(tmp_path: Path) -> None:
    applied: list[int] = []
    running = 0

    async def slowly(message: ZoneDelta) -> list[ToControl]:
        nonlocal running
        running += 1
        assert running == 1
        for _ in range(20):
            await asyncio.sleep(0)
        applied.append(message.version)
        running -= 1
        return [Ack(subject="zone:Z1", version=message.version)]

    def apply(message: ToEdge) -> list[ToControl] | Coroutine[Any, Any, list[ToControl]]:
        if not isinstance(message, ZoneDelta):
            return []
        if message.version % 3 == 0:
            return slowly(message)
        assert running == 0
        applied.append(message.version)
        return [Ack(subject="zone:Z1", version=message.version)]

    async def story() -> None:
        async with World(tmp_path / "s") as world:
            follower = asyncio.create_task(client.follow(tmp_path / "s", lambda: HELLO, apply, list))
            async with asyncio.timeout(5):
                while not world.acknowledged:  # the hello
                    await asyncio.sleep(0)
                for version in range(1, 31):
                    world.server.send_soon("edge", delta(version))
                while world.server.served("edge", "zone:Z1") != 30:
                    await asyncio.sleep(0)
            follower.cancel()
            with suppress(asyncio.CancelledError):
                await follower

    asyncio.run(story())
    assert applied == list(range(1, 31))


@pytest.mark.parametrize("slow", [True, False])
def test_what_apply_raises_ends_the_follower(tmp_path: Path, slow: bool) -> None:
    async def fail() -> list[ToControl]:
        raise LookupError("no socket")

    def apply(message: ToEdge) -> list[ToControl] | Coroutine[Any, Any, list[ToControl]]:
        if slow:
            return fail()
        raise LookupError("no socket")

    async def story() -> None:
        async with World(tmp_path / "s"), asyncio.timeout(5):
            await client.follow(tmp_path / "s", lambda: HELLO, apply, list)

    with pytest.raises(LookupError, match="no socket"):
        asyncio.run(story())


def test_an_edge_that_does_not_read_is_cut_off_and_others_are_not_held_up(tmp_path: Path) -> None:
    async def story() -> None:
        async with World(tmp_path / "s") as world, asyncio.timeout(20):
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
            writer.write(frames.encode(HELLO))
            splitter: frames.Splitter[ToEdge] = frames.Splitter(msgspec.msgpack.Decoder(ToEdge))
            while CaughtUp() not in splitter.feed(await reader.read(1000)):
                pass
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            for version in range(1, 2 * server._WAITING_MOST):
                world.server.send_soon("edge", delta(version, 1000))
                if version % 100 == 0:
                    await asyncio.sleep(0)
            writer.transport.resume_reading()  # type: ignore[attr-defined]
            arrived: list[ToEdge] = []
            with suppress(ConnectionError):
                while octets := await reader.read(1 << 16):
                    arrived += splitter.feed(octets)
            assert len(arrived) < server._WAITING_MOST
            writer.close()

    asyncio.run(story())
