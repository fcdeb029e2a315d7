"""Lines of the audit log in files that are bounded in number and size, and the reading of them.

Appending costs a list's append: a thread writes what has gathered once a second, and at the end. What was
appended in the second before a crash may be lost. A disk that cannot be written is told in the journal, and
lines are kept until there are too many. Names of files count up; the last one is being written.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from seal53.base import journal

FILE_MOST = 16 * 2**20  # octets
FILES_MOST = 16
PAUSE_S = 1.0
_WAITING_MOST = 8 * 2**20  # octets that wait while the disk cannot be written


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which records are wanted; "" and False: whichever."""

    event: str = ""  # the operation's name, in any case
    account: str = ""
    user: str = ""  # a user's name, a role's, a session's, or a whole ARN
    errors: bool = False


class _Issuer(msgspec.Struct):
    userName: str = ""  # noqa: N815  CloudTrail's names


class _Session(msgspec.Struct):
    sessionIssuer: _Issuer = msgspec.field(default_factory=_Issuer)  # noqa: N815


class _Who(msgspec.Struct):
    arn: str = ""
    userName: str = ""  # noqa: N815
    sessionContext: _Session = msgspec.field(default_factory=_Session)  # noqa: N815


class _Head(msgspec.Struct):
    """What a query looks at."""

    eventName: str = ""  # noqa: N815
    recipientAccountId: str = ""  # noqa: N815
    errorCode: str = ""  # noqa: N815
    userIdentity: _Who = msgspec.field(default_factory=_Who)  # noqa: N815


class AuditLog:
    """One directory. Start it before the first line, close it after the last."""

    def __init__(
        self,
        directory: Path,
        *,
        file_most: int = FILE_MOST,
        files_most: int = FILES_MOST,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._directory = directory
        self._file_most = file_most
        self._files_most = files_most
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._weight = 0
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._thread.start()

    def append(self, line: bytes) -> None:
        """A line without its end."""
        with self._lock:
            self._waiting.append(line)
            self._weight += len(line)

    def close(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(self._pause_s)
        self.flush()

    def flush(self) -> None:
        """Everything that was appended is in the files, or the journal says why not."""
        with self._writing:
            with self._lock:
                lines, weight = self._waiting, self._weight
                self._waiting, self._weight = [], 0
            if not lines:
                return
            try:
                self._write(b"\n".join(lines) + b"\n")
            except OSError as failure:
                journal.event("audit-not-written", level=logging.ERROR, lines=len(lines), error=str(failure))
                with self._lock:
                    if weight + self._weight <= _WAITING_MOST:
                        self._waiting[:0], self._weight = lines, weight + self._weight

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s):
            self.flush()

    def _write(self, octets: bytes) -> None:
        numbers = self._numbers()
        number = numbers[-1] if numbers else 1
        if numbers and self._path(number).stat().st_size >= self._file_most:
            number += 1
            for old in numbers[: max(0, len(numbers) + 1 - self._files_most)]:
                self._path(old).unlink(missing_ok=True)
        file = os.open(self._path(number), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            rest = memoryview(octets)
            while rest:
                rest = rest[os.write(file, rest) :]
        finally:
            os.close(file)

    # --- reading

    def last(self, query: Query, most: int) -> tuple[list[dict[str, Any]], str]:
        """(the newest records that match, the oldest of them first; where the log ends now)."""
        self.flush()
        wanted = _matcher(query)
        found: list[dict[str, Any]] = []
        numbers = self._numbers()
        end = self._end(numbers)
        for number in reversed(numbers):
            for line in reversed(self._lines(number, 0)):
                if len(found) >= most:
                    break
                if wanted(line):
                    found.append(msgspec.json.decode(line))
        found.reverse()
        return found, end

    def after(self, place: str, query: Query, most: int) -> tuple[list[dict[str, Any]], str]:
        """(records that match after a place that was told before, the oldest first; where to go on).

        Raises: ValueError, for what is no place.
        """
        self.flush()
        begin, at = _place(place)
        wanted = _matcher(query)
        found: list[dict[str, Any]] = []
        for number, offset, line in self._onward(begin, at):
            if wanted(line):
                found.append(msgspec.json.decode(line))
            begin, at = number, offset
            if len(found) >= most:
                break
        return found, f"{begin}:{at}"

    def _onward(self, begin: int, at: int) -> Iterator[tuple[int, int, bytes]]:
        """(file, where the line ends, the line)."""
        for number in self._numbers():
            if number < begin:
                continue
            offset = at if number == begin else 0
            for line in self._lines(number, offset):
                offset += len(line) + 1
                yield number, offset, line

    def _lines(self, number: int, offset: int) -> list[bytes]:
        try:
            with self._path(number).open("rb") as file:
                file.seek(offset)
                octets = file.read()
        except FileNotFoundError:  # the oldest, which has just gone
            return []
        return octets[: octets.rfind(b"\n") + 1].splitlines()

    def _end(self, numbers: list[int]) -> str:
        return f"{numbers[-1]}:{self._path(numbers[-1]).stat().st_size}" if numbers else "0:0"

    def _numbers(self) -> list[int]:
        return sorted(
            int(file.stem.removeprefix("audit-"))
            for file in self._directory.glob("audit-*.jsonl")
            if file.stem.removeprefix("audit-").isdecimal()
        )

    def _path(self, number: int) -> Path:
        return self._directory / f"audit-{number:08}.jsonl"


def _place(text: str) -> tuple[int, int]:
    number, colon, at = text.partition(":")
    if not (colon and number.isdecimal() and at.isdecimal()):
        raise ValueError(text)
    return int(number), int(at)


def _matcher(query: Query) -> Callable[[bytes], bool]:
    event = query.event.lower()
    decoder = msgspec.json.Decoder(_Head)

    def matches(line: bytes) -> bool:
        try:
            head = decoder.decode(line)
        except msgspec.DecodeError:  # a line that a crash has cut
            return False
        return (
            (not event or head.eventName.lower() == event)
            and (not query.account or head.recipientAccountId == query.account)
            and (not query.errors or bool(head.errorCode))
            and (not query.user or _is(query.user, head.userIdentity))
        )

    return matches


def _is(user: str, who: _Who) -> bool:
    names = {who.userName, who.arn, who.sessionContext.sessionIssuer.userName, who.arn.rpartition("/")[2]}
    return user in names
