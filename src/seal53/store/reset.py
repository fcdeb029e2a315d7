"""Back to what a fresh service holds: the accounts that it was seeded with, and the registry's zones, whose
contents `registry.restore` puts back.

Each table is emptied unless it stands here with what is kept of it, so that a table which comes later is
emptied, too. The outbox's row "reset" tells publishing. Not for: services with a data directory of their own.
"""

import msgspec
from sqlalchemy import ColumnElement, Table, delete, select, update

from seal53.store import changes, meta, outbox
from seal53.store.engine import Tx
from seal53.store.schema import (
    access_keys,
    accounts,
    dnskey_signatures,
    edges,
    hosted_zones,
    ksks,
    metadata,
    record_sets,
    vpcs,
    zsks,
)
from seal53.store.schema import meta as meta_table
from seal53.store.schema import outbox as outbox_table

SUBJECT = "reset"
_SEEDED = "seeded"
_VERSION = "reset_version"


class _Seeded(msgspec.Struct, frozen=True):
    """Ids of what there was when the service had just been seeded."""

    accounts: list[str]
    access_keys: list[str]
    vpcs: list[str]


def remember(tx: Tx) -> None:
    """What there is now is what a reset keeps; said once, when the service has just been seeded."""
    if meta.get(tx, _SEEDED) is None:
        seeded = _Seeded(
            accounts=list(tx.execute(select(accounts.c.id)).scalars()),
            access_keys=list(tx.execute(select(access_keys.c.access_key_id)).scalars()),
            vpcs=list(tx.execute(select(vpcs.c.id)).scalars()),
        )
        meta.put(tx, _SEEDED, msgspec.json.encode(seeded).decode())


def empty(tx: Tx, *, change_id: str, account_id: str, now: int) -> list[str]:
    """Removes everything else, and opens the change that waits until name servers have done so, too.

    Returns the ids of the VPCs that are kept; their settings are those of new ones, not announced yet.
    Raises: LookupError, when nobody has said what there was at first.
    """
    text = meta.get(tx, _SEEDED)
    if text is None:
        raise LookupError("it was not remembered what the service was seeded with")
    seeded = msgspec.json.decode(text, type=_Seeded)
    query = select(hosted_zones.c.id).where(hosted_zones.c.kind.in_(("root", "tld")))
    registry = list(tx.execute(query).scalars())
    kept: dict[Table, ColumnElement[bool]] = {
        accounts: accounts.c.id.in_(seeded.accounts),
        access_keys: access_keys.c.access_key_id.in_(seeded.access_keys),
        vpcs: vpcs.c.id.in_(seeded.vpcs),
        hosted_zones: hosted_zones.c.id.in_(registry),
        record_sets: record_sets.c.zone_id.in_(registry),
        # what was deleted and is not published yet must not stay published
        outbox_table: outbox_table.c.subject.in_([f"zone:{zone_id}" for zone_id in registry]),
        ksks: ksks.c.zone_id.in_(registry),
        zsks: zsks.c.zone_id.in_(registry),
        dnskey_signatures: dnskey_signatures.c.zone_id.in_(registry),
    }
    for table in reversed(metadata.sorted_tables):
        if table not in (meta_table, edges):
            tx.execute(delete(table) if table not in kept else delete(table).where(~kept[table]))
    tx.execute(update(access_keys).values(inactive=0))
    tx.execute(
        update(vpcs).values(
            dns_support=1,
            dns_hostnames=1,
            validation="DISABLE",
            validation_change_id=None,
            dnssec_config_id=None,
        )
    )
    version = int(meta.get(tx, _VERSION) or 0) + 1
    meta.put(tx, _VERSION, str(version))
    outbox.append(tx, SUBJECT, version, "reset")
    changes.open_change(tx, id=change_id, account_id=account_id, subject=SUBJECT, version=version, now=now)
    return seeded.vpcs


def version(tx: Tx) -> int:
    """How many resets there were."""
    return int(meta.get(tx, _VERSION) or 0)
