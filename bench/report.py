"""The table, the goals, and the same for machines."""

import dataclasses
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import zone
from bench.measure import Row
from bench.subject import NAME, Loading

POS_MOST = 1.5  # times Knot's, presigned
NX_BELOW = 0.5  # times the better online signer's
ONLINE = ("knot-online", "pdns-online")
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One line at the end; `ratio` None: a side of the comparison is missing."""

    text: str
    ratio: float | None
    reached: bool

    def __str__(self) -> str:
        if self.ratio is None:
            return f"not measured  {self.text}"
        return f"{'reached' if self.reached else 'missed'}  {self.text}: {self.ratio:.2f}"


def cost(rows: Sequence[Row], name: str, workload: str) -> float | None:
    """Microseconds of processor time a query, if that row was measured."""
    figures = (row.figures.get(workload) for row in rows if row.name == name)
    return next((figure.cpu_us for figure in figures if figure), None)


def better_online(rows: Sequence[Row]) -> float | None:
    """What a denial costs the better of the online signers."""
    costs = [c for name in ONLINE if (c := cost(rows, name, "nx")) is not None]
    return min(costs, default=None)


def goals(rows: Sequence[Row]) -> list[Goal]:
    """The two lines that the bench is for."""
    pos = _ratio(cost(rows, NAME, "pos"), cost(rows, "knot", "pos"))
    nx = _ratio(cost(rows, NAME, "nx"), better_online(rows))
    return [
        Goal(
            text=f"positive signed answers, at most {POS_MOST} times Knot's",
            ratio=pos,
            reached=pos is not None and pos <= POS_MOST,
        ),
        Goal(
            text=f"random non-existing names, less than {NX_BELOW} times the better online signer's",
            ratio=nx,
            reached=nx is not None and nx < NX_BELOW,
        ),
    ]


def table(rows: Sequence[Row], versions: Mapping[str, str]) -> list[str]:
    """Lines of text: cost in microseconds, ratios, answers' sizes in octets, losses, memory."""
    head = ("", "pos us", "/knot", "nx us", "/online", "mix us", "pos B", "nx B", "lost", "Pss MB", "version")
    lines = [head]
    knot, online = cost(rows, "knot", "pos"), better_online(rows)
    for row in rows:
        costs = [cost([row], row.name, workload) for workload in zone.WORKLOADS]
        sizes = {workload: str(figure.run.answer_octets) for workload, figure in row.figures.items()}
        lines.append(
            (
                row.name,
                _number(costs[0]),
                _number(_ratio(costs[0], knot)),
                _number(costs[1]),
                _number(_ratio(costs[1], online)),
                _number(costs[2]),
                sizes.get("pos", ""),
                sizes.get("nx", ""),
                str(sum(figure.run.lost for figure in row.figures.values())),
                f"{row.pss_mb:.0f}",
                versions.get(row.name, ""),
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return [_line(line, widths) for line in lines]


def counter_lines(row: Row) -> list[str]:
    """What our own counters say of the rounds that count."""
    lines = []
    for workload, figure in row.figures.items():
        names = ("signatures_made", "denials_sent", "signatures_reused")
        counted = ", ".join(f"{name} {figure.counted.get(name, 0)}" for name in names)
        lines.append(f"{row.name} {workload}: {figure.run.completed} answers, {counted}")
    return lines


def loading_line(loading: Loading) -> str:
    """How long the zone's way through the API took."""
    batches = sorted(loading.batches)
    median, slowest = batches[len(batches) // 2], batches[-1]
    return (
        f"loaded through the API in {sum(batches):.1f} s: {len(batches)} batches, median {median:.2f} s,"
        f" slowest {slowest:.2f} s; INSYNC {loading.insync_s:.1f} s later; signed in"
        f" {loading.signing_s:.1f} s"
    )


def machine() -> dict[str, str]:
    """Where and what was measured."""
    cpuinfo = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")), "?")
    return {
        "cpu": f"{model}, {os.cpu_count()} processors",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": _commit(),
    }


def for_machines(
    rows: Sequence[Row], *, facts: Mapping[str, str], loading: Loading | None, left_out: Sequence[str]
) -> dict[str, object]:
    """Everything that was measured, JSON-able."""
    return {
        "machine": dict(facts),
        "rows": [dataclasses.asdict(row) for row in rows],
        "loading": None if loading is None else dataclasses.asdict(loading),
        "left_out": list(left_out),
        "goals": [dataclasses.asdict(goal) for goal in goals(rows)],
    }


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or not theirs else ours / theirs


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *middle, last = zip(cells, widths, strict=True)
    shown = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in middle), last[0]]
    return "  ".join(shown).rstrip()


def _commit() -> str:
    git = ["git", "-C", str(_ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], text=True, capture_output=True, check=False)
    changed = subprocess.run(
        [*git, "status", "--porcelain", "-uno"], text=True, capture_output=True, check=False
    )
    if head.returncode != 0:
        return "unknown"
    return head.stdout.strip() + (" with changes" if changed.stdout.strip() else "")
