"""Validators that we did not write, from our hints and our trust anchor: unbound, delv."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from e2e_service import Service, Starter, until
from e2e_signed import associate, dissociate, other_key, signed_domain

pytestmark = pytest.mark.judge
ADDRESS = "203.0.113.10"


@contextmanager
def unbound(program: str, service: Service, directory: Path) -> Iterator[tuple[str, int]]:
    """A Debian unbound that starts from our root; yields where it answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    root = service.facts["root"]
    directory.mkdir(exist_ok=True)
    (directory / "hints").write_text(root["hints"])
    (directory / "anchor").write_text(f"{root['trust_anchor']['ds']}\n")
    config = directory / "unbound.conf"
    config.write_text(
        f"""server:
  directory: "{directory}"
  pidfile: "{directory}/pid"
  chroot: ""
  username: ""
  interface: 127.0.0.1@{port}
  port: {port}
  outgoing-port-avoid: 53
  root-hints: "{directory}/hints"
  trust-anchor-file: "{directory}/anchor"
  module-config: "validator iterator"
  do-not-query-localhost: no
  do-ip6: no
  use-syslog: no
  logfile: ""
  val-log-level: 2
remote-control:
  control-enable: no
"""
    )
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([program, "-d", "-c", str(config)], stdout=log, stderr=log)
    try:

        def answers() -> bool | None:
            assert process.poll() is None, (directory / "log").read_text()
            try:
                dns.query.udp(dns.message.make_query(".", "NS"), "127.0.0.1", port=port, timeout=0.5)
            except (OSError, dns.exception.Timeout):
                return None
            return True

        until("unbound", answers)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait(10)


def _ask(where: tuple[str, int], name: str, rtype: str = "A") -> dns.message.Message:
    query = dns.message.make_query(name, rtype, want_dnssec=True)
    reply, _ = dns.query.udp_with_fallback(query, where[0], port=where[1], timeout=10)
    return reply


def test_unbound_validates_and_refuses_the_ds_of_another_key(
    start: Starter, judge: Callable[[str], str], tmp_path: Path
) -> None:
    program = judge("unbound")
    service = start("--ephemeral")
    if service.facts["root"]["port"] != 53:
        pytest.skip("unbound asks the servers of referrals on port 53, which this user may not use")
    signed_domain(service, "companya.com", ADDRESS)
    with unbound(program, service, tmp_path / "first") as where:
        reply = _ask(where, "api.companya.com")
        assert reply.flags & dns.flags.AD
        assert [rdata.to_text() for rdata in reply.answer[0]] == [ADDRESS]
        missing = _ask(where, "nobody.companya.com")
        assert missing.flags & dns.flags.AD
        assert not missing.answer
        unsigned = _ask(where, "nobody.net")
        assert unsigned.flags & dns.flags.AD  # the TLD proves that there is no such delegation
    dissociate(service, "companya.com")
    associate(service, "companya.com", other_key(service))
    with unbound(program, service, tmp_path / "second") as where:
        assert _ask(where, "api.companya.com").rcode() == dns.rcode.SERVFAIL


def test_delv_through_our_resolver_is_fully_convinced(
    service: Service, judge: Callable[[str], str], tmp_path: Path
) -> None:
    program = judge("delv")
    signed_domain(service, "convinced.com", ADDRESS)
    facts = service.facts
    tag, algorithm, kind, digest = facts["root"]["trust_anchor"]["ds"].split()[3:7]
    anchors = tmp_path / "anchors"
    anchors.write_text(f'trust-anchors {{ "." static-ds {tag} {algorithm} {kind} "{digest}"; }};\n')
    resolver = facts["resolvers"][1]

    def delv(name: str) -> str:
        command = [
            program,
            f"@{resolver['address']}",
            "-p",
            str(resolver["port"]),
            "-a",
            str(anchors),
            "+root=.",
        ]
        done = subprocess.run([*command, name, "A"], capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr

    said = delv("api.convinced.com")
    assert "; fully validated" in said, said
    assert ADDRESS in said
    assert "; negative response, fully validated" in delv("nobody.convinced.com")
