"""The users and roles of accounts. Names differ in more than case; a name stands for one at a time."""

from dataclasses import asdict, dataclass, replace

from sqlalchemy import Row, delete, func, insert, select, update

from seal53.store.engine import Tx
from seal53.store.schema import access_keys, inline_policies, policy_attachments, roles, users


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """`path` begins and ends with a slash."""

    account_id: str
    name: str
    id: str  # AIDA…
    path: str
    created_at: int

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:user{self.path}{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """`trust_policy` is the JSON as given; a session lasts at most `longest_session_s` seconds."""

    account_id: str
    name: str
    id: str  # AROA…
    path: str
    trust_policy: str
    description: str | None
    longest_session_s: int
    created_at: int

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:role{self.path}{self.name}"

    def session_arn(self, session_name: str) -> str:
        return f"arn:aws:sts::{self.account_id}:assumed-role/{self.name}/{session_name}"


def user(tx: Tx, account_id: str, name: str) -> User | None:
    row = tx.execute(select(users).where(users.c.account_id == account_id, users.c.name == name)).first()
    return None if row is None else _user(row)


def role(tx: Tx, account_id: str, name: str) -> Role | None:
    row = tx.execute(select(roles).where(roles.c.account_id == account_id, roles.c.name == name)).first()
    return None if row is None else _role(row)


def is_taken(tx: Tx, account_id: str, kind: str, name: str) -> bool:
    """Whether a user or role of this name, in whatever case, is there."""
    table = users if kind == "user" else roles
    found = tx.execute(
        select(table.c.name).where(table.c.account_id == account_id, func.lower(table.c.name) == name.lower())
    )
    return found.first() is not None


def users_of(tx: Tx, account_id: str, *, prefix: str, after: str, most: int) -> list[User]:
    """By name, from the one after `after` on, whose path begins with `prefix`."""
    rows = tx.execute(
        select(users)
        .where(users.c.account_id == account_id, users.c.name > after)
        .where(users.c.path.startswith(prefix, autoescape=True))
        .order_by(users.c.name)
        .limit(most)
    )
    return [_user(row) for row in rows]


def roles_of(tx: Tx, account_id: str, *, prefix: str, after: str, most: int) -> list[Role]:
    """As `users_of`."""
    rows = tx.execute(
        select(roles)
        .where(roles.c.account_id == account_id, roles.c.name > after)
        .where(roles.c.path.startswith(prefix, autoescape=True))
        .order_by(roles.c.name)
        .limit(most)
    )
    return [_role(row) for row in rows]


def count(tx: Tx, account_id: str, kind: str) -> int:
    table = users if kind == "user" else roles
    return tx.execute(
        select(func.count()).select_from(table).where(table.c.account_id == account_id)
    ).scalar_one()


def insert_user(tx: Tx, made: User) -> None:
    tx.execute(insert(users).values(**asdict(made)))


def insert_role(tx: Tx, made: Role) -> None:
    tx.execute(insert(roles).values(**asdict(made)))


def update_role(tx: Tx, changed: Role) -> None:
    """Replaces the row of this name."""
    tx.execute(
        update(roles)
        .where(roles.c.account_id == changed.account_id, roles.c.name == changed.name)
        .values(**asdict(changed))
    )


def rename_user(tx: Tx, before: User, *, name: str, path: str) -> User:
    """With its keys and policies; its sessions end."""
    after = replace(before, name=name, path=path)
    account_id = before.account_id
    tx.execute(
        update(users)
        .where(users.c.account_id == account_id, users.c.name == before.name)
        .values(name=name, path=path)
    )
    tx.execute(
        update(access_keys)
        .where(access_keys.c.account_id == account_id, access_keys.c.user_name == before.name)
        .values(user_name=name)
    )
    for table in (policy_attachments, inline_policies):
        tx.execute(
            update(table)
            .where(table.c.account_id == account_id, table.c.kind == "user", table.c.name == before.name)
            .values(name=name)
        )
    return after


def delete_user(tx: Tx, account_id: str, name: str) -> None:
    tx.execute(delete(users).where(users.c.account_id == account_id, users.c.name == name))


def delete_role(tx: Tx, account_id: str, name: str) -> None:
    tx.execute(delete(roles).where(roles.c.account_id == account_id, roles.c.name == name))


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(**row._mapping)


def _role(row: Row[tuple[object, ...]]) -> Role:
    return Role(**row._mapping)
