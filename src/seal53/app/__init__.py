"""Composition root: settings, clock and entropy become the three roles of a running service.

`roles` is what the supervisor forks. Not for: anything that decides; a room's port is joined to its maker
here.
"""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from seal53.app.control import run_control
from seal53.base.clock import SystemClock
from seal53.config import Place, Settings
from seal53.core import DataPlane
from seal53.edge import process
from seal53.edge.process import EdgeSettings, ResolverMachine
from seal53.feed.link import Link
from seal53.resolver.service import ResolverService

__all__ = ["roles"]

Role = Callable[[Link], None]


def roles(settings: Settings, place: Place) -> Mapping[str, Role]:
    """control, edge and resolver: each the whole life of a process."""
    maps = None if settings.upstream_maps is None else Path(settings.upstream_maps)

    def resolver_of(plane: DataPlane) -> ResolverMachine:
        return ResolverService(plane, SystemClock(), secrets.token_bytes, upstream_maps=maps)

    return {
        "control": lambda link: run_control(settings, place, link),
        "edge": lambda link: process.run(_edge(settings, place, "edge", None), link),
        "resolver": lambda link: process.run(_edge(settings, place, "resolver", resolver_of), link),
    }


def _edge(
    settings: Settings,
    place: Place,
    role: str,
    make: Callable[[DataPlane], ResolverMachine] | None,
) -> EdgeSettings:
    return EdgeSettings(
        role=role,
        feed_path=place.feed_path,
        token=place.token,
        kek=place.kek,
        port=place.port,
        workers=settings.workers,
        aws_profile=settings.resolver_profile == "aws",
        make_resolver=make,
    )
