"""A structure -> what its JSON document holds, in the model's order.

Absent and None members are left out; a member that the model does not know raises, as in `write_xml`.
"""

import base64
from collections.abc import Mapping
from typing import Any

from seal53.gateway.shapes import Shape
from seal53.gateway.write_xml import moment, require_known


def structure(shape: Shape, value: Mapping[str, Any]) -> dict[str, object]:
    """Raises ValueError for a member that the shape does not have."""
    require_known(shape, value, shape.name)
    return {
        member_shape.named(member): _json(member_shape, value[member])
        for member, member_shape in shape.members.items()
        if value.get(member) is not None
    }


def _json(shape: Shape, value: Any) -> object:
    match shape.kind:
        case "structure":
            return structure(shape, value)
        case "list" if shape.item is not None:
            return [_json(shape.item, one) for one in value]
        case "map" if shape.held is not None:
            return {str(key): _json(shape.held, one) for key, one in value.items()}
        case "blob":
            return base64.b64encode(value).decode()
        case "timestamp":
            seconds = moment(value).timestamp()
            return int(seconds) if seconds.is_integer() else round(seconds, 3)
        case "boolean":
            return bool(value)
        case "integer" | "long":
            return int(value)
        case "float" | "double":
            return float(value)
        case _:
            return str(value)
