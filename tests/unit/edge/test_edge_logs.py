"""Query logs on disk: where lines go, and what happens when they cannot."""

import logging
import os
from pathlib import Path

import pytest

from seal53.edge.logs import QueryLog

LINES = [
    ("Z1", "1.0 a"),
    ("Z2", "1.0 b"),
    ("Z1", "1.0 c"),
    ("Z9", "1.0 of a zone that is not logged any more"),
]


class Plane:
    def __init__(self) -> None:
        self.lines = list(LINES)
        self.counted: dict[str, int] = {}

    def take_query_log(self, most: int, timeout_ms: int) -> list[tuple[str, str]]:
        taken, self.lines = self.lines[:most], self.lines[most:]
        return taken

    def add_counter(self, name: str, amount: int) -> None:
        self.counted[name] = self.counted.get(name, 0) + amount


def test_lines_are_appended_to_a_file_for_each_zone(tmp_path: Path) -> None:
    plane = Plane()
    log = QueryLog(plane)
    log.write_to({"Z1": str(tmp_path / "1111" / "aws" / "r53"), "Z2": str(tmp_path)})
    log.drain(0)
    plane.lines = [("Z1", "1.0 d")]
    log.drain(0)
    first = tmp_path / "1111" / "aws" / "r53" / "Z1_LOC1.log"
    assert first.read_text() == "1.0 a\n1.0 c\n1.0 d\n"
    assert (tmp_path / "Z2_LOC1.log").read_text() == "1.0 b\n"
    assert first.stat().st_mode & 0o077 == 0
    assert plane.counted == {}


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    plane = Plane()
    log = QueryLog(plane)
    log.write_to({"Z1": str(tmp_path)})
    log.drain(0)
    (tmp_path / "Z1_LOC1.log").rename(tmp_path / "old")
    plane.lines = [("Z1", "1.0 d")]
    log.drain(0)
    assert (tmp_path / "Z1_LOC1.log").read_text() == "1.0 d\n"


def test_what_cannot_be_written_is_counted_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a directory")
    plane = Plane()
    log = QueryLog(plane)
    log.write_to({"Z1": str(tmp_path / "file" / "group")})
    with caplog.at_level(logging.ERROR):
        log.drain(0)
        plane.lines = [("Z1", "1.0 d")]
        log.drain(0)
    assert plane.counted == {"query_log_dropped": 3}
    assert len(caplog.messages) == 1


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plane = Plane()
    log = QueryLog(plane)
    log.write_to({"Z1": str(tmp_path)})
    log.drain(0)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, octets: write(file, octets[:3]))
    plane.lines = [("Z1", "1.0 d")]
    log.drain(0)
    assert (tmp_path / "Z1_LOC1.log").read_text() == "1.0 a\n1.0 c\n"
    assert plane.counted == {"query_log_dropped": 1}
