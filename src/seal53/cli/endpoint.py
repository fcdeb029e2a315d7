"""How the other commands find a running service, and call it.

The endpoint comes from --endpoint-url, AWS_ENDPOINT_URL, --ready-file, or the ready file of a data
directory; the credentials from the environment, or from the ready file (its first account, or the one that
--account names). Over HTTPS the CA that the ready file names is trusted, else AWS_CA_BUNDLE, else the
system's.
"""

import json
import os
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from seal53.base.errors import Fault

READY = "ready.json"
REGION = "us-east-1"
_TIMEOUT_S = 30


class CallFault(Fault):
    """The service cannot be found or reached, or refused the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the service is, who calls, and what its ready file says (None without one)."""

    url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    facts: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def ca(self) -> str | None:
        """The file that says whom to trust over HTTPS; None: as the system does."""
        return (self.facts or {}).get("ca") or os.environ.get("AWS_CA_BUNDLE") or None

    def client(self, service: str, region: str = REGION) -> Any:
        """A botocore client."""
        import botocore.session  # here and not above: `seal53 serve` needs none of it, and it is large
        from botocore.config import Config

        return botocore.session.get_session().create_client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            aws_session_token=self.session_token,
            config=Config(retries={"total_max_attempts": 2}, read_timeout=_TIMEOUT_S),
        )

    def operator(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """One call under /_seal53/. Raises CallFault."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        data = json.dumps(body).encode()
        request = AWSRequest(
            method="POST",
            url=f"{self.url}/_seal53/{name}",
            data=data,
            headers={"Content-Type": "application/json"},
        )
        credentials = Credentials(self.access_key_id, self.secret_access_key, self.session_token)
        SigV4Auth(credentials, "seal53", REGION).add_auth(request)
        prepared = request.prepare()
        call = urllib.request.Request(  # noqa: S310 - the service's own http URL
            prepared.url, data=data, headers=dict(prepared.headers), method="POST"
        )
        try:
            trusted = ssl.create_default_context(cafile=self.ca) if self.url.startswith("https:") else None
            with urllib.request.urlopen(call, timeout=_TIMEOUT_S, context=trusted) as reply:  # noqa: S310
                answer: dict[str, Any] = json.load(reply)
                return answer
        except urllib.error.HTTPError as e:
            raise CallFault(_refusal(e)) from None
        except OSError as e:
            raise _unreachable(self.url, e) from None


EndpointUrl = typer.Option(None, "--endpoint-url", envvar="AWS_ENDPOINT_URL", help="The service's API.")
Data = typer.Option(None, "--data", help="The data directory of a running service on this machine.")
ReadyFile = typer.Option(None, "--ready-file", help="The ready file of a running service.")
Account = typer.Option(
    None, "--account", help="The account whose key the ready file lends; default: the first."
)


def find(
    endpoint_url: str | None, data: Path | None, ready_file: Path | None, account: str | None = None
) -> Endpoint:
    """Raises CallFault, with what to do."""
    facts = _facts(endpoint_url, data, ready_file)
    url = endpoint_url if endpoint_url is not None else None if facts is None else str(facts["api"])
    if url is None:
        raise CallFault(
            "no running service was found",
            hint="give --endpoint-url, --ready-file or --data, or start one: seal53 serve",
        )
    access_key_id, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key_id and secret and account is None:
        return Endpoint(
            url=url.rstrip("/"),
            access_key_id=access_key_id,
            secret_access_key=secret,
            session_token=os.environ.get("AWS_SESSION_TOKEN") or None,
            facts=facts,
        )
    if facts is None:
        raise CallFault(
            "no credentials",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --ready-file or --data",
        )
    lent = [a for a in facts["accounts"] if account is None or a["id"] == account]
    if not lent:
        raise CallFault(f"the ready file has no key of account {account}")
    return Endpoint(
        url=url.rstrip("/"),
        access_key_id=lent[0]["access_key_id"],
        secret_access_key=lent[0]["secret_access_key"],
        facts=facts,
    )


def _facts(endpoint_url: str | None, data: Path | None, ready_file: Path | None) -> dict[str, Any] | None:
    if ready_file is not None:
        return _load(ready_file)
    if data is not None:
        return _load(data / READY)
    if endpoint_url is not None:
        return None
    from seal53.supervise.ground import default_data

    usual = default_data() / READY
    return _load(usual) if usual.exists() else None


def _load(path: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return facts
    except FileNotFoundError:
        raise CallFault(f"there is no ready file {path}", hint="is the service running?") from None
    except (OSError, ValueError) as e:
        raise CallFault(f"the ready file {path} cannot be read: {e}") from None


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        body = json.load(error)
        return f"{body.get('__type', error.code)}: {body.get('message') or body.get('Message')}"
    except (OSError, ValueError, AttributeError):
        return f"the service answered with HTTP status {error.code}"


def _unreachable(url: str, error: OSError) -> CallFault:
    reason = getattr(error, "reason", error)
    return CallFault(f"the service at {url} cannot be reached: {reason}", hint="is it running? seal53 serve")
