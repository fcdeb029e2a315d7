"""`seal53 vpc`: VPCs of the running service; each has a resolver of its own."""

import json
from pathlib import Path

import typer

from seal53.cli import endpoint

app = typer.Typer(no_args_is_help=True, help="VPCs, each with a resolver of its own.")


@app.callback()
def _group() -> None:
    pass


@app.command()
def create(
    region: str = typer.Option("us-east-1", help="The VPC's region, as Route 53 calls name it."),
    account: str | None = endpoint.Account,
    endpoint_url: str | None = endpoint.EndpointUrl,
    data: Path | None = endpoint.Data,
    ready_file: Path | None = endpoint.ReadyFile,
) -> None:
    """Make a VPC in the caller's account; prints it as JSON once its resolver answers."""
    service = endpoint.find(endpoint_url, data, ready_file, account)
    typer.echo(json.dumps(service.operator("vpc", {"region": region}), indent=2))
