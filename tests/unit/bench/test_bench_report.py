"""The table and the goals: ratios within one run, and what is missing is said."""

import json

import pytest
from bench import report
from bench.load import Run
from bench.measure import Figure, Row
from bench.subject import Loading


def run(lost=0):
    return Run(
        completed=1000,
        lost=lost,
        first=0,
        fresh=0,
        seconds=1.0,
        answer_octets=173,
        truncated=0,
        p50_us=1,
        p99_us=2,
        rcodes={"0": 1000},
    )


def row(name, *, lost=0, **costs):
    figures = {w: Figure(cpu_us=cost, run=run(lost), counted={}) for w, cost in costs.items()}
    return Row(name=name, figures=figures, pss_mb=7.4)


ROWS = [
    row("floor", pos=3.0),
    row("seal53", pos=6.0, nx=30.0, mix=9.0, lost=2),
    row("knot", pos=4.0, nx=5.0, mix=4.5),
    row("knot-online", pos=60.0, nx=100.0, mix=70.0),
    row("pdns-online", pos=9.0, nx=150.0, mix=40.0),
]


def test_goals_compare_with_knot_and_with_the_better_online_signer():
    pos, nx = report.goals(ROWS)
    assert pos.ratio == pytest.approx(1.5)
    assert pos.reached
    assert nx.ratio == pytest.approx(0.3)
    assert nx.reached
    assert str(pos).startswith("reached")


def test_goals_are_missed_just_above_the_line():
    rows = [row("seal53", pos=6.01, nx=50.0), *ROWS[2:]]
    pos, nx = report.goals(rows)
    assert str(pos).startswith("missed")
    assert str(nx).startswith("missed")  # less than half is asked


def test_a_goal_without_its_peer_is_not_measured():
    for goal in report.goals(ROWS[:2]):
        assert not goal.reached
        assert str(goal).startswith("not measured")


def test_table_has_a_line_for_each_row_and_leaves_gaps():
    head, *lines = report.table(ROWS, {"knot": "3.2.6"})
    assert "Pss MB" in head
    cells = {line.split()[0]: line.split() for line in lines}
    assert cells["seal53"] == ["seal53", "6.00", "1.50", "30.00", "0.30", "9.00", "173", "173", "6", "7"]
    assert cells["knot"][-1] == "3.2.6"
    assert cells["floor"] == ["floor", "3.00", "0.75", "173", "0", "7"]


def test_everything_measured_is_json():
    loading = Loading(batches=(0.2, 0.1), insync_s=1.0, signing_s=0.5)
    result = report.for_machines(ROWS, facts=report.machine(), loading=loading, left_out=["nsd: absent"])
    read = json.loads(json.dumps(result))
    assert [each["name"] for each in read["rows"]] == [each.name for each in ROWS]
    assert read["goals"][0]["reached"]
    assert read["machine"]["kernel"]
    assert "median 0.20 s" in report.loading_line(loading)
