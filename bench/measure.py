"""Measuring one server: what each query costs in processor time, and whether its answers hold.

A pass over `pos` warms it and is not counted; of the rounds, the one that cost least counts, as noise only
ever adds. The judge works between the passes, not while one runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import zone
from bench.judge import Judge, Verdict, ask_keys
from bench.load import Load, Run, Target
from bench.processes import BenchFault, cpu_s, family, pss_mb

_WARM_MOST_S = 120.0
Counters = Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The best round of one workload; cpu_us is user plus system time for each completed query.

    `counted` are the differences of our own counters over that round; empty for others.
    """

    cpu_us: float
    run: Run
    counted: dict[str, int]


@dataclass(slots=True)
class Row:
    """One server: its figures by workload, memory in MiB (Pss) at the end, and what the judge found."""

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)
    pss_mb: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a server is measured: the load generator's binary, the query files, seconds and rounds."""

    dnsload: Path
    queries: Mapping[str, Path]
    directory: Path
    names: int
    seconds: float
    rounds: int


def measure_floor(plan: Plan, target: Target) -> Row:
    """One workload, as it answers everything alike, and nothing to judge."""
    row, load = Row(name=target.name), Load(plan.dnsload)
    row.figures["pos"] = _best(plan, target, load, "pos", None, row)
    row.pss_mb = pss_mb(family(target.pid))
    return row


def measure(
    plan: Plan,
    target: Target,
    *,
    ds: str | None = None,
    counters: Counters | None = None,
    workloads: Sequence[str] = zone.WORKLOADS,
) -> Row:
    """All workloads of one server. `ds` (of our API) makes the judge strict. Raises BenchFault."""
    judge = Judge(keys=ask_keys(target, ds=ds), compact=ds is not None)
    row, load = Row(name=target.name), Load(plan.dnsload)
    load.run(target, plan.queries["pos"], seconds=_WARM_MOST_S, most=3 * plan.names)
    for workload in workloads:
        row.figures[workload] = _best(plan, target, load, workload, judge, row, counters)
    row.pss_mb = pss_mb(family(target.pid))
    return row


def _best(
    plan: Plan,
    target: Target,
    load: Load,
    workload: str,
    judge: Judge | None,
    row: Row,
    counters: Counters | None = None,
) -> Figure:
    figures = []
    for _ in range(plan.rounds):
        sample = plan.directory / "sample" if judge else None
        counted = counters() if counters else {}
        members = family(target.pid)
        before = cpu_s(members)
        run = load.run(target, plan.queries[workload], seconds=plan.seconds, sample=sample)
        spent = cpu_s(members) - before
        if counters:
            counted = _difference(counters(), counted)
            _check_counters(target, workload, run, counted)
        if judge and sample:
            row.verdict.add(judge.check_sample(sample, run.numbers))
        figures.append(Figure(cpu_us=spent * 1e6 / run.completed, run=run, counted=dict(counted)))
    return min(figures, key=lambda figure: figure.cpu_us)


def _difference(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {name: number - before.get(name, 0) for name, number in after.items()}


def _check_counters(target: Target, workload: str, run: Run, counted: Mapping[str, int]) -> None:
    """Every random name is new, so each denial needs a signature of its own. Raises BenchFault."""
    try:
        made, denials = counted["signatures_made"], counted["denials_sent"]
    except KeyError as e:
        raise BenchFault(f"{target.name} has no counter {e}") from None
    if made < denials:
        raise BenchFault(
            f"{target.name}, {workload}: {made} signatures were made for {denials} denials of names that"
            " never repeat"
        )
    if workload == "nx" and denials < run.completed:
        raise BenchFault(f"{target.name}, nx: {denials} denials were counted, {run.completed} answers came")
