"""SDKs of other languages, unmodified, built by `make clients` from tests/clients.

Skipped where they are not built; `make clients` demands them.
"""

import os
import subprocess
from pathlib import Path

import pytest
from e2e_service import Service, environment

CLIENTS = Path(__file__).parents[1] / "clients"
GO = CLIENTS / "go" / "bin"


def _built(path: Path) -> Path:
    if not path.exists():
        if os.environ.get("SEAL53_REQUIRE_CLIENTS"):
            pytest.fail(f"{path} is not built")
        pytest.skip(f"{path.name} is not built; `make clients` does")
    return path


def _credentials(service: Service) -> dict[str, str]:
    key = service.facts["accounts"][0]
    return {
        **environment(),
        "AWS_ENDPOINT_URL": service.facts["api"],
        "AWS_ACCESS_KEY_ID": key["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _says_ok(service: Service, *command: str, where: Path | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=where,
        env=_credentials(service),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


def test_the_sdk_for_javascript(service: Service) -> None:
    _built(CLIENTS / "js" / "node_modules")
    _says_ok(service, "node", "sdk.js", where=CLIENTS / "js")


def test_the_sdk_for_go(service: Service) -> None:
    _says_ok(service, str(_built(GO / "sdk")))


def test_lego_puts_and_removes_a_challenge(service: Service) -> None:
    program = _built(GO / "lego")
    # Registered, so that lego finds the zone by its SOA as it does on the Internet: from a resolver.
    contact = {"FirstName": "A", "LastName": "B", "Email": "a@lego-client.com", "CountryCode": "DE"}
    service.client("route53domains").register_domain(
        DomainName="lego-client.com",
        DurationInYears=1,
        AdminContact=contact,
        RegistrantContact=contact,
        TechContact=contact,
    )
    resolver = next(
        r for r in service.facts["resolvers"] if r["account"] == service.facts["accounts"][0]["id"]
    )
    with subprocess.Popen(
        [str(program), "www.lego-client.com", f"{resolver['address']}:{resolver['port']}"],
        env={**_credentials(service), "AWS_POLLING_INTERVAL": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        value = process.stdout.readline().strip()
        assert value, process.stderr.read() if process.stderr else ""
        # lego waited for INSYNC. The resolver is not asked: lego's search left a negative answer in it.
        for address in _name_servers(service, "lego-client.com"):
            assert service.values(address, "_acme-challenge.www.lego-client.com", "TXT") == [f'"{value}"']
        said, errors = process.communicate("\n", timeout=40)
        assert (process.returncode, said) == (0, "gone\n"), errors


def _name_servers(service: Service, zone: str) -> list[str]:
    route53 = service.client("route53")
    found = route53.list_hosted_zones_by_name(DNSName=zone, MaxItems="1")["HostedZones"][0]["Id"]
    hosts = set(route53.get_hosted_zone(Id=found)["DelegationSet"]["NameServers"])
    return [s["address"] for s in service.facts["name_servers"] if s["host"].rstrip(".") in hosts]
