"""A bounded map whose entries end, and the servers that failed lately.

Final answers are not here: the data plane keeps them. Times are UNIX seconds. Not for: use from several
threads.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST_POSITIVE_S = 86400  # no standard says; unbound's cache-max-ttl is the same
MOST_NEGATIVE_S = 3600  # RFC 2308 §5 SHOULD: one to three hours
BOGUS_S = 1  # a bogus result is kept a second at most


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    since: int
    until: int
    weight: int
    value: V


class TtlCache(Generic[K, V]):
    """Entries that weigh at most `most` together; the one that was used longest ago leaves first.

    `weigh`: of a value, at least 1. Where values may be large they are weighed in octets, so that nobody
    fills the memory with few of them.
    """

    def __init__(self, most: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._weight = 0
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()

    def get(self, key: K, now: int) -> V | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        # one from the future was kept by a clock that was set back since: its end means nothing
        if not entry.since <= now < entry.until:
            self.forget(key)
            return None
        self._entries.move_to_end(key)
        return entry.value

    def put(self, key: K, value: V, *, now: int, ttl_s: int) -> None:
        self.forget(key)
        weight = self._weigh(value)
        if ttl_s <= 0 or weight > self._most:
            return
        self._entries[key] = _Entry(now, now + min(ttl_s, MOST_POSITIVE_S), weight, value)
        self._weight += weight
        while self._weight > self._most:
            self.forget(next(iter(self._entries)))

    def left(self, key: K, now: int) -> int:
        """For how many seconds the entry still holds; 0 when there is none."""
        entry = self._entries.get(key)
        return max(0, entry.until - now) if entry is not None else 0

    def forget(self, key: K) -> None:
        self.pop(key)

    def pop(self, key: K) -> V | None:
        """Forgets an entry and returns its value, whether it has ended or not."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        self._weight -= entry.weight
        return entry.value

    def __len__(self) -> int:
        return len(self._entries)


class ServerHealth:
    """Which servers failed lately, and how often since they last answered; they are asked last, not never."""

    # No standard says: long enough to matter, short enough that a server that is back is used again.
    PENALTY_S = 10
    # Failures in a row, over some time, that neither chance, nor a burst of questions, nor a server which
    # drops one kind of question explains.
    DOWN_AFTER = 8
    DOWN_AFTER_S = 1

    def __init__(self, most: int) -> None:
        self._failures: TtlCache[str, tuple[int, int]] = TtlCache(most)  # how many, since when

    def failed(self, server: str, now: int) -> None:
        count, since = self._failures.get(server, now) or (0, now)
        self._failures.put(server, (count + 1, since), now=now, ttl_s=self.PENALTY_S)

    def answered(self, server: str) -> None:
        self._failures.forget(server)

    def is_suspect(self, server: str, now: int) -> bool:
        return self._failures.get(server, now) is not None

    def is_down(self, server: str, now: int) -> bool:
        count, since = self._failures.get(server, now) or (0, now)
        return count >= self.DOWN_AFTER and now - since >= self.DOWN_AFTER_S
