"""Calls are answered in threads: as many at once as there may be, and what they raise is raised."""

import asyncio
import threading

import pytest

from seal53.gateway.workers import Workers


def test_what_is_returned_and_what_is_raised() -> None:
    workers = Workers(2)

    def fail() -> None:
        raise ValueError("no")

    async def both() -> int:
        with pytest.raises(ValueError, match="no"):
            await workers.run(fail)
        return await workers.run(lambda: 5)

    assert asyncio.run(both()) == 5


def test_another_thread_does_it() -> None:
    assert asyncio.run(Workers(1).run(threading.get_ident)) != threading.get_ident()


def test_calls_run_beside_each_other_up_to_the_bound() -> None:
    workers = Workers(3)
    together = threading.Barrier(3)
    running, most = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(10)  # passes when three run at once
        with lock:
            running -= 1

    async def nine() -> None:
        await asyncio.gather(*(workers.run(work) for _ in range(9)))

    asyncio.run(nine())
    assert most == 3


def test_threads_are_used_again() -> None:
    workers = Workers(10)

    async def one_by_one() -> set[int]:
        return {await workers.run(threading.get_ident) for _ in range(20)}

    assert len(asyncio.run(one_by_one())) == 1


def test_who_waits_no_more_disturbs_nobody() -> None:
    workers = Workers(1)
    begun, end = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        end.wait(10)

    async def leave() -> int:
        task = asyncio.create_task(workers.run(slow))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        end.set()
        return await workers.run(lambda: 7)

    assert asyncio.run(leave()) == 7


def test_a_loop_that_has_ended_is_not_called() -> None:
    workers = Workers(1)
    end = threading.Event()

    async def begin() -> None:
        task = asyncio.create_task(workers.run(lambda: end.wait(10)))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(begin())
    end.set()
    assert asyncio.run(workers.run(lambda: 3)) == 3
