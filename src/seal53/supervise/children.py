"""Forking a role, and knowing when it ended.

A role is forked from the supervisor, which has imported every room and has no threads: a new process is
there in milliseconds and shares its memory. It ends with its supervisor (PR_SET_PDEATHSIG), however that
one ends.
"""

import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from seal53.base.errors import Fault
from seal53.feed.link import CannotStart, Link

Role = Callable[[Link], None]
"""The whole life of a role's process; returns when SIGTERM ended it."""

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


@dataclass(slots=True)
class Child:
    """A living process of a role. `answers` once it said so, `why` when it said that it cannot start."""

    role: str
    edge_id: str
    pid: int
    link: Link
    started_at: float
    answers: bool = False
    why: str | None = None
    status: int | None = field(default=None)

    def reap(self) -> bool:
        """Whether the process has ended."""
        if self.status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self.status = 0
                return True
            if pid == self.pid:
                self.status = status
        return self.status is not None

    @property
    def ended_by(self) -> str:
        if self.status is None:
            return "still lives"
        if os.WIFSIGNALED(self.status):
            return f"killed by {signal.Signals(os.WTERMSIG(self.status)).name}"
        return f"exit status {os.WEXITSTATUS(self.status)}"

    def kill(self, number: int) -> None:
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def fork(
    role: str, run: Role, *, edge_id: str, live: tuple[str, ...], others: Iterable[Child], now: float
) -> Child:
    """A new process of the role; `now` is monotonic. The child never returns from here. Raises OSError."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    supervisor = os.getpid()
    gc.collect(0)
    # A signal that comes before the child has let go of our handlers would be lost: it waits instead.
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    try:
        pid = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
        ours.close()
        theirs.close()
        raise
    if pid == 0:
        code = 1
        try:
            ours.close()
            for other in others:
                other.link.socket.close()
            _settle(supervisor)
            code = _live(run, Link(theirs, edge_id=edge_id, live=live), role)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
    theirs.close()
    ours.setblocking(False)
    return Child(role=role, edge_id=edge_id, pid=pid, link=Link(ours, edge_id=edge_id), started_at=now)


def _settle(supervisor: int) -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != supervisor:  # it ended between fork and prctl
        os._exit(1)
    signal.set_wakeup_fd(-1)
    for number in _HANDLED:
        signal.signal(number, signal.SIG_DFL)
    # Ctrl-C reaches the whole group; the supervisor decides when its roles end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def _live(run: Role, link: Link, role: str) -> int:
    try:
        run(link)
    except Fault as fault:
        link.send(CannotStart(why=str(fault)))
        return 3
    except Exception:  # a bug: logged in full; the supervisor decides what follows
        logging.getLogger("seal53").exception("the %s process ends on an unexpected error", role)
        return 1
    return 0
