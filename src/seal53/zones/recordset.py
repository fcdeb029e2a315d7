"""Record sets as values: as a caller gives them, and as a zone holds them.

Not for: the API's shapes (`services`), rows (`store`), wire edits (`core.RecordSet`).
"""

from dataclasses import dataclass
from enum import StrEnum

from seal53.core import Name, RecordSet

Key = tuple[Name, str, str]
"""Owner, type, set identifier ("" when there is none)."""


class Action(StrEnum):
    CREATE = "CREATE"
    DELETE = "DELETE"
    UPSERT = "UPSERT"


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasTarget:
    """`name` is text: as typed in a Given, as Route 53 returns it in a ZoneSet."""

    zone_id: str
    name: str
    evaluate_health: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A record set as typed. None means that the member was not sent.

    `routing` and `unimplemented` name the members that were sent: routing policies, and whatever else is
    known to Route 53 and not done here yet.
    """

    name: str
    type: str
    set_id: str | None = None
    ttl: int | None = None
    values: tuple[str, ...] | None = None
    alias: AliasTarget | None = None
    routing: tuple[str, ...] = ()
    unimplemented: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    action: Action
    given: Given

    def __str__(self) -> str:
        """As Route 53 shows a change in its messages: names as typed."""
        given = self.given
        set_id = "null" if given.set_id is None else given.set_id
        key = f"Name={given.name}, Type={given.type}, SetIdentifier={set_id}"
        return f"Change with [Action={self.action}, {key}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSet:
    """A record set of a zone: what name servers get (`record`) and what was typed (`values`, `alias`)."""

    record: RecordSet
    type: str
    values: tuple[str, ...] = ()
    alias: AliasTarget | None = None

    @property
    def owner(self) -> Name:
        return self.record.owner

    @property
    def key(self) -> Key:
        return self.record.owner, self.type, self.record.set_id
