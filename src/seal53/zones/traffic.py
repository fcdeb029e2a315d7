"""A traffic policy, and the one record set that an instance of it is.

A rule becomes a group among whose record sets name servers choose; a choice that refers to another rule is a
group within the group. Latency, geolocation and geoproximity rules are answered by their default, else by
their first choice: nobody here knows where a client is.
Not for: the JSON of a policy (`traffic_document`).
Limits: MOST_SETS record sets in an instance, as a rule that several refer to is written out for each.
Source: Route 53 API reference, "Traffic policy document format".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seal53.core import Name, RecordSet, Routing
from seal53.zones import rdata, service_names
from seal53.zones.aliases import nothing_below

MOST_SETS = 1000  # no standard says
MOST_DEPTH = 8  # rules within rules; no standard says


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where traffic goes: to the record of type "value" (its RDATA), or to the name of an AWS service."""

    rdata: bytes | None = None
    target: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way out of a rule, to what has this id: an endpoint, or another rule."""

    to: str
    routing: Routing
    evaluate_health: bool = False
    health_check: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Ids of endpoints and rules are of one kind: no two are equal. What they refer to exists, and nothing
    goes in circles."""

    type: str
    start: str
    endpoints: Mapping[str, Endpoint]
    rules: Mapping[str, tuple[Choice, ...]]

    @property
    def choices(self) -> list[Choice]:
        """Those of all rules."""
        return [choice for rule in self.rules.values() for choice in rule]

    @property
    def health_checks(self) -> frozenset[str]:
        """The ids that its rules name."""
        return frozenset(choice.health_check for choice in self.choices if choice.health_check is not None)

    @property
    def is_located(self) -> bool:
        """Whether answers should depend on where a client is."""
        return any(choice.routing.kind == "located" for choice in self.choices)


Found = Mapping[str, Sequence[bytes] | None]
"""RDATAs of endpoints that are AWS services' names, by id.

None, or not there: nothing is known yet. Empty: proven that the name has none of the type.
"""


def record_set(policy: Policy, owner: Name, *, apex: Name, ttl: int, found: Found) -> RecordSet:
    """What name servers get of an instance at `owner`.

    An endpoint of which nothing is known yet is not answered (`unresolved`); one that has nothing is passed
    over.
    """
    rtype = rdata.TYPES[policy.type]

    def of_rule(rule_id: str) -> list[RecordSet]:
        # set identifiers keep the order of the document: where nothing else decides, the first one does
        contents = [(n, choice, of_choice(choice)) for n, choice in enumerate(policy.rules[rule_id])]
        return [
            RecordSet(
                owner,
                rtype,
                f"{n:04d}",
                routing=choice.routing,
                health_check=choice.health_check,
                **content,
            )
            for n, choice, content in contents
            if content is not None
        ]

    def of_choice(choice: Choice) -> dict[str, Any] | None:
        if choice.to in policy.rules:
            group = of_rule(choice.to)
            return {"written": group, "evaluate_health": choice.evaluate_health} if group else None
        content = of_endpoint(choice.to)
        if content is not None and "unresolved" in content:
            content["evaluate_health"] = choice.evaluate_health
        return content

    def of_endpoint(endpoint_id: str) -> dict[str, Any] | None:
        endpoint = policy.endpoints[endpoint_id]
        if endpoint.rdata is not None:
            return {"ttl": ttl, "rdatas": [endpoint.rdata]}
        rdatas = found.get(endpoint_id)
        if rdatas is None:
            return {"unresolved": True}
        return {"ttl": service_names.TTL_S, "rdatas": rdatas} if rdatas else None

    if policy.start in policy.rules:
        group = of_rule(policy.start)
    else:
        alone = of_endpoint(policy.start)
        group = [] if alone is None else [RecordSet(owner, rtype, **alone)]
    if not group:
        return RecordSet(owner, rtype, alias=nothing_below(apex))
    return RecordSet(owner, rtype, written=group)


def trouble(rules: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The first thing that is wrong with how rules refer to one another, by the rule's id.

    `rules` has what each rule leads to, by id; what is not among them is an endpoint.
    """
    found: dict[str, str] = {}
    measured: dict[str, tuple[int, int]] = {}  # record sets written out, rules on the longest way down
    trail: list[str] = []

    def measure(rule_id: str) -> tuple[int, int]:
        if rule_id in measured:
            return measured[rule_id]
        if rule_id in trail:
            found[rule_id] = "The rule leads back to itself."
            return 0, 0
        if len(trail) == MOST_DEPTH:
            found[rule_id] = f"Rules are nested more than {MOST_DEPTH} deep."
            return 0, 0
        trail.append(rule_id)
        below = [measure(to) for to in rules[rule_id] if to in rules]
        trail.pop()
        size = len(rules[rule_id]) + sum(sets for sets, _ in below)
        depth = 1 + max((deep for _, deep in below), default=0)
        if not found and depth > MOST_DEPTH:
            found[rule_id] = f"Rules are nested more than {MOST_DEPTH} deep."
        if not found and size > MOST_SETS:
            found[rule_id] = f"The rule leads to more than {MOST_SETS} record sets."
        measured[rule_id] = size, depth
        return measured[rule_id]

    for rule_id in rules:
        if not found:
            measure(rule_id)
    return found
