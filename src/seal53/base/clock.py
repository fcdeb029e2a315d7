"""The one place in Python that reads a clock.

Wall times are whole UTC seconds (`UnixTime`). Everything that decides takes `now` as an argument; a clock is
made in `app` and handed to the rim alone.
"""

import time
from typing import NewType, Protocol

UnixTime = NewType("UnixTime", int)


class Clock(Protocol):
    """Wall time in UTC seconds, and a monotonic reading in seconds for measuring lengths."""

    def now(self) -> UnixTime: ...
    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> UnixTime:
        return UnixTime(int(time.time()))

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: int = 1_790_000_000) -> None:
        self._now = now

    def now(self) -> UnixTime:
        return UnixTime(self._now)

    def monotonic(self) -> float:
        return float(self._now)

    def advance(self, seconds: int) -> None:
        self._now += seconds
