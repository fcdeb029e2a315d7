"""Access keys of users, and of the account's root. A secret is shown once, when its key is made."""

from seal53.services import credentials
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.iam.entities import listed, moment, user_of
from seal53.services.iam.users import own_name
from seal53.store import Tx, accounts
from seal53.store.accounts import AccessKey

MOST = 2  # IAM quota "Access keys assigned to an IAM user", and to the root


def create_access_key(services: Services, request: Request, caller: Caller) -> Response:
    access_key_id, secret = services.ids.access_key_id(), services.ids.secret_access_key()
    with services.store.write() as tx:
        user_name = _whose(tx, request, caller)
        if len(accounts.keys_of(tx, caller.account_id, user_name)) >= MOST:
            raise AwsFault("LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {MOST}")
        credentials.add_access_key(
            tx, services.kek, caller.account_id, access_key_id, secret, caller.now, user_name=user_name
        )
    return {
        "AccessKey": {
            "UserName": user_name or "",
            "AccessKeyId": access_key_id,
            "Status": "Active",
            "SecretAccessKey": secret,
            "CreateDate": moment(caller.now),
        }
    }


def list_access_keys(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        user_name = _whose(tx, request, caller)
        found = accounts.keys_of(tx, caller.account_id, user_name)
    found.sort(key=lambda key: key.access_key_id)
    return listed(
        request,
        "AccessKeyMetadata",
        found,
        lambda key: key.access_key_id,
        lambda key: {
            "UserName": user_name or "",
            "AccessKeyId": key.access_key_id,
            "Status": "Inactive" if key.inactive else "Active",
            "CreateDate": moment(key.created_at),
        },
    )


def update_access_key(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        key = _key(tx, request, caller)
        accounts.set_inactive(tx, key.access_key_id, request["Status"] == "Inactive")
    return {}


def delete_access_key(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        key = _key(tx, request, caller)
        accounts.delete_key(tx, key.access_key_id)
    return {}


def _whose(tx: Tx, request: Request, caller: Caller) -> str | None:
    """The user; None: the root, which is meant when the root names no user."""
    name: str | None = request.get("UserName")
    if name is not None:
        return user_of(tx, caller, name).name
    principal = caller.principal
    return None if principal is None or principal.kind == "root" else own_name(caller)


def _key(tx: Tx, request: Request, caller: Caller) -> AccessKey:
    access_key_id = request["AccessKeyId"]
    user_name = _whose(tx, request, caller)
    key = accounts.key(tx, access_key_id)
    if key is None or (key.account_id, key.user_name) != (caller.account_id, user_name):
        raise AwsFault("NoSuchEntity", f"The Access Key with id {access_key_id} cannot be found.")
    return key


OPERATIONS: dict[str, Operation] = {
    "CreateAccessKey": create_access_key,
    "DeleteAccessKey": delete_access_key,
    "ListAccessKeys": list_access_keys,
    "UpdateAccessKey": update_access_key,
}
