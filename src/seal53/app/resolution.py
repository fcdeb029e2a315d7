"""Joins the resolver to the service: where resolution starts, and the machine in a resolver's process."""

import asyncio
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seal53 import registry
from seal53.base.errors import StartFault
from seal53.config import Place, Settings
from seal53.feed.messages import ResolverBoot
from seal53.registry import contents
from seal53.resolver.anchors import Anchors, parse_hints
from seal53.store import Tx

DNS_PORT = 53


def boot_of(tx: Tx, settings: Settings, place: Place) -> ResolverBoot:
    """Root hints, trust anchors and the port of all name servers. Raises StartFault."""
    if settings.resolver_roots == "internet":
        anchors = _read(settings.trust_anchors_file).splitlines()
        Anchors.parse(anchors)  # a line that is no anchor is refused here, at start
        return ResolverBoot(
            hints=parse_hints(_read(settings.root_hints_file)), anchors=anchors, upstream_port=DNS_PORT
        )
    return ResolverBoot(
        hints=[(str(contents.ROOT_SERVER), str(place.block[1]))],
        anchors=[registry.trust_anchor(tx).ds],
        upstream_port=place.port,
    )


def _read(file: str | None) -> str:
    assert file is not None  # config refuses resolver_roots=internet without both files
    try:
        return Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise StartFault(f"the file {file} cannot be read: {e}") from None


def resolver_operations() -> Mapping[str, Any]:
    try:
        return importlib.import_module("seal53.services.route53resolver").OPERATIONS
    except ImportError:
        return {}


def make_probe(*_: Any) -> Any:
    return _Unable()


class _Unable:
    def delegation(self, name: Any) -> Any:
        raise StartFault("no probe yet")


class _Idle:
    def boot(self, *_: Any) -> None: ...
    def set_vpc(self, *_: Any) -> None: ...
    async def run(self) -> None:
        await asyncio.Event().wait()


def make_resolver(*_: Any, **__: Any) -> Any:
    return _Idle()
