"""The quick checkers and the texts agree on what is wrong."""

import random
from typing import Any

import pytest

from seal53.gateway import models, validate
from seal53.gateway.errors import Refused
from seal53.gateway.models import Family
from seal53.gateway.route import Route

EC2 = frozenset({"CreateVpc", "DescribeVpcs", "ModifyVpcAttribute"})
SERVICES = {name: models.load(name, EC2 if name == "ec2" else None) for name in models.PROTOCOLS}


def value(shape: Any, chance: random.Random) -> Any:
    """Something of the shape's type that may well break its limits."""
    match shape.kind:
        case "structure":
            return {
                member: value(member_shape, chance)
                for member, member_shape in shape.members.items()
                if chance.random() < (0.97 if member in shape.required else 0.5)
            }
        case "list":
            return [value(shape.item, chance) for _ in range(chance.choice((0, 1, 2, 60)))]
        case "map":
            return {
                value(shape.key, chance): value(shape.held, chance) for _ in range(chance.choice((0, 1, 2)))
            }
        case "string" | "character":
            if shape.values and chance.random() < 0.95:
                return chance.choice(shape.values)
            return chance.choice("aZ0/-_ .:\u00e9") * chance.choice((0, 1, 1, 1, 32, 33, 300, 5000))
        case "blob":
            return bytes(chance.choice((0, 1, 1, 70_000)))
        case "integer" | "long":
            return chance.choice((-1, 0, 1, 1, 2, 100, 2**40))
        case "float" | "double":
            return chance.choice((-1.0, 0.5, 1e12))
    return None


@pytest.mark.parametrize("name", models.PROTOCOLS)
def test_a_checker_says_what_the_texts_say(name: str) -> None:
    service, chance = SERVICES[name], random.Random(53)
    seen = {True: 0, False: 0}
    for operation, served in service.operations.items():
        shape = served.input
        if shape is None:
            continue
        check = validate.check(shape)
        for _ in range(30):
            parameters = value(shape, chance)
            is_well = check is None or check(parameters)
            assert is_well == (not list(validate._structure(shape, parameters, ""))), (operation, parameters)
            seen[is_well] += 1
    assert min(seen.values()) > 10


def test_very_many_violations_are_counted_and_not_repeated() -> None:
    keys = {"KeyId": "k", "Tags": [{"TagKey": "", "TagValue": "v"}] * 5000}
    service = SERVICES["kms"]
    route = Route(family=Family.JSON, scope="kms", service=service, operation="CreateKey")
    with pytest.raises(Refused) as caught:
        validate.validate(route, {"Tags": keys["Tags"]})
    assert caught.value.message.startswith(
        "5000 validation errors detected: Value '' at 'tags.1.member.tagKey'"
    )
    assert len(caught.value.message) < 5000
