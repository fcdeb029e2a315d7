"""Users: made, shown, renamed, and deleted once nothing hangs on them."""

from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.iam.entities import (
    listed,
    moment,
    most_of,
    new_name,
    new_path,
    put_tags,
    refuse_boundary,
    shown_tags,
    tag_key,
    user_of,
)
from seal53.store import Tx, accounts, identities, policies, sessions, tags
from seal53.store.identities import User

MOST = 5000  # IAM quota "Users in an account"


def create_user(services: Services, request: Request, caller: Caller) -> Response:
    refuse_boundary(request)
    name, path = new_name(request, "UserName", 64), new_path(request)
    with services.store.write() as tx:
        _require_free(tx, caller, name)
        if identities.count(tx, caller.account_id, "user") >= MOST:
            raise AwsFault("LimitExceeded", f"Cannot exceed quota for UsersPerAccount: {MOST}")
        user = User(
            account_id=caller.account_id,
            name=name,
            id=services.ids.principal("AIDA"),
            path=path,
            created_at=caller.now,
        )
        identities.insert_user(tx, user)
        put_tags(tx, user.id, request.get("Tags") or [])
        return {"User": _with_tags(tx, user)}


def get_user(services: Services, request: Request, caller: Caller) -> Response:
    """Without a name: of who calls."""
    name = request.get("UserName")
    with services.store.read() as tx:
        if name is None:
            principal = caller.principal
            if principal is None or principal.kind == "root":
                account = accounts.get(tx, caller.account_id)
                created_at = caller.now if account is None else account.created_at
                return {
                    "User": {
                        "UserId": caller.account_id,
                        "Arn": f"arn:aws:iam::{caller.account_id}:root",
                        "CreateDate": moment(created_at),
                    }
                }
            name = own_name(caller)
        return {"User": _with_tags(tx, user_of(tx, caller, name))}


def own_name(caller: Caller) -> str:
    """The user who calls. Raises ValidationError for a role."""
    principal = caller.principal
    if principal is None or principal.kind != "user":
        raise AwsFault("ValidationError", "Must specify userName when calling with non-User credentials")
    return principal.name


def list_users(services: Services, request: Request, caller: Caller) -> Response:
    prefix, after = request.get("PathPrefix", "/"), request.get("Marker", "")
    with services.store.read() as tx:
        found = identities.users_of(
            tx, caller.account_id, prefix=prefix, after=after, most=most_of(request) + 1
        )
    return listed(request, "Users", found, lambda user: user.name, user_shape)


def update_user(services: Services, request: Request, caller: Caller) -> Response:
    """A new name or path. The user's sessions end, as they are of the old name."""
    with services.store.write() as tx:
        user = user_of(tx, caller, request["UserName"])
        name = new_name(request, "NewUserName", 64) if "NewUserName" in request else user.name
        path = new_path(request, "NewPath") if "NewPath" in request else user.path
        if name.lower() != user.name.lower():
            _require_free(tx, caller, name)
        identities.rename_user(tx, user, name=name, path=path)
        if name != user.name:
            sessions.end_all_of(tx, caller.account_id, "user", user.name)
    return {}


def delete_user(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        user = user_of(tx, caller, request["UserName"])
        if accounts.keys_of(tx, caller.account_id, user.name):
            raise AwsFault("DeleteConflict", "Cannot delete entity, must delete access keys first.")
        require_bare(tx, caller.account_id, "user", user.name)
        identities.delete_user(tx, caller.account_id, user.name)
        sessions.end_all_of(tx, caller.account_id, "user", user.name)
        tags.drop(tx, tag_key(user.id))
    return {}


def require_bare(tx: Tx, account_id: str, kind: str, name: str) -> None:
    """Raises DeleteConflict while a user or role has policies."""
    if policies.attached_to(tx, account_id, kind, name):
        raise AwsFault("DeleteConflict", "Cannot delete entity, must detach all policies first.")
    if policies.inline(tx, account_id, kind, name):
        raise AwsFault("DeleteConflict", "Cannot delete entity, must delete policies first.")


def list_groups_for_user(services: Services, request: Request, caller: Caller) -> Response:
    """There are no groups; tools that delete a user ask."""
    with services.store.read() as tx:
        user_of(tx, caller, request["UserName"])
    return {"Groups": [], "IsTruncated": False}


def _require_free(tx: Tx, caller: Caller, name: str) -> None:
    if identities.is_taken(tx, caller.account_id, "user", name):
        raise AwsFault("EntityAlreadyExists", f"User with name {name} already exists.")


def user_shape(user: User) -> dict[str, Any]:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": moment(user.created_at),
    }


def _with_tags(tx: Tx, user: User) -> dict[str, Any]:
    its_tags = shown_tags(tx, user.id)
    return {**user_shape(user), **({"Tags": its_tags} if its_tags else {})}


OPERATIONS: dict[str, Operation] = {
    "CreateUser": create_user,
    "DeleteUser": delete_user,
    "GetUser": get_user,
    "ListGroupsForUser": list_groups_for_user,
    "ListUsers": list_users,
    "UpdateUser": update_user,
}
