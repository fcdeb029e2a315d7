"""Every command and every verb is in the books, and the books name none that is not there."""

import re
from collections.abc import Iterator
from typing import Any

from docs_blocks import BOOKS, ROOT
from typer.main import get_command

from seal53.cli import app

TEXT = "\n".join(book.read_text() for book in BOOKS)


def _commands(group: Any, before: str = "seal53") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}"


COMMANDS = set(_commands(get_command(app)))


def test_every_command_is_in_the_books() -> None:
    said = {command for command in COMMANDS if re.search(rf"\b{re.escape(command)}\b", TEXT)}
    # the changelog lists some together: `seal53 zone sign`, `vpc create`
    said |= {command for command in COMMANDS if f"`{command.removeprefix('seal53 ')}`" in TEXT}
    assert said == COMMANDS


def test_the_books_name_no_command_that_is_gone() -> None:
    words = {command.split()[1] for command in COMMANDS}
    for named in re.findall(r"(?:^|`)seal53 ([a-z]+)", TEXT, re.MULTILINE):
        assert named in words, f"seal53 {named}"


def test_every_verb_that_the_books_name_is_in_the_makefile() -> None:
    verbs = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", TEXT, re.MULTILINE))
    assert named <= verbs, named - verbs
    assert {"demo", "test", "setup", "bench"} <= named
