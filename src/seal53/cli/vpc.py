"""`seal53 vpc`: VPCs of the running service; each has a resolver of its own.

EC2's calls make, show and delete them too; what those cannot say is where a VPC's resolver answers.
"""

import json
from pathlib import Path
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from seal53.cli import endpoint
from seal53.cli.endpoint import CallFault

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


@app.command("list")
def list_(
    account: str | None = endpoint.Account,
    endpoint_url: str | None = endpoint.EndpointUrl,
    data: Path | None = endpoint.Data,
    ready_file: Path | None = endpoint.ReadyFile,
) -> None:
    """The VPCs of the caller's account in all regions, as JSON: where each one's resolver answers."""
    service = endpoint.find(endpoint_url, data, ready_file, account)
    typer.echo(json.dumps(_vpcs(service), indent=2))


@app.command()
def delete(
    vpc_id: str = typer.Argument(help="The VPC's id."),
    account: str | None = endpoint.Account,
    endpoint_url: str | None = endpoint.EndpointUrl,
    data: Path | None = endpoint.Data,
    ready_file: Path | None = endpoint.ReadyFile,
) -> None:
    """Delete a VPC with its resolver; not while a private zone is associated with it."""
    service = endpoint.find(endpoint_url, data, ready_file, account)
    found = next((vpc for vpc in _vpcs(service) if vpc["vpc_id"] == vpc_id), None)
    if found is None:
        raise CallFault(f"this account has no VPC {vpc_id}", hint="`seal53 vpc list` shows those that it has")
    try:
        service.client("ec2", found["region"]).delete_vpc(VpcId=vpc_id)
    except ClientError as e:
        raise CallFault(f"{e.response['Error']['Code']}: {e.response['Error']['Message']}") from None
    except BotoCoreError as e:
        raise CallFault(f"the service at {service.url} cannot be reached: {e}") from None


def _vpcs(service: endpoint.Endpoint) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.operator("vpc-list", {})["vpcs"]
    return found
