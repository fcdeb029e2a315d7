"""How a service ends: soon, quietly, whoever is told to, and however often."""

import os
import signal
import stat
import time
from pathlib import Path

import pytest
from e2e_service import Starter, until

ROLES = ("control", "edge", "resolver")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_again_and_again_it_ends_well_and_quietly(start: Starter, number: signal.Signals) -> None:
    service = start("--ephemeral")
    said = service.log.read_text()
    everyone = [pid for pids in service.facts["pids"].values() for pid in pids]
    asked_at = time.monotonic()
    while service.process.poll() is None:
        assert time.monotonic() - asked_at < 2
        for pid in everyone:
            if _lives(pid):
                os.kill(pid, number)
        time.sleep(0.002)  # between two presses of a key
    assert service.process.returncode == 0
    assert service.log.read_text() == said
    assert not service.ready_file.exists()


def test_a_role_that_is_told_to_end_goes_quietly_and_is_there_again(start: Starter) -> None:
    service = start("--ephemeral")
    said = service.log.read_text()
    before = service.facts["pids"]
    for role in ROLES:
        for _ in range(20):
            if _lives(before[role][0]):
                os.kill(before[role][0], signal.SIGTERM)
            time.sleep(0.002)
    until(
        "new processes",
        lambda: all(service.facts["pids"][role] != before[role] for role in ROLES) or None,
    )
    assert service.stop() == 0
    assert service.log.read_text() == said


def test_what_is_kept_is_its_users_alone(start: Starter, tmp_path: Path) -> None:
    data = tmp_path / "data"
    service = start("--data", str(data), "--address-block", "127.53.202.0/24", "--api-listen", "127.0.0.1:0")
    service.zone("kept.example.")
    kept = list(data.rglob("*"))
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in kept if not path.is_dir()}
    assert {"seal53.db", "seal53.db-wal", "seal53.db-shm", "master.key", "feed.sock"} <= set(made)
    assert set(made.values()) == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept if path.is_dir()} <= {0o700}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def _lives(pid: int) -> bool:
    """A process that has ended may have left a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
