"""One HTTP request and one HTTP reply as values, without a server around them.

Headers keep their octets and their order, as signatures are computed over exactly these. Not for: meaning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote_to_bytes

_SLICE = 65_536


@dataclass(frozen=True, kw_only=True)
class Message:
    """A request, whole.

    `path` is still percent-encoded, `query` is what follows the question mark; header names are lower case.
    """

    method: str
    path: bytes
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    source_address: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, list[bytes]]:
        """The values of each header, in order."""
        found: dict[str, list[bytes]] = {}
        for name, value in self.headers:
            found.setdefault(name.decode("latin-1"), []).append(value)
        return found

    def values(self, name: str) -> list[bytes]:
        """All values of a header, in order; none when it is absent. `name` is lower case."""
        return self.by_name.get(name, [])

    def header(self, name: str) -> str | None:
        """The first value of a header; octets that are not ASCII become U+FFFD."""
        found = self.values(name)
        return found[0].decode("ascii", "replace").strip() if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply without the headers that every reply carries (Date, x-amzn-RequestId)."""

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = field(default=())


def pairs(encoded: bytes, *, form: bool) -> Iterator[tuple[bytes, bytes]]:
    """The pairs of a query string or form, percent-decoded; only in a form does a plus sign mean a space."""
    for part in encoded.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            if form:
                name, value = name.replace(b"+", b" "), value.replace(b"+", b" ")
            yield _unquoted(name), _unquoted(value)


def _unquoted(octets: bytes) -> bytes:
    """Percent-decoded, a slice at a time: the library makes an object of each escape."""
    if len(octets) <= _SLICE:
        return unquote_to_bytes(octets)
    slices: list[bytes] = []
    at = 0
    while at < len(octets):
        end = at + _SLICE
        while end < len(octets) and (cut := octets.rfind(b"%", end - 2, end)) >= 0:
            end = cut + 3  # the escape would go on in the next slice
        slices.append(unquote_to_bytes(octets[at:end]))
        at = end
    return b"".join(slices)
