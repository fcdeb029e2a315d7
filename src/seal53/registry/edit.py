"""One edit of a registry zone: rows, a new version, an outbox row and a change, in the caller's
transaction."""

from collections.abc import Sequence

from seal53.base.ids import ChangeId, HostedZoneId
from seal53.core import Name, RecordSet, rtype_text
from seal53.store import Tx, changes, records
from seal53.store import zones as zone_rows

Key = tuple[Name, int, str]


def apply_edit(
    tx: Tx,
    zone_id: HostedZoneId,
    *,
    puts: Sequence[RecordSet],
    deletes: Sequence[Key],
    change_id: ChangeId,
    now: int,
) -> ChangeId:
    """Deletes, then puts; keys that do not exist are no error.

    The change is in sync when every server of the zone has it.
    """
    wanted = {(s.owner, s.rtype, s.set_id) for s in puts}
    touched = [*deletes, *wanted]
    records.delete(tx, zone_id, [key for key in deletes if key not in wanted])
    records.put(tx, zone_id, [records.StoredSet(record=s, type=rtype_text(s.rtype), shape={}) for s in puts])
    version = zone_rows.announce(tx, zone_id, touched)
    changes.open_change(
        tx, id=change_id, account_id=None, subject=f"zone:{zone_id}", version=version, now=now
    )
    return change_id
