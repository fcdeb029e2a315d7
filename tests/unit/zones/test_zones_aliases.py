"""Where aliases may point, and circles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal53.core import Name
from seal53.zones import aliases
from seal53.zones.aliases import Elsewhere, OtherZone
from seal53.zones.recordset import AliasTarget

APEX = Name.parse("example.org.")
TARGET = Name.parse("t.example.org.")
TYPES = {TARGET: frozenset({"A", "TXT"})}
BALANCER = Name.parse("lb-1.eu-west-1.elb.amazonaws.com.")
CLOUDFRONT = Name.parse("d1.cloudfront.net.")
ELSEWHERE = Elsewhere(
    zones={
        "Z0PUBLIC": OtherZone(apex=APEX, is_private=False, types=TYPES),
        "Z0PRIVATE": OtherZone(apex=APEX, is_private=True, types=TYPES),
    },
    services=frozenset({("Z32O12XQLNTSW2", BALANCER), (aliases.CLOUDFRONT, CLOUDFRONT)}),
)
OUTSIDE = "the alias target name does not lie within the target zone"
MISSING = "that target was not found"


@pytest.mark.parametrize(
    ("zone_id", "target", "rtype", "health", "is_private", "refusal"),
    [
        ("Z0PUBLIC", TARGET, "A", True, False, None),
        ("Z0PUBLIC", TARGET, "TXT", False, False, None),
        ("Z0PUBLIC", TARGET, "AAAA", False, False, MISSING),
        ("Z0PUBLIC", Name.parse("u.example.org."), "A", False, False, MISSING),
        ("Z0PUBLIC", Name.parse("t.example.net."), "A", False, False, OUTSIDE),
        ("Z0PUBLIC", TARGET, "A", False, True, OUTSIDE),
        ("Z0PRIVATE", TARGET, "A", False, True, OUTSIDE),
        ("Z0PRIVATE", TARGET, "A", False, False, OUTSIDE),
        ("Z0NOWHERE", TARGET, "A", False, False, OUTSIDE),
        ("Z32O12XQLNTSW2", BALANCER, "A", True, False, None),
        ("Z32O12XQLNTSW2", BALANCER, "AAAA", True, True, None),
        ("Z32O12XQLNTSW2", BALANCER, "HTTPS", True, True, None),
        ("Z32O12XQLNTSW2", BALANCER, "TXT", True, False, MISSING),
        ("Z32O12XQLNTSW2", CLOUDFRONT, "A", False, False, OUTSIDE),
        (aliases.CLOUDFRONT, CLOUDFRONT, "A", False, False, None),
        (
            aliases.CLOUDFRONT,
            CLOUDFRONT,
            "A",
            True,
            False,
            "EvaluateTargetHealth must be false for CloudFront",
        ),
        (
            aliases.CLOUDFRONT,
            CLOUDFRONT,
            "A",
            False,
            True,
            "a private hosted zone cannot have an alias to CloudFront",
        ),
    ],
)
def test_where_an_alias_out_of_its_zone_may_point(
    zone_id: str, target: Name, rtype: str, health: bool, is_private: bool, refusal: str | None
) -> None:
    alias = AliasTarget(zone_id=zone_id, name="shown.", evaluate_health=health)
    expected = refusal and (
        f"Tried to create an alias that targets shown., type {rtype} in zone {zone_id}, but {refusal}"
    )
    assert aliases.problem_elsewhere(alias, target, rtype, ELSEWHERE, is_private=is_private) == expected


NAMES = [Name.parse(f"{letter}.") for letter in "abcdefg"]


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3)))
def test_circles_are_what_can_be_walked_in_a_circle(leads_to: dict[Name, list[Name]]) -> None:
    def reached(start: Name) -> set[Name]:
        seen: set[Name] = set()
        more = [start]
        while more:
            for target in leads_to.get(more.pop(), []):
                if target not in seen:
                    seen.add(target)
                    more.append(target)
        return seen

    assert aliases.circular(leads_to) == {name for name in NAMES if name in reached(name)}


def test_a_long_chain_is_walked_once() -> None:
    chain = [Name.parse(f"n{n}.") for n in range(20_000)]
    leads_to = {name: [chain[(n + 1) % len(chain)]] for n, name in enumerate(chain)}
    assert len(aliases.circular(leads_to)) == len(chain)
    leads_to[chain[-1]] = []
    assert aliases.circular(leads_to) == frozenset()
