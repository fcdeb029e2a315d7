"""The service models that botocore has installed, and the little that they leave unsaid, as data.

Models are read from botocore's own data alone, never from a user's `~/.aws/models`: what the wire looks like
must not depend on who starts the service. Limits: the shapes that these models use (no maps in XML, no
attributes, no payload members, no flattened lists); `tests/wire/test_models.py` fails when a new botocore
brings one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

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
    JSON = "json"


# route53domains' model lists CBOR first; SDKs that speak JSON send a target header, and that is what we
# answer.
PROTOCOLS: Mapping[str, Family] = {
    "kms": Family.JSON,
    "route53": Family.REST_XML,
    "route53domains": Family.JSON,
    "route53resolver": Family.JSON,
    "sts": Family.QUERY,
}

STATUSES: Mapping[tuple[str, str], int] = {
    # The model declares no status; Route 53 Resolver answers 500.
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
class Service:
    """One served service: its model and what every reply of it needs."""

    name: str
    family: Family
    model: Any  # botocore's ServiceModel
    namespace: str
    target_prefix: str
    api_version: str

    def operations(self) -> frozenset[str]:
        return frozenset(self.model.operation_names)

    def is_unsigned(self, operation: str) -> bool:
        """Whether SDKs send it without a signature, as those of STS do that exchange another proof."""
        return bool(self.model.operation_model(operation).auth_type == "none")

    def error_shape(self, code: str) -> Shape | None:
        """The modelled error with this code on the wire, or of this name."""
        shape: Shape | None = self.model.shape_for_error_code(code)
        if shape is None and code in self.model.shape_names:
            named: Shape = self.model.shape_for(code)
            return named if named.metadata.get("exception") else None
        return shape


@cache
def load(name: str) -> Service:
    """Loads a model of `PROTOCOLS`; some hundredths of a second and megabytes each, then kept."""
    loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    description: Any = loader.load_service_model(name, "service-2")
    model = ServiceModel(description, name)
    metadata: dict[str, Any] = description["metadata"]
    return Service(
        name=name,
        family=PROTOCOLS[name],
        model=model,
        namespace=_namespace(description) if PROTOCOLS[name] is not Family.JSON else "",
        target_prefix=metadata.get("targetPrefix", ""),
        api_version=metadata["apiVersion"],
    )


def _namespace(description: Mapping[str, Any]) -> str:
    """The model's own namespace or, as in route53, the one that its inputs carry."""
    declared = description["metadata"].get("xmlNamespace")
    if declared:
        return str(declared)
    for operation in description["operations"].values():
        carried = operation.get("input", {}).get("xmlNamespace")
        if carried:
            return str(carried["uri"])
    return ""


def wire_name(shape: Shape, member: str) -> str:
    """The name of a structure's member on the wire."""
    name: str = shape.serialization.get("name", member)
    return name


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    r"""A model's pattern, or None for those that `re` cannot read (`\p{L}`): such a value is the operation's
    to judge.
    """
    try:
        return re.compile(pattern)
    except re.error:
        return None
