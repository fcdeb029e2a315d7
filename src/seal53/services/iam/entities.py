"""What all operations of IAM share: finding users and roles, paging, shapes, and documents on the wire.

Source: AWS IAM API reference, 2010-05-08; texts of errors as AWS answers them.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from seal53 import policy
from seal53.policy import Kind, PolicyFault
from seal53.services.context import Caller, Request
from seal53.services.faults import AwsFault
from seal53.store import Tx, identities, tags
from seal53.store.identities import Role, User

PAGE = 100
MOST_TAGS = 50

_PATH = re.compile(r"/(?:[!-~]{1,510}/)?")
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)

Item = TypeVar("Item")


def user_of(tx: Tx, caller: Caller, name: str) -> User:
    """Raises NoSuchEntity."""
    found = identities.user(tx, caller.account_id, name)
    if found is None:
        raise AwsFault("NoSuchEntity", f"The user with name {name} cannot be found.")
    return found


def role_of(tx: Tx, caller: Caller, name: str) -> Role:
    """Raises NoSuchEntity."""
    found = identities.role(tx, caller.account_id, name)
    if found is None:
        raise AwsFault("NoSuchEntity", f"The role with name {name} cannot be found.")
    return found


def new_path(request: Request, member: str = "Path") -> str:
    """Raises ValidationError."""
    path: str = request.get(member, "/")
    if not _PATH.fullmatch(path):
        raise AwsFault(
            "ValidationError",
            f"The specified value for {member[:1].lower() + member[1:]} is invalid. It must begin and end "
            "with / and contain only alphanumeric characters and/or / characters.",
        )
    return path


def new_name(request: Request, member: str, most: int) -> str:
    """Raises ValidationError."""
    name: str = request[member]
    if not _NAME.fullmatch(name) or len(name) > most:
        raise AwsFault(
            "ValidationError",
            f"The specified value for {member[:1].lower() + member[1:]} is invalid. It must contain only "
            "alphanumeric characters and/or the following: +=,.@_-",
        )
    return name


def refuse_boundary(request: Request) -> None:
    """A bound that was taken and not kept would allow too much."""
    if request.get("PermissionsBoundary"):
        raise AwsFault(
            "InvalidInput", "Seal53 knows no permissions boundaries; leave PermissionsBoundary out."
        )


def document_of(request: Request, member: str, kind: Kind, most: int, over: str) -> str:
    """A policy document of the request, as given. White space does not count.

    Raises: MalformedPolicyDocument; LimitExceeded with the text `over`.
    """
    document: str = request[member]
    try:
        policy.parse(document, kind)
    except PolicyFault as e:
        raise AwsFault("MalformedPolicyDocument", e.message) from None
    if len("".join(document.split())) > most:
        raise AwsFault("LimitExceeded", over)
    return document


def shown_document(document: str) -> str:
    """Documents are percent-encoded in replies (RFC 3986)."""
    return quote(document, safe="")


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def most_of(request: Request) -> int:
    return min(int(request.get("MaxItems", PAGE)), 1000)


def listed(
    request: Request,
    member: str,
    items: Sequence[Item],
    name_of: Callable[[Item], str],
    shape: Callable[[Item], Any],
) -> dict[str, Any]:
    """A page of items in the order of their names; its marker is the last one's.

    Shape: `items` has at least one more than the page when there are more; those before it may be there.
    """
    after, most = request.get("Marker", ""), most_of(request)
    rest = [item for item in items if name_of(item) > after]
    shown = rest[:most]
    response: dict[str, Any] = {member: [shape(item) for item in shown], "IsTruncated": len(rest) > most}
    if len(rest) > most:
        response["Marker"] = name_of(shown[-1])
    return response


def tag_key(entity_id: str) -> str:
    """Where the tags of a user, role or policy lie: by its unique id, which outlives a new name."""
    return f"iam/{entity_id}"


def put_tags(tx: Tx, entity_id: str, given: Sequence[Any]) -> None:
    """Raises InvalidInput and LimitExceeded."""
    found = {tag["Key"]: tag["Value"] for tag in given}
    if len(found) != len(given):
        raise AwsFault(
            "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    if any(key.lower().startswith("aws:") for key in found):
        raise AwsFault("InvalidInput", "Tag keys that begin with aws: are reserved.")
    if len({*tags.of(tx, tag_key(entity_id)), *found}) > MOST_TAGS:
        raise AwsFault("LimitExceeded", f"Cannot exceed quota for TagsPerEntity: {MOST_TAGS}")
    tags.put(tx, tag_key(entity_id), found)


def shown_tags(tx: Tx, entity_id: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.of(tx, tag_key(entity_id)).items()]
