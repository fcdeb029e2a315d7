"""The demo holds, as root and as an ordinary user, and fails when validation is left off."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest
from e2e_service import as_user, environment

LONGEST_S = 30
NOBODY = 65534


def _demo(*options: str, user: int | None = None) -> tuple[int, list[dict[str, Any]], float]:
    """Exit code, the lines of --json, and how long it took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "seal53", "demo", "--json", *options]
    done = subprocess.run(
        command if user is None else [*as_user(user), *command],
        capture_output=True,
        text=True,
        timeout=120,
        env={**environment(), "HOME": "/tmp"},
    )
    assert "Traceback" not in done.stderr, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    return done.returncode, lines, time.monotonic() - started


@pytest.mark.slow
@pytest.mark.timeout(150)
@pytest.mark.parametrize("user", [None, NOBODY])
def test_every_expectation_holds(user: int | None) -> None:
    if user is not None and os.geteuid() != 0:
        pytest.skip("only root can become another user")
    code, lines, seconds = _demo(user=user)
    assert lines[-1] == {"held": True, "failures": []}
    assert code == 0
    steps = lines[:-1]
    assert [step["step"] for step in steps] == list(range(1, 9))
    for step in steps:
        assert any(line["sign"] == "=" for line in step["lines"]), step["title"]
    # step 6 is about refusals of the API; every other one asked name servers through a resolver
    assert all(step["upstream_queries"] > 0 for step in steps if step["step"] != 6)
    assert seconds < LONGEST_S


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_without_validation_the_demo_fails() -> None:
    code, lines, _ = _demo("--without-validation")
    assert code == 1
    assert not lines[-1]["held"]
    assert any("refuses it" in failure for failure in lines[-1]["failures"])
