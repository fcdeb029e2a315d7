"""The service models that botocore has installed, and the little that they leave unsaid, as data.

Models are read from botocore's own data alone, never from a user's `~/.aws/models`: what the wire looks like
must not depend on who starts the service. Of a model only the shapes of served operations are kept: EC2's
has 830 operations and four megabytes. Limits: the shapes that these models use (no attributes, no payload
members, no flattened lists); `tests/wire/test_wire_models.py` fails when a new botocore brings one.
"""

import gzip
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from botocore.loaders import Loader
from botocore.model import ServiceModel

Shape = Any
"""One of botocore's shapes; its classes differ in attributes by `type_name`."""

OPERATOR = "seal53"
"""Our own service name in a credential scope, for the operator's calls."""


class Family(StrEnum):
    """How a service speaks."""

    REST_XML = "rest-xml"
    QUERY = "query"
    EC2 = "ec2"
    JSON = "json"

    @property
    def is_form(self) -> bool:
        """Whether a request is a form with an Action."""
        return self is Family.QUERY or self is Family.EC2


# route53domains' model lists CBOR first; SDKs that speak JSON send a target header, and that is what we
# answer.
PROTOCOLS: Mapping[str, Family] = {
    "ec2": Family.EC2,
    "iam": Family.QUERY,
    "kms": Family.JSON,
    "route53": Family.REST_XML,
    "route53domains": Family.JSON,
    "route53resolver": Family.JSON,
    "sts": Family.QUERY,
}

STATUSES: Mapping[tuple[str, str], int] = {
    # The models declare no status; EC2 declares no errors at all.
    ("ec2", "DryRunOperation"): 412,
    ("ec2", "RequestLimitExceeded"): 503,
    ("ec2", "UnauthorizedOperation"): 403,
    ("route53resolver", "InternalServiceErrorException"): 500,
}

ID_SHAPES = frozenset({"ResourceId", "ChangeId"})
"""Shapes of route53 from which a known prefix is taken away on reading.

Not TagResourceId: AWS refuses prefixes there.
"""

ID_PREFIX = re.compile(r"/*(?:hostedzone|change|delegationset)/+")

PREFIXED: Mapping[tuple[str, str], str] = {
    ("HostedZone", "Id"): "/hostedzone/",
    ("ChangeInfo", "Id"): "/change/",
    ("DelegationSet", "Id"): "/delegationset/",
}
"""(structure, member) of route53 to which a prefix is added on writing; everywhere else ids are bare."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Service:
    """One service: its model and what every reply of it needs.

    `model` knows the shapes of the served operations alone; `paths` and `unsigned` tell of all.
    """

    name: str
    family: Family
    model: Any  # botocore's ServiceModel
    namespace: str
    target_prefix: str
    api_version: str
    paths: Mapping[str, tuple[str, str]]  # operation -> (method, path with labels)
    unsigned: frozenset[str]  # sent by SDKs without a signature: they exchange another proof

    def knows(self, operation: str) -> bool:
        """Whether the model has it, served or not."""
        return operation in self.paths

    def declared(self, operation: str) -> frozenset[str]:
        """The names of the errors that a served operation declares; none for others."""
        if operation not in self.model.operation_names:
            return frozenset()
        return frozenset(shape.name for shape in self.model.operation_model(operation).error_shapes)

    def error_shape(self, code: str) -> Shape | None:
        """The modelled error with this code on the wire, or of this name; the same object each time."""
        return _error_shape(self, code)


@cache
def _error_shape(service: Service, code: str) -> Shape | None:
    shape: Shape | None = service.model.shape_for_error_code(code)
    if shape is None and code in service.model.shape_names:
        named: Shape = service.model.shape_for(code)
        return named if named.metadata.get("exception") else None
    return shape


class _Named(msgspec.Struct):
    shape: str


class _Http(msgspec.Struct, rename="camel"):
    method: str
    request_uri: str


class _Operation(msgspec.Struct):
    http: _Http
    authtype: str = ""
    input: dict[str, Any] | None = None
    output: _Named | None = None


class _Description(msgspec.Struct):
    """A model as botocore keeps it, its parts not yet read."""

    metadata: dict[str, Any]
    operations: dict[str, msgspec.Raw]
    shapes: dict[str, msgspec.Raw]


@cache
def load(name: str, served: frozenset[str] | None = None) -> Service:
    """Reads a model of `PROTOCOLS`, with the shapes of the operations that are served (None: of all).

    Raises ValueError when the model lacks one of them.
    """
    described = msgspec.json.decode(_octets(name), type=_Description)
    metadata = described.metadata
    operations = {n: msgspec.json.decode(raw, type=_Operation) for n, raw in described.operations.items()}
    kept = frozenset(operations) if served is None else served
    if not kept <= operations.keys():
        raise ValueError(f"no service model has {name}:{', '.join(sorted(kept - operations.keys()))}")
    whole = {
        "metadata": metadata,
        "operations": {n: msgspec.json.decode(described.operations[n]) for n in sorted(kept)},
        "shapes": _shapes(described.shapes, (operations[n] for n in kept)),
    }
    return Service(
        name=name,
        family=PROTOCOLS[name],
        model=ServiceModel(whole, name),
        namespace=_namespace(metadata, operations) if PROTOCOLS[name] is not Family.JSON else "",
        target_prefix=metadata.get("targetPrefix", ""),
        api_version=metadata["apiVersion"],
        paths={n: (o.http.method, o.http.request_uri) for n, o in operations.items()},
        unsigned=frozenset(n for n, o in operations.items() if o.authtype == "none"),
    )


def _octets(name: str) -> bytes:
    versions = [d for d in (Path(Loader.BUILTIN_DATA_PATH) / name).iterdir() if d.is_dir()]
    path = max(versions, key=lambda d: d.name) / "service-2.json"
    return path.read_bytes() if path.exists() else gzip.decompress(path.with_suffix(".json.gz").read_bytes())


def _shapes(described: Mapping[str, msgspec.Raw], operations: Iterable[_Operation]) -> dict[str, Any]:
    """Those that the operations reach, and all errors: some are given that an operation does not declare."""
    wanted = [name for name, raw in described.items() if b'"exception"' in bytes(raw)]
    for operation in operations:
        wanted += [] if operation.input is None else [operation.input["shape"]]
        wanted += [] if operation.output is None else [operation.output.shape]
    found: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        shape = found[name] = msgspec.json.decode(described[name])
        parts = [
            *shape.get("members", {}).values(),
            *(shape[k] for k in ("member", "key", "value") if k in shape),
        ]
        wanted += [part["shape"] for part in parts]
    return found


def _namespace(metadata: Mapping[str, Any], operations: Mapping[str, _Operation]) -> str:
    """The model's own namespace or, as in route53, the one that its inputs carry."""
    declared = metadata.get("xmlNamespace")
    if declared:
        return str(declared)
    for operation in operations.values():
        carried = (operation.input or {}).get("xmlNamespace")
        if carried:
            return str(carried["uri"])
    return ""


def wire_name(shape: Shape, member: str) -> str:
    """The name of a structure's member on the wire."""
    name: str = shape.serialization.get("name", member)
    return name


def form_name(shape: Shape, member: str, family: Family) -> str:
    """The name of a structure's member in a form: EC2 has one of its own, or the element's, capitalized."""
    if family is not Family.EC2:
        return wire_name(shape, member)
    own: str | None = shape.serialization.get("queryName")
    name = wire_name(shape, member)
    return own if own is not None else name[:1].upper() + name[1:]


# Classes of Unicode that `re` has no names for, as far as the models use them. Whatever allows letters,
# separators and numbers allows the underscore too, as \w does.
_CLASSES = {
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"\p{L}\p{Z}\p{N}": r"\w\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """A model's pattern, or None for one that `re` cannot read: such a value is the operation's to judge."""
    for theirs, ours in _CLASSES.items():
        pattern = pattern.replace(theirs, ours)
    try:
        return re.compile(pattern)
    except re.error:
        return None
