"""Route 53's listing order: a plain order of reversed labels, which is not DNS's canonical order (I8).

`com.example.www.` is compared octet by octet, so that octets below `.` (0x2E) come before the label
separator: `a-b.example.com.` is listed before `a.example.com.`. Record sets of one name are ordered by
type, as text, then by set identifier. Not for: "is below" or proofs (`core.Name` alone).
"""

from dataclasses import dataclass

from seal53.core import Name

DEFAULT_PAGE = 100
LARGEST_RECORD_PAGE = 300
LARGEST_ZONE_PAGE = 100


def sort_key(name: Name) -> bytes:
    """Octets whose plain order is the listing order; different names have different keys.

    A dot inside a label would make `a\\056b.c.` equal to `b.a.c.`: such a name comes right after its double.
    """
    key = name.listing_key()
    if any(b"." in label for label in name.labels):
        key += b"\0" + name.lower().to_wire()
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a zone's listing, taken or not. "" stands before every type and identifier."""

    name: Name
    type: str = ""
    set_id: str = ""

    @property
    def key(self) -> tuple[bytes, str, str]:
        return sort_key(self.name), self.type, self.set_id
