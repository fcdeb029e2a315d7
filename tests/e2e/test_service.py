"""The service from outside: a call becomes an answer, services run side by side, the ready file."""

import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import dns.flags
import dns.rcode
from e2e_service import Service, Starter, environment, until


def test_a_call_becomes_an_answer(service: Service) -> None:
    zone_id, servers = service.zone("first.example.")
    service.in_sync(service.upsert(zone_id, "www.first.example.", "A", "192.0.2.1", "192.0.2.2"))
    for address in servers:
        reply = service.ask(address, "www.first.example.")
        assert reply.flags & dns.flags.AA
        assert sorted(r.to_text() for r in reply.answer[0]) == ["192.0.2.1", "192.0.2.2"]
        assert service.ask(address, "other.first.example.").rcode() == dns.rcode.NXDOMAIN
        assert service.ask(address, "www.elsewhere.example.").rcode() == dns.rcode.REFUSED


def test_a_change_in_sync_is_served_by_every_name_server(service: Service) -> None:
    zone_id, servers = service.zone("sync.example.")
    for n in range(10):
        service.in_sync(service.upsert(zone_id, "a.sync.example.", "A", f"192.0.2.{n}"))
        assert [service.values(address, "a.sync.example.") for address in servers] == [[f"192.0.2.{n}"]] * 4


def test_a_deleted_zone_is_gone_when_its_change_is_in_sync(service: Service) -> None:
    zone_id, servers = service.zone("gone.example.")
    until("the zone", lambda: service.values(servers[0], "gone.example.", "NS") or None)
    answer = service.client("route53").delete_hosted_zone(Id=zone_id)
    service.in_sync(answer["ChangeInfo"]["Id"].rpartition("/")[2])
    assert {service.ask(a, "gone.example.", "NS").rcode() for a in servers} == {dns.rcode.REFUSED}


def test_the_ready_file_is_private_and_complete(service: Service) -> None:
    facts = service.facts
    assert stat.S_IMODE(service.ready_file.stat().st_mode) == 0o600
    assert facts["pids"]["supervisor"] == [service.process.pid]
    assert set(facts["pids"]) == {"supervisor", "control", "edge", "resolver"}
    assert len(facts["accounts"]) >= 2
    assert {r["account"] for r in facts["resolvers"]} >= {a["id"] for a in facts["accounts"][:2]}
    root = facts["root"]
    assert root["hints"].splitlines()[1].endswith(f"IN A {root['address']}")
    assert root["trust_anchor"]["ds"].startswith(". IN DS ")
    assert root["trust_anchor"]["dnskey"].startswith(". IN DNSKEY 257 3 13 ")
    assert service.ask(root["address"], ".", "DNSKEY", dnssec=True).answer


def test_two_services_run_side_by_side(service: Service, start: Starter) -> None:
    other = start("--ephemeral")
    assert other.facts["root"]["address"] != service.facts["root"]["address"]
    zone_id, servers = other.zone("first.example.")
    other.in_sync(other.upsert(zone_id, "only-here.first.example.", "A", "192.0.2.9"))
    assert other.values(servers[0], "only-here.first.example.") == ["192.0.2.9"]
    assert service.ask(service.facts["root"]["address"], ".", "SOA").answer


def test_sigterm_ends_it_within_two_seconds_and_leaves_nothing(start: Starter) -> None:
    service = start("--ephemeral")
    directory = _data_directory(service.facts["pids"]["control"][0])
    before = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - before < 2
    assert not service.ready_file.exists()
    assert not directory.exists()


def test_seeded_accounts_have_the_keys_that_were_given(start: Starter) -> None:
    service = start("--ephemeral", "--account", "123456789012:AKIASEEDEDSEEDED0001:wJalrXUtnFEMI/K7MDENG+x")
    seeded = next(a for a in service.facts["accounts"] if a["id"] == "123456789012")
    assert seeded["access_key_id"] == "AKIASEEDEDSEEDED0001"
    index = service.facts["accounts"].index(seeded)
    assert service.client("sts", index).get_caller_identity()["Account"] == "123456789012"
    assert any(r["account"] == "123456789012" for r in service.facts["resolvers"])


def test_the_command_line_talks_to_the_running_service(service: Service) -> None:
    vpc = json.loads(_cli("vpc", "create", "--region", "eu-west-1", "--ready-file", str(service.ready_file)))
    assert vpc["region"] == "eu-west-1"
    until("the VPC in the ready file", lambda: _resolver(service, vpc["vpc_id"]))
    account = json.loads(_cli("account", "create", "--name", "new", "--ready-file", str(service.ready_file)))
    until("the account in the ready file", lambda: _account(service, account["id"]))
    status = _cli("status", "--ready-file", str(service.ready_file))
    assert service.facts["api"] in status


def test_only_the_managing_account_makes_accounts(service: Service) -> None:
    second = service.facts["accounts"][1]
    refused = subprocess.run(
        [sys.executable, "-m", "seal53", "account", "create", "--endpoint-url", service.facts["api"]],
        env=environment()
        | {
            "AWS_ACCESS_KEY_ID": second["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": second["secret_access_key"],
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "AccessDeniedException" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def _cli(*args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "seal53", *args],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _resolver(service: Service, vpc_id: str) -> object:
    return next((r for r in service.facts["resolvers"] if r["vpc_id"] == vpc_id), None)


def _account(service: Service, account_id: str) -> object:
    return next((a for a in service.facts["accounts"] if a["id"] == account_id), None)


def _data_directory(control: int) -> Path:
    """Where the control process has its database open."""
    for link in Path(f"/proc/{control}/fd").iterdir():
        target = link.readlink()
        if target.name == "seal53.db":
            return target.parent
    raise AssertionError("no database is open")
