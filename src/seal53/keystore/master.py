"""The master key: a file of mode 0600 in the data directory, or a value that `app` took from the environment.

Limits: it is not changed while data sealed under it exists; whoever reads the file reads every key.
"""

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path

from seal53.base.errors import StartFault
from seal53.base.ids import Entropy
from seal53.base.journal import Secret
from seal53.keystore.files import written_beside
from seal53.keystore.sealing import KEY_OCTETS

MASTER_KEY_FILE = "master.key"


def load_master_key(
    directory: Path, *, given: str | None = None, entropy: Entropy = secrets.token_bytes
) -> Secret:
    """The master key, made on the first start.

    Shape:  `given` is SEAL53_MASTER_KEY: 32 octets in hex or base64; it wins, and no file is touched.
    Raises: StartFault in one line that never shows the value.
    """
    if given is not None:
        return _parsed(given)
    path = directory / MASTER_KEY_FILE
    try:
        return _created(path, entropy(KEY_OCTETS))
    except FileExistsError:
        return _read(path)
    except OSError as e:
        raise StartFault(f"the master key {path} cannot be created: {e.strerror}") from None


def _parsed(given: str) -> Secret:
    text = given.strip()
    if len(text) == 2 * KEY_OCTETS:
        try:
            return Secret(bytes.fromhex(text))
        except ValueError:
            pass
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if len(octets) != KEY_OCTETS:
        raise StartFault(
            "SEAL53_MASTER_KEY does not hold 32 octets in hex or base64",
            hint="make one with: openssl rand -hex 32",
        )
    return Secret(octets)


def _created(path: Path, key: bytes) -> Secret:
    """Written under another name and linked: a crash leaves a whole key or none. Raises FileExistsError."""
    if path.exists():
        raise FileExistsError
    with written_beside(path, key) as fresh:
        os.link(fresh, path)  # like O_EXCL: fails when another process was first
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)  # the entry must be on disk before anything is sealed under the key
    finally:
        os.close(directory)
    return Secret(key)


def _read(path: Path) -> Secret:
    try:
        with os.fdopen(
            os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb"
        ) as file:
            facts = os.fstat(file.fileno())
            mode = stat.S_IMODE(facts.st_mode)
            if not stat.S_ISREG(facts.st_mode):
                raise StartFault(f"the master key {path} is not a file")
            if mode & 0o077:
                raise StartFault(
                    f"the master key {path} has mode {mode:04o}, so that others may read or write it",
                    hint=f"chmod 600 {path}",
                )
            key = file.read(KEY_OCTETS + 1)
    except OSError as e:
        raise StartFault(f"the master key {path} cannot be read: {e.strerror}") from None
    if len(key) != KEY_OCTETS:
        raise StartFault(
            f"the master key {path} has {facts.st_size} octets instead of {KEY_OCTETS}",
            hint="restore it from a backup",
        )
    return Secret(key)
