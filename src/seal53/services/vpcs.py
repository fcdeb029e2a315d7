"""VPCs, whoever asks for them: EC2's callers, the operator, a fresh database. Each has a resolver of its own.

Every change of a VPC is a version of it that its resolver acknowledges (subject "vpc:ID").
"""

from seal53.base.ids import AccountId, VpcId
from seal53.services.context import Services
from seal53.store import Tx, changes, outbox, tags
from seal53.store import delegation_sets as set_rows
from seal53.store import vpcs as vpc_rows
from seal53.store.changes import Change
from seal53.store.vpcs import Vpc
from seal53.zones import addresses
from seal53.zones.addresses import AddressesExhausted


def add_vpc(
    tx: Tx,
    services: Services,
    *,
    account_id: AccountId,
    region: str,
    now: int,
    cidr_block: str = "10.0.0.0/16",
    tenancy: str = "default",
) -> tuple[Vpc, Change]:
    """A VPC with the next free resolver address, and the change that its resolver closes.

    Raises: AddressesExhausted, also when the account has its share of the block.
    """
    if vpc_rows.count_of(tx, account_id) >= addresses.RESOLVERS:
        raise AddressesExhausted(
            f"the account {account_id} has {addresses.RESOLVERS} VPCs, which is the most for one account",
            hint="delete some of them",
        )
    used = {vpc.address for vpc in vpc_rows.every(tx)}
    used |= {address for s in set_rows.every(tx) for address in s.addresses}
    vpc = Vpc(
        id=VpcId(services.ids.vpc()),
        account_id=account_id,
        region=region,
        address=addresses.next_resolver(services.limits.address_block, used),
        created_at=now,
        cidr_block=cidr_block,
        tenancy=tenancy,
    )
    vpc_rows.insert(tx, vpc)
    return vpc, _open_change(tx, services, vpc, vpc.version, now)


def change_vpc(tx: Tx, services: Services, vpc: Vpc, now: int) -> Change:
    """What was changed about a VPC in this transaction becomes a version of it."""
    return _open_change(tx, services, vpc, vpc_rows.bump(tx, vpc.id), now)


def remove_vpc(tx: Tx, services: Services, vpc: Vpc, now: int) -> Change:
    """No private zone may be associated with it any more; the change is closed when its resolver ended."""
    change = change_vpc(tx, services, vpc, now)
    tags.drop(tx, f"vpc/{vpc.id}")
    vpc_rows.delete(tx, vpc.id)
    return change


def _open_change(tx: Tx, services: Services, vpc: Vpc, version: int, now: int) -> Change:
    subject = f"vpc:{vpc.id}"
    outbox.append(tx, subject, version, "vpc")
    return changes.open_change(
        tx, id=services.ids.change(), account_id=vpc.account_id, subject=subject, version=version, now=now
    )
