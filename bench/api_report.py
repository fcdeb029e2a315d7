"""The table of what the API costs, and which goals were met."""

from collections.abc import Mapping

Figures = dict[str, float]
"""By name; the unit is the goal's, or what the name's kind has."""

GOALS: Mapping[str, tuple[float, str]] = {
    "change, to moto": (0.7, "times"),
    "page of 300, to moto": (0.25, "times"),
    "large: loading": (300.0, "s"),
    "large: last batches": (0.3, "s"),
    "call to answer, large to small zone": (1.5, "times"),
    "page anywhere, large to small zone": (1.5, "times"),
    "small zone: median from call to answer": (30.0, "ms"),
    "small zone: p99 from call to answer": (150.0, "ms"),
    "large zone: median from call to answer": (30.0, "ms"),
    "large zone: p99 from call to answer": (150.0, "ms"),
    "large: processor time per page anywhere": (11.0, "ms"),
    "large: restart": (30.0, "s"),
    "zones: processor time per page of 100 zones": (11.0, "ms"),
    "zones: processor time per change": (2.1, "ms"),
    "zones: median from call to answer": (30.0, "ms"),
    "zones: p99 from call to answer": (150.0, "ms"),
    "zones: restart": (30.0, "s"),
}
"""At most this much, and in which unit."""


def lines(figures: Figures) -> list[str]:
    """A line for each figure, with its goal where there is one, and a line for goals without a figure."""
    width = max((len(name) for name in figures), default=0)
    shown = []
    for name, value in figures.items():
        most, unit = GOALS.get(name, (None, _unit(name)))
        line = f"{name:{width}}  {value:9.2f} {unit:5}"
        if most is not None:
            line += f"  {'reached' if value <= most else 'MISSED '}  at most {most:g} {unit}"
        shown.append(line.rstrip())
    return shown + [f"not measured: {name}" for name in GOALS if name not in figures]


def _unit(name: str) -> str:
    if "memory" in name:
        return "MiB"
    return "s" if "batches" in name else "ms"
