"""A bounded map whose entries end, and the servers that failed lately.

Final answers are not here: the data plane keeps them. Times are UNIX seconds. Not for: use from several
threads.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST_POSITIVE_S = 86400  # no standard says; unbound's cache-max-ttl is the same
MOST_NEGATIVE_S = 3600  # RFC 2308 §5 SHOULD: one to three hours
BOGUS_S = 1  # a bogus result is kept a second at most


class TtlCache(Generic[K, V]):
    """At most `most` entries; the one that was used longest ago leaves first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[K, tuple[int, V]] = OrderedDict()

    def get(self, key: K, now: int) -> V | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= now:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def put(self, key: K, value: V, *, now: int, ttl_s: int) -> None:
        if ttl_s <= 0:
            self._entries.pop(key, None)
            return
        self._entries[key] = (now + min(ttl_s, MOST_POSITIVE_S), value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def left(self, key: K, now: int) -> int:
        """For how many seconds the entry still holds; 0 when there is none."""
        entry = self._entries.get(key)
        return max(0, entry[0] - now) if entry is not None else 0

    def forget(self, key: K) -> None:
        self._entries.pop(key, None)

    def pop(self, key: K) -> V | None:
        """Forgets an entry and returns its value, whether it has ended or not."""
        entry = self._entries.pop(key, None)
        return None if entry is None else entry[1]

    def __len__(self) -> int:
        return len(self._entries)


class ServerHealth:
    """Which servers failed lately; they are asked last, not never."""

    PENALTY_S = (
        10  # no standard says: long enough to matter, short enough that a server that is back is used again
    )

    def __init__(self, most: int) -> None:
        self._failed: TtlCache[str, int] = TtlCache(most)

    def failed(self, server: str, now: int) -> None:
        self._failed.put(server, 1, now=now, ttl_s=self.PENALTY_S)

    def answered(self, server: str) -> None:
        self._failed.forget(server)

    def is_suspect(self, server: str, now: int) -> bool:
        return self._failed.get(server, now) is not None
