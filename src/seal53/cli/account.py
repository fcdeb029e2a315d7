"""`seal53 account`: accounts of the running service."""

import json
from pathlib import Path

import typer

from seal53.cli import endpoint

app = typer.Typer(no_args_is_help=True, help="Accounts; the first one manages.")


@app.callback()
def _group() -> None:
    pass


@app.command()
def create(
    name: str = typer.Option("account", help="A name for people."),
    id: str | None = typer.Option(None, "--id", help="Twelve digits; default: a free number."),
    endpoint_url: str | None = endpoint.EndpointUrl,
    data: Path | None = endpoint.Data,
    ready_file: Path | None = endpoint.ReadyFile,
) -> None:
    """Make an account with an access key; prints both as JSON. Only the managing account may."""
    service = endpoint.find(endpoint_url, data, ready_file)
    wanted = {"name": name} | ({} if id is None else {"id": id})
    typer.echo(json.dumps(service.operator("account", wanted), indent=2))
