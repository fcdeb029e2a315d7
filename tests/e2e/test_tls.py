"""The API over HTTPS, as clients see it: whom they trust, what they are told, that certificates change under
way.
"""

import http.client
import json
import socket
import ssl
import subprocess
import sys
import urllib.parse
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import SSLError
from e2e_service import Service, Starter, environment, until

from seal53.base.clock import SystemClock, UnixTime
from seal53.keystore.authority import Authority, keep


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Any:
    starter = Starter(tmp_path_factory.mktemp("tls"))
    yield starter("--ephemeral", "--api-tls", "own")
    starter.end()


def where(service: Service) -> tuple[str, int]:
    parts = urllib.parse.urlsplit(service.facts["api"])
    assert parts.scheme == "https"
    assert parts.hostname is not None and parts.port is not None
    return parts.hostname, parts.port


def route53(service: Service, verify: Any) -> Any:
    return service.session().client(
        "route53",
        endpoint_url=service.facts["api"],
        verify=verify,
        config=Config(retries={"total_max_attempts": 1}),
    )


def shown(service: Service, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    """A connection to the API, by a client that trusts its CA."""
    context = context or ssl.create_default_context(cafile=service.facts["ca"])
    host, port = where(service)
    return context.wrap_socket(socket.create_connection((host, port), 5), server_hostname=host)


def alive(service: Service) -> bool:
    host, port = where(service)
    trusting = ssl.create_default_context(cafile=service.facts["ca"])
    with closing(http.client.HTTPSConnection(host, port, timeout=5, context=trusting)) as connection:
        connection.request("GET", "/_seal53/health")
        return connection.getresponse().read() == b"ok"


def test_clients_that_trust_the_ca(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    zone_id, servers = service.zone("tls.example.")
    service.in_sync(service.upsert(zone_id, "a.tls.example.", "A", "192.0.2.1"))
    assert service.values(servers[0], "a.tls.example.") == ["192.0.2.1"]
    monkeypatch.setenv("AWS_CA_BUNDLE", service.facts["ca"])
    assert route53(service, None).get_hosted_zone(Id=zone_id)["HostedZone"]["Name"] == "tls.example."


def test_clients_that_do_not(service: Service, tmp_path: Path) -> None:
    other = Authority(directory=tmp_path / "tls", names=("127.0.0.1",))
    keep(other, SystemClock().now())
    for verify in (True, str(other.ca)):
        with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            route53(service, verify).list_hosted_zones()
    assert alive(service)


def test_other_names_of_this_host(service: Service) -> None:
    _, port = where(service)
    trusting = ssl.create_default_context(cafile=service.facts["ca"])
    for name in ("localhost", socket.gethostname(), "127.0.0.1"):
        raw = socket.create_connection(("127.0.0.1", port), 5)
        with trusting.wrap_socket(raw, server_hostname=name) as tls:
            assert tls.version() == "TLSv1.3"
            assert tls.selected_alpn_protocol() is None
    raw = socket.create_connection(("127.0.0.1", port), 5)
    with pytest.raises(ssl.SSLCertVerificationError), raw:
        trusting.wrap_socket(raw, server_hostname="other.example")


def test_versions(service: Service) -> None:
    context = ssl.create_default_context(cafile=service.facts["ca"])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with shown(service, context) as tls:
        assert tls.version() == "TLSv1.2"
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        shown(service, context)


@pytest.mark.parametrize(
    "octets",
    [b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"\x00" * 500, b"\x16\x03\x01\xff\xff" + b"x" * 1000, b"\r\n\r\n"],
    ids=["plain HTTP", "zeros", "half a hello", "empty lines"],
)
def test_what_is_not_tls_ends_and_harms_nobody(service: Service, octets: bytes) -> None:
    with socket.create_connection(where(service), 5) as plain:
        plain.sendall(octets)
        plain.shutdown(socket.SHUT_WR)
        left = b""
        try:
            while piece := plain.recv(4096):
                left += piece
        except ConnectionResetError:
            pass
        assert len(left) < 100
    assert alive(service)
    assert "Traceback" not in service.log.read_text()


def test_a_reply_that_is_large(service: Service) -> None:
    zone_id, _ = service.zone("large.example.")
    values = [{"Value": f'"{n:03d}{"x" * 200}"'} for n in range(100)]
    record_sets = [
        {"Name": f"t{n}.large.example.", "Type": "TXT", "TTL": 5, "ResourceRecords": values} for n in range(3)
    ]
    service.client("route53").change_resource_record_sets(
        HostedZoneId=zone_id,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": one} for one in record_sets]},
    )
    listed = service.client("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    assert [one for one in listed if one["Type"] == "TXT"] == record_sets


def test_the_command_line_trusts_the_ready_file(service: Service) -> None:
    command = [sys.executable, "-m", "seal53", "account", "create", "--ready-file", str(service.ready_file)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=30)
    assert done.returncode == 0, done.stderr
    key = service.facts["accounts"][0]
    keys = {
        "AWS_ACCESS_KEY_ID": key["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
        "AWS_ENDPOINT_URL": service.facts["api"],
    }
    for bundle, code in ((service.facts["ca"], 0), (None, 1)):
        env = environment() | keys | ({"AWS_CA_BUNDLE": bundle} if bundle else {})
        command = [sys.executable, "-m", "seal53", "vpc", "list"]
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=30)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr


def test_off_loopback_tls_is_a_must(start: Starter) -> None:
    said = start.refused("--ephemeral", "--api-listen", "0.0.0.0:0")
    assert "off loopback the API is served with TLS only" in said
    service = start("--ephemeral", "--api-listen", "0.0.0.0:0", "--api-tls", "own")
    assert where(service)[0] == "localhost"
    assert service.client("route53").list_hosted_zones()["HostedZones"] == []


def test_the_ca_is_kept_across_restarts(start: Starter, tmp_path: Path) -> None:
    args = ("--data", str(tmp_path / "data"), "--address-block", "127.53.205.0/24")
    tls = ("--api-listen", "127.0.0.1:0", "--api-tls", "own")
    service = start(*args, *tls)
    ca = Path(service.facts["ca"])
    assert ca == tmp_path / "data" / "tls" / "ca.pem"
    before = ca.read_bytes(), ca.with_name("server.pem").read_bytes()
    service.stop()
    service = start(*args, *tls)
    assert (ca.read_bytes(), ca.with_name("server.pem").read_bytes()) == before
    service.client("route53").list_hosted_zones()


def test_a_given_certificate_is_replaced_under_way(start: Starter, tmp_path: Path) -> None:
    given = Authority(directory=tmp_path / "given", names=("127.0.0.1",))
    now = SystemClock().now()
    keep(given, now)
    service = start("--ephemeral", "--api-certificate", str(given.certificate), "--api-key", str(given.key))
    assert "ca" not in service.facts
    route53(service, str(given.ca)).list_hosted_zones()
    trusting = ssl.create_default_context(cafile=str(given.ca))
    with shown(service, trusting) as tls:
        first = tls.getpeercert(binary_form=True)
    keep(Authority(directory=given.directory, names=("127.0.0.1", "other.example")), UnixTime(now + 1))

    def another() -> bool | None:
        with shown(service, trusting) as tls:
            return tls.getpeercert(binary_form=True) != first or None

    until("the new certificate", another, 15)


def test_certificates_that_cannot_be_used_are_refused_at_start(start: Starter, tmp_path: Path) -> None:
    given = Authority(directory=tmp_path / "given", names=("127.0.0.1",))
    keep(given, SystemClock().now())
    other = Authority(directory=tmp_path / "other", names=("127.0.0.1",))
    keep(other, SystemClock().now())
    for certificate, key, says in (
        (given.certificate, other.key, "cannot be used"),
        (given.certificate, tmp_path / "nothing", "No such file"),
        (given.key, given.key, "cannot be used"),
    ):
        said = start.refused("--ephemeral", "--api-certificate", str(certificate), "--api-key", str(key))
        assert says in said
    assert "one is given without the other" in start.refused("--ephemeral", "--api-key", str(given.key))


def test_the_ready_file_is_json_for_scripts(service: Service) -> None:
    facts = json.loads(service.ready_file.read_text())
    assert facts["api"].startswith("https://127.0.0.1:")
    assert Path(facts["ca"]).is_file()
