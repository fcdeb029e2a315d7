"""Giving memory back to the system after something large, whose pieces the allocator would keep for itself.

Limits: glibc alone knows how; elsewhere nothing happens. It takes milliseconds for hundreds of megabytes, and
lets go of the interpreter's lock.
"""

import ctypes
from collections.abc import Callable

LARGE = 4 * 1024 * 1024
"""Octets from which on it is worth the time."""


def _trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return trim


_TRIM = _trim()


def give_back() -> None:
    """What is free goes back."""
    if _TRIM is not None:
        _TRIM(0)
