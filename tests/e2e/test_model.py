"""Random batches, applied to the service and to a small model side by side; listings and answers agree."""

import random
from typing import Any

import dns.rcode
import pytest
from botocore.exceptions import ClientError
from e2e_model import Refused, Zone, key_of, shown
from e2e_service import Service

BATCHES = 60
LABELS = ("a", "b", "a-b", "*", "x.a", "*.a", "y.z", "B")


def _set(rng: random.Random, apex: str) -> dict[str, Any]:
    label = rng.choice([*LABELS, "", "out"])
    name = f"{label}.{apex}".lstrip(".") if label != "out" else "elsewhere.org"
    rtype = rng.choice(["A", "A", "A", "TXT", "CNAME"])
    value = {
        "A": lambda: f"192.0.2.{rng.randrange(1, 200)}",
        "TXT": lambda: f'"text {rng.randrange(100)}"',
        "CNAME": lambda: f"target-{rng.randrange(9)}.example.net.",
    }[rtype]
    made = {value() for _ in range(1 if rtype == "CNAME" else rng.randrange(1, 4))}
    record_set: dict[str, Any] = {
        "Name": name,
        "Type": rtype,
        "TTL": rng.choice([60, 300]),
        "ResourceRecords": [{"Value": v} for v in sorted(made)],
    }
    match rng.randrange(6):
        case 0:
            record_set |= {"SetIdentifier": rng.choice("pq"), "Weight": rng.choice([0, 1, 5])}
        case 1:
            record_set |= {
                "SetIdentifier": rng.choice("pq"),
                "Failover": rng.choice(["PRIMARY", "SECONDARY"]),
            }
        case 2 if rtype != "CNAME":
            record_set |= {"SetIdentifier": rng.choice("pq"), "MultiValueAnswer": True}
    return record_set


def _batch(rng: random.Random, zone: Zone, apex: str) -> list[tuple[str, dict[str, Any]]]:
    batch = []
    for _ in range(rng.randrange(1, 5)):
        if zone.sets and rng.random() < 0.4:
            record_set = rng.choice(list(zone.sets.values()))
            if rng.random() < 0.15:
                record_set = record_set | {"TTL": 61}
            batch.append((rng.choice(["DELETE", "DELETE", "UPSERT"]), record_set))
        else:
            batch.append((rng.choice(["CREATE", "UPSERT"]), _set(rng, apex)))
    return batch


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_random_batches_agree_with_a_model(service: Service, seed: int) -> None:
    rng = random.Random(seed)
    apex = f"model-{seed}.com"
    route53 = service.client("route53")
    zone_id, addresses = service.zone(apex)
    model = Zone(apex, {})
    accepted = refused = 0
    for _ in range(BATCHES):
        batch = _batch(rng, model, apex)
        try:
            after = model.apply(batch)
        except Refused:
            after = None
        changes = [{"Action": action, "ResourceRecordSet": s} for action, s in batch]
        try:
            done = route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
        except ClientError as e:
            assert e.response["Error"]["Code"] in ("InvalidChangeBatch", "InvalidInput"), e
            assert after is None, (batch, e)
            refused += 1
        else:
            assert after is not None, batch
            model = after
            accepted += 1
            service.in_sync(done["ChangeInfo"]["Id"].rpartition("/")[2])
        _compare_listing(route53, zone_id, model)
        for address in addresses:
            _compare_answers(service, address, model, rng)
    assert accepted > 10
    assert refused > 10


def _compare_listing(route53: Any, zone_id: str, model: Zone) -> None:
    pages = route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone_id, PaginationConfig={"PageSize": 7}
    )
    listed = [s for page in pages for s in page["ResourceRecordSets"] if s["Type"] not in ("NS", "SOA")]
    expected = []
    for key in model.listing():
        record_set = dict(model.sets[key])
        record_set["Name"] = shown(record_set["Name"])
        expected.append(record_set)
    assert listed == expected


def _compare_answers(service: Service, address: str, model: Zone, rng: random.Random) -> None:
    label = rng.choice([*LABELS, "nobody", "x.nobody", "q.a", "z"])
    name, rtype = f"{label}.{model.apex}".lower(), rng.choice(["A", "TXT", "CNAME"])
    may = model.answers(name, rtype)
    reply = service.ask(address, name, rtype)
    if may == [] and rtype != "CNAME" and model.answers(name, "CNAME"):
        return  # answered by way of the CNAME
    got = service.values(address, name, rtype)
    if may is None:
        assert reply.rcode() == dns.rcode.NXDOMAIN, (name, rtype)
    elif not may:
        assert (reply.rcode(), got) == (dns.rcode.NOERROR, []), (name, rtype)
    else:
        assert set(got) in may, (name, rtype, got, may, list(map(key_of, model.sets.values())))
