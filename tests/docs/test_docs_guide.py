"""The commands of the guide run as they stand: blocks that are marked so, a page at a time."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from docs_blocks import ROOT, Ran, blocks, environment, run

GUIDE = ROOT / "docs" / "guide"


def _run(page: str, tmp_path: Path, within_s: float = 100) -> Ran:
    script = "\n".join(blocks((GUIDE / page).read_text(), "sh run"))
    ran = run(script, where=tmp_path, shims=tmp_path / "bin", within_s=within_s)
    assert ran.code == 0, ran.said
    return ran


@pytest.mark.judge
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_start(programs: None, tmp_path: Path) -> None:
    said = _run("start.md", tmp_path).said
    assert "192.0.2.20" in said.splitlines()
    assert "status: NXDOMAIN" in said
    assert "192.0.2.10" in said.splitlines()


@pytest.mark.judge
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_chain(programs: None, tmp_path: Path) -> None:
    said = _run("chain.md", tmp_path).said
    keys = re.findall(r"DNSKEY\s+(25[67]) 3 13", said)
    assert sorted(keys) == ["256", "257"]
    absent, secure, broken = re.findall(r"status: (\w+)", said)
    assert (absent, secure, broken) == ("NOERROR", "NOERROR", "SERVFAIL")
    assert re.search(r"NSEC\s+\S+ NS RRSIG NSEC$", said, re.MULTILINE)
    assert re.search(r"flags: qr rd ra ad;", said)
    # GetDNSSEC's record and the one at the TLD, which dig breaks in two
    record, published = re.findall(r"^(\d+ 13 2 [0-9A-F ]+)$", said, re.MULTILINE)
    assert record.split() == [*published.split()[:3], "".join(published.split()[3:])]
    assert "EDE: 9 (DNSKEY Missing)" in said or "EDE: 6 (DNSSEC Bogus)" in said
    assert "KeySigningKeyInParentDSRecord" in said
    assert "KeySigningKeyInUse" in said


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_running(tmp_path: Path) -> None:
    said = _run("running.md", tmp_path).said
    assert "-rw-------" in said.splitlines()
    assert "['accounts', 'api', 'name_servers', 'pids', 'resolvers', 'root']" in said.splitlines()
    assert '"account": "123456789012"' in said
    assert said.count("Seal53 answers.") == 3
    assert said.count("API          https://127.0.0.1:") == 2


@pytest.mark.judge
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_resolver(programs: None, tmp_path: Path) -> None:
    said = _run("resolver.md", tmp_path).said
    assert "ns-1536.awsdns-00.co.uk." in said
    assert re.findall(r"^;; flags: ([a-z ]+);", said, re.MULTILINE) == ["qr rd ra ad", "qr rd ra ad"]


@pytest.mark.judge
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_routing(programs: None, tmp_path: Path) -> None:
    said = _run("routing.md", tmp_path).said
    answers = [line for line in said.splitlines() if re.fullmatch(r"192\.0\.2\.\d+", line)]
    assert answers == [
        "192.0.2.1",  # the primary
        "192.0.2.2",  # unhealthy: the secondary
        "192.0.2.1",  # and back
        "192.0.2.11",  # Berlin
        "192.0.2.12",  # elsewhere
        "192.0.2.11",  # TestDNSAnswer
    ]


@pytest.mark.judge
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_accounts(programs: None, tmp_path: Path) -> None:
    said = _run("accounts.md", tmp_path).said
    assert "PENDING" in said
    assert re.search(
        r"AccessDenied.*acme is not authorized to perform: route53:ChangeResourceRecordSets", said
    )
    assert "companya.com." in said.splitlines()
    assert re.search(r"AccessDenied.*assumed-role/reader/guide is not authorized", said)
    assert "10.0.0.7" in said.splitlines()
    assert "AssumeRole" in said
    denied = [line.split() for line in said.splitlines() if re.search(r" AccessDenied \w+$", line)]
    assert ["ChangeResourceRecordSets", "AccessDenied", "IAMUser"] in denied
    assert ["DeleteHostedZone", "AccessDenied", "AssumedRole"] in denied


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_fixture_for_pytest(tmp_path: Path) -> None:
    (example,) = blocks((GUIDE / "testing.md").read_text(), "python run")
    (tmp_path / "test_example.py").write_text(example)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"],
        cwd=tmp_path,
        env=environment(tmp_path / "bin"),
        text=True,
        capture_output=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout


def test_every_block_that_is_marked_is_run() -> None:
    """A page with marked blocks is one of those above."""
    marked = {page.name for page in GUIDE.glob("*.md") if re.search(r"^```\w+ run$", page.read_text(), re.M)}
    pages = ("start", "chain", "running", "resolver", "testing", "routing", "accounts")
    assert marked == {f"{page}.md" for page in pages}
