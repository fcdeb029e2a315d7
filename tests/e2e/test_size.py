"""How much memory the demo's service takes."""

from pathlib import Path

from e2e_service import Starter
from e2e_signed import signed_domain

MOST_MB = 400


def _pss_mb(pid: int) -> float:
    """Proportional set size: shared pages counted once over all who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"no Pss for {pid}")


def test_a_service_with_a_signed_domain_stays_small(start: Starter) -> None:
    service = start("--ephemeral")
    signed_domain(service, "small.com")
    sizes = {role: sum(map(_pss_mb, pids)) for role, pids in service.facts["pids"].items()}
    assert sum(sizes.values()) < MOST_MB, sizes
