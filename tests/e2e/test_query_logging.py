"""Query logging with real queries: what is asked of a zone's name servers stands in its log group's file."""

import re
from pathlib import Path
from typing import Any

import dns.edns
import dns.message
import dns.query
import pytest
from e2e_service import Service, Starter, until

LINE = re.compile(
    r"1\.0 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
    r"(?P<zone>Z\w+) (?P<name>\S+) (?P<type>\S+) (?P<rcode>[A-Z]+) (?P<protocol>UDP|TCP) LOC1"
    r" (?P<client>[0-9.]+) (?P<subnet>\S+)"
)


class Logged:
    """A public zone of the first account with its name servers, and the file of its log group."""

    def __init__(self, service: Service, data: Path, name: str, group: str) -> None:
        self.service = service
        self.name = name
        self.zone_id, self.servers = service.zone(name)
        service.in_sync(service.upsert(self.zone_id, f"www.{name}", "A", "203.0.113.20"))
        account = service.facts["accounts"][0]["id"]
        self.config: dict[str, Any] = service.client("route53").create_query_logging_config(
            HostedZoneId=self.zone_id,
            CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:{account}:log-group:{group}",
        )["QueryLoggingConfig"]
        self.stream = data.joinpath("logs", account, *group.strip("/").split("/"), f"{self.zone_id}_LOC1.log")

    def lines(self) -> list[dict[str, str]]:
        found = self.stream.read_text().splitlines() if self.stream.exists() else []
        matched = [LINE.fullmatch(line) for line in found]
        assert None not in matched, found
        return [match.groupdict() for match in matched if match is not None]

    def ask_logged(self) -> None:
        """Asks until a query comes into the file."""
        before = len(self.lines())

        def more() -> bool | None:
            self.service.ask(self.servers[0], f"ask.{self.name}")
            return len(self.lines()) > before or None

        until(f"a line of {self.name}", more)


@pytest.fixture(name="data")
def _data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(name="service")
def _service(start: Starter, data: Path) -> Service:
    return start("--data", str(data), "--address-block", "127.53.214.0/24", "--api-listen", "127.0.0.1:0")


def test_what_is_asked_of_a_zone_is_logged(service: Service, data: Path) -> None:
    logged = Logged(service, data, "logged.com", "/aws/route53/logged.com")
    quiet_id, quiet_servers = service.zone("quiet.com")
    service.in_sync(service.upsert(quiet_id, "www.quiet.com", "A", "203.0.113.21"))
    logged.ask_logged()
    port = service.facts["root"]["port"]
    service.ask(logged.servers[1], "WWW.Logged.com", "A")
    service.ask(logged.servers[2], "www.logged.com", "MX")
    service.ask(quiet_servers[0], "www.quiet.com", "A")
    dns.query.tcp(
        dns.message.make_query("tcp.logged.com", "TXT", use_edns=None),
        logged.servers[0],
        port=port,
        timeout=2,
    )
    subnet = dns.edns.ECSOption("198.51.100.0", 24)
    dns.query.udp(
        dns.message.make_query("subnet.logged.com", "A", use_edns=0, options=[subnet]),
        logged.servers[0],
        port=port,
        timeout=2,
    )

    def asked() -> list[dict[str, str]] | None:
        wanted = [line for line in logged.lines() if not line["name"].startswith("ask.")]
        return wanted if len(wanted) >= 4 else None

    seen = until("the lines", asked)
    assert {line["zone"] for line in seen} == {logged.zone_id}
    assert {line["client"] for line in seen} == {"127.0.0.1"}
    assert sorted(
        (line["name"].lower(), line["type"], line["rcode"], line["protocol"], line["subnet"]) for line in seen
    ) == [
        ("subnet.logged.com", "A", "NXDOMAIN", "UDP", "198.51.100.0/24"),
        ("tcp.logged.com", "TXT", "NXDOMAIN", "TCP", "-"),
        ("www.logged.com", "A", "NOERROR", "UDP", "-"),
        ("www.logged.com", "MX", "NOERROR", "UDP", "-"),
    ]


def test_logging_ends_with_its_config_and_what_was_logged_stays(service: Service, data: Path) -> None:
    ends = Logged(service, data, "ends-logging.com", "ends")
    goes_on = Logged(service, data, "goes-on-logging.com", "goes/on")
    ends.ask_logged()
    goes_on.ask_logged()
    service.client("route53").delete_query_logging_config(Id=ends.config["Id"])

    def is_silent() -> bool | None:
        """Whether a query of the first zone is not in its file although a later one of the second is."""
        before = len(ends.lines())
        service.ask(ends.servers[0], f"late.{ends.name}")
        goes_on.ask_logged()
        return len(ends.lines()) == before or None

    until("the end of logging", is_silent)
    assert ends.lines()
