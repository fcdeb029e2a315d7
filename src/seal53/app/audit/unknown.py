"""How many calls of callers that nobody knows the audit log takes.

CloudTrail takes none of them. Here they are worth a look, and bounded: the log's size is, so that whoever can
reach the API could otherwise push out of it what others have done, in two minutes. The journal has them all.
"""

import threading

MOST = 1000  # at once; no standard says
ONE_EVERY_S = 2  # and then: a hundred hours until they alone fill the log


class UnknownCallers:
    """A bucket of lines; times are wall-clock seconds."""

    def __init__(self) -> None:
        self._left = float(MOST)
        self._at = 0
        self._lock = threading.Lock()

    def take(self, now: int) -> bool:
        """Whether one more is recorded."""
        with self._lock:
            self._left = min(MOST, self._left + max(0, now - self._at) / ONE_EVERY_S)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True
