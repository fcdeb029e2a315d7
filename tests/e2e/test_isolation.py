"""Whose answer it is: overlapping zones, zones that nobody delegates, private zones."""

import secrets

import dns.flags
import dns.message
import dns.query
import dns.rcode
from e2e_service import Service
from e2e_signed import register


def _resolve(service: Service, account: int, name: str, rtype: str = "A") -> dns.message.Message:
    account_id = service.facts["accounts"][account]["id"]
    resolver = next(r for r in service.facts["resolvers"] if r["account"] == account_id)
    query = dns.message.make_query(name, rtype, want_dnssec=True)
    reply, _ = dns.query.udp_with_fallback(query, resolver["address"], port=resolver["port"], timeout=8)
    return reply


def _addresses(reply: dns.message.Message) -> list[str]:
    return [r.address for s in reply.answer if s.rdtype == 1 for r in s]


def _put(service: Service, account: int, zone_id: str, name: str, address: str) -> None:
    made = service.client("route53", account).change_resource_record_sets(
        HostedZoneId=zone_id,
        ChangeBatch={
            "Changes": [
                {
                    "Action": "UPSERT",
                    "ResourceRecordSet": {
                        "Name": name,
                        "Type": "A",
                        "TTL": 1,
                        "ResourceRecords": [{"Value": address}],
                    },
                }
            ]
        },
    )
    change = made["ChangeInfo"]["Id"]
    if account == 0:
        service.in_sync(change.rpartition("/")[2])


def test_another_accounts_zones_of_the_same_names_change_no_answer(service: Service) -> None:
    zone_id = register(service, "overlap.com")
    _put(service, 0, zone_id, "api.overlap.com", "203.0.113.1")
    addresses = {s["host"].rstrip("."): s["address"] for s in service.facts["name_servers"]}
    route53 = service.client("route53")
    hosts = route53.get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"]
    ours = {addresses[host] for host in hosts}
    before = {a: service.values(a, "api.overlap.com") for a in ours}
    assert set(map(tuple, before.values())) == {("203.0.113.1",)}
    taken = set(ours)
    for name in ("overlap.com", "api.overlap.com", "x.api.overlap.com", "overlap.com"):
        theirs, theirs_at = service.zone(name, account=1)
        assert taken.isdisjoint(theirs_at), "zones of which one is at or below the other share an address"
        taken |= set(theirs_at)
        _put(service, 1, theirs, f"api.{name}" if name == "overlap.com" else name, "198.51.100.66")
    assert {a: service.values(a, "api.overlap.com") for a in ours} == before
    for account in (0, 1):
        assert _addresses(_resolve(service, account, "api.overlap.com")) == ["203.0.113.1"]


def test_a_zone_that_nobody_delegates_is_not_found_from_the_root(service: Service) -> None:
    zone_id, servers = service.zone("undelegated.com")
    service.in_sync(service.upsert(zone_id, "www.undelegated.com", "A", "203.0.113.2"))
    assert service.values(servers[0], "www.undelegated.com") == ["203.0.113.2"]
    reply = _resolve(service, 1, "www.undelegated.com")
    assert not _addresses(reply)
    plain = dns.message.make_query("www.undelegated.com", "A", use_edns=None)
    resolver = service.facts["resolvers"][0]
    answer = dns.query.udp(plain, resolver["address"], port=resolver["port"], timeout=8)
    assert answer.rcode() == dns.rcode.NXDOMAIN


def test_a_private_zone_is_its_vpcs_alone(service: Service) -> None:
    resolver = service.facts["resolvers"][0]
    route53 = service.client("route53")
    made = route53.create_hosted_zone(
        Name="corp.internal",
        CallerReference=secrets.token_hex(8),
        VPC={"VPCRegion": resolver["region"], "VPCId": resolver["vpc_id"]},
    )
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
    service.in_sync(service.upsert(zone_id, "db.corp.internal", "A", "10.0.0.5"))
    inside = _resolve(service, 0, "db.corp.internal")
    assert _addresses(inside) == ["10.0.0.5"]
    assert not inside.flags & dns.flags.AD
    assert not _addresses(_resolve(service, 1, "db.corp.internal"))
    for server in service.facts["name_servers"]:
        reply = service.ask(server["address"], "db.corp.internal")
        assert reply.rcode() == dns.rcode.REFUSED or not reply.answer
