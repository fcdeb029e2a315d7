"""`seal53 reset`: an ephemeral service as it was when it began, between two tests."""

from pathlib import Path

import typer

from seal53.cli import endpoint


def reset(
    endpoint_url: str | None = endpoint.EndpointUrl,
    data: Path | None = endpoint.Data,
    ready_file: Path | None = endpoint.ReadyFile,
) -> None:
    """Empty an ephemeral service of all but what it began with; done when every name server is empty, too."""
    endpoint.find(endpoint_url, data, ready_file).operator("reset", {})
    typer.echo("Empty: the accounts, keys and VPCs of the start are left.")
