"""The scripted Internet of the resolver's unit tests on real sockets, and our resolver as a program.

Each server of the world gets a port on loopback; an upstream map leads there. Signatures are made as of now,
so that judges with the real clock can validate.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "resolver"))

from resolver_world import HOUR, World, internet

ROOT_HINTS = ". 3600 IN NS ns.root.\nns.root. 3600 IN A 10.0.0.1\n"


def current(world: World) -> World:
    now = int(time.time())
    for zone in world.zones.values():
        zone.inception, zone.expiration = now - HOUR, now + 10 * HOUR
    return world


class Servers:
    """All of a world's servers, UDP and TCP, in one thread.

    They stand at ports of 127.0.0.1; `at_port`: at that port of the addresses which the world gives them.
    """

    def __init__(self, world: World, *, at_port: int | None = None) -> None:
        self.world = world
        self.places: dict[str, tuple[str, int]] = {}
        self._selector = selectors.DefaultSelector()
        self._stop = threading.Event()
        for server in world.servers:
            tcp = socket.create_server(("127.0.0.1", 0) if at_port is None else (server, at_port))
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind(tcp.getsockname())
            self.places[server] = tcp.getsockname()
            self._selector.register(udp, selectors.EVENT_READ, (server, False))
            self._selector.register(tcp, selectors.EVENT_READ, (server, True))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def map(self) -> dict[str, str]:
        return {server: f"{host}:{port}" for server, (host, port) in self.places.items()}

    def _run(self) -> None:
        while not self._stop.is_set():
            for key, _ in self._selector.select(0.05):
                server, tcp = key.data
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                with contextlib.suppress(OSError, dns.exception.DNSException):
                    if tcp:
                        connection, _ = sock.accept()
                        threading.Thread(target=self._talk, args=(server, connection), daemon=True).start()
                    else:
                        packet, client = sock.recvfrom(4096)
                        reply = self._reply(server, packet, tcp=False)
                        if reply is not None:
                            sock.sendto(reply, client)

    def _talk(self, server: str, connection: socket.socket) -> None:
        """One query over TCP; a client that says nothing holds up nobody else."""
        with connection, contextlib.suppress(OSError, dns.exception.DNSException):
            connection.settimeout(2)
            length = int.from_bytes(connection.recv(2))
            reply = self._reply(server, connection.recv(length), tcp=True)
            if reply is not None:
                connection.sendall(len(reply).to_bytes(2) + reply)

    def _reply(self, server: str, packet: bytes, *, tcp: bool) -> bytes | None:
        query = dns.message.from_wire(packet)
        question = query.question[0]
        reply = self.world.wire(server, question.name.to_text(), question.rdtype, tcp=tcp)
        if reply is None:
            return None
        reply.id = query.id
        if tcp:
            return reply.to_wire(max_size=65535)
        try:
            return reply.to_wire(max_size=1232)
        except dns.exception.TooBig:
            reply.answer, reply.authority, reply.additional = [], [], []
            reply.flags |= dns.flags.TC
            return reply.to_wire()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()


class OurResolver:
    """`seal53 resolver serve` in front of a world's servers."""

    def __init__(self, servers: Servers, folder: Path, *options: str, hints: str = ROOT_HINTS) -> None:
        self.folder = folder
        (folder / "hints").write_text(hints)
        self.set_anchors(servers.world)
        (folder / "map").write_text(json.dumps(servers.map()))
        self.port = free_port()
        command = [
            sys.executable, "-m", "seal53", "resolver", "serve", "--listen", f"127.0.0.1:{self.port}",
            "--root-hints", str(folder / "hints"), "--trust-anchors", str(folder / "anchors"),
            "--upstream-map", str(folder / "map"), *options,
        ]  # fmt: skip
        source = str(Path(__file__).parents[2] / "src")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source}
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == "ready"

    def set_anchors(self, world: World) -> None:
        (self.folder / "anchors").write_text("; the root's\n" + "\n".join(world.anchor_lines()) + "\n")

    def ask(self, qname, qtype="A", *, do=True, cd=False, ad=False, tcp=False) -> dns.message.Message:
        query = dns.message.make_query(qname, qtype, want_dnssec=do)
        query.flags &= ~dns.flags.AD
        query.flags |= (dns.flags.CD if cd else 0) | (dns.flags.AD if ad else 0)
        send = dns.query.tcp if tcp else dns.query.udp
        return send(query, "127.0.0.1", port=self.port, timeout=9)

    def close(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(5)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def fresh_internet() -> World:
    return current(internet())
