"""Tags of KMS keys.

Source: AWS KMS API reference, 2014-11-01. Limits: tags grant nothing here; conditions on them are not
understood by policies.
"""

from collections.abc import Sequence
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.kms.access import authorized_key, require_kept
from seal53.store import Tx, tags

MOST = 50  # of one key: AWS KMS quota
DEFAULT_PAGE = 50


def check_tags(given: Sequence[dict[str, str]]) -> dict[str, str]:
    """Values by key. Raises TagException."""
    found: dict[str, str] = {}
    for tag in given:
        key = tag["TagKey"]
        if key.lower().startswith("aws:"):
            raise AwsFault("TagException", f"The tag key {key} has the prefix aws:, which is reserved.")
        if key in found:
            raise AwsFault("TagException", "Duplicate tag keys")
        found[key] = tag["TagValue"]
    if len(found) > MOST:
        raise AwsFault("TagException", f"A key has at most {MOST} tags.")
    return found


def put(tx: Tx, arn: str, given: dict[str, str]) -> None:
    """Raises LimitExceededException."""
    if len({*tags.of(tx, arn), *given}) > MOST:
        raise AwsFault("LimitExceededException", f"A key has at most {MOST} tags.")
    tags.put(tx, arn, given)


def tag_resource(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        key = authorized_key(tx, request["KeyId"], "TagResource", caller)
        require_kept(key)
        put(tx, key.arn, check_tags(request["Tags"]))
    return {}


def untag_resource(services: Services, request: Request, caller: Caller) -> Response:
    """A tag that is not there is no error."""
    with services.store.write() as tx:
        key = authorized_key(tx, request["KeyId"], "UntagResource", caller)
        require_kept(key)
        tags.remove(tx, key.arn, request["TagKeys"])
    return {}


def list_resource_tags(services: Services, request: Request, caller: Caller) -> Response:
    """By key, in every state. The marker is the last tag's key of the page before."""
    most = request.get("Limit") or DEFAULT_PAGE
    marker = request.get("Marker") or ""
    with services.store.read() as tx:
        key = authorized_key(tx, request["KeyId"], "ListResourceTags", caller)
        found = [(name, value) for name, value in tags.of(tx, key.arn).items() if name > marker]
    response: dict[str, Any] = {
        "Tags": [{"TagKey": name, "TagValue": value} for name, value in found[:most]],
        "Truncated": len(found) > most,
    }
    if len(found) > most:
        response["NextMarker"] = found[most - 1][0]
    return response


OPERATIONS: dict[str, Operation] = {
    "ListResourceTags": list_resource_tags,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
