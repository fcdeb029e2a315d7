"""`seal53 demo`: the whole story on real sockets, in under half a minute."""

import sys
from typing import Annotated

import typer

from seal53.base.errors import StartFault
from seal53.cli.demo.show import Show


def demo(
    machine: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    without_validation: Annotated[
        bool, typer.Option("--without-validation", hidden=True, help="For tests: the demo must then fail.")
    ] = False,
) -> None:
    """Starts an ephemeral service and tells the story of a domain, from registration to a proven answer."""
    try:
        from seal53.cli.demo.stage import Stage
        from seal53.cli.demo.story import Story
    except ModuleNotFoundError as e:
        raise StartFault(f"the demo needs {e.name}", hint="pip install 'seal53[demo]'") from None
    show = Show(machine=machine, out=sys.stdout)
    with Stage(show) as stage:
        Story(show, stage, validate=not without_validation).tell()
    show.end()
    if show.failures:
        raise typer.Exit(1)
