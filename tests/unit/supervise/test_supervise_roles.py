"""Starting, watching and ending roles that do next to nothing. In a process of its own, as it forks."""

import json
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SCRIPT = """
import os, pathlib, signal, sys, time
from seal53 import supervise
from seal53.base.errors import Fault, StartFault
from seal53.config import Settings
from seal53.feed.link import Answers, Facts

place = pathlib.Path(sys.argv[1])

def control(link):
    link.send(Facts(facts={"n": 1}))
    link.send(Answers())
    with (place / "heard").open("a") as heard:
        print("live", *link.live, file=heard, flush=True)
        while (said := link.feed()) is not None:
            for message in said:
                print(type(message).__name__, message.edge_id, file=heard, flush=True)

def wait(link):
    link.send(Answers())
    signal.pause()

def crash(link):
    os._exit(7)

def refuse(link):
    raise StartFault("there is no database", hint="make one")

def stubborn(link):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait(link)
    while True:
        signal.pause()

def broken_once(link):
    tried = place / "tried"
    if not tried.exists():
        tried.touch()
        os._exit(1)
    wait(link)

scarce = wait
if sys.argv[2] == "scarce":
    refusals = iter([False, True])  # control is forked, the edge at first is not

    def fork_or_not(fork=os.fork):
        if next(refusals, False):
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return fork()

    os.fork = fork_or_not

settings = Settings(ephemeral=True, ready_file=str(place / "ready.json"), dns_port=5357)
try:
    roles = {"control": control, "edge": globals()[sys.argv[2]]}
    supervise.serve(settings, lambda _: roles, lambda facts: None)
except Fault as fault:
    sys.exit(str(fault))
"""


class Run:
    def __init__(self, place: Path, role: str) -> None:
        self.place = place
        script = place / "script.py"
        script.write_text(textwrap.dedent(SCRIPT))
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(place), role], stderr=subprocess.PIPE, text=True
        )

    def ready(self, other_than: int | None = None) -> dict[str, list[int]]:
        """The process ids, once there is an edge that is not `other_than`."""

        def look() -> dict[str, list[int]] | None:
            if not (self.place / "ready.json").exists():
                return None
            pids: dict[str, list[int]] = json.loads((self.place / "ready.json").read_text())["pids"]
            return pids if pids["edge"] != [other_than] else None

        return self.until(look)

    def until(self, look: Callable[[], dict[str, list[int]] | None]) -> dict[str, list[int]]:
        end = time.monotonic() + 10
        while (found := look()) is None:
            assert time.monotonic() < end
            time.sleep(0.01)  # another process's world
        return found

    def ended(self, seconds: float = 10) -> tuple[int, str]:
        _, said = self.process.communicate(timeout=seconds)
        return self.process.returncode, said


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    runs: list[Run] = []

    def begin(role: str) -> Run:
        runs.append(Run(tmp_path, role))
        return runs[-1]

    yield begin
    for each in runs:
        each.process.kill()
        each.process.communicate()


def test_a_role_that_ends_is_forked_again_and_control_is_told(run: Callable[[str], Run]) -> None:
    service = run("wait")
    before = service.ready()["edge"][0]
    subprocess.run(["kill", "-9", str(before)], check=True)
    after = service.ready(other_than=before)
    assert service.process.poll() is None
    assert after["control"] == service.ready()["control"]
    heard = (service.place / "heard").read_text().splitlines()
    assert heard == ["live", "Started edge-2", "Ended edge-2", "Started edge-3"]


def test_a_new_control_is_told_who_lives(run: Callable[[str], Run]) -> None:
    service = run("wait")
    control = service.ready()["control"][0]
    subprocess.run(["kill", "-9", str(control)], check=True)

    def look() -> dict[str, list[int]] | None:
        pids = service.ready()
        return pids if pids["control"] != [control] else None

    service.until(look)
    assert (service.place / "heard").read_text().splitlines()[-1] == "live edge-2"


def test_sigterm_ends_even_a_role_that_does_not_listen(run: Callable[[str], Run]) -> None:
    service = run("stubborn")
    service.ready()
    before = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    assert service.ended() == (0, "")
    assert time.monotonic() - before < 2
    assert not (service.place / "ready.json").exists()


def test_a_role_that_cannot_start_ends_the_service_with_its_line(run: Callable[[str], Run]) -> None:
    assert run("refuse").ended() == (1, "there is no database; hint: make one\n")


def test_a_role_that_never_answers_ends_the_service(run: Callable[[str], Run]) -> None:
    assert run("crash").ended() == (1, "the edge process ends before it answers (exit status 7)\n")


def test_a_process_that_is_not_to_be_had_is_asked_for_again(run: Callable[[str], Run]) -> None:
    service = run("scarce")
    assert service.ready()["edge"]
    service.process.send_signal(signal.SIGTERM)
    code, said = service.ended()
    assert code == 0
    assert '"event": "not-forked", "role": "edge"' in said
    assert "Traceback" not in said


def test_a_role_that_fails_once_at_start_gets_another_try(run: Callable[[str], Run]) -> None:
    assert run("broken_once").ready()["edge"]
