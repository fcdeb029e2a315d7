"""The operator call `audit`: records of the log, the newest ones or those after a place.

{"last"?, "after"?, "event"?, "account"?, "user"?, "errors"?} -> {"records": [...], "place": "..."}; `place`
given as `after` goes on where an answer ended. An account sees its own records; the managing one sees all.
"""

from collections.abc import Mapping
from typing import Any

from seal53.app.audit.log import AuditLog, Query
from seal53.services.faults import AwsFault

MOST = 1000  # records in an answer
DEFAULT = 20
_INVALID = "ValidationException"


def answer(log: AuditLog, request: Mapping[str, Any], *, own: str | None) -> Mapping[str, Any]:
    """`own` None: the caller sees every account's records. Raises AwsFault."""
    known = {"last", "after", "event", "account", "user", "errors"}
    unknown = sorted(request.keys() - known)
    if unknown:
        raise AwsFault(_INVALID, f"unknown member {unknown[0]!r}; known are {', '.join(sorted(known))}")
    most = request.get("last", DEFAULT)
    if not isinstance(most, int) or isinstance(most, bool) or not 0 <= most <= MOST:
        raise AwsFault(_INVALID, f"last: a number from 0 to {MOST} is expected")
    query = Query(
        event=_text(request, "event"),
        account=_text(request, "account"),
        user=_text(request, "user"),
        errors=bool(request.get("errors")),
    )
    if own is not None:
        if query.account not in ("", own):
            raise AwsFault("AccessDeniedException", "only the managing account sees the calls of others")
        query = Query(event=query.event, account=own, user=query.user, errors=query.errors)
    if "after" in request:
        try:
            records, place = log.after(_text(request, "after"), query, most)
        except ValueError:
            raise AwsFault(_INVALID, "after: what an earlier answer said as its place is expected") from None
    else:
        records, place = log.last(query, most)
    return {"records": records, "place": place}


def _text(request: Mapping[str, Any], member: str) -> str:
    value = request.get(member) or ""
    if not isinstance(value, str) or len(value) > 2048:
        raise AwsFault(_INVALID, f"{member}: a text is expected")
    return value
