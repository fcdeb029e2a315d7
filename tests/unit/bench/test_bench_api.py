"""The bench of the API: what it prints, and a small run of all of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench import api_report
from bench.api_servers import percentile

ROOT = Path(__file__).resolve().parents[3]


def test_a_goal_is_reached_up_to_its_line_and_missed_above():
    name = "zones: processor time per change"
    reached, missed = (
        next(line for line in api_report.lines({name: value}) if line.startswith(name))
        for value in (2.1, 2.11)
    )
    assert "reached" in reached and "MISSED" not in reached
    assert "MISSED" in missed
    assert f"not measured: {name}" not in api_report.lines({name: 2.1})
    assert "not measured: zones: restart" in api_report.lines({})


def test_figures_without_a_goal_have_a_unit():
    shown = api_report.lines({"zones: memory of edge": 12.345, "moto: processor time per change": 2.5})
    assert shown[0].split() == ["zones:", "memory", "of", "edge", "12.35", "MiB"]
    assert shown[1].endswith("2.50 ms")


def test_percentiles_are_values_that_were_seen():
    values = [float(n) for n in range(100, 0, -1)]
    assert percentile(values, 0.5) == 51.0
    assert percentile(values, 0.99) == 100.0
    assert percentile([3.0], 0.99) == 3.0


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_small_run_measures_everything(tmp_path):
    result = tmp_path / "result.json"
    sizes = {"changes": 20, "samples": 4, "small": 30, "large": 2100, "zones": 4, "sets": 6}
    flags = [f"--{name}={value}" for name, value in sizes.items()]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench",
            "--api",
            *flags,
            "--moto",
            str(tmp_path / "absent"),
            "--json",
            result,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "says nothing about speed" in done.stderr:
        pytest.skip("the extension is not optimized")
    assert done.returncode == 0, done.stderr
    measured = json.loads(result.read_text())
    to_moto = {name for name in api_report.GOALS if name.endswith("to moto")}
    assert to_moto
    assert measured["figures"].keys() >= api_report.GOALS.keys() - to_moto
    assert all(value >= 0 for value in measured["figures"].values())
    assert "left out: moto" in done.stdout
