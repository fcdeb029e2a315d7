"""What the operator asks of the running service: accounts, VPCs, a fresh start. Under `/_seal53/`, as JSON.

Signed with SigV4 like every call (service name "seal53"). Accounts are made by the managing account, the
first one, alone, as is a fresh start; a VPC by the account that owns it. Not for: AWS's own ways to make
either, which are EC2's and Organizations'.
"""

from seal53 import registry
from seal53.base.ids import AccountId
from seal53.services.context import Caller, Request, Response, Services
from seal53.services.credentials import add_access_key
from seal53.services.faults import AwsFault
from seal53.services.vpcs import add_vpc
from seal53.store import Tx, accounts, changes, outbox, query_logging, routing, vpcs
from seal53.store import reset as reset_rows
from seal53.store.vpcs import Vpc
from seal53.zones.addresses import AddressesExhausted

NAME_MOST = 64
INVALID = "ValidationException"


def create_account(services: Services, request: Request, caller: Caller) -> Response:
    """{"name"?, "id"?} -> the account with its first access key, shown this once and in the ready file."""
    _members(request, {"name", "id"})
    name = _text(request, "name", "account")
    account_id = request.get("id")
    if account_id is not None and not _is_account_id(account_id):
        raise AwsFault(INVALID, "id: an account id has 12 digits")
    with services.store.write() as tx:
        require_managing(tx, caller)
        if account_id is None:
            account_id = _free_id(tx, services)
        elif accounts.get(tx, account_id) is not None:
            raise AwsFault(INVALID, f"the account {account_id} exists already")
        access_key_id = services.ids.access_key_id()
        secret = services.ids.secret_access_key()
        accounts.create(tx, id=account_id, name=name, now=caller.now)
        add_access_key(tx, services.kek, account_id, access_key_id, secret, caller.now)
    return {"id": account_id, "name": name, "access_key_id": access_key_id, "secret_access_key": secret}


def create_vpc(services: Services, request: Request, caller: Caller) -> Response:
    """{"region"?} -> the VPC and its resolver's address; `change_id` is in sync when the resolver answers."""
    _members(request, {"region"})
    region = _text(request, "region", caller.region or "us-east-1")
    with services.store.write() as tx:
        try:
            vpc, change = add_vpc(tx, services, account_id=caller.account_id, region=region, now=caller.now)
        except AddressesExhausted as e:
            raise AwsFault("LimitExceededException", str(e)) from None
    return {**_vpc(vpc), "change_id": change.id}


def list_vpcs(services: Services, request: Request, caller: Caller) -> Response:
    """{} -> {"vpcs"}: those of the caller's account, oldest first, with their resolvers' addresses."""
    _members(request, set())
    with services.store.read() as tx:
        return {"vpcs": [_vpc(vpc) for vpc in vpcs.of_account(tx, caller.account_id)]}


def reset(services: Services, request: Request, caller: Caller) -> Response:
    """{} -> the changes that are in sync when everybody serves what a fresh service has.

    Everything goes but the accounts, keys and VPCs that the service was seeded with, and the registry's keys.
    """
    _members(request, set())
    with services.store.write() as tx:
        require_managing(tx, caller)
        if caller.principal is not None:
            raise AwsFault("AccessDeniedException", "only the root of the managing account may do this")
        change_id = services.ids.change()
        vpc_ids = reset_rows.empty(tx, change_id=change_id, account_id=caller.account_id, now=caller.now)
        registry.restore(tx, kek=services.kek, ids=services.ids, now=caller.now)
        for vpc_id in vpc_ids:
            subject, version = f"vpc:{vpc_id}", vpcs.bump(tx, vpc_id)
            outbox.append(tx, subject, version, "vpc")
            changes.open_change(
                tx,
                id=services.ids.change(),
                account_id=None,
                subject=subject,
                version=version,
                now=caller.now,
            )
        outbox.append(tx, routing.SUBJECT, routing.bump(tx), "routing")
        query_logging.announce(tx)
        return {"change_ids": [change.id for change in changes.pending(tx)]}


def require_managing(tx: Tx, caller: Caller) -> None:
    """Raises AwsFault unless the caller is the first account."""
    account = accounts.get(tx, caller.account_id)
    if account is None or account.position != 0:
        raise AwsFault(
            "AccessDeniedException", "only the managing account, the first one of this service, may do this"
        )


def _vpc(vpc: Vpc) -> dict[str, str]:
    return {"vpc_id": vpc.id, "region": vpc.region, "account": vpc.account_id, "address": vpc.address}


def _free_id(tx: Tx, services: Services) -> AccountId:
    taken = {account.id for account in accounts.every(tx)}
    while True:
        number = int(services.ids.hex(12), 16) % 10**12
        if number >= 10**11 and (account_id := f"{number:012d}") not in taken:
            return AccountId(account_id)


def _is_account_id(value: object) -> bool:
    return isinstance(value, str) and len(value) == 12 and value.isascii() and value.isdigit()


def _members(request: Request, known: set[str]) -> None:
    unknown = sorted(set(request) - known)
    if unknown:
        raise AwsFault(INVALID, f"unknown member {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _text(request: Request, member: str, default: str) -> str:
    value = request.get(member)
    if value is None:
        return default
    if not isinstance(value, str) or not 0 < len(value) <= NAME_MOST or not value.isprintable():
        raise AwsFault(INVALID, f"{member}: 1 to {NAME_MOST} printable characters are expected")
    return value
