"""`python -m bench --api`: what calls cost, how long until they are answered in DNS, and at which size.

    costs   processor time of all processes for one change through INSYNC and for a page, beside moto's server
    large   a zone of a million record sets: loading, one change beside a small zone, pages, restart, memory
    zones   ten thousand zones: listing, one change, restart, memory

Not for: queries (`python -m bench` without --api). Nothing else may run on the machine. Limits: processor
time is counted in ticks of 10 ms; moto keeps everything in its memory and answers no DNS.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import report
from bench.api_client import Asker, Client, Zone
from bench.api_report import GOALS, Figures, lines
from bench.api_servers import MOTO, SEAL53, Server, find_moto, moto, percentile, seal53
from bench.processes import BenchFault, workshop
from bench.subject import require_optimized

PARTS = ("costs", "large", "zones")
BATCH = 1000
_WARM = 50
_EDGE = 20  # batches at the beginning and at the end that are compared
_SCATTER = 2654435761  # Knuth's multiplier: names come in no order

Say = Callable[[str], None]


def main(argv: Sequence[str], say: Say) -> None:
    """Raises BenchFault."""
    arguments = _arguments(argv)
    require_optimized()
    facts = report.machine()
    print("\n".join(f"{name:8} {value}" for name, value in facts.items()), flush=True)
    figures: Figures = {}
    left_out: list[str] = []
    with workshop() as directory:
        if "costs" in arguments.parts:
            _costs(arguments, directory, figures, left_out, say)
        if "large" in arguments.parts:
            _large(arguments, directory, figures, say)
        if "zones" in arguments.parts:
            _zones(arguments, directory, figures, say)
    print()
    print("\n".join(lines(figures)))
    for line in left_out:
        print(f"left out: {line}")
    if arguments.json:
        result = {"machine": facts, "figures": figures, "goals": GOALS, "left_out": left_out}
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


# --- what a call costs


def _costs(
    arguments: argparse.Namespace, directory: Path, figures: Figures, left_out: list[str], say: Say
) -> None:
    with seal53(directory / "costs", directory) as server:
        _cost(server, arguments.changes, figures, say)
    program = find_moto(arguments.moto)
    if program is None:
        left_out.append("moto: no moto_server (pip install 'moto[server]', or --moto PATH)")
        return
    try:
        with moto(program, directory) as server:
            _cost(server, arguments.changes, figures, say)
        for what in ("change", "page of 300"):
            ours, theirs = (figures[f"{name}: processor time per {what}"] for name in (SEAL53, MOTO))
            figures[f"{what}, to moto"] = ours / theirs
    except BenchFault as e:
        left_out.append(f"moto: {e}")


def _cost(server: Server, changes: int, figures: Figures, say: Say) -> None:
    client = server.client
    zone = client.create_zone("costs.example.com")
    for n in range(0, 300, BATCH):
        client.change(zone.id, [("CREATE", _name(i, zone), "192.0.2.1") for i in range(n, n + 300)])
    for n in range(_WARM):
        change = client.change(zone.id, [("UPSERT", f"warm{n}.{zone.name}", "192.0.2.1")])
    client.wait_insync(change)
    with _spent(server) as spent:
        for n in range(changes):
            change = client.change(zone.id, [("UPSERT", f"one{n}.{zone.name}", "192.0.2.1")])
        client.wait_insync(change)
    figures[f"{server.name}: processor time per change"] = spent.ms / changes
    pages = max(1, changes // 4)
    with _spent(server) as spent:
        for _ in range(pages):
            _expect(client.page(zone.id) == 300, "a page of 300 has other than 300 record sets")
    figures[f"{server.name}: processor time per page of 300"] = spent.ms / pages
    say(f"{server.name}: costs measured")


# --- a large zone beside a small one


def _large(arguments: argparse.Namespace, directory: Path, figures: Figures, say: Say) -> None:
    data = directory / "large"
    with seal53(data, directory) as server:
        small = server.client.create_zone("small.example.com")
        large = server.client.create_zone("large.example.com")
        _load(server.client, small, arguments.small, say)
        began = time.monotonic()
        batches = _load(server.client, large, arguments.large, say)
        figures["large: loading"] = time.monotonic() - began
        figures["large: first batches"] = sum(batches[:_EDGE]) / len(batches[:_EDGE])
        figures["large: last batches"] = sum(batches[-_EDGE:]) / len(batches[-_EDGE:])
        _memory(server, "large", figures)
        say(f"large: {arguments.large} record sets loaded")
        taken = _latencies(server, {"small": small, "large": large}, arguments.samples)
        for name, values in taken.items():
            figures[f"{name} zone: median from call to answer"] = percentile(values, 0.5) * 1000
            figures[f"{name} zone: p99 from call to answer"] = percentile(values, 0.99) * 1000
        figures["call to answer, large to small zone"] = (
            figures["large zone: median from call to answer"]
            / figures["small zone: median from call to answer"]
        )
        pages = max(1, arguments.samples // 2)
        read = _pages(
            server.client, {"small": (small, arguments.small), "large": (large, arguments.large)}, pages
        )
        for name, values in read.items():
            figures[f"{name} zone: median of a page anywhere"] = percentile(values, 0.5) * 1000
        figures["page anywhere, large to small zone"] = (
            figures["large zone: median of a page anywhere"]
            / figures["small zone: median of a page anywhere"]
        )
        with _spent(server) as spent:
            for n in range(pages):
                server.client.page(large.id, _name(n * (arguments.large // pages), large))
        figures["large: processor time per page anywhere"] = spent.ms / pages
        last = f"again.{large.name}"
        server.client.wait_insync(server.client.change(large.id, [("UPSERT", last, "192.0.2.77")]))
    _restart(data, directory, large, last, "large", figures)


def _load(client: Client, zone: Zone, count: int, say: Say) -> list[float]:
    """In batches of 1000 until they are INSYNC; the seconds of each batch, the last with the wait."""
    batches: list[float] = []
    began = time.monotonic()
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        change = client.change(zone.id, [("CREATE", _name(n, zone), "192.0.2.1") for n in numbers])
        batches.append(time.monotonic() - began)
        began = time.monotonic()
        if len(batches) % 100 == 0:
            say(f"{zone.name}: {len(batches)} batches, {sum(batches) / len(batches):.3f} s each")
    client.wait_insync(change)
    batches[-1] += time.monotonic() - began
    return batches


def _latencies(server: Server, zones: dict[str, Zone], samples: int) -> dict[str, list[float]]:
    """Seconds from a call to its answer at every name server, in turns."""
    taken: dict[str, list[float]] = {name: [] for name in zones}
    askers = {name: server.asker(zone) for name, zone in zones.items()}
    for n in range(samples):
        for name, zone in zones.items():
            owner, value = f"latency{n % 50}.{zone.name}", f"192.0.2.{n % 250 + 1}"
            taken[name].append(_latency(server.client, askers[name], zone, owner, value))
            time.sleep(0.005)
    return taken


def _pages(client: Client, zones: dict[str, tuple[Zone, int]], pages: int) -> dict[str, list[float]]:
    """Seconds of a page of 300, from names all over the first two thirds of each zone, in turns."""
    taken: dict[str, list[float]] = {name: [] for name in zones}
    starts = {
        name: sorted(_name(n, zone) for n in range(count))[: max(1, count * 2 // 3)]
        for name, (zone, count) in zones.items()
    }
    for n in range(pages):
        for name, (zone, _) in zones.items():
            start = starts[name][n * len(starts[name]) // pages]
            began = time.perf_counter()
            client.page(zone.id, start)
            taken[name].append(time.perf_counter() - began)
    return taken


def _latency(client: Client, asker: Asker, zone: Zone, owner: str, value: str) -> float:
    began = time.perf_counter()
    client.change(zone.id, [("UPSERT", owner, value)])
    asker.wait(owner, value)
    return time.perf_counter() - began


def _restart(data: Path, directory: Path, zone: Zone, owner: str, part: str, figures: Figures) -> None:
    """From the start of the program until all of a zone's name servers and the API answer."""
    began = time.monotonic()
    with seal53(data, directory) as server:
        server.asker(zone).wait(owner, "192.0.2.77")
        server.client.page(zone.id)
        figures[f"{part}: restart"] = time.monotonic() - began
        _memory(server, f"{part}, restarted", figures)


# --- many zones


def _zones(arguments: argparse.Namespace, directory: Path, figures: Figures, say: Say) -> None:
    data = directory / "zones"
    count, sets = arguments.zones, arguments.sets
    with seal53(data, directory) as server:
        client = server.client
        zones: list[Zone] = []
        began = time.monotonic()
        for n in range(count):
            zone = client.create_zone(f"zone{n}.com")
            change = client.change(
                zone.id, [("CREATE", f"h{i}.{zone.name}", "192.0.2.1") for i in range(sets - 2)]
            )
            zones.append(zone)
            if (n + 1) % 1000 == 0:
                say(f"zones: {n + 1} made, {(time.monotonic() - began) / (n + 1) * 1000:.1f} ms each")
        client.wait_insync(change)
        figures["zones: making one with its record sets"] = (time.monotonic() - began) / count * 1000
        _memory(server, "zones", figures)
        with _spent(server) as spent:
            listed, pages, marker = 0, 0, None
            while True:
                found, marker = client.zones(marker)
                listed, pages = listed + found, pages + 1
                if marker is None:
                    break
        _expect(listed == count, f"{listed} of {count} zones were listed")
        figures["zones: processor time per page of 100 zones"] = spent.ms / pages
        step = max(1, count // max(1, arguments.samples))
        values = [
            _latency(client, server.asker(zone), zone, f"new.{zone.name}", "192.0.2.77")
            for zone in zones[::step]
        ]
        figures["zones: median from call to answer"] = percentile(values, 0.5) * 1000
        figures["zones: p99 from call to answer"] = percentile(values, 0.99) * 1000
        with _spent(server) as spent:
            for n in range(arguments.changes):
                zone = zones[n * 7919 % count]
                change = client.change(zone.id, [("UPSERT", f"one{n}.{zone.name}", "192.0.2.1")])
            client.wait_insync(change)
        figures["zones: processor time per change"] = spent.ms / arguments.changes
        last = zones[0]
    _restart(data, directory, last, f"new.{last.name}", "zones", figures)


# --- common to all


class _Spent:
    """Processor time, in milliseconds, once the block has ended."""

    ms = 0.0


@contextmanager
def _spent(server: Server) -> Iterator[_Spent]:
    spent = _Spent()
    before = server.cpu_s()
    yield spent
    time.sleep(0.05)  # what is still on its way belongs to it
    spent.ms = (server.cpu_s() - before) * 1000


def _memory(server: Server, part: str, figures: Figures) -> None:
    for role, mb in server.pss_mb().items():
        figures[f"{part}: memory of {role}"] = mb


def _name(n: int, zone: Zone) -> str:
    return f"h{n * _SCATTER % 2**32:08x}.{zone.name}"


def _expect(holds: bool, why: str) -> None:
    if not holds:
        raise BenchFault(why)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench --api", description="Measure Seal53's API: costs, latency, size."
    )
    parser.add_argument("--parts", type=_parts, default=PARTS, help=f"of {','.join(PARTS)} (all)")
    parser.add_argument("--changes", type=int, default=1000, help="single changes that are counted (1000)")
    parser.add_argument("--samples", type=int, default=300, help="changes whose latency is taken (300)")
    parser.add_argument("--small", type=int, default=1000, help="record sets of the small zone (1000)")
    parser.add_argument("--large", type=int, default=1_000_000, help="of the large one (1000000)")
    parser.add_argument("--zones", type=int, default=10_000, help="how many zones (10000)")
    parser.add_argument("--sets", type=int, default=100, help="record sets of each of them (100)")
    parser.add_argument("--moto", metavar="PATH", help="the program moto_server, if it is elsewhere")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    return parser.parse_args(argv)


def _parts(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{min(unknown)} is not one of {', '.join(PARTS)}")
    return chosen


__all__ = ["MOTO", "SEAL53", "main"]
