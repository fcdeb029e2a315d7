"""From committed facts to what every name server serves (I3, I10).

    outbox rows -> one edit per zone -> stage -> prove -> commit -> feed -> acknowledged by all -> in sync
                                                   |
                                                   unproven: nothing is sent, the Change stays PENDING,
                                                   tried again later

One data plane in this process is the reference (`published`): what is sent was proven in it first. Rows of
one zone that wait together become one version. On start everything is composed anew from the facts, so that
a crash at any moment loses nothing. What one change costs does not grow with the number of zones: only what
a row or an acknowledgement names is looked at. Limits: one publisher; it runs in a thread of its own and is
woken, the outbox is the truth. A zone waits while another one is proven, which takes long after a large
change of a signed one; what record sets are chosen by does not wait.
"""

import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seal53.base import journal, memory
from seal53.base.clock import Clock
from seal53.base.errors import Fault
from seal53.core import DataPlane
from seal53.feed.messages import ResolverBoot, ToEdge, VpcView
from seal53.reconcile import compose
from seal53.reconcile.compose import EDGE, RESOLVER, RegistryAddresses
from seal53.reconcile.plain import Answer
from seal53.reconcile.prover import Claim, Proof
from seal53.reconcile.published import Addressed, Published
from seal53.store import Store, changes, outbox, reset, routing
from seal53.store import zones as zone_rows

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_LOOK_S = 0.05  # no standard says; a failover that comes in the midst of a proof is told within it
_BREATH_S = 0.001  # no standard says; a call is answered meanwhile, and those beside it become one version
_ROUND_S = (
    0.008  # from one look at the outbox to the next: what is committed meanwhile is proven and sent together
)

Prove = Callable[[Answer, Claim, int], Proof]


class Outlet(Protocol):
    """The feed, as publishing needs it (`feed.server.FeedServer`)."""

    def send_soon(self, role: str, message: ToEdge) -> None: ...
    def served(self, role: str, subject: str) -> int | None: ...
    def dropped(self, subject: str) -> bool: ...


@dataclass(slots=True)
class _Again:
    """When something that failed is tried again; `not_before` is monotonic, seconds."""

    failures: int = 0
    not_before: float = 0.0

    def after(self, now: float) -> float:
        """One more failure; returns the pause in seconds."""
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self.failures, 10))
        self.failures += 1
        self.not_before = now + pause
        return pause


class Publisher:
    """`start` composes everything; `run` follows the outbox until `stop`."""

    def __init__(
        self,
        store: Store,
        plane: DataPlane,
        *,
        prove: Prove,
        registry: RegistryAddresses,
        boot: ResolverBoot,
        clock: Clock,
        logs: Path,
    ) -> None:
        """`logs` is the directory of query logs."""
        self.published = Published(plane, boot)
        self._store = store
        self._prove = prove
        self._registry = registry
        self._clock = clock
        self._logs = logs
        self._outlet: Outlet | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._seq = 0
        self._committed = True  # whether there may be news
        self._due: dict[str, _Again] = {}  # subjects that are not published yet
        self._awaited: dict[str, int] = {}  # subject -> the highest version that a change waits for
        self._acknowledged: deque[str | None] = deque()  # subjects to look at; None: all that are awaited
        self._closed: dict[str, int] = {}
        self._gone: set[str] = set()
        self._routed = 0  # the version of the routing facts that were told last
        self._look_at = 0.0  # monotonic, seconds
        self._looked_at = 0.0  # into the outbox; likewise
        self._failing = _Again()

    # --- life

    def start(self, outlet: Outlet) -> None:
        """Composes every zone and view from the facts; what fails is tried again later."""
        self._outlet = outlet
        self._take_news()
        with self._store.read() as tx:
            facts = compose.routing_facts(tx)
            self.published.route(facts)
            self._routed = facts.version
            self.published.log(compose.query_logs(tx, self._logs))
            views = compose.views(tx, self._registry)
            self.published.show(views, compose.vpc_views(tx), resets=reset.version(tx))
            zone_ids = [zone_id for zone_id, *_ in zone_rows.places(tx)]
            for change in changes.pending(tx):
                self._await(change.subject, change.version)
        for zone_id in zone_ids:
            self._due.setdefault(f"zone:{zone_id}", _Again())
        for subject in self._awaited:
            self._due.setdefault(subject, _Again())
        self._acknowledged.append(None)
        self.tick()
        memory.give_back()

    def run(self) -> None:
        """Until `stop`."""
        while not self._stop.is_set():
            self._wake.wait(self._pause_s())
            if self._committed:
                # Two threads of Python at once cost more than one after the other.
                self._stop.wait(max(_BREATH_S, self._looked_at + _ROUND_S - self._clock.monotonic()))
            self._wake.clear()
            self.tick()

    def wake(self) -> None:
        """Something was committed; from any thread."""
        self._committed = True
        self._wake.set()

    def acknowledged(self, subject: str | None) -> None:
        """Name servers serve other versions than before, of the subject or of any; from any thread."""
        self._acknowledged.append(subject)
        self._wake.set()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def tick(self) -> None:
        """Publishes what is due and closes what is served; what fails is told and tried again later."""
        now = self._clock.monotonic()
        if self._failing.not_before > now:
            return
        try:
            if self._committed:
                self._take_news()
            for subject in [s for s, again in self._due.items() if again.not_before <= now]:
                if self._stop.is_set():
                    return
                if subject in self._due:  # a reset takes subjects away
                    self._publish(subject)
            if self._acknowledged:
                self._settle()
        except Exception as e:  # noqa: BLE001  told, and tried again
            # A database that cannot be read or written just now. Each step leaves what it did not finish.
            pause = self._failing.after(now)
            _tell("publishing-failed", e, first=self._failing.failures == 1, again_in_s=pause)
        else:
            self._failing = _Again()

    def _pause_s(self) -> float | None:
        now = self._clock.monotonic()
        if self._failing.failures:
            return max(0.0, self._failing.not_before - now)
        if not self._due:
            return None
        return max(0.0, min(again.not_before for again in self._due.values()) - now)

    def _take_news(self) -> None:
        self._looked_at = self._clock.monotonic()
        self._committed = False  # first: what is committed from here on is news again
        try:
            with self._store.read() as tx:
                news = outbox.news(tx, after=self._seq)
        except BaseException:
            self._committed = True
            raise
        for seq, subject, version in news:
            self._seq = seq
            self._due.setdefault(subject, _Again()).not_before = 0.0
            self._await(subject, version)

    def _await(self, subject: str, version: int) -> None:
        self._awaited[subject] = max(version, self._awaited.get(subject, 0))

    # --- one subject

    def _publish(self, subject: str) -> None:
        kind, _, id = subject.partition(":")
        try:
            match kind:
                case "zone":
                    self._publish_zone(id)
                case "vpc":
                    self._publish_vpc(id)
                case "set":
                    self._publish_set(id)
                case "routing":
                    self._publish_routing()
                case "logging":
                    self._publish_logging()
                case "reset":
                    self._publish_reset()
                case _:
                    pass
        except Exception as e:  # noqa: BLE001  told, and tried again
            # Unproven, a key that does not open, a zone that the plane refuses: the version is not served.
            if kind == "zone":
                self.published.leave(id)
            again = self._due[subject]
            pause = again.after(self._clock.monotonic())
            _tell("not-published", e, first=again.failures == 1, subject=subject, again_in_s=pause)
        else:
            del self._due[subject]
            self._acknowledged.append(subject)  # name servers may serve it already

    def _publish_zone(self, zone_id: str) -> None:
        now = self._clock.now()
        known = self.published.zone(zone_id)
        with self._store.read() as tx:
            zone = zone_rows.get(tx, zone_id)
            if zone is not None and known is not None and known.version >= zone.version:
                return
            # In the snapshot that the version is of: what is committed from here on is of the next one.
            rows = outbox.of_subject(tx, f"zone:{zone_id}", above=0 if known is None else known.version)
            if zone is None:
                version = None
            elif known is None:
                version = compose.whole(tx, zone, rows, now)
            else:
                version = compose.change(tx, zone, known.signing, rows, now)
            view = None
            vpcs: list[VpcView | None] = []
            if zone is not None and known is None and not self.published.is_shown(zone_id):
                view = compose.view_of(tx, self._registry, zone)
                if view is None:
                    vpcs = [compose.vpc_view(tx, vpc_id) for vpc_id in zone_rows.vpcs_of(tx, zone_id)]
        if zone is None or version is None:
            self._drop(zone_id)
            return
        candidate = self.published.stage(zone, version)
        proof = self._prove(self._attentive(candidate.answer), version.claim, now)
        role, message = self.published.commit(zone, version, candidate)
        self._send((role, message))
        if view is not None:
            self._send(self.published.enter(zone_id, view))
        for vpc in vpcs:
            if vpc is not None:
                self._send(self.published.show_vpc(vpc))
        journal.event(
            "published",
            zone=zone_id,
            name=str(zone.name),
            version=zone.version,
            questions=proof.questions,
            signatures=proof.signatures,
        )

    def _attentive(self, answer: Answer) -> Answer:
        """Answers a proof's questions, and looks between them at what cannot wait for its end."""

        def answered(packet: bytes, now: int) -> bytes | None:
            if (self._committed or self._acknowledged) and self._clock.monotonic() >= self._look_at:
                self._look()
            return answer(packet, now)

        return answered

    def _look(self) -> None:
        """Tells who is healthy, and closes what is served. News stays news: no other zone is touched."""
        self._look_at = self._clock.monotonic() + _LOOK_S
        try:
            with self._store.read() as tx:
                news = outbox.news(tx, after=self._seq)
            version = max((version for _, subject, version in news if subject == routing.SUBJECT), default=0)
            if version > self._routed:
                self._await(routing.SUBJECT, version)
                self._publish_routing()
            self._settle()
        except Exception:  # noqa: BLE001  what fails here fails again after the proof, and is told there
            return

    def _drop(self, zone_id: str) -> None:
        self._send(self.published.leave_view(zone_id))  # it leaves its views before it goes
        for vpc_id in self.published.vpcs_with(zone_id):
            self._publish_vpc(vpc_id)
        self._send(self.published.drop(zone_id))
        self._gone.add(f"zone:{zone_id}")

    def _publish_vpc(self, vpc_id: str) -> None:
        with self._store.read() as tx:
            view = compose.vpc_view(tx, vpc_id)
        if view is None:
            self._send(self.published.end_vpc(vpc_id))
            self._gone.add(f"vpc:{vpc_id}")
        else:
            self._send(self.published.show_vpc(view))

    def _publish_routing(self) -> None:
        with self._store.read() as tx:
            facts = compose.routing_facts(tx)
        self._routed = facts.version
        told = self.published.route(facts)
        for role in (EDGE, RESOLVER):
            self._send((role, told))

    def _publish_set(self, set_id: str) -> None:
        with self._store.read() as tx:
            view = compose.empty_view(tx, set_id)
        if view is not None:
            self._send(self.published.open_view(view))

    def _publish_logging(self) -> None:
        with self._store.read() as tx:
            logs = compose.query_logs(tx, self._logs)
        self._send(self.published.log(logs))

    def _publish_reset(self) -> None:
        """Everything was emptied: what is left is told, and what was waited for is forgotten."""
        with self._store.read() as tx:
            left = self.published.reset(compose.left(tx, self._registry))
        there = {f"zone:{id}" for id in left.zone_ids} | {f"vpc:{id}" for id in left.vpc_ids}
        for subjects in (self._due, self._awaited, self._closed):
            for subject in [s for s in subjects if ":" in s and s not in there]:
                del subjects[subject]
        self._gone &= there
        for role in (EDGE, RESOLVER):
            self._send((role, left))

    def _send(self, told: Addressed | None) -> None:
        if self._outlet is not None and told is not None:
            self._outlet.send_soon(*told)

    # --- acknowledged

    def _settle(self) -> None:
        """Closes the Changes whose version every registered name server of the role serves (I3)."""
        if self._outlet is None:
            return
        subjects: set[str] = set()
        while self._acknowledged:
            subject = self._acknowledged.popleft()
            subjects |= self._awaited.keys() if subject is None else {subject}
        served = {
            subject: version
            for subject in subjects & self._awaited.keys()
            if (version := self._served(subject, self._awaited[subject], self._outlet)) is not None
            and version > self._closed.get(subject, 0)
        }
        if not served:
            return
        now = self._clock.now()
        try:
            # What edges serve is found out again after a power failure: nobody waits for the disk.
            with self._store.note() as tx:
                for subject, version in served.items():
                    changes.close_up_to(tx, subject, version, now)
                    outbox.done_up_to(tx, subject, version)
        except BaseException:
            self._acknowledged.extend(served)
            raise
        for subject, version in served.items():
            self._closed[subject] = version
            if version >= self._awaited[subject]:
                del self._awaited[subject]
                if subject in self._gone:
                    self._gone.discard(subject)
                    del self._closed[subject]

    def _served(self, subject: str, wanted: int, outlet: Outlet) -> int | None:
        """The version that counts as served everywhere."""
        if subject in self._gone:
            return wanted if outlet.dropped(subject) else None
        kind, _, id = subject.partition(":")
        match kind:
            case "vpc":
                return outlet.served(RESOLVER, subject)
            case "routing" | "reset":
                of_roles = [outlet.served(role, subject) for role in (EDGE, RESOLVER)]
                return min((v for v in of_roles if v is not None), default=None) if all(of_roles) else None
            case "logging" | "set":
                return None if subject in self._due else wanted  # nobody waits for it
            case _:
                known = self.published.zone(id)
                return None if known is None else outlet.served(known.role, subject)


def _tell(name: str, error: Exception, *, first: bool, **facts: object) -> None:
    """An expected fault says all in its line; of anything else the first one is told in full."""
    if first and not isinstance(error, Fault):
        facts["trace"] = "".join(traceback.format_exception(error))
    journal.event(name, level=logging.ERROR, why=f"{type(error).__name__}: {error}", **facts)
