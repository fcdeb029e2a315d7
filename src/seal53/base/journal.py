"""Structured events: one line of JSON each on standard error, through the standard logging module.

One event per request, tick or act, filled on the way and written once. Never a secret: values of type
`Secret` show as `***`, and octets are refused.
"""

import json
import logging

LOG = logging.getLogger("seal53")


class Secret(bytes):
    """Octets that no log, repr or error text may show (I6)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not pickled")


def event(name: str, /, *, level: int = logging.INFO, **facts: object) -> None:
    """Writes one event; facts are shown as JSON, in the order given."""
    if LOG.isEnabledFor(level):
        LOG.log(level, json.dumps({"event": name, **facts}, default=_text))


def _text(value: object) -> object:
    """What JSON has no form for: octets are never shown, as nobody knows what they are."""
    if isinstance(value, bytes | bytearray | memoryview):
        return "***"
    return list(value) if isinstance(value, set | frozenset) else str(value)
