"""The service models that botocore has installed, and the little that they leave unsaid, as data.

Models are read from botocore's own data alone, never from a user's `~/.aws/models`: what the wire looks like
must not depend on who starts the service. Of a model only the shapes of served operations are kept: EC2's
has 830 operations and four megabytes. Limits: the shapes that these models use (no attributes, no payload
members, no flattened lists); `tests/wire/test_wire_models.py` fails when a new botocore brings one.
"""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import botocore
import msgspec

from seal53.gateway.shapes import ErrorShape, Reference, Shape, Shapes

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A served operation: what goes in and comes out, and the names of the errors that it declares."""

    status: int
    input: Shape | None
    output: Shape | None
    errors: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Service:
    """One service: its model and what every reply of it needs.

    `operations` are those that are served; `paths` and `unsigned` tell of all. `errors` by name.
    """

    name: str
    family: Family
    namespace: str
    target_prefix: str
    api_version: str
    operations: Mapping[str, Operation]
    errors: Mapping[str, ErrorShape]
    paths: Mapping[str, tuple[str, str]]  # operation -> (method, path with labels)
    unsigned: frozenset[str]  # sent by SDKs without a signature: they exchange another proof

    def knows(self, operation: str) -> bool:
        """Whether the model has it, served or not."""
        return operation in self.paths

    def error(self, code: str) -> ErrorShape | None:
        """The modelled error with this code on the wire, or of this name."""
        return next((e for e in self.errors.values() if e.code == code), self.errors.get(code))


class _Http(msgspec.Struct, rename="camel"):
    method: str
    request_uri: str
    response_code: int = 200


class _Described(msgspec.Struct):
    http: _Http
    authtype: str = ""
    input: Reference | None = None
    output: Reference | None = None
    errors: list[Reference] = []


class _Model(msgspec.Struct):
    """A model as botocore keeps it, its parts not yet read."""

    metadata: dict[str, Any]
    operations: dict[str, _Described]
    shapes: dict[str, msgspec.Raw]


@cache
def load(name: str, served: frozenset[str] | None = None) -> Service:
    """Reads a model of `PROTOCOLS`, with the shapes of the operations that are served (None: of all).

    Raises ValueError when the model lacks one of them.
    """
    model = msgspec.json.decode(_octets(name), type=_Model)
    kept = frozenset(model.operations) if served is None else served
    if not kept <= model.operations.keys():
        raise ValueError(f"no service model has {name}:{', '.join(sorted(kept - model.operations.keys()))}")
    shapes = Shapes(model.shapes)
    return Service(
        name=name,
        family=PROTOCOLS[name],
        namespace=_namespace(model) if PROTOCOLS[name] is not Family.JSON else "",
        target_prefix=model.metadata.get("targetPrefix", ""),
        api_version=model.metadata["apiVersion"],
        operations={n: _operation(model.operations[n], shapes) for n in sorted(kept)},
        errors=dict(shapes.errors()),
        paths={n: (o.http.method, o.http.request_uri) for n, o in model.operations.items()},
        unsigned=frozenset(n for n, o in model.operations.items() if o.authtype == "none"),
    )


def _octets(name: str) -> bytes:
    versions = [d for d in (Path(botocore.__file__).parent / "data" / name).iterdir() if d.is_dir()]
    path = max(versions, key=lambda d: d.name) / "service-2.json"
    return path.read_bytes() if path.exists() else gzip.decompress(path.with_suffix(".json.gz").read_bytes())


def _operation(described: _Described, shapes: Shapes) -> Operation:
    return Operation(
        status=described.http.response_code,
        input=None if described.input is None else shapes.made(described.input),
        output=None if described.output is None else shapes.made(described.output),
        errors=frozenset(error.shape for error in described.errors),
    )


def _namespace(model: _Model) -> str:
    """The model's own namespace or, as in route53, the one that its inputs carry."""
    declared = model.metadata.get("xmlNamespace")
    if declared:
        return str(declared)
    inputs = (o.input.xml_namespace for o in model.operations.values() if o.input is not None)
    return next((str(carried["uri"]) for carried in inputs if carried), "")


def form_name(shape: Shape, member: str, family: Family) -> str:
    """The name of a structure's member in a form: EC2 has one of its own, or the element's, capitalized."""
    name = shape.named(member)
    if family is not Family.EC2:
        return name
    return shape.query or name[:1].upper() + name[1:]


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
