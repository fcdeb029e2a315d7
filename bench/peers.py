"""The servers beside ours: how each is configured, started and ended.

All serve the same zone over UDP with one worker, without logs of queries and without rate limits: Knot, NSD
and BIND the copy that was signed before, Knot (mod-onlinesign) and PowerDNS (narrow NSEC3) the unsigned one,
which they sign while answering. `floor` looks nothing up: the kernel's own cost. Everything listens on a free
high port of 127.0.0.1, and nothing is said to anybody else (no notifies, no version checks).
"""

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import zone
from bench.load import Target
from bench.processes import SERVER_CPU, BenchFault, call, find, last_words, require, running

HOST = "127.0.0.1"
START_S = 90.0
FLOOR_ANSWER = 173  # octets; a signed A answer for a name of this zone
_BARE = zone.ORIGIN.rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a configuration needs: a directory of its own, a port, and the zone's files."""

    directory: Path
    port: int
    unsigned: Path
    signed: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One row. `family` is what `--only` selects; `start` writes the configuration and gives the command."""

    name: str
    family: str
    programs: tuple[str, ...]
    start: Callable[[Place], Sequence[str | Path]] = field(repr=False)
    online: bool = False  # signs while it answers
    version: tuple[str, ...] = ()

    @property
    def presigned(self) -> bool:
        return bool(self.version) and not self.online


def sign(directory: Path, unsigned: Path) -> Path:
    """The signed copy: P-256, NSEC, by BIND's signer with fresh keys. Raises BenchFault."""
    require("dnssec-keygen", "dnssec-signzone")
    keys, signed = directory / "keys", directory / "signed.zone"
    keys.mkdir()
    for flag in (["-f", "KSK"], []):
        call("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-K", str(keys), *flag, _BARE)
    sign_zone = ["dnssec-signzone", "-q", "-P", "-S", "-K", str(keys), "-d", str(directory)]
    call(*sign_zone, "-o", _BARE, "-f", str(signed), str(unsigned))
    return signed


@contextmanager
def serving(peer: Peer, directory: Path, *, unsigned: Path, signed: Path) -> Iterator[Target]:
    """A peer that answers, pinned to its processor. Raises BenchFault, Missing."""
    require(*peer.programs)
    home = directory / "servers" / peer.name
    home.mkdir(parents=True)
    place = Place(directory=home, port=free_port(), unsigned=unsigned, signed=signed)
    log = home / "log"
    with running(peer.start(place), log, cpu=SERVER_CPU) as process:
        target = Target(name=peer.name, host=HOST, port=place.port, pid=process.pid)
        wait_until_served(target, process, log)
        yield target


def wait_until_served(target: Target, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until a host of the zone is answered. Raises BenchFault with the server's last words."""
    query = bytes.fromhex("535300000001000000000000") + b"\x07h000000\x07example\x04test\x00\x00\x01\x00\x01"
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            try:
                s.connect((target.host, target.port))
                s.send(query)
                reply = s.recv(4096)
                if reply[:2] == query[:2] and reply[3] & 15 == 0:
                    return
            except OSError:
                pass
        time.sleep(0.1)
    why = "ended" if process.poll() is not None else f"did not answer within {START_S:.0f} s"
    raise BenchFault(f"{target.name} {why}: {last_words(log)}")


def version_of(peer: Peer) -> str:
    """As the program tells it; empty where it tells none."""
    if not peer.version or find(peer.version[0]) is None:
        return ""
    program, *flags = peer.version
    said = subprocess.run([find(program) or program, *flags], text=True, capture_output=True, check=False)
    found = re.search(r"\d+\.\d+(\.\d+)*", said.stdout + said.stderr)
    return found.group() if found else ""


def free_port() -> int:
    """A port of HOST that is free for UDP and TCP now."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
        ):
            stream.bind((HOST, 0))
            port: int = stream.getsockname()[1]
            try:
                datagram.bind((HOST, port))
            except OSError:
                continue
            return port


def floor(binary: Path) -> Peer:
    """The echo loop, whose program is built for the run."""
    return Peer(
        name="floor",
        family="floor",
        programs=(),
        start=lambda place: [binary, str(place.port), str(FLOOR_ANSWER)],
    )


def _start_knot(place: Place) -> Sequence[str | Path]:
    return _knot(place, place.signed)


def _start_knot_online(place: Place) -> Sequence[str | Path]:
    policy = "policy:\n  - id: p256\n    algorithm: ecdsap256sha256\n"
    policy += "mod-onlinesign:\n  - id: online\n    policy: p256\n"
    return _knot(place, place.unsigned, before=policy, in_zone="    module: mod-onlinesign/online\n")


def _knot(place: Place, file: Path, *, before: str = "", in_zone: str = "") -> Sequence[str | Path]:
    (place.directory / "db").mkdir()
    return _configured(
        place,
        f"""\
server:
  rundir: {place.directory}
  listen: {HOST}@{place.port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: error
database:
  storage: {place.directory}/db
{before}template:
  - id: default
    zonefile-load: whole
    journal-content: none
    zonefile-sync: -1
zone:
  - domain: {_BARE}
    file: {file}
{in_zone}""",
        "knotd",
        "-c",
    )


def _start_nsd(place: Place) -> Sequence[str | Path]:
    here = place.directory
    return _configured(
        place,
        f"""\
server:
  server-count: 1
  ip-address: {HOST}@{place.port}
  username: ""
  database: ""
  zonesdir: "{here}"
  minimal-responses: yes
  pidfile: "{here}/pid"
  xfrdfile: "{here}/xfrd"
  zonelistfile: "{here}/list"
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {_BARE}
  zonefile: {place.signed}
""",
        "nsd",
        "-d",
        "-c",
    )


def _start_bind(place: Place) -> Sequence[str | Path]:
    here = place.directory
    return _configured(
        place,
        f"""\
options {{
  directory "{here}"; pid-file "{here}/pid"; session-keyfile none;
  listen-on port {place.port} {{ {HOST}; }}; listen-on-v6 {{ none; }};
  recursion no; notify no; minimal-responses yes; dnssec-validation no;
}};
controls {{ }};
zone "{_BARE}" {{ type primary; file "{place.signed}"; masterfile-format text; }};
""",
        "named",
        "-g",
        "-n",
        "1",
        "-c",
    )


def _start_pdns(place: Place) -> Sequence[str | Path]:
    here = place.directory
    (here / "named.conf").write_text(f'zone "{_BARE}" {{ type master; file "{place.unsigned}"; }};\n')
    (here / "pdns.conf").write_text(
        f"""\
launch=bind
bind-config={here}/named.conf
bind-dnssec-db={here}/dnssec.sqlite3
local-address={HOST}
local-port={place.port}
receiver-threads=1
signing-threads=1
distributor-threads=1
socket-dir={here}
guardian=no
daemon=no
loglevel=3
log-dns-queries=no
security-poll-suffix=
"""
    )
    config = f"--config-dir={here}"
    call("pdnsutil", config, "create-bind-db", str(here / "dnssec.sqlite3"))
    call("pdnsutil", config, "secure-zone", _BARE)
    call("pdnsutil", config, "set-nsec3", _BARE, "1 0 0 -", "narrow")
    return ["pdns_server", config]


def _configured(place: Place, text: str, *command: str) -> Sequence[str | Path]:
    file = place.directory / "conf"
    file.write_text(text)
    return [*command, file]


PEERS = (
    Peer(name="knot", family="knot", programs=("knotd",), start=_start_knot, version=("knotd", "--version")),
    Peer(name="nsd", family="nsd", programs=("nsd",), start=_start_nsd, version=("nsd", "-v")),
    Peer(name="bind", family="bind", programs=("named",), start=_start_bind, version=("named", "-v")),
    Peer(
        name="knot-online",
        family="knot",
        programs=("knotd",),
        start=_start_knot_online,
        online=True,
        version=("knotd", "--version"),
    ),
    Peer(
        name="pdns-online",
        family="pdns",
        programs=("pdns_server", "pdnsutil"),
        start=_start_pdns,
        online=True,
        version=("pdns_server", "--version"),
    ),
)
FAMILIES = tuple(dict.fromkeys(peer.family for peer in PEERS))
