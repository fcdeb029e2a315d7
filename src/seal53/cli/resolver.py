"""`seal53 resolver serve`: a validating resolver alone, without accounts, VPCs or a database.

It answers from the same data plane and machine as a VPC's resolver. Prints `ready` once it answers. Not for:
the public Internet at large; whoever reaches the address is served.
"""

import asyncio
import contextlib
import ipaddress
import secrets
import signal
from pathlib import Path

import typer

from seal53.base.clock import Clock, SystemClock, UnixTime
from seal53.base.errors import StartFault
from seal53.base.signals import ends_on
from seal53.core import DataPlane, PlaneFault
from seal53.resolver.anchors import AnchorFault, parse_hints
from seal53.resolver.service import ResolverService
from seal53.resolver.transport import UpstreamMap

app = typer.Typer(help="A validating resolver.", no_args_is_help=True)

VPC = "alone"
VIEW = f"vpc:{VPC}"


@app.callback()
def _group() -> None:
    pass


@app.command()
def serve(
    listen: str = typer.Option(..., metavar="ADDR:PORT", help="Where to answer, UDP and TCP."),
    root_hints: Path = typer.Option(..., metavar="FILE", help="NS, A and AAAA records of the root, as text."),
    trust_anchors: Path | None = typer.Option(None, metavar="FILE", help="DS or DNSKEY records, as text."),
    upstream_map: Path | None = typer.Option(
        None, metavar="FILE", help='JSON, address to "host:port": where packets for it are sent.'
    ),
    upstream_port: int = typer.Option(53, min=1, max=65535, help="Port of the name servers."),
    test_clock: Path | None = typer.Option(
        None,
        metavar="FILE",
        help="For tests: holds the time, in UNIX seconds; read at each query. Answers then have TTL 0.",
    ),
    no_validation: bool = typer.Option(False, "--no-validation", help="Believe unsigned and wrong answers."),
) -> None:
    """Answer from the root hints on, and check what is signed."""
    address, port = _endpoint(listen)
    hints = parse_hints(_read(root_hints))
    if trust_anchors is None and not no_validation:
        raise StartFault("there are no trust anchors", hint="give --trust-anchors FILE, or --no-validation")
    anchors = [] if trust_anchors is None else _read(trust_anchors).splitlines()
    if upstream_map is not None:
        _read(upstream_map)
        UpstreamMap(upstream_map).load()
    clock: Clock = SystemClock() if test_clock is None else FileClock(test_clock)
    clock.now()
    plane = DataPlane(secrets.token_bytes(32))
    service = ResolverService(
        plane,
        clock,
        secrets.token_bytes,
        upstream_map=upstream_map,
        private=False,
        own_cache=test_clock is not None,
    )
    plane.set_resolver_view(VIEW, [])
    service.boot(hints, anchors, upstream_port)
    if not no_validation and not service.has_anchors:
        raise AnchorFault(f"{trust_anchors} holds no trust anchor")
    service.set_vpc(VPC, not no_validation)
    plane.start(1)
    try:
        try:
            plane.listen(address, port, VIEW)
        except PlaneFault as e:
            raise StartFault(str(e.args[-1])) from None
        asyncio.run(_serve(service))
    finally:
        plane.stop()


async def _serve(service: ResolverService) -> None:
    task = asyncio.create_task(service.run())
    with ends_on([signal.SIGTERM, signal.SIGINT], task.cancel):
        typer.echo("ready")
        with contextlib.suppress(asyncio.CancelledError):
            await task


class FileClock:
    """A clock whose wall time stands in a file. While the file cannot be read, the last time holds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: int | None = None

    def now(self) -> UnixTime:
        """Raises StartFault as long as the file was never readable."""
        try:
            self._last = int(self._path.read_text().strip())
        except (OSError, ValueError):
            if self._last is None:
                raise StartFault(f"{self._path} does not hold UNIX seconds") from None
        return UnixTime(self._last)

    def monotonic(self) -> float:
        return SystemClock().monotonic()


def _endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        address, number = str(ipaddress.ip_address(host.strip("[]"))), int(port)
        if not 0 <= number < 65536:
            raise ValueError
    except ValueError:
        raise StartFault(
            f"{text!r} is no ADDR:PORT", hint="for example 127.0.0.1:5353 or [::1]:5353"
        ) from None
    return address, number


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise StartFault(f"the file {path} cannot be read: {e}") from None
