"""INSYNC is a promise (I3): from then on every socket of every name server answers the new contents.

Each question is asked once, at once, with no patience: an answer from before fails the test.
"""

import os
import secrets
from concurrent.futures import ThreadPoolExecutor

import dns.message
import dns.query
import dns.rcode
from e2e_service import Service, Starter

from seal53.cli import endpoint

ROUNDS = int(os.environ.get("SEAL53_SYNC_ROUNDS", "6"))
WRITERS = 4


def test_every_server_answers_what_is_in_sync(start: Starter) -> None:
    service = start("--ephemeral")
    service.client("route53")  # made before the threads: boto3's sessions are not theirs to share
    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(_public, service, writer) for writer in range(WRITERS)]:
            done.result()


def _public(service: Service, writer: int) -> None:
    for n in range(ROUNDS):
        name = f"w{writer}-{n}.example."
        made = service.client("route53").create_hosted_zone(Name=name, CallerReference=secrets.token_hex(8))
        zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
        hosts = {host.rstrip(".") for host in made["DelegationSet"]["NameServers"]}
        service.in_sync(made["ChangeInfo"]["Id"].rpartition("/")[2])
        servers = [s["address"] for s in service.facts["name_servers"] if s["host"].rstrip(".") in hosts]
        for server in servers:
            assert len(service.values(server, name, "NS")) == 4
        for address in ("192.0.2.1", "192.0.2.2"):
            # each version has two changes that may be taken together or apart
            service.upsert(zone_id, f"b.{name}", "A", address)
            service.in_sync(service.upsert(zone_id, f"a.{name}", "A", address))
            for server in servers:
                assert service.values(server, f"a.{name}") == [address]
                assert service.values(server, f"b.{name}") == [address]
        for label in "ab":
            service.in_sync(_delete(service, zone_id, f"{label}.{name}", "192.0.2.2"))
            for server in servers:
                assert service.values(server, f"{label}.{name}") == []
        gone = service.client("route53").delete_hosted_zone(Id=zone_id)
        service.in_sync(gone["ChangeInfo"]["Id"].rpartition("/")[2])
        for server in servers:
            assert service.ask(server, name, "SOA").rcode() == dns.rcode.REFUSED


def test_a_resolver_answers_what_is_in_sync(start: Starter) -> None:
    service = start("--ephemeral")
    route53 = service.client("route53")
    vpc = service.facts["resolvers"][0]
    for n in range(ROUNDS):
        name = f"p{n}.internal."
        made = route53.create_hosted_zone(
            Name=name,
            CallerReference=secrets.token_hex(8),
            VPC={"VPCRegion": vpc["region"], "VPCId": vpc["vpc_id"]},
            HostedZoneConfig={"PrivateZone": True},
        )
        zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
        service.in_sync(made["ChangeInfo"]["Id"].rpartition("/")[2])
        assert service.values(vpc["address"], name, "NS")
        for address in ("10.0.0.1", "10.0.0.2"):
            service.in_sync(service.upsert(zone_id, f"a.{name}", "A", address))
            assert service.values(vpc["address"], f"a.{name}") == [address]
        service.in_sync(_delete(service, zone_id, f"a.{name}", "10.0.0.2"))
        assert service.values(vpc["address"], f"a.{name}") == []
        gone = route53.delete_hosted_zone(Id=zone_id)
        service.in_sync(gone["ChangeInfo"]["Id"].rpartition("/")[2])
        reply = service.ask(vpc["address"], name, "SOA")
        assert [s.name.to_text() for s in (*reply.answer, *reply.authority)] != [name]


def test_a_new_vpc_answers_when_its_call_returns(start: Starter) -> None:
    service = start("--ephemeral")
    operator = endpoint.find(None, None, service.ready_file)
    for _ in range(ROUNDS):
        made = operator.operator("vpc", {"region": "us-east-1"})
        query = dns.message.make_query(".", "SOA")
        reply = dns.query.udp(query, made["address"], timeout=2, port=made["port"])
        assert reply.rcode() == dns.rcode.NOERROR
        assert reply.answer


def _delete(service: Service, zone_id: str, name: str, address: str) -> str:
    record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address}]}
    answer = service.client("route53").change_resource_record_sets(
        HostedZoneId=zone_id,
        ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]},
    )
    return str(answer["ChangeInfo"]["Id"]).rpartition("/")[2]
