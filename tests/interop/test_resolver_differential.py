"""The same questions to our resolver and to Debian's unbound, in front of the same random world.

Both must come to the same verdict (secure, insecure, bogus), the same rcode and the same records. Seeds are
fixed here; `python tests/interop/test_resolver_differential.py FIRST LAST` plays more of them. What differs
for a reason stands in `known_difference`.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from differential_world import RandomWorld
from resolver_servers import OurResolver, Servers, free_port

T = dns.rdatatype
SEEDS = (1, 3, 7, 16)


@dataclass(frozen=True)
class Verdict:
    """What a resolver made of a question. `records`: the answer section without RRSIGs."""

    rcode: str
    secure: bool
    records: frozenset[str]

    @staticmethod
    def of(reply: dns.message.Message) -> "Verdict":
        records = frozenset(
            f"{s.name} {T.to_text(s.rdtype)} {r}".lower()
            for s in reply.answer
            if s.rdtype != T.RRSIG and reply.rcode() != dns.rcode.SERVFAIL
            for r in s
        )
        return Verdict(dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AD), records)

    def __str__(self) -> str:
        return f"{self.rcode} {'secure' if self.secure else ''} {sorted(self.records)}"


def known_difference(world: RandomWorld, qname: str, ours: Verdict, theirs: Verdict) -> str | None:
    """Why the two may differ here; None when they may not."""
    names = {qname, qname.partition(".")[2] or "."} | {
        word for r in ours.records | theirs.records for word in r.split()
    }
    zones = [zone for name in names if name.endswith(".") and (zone := world.zone_of(name))]
    faults = {zone.fault for zone in zones}
    we_refuse = ours.rcode == "SERVFAIL"
    if faults & {"no name", "no data"} and (ours.records == theirs.records or we_refuse):
        return "the rcode is not signed: we correct it by the proof, or refuse; unbound passes some on"
    if "unsigned soa" in faults and we_refuse and theirs.records and not theirs.secure:
        return "unbound does not check the SOA at the end of a chain of aliases that began insecure"
    if "strip answers" in faults and we_refuse and any(" cname " in r for r in theirs.records):
        return "unbound passes an unsigned alias of a signed zone when it leads to what is secure"
    if not (ours.secure or theirs.secure or we_refuse) and ("deny" in faults or any(z.liar for z in zones)):
        return (
            "an insecure zone whose servers contradict each other, or themselves: what is asked first decides"
        )
    if any(z.liar for z in zones) and ours.secure and (theirs.rcode == "SERVFAIL" or not theirs.secure):
        return "unbound may give up before it has asked the honest server, or keep what the other left out"
    return None


@contextmanager
def unbound(program: str, world: RandomWorld, folder: Path) -> Iterator[int]:
    port = free_port()
    (folder / "hints").write_text(hints_of(world))
    (folder / "anchors").write_text("\n".join(world.anchor_lines()) + "\n")
    config = folder / "unbound.conf"
    config.write_text(
        f"""server:
  directory: "{folder}"
  pidfile: "{folder}/pid"
  chroot: ""
  username: ""
  interface: 127.0.0.1@{port}
  port: {port}
  outgoing-port-avoid: 53
  root-hints: "{folder}/hints"
  trust-anchor-file: "{folder}/anchors"
  module-config: "validator iterator"
  do-not-query-localhost: no
  do-ip6: no
  use-syslog: no
  logfile: ""
  verbosity: 0
  val-log-level: 2
  num-threads: 1
  trust-anchor-signaling: no
  qname-minimisation: no
  aggressive-nsec: no
  val-sig-skew-min: 0
  val-sig-skew-max: 0
  harden-below-nxdomain: no
remote-control:
  control-enable: no
"""
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-d", "-c", str(config)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 10
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            try:
                query = dns.message.make_query("version.bind.", "TXT", "CH")
                dns.query.udp(query, "127.0.0.1", port=port, timeout=0.2)
                break
            except (OSError, dns.exception.Timeout):
                assert time.monotonic() < deadline
        yield port
    finally:
        process.terminate()
        process.wait(10)


def hints_of(world: RandomWorld) -> str:
    return f". 3600 IN NS ns0.\nns0. 3600 IN A {world.root_server}\n"


def ask(port: int, qname: str, qtype: str) -> dns.message.Message:
    query = dns.message.make_query(qname, qtype, want_dnssec=True, payload=4096)
    return dns.query.udp_with_fallback(query, "127.0.0.1", port=port, timeout=10)[0]


def differences(program: str, seed: int, folder: Path) -> tuple[list[str], int]:
    """Every question on which the two disagree without a reason, and how many were asked."""
    (folder / "ours").mkdir()
    (folder / "theirs").mkdir()
    world = RandomWorld(seed, f"127.{60 + seed % 60}", folder)
    found = []
    with closing(Servers(world, at_port=53)) as servers, unbound(program, world, folder / "theirs") as port:
        ours = OurResolver(servers, folder / "ours", hints=hints_of(world))
        try:
            for qname, qtype in world.questions:
                reply = ask(ours.port, qname, qtype)
                mine, other = Verdict.of(reply), Verdict.of(ask(port, qname, qtype))
                if mine != other and known_difference(world, qname, mine, other) is None:
                    why = "; ".join(o.text for o in reply.options if hasattr(o, "text") and o.text)
                    found.append(f"{qname} {qtype}\n  ours   {mine} {why}\n  theirs {other}")
        finally:
            ours.close()
    if found:
        found.append(world.describe())
    return found, len(world.questions)


@pytest.mark.judge
@pytest.mark.parametrize("seed", SEEDS)
def test_we_judge_as_unbound_does(judge, tmp_path, seed):
    program = judge("unbound")
    judge("ldns-signzone")
    try:
        found, asked = differences(program, seed, tmp_path)
    except PermissionError:
        pytest.skip("unbound asks the servers of referrals on port 53, which this user may not use")
    assert asked > 100
    assert not found, f"seed {seed}:\n" + "\n".join(found)


def main() -> None:
    for seed in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found, asked = differences("unbound", seed, Path(folder))
        took = time.monotonic() - started
        said = [f"seed {seed}: {asked} questions, {max(0, len(found) - 1)} differences, {took:.1f} s", *found]
        sys.stdout.write("\n".join(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
