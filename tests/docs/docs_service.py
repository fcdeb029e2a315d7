"""A service of a test's own for what the books say."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from docs_blocks import environment

START_S = 20.0
PATIENCE_S = 15.0


def until(look: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Polls another process's world: the wait is for real sockets, so it is on the wall clock."""
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"nothing came within {seconds} s"
        time.sleep(0.02)


@contextlib.contextmanager
def running(*args: str, where: Path) -> Iterator[dict[str, Any]]:
    """Runs `seal53 serve ARGS` inside the block; gives what the ready file `where`/ready.json holds."""
    log = where / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "seal53", "serve", *args],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment(where / "bin"),
        )
    ready = where / "ready.json"
    try:

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            return ready.exists()

        until(answers, START_S)
        yield json.loads(ready.read_text())
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
