"""The import contracts hold, and each of them catches a violation that is planted for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = str(Path(sys.executable).with_name("lint-imports"))

PLANTED = {
    # contract id: (file, line that breaks it)
    "layers": ("store/engine.py", "import seal53.services.faults"),
    "config": ("gateway/route.py", "import seal53.config"),
    "sql": ("services/sts.py", "import sqlalchemy"),
    "pure": ("keys/policy.py", "import datetime"),
    "clock": ("registry/edit.py", "import time"),
    "edge": ("resolver/cache.py", "import sqlite3"),
    "testing": ("base/ids.py", "import seal53.testing"),
}
ALSO = [
    ("pure", "policy/judge.py", "import secrets"),
    ("layers", "policy/judge.py", "import seal53.zones.names"),
]


def _lint(root: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [LINT, "--no-cache", "--config", str(root / "pyproject.toml")]
    command += ["--contract", contract] if contract else []
    return subprocess.run(
        command,
        cwd=root,
        env={"PYTHONPATH": str(root / "src"), "PATH": "/usr/bin:/bin"},
        text=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return root


def test_the_contracts_hold() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_contract_has_a_violation_to_catch() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    ids = {line.split('"')[1] for line in text.splitlines() if line.startswith("id = ")}
    assert ids == set(PLANTED)


@pytest.mark.parametrize(("contract", "name", "line"), [*((c, *PLANTED[c]) for c in sorted(PLANTED)), *ALSO])
def test_a_planted_violation_is_caught(copy: Path, contract: str, name: str, line: str) -> None:
    file = copy / "src" / "seal53" / name
    before = file.read_text()
    file.write_text(f"{before}\n{line}\n")
    try:
        done = _lint(copy, contract)
    finally:
        file.write_text(before)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout
