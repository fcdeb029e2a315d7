"""An ephemeral service goes back to what it had at its start, and DNS with it."""

import json
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest
from botocore.exceptions import ClientError
from e2e_service import Service, Starter, environment, until

from seal53.cli.endpoint import CallFault, Endpoint

ROOT = Path(__file__).parents[2]
KEPT = ("accounts", "resolvers", "root")


def operator(service: Service, account: int = 0) -> Endpoint:
    key = service.facts["accounts"][account]
    return Endpoint(
        url=service.facts["api"],
        access_key_id=key["access_key_id"],
        secret_access_key=key["secret_access_key"],
        facts=service.facts,
    )


def resolver_of(service: Service, account: int = 0) -> str:
    account_id = service.facts["accounts"][account]["id"]
    return next(r["address"] for r in service.facts["resolvers"] if r["account"] == account_id)


def resolve(service: Service, name: str) -> dns.message.Message:
    """What the first account's resolver says."""
    query = dns.message.make_query(name, "A", use_edns=0)
    port = service.facts["root"]["port"]
    return dns.query.udp(query, resolver_of(service), timeout=5, port=port)


def fill(service: Service, label: str) -> tuple[list[str], str]:
    """Zones, a domain, an account, a VPC, a health check; the zone's name servers, and the VPC's resolver."""
    domain = f"{label}.com"
    route53 = service.client("route53")
    zone_id, servers = service.zone(domain)
    service.in_sync(service.upsert(zone_id, f"www.{domain}", "A", "192.0.2.1"))
    service.zone(f"sub.{domain}")  # on a delegation set of its own
    hosts = route53.get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"]
    person: dict[str, Any] = {
        "FirstName": "A",
        "LastName": "B",
        "ContactType": "PERSON",
        "AddressLine1": "1 Street",
        "City": "Town",
        "CountryCode": "NL",
        "ZipCode": "1000",
        "PhoneNumber": "+31.201234567",
        "Email": "a@example.com",
    }
    domains = service.client("route53domains")
    domains.register_domain(
        DomainName=domain,
        DurationInYears=1,
        AdminContact=person,
        RegistrantContact=person,
        TechContact=person,
    )
    done = domains.update_domain_nameservers(
        DomainName=domain, Nameservers=[{"Name": host} for host in hosts]
    )["OperationId"]
    until(
        "the delegation",
        lambda: domains.get_operation_detail(OperationId=done)["Status"] == "SUCCESSFUL" or None,
    )
    assert [r.to_text() for r in resolve(service, f"www.{domain}.").answer[0]] == ["192.0.2.1"]
    operator(service).operator("account", {"name": "third"})
    vpc = operator(service).operator("vpc", {})
    route53.create_hosted_zone(
        Name="corp.internal",
        CallerReference=secrets.token_hex(4),
        VPC={"VPCRegion": vpc["region"], "VPCId": vpc["vpc_id"]},
    )
    route53.create_health_check(
        CallerReference=secrets.token_hex(4),
        HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80},
    )
    return servers, vpc["address"]


def test_everything_goes_but_what_the_service_began_with(start: Starter) -> None:
    service = start("--ephemeral")
    before = {name: service.facts[name] for name in KEPT}
    servers, vpc = fill(service, "companya")
    began = time.monotonic()
    assert operator(service).operator("reset", {}) == {}
    assert time.monotonic() - began < 2
    # gone everywhere, at once, also from a cache that had it; nobody listens where its zones were served
    assert resolve(service, "www.companya.com.").rcode() == dns.rcode.NXDOMAIN
    for address in (vpc, *servers):
        with pytest.raises((OSError, dns.exception.Timeout)):
            service.ask(address, "www.companya.com.", timeout=0.2)
    route53 = service.client("route53")
    assert route53.list_hosted_zones()["HostedZones"] == []
    assert route53.list_health_checks()["HealthChecks"] == []
    assert service.client("route53domains").list_domains()["Domains"] == []
    until("the ready file", lambda: {name: service.facts[name] for name in KEPT} == before or None)
    # and all begins again, with the same trust anchor and keys; that the name was not there is forgotten, too
    operator(service).operator("reset", {})
    servers, _ = fill(service, "companya")
    assert service.values(servers[0], "www.companya.com.") == ["192.0.2.1"]
    zone_id, again = service.zone("companyb.com")
    service.in_sync(service.upsert(zone_id, "x.companyb.com", "A", "192.0.2.7"))
    assert [service.values(a, "x.companyb.com.") for a in again] == [["192.0.2.7"]] * 4


def test_it_is_quick_and_again_possible_after_a_role_died(start: Starter) -> None:
    service = start("--ephemeral")
    for n in range(30):
        service.zone(f"zone{n}.example")
    taken = []
    for role in (None, "edge", "control", "resolver"):
        if role is not None:
            service.kill(role, signal.SIGKILL)
            until("the API", lambda: _reset(service))
        began = time.monotonic()
        operator(service).operator("reset", {})
        taken.append(time.monotonic() - began)
        assert service.client("route53").list_hosted_zones()["HostedZones"] == []
        zone_id, servers = service.zone("zone1.example")
        service.in_sync(service.upsert(zone_id, "a.zone1.example", "A", "192.0.2.8"))
        assert service.values(servers[0], "a.zone1.example.") == ["192.0.2.8"]
    assert min(taken) < 0.5


def test_the_command_and_the_call_of_the_guide(start: Starter) -> None:
    service = start("--ephemeral")
    guide = (ROOT / "docs" / "guide" / "testing.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    told: dict[str, Any] = {}
    exec(compile(code, "testing.md", "exec"), told)
    command = [sys.executable, "-m", "seal53", "reset", "--ready-file", str(service.ready_file)]
    for empty in (
        lambda: told["reset"](service.facts),
        lambda: subprocess.run(command, env=environment(), check=True, capture_output=True),
    ):
        service.zone("companya.com")
        empty()
        assert service.client("route53").list_hosted_zones()["HostedZones"] == []


def _reset(service: Service) -> bool | None:
    """Whether it could be reset; while a role is on its way back, it may not be."""
    try:
        operator(service).operator("reset", {})
    except CallFault:
        return None
    return True


def test_only_the_managing_root_may_and_only_an_ephemeral_service(start: Starter, tmp_path: Path) -> None:
    service = start("--ephemeral")
    zone_id, _ = service.zone("kept.example")
    with pytest.raises(CallFault, match="managing account"):
        operator(service, 1).operator("reset", {})
    service.client("route53").get_hosted_zone(Id=zone_id)
    lasting = start("--data", str(tmp_path / "data"), "--address-block", "127.53.88.0/24")
    with pytest.raises(CallFault, match="--ephemeral"):
        operator(lasting).operator("reset", {})


def test_a_user_of_the_managing_account_may_not(start: Starter) -> None:
    service = start("--ephemeral")
    iam = service.client("iam")
    iam.create_user(UserName="admin")
    allow_all = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=json.dumps(allow_all))
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    user = Endpoint(
        url=service.facts["api"],
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )
    with pytest.raises(CallFault):
        user.operator("reset", {})
    operator(service).operator("reset", {})
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        service.session().client(
            "sts",
            endpoint_url=service.facts["api"],
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        ).get_caller_identity()
