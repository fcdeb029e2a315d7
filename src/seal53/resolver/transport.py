"""The one driver of the machine that touches the network: UDP, TCP, timeouts, and the upstream map.

Each query has a socket of its own, connected to its server: the kernel picks a fresh random source port and
lets nobody else's packets in; id and question are checked here (RFC 5452 §9). Packets that do not fit are
passed over while the time runs, so that a forger has to be right, not first. What is being asked already is
not asked beside it. Counts what it sends. Not for: deciding what a reply means, or whom to ask next.
"""

import asyncio
import errno
import ipaddress
import json
import logging
import os
import socket
from pathlib import Path

from seal53.base import journal
from seal53.base.clock import Clock
from seal53.base.errors import StartFault
from seal53.base.ids import Entropy
from seal53.core import Message, WireFault, build_query
from seal53.resolver.classify import FORMERR, NOTIMP
from seal53.resolver.effects import Ask, Reply

UDP_SIZE = 1232  # DNS flag day 2020; RFC 9715 §3.2
MOST_STRAYS = 16  # packets that do not fit, of one query, before it is given up
ARCOUNT, OPT_OCTETS = 10, 11  # where the header counts the OPT record, and how long that is, at the end
REFUSED_PAUSE_S = 0.1  # a server that is just starting is not asked its whole share of times at once

Endpoint = tuple[str, int]


class UpstreamMap:
    """A JSON file, address -> "host:port": where packets really go. Read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._entries: dict[str, Endpoint] = {}

    def load(self) -> None:
        """Raises StartFault when the file is there and is no map."""
        try:
            stat = self._path.stat()
        except OSError:
            self._seen, self._entries = None, {}
            return
        seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            given = json.loads(self._path.read_text())
            self._entries = {str(ipaddress.ip_address(k)): _endpoint(v) for k, v in given.items()}
        except (OSError, ValueError, AttributeError, TypeError) as e:
            raise StartFault(
                f"the upstream map {self._path} cannot be read: {e}",
                hint='it is a JSON object of "address": "host:port"',
            ) from None

    def find(self, address: str) -> Endpoint | None:
        """Where to send for this address; a damaged file keeps what was read before."""
        try:
            self.load()
        except StartFault as e:
            journal.event("upstream-map-damaged", level=logging.WARNING, why=str(e))
        return self._entries.get(address)


def _endpoint(text: object) -> Endpoint:
    host, _, port = str(text).rpartition(":")
    return str(ipaddress.ip_address(host.strip("[]"))), _port(port)


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError(f"not a port: {text}")
    return port


class Upstream:
    """Sends a machine's queries. `port` is that of all name servers, unless the map says otherwise."""

    def __init__(
        self, *, port: int, clock: Clock, entropy: Entropy, upstream_map: UpstreamMap | None = None
    ) -> None:
        self._port = port
        self._clock = clock
        self._entropy = entropy
        self._map = upstream_map
        self._exchanges: dict[Ask, asyncio.Task[Reply]] = {}
        self.queries = 0

    async def ask(self, ask: Ask) -> Reply:
        """Never raises for what the network does; the failure is in the reply.

        RFC 5452 §5: many equal queries at a time would let a forger guess at all of them at once, so those
        who ask the same share one. It goes on when who asked first is cancelled, and ends by its timeout.
        """
        exchange = self._exchanges.get(ask)
        if exchange is None:
            exchange = self._exchanges[ask] = asyncio.create_task(self._exchange(ask))
            exchange.add_done_callback(lambda _: self._exchanges.pop(ask))
        return await asyncio.shield(exchange)

    async def _exchange(self, ask: Ask) -> Reply:
        mapped = self._map.find(ask.server) if self._map is not None else None
        endpoint = mapped or (ask.server, self._port)
        query_id = int.from_bytes(self._entropy(2))
        packet = build_query(query_id, ask.qname, ask.qtype, do=True, udp_size=UDP_SIZE)
        if not ask.edns:
            packet = packet[:ARCOUNT] + bytes(2) + packet[ARCOUNT + 2 : -OPT_OCTETS]
        self.queries += 1
        message, failure, flooded = None, "", False
        try:
            async with asyncio.timeout(ask.timeout_ms / 1000):
                exchange = _over_tcp if ask.tcp else _over_udp
                message = await exchange(endpoint, packet, query_id, ask)
        except TimeoutError:
            failure = "timeout"
        except _Strays:
            failure, flooded = f"more than {MOST_STRAYS} packets that do not fit the query", True
        except OSError as e:
            failure = os.strerror(e.errno).lower() if e.errno else "network failure"
            if e.errno == errno.ECONNREFUSED:
                await asyncio.sleep(REFUSED_PAUSE_S)
        except EOFError:
            failure = "connection closed"
        return Reply(self._clock.now(), message, failure, flooded)


class _Strays(Exception):
    pass


async def _over_udp(endpoint: Endpoint, packet: bytes, query_id: int, ask: Ask) -> Message:
    loop = asyncio.get_running_loop()
    with socket.socket(_family(endpoint), socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sock.connect(endpoint)
        await loop.sock_sendall(sock, packet)
        for _ in range(MOST_STRAYS):
            message = _fitting(await loop.sock_recv(sock, 65535), query_id, ask)
            if message is not None:
                return message
    raise _Strays


async def _over_tcp(endpoint: Endpoint, packet: bytes, query_id: int, ask: Ask) -> Message:
    reader, writer = await asyncio.open_connection(*endpoint)
    try:
        writer.write(len(packet).to_bytes(2) + packet)
        for _ in range(MOST_STRAYS):
            length = int.from_bytes(await reader.readexactly(2))
            message = _fitting(await reader.readexactly(length), query_id, ask)
            if message is not None:
                return message
    finally:
        writer.transport.abort()  # there is nothing to wait for: a peer that reads no more must not hold us
    raise _Strays


def _fitting(packet: bytes, query_id: int, ask: Ask) -> Message | None:
    """The message, when it is a reply to this query: id and question are as sent (RFC 5452 §9.1)."""
    try:
        message = Message.parse(packet)
    except WireFault:
        return None
    if not message.qr or message.id != query_id:
        return None
    # a server that cannot read the query, as one that does not know EDNS, may send the header alone
    is_bare = message.question is None and message.rcode in (FORMERR, NOTIMP)
    return message if is_bare or message.question == (ask.qname, ask.qtype, 1) else None


def _family(endpoint: Endpoint) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET


def has_ipv6() -> bool:
    """True when there is a route to the IPv6 Internet; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.connect(("2001:500:2::c", 53))  # c.root-servers.net
    except OSError:
        return False
    return True
