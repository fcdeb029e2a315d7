"""Long lists of values, cut into portions that one statement takes as parameters."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

MOST = 500  # no standard says; well below SQLite's limit of parameters

Value = TypeVar("Value")


def portions(values: Iterable[Value]) -> Iterator[list[Value]]:
    """All values in their order, at most MOST at once; none for no values."""
    waiting = list(values)
    for start in range(0, len(waiting), MOST):
        yield waiting[start : start + MOST]
