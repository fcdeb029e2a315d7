"""The load generator: building `dnsload`, running it on its own processor, and what it reports."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.processes import LOAD_CPU, BenchFault, call

_HERE = Path(__file__).resolve().parent
_GRACE_S = 30.0
SAMPLE = 100  # each 100th answer is kept for the judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server that answers for the zone. `pid` leads the tree of its processes."""

    name: str
    host: str
    port: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass: counts of queries, the mean size of an answer in octets, waits in microseconds.

    `first` and `fresh` delimit the sequence numbers of the random names: first <= n < first + fresh.
    """

    completed: int
    lost: int
    first: int
    fresh: int
    seconds: float
    answer_octets: int
    truncated: int
    p50_us: int
    p99_us: int
    rcodes: dict[str, int]

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + self.fresh)


def build(source: str, directory: Path) -> Path:
    """Compiles one of this package's C programs. Raises BenchFault."""
    binary = directory / Path(source).stem
    call("gcc", "-O2", "-o", binary, _HERE / source)
    return binary


class Load:
    """Runs the load generator; hands out sequence numbers so that no random name is ever asked twice."""

    def __init__(self, binary: Path, *, cpu: int = LOAD_CPU) -> None:
        self._command = ["taskset", "-c", str(cpu), str(binary)]
        self._next = 0

    def run(
        self, target: Target, queries: Path, *, seconds: float, most: int = 0, sample: Path | None = None
    ) -> Run:
        """One pass over UDP, for `seconds` or until `most` queries are done. Raises BenchFault."""
        command = [*self._command, "-s", target.host, "-p", str(target.port), "-f", str(queries)]
        command += ["-t", str(seconds), "-i", str(self._next)]
        command += ["-q", str(most)] if most else []
        command += ["-d", str(sample), "-e", str(SAMPLE)] if sample else []
        try:
            done = subprocess.run(
                command, text=True, capture_output=True, check=False, timeout=seconds + _GRACE_S
            )
        except subprocess.TimeoutExpired:
            raise BenchFault("the load generator did not end") from None
        if done.returncode != 0:
            raise BenchFault(f"the load generator failed: {done.stderr.strip()}")
        run = Run(first=self._next, **json.loads(done.stdout))
        self._next += run.fresh
        if not run.completed:
            raise BenchFault(f"{target.name} answered nothing")
        return run
