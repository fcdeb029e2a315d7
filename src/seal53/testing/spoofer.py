"""An attacker on the path between a resolver and the name servers, over UDP and TCP.

Each name server's address is mapped (`upstream_map`) to a port of the
spoofer, which passes everything through unless it was ordered to lie. It keeps a history of what passed.
Not for: attacks from beside the path (guessing ids and ports), or against a client.

Limits: loopback only; a lie concerns one owner name and one type; signatures are left as they were, or taken
out when the lie says so, since the attacker has no key.
"""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Kind = Literal["rewrite", "race", "deny", "nodata"]
UPSTREAM_S = 2.0  # how long a true answer is waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """What to say of one owner and type instead of the truth.

    Shape: "rewrite" replaces the RDATA in the true answer; "race" sends a forged answer at once and lets the
    true one pass behind it; "deny" says the name does not exist; "nodata" says the type does not. `rdata` is
    text; `ttl` (seconds) is that of an answer made up for a race.
    """

    kind: Kind
    name: str
    rtype: str = "A"
    rdata: str = "198.51.100.66"
    ttl: int = 300
    strip_signatures: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One question that passed: the server it was meant for, and whether it was answered with a lie."""

    server: str
    transport: Literal["udp", "tcp"]
    qname: str
    qtype: str
    lied: bool


@dataclass(slots=True)
class _State:
    lie: Lie | None = None
    history: list[Exchange] = field(default_factory=list)


class Spoofer:
    """Runs in a thread of its own between `start` and `stop`; also a context manager.

    Shape: `servers` are (address, port) of real name servers; all listeners are ports of `address`.
    """

    def __init__(self, servers: Sequence[tuple[str, int]], *, address: str = "127.0.0.1") -> None:
        self._servers = list(servers)
        self._address = address
        self._state = _State()
        self._map: dict[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="spoofer", daemon=True)
        self._started = threading.Event()
        self._tcp: list[asyncio.Server] = []
        self._udp: list[asyncio.DatagramTransport] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "Spoofer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listens for every server. Raises OSError when a port cannot be had."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(self._servers), self._loop).result(10)

    def cover(self, servers: Sequence[tuple[str, int]]) -> None:
        """Takes more name servers into the path; those that are there already stay as they are."""
        new = [server for server in servers if server[0] not in self._map]
        asyncio.run_coroutine_threadsafe(self._listen(new), self._loop).result(10)

    def stop(self) -> None:
        """Ends all listeners. Idempotent."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
        if not self._loop.is_closed():
            self._loop.close()

    def tell(self, lie: Lie | None) -> None:
        """From now on this lie, or none."""
        self._state.lie = lie

    @property
    def history(self) -> Sequence[Exchange]:
        """What passed, oldest first."""
        return tuple(self._state.history)

    @property
    def upstream_map(self) -> Mapping[str, str]:
        """Real address -> host:port of the spoofer."""
        return dict(self._map)

    def write_map(self, path: Path) -> None:
        """Writes the map as JSON, whole or not at all."""
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(self._map, indent=1))
        fresh.replace(path)

    # --- inside the thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _listen(self, servers: Sequence[tuple[str, int]]) -> None:
        for server, port in servers:
            tcp, local = await self._bind(server, port)
            self._tcp.append(tcp)
            self._map[server] = f"{self._address}:{local}"

    async def _bind(self, server: str, port: int) -> tuple[asyncio.Server, int]:
        """One free port for both transports."""

        async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve_stream(server, port, reader, writer)

        for _ in range(20):
            tcp = await asyncio.start_server(stream, self._address, 0)
            local: int = tcp.sockets[0].getsockname()[1]
            try:
                transport, _protocol = await self._loop.create_datagram_endpoint(
                    lambda: _Datagrams(self, server, port), local_addr=(self._address, local)
                )
            except OSError:
                tcp.close()
                continue
            self._udp.append(transport)
            return tcp, local
        raise OSError(f"no port of {self._address} is free for UDP and TCP")

    async def _close(self) -> None:
        for transport in self._udp:
            transport.close()
        for server in self._tcp:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def serve_datagram(
        self, server: str, port: int, packet: bytes, reply: "asyncio.DatagramTransport", peer: tuple[str, int]
    ) -> None:
        """One UDP question: forged first, rewritten, or passed through."""
        lie = self._lie_about(packet)
        self._note(server, "udp", packet, lie)
        if lie is not None and lie.kind == "race":
            reply.sendto(forge(packet, lie), peer)
        with contextlib.suppress(OSError, TimeoutError):
            truth = await asyncio.wait_for(self._ask_udp(server, port, packet), UPSTREAM_S)
            reply.sendto(bend(truth, lie), peer)

    async def _ask_udp(self, server: str, port: int, packet: bytes) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            await self._loop.sock_connect(s, (server, port))
            await self._loop.sock_sendall(s, packet)
            return await self._loop.sock_recv(s, 65_535)

    async def _serve_stream(
        self, server: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One TCP connection; each message is asked upstream on a connection of its own."""
        try:
            while True:
                packet = await _read_framed(reader)
                lie = self._lie_about(packet)
                self._note(server, "tcp", packet, lie)
                if lie is not None and lie.kind == "race":
                    _write_framed(writer, forge(packet, lie))
                upstream_reader, upstream_writer = await asyncio.open_connection(server, port)
                try:
                    _write_framed(upstream_writer, packet)
                    truth = await asyncio.wait_for(_read_framed(upstream_reader), UPSTREAM_S)
                finally:
                    upstream_writer.close()
                _write_framed(writer, bend(truth, lie))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _lie_about(self, packet: bytes) -> Lie | None:
        lie = self._state.lie
        if lie is None:
            return None
        asked = _question(packet)
        if (
            asked is None
            or asked[0] != dns.name.from_text(lie.name)
            or asked[1] != dns.rdatatype.from_text(lie.rtype)
        ):
            return None
        return lie

    def _note(self, server: str, transport: Literal["udp", "tcp"], packet: bytes, lie: Lie | None) -> None:
        asked = _question(packet)
        if asked is not None:
            self._state.history.append(
                Exchange(
                    server=server,
                    transport=transport,
                    qname=asked[0].to_text(),
                    qtype=dns.rdatatype.to_text(asked[1]),
                    lied=lie is not None,
                )
            )


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, spoofer: Spoofer, server: str, port: int) -> None:
        self._spoofer, self._server, self._port = spoofer, server, port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._spoofer.spawn(
            self._spoofer.serve_datagram(self._server, self._port, data, self._transport, addr)
        )


def bend(truth: bytes, lie: Lie | None) -> bytes:
    """The true answer as the lie would have it; unchanged for none, and for "race", which has had its say."""
    if lie is None or lie.kind == "race":
        return truth
    message = dns.message.from_wire(truth)
    name, rtype = dns.name.from_text(lie.name), dns.rdatatype.from_text(lie.rtype)
    if lie.kind in ("deny", "nodata"):
        message.answer = []
        message.authority = [s for s in message.authority if s.rdtype == dns.rdatatype.SOA]
        message.set_rcode(dns.rcode.NXDOMAIN if lie.kind == "deny" else dns.rcode.NOERROR)
    else:
        message.answer = [
            _false_rrset(name, rtype, lie, s.ttl) if s.name == name and s.rdtype == rtype else s
            for s in message.answer
        ]
    if lie.strip_signatures:
        for section in (message.answer, message.authority):
            section[:] = [s for s in section if s.rdtype != dns.rdatatype.RRSIG]
    return message.to_wire()


def forge(packet: bytes, lie: Lie) -> bytes:
    """An answer made up from the question alone, as one who only sees questions would make it."""
    query = dns.message.from_wire(packet)
    message = dns.message.make_response(query)
    message.flags |= dns.flags.AA
    question = query.question[0]
    message.answer.append(_false_rrset(question.name, question.rdtype, lie, lie.ttl))
    return message.to_wire()


def _false_rrset(name: dns.name.Name, rtype: dns.rdatatype.RdataType, lie: Lie, ttl: int) -> dns.rrset.RRset:
    return dns.rrset.from_rdata(name, ttl, dns.rdata.from_text(dns.rdataclass.IN, rtype, lie.rdata))


def _question(packet: bytes) -> tuple[dns.name.Name, dns.rdatatype.RdataType] | None:
    try:
        message = dns.message.from_wire(packet, question_only=True)
    except dns.exception.DNSException:
        return None
    return (message.question[0].name, message.question[0].rdtype) if message.question else None


async def _read_framed(reader: asyncio.StreamReader) -> bytes:
    # RFC 1035 §4.2.2: two octets of length before each message
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2)))


def _write_framed(writer: asyncio.StreamWriter, packet: bytes) -> None:
    writer.write(len(packet).to_bytes(2) + packet)
