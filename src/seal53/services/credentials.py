"""Access keys and sessions: made, sealed, and found again when somebody signs with one.

A secret exists in the clear only in the reply that gives it and in `KnownCredentials`, as a Secret (I6); a
session token only in that reply: its digest is kept. Not for: what a principal may do (`authorization`).
"""

import hashlib
import threading
from dataclasses import dataclass, field

from seal53.base.clock import UnixTime
from seal53.base.ids import AccountId
from seal53.base.journal import Secret
from seal53.keystore.sealing import seal, unseal
from seal53.services.context import Caller, Principal, Services
from seal53.store import Store, Tx, accounts, identities, sessions
from seal53.store.accounts import AccessKey
from seal53.store.sessions import Session

KEPT_EXPIRED_S = 86400  # as long a session that has expired is told so, and not that it is unknown
_MOST_KNOWN = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What an access key proves: `principal` None is the account's root.

    Shape: of temporary ones `token_digest` is the SHA-256 of the session token, and `expires_at` UTC seconds.
    """

    account_id: AccountId
    secret: Secret = field(repr=False)
    principal: Principal | None = None
    token_digest: bytes | None = field(default=None, repr=False)
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKeys:
    """A new session's credentials, shown this once."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expires_at: int


def secret_aad(access_key_id: str) -> bytes:
    """What a sealed secret access key is bound to."""
    return b"secret:" + access_key_id.encode()


def secret_of(kek: bytes, access_key_id: str, sealed: bytes) -> bytes:
    """The secret access key, as a Secret. Raises UnsealFault."""
    return unseal(kek, secret_aad(access_key_id), sealed)


def add_access_key(
    tx: Tx,
    kek: bytes,
    account_id: AccountId,
    access_key_id: str,
    secret: str,
    now: int,
    *,
    user_name: str | None = None,
) -> None:
    """Seals a secret and stores it."""
    sealed = seal(kek, secret_aad(access_key_id), secret.encode())
    accounts.add_key(
        tx,
        AccessKey(
            access_key_id=access_key_id,
            account_id=account_id,
            sealed_secret=sealed,
            created_at=now,
            user_name=user_name,
        ),
    )


def add_session(
    tx: Tx,
    services: Services,
    caller: Caller,
    *,
    account_id: str,
    kind: str,
    name: str,
    session_name: str = "",
    policy: str | None = None,
    lasts_s: int,
) -> SessionKeys:
    """A new session; those that ended a day ago go."""
    sessions.delete_expired(tx, caller.now - KEPT_EXPIRED_S)
    made = SessionKeys(
        access_key_id=services.ids.session_key_id(),
        secret=services.ids.secret_access_key(),
        token=services.ids.session_token(),
        expires_at=caller.now + lasts_s,
    )
    sessions.add(
        tx,
        Session(
            access_key_id=made.access_key_id,
            account_id=account_id,
            kind=kind,
            name=name,
            session_name=session_name,
            sealed_secret=seal(services.kek, secret_aad(made.access_key_id), made.secret.encode()),
            token_digest=digest_of(made.token),
            policy=policy,
            created_at=caller.now,
            expires_at=made.expires_at,
        ),
    )
    return made


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class KnownCredentials:
    """Finds credentials by access key id, and keeps those that were asked for until any identity changes."""

    def __init__(self, store: Store, kek: bytes) -> None:
        self._store = store
        self._kek = kek
        self._lock = threading.Lock()
        self._age = 0
        self._known: dict[str, Credential] = {}
        store.watch(("accounts", "access_keys", "sessions", "users", "roles"), self.forget)

    def find(self, access_key_id: str) -> Credential | None:
        """None: unknown, inactive, or of a user or role that is no more. An expired one is found."""
        known = self._known.get(access_key_id)
        if known is not None:
            return known
        age = self._age
        with self._store.read() as tx:
            found = _found(tx, self._kek, access_key_id)
        if found is not None:
            with self._lock:
                if age == self._age:  # nothing changed while it was read
                    if len(self._known) >= _MOST_KNOWN:
                        self._known.clear()
                    self._known[access_key_id] = found
        return found

    def forget(self) -> None:
        with self._lock:
            self._age += 1
            self._known = {}


def _found(tx: Tx, kek: bytes, access_key_id: str) -> Credential | None:
    key = accounts.key(tx, access_key_id)
    if key is not None:
        return None if key.inactive else _of_key(tx, kek, key)
    session = sessions.get(tx, access_key_id)
    return None if session is None else _of_session(tx, kek, session)


def _of_key(tx: Tx, kek: bytes, key: AccessKey) -> Credential | None:
    principal = None
    if key.user_name is not None:
        principal = _user(tx, key.account_id, key.user_name, None)
        if principal is None:
            return None
    secret = Secret(secret_of(kek, key.access_key_id, key.sealed_secret))
    return Credential(account_id=key.account_id, secret=secret, principal=principal)


def _of_session(tx: Tx, kek: bytes, session: Session) -> Credential | None:
    principal = _principal_of(tx, session)
    if principal is None:
        return None
    return Credential(
        account_id=AccountId(session.account_id),
        secret=Secret(secret_of(kek, session.access_key_id, session.sealed_secret)),
        principal=principal,
        token_digest=session.token_digest,
        expires_at=session.expires_at,
    )


def _principal_of(tx: Tx, session: Session) -> Principal | None:
    issued_at = UnixTime(session.created_at)
    if session.kind == "root":
        arn = f"arn:aws:iam::{session.account_id}:root"
        return Principal(kind="root", arn=arn, id=session.account_id, issued_at=issued_at)
    if session.kind == "user":
        return _user(tx, session.account_id, session.name, issued_at)
    role = identities.role(tx, session.account_id, session.name)
    if role is None:
        return None
    return Principal(
        kind="role",
        arn=role.session_arn(session.session_name),
        id=f"{role.id}:{session.session_name}",
        name=role.name,
        session_name=session.session_name,
        session_policy=session.policy,
        role_arn=role.arn,
        issued_at=issued_at,
    )


def _user(tx: Tx, account_id: str, name: str, issued_at: UnixTime | None) -> Principal | None:
    user = identities.user(tx, account_id, name)
    if user is None:
        return None
    return Principal(kind="user", arn=user.arn, id=user.id, name=user.name, issued_at=issued_at)
