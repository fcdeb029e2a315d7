"""Pages: their size and the tokens that lead on, text on the wire."""

import base64
import binascii
from collections.abc import Sequence

import msgspec

from seal53.services.context import Request
from seal53.services.faults import AwsFault


def page_size(request: Request, *, default: int, most: int, member: str = "MaxItems") -> int:
    """How many are wanted; a larger number than `most` is cut, as Route 53 does. Raises InvalidInput."""
    text = request.get(member)
    if text is None:
        return default
    if not (str(text).isascii() and str(text).isdigit() and int(text) > 0):
        raise AwsFault("InvalidInput", f"The value '{text}' for {member} is not a number above 0")
    return min(int(text), most)


def token_of(place: Sequence[str]) -> str:
    """A NextToken that names a place in an order, taken or not."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(place))).decode()


def place_of(token: str, parts: int, refusal: str) -> list[str]:
    """The place that a NextToken names, in so many parts. Raises InvalidPaginationToken, with this text."""
    try:
        place = msgspec.json.decode(base64.b64decode(token, altchars=b"-_", validate=True), type=list[str])
    except (binascii.Error, ValueError):
        place = []
    if len(place) != parts:
        raise AwsFault("InvalidPaginationToken", refusal)
    return place
