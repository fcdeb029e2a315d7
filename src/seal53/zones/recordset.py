"""Record sets as values: as a caller gives them, and as a zone holds them.

Not for: the API's shapes (`services`), rows (`store`), wire edits (`core.RecordSet`), what a routing policy
says (`routing`).
"""

from dataclasses import dataclass
from enum import StrEnum

from seal53.core import Name, RecordSet
from seal53.zones import names
from seal53.zones.routing import Policy

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

    `sent` names the policy members that were sent; `policy` is the one that they make, None also for a
    MultiValueAnswer that is false. `instance` is the id of a traffic policy instance.
    """

    name: str
    type: str
    set_id: str | None = None
    ttl: int | None = None
    values: tuple[str, ...] | None = None
    alias: AliasTarget | None = None
    sent: tuple[str, ...] = ()
    policy: Policy | None = None
    health_check: str | None = None
    instance: str | None = None


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
    """A record set of a zone: what name servers get (`record`), and what was typed, which lists return.

    `instance` is the id of the traffic policy instance that made it.
    """

    record: RecordSet
    type: str
    values: tuple[str, ...] = ()
    alias: AliasTarget | None = None
    policy: Policy | None = None
    instance: str | None = None

    @property
    def owner(self) -> Name:
        return self.record.owner

    @property
    def key(self) -> Key:
        return self.record.owner, self.type, self.record.set_id

    @property
    def health_check(self) -> str | None:
        return self.record.health_check


def shown(key: Key) -> str:
    """As Route 53 names a record set that is created or deleted."""
    owner, rtype, set_id = key
    identifier = f", set-identifier='{set_id}'" if set_id else ""
    return f"[name='{names.show(owner)}', type='{rtype}'{identifier}]"


def titled(key: Key) -> str:
    """As Route 53 names a record set that cannot be there."""
    owner, rtype, set_id = key
    identifier = f", SetIdentifier {set_id}" if set_id else ""
    return f"RRSet with DNS name {names.show(owner)}, type {rtype}{identifier}"
