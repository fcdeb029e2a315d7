"""Values for any shape of a service model, as hypothesis strategies; within what the model allows where our
parser checks it.
"""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from seal53.gateway.models import ID_PREFIX, PREFIXED

# XML can write these; a bare carriage return is not among them, as botocore does not write it as a reference.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
    max_size=12,
)
LABELS = TEXT.filter(lambda t: t not in ("", ".", "..") and not ID_PREFIX.match(t))
ASCII = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)
)


def values(shape: Any, *, whole: bool = False) -> st.SearchStrategy[Any]:
    """`whole`: every member is there and has something, as a form cannot spell what is empty."""
    match shape.kind:
        case "structure":
            return structures(shape, whole=whole)
        case "list":
            return st.lists(values(shape.item, whole=whole), min_size=int(whole), max_size=3)
        case "map":
            held = values(shape.held, whole=whole)
            return st.dictionaries(values(shape.key), held, min_size=int(whole), max_size=3)
        case "string" | "character":
            if shape.values:
                return st.sampled_from(shape.values)
            return LABELS if shape.name in ("ResourceId", "ChangeId") else TEXT
        case "blob":
            return st.binary(max_size=20)
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(-(2**31), 2**31 - 1)
        case "long":
            return st.integers(-(2**63) + 1, 2**63 - 1)
        case "float" | "double":
            return st.floats(-1e15, 1e15)
        case "timestamp":
            return MOMENTS
    raise TypeError(shape.kind)


def structures(shape: Any, *, whole: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    needed: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for member, member_shape in shape.members.items():
        if member_shape.location == "header":
            strategy: st.SearchStrategy[Any] = ASCII
        elif member_shape.location == "uri" and member_shape.kind == "string" and not member_shape.values:
            strategy = LABELS
        else:
            strategy = values(member_shape, whole=whole)
        if (shape.name, member) in PREFIXED:
            strategy = strategy.map(PREFIXED[shape.name, member].__add__)
        (needed if whole or member in shape.required else optional)[member] = strategy
    return st.fixed_dictionaries(needed, optional=optional)
