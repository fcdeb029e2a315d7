"""The life of the control process: store, API, publishing, keys, and its end of the feed.

    main thread   one event loop: gateway (uvicorn), feed, the line to the supervisor, the ready file's facts
    "publish"     reconcile.publish: composes, proves, sends; woken by commits and acknowledgements
    "keys"        reconcile.keys: signs DNSKEY RRsets anew when they are due
    "aliases"     reconcile.aliases: looks up what aliases to AWS services point at; woken by new ones
    "checkpoint"  takes what was committed from the log into the database, so that no call waits for it
    operations    run in the gateway's worker threads

A round of a thread that fails is told in the journal and tried again. What ends a thread ends the process,
which its supervisor starts anew: what was committed is composed again. `services.authorization` and `record`
are the two hooks that every call passes.
"""

import asyncio
import contextlib
import logging
import secrets
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import uvicorn
import uvloop

from seal53.app import audit, facts, web
from seal53.app.facts import ReadyFacts
from seal53.app.limits import Throttle, one_at_a_time
from seal53.app.resolution import boot_of
from seal53.app.seed import seed_accounts, seed_registry
from seal53.app.tls import Certificates
from seal53.base import journal
from seal53.base.clock import SystemClock
from seal53.base.ids import Ids
from seal53.base.signals import ends_on
from seal53.config import Place, Settings, seeds
from seal53.core import DataPlane, Name
from seal53.feed.link import Answers, Ended, Facts, Link, Started
from seal53.feed.server import FeedServer
from seal53.gateway import app as gateway
from seal53.reconcile import prover
from seal53.reconcile.aliases import AliasLoop
from seal53.reconcile.compose import RegistryAddresses
from seal53.reconcile.keys import KeysLoop
from seal53.reconcile.publish import Publisher
from seal53.resolver.lookup import LiveLookup
from seal53.resolver.probe import LiveProbe
from seal53.services import (
    authorization,
    ec2,
    health_status,
    iam,
    kms,
    operator,
    quotas,
    route53,
    route53domains,
    route53resolver,
    sts,
)
from seal53.services.context import Caller, Limits, Operation, Request, Response, Services
from seal53.services.credentials import KnownCredentials
from seal53.services.faults import AwsFault
from seal53.services.route53 import traffic_placing, written
from seal53.store import Store, Tx, accounts, alias_targets, changes, edges, outbox, reset

DATABASE = "seal53.db"
AUDIT = "audit"
LOGS = "logs"
_SERVED_WITHIN_S = 5.0  # how long an operator call waits for what it made to answer
_SERVED_PAUSE_S = 0.002
_FACTS_PAUSE_S = 0.02
_CLOCK_EVERY_S = 30.0
_AGAIN_S = 1.0
_JOINED_WITHIN_S = 0.4  # a large zone that is being proven is not waited for

OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "route53": route53.OPERATIONS,
    "route53domains": route53domains.OPERATIONS,
    "route53resolver": route53resolver.OPERATIONS,
    "ec2": ec2.OPERATIONS,
    "kms": kms.OPERATIONS,
    "iam": iam.OPERATIONS,
    "sts": sts.OPERATIONS,
}


def run_control(settings: Settings, place: Place, link: Link) -> None:
    """Until SIGTERM. Raises StartFault."""
    control = _Control(settings, place, link)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(control.live())
    finally:
        control.store.close()
    if control.failure is not None:
        raise control.failure


class _Control:
    def __init__(self, settings: Settings, place: Place, link: Link) -> None:
        self._place = place
        self._link = link
        self._is_ephemeral = settings.ephemeral
        self._clock = SystemClock()
        self.failure: BaseException | None = None
        self.store = Store(place.data / DATABASE)
        self.store.open(check=not link.live)
        ids = Ids()
        now = self._clock.now()
        with self.store.write() as tx:
            seed_registry(tx, kek=place.kek, ids=ids, settings=settings, place=place, now=now)
            boot = boot_of(tx, settings, place)
            public = settings.allow_public_registry or place.block.is_loopback
            self._publisher = Publisher(
                self.store,
                DataPlane(bytes(place.kek)),
                prove=prover.Prover().prove,
                registry=RegistryAddresses(
                    root=(str(place.block[1]),) if public else (),
                    tlds=(str(place.block[2]), str(place.block[3])) if public else (),
                ),
                boot=boot,
                clock=self._clock,
                logs=place.data / LOGS,
            )
            self._services = Services(
                store=self.store,
                kek=place.kek,
                ids=ids,
                probe=LiveProbe(
                    boot.hints,
                    boot.anchors,
                    boot.upstream_port,
                    clock=self._clock,
                    entropy=secrets.token_bytes,
                ),
                limits=Limits(
                    name_server_pattern=settings.name_server_pattern,
                    address_block=str(place.block),
                    quotas=quotas.AWS if settings.limits == "aws" else quotas.OPEN,
                ),
                name_servers=self._publisher.published,
            )
            seed_accounts(tx, self._services, seeds(settings), now)
            if settings.ephemeral:
                reset.remember(tx)
            for edge in edges.every(tx):
                if edge.id not in link.live:
                    edges.remove(tx, edge.id)
            known = edges.every(tx)
        self._feed = FeedServer(
            self._publisher.published,
            token=place.token,
            registered=self._register,
            acknowledged=self._publisher.acknowledged,
        )
        for edge in known:
            self._feed.known(edge.id, edge.role)
        for edge_id in link.live:
            self._feed.expect(edge_id)
        self._audit = audit.AuditLog(place.data / AUDIT)
        self._recorder = audit.Recorder(ids)
        self._unknown_callers = audit.UnknownCallers()
        self._keys = KeysLoop(self.store, place.kek, kms.DnssecSigners(self._services))
        lookup = LiveLookup(
            boot.hints, boot.anchors, boot.upstream_port, clock=self._clock, entropy=secrets.token_bytes
        )
        self._aliases = AliasLoop(self.store, lookup, _renew)
        self._aliases_changed = threading.Event()
        self._ended = threading.Event()
        self._composed = threading.Event()

    async def live(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
        tls = None if self._place.tls is None else Certificates(self._place.tls)
        server = web.serve(self._application(), self._clock, None if tls is None else tls.context)
        self._server = server
        loop.add_reader(self._link.socket, self._hear)
        committed = asyncio.Event()
        self.store.watch((outbox.TABLE,), self._publisher.wake)
        self.store.watch(facts.TABLES, lambda: _soon(loop, committed))
        self.store.watch((alias_targets.TABLE,), self._aliases_changed.set)
        telling = asyncio.create_task(self._tell(server, committed))
        telling.add_done_callback(self._told)
        watching = None if tls is None else asyncio.create_task(tls.watch(self._clock))
        threads = [
            threading.Thread(target=self._guarded, args=(part,), name=name, daemon=True)
            for name, part in (
                ("publish", self._publish),
                ("keys", self._sign),
                ("aliases", self._look_up),
                ("checkpoint", self._checkpoint),
            )
        ]
        self._audit.start()
        for thread in threads:
            thread.start()
        with ends_on([signal.SIGTERM], self._end):
            try:
                await server.serve(sockets=[self._place.api_socket])
            finally:
                self._end()
                self._feed.close()
                for task in filter(None, (telling, watching)):
                    task.cancel()
                    await asyncio.wait([task])
                for thread in threads:
                    await asyncio.to_thread(thread.join, _JOINED_WITHIN_S)
                self._audit.close()

    def _end(self) -> None:
        self._server.should_exit = True
        self._ended.set()
        self._composed.set()
        self._aliases_changed.set()
        self.store.grown.set()
        self._publisher.stop()

    # --- threads

    def _guarded(self, part: Callable[[], None]) -> None:
        try:
            part()
        except BaseException as e:
            if self._ended.is_set():
                return
            logging.getLogger("seal53").exception("a part of the control process failed")
            self.failure = e
            self._loop.call_soon_threadsafe(self._end)

    def _publish(self) -> None:
        # After a long time without a service: nothing is composed of signatures that have expired.
        self._keys.tick(self._clock.now(), urgent_alone=True)
        self._publisher.start(self._feed)
        asyncio.run_coroutine_threadsafe(self._feed.start(self._place.feed_socket), self._loop).result()
        self._composed.set()
        self._publisher.run()

    def _sign(self) -> None:
        """Looks at the wall clock now and then: a machine that slept has not counted the hours."""
        self._composed.wait()
        wake_at = 0
        while not self._ended.is_set():
            now = self._clock.now()
            if now >= wake_at:
                try:
                    wake_at = self._keys.tick(now)
                except Exception:  # noqa: BLE001  told, and tried again
                    journal.event("keys-failed", level=logging.ERROR, trace=traceback.format_exc())
            self._ended.wait(_CLOCK_EVERY_S)

    def _look_up(self) -> None:
        self._composed.wait()
        while not self._ended.is_set():
            self._aliases_changed.clear()
            now = self._clock.now()
            try:
                wake_at = self._aliases.tick(now)
            except Exception:  # noqa: BLE001  told, and tried again
                journal.event("aliases-failed", level=logging.ERROR, trace=traceback.format_exc())
                wake_at = now + int(_CLOCK_EVERY_S)
            pause = None if wake_at is None else min(_CLOCK_EVERY_S, max(0.0, wake_at - now))
            if not self._ended.is_set():
                self._aliases_changed.wait(pause)

    def _checkpoint(self) -> None:
        while not self._ended.is_set():
            self.store.grown.wait()
            if self._ended.is_set():
                return
            try:
                self.store.checkpoint()
            except Exception:  # noqa: BLE001  told; SQLite does it by itself when the log has grown further
                journal.event("checkpoint-failed", level=logging.ERROR, trace=traceback.format_exc())

    def _register(self, edge_id: str, role: str) -> None:
        with self.store.write() as tx:
            edges.register(tx, edge_id, role, self._clock.now())

    # --- the supervisor

    def _hear(self) -> None:
        said = self._link.feed()
        if said is None:
            self._loop.remove_reader(self._link.socket)
            self._end()
            return
        for message in said:
            match message:
                case Started(edge_id=edge_id):
                    self._feed.expect(edge_id)
                case Ended(edge_id=edge_id):
                    self._feed.forget(edge_id)
                    self._loop.run_in_executor(None, self._unregister, edge_id)
                case _:
                    pass

    def _unregister(self, edge_id: str) -> None:
        try:
            with self.store.write() as tx:
                edges.remove(tx, edge_id)
        except Exception:  # noqa: BLE001  told; the next start removes those that do not live
            journal.event("edge-not-removed", level=logging.ERROR, trace=traceback.format_exc())

    async def _tell(self, server: uvicorn.Server, committed: asyncio.Event) -> None:
        """What the ready file holds: once the API answers, and again whenever it has changed."""
        ready = ReadyFacts(self._place)
        told: dict[str, Any] | None = None
        while not server.started:
            await asyncio.sleep(0.002)
        while True:
            committed.clear()
            try:
                now = await asyncio.to_thread(self._read, ready)
            except Exception:  # noqa: BLE001  told, and tried again
                journal.event("ready-file", level=logging.ERROR, trace=traceback.format_exc())
                await asyncio.sleep(_AGAIN_S)
                continue
            if now != told:
                self._link.send(Facts(facts=now))
                if told is None:
                    self._link.send(Answers())
                told = now
            await committed.wait()
            await asyncio.sleep(_FACTS_PAUSE_S)

    def _told(self, telling: "asyncio.Task[None]") -> None:
        if not telling.cancelled() and (failed := telling.exception()) is not None:
            self.failure = failed
            self._end()

    def _read(self, ready: ReadyFacts) -> dict[str, Any]:
        with self.store.read() as tx:
            return ready.read(tx)

    # --- the API

    def _application(self) -> Any:
        one_by_one = one_at_a_time(OPERATIONS["route53"], self._services.limits.quotas)
        served = {**OPERATIONS, "route53": one_by_one}
        return gateway.Gateway(
            operations={
                (service, name): _bound(self._services, operation)
                for service, operations in served.items()
                for name, operation in operations.items()
            },
            admit=Throttle(self._services.limits.quotas).admits,
            credentials=KnownCredentials(self.store, self._place.kek).find,
            clock=self._clock,
            ids=self._services.ids,
            authorize=partial(authorization.authorize, self._services),
            record=self._record,
            operator={
                "account": _bound(self._services, operator.create_account),
                "audit": self._answer_audit,
                "vpc": self._create_vpc,
                "vpc-list": self._list_vpcs,
                "health": self._set_health,
                "health-list": _bound(self._services, health_status.list_statuses),
                "reset": self._reset,
                "stats": self._stats,
            },
        )

    def _record(self, entry: Mapping[str, object], call: gateway.Call) -> None:
        """The one place that records a call: a line of the audit log, and one of the journal."""
        route = call.route
        # who follows the log does not make it grow
        follows = route is not None and (route.scope, route.operation, call.code) == ("seal53", "audit", None)
        if not follows and (call.caller is not None or self._unknown_callers.take(call.now)):
            self._audit.append(self._recorder.line(call))
        journal.event("call", **cast(dict[str, Any], entry))

    def _answer_audit(self, request: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        with self.store.read() as tx:
            account = accounts.get(tx, caller.account_id)
        manages = account is not None and account.position == 0
        return audit.answer(self._audit, request, own=None if manages else caller.account_id)

    def _create_vpc(self, request: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Returns when the new resolver answers, or after some seconds without."""
        made = dict(operator.create_vpc(self._services, request, caller))
        self._served(made.pop("change_id"))
        return {**made, "port": self._place.port}

    def _list_vpcs(self, request: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        found = operator.list_vpcs(self._services, request, caller)["vpcs"]
        return {"vpcs": [{**vpc, "port": self._place.port} for vpc in found]}

    def _set_health(self, request: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Returns when every name server goes by the status, or after some seconds without."""
        told = dict(health_status.set_status(self._services, request, caller))
        in_sync = self._served(told.pop("change_id"))
        return {**told, "in_sync": in_sync}

    def _served(self, change_id: str) -> bool:
        """Whether the change is in sync, which is waited for some seconds at most."""
        until = self._clock.monotonic() + _SERVED_WITHIN_S
        while not (in_sync := self._in_sync(change_id)) and self._clock.monotonic() < until:
            time.sleep(_SERVED_PAUSE_S)
        return in_sync

    def _in_sync(self, change_id: str) -> bool:
        with self.store.read() as tx:
            change = changes.get(tx, change_id)
        return change is None or change.insync_at is not None

    def _reset(self, request: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Returns when every name server and resolver serves what a fresh service has."""
        if not self._is_ephemeral:
            raise AwsFault(
                "AccessDeniedException", "only a service that was started with --ephemeral can be reset"
            )
        made = operator.reset(self._services, request, caller)
        if not all(self._served(change_id) for change_id in made["change_ids"]):
            raise AwsFault(
                "ServiceUnavailable", "all is gone, and not every name server knows of it yet; reset again"
            )
        shutil.rmtree(self._place.data / LOGS, ignore_errors=True)
        return {}

    def _stats(self, request: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """The counters of each name-server process, by its id."""
        with self.store.read() as tx:
            operator.require_managing(tx, caller)
        counters = asyncio.run_coroutine_threadsafe(self._feed.counters(), self._loop)
        return {"counters": counters.result(timeout=_SERVED_WITHIN_S)}


def _soon(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    """Sets an event from another thread; a loop that has ended needs it no more."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(event.set)


def _renew(tx: Tx, targets: Sequence[tuple[Name, str]]) -> None:
    traffic_placing.renew(tx, targets)
    written.renew(tx, targets)  # also the aliases that were made of those instances


def _bound(services: Services, operation: Operation) -> Callable[[Request, Caller], Response]:
    def bound(request: Request, caller: Caller) -> Response:
        return operation(services, request, caller)

    return bound
