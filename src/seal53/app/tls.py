"""TLS for the API: one context for as long as the process lives, and new certificates into it.

The files are looked at every few seconds; a pair that does not load is told in the journal, and the one in
use stays. Connections keep what they began with. Not for: making certificates (`keystore.authority`).
"""

import asyncio
import logging
from pathlib import Path

from seal53.base import journal
from seal53.base.clock import Clock, UnixTime
from seal53.base.tls import server_context
from seal53.config import Tls

LOOKED_AT_EVERY_S = 5.0
_RENEWED_EVERY_S = 3600.0


class Certificates:
    """The context, made of the files of a `Tls`. Raises OSError or ValueError when they do not load."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._seen = self._look()
        self.context = server_context(tls.certificate, tls.key)

    async def watch(self, clock: Clock) -> None:
        """Renews our own certificate and takes new files into use, until it is cancelled."""
        renewed_at = clock.monotonic()
        while True:
            await asyncio.sleep(LOOKED_AT_EVERY_S)
            try:
                if clock.monotonic() - renewed_at >= _RENEWED_EVERY_S:
                    renewed_at = clock.monotonic()
                    await asyncio.to_thread(self.renew, clock.now())
                await asyncio.to_thread(self.reload)
            except Exception as e:  # noqa: BLE001  told, and tried again
                journal.event("certificate-failed", level=logging.ERROR, why=str(e))

    def renew(self, now: UnixTime) -> None:
        """Our own certificate, when it nears its end; others are renewed by those who gave them."""
        ca = self._tls.ca
        if ca is not None:
            from seal53.keystore import authority  # not above: few have one, and X.509 takes a while to load

            authority.keep(authority.Authority(directory=ca.parent, names=self._tls.names), now)

    def reload(self) -> bool:
        """Whether the files have changed and are now in use."""
        seen = self._look()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            # First into another one: a pair that does not match would stay half loaded.
            server_context(self._tls.certificate, self._tls.key)
            self.context.load_cert_chain(self._tls.certificate, self._tls.key)
        except (OSError, ValueError) as e:
            journal.event(
                "certificate-refused", level=logging.ERROR, file=str(self._tls.certificate), why=str(e)
            )
            return False
        journal.event("certificate", file=str(self._tls.certificate))
        return True

    def _look(self) -> list[tuple[int, int, int] | None]:
        return [_facts(path) for path in (self._tls.certificate, self._tls.key)]


def _facts(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
