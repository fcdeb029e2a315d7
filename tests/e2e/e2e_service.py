"""A whole service in processes of its own, for tests that look from outside, by boto3 and dnspython."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import dns.message
import dns.query
import dns.rdatatype
from botocore.config import Config

START_S = 20.0
PATIENCE_S = 10.0
T = TypeVar("T")


def until(what: str, look: Callable[[], T | None], seconds: float = PATIENCE_S) -> T:
    """Polls another process's world: the wait is for real sockets, so it is on the wall clock."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.01)


def environment() -> dict[str, str]:
    """Ours without settings or credentials that would leak into a service or a client."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("SEAL53_", "AWS_"))}


def as_user(user: int) -> list[str]:
    """Before a command: run as this user, who may read what root has installed (the interpreter)."""
    may_read = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *may_read]


@dataclass(slots=True)
class Service:
    """A running `seal53 serve`."""

    process: subprocess.Popen[bytes]
    ready_file: Path
    log: Path
    _clients: dict[tuple[int, str, str], Any] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """The ready file as it is now."""
        facts: dict[str, Any] = json.loads(self.ready_file.read_text())
        return facts

    def session(self, account: int = 0) -> boto3.Session:
        key = self.facts["accounts"][account]
        return boto3.Session(
            aws_access_key_id=key["access_key_id"],
            aws_secret_access_key=key["secret_access_key"],
            region_name="us-east-1",
        )

    def client(self, service: str, account: int = 0) -> Any:
        """A client that gives up soon and tries again a few times, as boto3 does by itself."""
        url = self.facts["api"]
        if (account, service, url) not in self._clients:
            self._clients[account, service, url] = self.session(account).client(
                service,
                endpoint_url=url,
                verify=self.facts.get("ca"),
                config=Config(
                    retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=3, read_timeout=10
                ),
            )
        return self._clients[account, service, url]

    def zone(self, name: str, account: int = 0) -> tuple[str, list[str]]:
        """A new hosted zone: its id and the addresses of its name servers."""
        made = self.client("route53", account).create_hosted_zone(
            Name=name, CallerReference=secrets.token_hex(8)
        )
        hosts = {host.rstrip(".") + "." for host in made["DelegationSet"]["NameServers"]}

        def addresses() -> list[str] | None:
            found = [s["address"] for s in self.facts["name_servers"] if s["host"].rstrip(".") + "." in hosts]
            return found if len(found) == 4 else None

        return made["HostedZone"]["Id"].rpartition("/")[2], until("the name servers' addresses", addresses)

    def upsert(self, zone_id: str, name: str, rtype: str, *values: str, ttl: int = 60) -> str:
        """The change's id."""
        records = [{"Value": value} for value in values]
        change = {"Name": name, "Type": rtype, "TTL": ttl, "ResourceRecords": records}
        answer = self.client("route53").change_resource_record_sets(
            HostedZoneId=zone_id,
            ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": change}]},
        )
        return str(answer["ChangeInfo"]["Id"]).rpartition("/")[2]

    def in_sync(self, change_id: str) -> None:
        route53 = self.client("route53")

        def look() -> bool | None:
            return route53.get_change(Id=change_id)["ChangeInfo"]["Status"] == "INSYNC" or None

        until(f"change {change_id}", look)

    def ask(
        self, address: str, name: str, rtype: str = "A", *, dnssec: bool = False, timeout: float = 2.0
    ) -> dns.message.Message:
        query = dns.message.make_query(name, rtype, want_dnssec=dnssec, use_edns=0, payload=1232)
        query.flags &= ~0x0100
        port = self.facts["root"]["port"]
        reply, _ = dns.query.udp_with_fallback(query, address, timeout=timeout, port=port)
        return reply

    def values(self, address: str, name: str, rtype: str = "A") -> list[str]:
        """The answer's RDATAs as text, sorted; empty for a negative one."""
        wanted = dns.rdatatype.from_text(rtype)
        return sorted(
            r.to_text() for s in self.ask(address, name, rtype).answer if s.rdtype == wanted for r in s
        )

    def kill(self, role: str, number: int = signal.SIGKILL) -> int:
        """Kills a role's process; returns its id."""
        pid: int = self.facts["pids"][role][0]
        os.kill(pid, number)
        return pid

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


class Starter:
    """Starts services and ends them with the test."""

    def __init__(self, where: Path) -> None:
        self._where = where
        self._started: list[Service] = []

    def launch(self, *args: str, user: int | None = None) -> Service:
        """The process, at once."""
        place = self._where / secrets.token_hex(4)
        place.mkdir(mode=0o777)
        if user is not None:
            place.chmod(0o777)
        log = place / "log"
        command = [sys.executable, "-m", "seal53", "serve", "--ready-file", str(place / "ready.json"), *args]
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*as_user(user), *command] if user is not None else command,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment(),
            )
        service = Service(process, place / "ready.json", log)
        self._started.append(service)
        return service

    def __call__(self, *args: str, user: int | None = None) -> Service:
        """A service that answers."""
        service = self.launch(*args, user=user)

        def look() -> bool | None:
            assert service.process.poll() is None, service.log.read_text()
            return service.ready_file.exists() or None

        until("the ready file", look, START_S)
        return service

    def refused(self, *args: str) -> str:
        """What a service says that does not start: one line."""
        service = self.launch(*args)
        assert service.process.wait(START_S) != 0
        said = service.log.read_text()
        assert not service.ready_file.exists()
        assert "Traceback" not in said
        assert len(said.splitlines()) == 1, said
        return said.strip()

    def end(self) -> None:
        for service in self._started:
            if service.process.poll() is None:
                service.process.terminate()
        for service in self._started:
            try:
                service.process.wait(5)
            except subprocess.TimeoutExpired:
                service.process.kill()
                service.process.wait()
