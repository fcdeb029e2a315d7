"""Which misses are worked on, when there are more than can be: no VPC waits behind another's.

A view has a bounded share of what runs at once, and a place that becomes free goes to the view that runs
least. What waited so long that its clients have been told so is dropped. Not for: the work itself.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable

from seal53.base.clock import Clock
from seal53.core import Name

Question = tuple[str, Name, int, bool]
"""View, name, type, CD."""

# No standard says. A resolution holds a socket and some 20 KiB; most of its time it waits for servers.
MOST_AT_ONCE = 512
MOST_OF_A_VIEW = 128
PATIENCE_S = 10.0  # as the data plane's


class FairQueue:
    """Runs `work` for each question in a task of its own. For one event loop."""

    def __init__(self, work: Callable[[Question], Awaitable[None]], clock: Clock) -> None:
        self._work = work
        self._clock = clock
        self._waiting: dict[str, deque[tuple[Question, float]]] = {}
        self._running: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, question: Question) -> None:
        self._waiting.setdefault(question[0], deque()).append((question, self._clock.monotonic()))
        self._start()

    def close(self) -> None:
        """Ends what runs, and drops what waits."""
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()

    def _start(self) -> None:
        while len(self._tasks) < MOST_AT_ONCE:
            ready = [v for v in self._waiting if self._running[v] < MOST_OF_A_VIEW]
            if not ready:
                return
            question, since = self._next_of(min(ready, key=lambda v: self._running[v]))
            if self._clock.monotonic() - since < PATIENCE_S:
                self._run(question)

    def _next_of(self, view_id: str) -> tuple[Question, float]:
        waiting = self._waiting[view_id]
        first = waiting.popleft()
        if not waiting:
            del self._waiting[view_id]
        return first

    def _run(self, question: Question) -> None:
        view_id = question[0]

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._running[view_id] -= 1
            if not self._running[view_id]:
                del self._running[view_id]
            self._start()

        async def work() -> None:
            await self._work(question)

        self._running[view_id] += 1
        task = asyncio.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(ended)
