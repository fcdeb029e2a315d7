"""A form's flattened names (`Tags.member.1.Key`; EC2: `Tag.1.Key`) -> the members of a structure.

Unknown, repeated and conflicting names are refused. Limits: what is empty cannot be spelt in a form, but for
a list, which is sent as its bare name with no value.
"""

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from seal53.gateway import scalars
from seal53.gateway.errors import Reason, Refused
from seal53.gateway.message import Message, pairs
from seal53.gateway.models import Family, form_name
from seal53.gateway.scalars import decoded, refuse_type, under
from seal53.gateway.shapes import Shape

_DEEPEST = 16  # parts of a name; no shape that is served has as many
_MOST = 20_000  # parameters, and branches that their names make
_NUMBER = re.compile(r"[1-9][0-9]{0,5}")

_Tree = dict[str, Any]
"""Parts of names -> values, or such a tree again."""


def read(shape: Shape | None, message: Message, family: Family) -> dict[str, Any]:
    """From the form, and from the query string of a presigned call. Raises Refused."""
    given: dict[str, str] = {}
    body = message.body if message.method == "POST" else b""
    for source, in_url in ((message.query, True), (body, False)):
        for raw_name, raw_value in pairs(source, form=True):
            name = decoded(raw_name)
            if name in ("Action", "Version") or (in_url and name.startswith("X-Amz-")):
                continue
            if name in given:
                raise Refused(Reason.MALFORMED, f"Parameter '{name[:128]}' is given twice")
            if len(given) == _MOST:
                raise Refused(Reason.MALFORMED, "There are too many parameters")
            given[name] = decoded(raw_value)
    tree: _Tree = {}
    left = _MOST
    for name, value in given.items():
        left -= 1 + _plant(tree, name, value)
        if left < 0:
            raise Refused(Reason.MALFORMED, "There are too many parameters")
    return _structure(shape, tree, "", family) if shape is not None else {}


def _plant(tree: _Tree, name: str, value: str) -> int:
    """How many branches were new."""
    *branches, leaf = name.split(".", _DEEPEST)
    if "." in leaf:
        raise Refused(Reason.MALFORMED, "A parameter's name is nested too deep")
    node, grown = tree, 0
    for branch in branches:
        inner = node.get(branch)
        if inner is None:
            inner = node[branch] = {}
            grown += 1
        if not isinstance(inner, dict):
            _refuse_conflict(name)
        node = inner
    if leaf in node:
        _refuse_conflict(name)
    node[leaf] = value
    return grown


def _refuse_conflict(name: str) -> NoReturn:
    raise Refused(Reason.MALFORMED, f"Parameter '{name[:128]}' conflicts with another one")


def _structure(shape: Shape, tree: Mapping[str, Any], path: str, family: Family) -> dict[str, Any]:
    by_name = {form_name(s, m, family): (m, s) for m, s in shape.members.items()}
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if name not in by_name:
            _refuse_unknown(under(path, name), family)
        member, member_shape = by_name[name]
        found[member] = _value(member_shape, value, under(path, name), family)
    return found


def _refuse_unknown(path: str, family: Family) -> NoReturn:
    if family is Family.EC2:
        raise Refused(Reason.UNKNOWN_PARAMETER, f"The parameter {path} is not recognized")
    raise Refused(Reason.INVALID, f"Unknown member '{path}': the operation does not have it")


def _value(shape: Shape, value: Any, path: str, family: Family) -> Any:
    if shape.kind not in ("structure", "list", "map"):
        if not isinstance(value, str):
            refuse_type(path, shape)
        return scalars.reader(shape)(value, path)
    if not isinstance(value, dict):
        if value == "" and shape.kind == "list":
            return []
        refuse_type(path, shape)
    if shape.kind == "structure":
        return _structure(shape, value, path, family)
    if shape.item is not None:
        entries = _entries(shape, shape.item.named("member"), value, path, family)
        return [_value(shape.item, held, at, family) for held, at in entries]
    entries = _entries(shape, "entry", value, path, family)
    return dict(_entry(shape, held, at, family) for held, at in entries)


def _entries(shape: Shape, item: str, value: _Tree, path: str, family: Family) -> list[tuple[Any, str]]:
    """What stands in a list or map, by number, and where."""
    numbered: Any = value
    if family is not Family.EC2:  # whose lists are flattened
        numbered, path = value.get(item), f"{path}.{item}"
        if len(value) != 1:
            refuse_type(path, shape)
    if not isinstance(numbered, dict) or not all(map(_NUMBER.fullmatch, numbered)):
        refuse_type(path, shape)
    return [(numbered[n], f"{path}.{n}") for n in sorted(numbered, key=int)]


def _entry(shape: Shape, held: Any, path: str, family: Family) -> tuple[str, Any]:
    if (
        shape.key is None
        or shape.held is None
        or not isinstance(held, dict)
        or held.keys() != {"key", "value"}
    ):
        refuse_type(path, shape)
    key: str = _value(shape.key, held["key"], f"{path}.key", family)
    return key, _value(shape.held, held["value"], f"{path}.value", family)
