"""Tags of users, roles and managed policies. They grant nothing: conditions on them are not understood."""

from collections.abc import Callable

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.iam.entities import listed, put_tags, role_of, shown_tags, tag_key, user_of
from seal53.services.iam.managed import policy_of
from seal53.store import Tx, tags
from seal53.store.identities import Role, User
from seal53.store.policies import ManagedPolicy

Find = Callable[[Tx, Caller, str], User | Role | ManagedPolicy]


def _tag(find: Find, member: str) -> Operation:
    def operation(services: Services, request: Request, caller: Caller) -> Response:
        with services.store.write() as tx:
            put_tags(tx, find(tx, caller, request[member]).id, request["Tags"])
        return {}

    return operation


def _untag(find: Find, member: str) -> Operation:
    def operation(services: Services, request: Request, caller: Caller) -> Response:
        with services.store.write() as tx:
            tags.remove(tx, tag_key(find(tx, caller, request[member]).id), request["TagKeys"])
        return {}

    return operation


def _list(find: Find, member: str) -> Operation:
    def operation(services: Services, request: Request, caller: Caller) -> Response:
        with services.store.read() as tx:
            found = shown_tags(tx, find(tx, caller, request[member]).id)
        return listed(request, "Tags", found, lambda tag: tag["Key"], lambda tag: tag)

    return operation


OPERATIONS: dict[str, Operation] = {
    "ListPolicyTags": _list(policy_of, "PolicyArn"),
    "ListRoleTags": _list(role_of, "RoleName"),
    "ListUserTags": _list(user_of, "UserName"),
    "TagPolicy": _tag(policy_of, "PolicyArn"),
    "TagRole": _tag(role_of, "RoleName"),
    "TagUser": _tag(user_of, "UserName"),
    "UntagPolicy": _untag(policy_of, "PolicyArn"),
    "UntagRole": _untag(role_of, "RoleName"),
    "UntagUser": _untag(user_of, "UserName"),
}
