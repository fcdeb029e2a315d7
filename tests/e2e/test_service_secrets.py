"""I6 on a running service: planted secrets stand in no log line and in no file but the ready file."""

import base64
import contextlib
import secrets
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from e2e_service import Starter
from e2e_signed import signed_domain
from sqlalchemy import select

from seal53.base.journal import Secret
from seal53.keys import registry_ksk_aad
from seal53.keystore import unseal
from seal53.store import Store, kms, ksks, zsks
from seal53.store.schema import kms_keys

ACCESS_KEY_ID, SECRET = "AKIAPLANTED000000001", "planted-secret-access-key-of-forty-signs"


def test_no_secret_leaves_its_place(start: Starter, tmp_path: Path) -> None:
    master = secrets.token_bytes(32)
    config = tmp_path / "seal53.toml"
    config.write_text(f'master_key = "{master.hex()}"\n')
    data = tmp_path / "data"
    service = start(
        *("--config", str(config), "--data", str(data), "--log-level", "debug"),
        *("--address-block", "127.53.205.0/24", "--api-listen", "127.0.0.1:0"),
        *("--account", f"123456789012:{ACCESS_KEY_ID}:{SECRET}"),
    )
    signed_domain(service, "companya.com")
    route53 = boto3.client(
        "route53",
        endpoint_url=service.facts["api"],
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET,
    )
    route53.create_hosted_zone(Name="planted.example", CallerReference="r")
    with pytest.raises(ClientError):
        route53.create_hosted_zone(Name="planted.example", CallerReference="r")
    with contextlib.suppress(ClientError):
        service.client("route53").get_hosted_zone(Id="Z" + "0" * 20)
    for role in ("resolver", "edge", "control"):
        service.kill(role)
    known = [SECRET.encode(), *(a["secret_access_key"].encode() for a in service.facts["accounts"])]
    assert service.stop() == 0
    for octets in (master, *_private_keys(data, master)):
        known += [octets, octets.hex().encode(), base64.b64encode(octets)]
    files = [service.log, *(path for path in data.rglob("*") if path.is_file())]
    assert {"seal53.db", "log"} <= {path.name for path in files}
    for path in files:
        found = path.read_bytes()
        assert not [secret for secret in known if secret in found], path


def _private_keys(data: Path, master: bytes) -> list[bytes]:
    """PKCS#8 of every KMS key, registry KSK and ZSK."""
    store = Store(data / "seal53.db")
    store.open()
    with store.read() as tx:
        sealed = [(kms.aad_of(row.id), row.sealed_key) for row in tx.execute(select(kms_keys))]
        sealed += [(z.aad, z.sealed_key) for of_zone in zsks.by_zone(tx).values() for z in of_zone]
        sealed += [
            (registry_ksk_aad(k.zone_id, k.name), k.sealed_key)
            for of_zone in ksks.by_zone(tx).values()
            for k in of_zone
            if k.sealed_key is not None
        ]
    store.close()
    opened = [bytes(unseal(Secret(master), aad, octets)) for aad, octets in sealed]
    assert len(opened) > 10
    return opened
