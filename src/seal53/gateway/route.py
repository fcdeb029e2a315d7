"""Which operation of which service does a request mean?

From the credential scope's service, the X-Amz-Target header, the path and, for query services, the Action.
Nothing here is proven yet: `sigv4.verify` later demands that the scope names the service found here. Not for:
whether the operation exists on our side.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from seal53.gateway.errors import Reason, Refused
from seal53.gateway.message import Message, pairs
from seal53.gateway.models import OPERATOR, PROTOCOLS, Family, Service
from seal53.gateway.sigv4 import claimed_service, normal_path

OPERATOR_PATH = b"/_seal53/"
_LABEL = re.compile(r"\{(\w+)\}")
# Found rather than decoded with all else: a megabyte of pairs takes a second, and nobody has signed it yet.
_NAMING = re.compile(rb"(?<![^&])(Action|Version)=[^&]*")
_ID_KINDS = frozenset({"hostedzone", "change", "delegationset"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a request goes.

    `service` is None for the operator's calls; `labels` come from the path, decoded; `query` for query
    services.
    """

    family: Family
    scope: str  # the service name that the credential scope must hold
    service: Service | None
    operation: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Template:
    literals: tuple[tuple[int, str], ...]  # (number of the segment, what it must be)
    labels: tuple[tuple[int, str], ...]  # (number of the segment, its label)
    operation: str

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        for at, literal in self.literals:
            if segments[at] != literal:
                return None
        return {label: segments[at] for at, label in self.labels}


def guess(message: Message, services: Mapping[str, Service]) -> tuple[Service | None, Family]:
    """The service and protocol in which a refusal is most likely to be understood."""
    claimed = claimed_service(message)
    target = message.header("x-amz-target")
    if claimed == OPERATOR or message.path.startswith(OPERATOR_PATH):
        return None, Family.JSON
    if target is not None:
        prefix = target.rpartition(".")[0]
        return next((s for s in services.values() if prefix and s.target_prefix == prefix), None), Family.JSON
    if claimed is not None and claimed in services:
        return services[claimed], services[claimed].family
    if claimed is None and _is_versioned(message.path, services["route53"]):
        return services["route53"], Family.REST_XML
    content_type = message.header("content-type") or ""
    if "json" in content_type or "cbor" in content_type:
        return None, Family.JSON
    if claimed is None and content_type.startswith("application/x-www-form-urlencoded"):
        action = _action(message)
        found = _by_version(services, action[1] if action is not None else None)
        return found, found.family
    return None, Family.REST_XML


class Router:
    """Routes by the models' own paths, targets and actions."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._services = services
        self._by_prefix = {s.target_prefix: s for s in services.values() if s.target_prefix}
        self._templates = _templates(services["route53"])

    def route(self, message: Message) -> Route:
        """Raises Refused for a service or an operation that no model knows."""
        claimed = claimed_service(message)
        if claimed is not None and claimed not in self._services and claimed != OPERATOR:
            served = ", ".join(sorted(PROTOCOLS))
            raise Refused(
                Reason.NOT_IMPLEMENTED,
                f"Seal53 does not serve the service '{claimed[:64]}'; it serves {served}",
            )
        if message.path.startswith(OPERATOR_PATH):
            return self._operator(message)
        target = message.header("x-amz-target")
        if target is not None:
            return self._by_target(message, target)
        if _is_versioned(message.path, self._services["route53"]):
            return self._by_path(message)
        if message.path.startswith(b"/service/"):
            raise Refused(Reason.NOT_IMPLEMENTED, "Seal53 speaks JSON 1.1 here, not smithy-rpc-v2-cbor yet")
        action = _action(message)
        if action is not None:
            return self._by_action(claimed, *action)
        raise Refused(Reason.UNKNOWN_OPERATION, f"No operation at {message.method} {_shown(message.path)}")

    def _operator(self, message: Message) -> Route:
        name = message.path.removeprefix(OPERATOR_PATH).decode("ascii", "replace")
        if message.method != "POST":
            raise Refused(
                Reason.UNKNOWN_OPERATION, f"No operation at {message.method} {_shown(message.path)}"
            )
        return Route(family=Family.JSON, scope=OPERATOR, service=None, operation=name)

    def _by_target(self, message: Message, target: str) -> Route:
        prefix, _, operation = target.rpartition(".")
        service = self._by_prefix.get(prefix)
        if service is None or message.method != "POST" or normal_path(message.path) != b"/":
            raise Refused(Reason.UNKNOWN_OPERATION, f"Unknown target '{target[:128]}'")
        if not service.knows(operation):
            raise Refused(Reason.UNKNOWN_OPERATION, f"{service.name} has no operation '{operation[:128]}'")
        return Route(family=service.family, scope=service.name, service=service, operation=operation)

    def _by_action(self, claimed: str | None, action: str, version: str | None) -> Route:
        service = self._services.get(claimed or "")
        if service is None or not service.family.is_form:
            service = _by_version(self._services, version)
        if not service.knows(action) or version not in (None, service.api_version):
            if service.family is Family.EC2:
                raise Refused(
                    Reason.UNKNOWN_OPERATION, f"The action {action[:128]} is not valid for this web service."
                )
            raise Refused(
                Reason.UNKNOWN_OPERATION,
                f"Could not find operation {action[:128]} for version {(version or 'NO_VERSION')[:32]}",
            )
        return Route(family=service.family, scope=service.name, service=service, operation=action)

    def _by_path(self, message: Message) -> Route:
        """Trailing and doubled slashes do not matter (SDKs differ on `/rrset/`), nor whether an id comes with
        its kind before it.
        """
        service = self._services["route53"]
        segments = _segments(message.path)[1:]
        for candidate in (segments, _joined_ids(segments)):
            for template in self._templates.get((message.method, len(candidate)), ()):
                labels = template.match(candidate)
                if labels is not None:
                    return Route(
                        family=service.family,
                        scope=service.name,
                        service=service,
                        operation=template.operation,
                        labels=labels,
                    )
        raise Refused(Reason.UNKNOWN_OPERATION, f"No operation at {message.method} {_shown(message.path)}")


def _templates(service: Service) -> Mapping[tuple[str, int], tuple[_Template, ...]]:
    """All templates of a service by method and number of segments, those with more literals first."""
    found: dict[tuple[str, int], list[_Template]] = {}
    for operation, (method, path) in service.paths.items():
        segments = [part for part in path.split("/") if part][1:]
        labels = tuple((at, part[1:-1]) for at, part in enumerate(segments) if _LABEL.fullmatch(part))
        literals = tuple((at, part) for at, part in enumerate(segments) if not _LABEL.fullmatch(part))
        found.setdefault((method, len(segments)), []).append(_Template(literals, labels, operation))
    return {key: tuple(sorted(those, key=lambda t: -len(t.literals))) for key, those in found.items()}


def _is_versioned(path: bytes, service: Service) -> bool:
    return normal_path(path).startswith(f"/{service.api_version}/".encode())


def _segments(path: bytes) -> tuple[str, ...]:
    try:
        return tuple(unquote_to_bytes(part).decode("utf-8") for part in normal_path(path).split(b"/") if part)
    except UnicodeDecodeError:
        raise Refused(Reason.INVALID, "The path is not percent-encoded UTF-8") from None


def _joined_ids(segments: tuple[str, ...]) -> tuple[str, ...]:
    """`hostedzone/hostedzone/Z1` -> `hostedzone`, `hostedzone/Z1`: some SDKs put the prefixed id into the
    path as it is.
    """
    joined = list(segments[:1])
    rest = iter(segments[1:])
    for segment in rest:
        following = next(rest, None) if segment in _ID_KINDS else None
        joined.append(segment if following is None else f"{segment}/{following}")
    return tuple(joined)


def _action(message: Message) -> tuple[str, str | None] | None:
    """(Action, Version) of a query request: from the form, or from the query string of a presigned one."""
    if normal_path(message.path) != b"/" or message.method not in ("GET", "POST"):
        return None
    found: dict[bytes, bytes] = {}
    for source in (message.query, message.body if message.method == "POST" else b""):
        found.update((pair[1], pair[0]) for pair in _NAMING.finditer(source))
    told = {
        name: value.decode("utf-8", "replace")
        for pair in found.values()
        for name, value in pairs(pair, form=True)
    }
    return (told[b"Action"], told.get(b"Version")) if b"Action" in told else None


def _by_version(services: Mapping[str, Service], version: str | None) -> Service:
    """The service of a form that says no more than its version: each has one of its own. STS, if in doubt:
    its callers may have no key yet.
    """
    return next(
        (s for s in services.values() if s.family.is_form and s.api_version == version), services["sts"]
    )


def _shown(path: bytes) -> str:
    return path[:200].decode("ascii", "replace")
