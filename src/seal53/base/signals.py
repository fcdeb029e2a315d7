"""Ends that are clean and quiet: a signal asks an event loop to end, and what follows it is passed over.

asyncio closes the socket that its signals arrive on before it lets go of them: one that comes then would be
told as an error on standard error.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def ends_on(numbers: Sequence[signal.Signals], end: Callable[[], object]) -> Iterator[None]:
    """Inside a running loop: each of the signals calls `end`; once the block is left they are ignored."""
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
