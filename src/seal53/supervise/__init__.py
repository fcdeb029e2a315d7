"""What `seal53 serve` starts: a process that only starts, watches and ends the roles.

    forked --answers--> answering --ended--> forked again
        at once when it had answered, else after a growing pause
        at the first start: a role that says why it cannot start, or that ends three times before it
        answered, ends the service

It keeps the ready file: written once every role answers, then whenever facts or process ids change, removed
at the end. It tells control which name servers live. Not for: anything about DNS. Limits: one process a
role; no threads.
"""

import contextlib
import gc
import json
import logging
import os
import resource
import select
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seal53.base import journal
from seal53.base.clock import Clock, SystemClock
from seal53.base.errors import StartFault
from seal53.config import Place, Settings
from seal53.feed.link import Answers, CannotStart, Ended, Facts, Message, Started
from seal53.supervise import ground as grounds
from seal53.supervise.children import Child, Role, fork

__all__ = ["Role", "serve"]

CONTROL = "control"
_END_WITHIN_S = 1.2  # of the 2 s that a service has after SIGTERM; then SIGKILL
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_FORK_AGAIN_S = 1.0
_TRIES_AT_START = 3

Announce = Callable[[Mapping[str, Any]], None]
"""Told what the ready file holds, once, when everything answers."""


def serve(settings: Settings, make_roles: Callable[[Place], Mapping[str, Role]], announce: Announce) -> None:
    """Runs until SIGTERM or SIGINT. Raises StartFault, in one line, when the service cannot start."""
    clock = SystemClock()
    with _Signals() as signals:
        os.umask(0o077)  # I6: whatever a process of the service makes is its user's alone
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        # the usual 1024 is what the cap on TCP connections alone may take
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        ground = grounds.take(settings, clock, time.sleep)
        try:
            if ground.fell_back:
                journal.event("port", asked=settings.dns_port, refused="EACCES", used=ground.place.port)
            _Supervisor(ground, make_roles(ground.place), announce, clock, signals).run()
        finally:
            ground.leave()


class _Signals:
    """Signals as bytes on a socket, so that one `select` waits for everything."""

    def __init__(self) -> None:
        self.reading, self._writing = socket.socketpair()
        self.stopping = False
        self._before: dict[int, Any] = {}
        self._wakeup = -1

    def __enter__(self) -> "_Signals":
        self.reading.setblocking(False)
        self._writing.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._stop)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            # One that was asked to end and is asked again is on its way.
            signal.signal(number, signal.SIG_IGN if self.stopping else handler)
        self.reading.close()
        self._writing.close()

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.reading.recv(512):
                pass


class _Supervisor:
    def __init__(
        self,
        ground: grounds.Ground,
        roles: Mapping[str, Role],
        announce: Announce,
        clock: Clock,
        signals: _Signals,
    ) -> None:
        self._ground = ground
        self._roles = roles
        self._announce = announce
        self._clock = clock
        self._signals = signals
        self._selector = selectors.DefaultSelector()
        self._children: dict[str, Child] = {}
        self._due: dict[str, float] = {}  # role -> when to fork it again
        self._failures = dict.fromkeys(roles, 0)  # in a row, without having answered
        self._forks = 0
        self._facts: Mapping[str, Any] | None = None
        self._announced = False
        self._written: str | None = None

    def run(self) -> None:
        gc.collect()
        gc.freeze()  # what is here now is shared with every child and never collected
        self._selector.register(self._signals.reading, selectors.EVENT_READ)
        self._due = dict.fromkeys(self._roles, 0.0)
        try:
            while not self._signals.stopping:
                self._fork_due()
                self._wait()
                self._bury()
                self._keep_ready_files()
        finally:
            self._end()

    def _fork_due(self) -> None:
        now = self._clock.monotonic()
        for role in [role for role, due in self._due.items() if due <= now]:
            del self._due[role]
            self._forks += 1
            edge_id = f"{role}-{self._forks}"
            if role != CONTROL:
                self._tell_control(Started(edge_id=edge_id))
            try:
                child = fork(
                    role,
                    self._roles[role],
                    edge_id=edge_id,
                    live=tuple(c.edge_id for c in self._children.values() if c.role != CONTROL),
                    others=self._children.values(),
                    now=now,
                )
            except OSError as e:  # no process or no descriptor is to be had just now
                journal.event("not-forked", level=logging.ERROR, role=role, why=str(e))
                self._due[role] = now + _FORK_AGAIN_S
                continue
            self._children[role] = child
            self._selector.register(child.link.socket, selectors.EVENT_READ, child)

    def _wait(self) -> None:
        timeout = None
        if self._due:
            timeout = max(0.0, min(self._due.values()) - self._clock.monotonic())
        for key, _ in self._selector.select(timeout):
            if isinstance(key.data, Child):
                self._hear(key.data)
            else:
                self._signals.drain()

    def _hear(self, child: Child) -> None:
        said = child.link.feed()
        if said is None:
            self._selector.unregister(child.link.socket)
            child.kill(signal.SIGKILL)  # it cannot be watched any more
            return
        for message in said:
            self._heed(child, message)

    def _heed(self, child: Child, message: Message) -> None:
        match message:
            case Answers():
                child.answers = True
                self._failures[child.role] = 0
            case Facts(facts=facts):
                self._facts = facts
            case CannotStart(why=why):
                child.why = why
            case Started() | Ended():
                pass

    def _bury(self) -> None:
        """Takes note of ended roles and decides when they are forked again."""
        for role, child in list(self._children.items()):
            if not child.reap():
                continue
            self._last_words(child)
            del self._children[role]
            if role != CONTROL:
                self._tell_control(Ended(edge_id=child.edge_id))
            if self._signals.stopping:
                continue
            journal.event("role-ended", role=role, pid=child.pid, how=child.ended_by, why=child.why or "")
            if not self._announced:
                self._give_up_early(child)
            pause = 0.0
            if not child.answers:
                failures = self._failures[role]
                self._failures[role] += 1
                pause = 0.0 if failures == 0 else min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (failures - 1))
            self._due[role] = self._clock.monotonic() + pause

    def _last_words(self, child: Child) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(child.link.socket)
        while said := child.link.feed():
            for message in said:
                self._heed(child, message)
        child.link.socket.close()

    def _give_up_early(self, child: Child) -> None:
        if child.why is not None:
            raise StartFault(child.why)
        if self._failures[child.role] + 1 >= _TRIES_AT_START:
            raise StartFault(f"the {child.role} process ends before it answers ({child.ended_by})")

    def _tell_control(self, message: Message) -> None:
        control = self._children.get(CONTROL)
        if control is not None and not control.link.send(message):
            # It would go on without knowing who lives: its successor is told when it is forked.
            control.kill(signal.SIGKILL)

    def _keep_ready_files(self) -> None:
        if self._facts is None or any(
            role not in self._children or not self._children[role].answers for role in self._roles
        ):
            return
        pids = {"supervisor": [os.getpid()]} | {role: [self._children[role].pid] for role in self._roles}
        content = {**self._facts, "pids": pids}
        text = json.dumps(content, indent=2) + "\n"
        if text == self._written:
            return
        for path in self._ground.ready_files:
            try:
                write_private(path, text)
            except StartFault as fault:
                if not self._announced:
                    raise
                journal.event("ready-file", level=logging.ERROR, why=str(fault))
        self._written = text
        if not self._announced:
            self._announced = True
            self._announce(content)

    def _end(self) -> None:
        for path in self._ground.ready_files:
            path.unlink(missing_ok=True)
        for child in self._children.values():
            child.kill(signal.SIGTERM)
        until = self._clock.monotonic() + _END_WITHIN_S
        while any(not child.reap() for child in self._children.values()):
            left = until - self._clock.monotonic()
            if left <= 0:
                break
            select.select([self._signals.reading], [], [], min(left, 0.05))
            self._signals.drain()
        for child in self._children.values():
            child.kill(signal.SIGKILL)
        for child in self._children.values():
            if child.status is None:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child.pid, 0)
        self._selector.close()


def write_private(path: Path, text: str) -> None:
    """Replaces a file at once, mode 0600: a reader sees the old one or the new one. Raises StartFault."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        fresh.replace(path)
    except OSError as e:
        raise StartFault(f"the ready file {path} cannot be written: {e.strerror}") from None
