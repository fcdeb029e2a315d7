"""`python -m bench`: measures what is installed beside `seal53 serve` and prints a table.

`--api` as the first argument measures the API instead (`bench/api.py`).

Exits 0 when it ran, whether or not the goals were reached, 1 with one line when it could not run or an answer
of ours was wrong.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import api, load, peers, report, subject, zone
from bench.measure import Plan, Row, measure, measure_floor
from bench.processes import LOAD_CPU, SERVER_CPU, BenchFault, require, workshop
from bench.subject import Loading


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if sys.argv[1:2] == ["--api"]:
        _main(lambda: api.main(sys.argv[2:], _say))
    else:
        arguments = _arguments()
        _main(lambda: _measure(arguments))


def _main(run: Callable[[], None]) -> None:
    try:
        run()
    except BenchFault as e:
        sys.exit(f"bench: {e}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _measure(arguments: argparse.Namespace) -> None:
    """Queries, beside other name servers. Raises BenchFault."""
    _require_machine()
    if not arguments.peers_alone:
        subject.require_optimized()
    with workshop() as directory:
        _Bench(arguments, directory).run()


class _Bench:
    """One run: rows in the order of the table, and what was left out, with why."""

    def __init__(self, arguments: argparse.Namespace, directory: Path) -> None:
        self._arguments = arguments
        self._directory = directory
        self._rows: list[Row] = []
        self._left_out: list[str] = []
        self._loading: Loading | None = None

    def run(self) -> None:
        names, directory = self._arguments.names, self._directory
        facts = report.machine()
        print("\n".join(f"{name:8} {value}" for name, value in facts.items()), flush=True)
        unsigned = directory / "unsigned.zone"
        zone.write_zone(unsigned, names)
        self._plan = Plan(
            dnsload=load.build("dnsload.c", directory),
            queries=zone.write_queries(directory, names),
            directory=directory,
            names=names,
            seconds=self._arguments.seconds,
            rounds=self._arguments.rounds,
        )
        with peers.serving(
            peers.floor(load.build("floor.c", directory)), directory, unsigned=unsigned, signed=unsigned
        ) as target:
            self._add(measure_floor(self._plan, target))
        if not self._arguments.peers_alone:
            self._measure_subject(names)
        self._measure_peers(unsigned)
        self._print(facts)

    def _measure_subject(self, names: int) -> None:
        """Nothing that concerns ours is left out: a fault ends the run."""
        with subject.serving(self._directory, names, _say) as service:
            self._loading = service.loading
            _say(report.loading_line(service.loading))
            row = measure(self._plan, service.target, ds=service.ds, counters=service.counters)
        if row.verdict.wrong:
            raise BenchFault(f"{row.name}: {row.verdict}")
        self._add(row)

    def _measure_peers(self, unsigned: Path) -> None:
        chosen = [peer for peer in peers.PEERS if peer.family in self._arguments.only]
        signed = unsigned
        if any(peer.presigned for peer in chosen):
            _say(f"signing {self._arguments.names} names for the peers")
            try:
                signed = peers.sign(self._directory, unsigned)
            except BenchFault as e:
                self._leave_out("the servers of a presigned zone", e)
                chosen = [peer for peer in chosen if not peer.presigned]
        for peer in chosen:
            try:
                with peers.serving(peer, self._directory, unsigned=unsigned, signed=signed) as target:
                    row = measure(self._plan, target)
                if row.verdict.wrong:
                    raise BenchFault(str(row.verdict))
                self._add(row)
            except BenchFault as e:
                self._leave_out(peer.name, e)

    def _add(self, row: Row) -> None:
        self._rows.append(row)
        costs = ", ".join(f"{workload} {figure.cpu_us:.2f} us" for workload, figure in row.figures.items())
        _say(f"{row.name}: {costs}; {row.verdict}")

    def _leave_out(self, what: str, fault: BenchFault) -> None:
        self._left_out.append(f"{what}: {fault}")
        _say(f"left out: {what}: {fault}")

    def _print(self, facts: dict[str, str]) -> None:
        versions = {peer.name: peers.version_of(peer) for peer in peers.PEERS}
        arguments = self._arguments
        print(
            f"\nprocessor time per query, {arguments.names} names, best of {arguments.rounds} rounds of"
            f" {arguments.seconds:g} s, one processor for the server\n"
        )
        print("\n".join(report.table(self._rows, versions)), end="\n\n")
        for row in self._rows:
            if row.name == subject.NAME:
                print("\n".join(report.counter_lines(row)), end="\n\n")
        for line in self._left_out:
            print(f"left out: {line}")
        for goal in report.goals(self._rows):
            print(goal)
        if arguments.json:
            result = report.for_machines(
                self._rows, facts=facts, loading=self._loading, left_out=self._left_out
            )
            arguments.json.write_text(json.dumps(result, indent=1) + "\n")


def _arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure Seal53 beside the name servers that are installed."
    )
    parser.add_argument("--names", type=_positive, default=100_000, help="hosts in the zone (100000)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one round (5)")
    parser.add_argument("--rounds", type=_positive, default=2, help="rounds, of which the best counts (2)")
    parser.add_argument(
        "--only", type=_families, default=peers.FAMILIES, help=f"peers, of {','.join(peers.FAMILIES)}"
    )
    parser.add_argument("--peers-alone", action="store_true", help="leave Seal53 out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    return parser.parse_args(argv)


def _families(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    unknown = [name for name in chosen if name not in peers.FAMILIES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is not one of {', '.join(peers.FAMILIES)}")
    return chosen


def _positive(text: str) -> int:
    number = int(text)
    if not 0 < number <= 999_999:
        raise argparse.ArgumentTypeError("a number from 1 to 999999 is expected")
    return number


def _require_machine() -> None:
    """Raises BenchFault where nothing could be measured."""
    require("gcc", "setpriv", "taskset")
    if not {SERVER_CPU, LOAD_CPU} <= os.sched_getaffinity(0):
        raise BenchFault(f"processors {SERVER_CPU} and {LOAD_CPU} are needed: server and load must not share")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
