"""Threads in which calls are answered: an operation may wait for a disk, the event loop may not.

They start when they are needed, up to a bound, stay, and end with the process without being waited for: an
operation that hangs must not keep a service from ending. A thread of its own rather than the standard
library's pools, as a call passes here twice and these take a third of the time.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Workers:
    """At most `most` threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._started = 0
        self._busy = 0
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, from a thread. For one event loop at a time."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def done(result: T | None, failure: BaseException | None) -> None:
            if future.done():  # who waited has gone
                return
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def do() -> None:
            result: T | None = None
            failure: BaseException | None = None
            try:
                result = work()
            except BaseException as e:  # noqa: BLE001  it is raised where it is waited for
                failure = e
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(done, result, failure)

        if self._busy >= self._started and self._started < self._most:
            self._started += 1
            threading.Thread(target=self._work, name="call", daemon=True).start()
        self._busy += 1
        try:
            self._waiting.put(do)
            return await future
        finally:
            self._busy -= 1

    def _work(self) -> None:
        while True:
            self._waiting.get()()
