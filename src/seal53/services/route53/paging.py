"""Pages: their size and the tokens that lead on, text on the wire."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from seal53.services.context import Request
from seal53.services.faults import AwsFault


class _WithId(Protocol):
    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=_WithId)


def page_size(request: Request, *, default: int, most: int, member: str = "MaxItems") -> int:
    """How many are wanted; a larger number than `most` is cut, as Route 53 does. Raises InvalidInput."""
    text = request.get(member)
    if text is None:
        return default
    if not (str(text).isascii() and str(text).isdigit() and int(text) > 0):
        raise AwsFault("InvalidInput", f"The value '{text}' for {member} is not a number above 0")
    return min(int(text), most)


def marked_page(
    request: Request, limit: int, member: str, found: Sequence[Row], shape: Callable[[Row], Any]
) -> dict[str, Any]:
    """The reply of a list by id, whose markers are the first id of a page and of the next one.

    Shape: `found` has one row more than `limit` when there are more; `shape` makes a row what `member` has.
    """
    response: dict[str, Any] = {
        member: [shape(row) for row in found[:limit]],
        "IsTruncated": len(found) > limit,
        "MaxItems": str(limit),
    }
    if request.get("Marker") is not None:
        response["Marker"] = request["Marker"]
    if len(found) > limit:
        response["NextMarker"] = found[limit].id
    return response


def token_of(place: Sequence[str]) -> str:
    """A NextToken that names a place in an order, taken or not."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(place))).decode()


def place_of(token: str, parts: int, refusal: str, *, error: str = "InvalidPaginationToken") -> list[str]:
    """The place that a NextToken names, in so many parts. Raises `error`, with the text `refusal`."""
    try:
        place = msgspec.json.decode(base64.b64decode(token, altchars=b"-_", validate=True), type=list[str])
    except (binascii.Error, ValueError):
        place = []
    if len(place) != parts:
        raise AwsFault(error, refusal)
    return place
