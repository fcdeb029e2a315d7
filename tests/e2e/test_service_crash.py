"""What is acknowledged is never lost, whatever is killed: roles, the supervisor, at any moment (I9)."""

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import dns.exception
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from e2e_service import Service, Starter, until

ROUNDS = int(os.environ.get("SEAL53_KILL_ROUNDS", "12"))
ROLES = ("control", "edge", "resolver")


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_role_is_back_within_a_second(start: Starter, role: str) -> None:
    service = start("--ephemeral")
    zone_id, servers = service.zone("back.example.")
    service.in_sync(service.upsert(zone_id, "a.back.example.", "A", "192.0.2.1"))
    before = service.kill(role)
    killed_at = time.monotonic()
    until("the new process", lambda: service.facts["pids"][role] != [before] or None)
    assert time.monotonic() - killed_at < 1
    assert service.values(servers[0], "a.back.example.") == ["192.0.2.1"]
    service.in_sync(service.upsert(zone_id, "b.back.example.", "A", "192.0.2.2"))
    assert service.values(servers[3], "b.back.example.") == ["192.0.2.2"]


def test_names_are_answered_while_control_is_gone(start: Starter) -> None:
    service = start("--ephemeral")
    zone_id, servers = service.zone("alone.example.")
    service.in_sync(service.upsert(zone_id, "a.alone.example.", "A", "192.0.2.1"))
    service.kill("control", signal.SIGSTOP)
    try:
        assert service.values(servers[0], "a.alone.example.") == ["192.0.2.1"]
    finally:
        service.kill("control", signal.SIGCONT)
    dead = service.kill("control")
    asked = 0
    while service.facts["pids"]["control"] == [dead]:
        assert service.values(servers[asked % 4], "a.alone.example.") == ["192.0.2.1"]
        asked += 1
    assert asked


def test_a_killed_supervisor_takes_its_children_along(start: Starter, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    service = start("--data", data, "--address-block", "127.53.201.0/24", "--api-listen", "127.0.0.1:0")
    zone_id, servers = service.zone("kept.example.")
    change = service.upsert(zone_id, "a.kept.example.", "A", "192.0.2.1")
    children = [pid for role in ROLES for pid in service.facts["pids"][role]]
    keys = service.facts["accounts"]
    anchor = service.facts["root"]["trust_anchor"]
    service.process.kill()
    service.process.wait()
    until("the end of the children", lambda: not any(map(_lives, children)) or None, 1)

    again = start("--data", data, "--address-block", "127.53.201.0/24", "--api-listen", "127.0.0.1:0")
    again.in_sync(change)
    assert again.values(servers[0], "a.kept.example.") == ["192.0.2.1"]
    assert again.facts["accounts"] == keys
    assert again.facts["root"]["trust_anchor"] == anchor


def test_rounds_of_changes_with_a_random_kill_lose_nothing(start: Starter) -> None:
    service = start("--ephemeral")
    chance = random.Random(53)
    zone_id, servers = service.zone("rounds.example.")
    written: dict[str, str] = {}
    changes: list[str] = []
    for n in range(ROUNDS):
        name, address = f"r{n}.rounds.example.", f"192.0.2.{n % 250}"
        if chance.random() < 0.5:
            _kill_some(service, chance)
        change = _upsert(service, zone_id, name, address)
        written[name] = address
        changes.append(change)
        if chance.random() < 0.8:
            _kill_some(service, chance)
    for change in changes:
        until(f"change {change}", lambda change=change: _in_sync(service, change))
    for name, address in written.items():
        for server in servers:
            assert service.values(server, name) == [address]


def _kill_some(service: Service, chance: random.Random) -> None:
    """One that was there a moment ago: it may be gone already, and its successor not written down yet."""
    with contextlib.suppress(ProcessLookupError):
        service.kill(chance.choice(ROLES))
    time.sleep(chance.random() * 0.2)  # a moment that differs from round to round


def _upsert(service: Service, zone_id: str, name: str, address: str) -> str:
    """Until it is acknowledged: a client whose connection was cut asks again."""

    def look() -> str | None:
        try:
            return service.upsert(zone_id, name, "A", address)
        except (BotoCoreError, ClientError):
            return None

    return until(f"an answer to the change of {name}", look)


def _in_sync(service: Service, change: str) -> bool | None:
    try:
        answer = service.client("route53").get_change(Id=change)
    except (BotoCoreError, ClientError, dns.exception.DNSException):
        return None
    return answer["ChangeInfo"]["Status"] == "INSYNC" or None


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
