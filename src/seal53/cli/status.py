"""`seal53 status`: whether a service runs, where it answers, and what its name servers have counted."""

import json
from pathlib import Path

import typer

from seal53.cli import endpoint


def status(
    as_json: bool = typer.Option(False, "--json", help="For machines."),
    endpoint_url: str | None = endpoint.EndpointUrl,
    data: Path | None = endpoint.Data,
    ready_file: Path | None = endpoint.ReadyFile,
) -> None:
    """Show the running service."""
    service = endpoint.find(endpoint_url, data, ready_file)
    counters = service.operator("stats", {})["counters"]
    facts = service.facts or {}
    if as_json:
        shown = {k: facts[k] for k in ("api", "name_servers", "resolvers", "pids") if k in facts}
        typer.echo(json.dumps(shown | {"counters": counters}, indent=2))
        return
    typer.echo(f"API          {service.url}")
    for role, pids in facts.get("pids", {}).items():
        typer.echo(f"{role:12} pid {', '.join(map(str, pids))}")
    for server in facts.get("name_servers", []):
        typer.echo(f"name server  {server['address']} port {server['port']}  {server['host']}")
    for resolver in facts.get("resolvers", []):
        typer.echo(f"resolver     {resolver['address']} port {resolver['port']}  {resolver['vpc_id']}")
    for edge_id, numbers in counters.items():
        busy = ", ".join(f"{name} {number}" for name, number in numbers.items() if number)
        typer.echo(f"{edge_id:12} {busy or 'nothing counted yet'}")
