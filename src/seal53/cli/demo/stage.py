"""Where the demo plays: an ephemeral service, two accounts, and an attacker on the way out of each VPC."""

import json
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import dns.exception
import dns.message
import dns.query
import dns.rdatatype
from botocore.config import Config

from seal53.base.errors import StartFault
from seal53.cli.demo.show import Show, Unexpected
from seal53.testing import Spoofer

START_S = 20.0
PATIENCE_S = 10.0  # longest wait for a change, an operation or a status
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """One account's VPC: where its resolver answers, and the attacker on that resolver's way out."""

    id: str
    region: str
    address: str
    port: int
    spoofer: Spoofer


class Account:
    """boto3 clients of one account; nothing else talks to the API."""

    def __init__(self, number: int, url: str, ca: str | None, facts: dict[str, str], vpc: Vpc) -> None:
        self.number, self.id, self.vpc = number, facts["id"], vpc
        self._session: Any = boto3.Session(
            aws_access_key_id=facts["access_key_id"],
            aws_secret_access_key=facts["secret_access_key"],
            region_name="us-east-1",
        )
        self._url, self._ca = url, ca

    def client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 2}, read_timeout=30)
        return self._session.client(service, endpoint_url=self._url, verify=self._ca, config=config)


class Stage:
    """A context manager: the service runs inside the block."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._dir = tempfile.TemporaryDirectory(prefix="seal53-demo-")
        self.path = Path(self._dir.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._spoofers: list[Spoofer] = []

    def __enter__(self) -> "Stage":
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def facts(self) -> dict[str, Any]:
        """The ready file as it is now."""
        facts: dict[str, Any] = json.loads((self.path / "ready.json").read_text())
        return facts

    def upstream(self) -> int:
        """Queries that both resolvers have sent so far; every one of them passes a spoofer."""
        return sum(len(spoofer.history) for spoofer in self._spoofers)

    def seen(self, vpc: Vpc, name: str) -> int:
        """How often this VPC's resolver has asked for a name."""
        return sum(1 for exchange in vpc.spoofer.history if exchange.qname.rstrip(".") == name.rstrip("."))

    def cover(self, servers: Sequence[tuple[str, int]]) -> None:
        """Puts the attackers on the path to more name servers."""
        for vpc in (self.first.vpc, self.second.vpc):
            vpc.spoofer.cover(servers)
            vpc.spoofer.write_map(self.path / "maps" / f"{vpc.id}.json")

    def ask(
        self,
        where: Vpc | tuple[str, int],
        name: str,
        rtype: str = "A",
        *,
        dnssec: bool = False,
        cd: bool = False,
        plain: bool = False,
    ) -> dns.message.Message:
        """One question over UDP, TCP after truncation; `plain` leaves EDNS out as an old client does."""
        query = dns.message.make_query(
            name, rtype, want_dnssec=dnssec, use_edns=None if plain else 0, payload=1232
        )
        query.flags |= 0x0010 if cd else 0
        if not isinstance(where, Vpc):
            query.flags &= ~0x0100
        address, port = (where.address, where.port) if isinstance(where, Vpc) else where
        options = "".join((" +dnssec" if dnssec else "", " +cd" if cd else "", " +noedns" if plain else ""))
        self._show.sent(f"dig @{address}{f' -p {port}' if port != 53 else ''} {name} {rtype}{options}")
        try:
            reply, _tcp = dns.query.udp_with_fallback(query, address, timeout=8, port=port)
        except dns.exception.DNSException as e:
            raise Unexpected(f"{name} {rtype} at {address}: no usable answer ({type(e).__name__})") from None
        return reply

    def until(self, what: str, look: Callable[[], T | None]) -> T:
        """Polls until `look` gives something. Raises Unexpected after PATIENCE_S."""
        end = time.monotonic() + PATIENCE_S
        with self._show.wait(f"waiting for {what}"):
            while True:
                found = look()
                if found is not None:
                    return found
                if time.monotonic() > end:
                    raise Unexpected(f"{what} did not come within {PATIENCE_S:.0f} s")
                time.sleep(0.05)

    def let_expire(self, seconds: int, why: str) -> None:
        """A TTL runs out in the resolvers' caches."""
        self._show.say(f"waiting {seconds} s: {why}")
        with self._show.wait(why):
            time.sleep(seconds + 0.1)

    def _start(self) -> None:
        (self.path / "maps").mkdir()
        log = (self.path / "service.log").open("wb")
        command = [sys.executable, "-m", "seal53", "serve", "--ephemeral"]
        command += ["--ready-file", str(self.path / "ready.json"), "--upstream-maps", str(self.path / "maps")]
        command += ["--tld-ns-ttl", "1", "--tld-ds-ttl", "1", "--tld-negative-ttl", "1"]
        self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        log.close()
        end = time.monotonic() + START_S
        while not (self.path / "ready.json").exists():
            if self._process.poll() is not None or time.monotonic() > end:
                lines = (self.path / "service.log").read_text(errors="replace").strip().splitlines()
                raise StartFault(f"the service did not start: {lines[-1] if lines else 'it said nothing'}")
            time.sleep(0.02)
        facts = self.facts
        first, second = (self._account(n, facts) for n in (0, 1))
        self.first, self.second = first, second
        root = (facts["root"]["address"], facts["root"]["port"])
        reply = dns.query.udp(dns.message.make_query("com.", "NS"), root[0], timeout=5, port=root[1])
        tlds = {
            rdata.address for rrset in reply.additional if rrset.rdtype == dns.rdatatype.A for rdata in rrset
        }
        self.root, self.tld_servers = root, sorted((address, root[1]) for address in tlds)
        self.cover([root, *self.tld_servers])

    def _account(self, number: int, facts: dict[str, Any]) -> Account:
        account = facts["accounts"][number]
        resolver = next(r for r in facts["resolvers"] if r["account"] == account["id"])
        spoofer = Spoofer([])
        spoofer.start()
        self._spoofers.append(spoofer)
        vpc = Vpc(
            id=resolver["vpc_id"],
            region=resolver["region"],
            address=resolver["address"],
            port=resolver["port"],
            spoofer=spoofer,
        )
        return Account(number + 1, facts["api"], facts.get("ca"), account, vpc)

    def _end(self) -> None:
        for spoofer in self._spoofers:
            spoofer.stop()
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._dir.cleanup()


def reference() -> str:
    """A caller reference that no earlier call used."""
    return secrets.token_hex(8)
