"""`seal53 health`: health checks of the running service; what is said of them decides answers at once."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import typer

from seal53.cli import endpoint
from seal53.cli.endpoint import CallFault

app = typer.Typer(no_args_is_help=True, help="Health checks, and what is known of their endpoints.")


class Status(StrEnum):
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@app.callback()
def _group() -> None:
    pass


@app.command("set")
def set_status(
    id: str = typer.Argument(help="The health check's id."),
    status: Status = typer.Argument(help="What is known of its endpoint."),
    reason: str | None = typer.Option(None, help="Why it is unhealthy; shown by GetHealthCheckStatus."),
    account: str | None = endpoint.Account,
    endpoint_url: str | None = endpoint.EndpointUrl,
    data: Path | None = endpoint.Data,
    ready_file: Path | None = endpoint.ReadyFile,
) -> None:
    """Say that an endpoint is healthy or not; returns once every name server goes by it. Prints JSON."""
    service = endpoint.find(endpoint_url, data, ready_file, account)
    wanted = {"id": id, "healthy": status is Status.HEALTHY} | ({} if reason is None else {"reason": reason})
    told = service.operator("health", wanted)
    typer.echo(json.dumps(told, indent=2))
    if not told["in_sync"]:
        raise CallFault(
            "the status is stored, but not every name server goes by it yet",
            hint="`seal53 status` shows which are running; each takes it as soon as it can",
        )


@app.command("list")
def list_statuses(
    as_json: bool = typer.Option(False, "--json", help="For machines."),
    account: str | None = endpoint.Account,
    endpoint_url: str | None = endpoint.EndpointUrl,
    data: Path | None = endpoint.Data,
    ready_file: Path | None = endpoint.ReadyFile,
) -> None:
    """List the account's health checks with the status that name servers go by."""
    service = endpoint.find(endpoint_url, data, ready_file, account)
    found = service.operator("health-list", {})["health_checks"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for check in found:
        status = Status.HEALTHY if check["healthy"] else Status.UNHEALTHY
        at = check["reported_at"]
        said = "nothing reported" if at is None else f"reported {datetime.fromtimestamp(at, UTC):%FT%TZ}"
        reason = f": {check['reason']}" if check["reason"] else ""
        typer.echo(f"{check['id']}  {status:<9}  {check['type']:<17}  {check['endpoint']}  ({said}{reason})")
