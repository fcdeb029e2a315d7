"""Query logs: lines that the data plane has made, appended to a file for each zone.

A stream file is `<directory>/<zone id>_LOC1.log`, opened for each round of lines, so that it can be moved
away at any time. Limits: what cannot be written is dropped and counted; answering never waits for a disk.
"""

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from seal53.base import journal

_MOST = 4096  # lines of one round
_WAIT_MS = 250
_DROPPED = "query_log_dropped"


class LoggingPlane(Protocol):
    """Of `core.DataPlane`, what is used here."""

    def take_query_log(self, most: int, timeout_ms: int) -> list[tuple[str, str]]: ...
    def add_counter(self, name: str, amount: int) -> None: ...


class QueryLog:
    """`run` writes until `stop`, in a thread of its own; `write_to` says where, from any thread."""

    def __init__(self, plane: LoggingPlane) -> None:
        self._plane = plane
        self._directories: Mapping[str, str] = {}
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        self._failing = False

    def write_to(self, directories: Mapping[str, str]) -> None:
        """The log group's directory by zone id."""
        self._directories = directories
        if directories:
            self._wanted.set()

    def stop(self) -> None:
        self._stopping.set()
        self._wanted.set()

    def run(self) -> None:
        self._wanted.wait()  # most services log no queries
        while not self._stopping.is_set():
            self.drain(_WAIT_MS)

    def drain(self, timeout_ms: int) -> None:
        """One round: waits for lines and appends them."""
        by_zone: dict[str, list[str]] = {}
        for zone_id, line in self._plane.take_query_log(_MOST, timeout_ms):
            by_zone.setdefault(zone_id, []).append(line)
        for zone_id, lines in by_zone.items():
            directory = self._directories.get(zone_id)
            if directory is not None:
                self._append(Path(directory) / f"{zone_id}_LOC1.log", lines)

    def _append(self, path: Path, lines: Sequence[str]) -> None:
        try:
            _write(path, "".join(f"{line}\n" for line in lines).encode())
        except OSError as e:
            self._plane.add_counter(_DROPPED, len(lines))
            if not self._failing:
                journal.event("query-log-failed", level=logging.ERROR, path=str(path), why=str(e))
            self._failing = True
        else:
            self._failing = False


def _write(path: Path, octets: bytes) -> None:
    """All of it or, when the disk is full, nothing of it."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        file = os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, flags, 0o600)
    try:
        before = os.lseek(file, 0, os.SEEK_END)
        written = os.write(file, octets)
        if written < len(octets):
            os.ftruncate(file, before)
            raise OSError(f"{len(octets) - written} of {len(octets)} octets could not be written")
    finally:
        os.close(file)
