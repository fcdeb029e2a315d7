"""The feed over a Unix socket: who may speak, what is sent in which order, and what counts as served (I3)."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from seal53.base.journal import Secret
from seal53.feed import client, frames
from seal53.feed.messages import (
    Ack,
    AskCounters,
    CaughtUp,
    Counters,
    Hello,
    Refusal,
    ToControl,
    ToEdge,
    ZoneGone,
    ZoneSnapshot,
)
from seal53.feed.server import FeedServer

TOKEN = Secret(b"t" * 32)


def snapshot(zone_id: str, version: int) -> ZoneSnapshot:
    return ZoneSnapshot(zone_id=zone_id, apex=b"\x00", version=version, edit=b"", signing=None)


class World:
    """Control's end with a fixed source, and what it told of."""

    def __init__(self) -> None:
        self.zones = {"Z1": 5}
        self.registered: list[tuple[str, str]] = []
        self.acknowledged = 0
        self.server = FeedServer(
            self, token=TOKEN, registered=lambda *edge: self.registered.append(edge), acknowledged=self._count
        )
        self.server.expect("edge-1")

    def _count(self, _subject: str | None) -> None:
        self.acknowledged += 1

    def catch_up(self, role: str, have: Mapping[str, int]) -> Iterator[ToEdge]:
        yield from (snapshot(z, v) for z, v in self.zones.items() if have.get(z) != v)
        yield from (ZoneGone(zone_id=z, version=0) for z in have if z not in self.zones)

    def whole(self, subject: str) -> ToEdge | None:
        zone_id = subject.removeprefix("zone:")
        return snapshot(zone_id, self.zones[zone_id]) if zone_id in self.zones else None


class Edge:
    """A name server that notes what it hears and answers by `reply`."""

    def __init__(
        self, edge_id: str = "edge-1", *, token: bytes = bytes(TOKEN), have: Mapping[str, int] = {}
    ) -> None:
        self.hello = Hello(edge_id=edge_id, role="edge", token=token, have=dict(have))
        self.heard: list[ToEdge] = []
        self.news = asyncio.Condition()
        self.reply: Callable[[ToEdge], list[ToControl]] = acknowledge

    async def apply(self, message: ToEdge) -> list[ToControl]:
        async with self.news:
            self.heard.append(message)
            self.news.notify_all()
        return self.reply(message)

    async def until(self, holds: Callable[["Edge"], bool]) -> None:
        async with asyncio.timeout(5), self.news:
            await self.news.wait_for(lambda: holds(self))

    @property
    def caught_up(self) -> bool:
        return any(isinstance(m, CaughtUp) for m in self.heard)


def acknowledge(message: ToEdge) -> list[ToControl]:
    match message:
        case ZoneSnapshot(zone_id=zone_id, version=version):
            return [Ack(subject=f"zone:{zone_id}", version=version)]
        case ZoneGone(zone_id=zone_id):
            return [Ack(subject=f"zone:{zone_id}", version=0)]
        case AskCounters(request=request):
            return [Counters(request=request, counters={"queries": 7})]
    return []


@asynccontextmanager
async def listening(world: World, path: Path) -> AsyncIterator[None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        bound.bind(str(path))
        bound.listen()
        bound.setblocking(False)
        await world.server.start(bound)
        try:
            yield
        finally:
            world.server.close()


@asynccontextmanager
async def following(edge: Edge, path: Path) -> AsyncIterator[None]:
    task = asyncio.create_task(client.follow(path, lambda: edge.hello, edge.apply, list))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def holds(look: Callable[[], bool]) -> None:
    """Lets the loop turn until it holds."""
    async with asyncio.timeout(5):
        while not look():
            await asyncio.sleep(0)


def test_an_edge_gets_what_it_lacks_and_then_deltas(tmp_path: Path) -> None:
    async def story() -> None:
        world, edge = World(), Edge(have={"Z9": 3})
        async with listening(world, tmp_path / "s"), following(edge, tmp_path / "s"):
            await edge.until(lambda e: e.caught_up)
            assert edge.heard == [snapshot("Z1", 5), ZoneGone(zone_id="Z9", version=0), CaughtUp()]
            world.server.send_soon("resolver", snapshot("Z2", 1))
            world.server.send_soon("edge", snapshot("Z1", 6))
            await edge.until(lambda e: e.heard[-1] == snapshot("Z1", 6))
            assert snapshot("Z2", 1) not in edge.heard
            await holds(lambda: world.server.served("edge", "zone:Z1") == 6)
            assert world.registered == [("edge-1", "edge")]

    asyncio.run(story())


def test_only_what_is_lacking_is_sent_to_one_that_comes_back(tmp_path: Path) -> None:
    async def story() -> None:
        world, edge = World(), Edge(have={"Z1": 5})
        async with listening(world, tmp_path / "s"), following(edge, tmp_path / "s"):
            await edge.until(lambda e: e.caught_up)
            assert edge.heard == [CaughtUp()]
            assert world.server.served("edge", "zone:Z1") == 5

    asyncio.run(story())


@pytest.mark.parametrize("stranger", ["wrong token", "not started by the supervisor"])
def test_a_stranger_hears_nothing(tmp_path: Path, stranger: str) -> None:
    async def story() -> None:
        world = World()
        edge = Edge(token=b"x" * 32) if stranger == "wrong token" else Edge("edge-77")
        async with listening(world, tmp_path / "s"):
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
            writer.write(frames.encode(edge.hello))
            async with asyncio.timeout(5):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.close()
            assert world.registered == []
            assert world.server.served("edge", "zone:Z1") is None

    asyncio.run(story())


def test_a_frame_that_is_no_message_ends_the_connection(tmp_path: Path) -> None:
    async def story() -> None:
        world = World()
        async with listening(world, tmp_path / "s"):
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
            writer.write((2**31).to_bytes(4, "big") + b"never so much")
            async with asyncio.timeout(5):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.close()

    asyncio.run(story())


def test_a_registered_edge_counts_until_its_end_is_told() -> None:
    world = World()
    assert world.server.served("edge", "zone:Z1") is None
    world.server.known("edge-1", "edge")
    assert world.server.served("edge", "zone:Z1") is None
    assert not world.server.dropped("zone:Z1")
    before = world.acknowledged
    world.server.forget("edge-1")
    assert world.acknowledged == before + 1  # what waited for it alone can be looked at again


def test_the_slowest_edge_decides_what_is_served(tmp_path: Path) -> None:
    async def story() -> None:
        world = World()
        world.server.expect("edge-2")
        quick, slow = Edge(), Edge("edge-2")
        slow.reply = lambda message: []
        path = tmp_path / "s"
        async with listening(world, path), following(quick, path), following(slow, path):
            await quick.until(lambda e: e.caught_up)
            await slow.until(lambda e: e.caught_up)
            assert world.server.served("edge", "zone:Z1") is None
            slow.reply = acknowledge
            world.server.send_soon("edge", snapshot("Z1", 6))
            await holds(lambda: world.server.served("edge", "zone:Z1") == 6)
            world.server.send_soon("edge", ZoneGone(zone_id="Z1", version=7))
            await holds(lambda: world.server.dropped("zone:Z1"))

    asyncio.run(story())


def test_a_refusal_is_answered_with_the_whole_zone(tmp_path: Path) -> None:
    async def story() -> None:
        world, edge = World(), Edge(have={"Z1": 5})
        async with listening(world, tmp_path / "s"), following(edge, tmp_path / "s"):
            await edge.until(lambda e: e.caught_up)
            world.zones["Z1"] = 9
            edge.reply = lambda m: (
                [Refusal(subject="zone:Z1", why="a gap")] if m == snapshot("Z1", 8) else acknowledge(m)
            )
            world.server.send_soon("edge", snapshot("Z1", 8))
            await edge.until(lambda e: e.heard[-1] == snapshot("Z1", 9))
            await holds(lambda: world.server.served("edge", "zone:Z1") == 9)

    asyncio.run(story())


def test_an_edge_comes_back_when_control_does(tmp_path: Path) -> None:
    async def story() -> None:
        edge = Edge()
        async with following(edge, tmp_path / "s"):
            async with listening(World(), tmp_path / "s"):
                await edge.until(lambda e: e.caught_up)
            edge.heard.clear()
            (tmp_path / "s").unlink()
            world = World()
            async with listening(world, tmp_path / "s"):
                await edge.until(lambda e: e.caught_up)
                assert (await world.server.counters()) == {"edge-1": {"queries": 7}}

    asyncio.run(story())


def test_a_source_that_fails_ends_the_connection_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(World):
        def catch_up(self, role: str, have: Mapping[str, int]) -> Iterator[ToEdge]:
            if not caplog.messages:
                raise ValueError("the first time")
            return super().catch_up(role, have)

    async def story() -> None:
        edge = Edge()
        async with listening(Broken(), tmp_path / "s"), following(edge, tmp_path / "s"):
            await edge.until(lambda e: e.caught_up)

    asyncio.run(story())
    assert "feed-failed" in caplog.text and "the first time" in caplog.text


def test_an_edge_is_recorded_before_it_is_sent_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []

    class Slow(World):
        def __init__(self) -> None:
            super().__init__()
            self.server._registered = self.record

        def record(self, edge_id: str, role: str) -> None:
            heard.append(len(edge.heard))
            raise OSError("no space left on device")

    edge = Edge()

    async def story() -> None:
        async with listening(Slow(), tmp_path / "s"), following(edge, tmp_path / "s"):
            await edge.until(lambda e: e.caught_up)

    asyncio.run(story())
    assert heard == [0]
    assert "edge-not-recorded" in caplog.text


def test_what_is_refused_for_ever_is_not_sent_without_a_pause(tmp_path: Path) -> None:
    async def story() -> None:
        world, edge = World(), Edge(have={"Z1": 5})
        async with listening(world, tmp_path / "s"), following(edge, tmp_path / "s"):
            await edge.until(lambda e: e.caught_up)
            edge.reply = lambda m: [Refusal(subject="zone:Z1", why="the key does not open")]
            world.server.send_soon("edge", snapshot("Z1", 6))
            await edge.until(lambda e: len(e.heard) == 3)
            before = len(edge.heard)
            for _ in range(1000):
                await asyncio.sleep(0)
            assert len(edge.heard) == before

    asyncio.run(story())


def test_a_loop_that_ends_tells_of_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        world, edge = World(), Edge()
        async with listening(world, tmp_path / "s"), following(edge, tmp_path / "s"):
            await edge.until(lambda e: e.caught_up)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()  # as asyncio.run does at its end, with connections open
            await asyncio.sleep(0)

    asyncio.run(story())
    assert caplog.text == ""
