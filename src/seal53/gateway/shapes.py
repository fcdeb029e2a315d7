"""The shapes of a service model: what a value is made of, what it is called on the wire, how far it may go.

Read from the model's own JSON, without its documentation, and without botocore's classes: those load an HTTP
client and a tenth of a second with them. Limits: what the served models use; `tests/wire/test_wire_models.py`
holds every shape beside botocore's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec


@dataclass(slots=True, eq=False)
class Shape:
    """One shape as one place refers to it: `wire`, `query`, `location` and `wrapper` are the place's.

    `kind` is structure, list, map, string, character, blob, boolean, integer, long, float, double or
    timestamp; `location` uri, querystring, header, or "" for the body. Lengths and values lie between `least`
    and `most`.
    """

    name: str
    kind: str
    wire: str = ""  # "": as the member that it is
    query: str = ""  # its name in EC2's forms, when that is another
    location: str = ""
    wrapper: str = ""  # the element around a query operation's result
    members: Mapping[str, "Shape"] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    item: "Shape | None" = None  # of a list
    key: "Shape | None" = None  # of a map
    held: "Shape | None" = None  # of a map
    values: tuple[str, ...] = ()  # of an enumeration
    least: int | float | None = None
    most: int | float | None = None
    pattern: str | None = None
    is_sensitive: bool = False

    def named(self, member: str) -> str:
        """What it is called on the wire as this member."""
        return self.wire or member


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorShape:
    """A modelled error: its code on the wire, the HTTP status that is declared for it (None: none is)."""

    code: str
    status: int | None
    shape: Shape


class Reference(msgspec.Struct, rename="camel"):
    """A place that refers to a shape."""

    shape: str
    location: str = ""
    location_name: str = ""
    query_name: str = ""
    result_wrapper: str = ""
    xml_namespace: Any = None


class _ErrorTrait(msgspec.Struct, rename="camel", frozen=True):
    code: str = ""
    http_status_code: int | None = None


class _Described(msgspec.Struct):
    """A shape as the model has it."""

    type: str
    members: dict[str, Reference] = {}
    required: tuple[str, ...] = ()
    member: Reference | None = None
    key: Reference | None = None
    value: Reference | None = None
    enum: tuple[str, ...] = ()
    location_name: str = msgspec.field(name="locationName", default="")
    min: int | float | None = None
    max: int | float | None = None
    pattern: str | None = None
    sensitive: bool = False
    exception: bool = False
    fault: bool = False
    error: _ErrorTrait = _ErrorTrait()


class Shapes:
    """The shapes of one model, made when they are asked for; the same object for the same place."""

    def __init__(self, described: Mapping[str, msgspec.Raw]) -> None:
        self._raw = described
        self._described: dict[str, _Described] = {}
        self._plain: dict[str, Shape] = {}
        self._open: set[str] = set()

    def made(self, reference: Reference) -> Shape:
        """The shape that a place refers to. Raises ValueError for one that contains itself."""
        shape = self._of(reference.shape)
        if reference == Reference(reference.shape):
            return shape
        return replace(
            shape,
            wire=reference.location_name or shape.wire,
            query=reference.query_name,
            location=reference.location,
            wrapper=reference.result_wrapper,
        )

    def errors(self) -> Iterable[tuple[str, ErrorShape]]:
        """(name, error) of each modelled error."""
        for name, raw in self._raw.items():
            if b'"exception"' not in bytes(raw):
                continue
            described = self._look(name)
            if described.exception:
                declared = described.error.http_status_code
                status = 500 if declared is None and described.fault else declared
                yield name, ErrorShape(code=described.error.code or name, status=status, shape=self._of(name))

    def _look(self, name: str) -> _Described:
        if name not in self._described:
            self._described[name] = msgspec.json.decode(self._raw[name], type=_Described)
        return self._described[name]

    def _of(self, name: str) -> Shape:
        found = self._plain.get(name)
        if found is not None:
            return found
        if name in self._open:
            raise ValueError(f"the shape {name} contains itself")
        self._open.add(name)
        described = self._look(name)
        shape = self._plain[name] = Shape(
            name=name,
            kind=described.type,
            wire=described.location_name,
            members={member: self.made(place) for member, place in described.members.items()},
            required=described.required,
            item=None if described.member is None else self.made(described.member),
            key=None if described.key is None else self.made(described.key),
            held=None if described.value is None else self.made(described.value),
            values=described.enum,
            least=described.min,
            most=described.max,
            pattern=described.pattern,
            is_sensitive=described.sensitive,
        )
        self._open.discard(name)
        return shape
