"""Which zones are in which view, which addresses answer, and of which zones that can be said whole.

A zone is served when it is in a view and every view that has it listens on all of its addresses. What may
have changed in that respect is remembered until it is asked for, so that one zone of ten thousand costs what
one zone costs. Not for: zone versions (`served`). Limits: one thread.
"""

import logging
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol

from seal53.base import journal
from seal53.core import PlaneFault


class ViewPlane(Protocol):
    """Of `core.DataPlane`, what is used here."""

    def set_view(self, view_id: str, zone_ids: Sequence[str]) -> None: ...
    def set_resolver_view(
        self, view_id: str, zone_ids: Sequence[str], *, aws_profile: bool = False
    ) -> None: ...
    def drop_view(self, view_id: str) -> None: ...
    def listen(self, address: str, port: int, view_id: str) -> object: ...
    def unlisten(self, address: str, port: int) -> None: ...


@dataclass(slots=True)
class ViewState:
    """`zone_ids` are in order; the rest but `listening`, the addresses that answer, is of a VPC's view.

    A VPC's view and the subject of its acknowledgements have one name.
    """

    addresses: list[str]
    zone_ids: dict[str, None]
    serial: int
    vpc_id: str | None = None
    version: int = 0
    validate: bool | None = None
    private: bool = True
    resolves: bool = True
    listening: set[str] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        return self.listening >= set(self.addresses)


class Views:
    """`is_here` says whether a zone has arrived: a view shows those that have, and others when they come."""

    def __init__(
        self, plane: ViewPlane, is_here: Callable[[str], bool], *, port: int, aws_profile: bool
    ) -> None:
        self._plane = plane
        self._is_here = is_here
        self._port = port
        self._aws_profile = aws_profile
        self._views: dict[str, ViewState] = {}
        self._of_zone: dict[str, set[str]] = {}
        self._touched_zones: set[str] = set()
        self._touched_views: set[str] = set()

    def get(self, view_id: str) -> ViewState | None:
        return self._views.get(view_id)

    def ids(self) -> list[str]:
        return list(self._views)

    def of_vpcs(self) -> list[tuple[str, ViewState]]:
        """The views of resolvers, with their ids."""
        return [(view_id, state) for view_id, state in self._views.items() if state.vpc_id is not None]

    def forget_serials(self) -> None:
        """They begin anew with each control process."""
        for state in self._views.values():
            state.serial = 0

    # --- changes

    def put(self, view_id: str, state: ViewState, *, listen: bool) -> bool:
        """Makes or replaces a view; False if what is here is newer."""
        before = self._views.get(view_id)
        if before is not None:
            if before.serial > state.serial:
                return False
            state.listening = before.listening
            self._leave(view_id, before.zone_ids.keys() - state.zone_ids.keys())
        self._views[view_id] = state
        self._enter(view_id, state.zone_ids)
        self._show(view_id, state)
        if listen:
            self._listen(view_id, state)
        self._touched_views.add(view_id)
        return True

    def change(self, view_id: str, added: Sequence[str], removed: Sequence[str], serial: int) -> bool:
        """Zones come into a view and leave it; False if there is no such view."""
        state = self._views.get(view_id)
        if state is None:
            return False
        if state.serial <= serial:
            state.serial = serial
            for zone_id in removed:
                state.zone_ids.pop(zone_id, None)
            state.zone_ids.update(dict.fromkeys(added))
            self._leave(view_id, removed)
            self._enter(view_id, added)
            self._show(view_id, state)
        return True

    def end(self, view_id: str) -> None:
        """Ends a view and what listens for it."""
        state = self._views.pop(view_id)
        for address in state.listening:
            self._plane.unlisten(address, self._port)
        self._plane.drop_view(view_id)
        self._leave(view_id, state.zone_ids)
        self._touched_views.discard(view_id)

    def keep_zones(self, zone_ids: Set[str]) -> None:
        """No view names any other zone any more."""
        for view_id, state in self._views.items():
            gone = state.zone_ids.keys() - zone_ids
            if gone:
                state.zone_ids = {zone_id: None for zone_id in state.zone_ids if zone_id not in gone}
                self._leave(view_id, gone)
                self._show(view_id, state)

    def show_zone(self, zone_id: str) -> None:
        """A zone has arrived or is about to go: the views that name it show what is here."""
        for view_id in self._of_zone.get(zone_id, ()):
            self._show(view_id, self._views[view_id])

    def listen_to_all(self) -> bool:
        """Tries every address that does not answer; False when there are views and none answers at all."""
        for view_id, state in self._views.items():
            if not state.is_complete:
                self._listen(view_id, state)
        return not self._views or any(state.listening for state in self._views.values())

    # --- what is served

    @property
    def are_complete(self) -> bool:
        """Whether every address answers."""
        return all(state.is_complete for state in self._views.values())

    def is_served(self, zone_id: str) -> bool:
        """Whether the zone answers wherever it should."""
        view_ids = self._of_zone.get(zone_id)
        return bool(view_ids) and all(self._views[view_id].is_complete for view_id in view_ids or ())

    def take_touched(self) -> tuple[set[str], set[str]]:
        """Ids of zones and of views for which that may have changed since the last time."""
        taken = self._touched_zones, self._touched_views
        if taken[0]:
            self._touched_zones = set()
        if taken[1]:
            self._touched_views = set()
        return taken

    # --- within

    def _enter(self, view_id: str, zone_ids: Iterable[str]) -> None:
        for zone_id in zone_ids:
            self._of_zone.setdefault(zone_id, set()).add(view_id)
        self._touched_zones.update(zone_ids)

    def _leave(self, view_id: str, zone_ids: Iterable[str]) -> None:
        for zone_id in zone_ids:
            view_ids = self._of_zone.get(zone_id)
            if view_ids is not None:
                view_ids.discard(view_id)
                if not view_ids:
                    del self._of_zone[zone_id]
        self._touched_zones.update(zone_ids)

    def _show(self, view_id: str, state: ViewState) -> None:
        here = [zone_id for zone_id in state.zone_ids if self._is_here(zone_id)]
        if state.vpc_id is None:
            self._plane.set_view(view_id, here)
        elif not state.resolves:
            self._plane.set_view(view_id, [])  # a name server without a zone: REFUSED
        else:
            private = here if state.private else []
            self._plane.set_resolver_view(view_id, private, aws_profile=self._aws_profile)

    def _listen(self, view_id: str, state: ViewState) -> None:
        before = state.is_complete
        for address in state.listening - set(state.addresses):
            self._plane.unlisten(address, self._port)
            state.listening.discard(address)
        for address in state.addresses:
            if address in state.listening:
                continue
            try:
                self._plane.listen(address, self._port, view_id)
            except PlaneFault as e:
                journal.event("not-listening", level=logging.ERROR, view=view_id, why=str(e.args[-1]))
            else:
                state.listening.add(address)
        if state.is_complete != before:
            self._touched_zones.update(state.zone_ids)
            self._touched_views.add(view_id)
