"""Processes: starting them so that none outlives the run, pinning them, and what they cost.

Everything is read from /proc: processor time as user plus system of a process and all its descendants, memory
as Pss, which counts a shared page once. Limits: Linux; times in clock ticks (10 ms).
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

SERVER_CPU = 0
LOAD_CPU = 1
STOP_S = 10.0
_TICK = os.sysconf("SC_CLK_TCK")

PACKAGES = {
    "dnssec-keygen": "bind9-utils",
    "dnssec-signzone": "bind9-utils",
    "gcc": "gcc",
    "knotd": "knot",
    "named": "bind9",
    "nsd": "nsd",
    "pdns_server": "pdns-server pdns-backend-bind",
    "pdnsutil": "pdns-server pdns-backend-bind",
    "setpriv": "util-linux",
    "taskset": "util-linux",
}


class BenchFault(Exception):
    """The bench, or one row of it, cannot go on; one line says why."""


class Missing(BenchFault):
    """A program that is not installed."""


def require(*programs: str) -> None:
    """Raises Missing, with the Debian packages to install."""
    absent = [program for program in programs if find(program) is None]
    if absent:
        packages = " ".join(dict.fromkeys(PACKAGES[program] for program in absent))
        raise Missing(f"{', '.join(absent)} not installed (apt-get install {packages})")


def find(program: str) -> str | None:
    """The program's path; daemons lie in /usr/sbin, which an ordinary user's PATH lacks."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def call(*command: str | Path) -> str:
    """Standard output of a short-lived program. Raises BenchFault with its last line when it fails."""
    program, *rest = map(str, command)
    done = subprocess.run([find(program) or program, *rest], text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise BenchFault(f"{Path(program).name} failed: {_last_line(done.stderr or done.stdout)}")
    return done.stdout


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, *, cpu: int | None = None, orphan_signal: str = "KILL"
) -> Iterator[subprocess.Popen[bytes]]:
    """A server for the length of the block; its output goes to `log`.

    It gets SIGTERM at the end, SIGKILL after STOP_S, and `orphan_signal` when this process dies first.
    """
    program, *rest = map(str, command)
    wrapped = ["setpriv", "--pdeathsig", orphan_signal]
    wrapped += [] if cpu is None else ["taskset", "-c", str(cpu)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*wrapped, find(program) or program, *rest],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # settings of whoever measures are not those that are measured
            env={name: value for name, value in os.environ.items() if not name.startswith("SEAL53_")},
        )
    try:
        yield process
    finally:
        left = family(process.pid)
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)
            process.wait()


def last_words(log: Path) -> str:
    """The last line that a server wrote."""
    return _last_line(log.read_text(errors="replace"))


def family(pid: int) -> list[int]:
    """A process and all its descendants, as one reading of /proc shows them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def cpu_s(pids: Sequence[int]) -> float:
    """User plus system time of these processes, in seconds. Raises BenchFault when one has ended."""
    ticks = 0
    for pid in pids:
        fields = _stat(pid)
        if fields is None:
            raise BenchFault(f"process {pid} ended while it was measured")
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICK


def pss_mb(pids: Sequence[int]) -> float:
    """Proportional memory of these processes together, in MiB."""
    kb = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kb / 1024


def pin(pids: Sequence[int], cpu: int) -> None:
    """Every thread of these processes to one processor; threads that come later inherit it."""
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), {cpu})


def _stat(pid: int) -> list[str] | None:
    """/proc/PID/stat from the state on (field 3 of proc(5) is index 0); None: it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


@contextmanager
def workshop() -> Iterator[Path]:
    """A directory for the length of the run."""
    with tempfile.TemporaryDirectory(prefix="seal53-bench-") as name:
        yield Path(name)
