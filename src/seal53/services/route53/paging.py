"""Page sizes: text on the wire, a number here."""

from seal53.services.context import Request
from seal53.services.faults import AwsFault


def page_size(request: Request, *, default: int, most: int) -> int:
    """`MaxItems` of a request; a larger number than `most` is cut, as Route 53 does. Raises InvalidInput."""
    text = request.get("MaxItems")
    if text is None:
        return default
    if not (str(text).isascii() and str(text).isdigit() and int(text) > 0):
        raise AwsFault("InvalidInput", f"The value '{text}' for MaxItems is not a number above 0")
    return min(int(text), most)
