"""No VPC waits behind another's misses, and nothing that nobody waits for is worked on."""

import asyncio
from collections import Counter

import pytest

from seal53.base.clock import ManualClock
from seal53.core import Name
from seal53.resolver import queue as queue_module
from seal53.resolver.queue import FairQueue


def question(view, i):
    return (view, Name.parse(f"n{i}.test."), 1, False)


class Desk:
    """Work that goes on until it is told to end."""

    def __init__(self):
        self.clock = ManualClock()
        self.queue = FairQueue(self.work, self.clock)
        self.running = []
        self.done = []

    async def work(self, question):
        gate = asyncio.Event()
        self.running.append((question, gate))
        await gate.wait()
        self.done.append(question)

    def end(self, count):
        for _, gate in self.running[:count]:
            gate.set()
        del self.running[:count]

    def views(self):
        return Counter(q[0] for q, _ in self.running)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(queue_module, "MOST_AT_ONCE", 10)
    monkeypatch.setattr(queue_module, "MOST_OF_A_VIEW", 6)


async def pause():
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_flood_of_one_view_leaves_room_for_others():
    async def story():
        desk = Desk()
        for i in range(100):
            desk.queue.put(question("flood", i))
        await pause()
        assert desk.views() == {"flood": 6}
        for i in range(3):
            desk.queue.put(question("quiet", i))
        await pause()
        assert desk.views() == {"flood": 6, "quiet": 3}
        # all places are taken: what becomes free goes to who runs least
        for i in range(3, 8):
            desk.queue.put(question("quiet", i))
            desk.queue.put(question("third", i))
        await pause()
        assert desk.views().total() == 10
        desk.end(5)
        await pause()
        assert desk.views().total() == 10 and max(desk.views().values()) <= 4
        while desk.running:
            desk.end(10)
            await pause()
        assert len(desk.done) == 113 and len(set(desk.done)) == 113
        assert [q for q in desk.done if q[0] == "flood"] == [question("flood", i) for i in range(100)]

    asyncio.run(story())


def test_what_waited_too_long_is_dropped():
    async def story():
        desk = Desk()
        for i in range(8):
            desk.queue.put(question("v", i))
        await pause()
        desk.clock.advance(queue_module.PATIENCE_S)
        desk.queue.put(question("v", 8))
        desk.end(6)
        await pause()
        assert [q for q, _ in desk.running] == [question("v", 8)]

    asyncio.run(story())


def test_close_ends_what_runs():
    async def story():
        desk = Desk()
        for i in range(8):
            desk.queue.put(question("v", i))
        await pause()
        desk.queue.close()
        await pause()
        assert not desk.done
        assert not [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]

    asyncio.run(story())
