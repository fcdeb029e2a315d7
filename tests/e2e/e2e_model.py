"""A hosted zone in a hundred lines, written from Route 53's documentation and not from our code.

It knows A, TXT and CNAME record sets, simple, weighted, failover and multivalue routing, and wildcards. What
it says is held against the service's listings and its name servers' answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Key = tuple[str, str, str]
Set = dict[str, Any]


class Refused(Exception):
    """The batch is not applied."""


def key_of(record_set: Set) -> Key:
    return record_set["Name"].lower(), record_set["Type"], record_set.get("SetIdentifier", "")


def policy_of(record_set: Set) -> str:
    return next((p for p in ("Weight", "Failover", "MultiValueAnswer") if p in record_set), "simple")


def shown(name: str) -> str:
    return name.lower().replace("*", "\\052") + "."


@dataclass
class Zone:
    """`sets` by (name without the last dot, type, identifier)."""

    apex: str
    sets: dict[Key, Set]

    def apply(self, changes: Iterable[tuple[str, Set]]) -> "Zone":
        """The zone after a batch. Raises Refused."""
        after = Zone(self.apex, dict(self.sets))
        touched: dict[Key, list[str]] = {}
        for action, record_set in changes:
            key = key_of(record_set)
            earlier = touched.setdefault(key, [])
            if earlier and (earlier != ["DELETE"] or action == "DELETE"):
                raise Refused("two changes of one record set")
            earlier.append(action)
            if action == "DELETE":
                if not same(after.sets.get(key), record_set):
                    raise Refused("not there, or not the same")
                del after.sets[key]
                continue
            if action == "CREATE" and key in after.sets:
                raise Refused("there already")
            after._place(key, record_set)
        return after

    def _place(self, key: Key, record_set: Set) -> None:
        name, rtype, _ = key
        if not (name == self.apex or name.endswith("." + self.apex)):
            raise Refused("outside of the zone")
        types = {t for n, t, _ in self.sets if n == name}
        if rtype == "CNAME" and (name == self.apex or types - {"CNAME"}):
            raise Refused("a CNAME stands alone")
        if rtype != "CNAME" and "CNAME" in types:
            raise Refused("a CNAME is there")
        siblings = [s for k, s in self.sets.items() if k[:2] == key[:2] and k != key]
        if any(policy_of(s) != policy_of(record_set) for s in siblings):
            raise Refused("two routing policies")
        if policy_of(record_set) == "Weight" and any(s["TTL"] != record_set["TTL"] for s in siblings):
            raise Refused("weighted sets have one TTL")
        if any("Failover" in s and s["Failover"] == record_set["Failover"] for s in siblings):
            raise Refused("one primary, one secondary")
        self.sets[key] = record_set

    def listing(self) -> list[Key]:
        """Every key in the API's order: reversed names as plain text, then type, then identifier."""
        return sorted(self.sets, key=lambda k: (".".join(reversed(k[0].split("."))) + ".", k[1], k[2]))

    def exists(self, name: str) -> bool:
        return any(n == name or n.endswith("." + name) for n, _, _ in self.sets)

    def source(self, name: str) -> str | None:
        """The name whose record sets answer: itself, or the wildcard of its closest encloser (RFC 4592)."""
        if self.exists(name):
            return name
        encloser = name.partition(".")[2]
        while not self.exists(encloser):
            encloser = encloser.partition(".")[2]
        wildcard = f"*.{encloser}"
        return wildcard if self.exists(wildcard) else None

    def answers(self, name: str, rtype: str) -> list[set[str]] | None:
        """The answers that may come, as sets of values; [] for no data, None for no such name."""
        source = self.source(name)
        if source is None:
            return None
        here = [s for k, s in self.sets.items() if k[:2] == (source, rtype)]
        if not here:
            return []
        if policy_of(here[0]) == "Weight":
            here = [s for s in here if s["Weight"]] or here
        elif policy_of(here[0]) == "Failover":
            here = [s for s in here if s["Failover"] == "PRIMARY"] or here
        elif policy_of(here[0]) == "MultiValueAnswer":
            return [set().union(*map(values, here))]
        return [values(s) for s in here]


def values(record_set: Set) -> set[str]:
    return {record["Value"] for record in record_set["ResourceRecords"]}


def same(left: Set | None, right: Set) -> bool:
    if left is None:
        return False
    rest = [{k: v for k, v in s.items() if k not in ("ResourceRecords", "Name")} for s in (left, right)]
    return rest[0] == rest[1] and values(left) == values(right)
