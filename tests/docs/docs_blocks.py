"""Fenced blocks of the books, and running them as a reader does: in bash, unchanged, one after the other."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOOKS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda path: path.relative_to(ROOT).as_posix()
)

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a script ended, and what it said."""

    code: int
    said: str


def blocks(text: str, info: str) -> list[str]:
    """The contents of the fenced blocks whose info string is `info`, in order."""
    return [found["text"] for found in _FENCE.finditer(text) if found["info"].strip() == info]


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level, up to the next one."""
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"there is no section {heading!r}"
    return rest.partition("\n## ")[0]


def environment(shims: Path) -> dict[str, str]:
    """Ours, without what would leak into a service or a client; programs of this Python come first.

    In a tree whose package was not installed there is no `seal53` beside Python: one is put into `shims`.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SEAL53_", "AWS_"))}
    programs = Path(sys.executable).parent
    shims.mkdir(exist_ok=True)
    if not (programs / "seal53").exists():
        shim = shims / "seal53"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m seal53 "$@"\n')
        shim.chmod(0o755)
    return {**kept, "PATH": f"{programs}:{shims}:{kept.get('PATH', '/usr/bin:/bin')}"}


def run(script: str, *, where: Path, shims: Path, within_s: float) -> Ran:
    """Runs a script in bash, in the directory `where`. What it started in the background ends with it.

    It stops at the first command that fails, as an attentive reader would.
    """
    env = environment(shims)
    log = shims / "said"
    # Into a file and not a pipe: what runs in the background would hold a pipe open.
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["bash", "-eu", "-c", script],
            cwd=where,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"no end within {within_s:.0f} s; it said:\n{log.read_text()}") from None
        finally:
            _end_group(process.pid)
            process.wait()
    return Ran(process.returncode, log.read_text())


def _end_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
