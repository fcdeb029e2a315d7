"""Traffic policies and instances to try operations with."""

import json
from typing import Any

from seal53.core import Name, RecordSet
from seal53.store import changes, records
from seal53.store import zones as zone_rows

NEVER = "00000000-0000-4000-8000-000000000000"


def document_of(rtype: str = "A", *values: str, weights: tuple[int, ...] = (1, 3), **more: Any) -> str:
    """A weighted rule over the values."""
    values = values or ("192.0.2.1", "192.0.2.2")
    return json.dumps(
        {
            "AWSPolicyFormatVersion": "2015-10-01",
            "RecordType": rtype,
            "StartRule": "r",
            "Endpoints": {f"e{n}": {"Type": "value", "Value": value} for n, value in enumerate(values)},
            "Rules": {
                "r": {
                    "RuleType": "weighted",
                    "Items": [
                        {"EndpointReference": f"e{n}", "Weight": weight, **more}
                        for n, (_, weight) in enumerate(zip(values, weights, strict=False))
                    ],
                }
            },
        }
    )


DOCUMENT = document_of()


def new_policy(api: Any, name: str = "p", document: str = DOCUMENT, **more: Any) -> dict[str, Any]:
    return dict(api("CreateTrafficPolicy", Name=name, Document=document, **more)["TrafficPolicy"])


def new_version(api: Any, policy_id: str, document: str = DOCUMENT, **more: Any) -> dict[str, Any]:
    made = api("CreateTrafficPolicyVersion", Id=policy_id, Document=document, **more)
    return dict(made["TrafficPolicy"])


def new_instance(
    api: Any, zone_id: str, policy: dict[str, Any], name: str = "www.example.com", ttl: int = 60
) -> dict[str, Any]:
    made = api(
        "CreateTrafficPolicyInstance",
        HostedZoneId=zone_id,
        Name=name,
        TTL=ttl,
        TrafficPolicyId=policy["Id"],
        TrafficPolicyVersion=policy["Version"],
    )
    instance = made["TrafficPolicyInstance"]
    location = f"https://route53.amazonaws.com/2013-04-01/trafficpolicyinstance/{instance['Id']}"
    assert made["Location"] == location
    return dict(instance)


def set_at(api: Any, zone_id: str, name: str = "www.example.com.", rtype: str = "A") -> RecordSet | None:
    with api.services.store.read() as tx:
        found = [
            stored.record for stored in records.at(tx, zone_id, Name.parse(name)) if stored.type == rtype
        ]
    return found[0] if found else None


def now_in_sync(api: Any, zone_id: str) -> None:
    """As if every name server had acknowledged."""
    with api.services.store.write() as tx:
        zone = zone_rows.get(tx, zone_id)
        assert zone is not None
        changes.close_up_to(tx, f"zone:{zone_id}", zone.version, api.clock.now())
