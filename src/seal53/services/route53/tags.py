"""Amazon Route 53: tags of hosted zones and health checks.

Ids are bare here, as the API wants them: a prefix makes an id that nothing has. Tags go with their resource.
Source: Route 53 API, 2013-04-01.
"""

from collections.abc import Mapping
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.health_checks import own_check
from seal53.services.route53.zones import own_zone
from seal53.store import Tx
from seal53.store import tags as tag_rows

_LONGEST_ZONE_ID = 32  # AWS: the model's ResourceId; a prefixed id is told to be too long


def change_tags_for_resource(services: Services, request: Request, caller: Caller) -> Response:
    """Takes away, then adds; a key to take away that is not there is passed over."""
    added = _added(request.get("AddTags") or ())
    removed = list(request.get("RemoveTagKeys") or ())
    if not added and not removed:
        raise AwsFault("InvalidInput", "Send AddTags, RemoveTagKeys, or both")
    with services.store.write() as tx:
        resource = _own(tx, request["ResourceType"], request["ResourceId"], caller)
        tag_rows.remove(tx, resource, removed)
        tag_rows.put(tx, resource, added)
        most = services.limits.quotas.tags
        if added and tag_rows.count(tx, resource) > most:
            raise AwsFault("InvalidInput", f"A resource has at most {most} tags")
    return {}


def list_tags_for_resource(services: Services, request: Request, caller: Caller) -> Response:
    kind, resource_id = request["ResourceType"], request["ResourceId"]
    with services.store.read() as tx:
        found = tag_rows.of(tx, _own(tx, kind, resource_id, caller))
    return {"ResourceTagSet": _shape(kind, resource_id, found)}


def list_tags_for_resources(services: Services, request: Request, caller: Caller) -> Response:
    """In the order of the ids; one that is not there refuses all."""
    kind, ids = request["ResourceType"], list(dict.fromkeys(request["ResourceIds"]))
    with services.store.read() as tx:
        resources = [_own(tx, kind, resource_id, caller) for resource_id in ids]
        found = tag_rows.of_each(tx, resources)
    return {
        "ResourceTagSets": [
            _shape(kind, resource_id, found[resource])
            for resource_id, resource in zip(ids, resources, strict=True)
        ]
    }


OPERATIONS: dict[str, Operation] = {
    "ChangeTagsForResource": change_tags_for_resource,
    "ListTagsForResource": list_tags_for_resource,
    "ListTagsForResources": list_tags_for_resources,
}


def _own(tx: Tx, kind: str, resource_id: str, caller: Caller) -> str:
    """What the store calls a resource of the caller's.

    Raises: NoSuchHostedZone, NoSuchHealthCheck; InvalidInput for what is too long for a hosted zone's id.
    """
    if kind == "hostedzone":
        if len(resource_id) > _LONGEST_ZONE_ID:
            raise AwsFault(
                "InvalidInput",
                f"1 validation error detected: Value '{resource_id}' at 'resourceId' failed to satisfy"
                f" constraint: Member must have length less than or equal to {_LONGEST_ZONE_ID}",
            )
        own_zone(tx, resource_id, caller)
    else:
        own_check(tx, resource_id, caller)
    return f"{kind}/{resource_id}"


def _added(given: list[Mapping[str, str]] | tuple[()]) -> dict[str, str]:
    """The tags to add. Raises InvalidInput."""
    added: dict[str, str] = {}
    for tag in given:
        key = tag.get("Key")
        if not key:
            raise AwsFault("InvalidInput", "A tag needs a Key")
        if key.lower().startswith("aws:"):
            raise AwsFault("InvalidInput", f"The tag key '{key}' begins with aws:, which is AWS's own")
        if key in added:
            raise AwsFault("InvalidInput", f"The tag key '{key}' stands in AddTags more than once")
        added[key] = tag.get("Value") or ""
    return added


def _shape(kind: str, resource_id: str, found: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ResourceType": kind,
        "ResourceId": resource_id,
        "Tags": [{"Key": key, "Value": value} for key, value in found.items()],
    }
