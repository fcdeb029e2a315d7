"""Ours: `seal53 serve` with default settings, filled and signed through its API as a customer's zone is.

Not for: shortcuts into the store or the data plane; what is measured is what an API call brought about.
"""

import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bench import zone
from bench.load import Target
from bench.processes import SERVER_CPU, BenchFault, family, last_words, pin, running
from seal53.base.errors import Fault
from seal53.cli.endpoint import Endpoint
from seal53.core import build_info

NAME = "seal53"
REGION = "us-east-1"
_START_S = 30.0
_INSYNC_S = 300.0
_DNSSEC_ACTIONS = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """How long the way through the API took, in seconds: each batch, until INSYNC, and the signing."""

    batches: tuple[float, ...]
    insync_s: float
    signing_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The running service with the signed zone; `ds` is the DS RDATA that its API gives."""

    target: Target
    loading: Loading
    ds: str
    endpoint: Endpoint

    def counters(self) -> dict[str, int]:
        """What all name-server processes have counted together. Raises BenchFault."""
        try:
            by_edge: dict[str, dict[str, int]] = self.endpoint.operator("stats", {})["counters"]
        except (Fault, KeyError) as e:
            raise BenchFault(f"{NAME}: no counters: {e}") from None
        total: dict[str, int] = {}
        for counters in by_edge.values():
            for name, number in counters.items():
                total[name] = total.get(name, 0) + number
        return total


def require_optimized() -> dict[str, str]:
    """The build's facts. Raises BenchFault for a build without full optimization."""
    info = build_info()
    if info["profile"] != "release":
        raise BenchFault(
            f"the extension is a {info['profile']} build, which says nothing about speed; run `make setup`"
        )
    return info


@contextmanager
def serving(directory: Path, names: int, say: Callable[[str], None]) -> Iterator[Subject]:
    """The service with the zone in place, pinned once it is loaded. Raises BenchFault."""
    ready, log = directory / "ready.json", directory / "seal53.log"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "seal53",
        "serve",
        "--ephemeral",
        "--ready-file",
        ready,
    ]
    with running(command, log, orphan_signal="TERM") as process:
        end = time.monotonic() + _START_S
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > end:
                raise BenchFault(f"{NAME} did not start: {last_words(log)}")
            time.sleep(0.05)
        facts = json.loads(ready.read_text())
        account = facts["accounts"][0]
        endpoint = Endpoint(
            url=facts["api"],
            access_key_id=account["access_key_id"],
            secret_access_key=account["secret_access_key"],
            facts=facts,
        )
        try:
            target, loading, ds = _fill(_Api(endpoint), process.pid, names, ready, say)
        except (BotoCoreError, ClientError) as e:
            raise BenchFault(f"{NAME}: {e}; its last words: {last_words(log)}") from None
        pin(family(process.pid), SERVER_CPU)
        yield Subject(target=target, loading=loading, ds=ds, endpoint=endpoint)


class _Api:
    """boto3 clients of the first account."""

    def __init__(self, endpoint: Endpoint) -> None:
        session = boto3.Session(
            aws_access_key_id=endpoint.access_key_id,
            aws_secret_access_key=endpoint.secret_access_key,
            region_name=REGION,
        )
        # No second attempt: a batch that was applied and then asked for again would be refused.
        config = Config(retries={"total_max_attempts": 1}, read_timeout=120)
        self.route53: Any = session.client("route53", endpoint_url=endpoint.url, config=config)
        self.kms: Any = session.client("kms", endpoint_url=endpoint.url, config=config)
        self.sts: Any = session.client("sts", endpoint_url=endpoint.url, config=config)

    def wait_insync(self, change: dict[str, Any]) -> float:
        """Until a change is INSYNC; gives the seconds. Raises BenchFault after _INSYNC_S."""
        start = time.monotonic()
        while time.monotonic() < start + _INSYNC_S:
            if self.route53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC":
                return time.monotonic() - start
            time.sleep(0.05)
        raise BenchFault(f"{NAME}: a change was still PENDING after {_INSYNC_S:.0f} s")


def _fill(
    api: _Api, pid: int, names: int, ready: Path, say: Callable[[str], None]
) -> tuple[Target, Loading, str]:
    made = api.route53.create_hosted_zone(Name=zone.ORIGIN, CallerReference=secrets.token_hex(8))
    zone_id = made["HostedZone"]["Id"]
    batches: list[float] = []
    change = made["ChangeInfo"]
    for batch in zone.change_batches(names):
        start = time.monotonic()
        change = api.route53.change_resource_record_sets(
            HostedZoneId=zone_id, ChangeBatch={"Changes": list(batch)}
        )["ChangeInfo"]
        batches.append(time.monotonic() - start)
        if len(batches) % 20 == 0:
            say(f"{NAME}: {len(batches)} batches loaded, {sum(batches) / len(batches):.2f} s each")
    insync_s = api.wait_insync(change)
    start = time.monotonic()
    ds = _sign(api, zone_id)
    loading = Loading(batches=tuple(batches), insync_s=insync_s, signing_s=time.monotonic() - start)
    host = made["DelegationSet"]["NameServers"][0].rstrip(".")
    servers = json.loads(ready.read_text())["name_servers"]
    found = next((s for s in servers if s["host"].rstrip(".") == host), None)
    if found is None:
        raise BenchFault(f"{NAME}: the ready file does not list the name server {host}")
    return Target(name=NAME, host=found["address"], port=found["port"], pid=pid), loading, ds


def _sign(api: _Api, zone_id: str) -> str:
    """As a customer does: a KMS key, a KSK, signing on. Gives the DS RDATA."""
    account = api.sts.get_caller_identity()["Account"]
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "dnssec-route53.amazonaws.com"},
            "Action": _DNSSEC_ACTIONS,
            "Resource": "*",
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    key = api.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=policy)
    api.route53.create_key_signing_key(
        CallerReference=secrets.token_hex(8),
        HostedZoneId=zone_id,
        KeyManagementServiceArn=key["KeyMetadata"]["Arn"],
        Name="bench",
        Status="ACTIVE",
    )
    change = api.route53.enable_hosted_zone_dnssec(HostedZoneId=zone_id)["ChangeInfo"]
    api.wait_insync(change)
    ds: str = api.route53.get_dnssec(HostedZoneId=zone_id)["KeySigningKeys"][0]["DSRecord"]
    return ds
