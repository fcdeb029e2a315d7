"""What makes a health check healthy: the table of Route 53's rules."""

import pytest

from seal53.zones.health import Check, statuses


def _one(**facts: object) -> bool:
    return statuses({"it": Check(**{"type": "HTTP", **facts})})["it"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "healthy"),
    [
        ({}, True),  # new: healthy until somebody knows better
        ({"stored": True}, True),
        ({"stored": False}, False),
        ({"inverted": True}, False),
        ({"stored": False, "inverted": True}, True),
        ({"stored": False, "disabled": True}, True),
        ({"stored": True, "disabled": True, "inverted": True}, False),
        ({"type": "CLOUDWATCH_METRIC", "without_data": "Healthy"}, True),
        ({"type": "CLOUDWATCH_METRIC", "without_data": "Unhealthy"}, False),
        ({"type": "CLOUDWATCH_METRIC", "without_data": "Unhealthy", "inverted": True}, True),
        ({"type": "CLOUDWATCH_METRIC", "without_data": "LastKnownStatus"}, True),
        ({"type": "CLOUDWATCH_METRIC", "without_data": "Unhealthy", "stored": True}, True),
        ({"type": "CLOUDWATCH_METRIC", "without_data": "Healthy", "stored": False}, False),
        ({"type": "RECOVERY_CONTROL"}, True),
        ({"type": "RECOVERY_CONTROL", "stored": False}, False),
        ({"type": "HTTP", "without_data": "Unhealthy"}, True),
    ],
)
def test_one_check(facts: dict[str, object], healthy: bool) -> None:
    assert _one(**facts) is healthy


@pytest.mark.parametrize(
    ("threshold", "healthy"), [(0, True), (1, True), (2, True), (3, False), (4, False), (256, False)]
)
def test_calculated_counts_its_healthy_children(threshold: int, healthy: bool) -> None:
    found = statuses(
        {
            "parent": Check(type="CALCULATED", threshold=threshold, children=("up", "down", "new")),
            "up": Check(type="TCP", stored=True),
            "down": Check(type="TCP", stored=False),
            "new": Check(type="TCP"),
        }
    )
    assert found == {"parent": healthy, "up": True, "down": False, "new": True}


def test_calculated_with_no_child_left_reaches_only_a_threshold_of_zero() -> None:
    assert _one(type="CALCULATED", threshold=0, stored=False)
    assert not _one(type="CALCULATED", threshold=1, stored=True)


def test_a_child_that_is_not_known_counts_as_healthy() -> None:
    assert _one(type="CALCULATED", threshold=1, children=("gone",))


def test_calculated_of_calculated_of_inverted() -> None:
    found = statuses(
        {
            "top": Check(type="CALCULATED", threshold=2, children=("middle", "leaf"), inverted=True),
            "middle": Check(type="CALCULATED", threshold=1, children=("leaf",), inverted=True),
            "leaf": Check(type="HTTP", stored=False),
        }
    )
    assert found == {"leaf": False, "middle": True, "top": True}


def test_disabled_calculated_check_does_not_look_at_children() -> None:
    children = {"leaf": Check(type="HTTP", stored=False)}
    top = Check(type="CALCULATED", threshold=1, children=("leaf",), disabled=True)
    assert statuses({"top": top, **children})["top"]


def test_a_chain_of_any_length_ends() -> None:
    many = 5000
    chain = {f"c{n}": Check(type="CALCULATED", threshold=1, children=(f"c{n + 1}",)) for n in range(many)} | {
        f"c{many}": Check(type="TCP", stored=False)
    }
    assert not any(statuses(chain).values())


def test_a_circle_ends_too() -> None:
    circle = {n: Check(type="CALCULATED", threshold=1, children=(m,)) for n, m in (("a", "b"), ("b", "a"))}
    assert set(statuses(circle)) == {"a", "b"}
