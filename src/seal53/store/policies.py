"""Managed policies with their versions, and which policies a user or role has. Documents are JSON as given.

An attachment may name one of AWS's own policies, which have no row here.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Row, and_, bindparam, delete, func, insert, select, update

from seal53.store.engine import Statement, Tx
from seal53.store.schema import inline_policies, managed_policies, policy_attachments, policy_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedPolicy:
    arn: str
    account_id: str
    id: str  # ANPA…
    name: str
    path: str
    description: str | None
    default_version: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    arn: str
    version: int
    document: str
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """`kind` is user or role, `name` its name; `arn` the policy's."""

    account_id: str
    kind: str
    name: str
    arn: str


# --- managed policies


def get(tx: Tx, arn: str) -> ManagedPolicy | None:
    row = tx.execute(select(managed_policies).where(managed_policies.c.arn == arn)).first()
    return None if row is None else _policy(row)


def is_taken(tx: Tx, account_id: str, name: str) -> bool:
    """Whether the account has a policy of this name, in whatever case and under whatever path."""
    found = tx.execute(
        select(managed_policies.c.arn).where(
            managed_policies.c.account_id == account_id, func.lower(managed_policies.c.name) == name.lower()
        )
    )
    return found.first() is not None


def of_account(tx: Tx, account_id: str) -> list[ManagedPolicy]:
    """By ARN."""
    rows = tx.execute(
        select(managed_policies)
        .where(managed_policies.c.account_id == account_id)
        .order_by(managed_policies.c.arn)
    )
    return [_policy(row) for row in rows]


def insert_policy(tx: Tx, policy: ManagedPolicy, document: str) -> None:
    """With its first version."""
    tx.execute(insert(managed_policies).values(**asdict(policy)))
    insert_version(
        tx,
        PolicyVersion(
            arn=policy.arn, version=policy.default_version, document=document, created_at=policy.created_at
        ),
    )


def delete_policy(tx: Tx, arn: str) -> None:
    """With its versions."""
    tx.execute(delete(policy_versions).where(policy_versions.c.arn == arn))
    tx.execute(delete(managed_policies).where(managed_policies.c.arn == arn))


def set_default(tx: Tx, arn: str, version: int, now: int) -> None:
    tx.execute(
        update(managed_policies)
        .where(managed_policies.c.arn == arn)
        .values(default_version=version, updated_at=now)
    )


def versions(tx: Tx, arn: str) -> list[PolicyVersion]:
    """The newest first."""
    rows = tx.execute(
        select(policy_versions).where(policy_versions.c.arn == arn).order_by(policy_versions.c.version.desc())
    )
    return [PolicyVersion(**row._mapping) for row in rows]


def version(tx: Tx, arn: str, number: int) -> PolicyVersion | None:
    row = tx.execute(
        select(policy_versions).where(policy_versions.c.arn == arn, policy_versions.c.version == number)
    ).first()
    return None if row is None else PolicyVersion(**row._mapping)


def insert_version(tx: Tx, made: PolicyVersion) -> None:
    tx.execute(insert(policy_versions).values(**asdict(made)))


def delete_version(tx: Tx, arn: str, number: int) -> None:
    tx.execute(
        delete(policy_versions).where(policy_versions.c.arn == arn, policy_versions.c.version == number)
    )


# --- attachments


def attach(tx: Tx, attachment: Attachment) -> None:
    """Once only; again changes nothing."""
    if not is_attached(tx, attachment):
        tx.execute(insert(policy_attachments).values(**asdict(attachment)))


def is_attached(tx: Tx, attachment: Attachment) -> bool:
    table = policy_attachments
    found = tx.execute(
        select(table.c.arn).where(
            table.c.account_id == attachment.account_id,
            table.c.kind == attachment.kind,
            table.c.name == attachment.name,
            table.c.arn == attachment.arn,
        )
    )
    return found.first() is not None


def detach(tx: Tx, attachment: Attachment) -> bool:
    """False: it was not attached."""
    table = policy_attachments
    done = tx.execute(
        delete(table).where(
            table.c.account_id == attachment.account_id,
            table.c.kind == attachment.kind,
            table.c.name == attachment.name,
            table.c.arn == attachment.arn,
        )
    )
    return bool(done.rowcount)


def attached_to(tx: Tx, account_id: str, kind: str, name: str) -> list[str]:
    """ARNs in order."""
    table = policy_attachments
    rows = tx.execute(
        select(table.c.arn)
        .where(table.c.account_id == account_id, table.c.kind == kind, table.c.name == name)
        .order_by(table.c.arn)
    )
    return [row.arn for row in rows]


def attachments_of(tx: Tx, account_id: str, arn: str) -> list[Attachment]:
    """Whom of an account a policy is attached to, by kind and name."""
    table = policy_attachments
    rows = tx.execute(
        select(table)
        .where(table.c.account_id == account_id, table.c.arn == arn)
        .order_by(table.c.kind, table.c.name)
    )
    return [Attachment(**row._mapping) for row in rows]


def attachment_counts(tx: Tx, account_id: str) -> dict[str, int]:
    """By ARN; those that are attached to nobody are not in it."""
    table = policy_attachments
    rows = tx.execute(
        select(table.c.arn, func.count()).where(table.c.account_id == account_id).group_by(table.c.arn)
    )
    return {row[0]: row[1] for row in rows}


# --- inline policies


def inline(tx: Tx, account_id: str, kind: str, name: str) -> dict[str, str]:
    """Documents by policy name, in its order."""
    table = inline_policies
    rows = tx.execute(
        select(table.c.policy_name, table.c.document)
        .where(table.c.account_id == account_id, table.c.kind == kind, table.c.name == name)
        .order_by(table.c.policy_name)
    )
    return {row.policy_name: row.document for row in rows}


def put_inline(tx: Tx, account_id: str, kind: str, name: str, policy_name: str, document: str) -> None:
    delete_inline(tx, account_id, kind, name, policy_name)
    tx.execute(
        insert(inline_policies).values(
            account_id=account_id, kind=kind, name=name, policy_name=policy_name, document=document
        )
    )


def delete_inline(tx: Tx, account_id: str, kind: str, name: str, policy_name: str) -> bool:
    """False: there was none."""
    table = inline_policies
    done = tx.execute(
        delete(table).where(
            table.c.account_id == account_id,
            table.c.kind == kind,
            table.c.name == name,
            table.c.policy_name == policy_name,
        )
    )
    return bool(done.rowcount)


# --- all that bears on one identity


_INLINE = Statement(
    select(inline_policies.c.document)
    .where(
        inline_policies.c.account_id == bindparam("account_id"),
        inline_policies.c.kind == bindparam("kind"),
        inline_policies.c.name == bindparam("name"),
    )
    .order_by(inline_policies.c.policy_name)
)
_ATTACHED = Statement(
    select(policy_attachments.c.arn, policy_versions.c.document)
    .select_from(
        policy_attachments.outerjoin(
            managed_policies, managed_policies.c.arn == policy_attachments.c.arn
        ).outerjoin(
            policy_versions,
            and_(
                policy_versions.c.arn == managed_policies.c.arn,
                policy_versions.c.version == managed_policies.c.default_version,
            ),
        )
    )
    .where(
        policy_attachments.c.account_id == bindparam("account_id"),
        policy_attachments.c.kind == bindparam("kind"),
        policy_attachments.c.name == bindparam("name"),
    )
    .order_by(policy_attachments.c.arn)
)


def documents_of(tx: Tx, account_id: str, kind: str, name: str) -> tuple[list[str], list[str]]:
    """(documents of its inline policies and of its attached ones of the account, ARNs of attached ones that
    have no row: AWS's own)."""
    whose = {"account_id": account_id, "kind": kind, "name": name}
    documents = [document for (document,) in _INLINE.rows(tx, **whose)]
    foreign = []
    for arn, document in _ATTACHED.rows(tx, **whose):
        if document is None:
            foreign.append(arn)
        else:
            documents.append(document)
    return documents, foreign


def _policy(row: Row[tuple[object, ...]]) -> ManagedPolicy:
    return ManagedPolicy(**row._mapping)
