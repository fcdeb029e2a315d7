"""Amazon Route 53: the progress of changes. PENDING until every name server has acknowledged (I3)."""

from datetime import UTC, datetime
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.store import Tx, changes
from seal53.store.changes import Change


def change_info(change: Change) -> dict[str, Any]:
    """The ChangeInfo shape; the gateway puts `/change/` before the id."""
    info: dict[str, Any] = {
        "Id": change.id,
        "Status": "PENDING" if change.insync_at is None else "INSYNC",
        "SubmittedAt": datetime.fromtimestamp(change.submitted_at, UTC),
    }
    if change.comment is not None:
        info["Comment"] = change.comment
    return info


def open_change(
    tx: Tx, services: Services, caller: Caller, subject: str, version: int, *, comment: str | None = None
) -> Change:
    """The caller's Change, which waits for this version of what `subject` names (`zone:ID`, `vpc:ID`)."""
    return changes.open_change(
        tx,
        id=services.ids.change(),
        account_id=caller.account_id,
        subject=subject,
        version=version,
        now=caller.now,
        comment=comment,
    )


def get_change(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        change = changes.get(tx, request["Id"])
    if change is None or change.account_id != caller.account_id:
        raise AwsFault("NoSuchChange", f"Could not find resource with ID: {request['Id']}")
    return {"ChangeInfo": change_info(change)}


OPERATIONS: dict[str, Operation] = {"GetChange": get_change}
