"""The services whose API is measured: `seal53 serve` with a data directory on disk, and moto's server."""

import json
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.api_client import Asker, Client, Zone
from bench.processes import BenchFault, cpu_s, family, last_words, pss_mb, running

SEAL53 = "seal53"
MOTO = "moto"
BLOCK = "127.53.201.0/24"
_START_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running service and its client; `facts` is what Seal53's ready file says."""

    name: str
    pid: int
    client: Client
    ready: Path | None = None

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {} if self.ready is None else json.loads(self.ready.read_text())
        return facts

    def cpu_s(self) -> float:
        """Processor time of all of its processes so far."""
        return cpu_s(family(self.pid))

    def pss_mb(self) -> dict[str, float]:
        """Memory by role."""
        roles: dict[str, list[int]] = self.facts["pids"]
        return {role: pss_mb(pids) for role, pids in roles.items()}

    def asker(self, zone: Zone) -> Asker:
        """One that asks the zone's name servers."""
        hosts = {host.rstrip(".") for host in zone.hosts}
        until = time.monotonic() + _START_S
        while True:  # the ready file follows the creation of a delegation set
            found = [
                (s["address"], s["port"])
                for s in self.facts["name_servers"]
                if s["host"].rstrip(".") in hosts
            ]
            if len(found) == len(hosts):
                return Asker(found)
            if time.monotonic() > until:
                raise BenchFault(f"the ready file does not list the name servers of {zone.name}")
            time.sleep(0.01)


@contextmanager
def seal53(data: Path, place: Path) -> Iterator[Server]:
    """With what `data` holds already; given out once its API answers. Raises BenchFault."""
    ready, log = place / "ready.json", place / "seal53.log"
    ready.unlink(missing_ok=True)
    command: list[str | Path] = [sys.executable, "-m", "seal53", "serve", "--data", data]
    command += ["--address-block", BLOCK, "--api-listen", "127.0.0.1:0", "--ready-file", ready]
    with running(command, log, orphan_signal="TERM") as process:
        _wait(lambda: ready.exists(), process, log, SEAL53)
        facts = json.loads(ready.read_text())
        key = facts["accounts"][0]
        client = Client(facts["api"], key["access_key_id"], key["secret_access_key"])
        yield Server(name=SEAL53, pid=process.pid, client=client, ready=ready)


def find_moto(given: str | None) -> str | None:
    """The program `moto_server`: as given, beside this interpreter, or in PATH."""
    beside = Path(sys.executable).with_name("moto_server")
    return given or (str(beside) if beside.exists() else shutil.which("moto_server"))


@contextmanager
def moto(program: str, place: Path) -> Iterator[Server]:
    """moto's server, which keeps everything in its memory. Raises BenchFault."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = place / "moto.log"
    with running([program, "-H", "127.0.0.1", "-p", str(port)], log) as process:
        _wait(lambda: _listens(port), process, log, MOTO)
        client = Client(f"http://127.0.0.1:{port}", "AKIAIOSFODNN7EXAMPLE", "secret")
        yield Server(name=MOTO, pid=process.pid, client=client)


def _wait(ready: Any, process: Any, log: Path, name: str) -> None:
    until = time.monotonic() + _START_S
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            raise BenchFault(f"{name} did not start: {last_words(log)}")
        time.sleep(0.01)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` (0 to 1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
