"""`seal53 serve`: runs the service in the foreground until it is told to end."""

import inspect
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import typer

from seal53 import config

NOT_A_FLAG = {"master_key"}  # every user of the machine sees a command line


def serve(config_file: Path | None = None, **flags: object) -> None:
    """Run the service: API, name servers and resolvers, on loopback.

    Every setting is also a key of the --config file and an environment variable (SEAL53_ and the name in
    capitals); flags win over the environment, the environment over the file.
    """
    settings = config.load(file=config_file, environ=os.environ, flags=flags)
    logging.basicConfig(stream=sys.stderr, level=settings.log_level.upper(), format="%(message)s")
    # Here and not above: the other commands need none of the service's rooms.
    from seal53 import app, supervise

    supervise.serve(settings, lambda place: app.roles(settings, place), _announce)


def _announce(facts: Mapping[str, Any]) -> None:
    root, first = facts["root"], facts["accounts"][0]
    port = root["port"]
    lines = [
        "Seal53 answers.",
        f"  API          {facts['api']}",
        f"  root server  {root['address']} port {port}"
        + ("" if port == 53 else "  (this user may not use port 53)"),
        *(
            f"  resolver     {r['address']} port {port}  {r['vpc_id']}, account {r['account']}"
            for r in facts["resolvers"]
        ),
        f"  first key    {first['access_key_id']}, account {first['id']}; secrets are in the ready file",
    ]
    typer.echo("\n".join(lines))
    sys.stdout.flush()


def _parameters() -> list[inspect.Parameter]:
    """The flags: one for each setting, from its one declaration in `config`."""
    hints = get_type_hints(config.Settings)
    file = typer.Option(None, "--config", help="A TOML file with settings.")
    made = [("config_file", Path | None, file)]
    for name, text, default in config.described():
        if name in NOT_A_FLAG:
            continue
        kinds = {kind for kind in (bool, int) if hints[name] is kind}
        several = isinstance(default, tuple)
        kind: Any = list[str] | None if several else (kinds.pop() if kinds else str) | None
        # a setting that takes several values is named in the plural, its flag in the singular
        flag = "--" + (name.removesuffix("s") if several else name).replace("_", "-")
        shown = "" if default in (None, (), False) else f" Default: {_shown(default)}."
        made.append((name, kind, typer.Option(None, flag, help=text + shown, show_default=False)))
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=kind)
        for name, kind, option in made
    ]


def _shown(default: object) -> str:
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


# typer reads a command's signature and annotations
serve.__signature__ = inspect.Signature(_parameters())  # type: ignore[attr-defined]
serve.__annotations__ = {p.name: p.annotation for p in _parameters()}
