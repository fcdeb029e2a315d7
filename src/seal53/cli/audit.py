"""`seal53 audit`: who called what: the audit log of the running service."""

import json
import time
from pathlib import Path
from typing import Any

import typer

from seal53.cli import endpoint

_PAUSE_S = 1.0
_AT_ONCE = 1000


def audit(
    last: int = typer.Option(20, "--last", "-n", min=0, max=_AT_ONCE, help="As many records, the newest."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on with what comes, until interrupted."),
    event: str = typer.Option("", help="Only this operation, such as ChangeResourceRecordSets."),
    account: str = typer.Option("", help="Only the calls of this account."),
    user: str = typer.Option("", help="Only those of a user, role or session, by name or ARN."),
    errors: bool = typer.Option(False, "--errors", help="Only calls that were refused or failed."),
    as_json: bool = typer.Option(False, "--json", help="CloudTrail records, one a line."),
    endpoint_url: str | None = endpoint.EndpointUrl,
    data: Path | None = endpoint.Data,
    ready_file: Path | None = endpoint.ReadyFile,
) -> None:
    """Show the newest calls. The managing account sees those of all accounts."""
    service = endpoint.find(endpoint_url, data, ready_file)
    query = {"event": event, "account": account, "user": user, "errors": errors}
    found = service.operator("audit", {"last": last, **query})
    while True:
        for record in found["records"]:
            typer.echo(json.dumps(record) if as_json else _line(record))
        if not follow:
            return
        if len(found["records"]) < _AT_ONCE:
            time.sleep(_PAUSE_S)
        found = service.operator("audit", {"after": found["place"], "last": _AT_ONCE, **query})


def _line(record: dict[str, Any]) -> str:
    """One line for people: when, who, what, upon what, and what came of it."""
    who = record.get("userIdentity", {})
    arn = who.get("arn") or who.get("accessKeyId") or "nobody known"
    name = arn.rpartition(":")[2] if arn.endswith(":root") else arn.partition("::")[2].partition(":")[2]
    account = record.get("recipientAccountId", "-")
    outcome = record.get("errorCode") or "ok"
    upon = _upon(record.get("requestParameters"))
    source = record.get("eventSource", "").partition(".")[0]
    what = f"{source}:{record.get('eventName', '')}"
    return f"{record.get('eventTime', '')}  {account}  {name or arn}  {what}  {upon or '-'}  {outcome}"


def _upon(parameters: Any) -> str:
    """The request's plain values, as far as they fit."""
    if not isinstance(parameters, dict):
        return ""
    plain = [
        f"{k}={v}" for k, v in parameters.items() if isinstance(v, str | int) and not isinstance(v, bool)
    ]
    text = " ".join(plain)
    return text if len(text) <= 80 else text[:77] + "..."
