"""octoDNS with its Route 53 provider, unmodified: a zone of every record type there, and back."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from e2e_service import Service, environment

ZONE = "octo.com"
CONFIG = """\
providers:
  files:
    class: octodns.provider.yaml.YamlProvider
    directory: ./zones
    default_ttl: 300
    enforce_order: false
  route53:
    class: octodns_route53.Route53Provider
    access_key_id: env/OCTO_KEY
    secret_access_key: env/OCTO_SECRET
zones:
  octo.com.:
    sources: [files]
    targets: [route53]
"""
RECORDS = """\
'':
  - type: A
    values: [192.0.2.1, 192.0.2.2]
  - type: AAAA
    value: 2001:db8::1
  - type: CAA
    values:
      - {flags: 0, tag: issue, value: ca.example}
      - {flags: 128, tag: iodef, value: 'mailto:security@octo.com'}
  - type: MX
    values:
      - {preference: 10, exchange: mail.octo.com.}
      - {preference: 20, exchange: mail.other.net.}
  - type: TXT
    values: ['v=spf1 -all', 'semi\\; colon', 'LONG']
'*':
  type: CNAME
  value: www.octo.com.
_sip._tcp:
  type: SRV
  values:
    - {priority: 10, weight: 60, port: 5060, target: sip.octo.com.}
_http:
  type: NAPTR
  value: {order: 100, preference: 50, flags: S, service: SIP+D2U, regexp: '', replacement: _sip._udp.net.}
child:
  - type: NS
    values: [ns1.elsewhere.net., ns2.elsewhere.net.]
  - type: DS
    values:
      - {key_tag: 12345, algorithm: 13, digest_type: 2,
         digest: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}
ptr:
  type: PTR
  value: host.octo.com.
www:
  type: A
  value: 192.0.2.80
_acme-challenge.www:
  ttl: 60
  type: TXT
  value: token
pool:
  type: A
  ttl: 60
  value: 192.0.2.10
  dynamic:
    pools:
      near: {fallback: far, values: [{value: 192.0.2.11, weight: 2}, {value: 192.0.2.12, weight: 1}]}
      far: {values: [{value: 192.0.2.13, status: up}]}
    rules:
      - {geos: [EU, NA-US-CA], pool: near}
      - {pool: far}
"""


def _run(where: Path, tool: str, service: Service, *args: str) -> str:
    key = service.facts["accounts"][0]
    done = subprocess.run(
        [sys.executable, "-c", f"from octodns.cmds.{tool} import main; main()", *args],
        cwd=where,
        env={
            **environment(),
            "AWS_ENDPOINT_URL": service.facts["api"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "OCTO_KEY": key["access_key_id"],
            "OCTO_SECRET": key["secret_access_key"],
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def where(tmp_path: Path) -> Path:
    (tmp_path / "zones").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "zones" / f"{ZONE}.yaml").write_text(RECORDS.replace("LONG", "long " * 80))
    return tmp_path


def test_a_zone_goes_there_and_back(start, where: Path) -> None:
    service: Service = start("--ephemeral")
    _run(where, "sync", service, "--config-file=config.yaml", "--doit")
    # What was planned is done: the same plan again is empty.
    assert "No changes were planned" in _run(where, "sync", service, "--config-file=config.yaml")

    shutil.copytree(where / "zones", where / "before")
    (where / "back").mkdir()
    _run(where, "dump", service, "--config-file=config.yaml", "--output-dir=back", f"{ZONE}.", "route53")
    before = yaml.safe_load((where / "before" / f"{ZONE}.yaml").read_text())
    back = yaml.safe_load((where / "back" / f"{ZONE}.yaml").read_text())
    assert back.keys() == before.keys()
    assert back["www"]["value"] == "192.0.2.80"
    assert back["pool"]["dynamic"]["rules"] == before["pool"]["dynamic"]["rules"]

    # and an edit is one small plan
    changed = RECORDS.replace("LONG", "long " * 80).replace("192.0.2.80", "192.0.2.81")
    (where / "zones" / f"{ZONE}.yaml").write_text(changed)
    assert "Updates=1" in _run(where, "sync", service, "--config-file=config.yaml", "--doit")
    assert "No changes were planned" in _run(where, "sync", service, "--config-file=config.yaml")
