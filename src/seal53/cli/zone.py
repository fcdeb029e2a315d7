"""`seal53 zone`: hosted zones of the running service; `sign` does in one go what DNSSEC needs."""

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from seal53.cli import endpoint
from seal53.cli.endpoint import CallFault

app = typer.Typer(no_args_is_help=True, help="Hosted zones.")

KSK_NAME = "seal53"
_IN_SYNC_WITHIN_S = 60.0
_DNSSEC_PRINCIPAL = "dnssec-route53.amazonaws.com"


@app.callback()
def _group() -> None:
    pass


@app.command()
def sign(
    name: str = typer.Argument(help="The zone's name."),
    account: str | None = endpoint.Account,
    as_json: bool = typer.Option(False, "--json", help="For machines."),
    endpoint_url: str | None = endpoint.EndpointUrl,
    data: Path | None = endpoint.Data,
    ready_file: Path | None = endpoint.ReadyFile,
) -> None:
    """Sign a public zone: KMS key, KSK, signing switched on. Prints the DS and what to do with it."""
    service = endpoint.find(endpoint_url, data, ready_file, account)
    try:
        keys = _sign(service, name)
    except ClientError as e:
        raise CallFault(f"{e.response['Error']['Code']}: {e.response['Error']['Message']}") from None
    except BotoCoreError as e:
        raise CallFault(f"the service at {service.url} cannot be reached: {e}") from None
    _show(name, keys, as_json)


def _sign(service: endpoint.Endpoint, name: str) -> list[dict[str, Any]]:
    """The zone's KSKs when it is signed and in sync; what is done already is not done again."""
    route53, kms, sts = (service.client(each) for each in ("route53", "kms", "sts"))
    zone_id = _zone_id(route53, name)
    found = route53.get_dnssec(HostedZoneId=zone_id)
    if not any(key["Status"] == "ACTIVE" for key in found["KeySigningKeys"]):
        account_id = sts.get_caller_identity()["Account"]
        key = kms.create_key(
            KeySpec="ECC_NIST_P256",
            KeyUsage="SIGN_VERIFY",
            Description=f"key-signing key of {name}",
            Policy=json.dumps(key_policy(account_id)),
        )["KeyMetadata"]
        made = route53.create_key_signing_key(
            CallerReference=secrets.token_hex(8),
            HostedZoneId=zone_id,
            KeyManagementServiceArn=key["Arn"],
            Name=_free_name(found["KeySigningKeys"]),
            Status="ACTIVE",
        )
        _in_sync(route53, made["ChangeInfo"])
    if found["Status"]["ServeSignature"] != "SIGNING":
        _in_sync(route53, route53.enable_hosted_zone_dnssec(HostedZoneId=zone_id)["ChangeInfo"])
    keys: list[dict[str, Any]] = route53.get_dnssec(HostedZoneId=zone_id)["KeySigningKeys"]
    return [key for key in keys if key["Status"] == "ACTIVE"]


def _zone_id(route53: Any, name: str) -> str:
    wanted = name.rstrip(".").lower() + "."
    listed = route53.list_hosted_zones_by_name(DNSName=wanted)["HostedZones"]
    found = [z for z in listed if z["Name"] == wanted and not z["Config"].get("PrivateZone")]
    if not found:
        raise CallFault(f"this account has no public hosted zone {wanted}")
    if len(found) > 1:
        ids = ", ".join(zone["Id"] for zone in found)
        raise CallFault(f"this account has several public hosted zones {wanted}: {ids}")
    return str(found[0]["Id"]).rpartition("/")[2]


def key_policy(account_id: str) -> dict[str, Any]:
    """A KMS key policy: the account may do everything; DNSSEC signing may use the key, for its zones alone.

    Source: Route 53 guide, "KMS key required permissions"; "confused deputy" for the condition.
    """
    of_account = {"StringEquals": {"aws:SourceAccount": account_id}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Principal": {"Service": _DNSSEC_PRINCIPAL},
                "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
                "Resource": "*",
                "Condition": of_account,
            },
            {
                "Effect": "Allow",
                "Principal": {"Service": _DNSSEC_PRINCIPAL},
                "Action": ["kms:CreateGrant"],
                "Resource": "*",
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": True}},
            },
        ],
    }


def _free_name(keys: list[dict[str, Any]]) -> str:
    taken = {key["Name"] for key in keys}
    names = (KSK_NAME, *(f"{KSK_NAME}_{n}" for n in range(2, 10)))
    return next(name for name in names if name not in taken)


def _in_sync(route53: Any, change: dict[str, Any], sleep: Callable[[float], None] = time.sleep) -> None:
    until = time.monotonic() + _IN_SYNC_WITHIN_S
    while change["Status"] != "INSYNC":
        if time.monotonic() > until:
            raise CallFault(
                f"the change {change['Id']} is still pending after {_IN_SYNC_WITHIN_S:.0f} s",
                hint="the service's log says why; `aws route53 get-change` follows it",
            )
        sleep(0.05)
        change = route53.get_change(Id=change["Id"].rpartition("/")[2])["ChangeInfo"]


def _show(name: str, keys: list[dict[str, Any]], as_json: bool) -> None:
    zone = name.rstrip(".") + "."
    if as_json:
        fields = ("Name", "KeyTag", "Flag", "SigningAlgorithmType", "DSRecord", "DNSKEYRecord", "PublicKey")
        typer.echo(json.dumps([{k: key[k] for k in fields if k in key} for key in keys], indent=2))
        return
    typer.echo(f"{zone} is signed. The chain of trust is complete once the parent has this DS record:\n")
    for key in keys:
        typer.echo(f"  {zone} IN DS {key['DSRecord']}")
    typer.echo("\nA domain that is registered here gets it with:\n")
    for key in keys:
        typer.echo(
            "  aws route53domains associate-delegation-signer-to-domain \\\n"
            f"    --domain-name {zone.rstrip('.')} \\\n"
            f"    --signing-attributes Algorithm={key['SigningAlgorithmType']},Flags={key['Flag']},"
            f"PublicKey={key['PublicKey']}"
        )
    typer.echo(
        "\nElsewhere, give the DS record to the registrar of the domain or to whoever runs the zone above."
    )
