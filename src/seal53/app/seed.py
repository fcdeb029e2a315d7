"""What a fresh database holds before the first call: registry, two accounts with a VPC each, seeded accounts.

Idempotent: it runs at each start of control, and mends what the settings changed. Not for: anything that an
API call makes. Limits: an address block belongs to its database for life, as delegation sets have their
addresses from it.
"""

import hmac
from collections.abc import Sequence

from seal53 import registry
from seal53.base.errors import StartFault
from seal53.base.ids import AccountId, Ids
from seal53.base.journal import Secret
from seal53.config import AccountSeed, Place, Settings
from seal53.keystore.sealing import UnsealFault, seal, unseal
from seal53.registry import RegistrySettings
from seal53.services import credentials
from seal53.services.context import Services
from seal53.services.vpcs import add_vpc
from seal53.store import Tx, accounts, meta, vpcs

DEFAULT_ACCOUNTS = ((AccountId("111111111111"), "account-1"), (AccountId("222222222222"), "account-2"))
REGION = "us-east-1"
_BLOCK = "address_block"
_SEALED = "sealed_by"


def seed_registry(tx: Tx, *, kek: Secret, ids: Ids, settings: Settings, place: Place, now: int) -> None:
    """Raises StartFault."""
    _same_master_key(tx, kek)
    _same_block(tx, str(place.block))
    registry.bootstrap(tx, kek=kek, ids=ids, now=now, settings=registry_settings(settings, place))


def seed_accounts(tx: Tx, services: Services, seeds: Sequence[AccountSeed], now: int) -> None:
    """Raises StartFault."""
    for account_id, name in DEFAULT_ACCOUNTS:
        if accounts.get(tx, account_id) is None:
            _account(tx, services, account_id, name, now)
            access_key_id, secret = services.ids.access_key_id(), services.ids.secret_access_key()
            credentials.add_access_key(tx, services.kek, account_id, access_key_id, secret, now)
    for wanted in seeds:
        account_id = AccountId(wanted.account_id)
        if accounts.get(tx, account_id) is None:
            _account(tx, services, account_id, f"account-{account_id}", now)
        _key(tx, services, wanted, now)


def registry_settings(settings: Settings, place: Place) -> RegistrySettings:
    root, first_tld, second_tld = (str(place.block[n]) for n in (1, 2, 3))
    return RegistrySettings(
        tlds=settings.tlds,
        root_address=root,
        tld_addresses=(first_tld, second_tld),
        ns_ttl=settings.tld_ns_ttl,
        ds_ttl=settings.tld_ds_ttl,
        negative_ttl=settings.tld_negative_ttl,
    )


def _same_master_key(tx: Tx, kek: Secret) -> None:
    """Nothing is sealed under another key than what is here already: neither would open again."""
    before = meta.get(tx, _SEALED)
    if before is None:
        meta.put(tx, _SEALED, seal(kek, _SEALED.encode(), b"").hex())
        return
    try:
        unseal(kek, _SEALED.encode(), bytes.fromhex(before))
    except UnsealFault:
        raise StartFault(
            "the master key is not the one that sealed this data directory",
            hint="restore master.key from a backup, or give the old key as SEAL53_MASTER_KEY",
        ) from None


def _same_block(tx: Tx, block: str) -> None:
    before = meta.get(tx, _BLOCK)
    if before is None:
        meta.put(tx, _BLOCK, block)
    elif before != block:
        raise StartFault(
            f"this data directory has its addresses in {before}, not in {block}",
            hint=f"start with --address-block {before}",
        )


def _account(tx: Tx, services: Services, account_id: AccountId, name: str, now: int) -> None:
    accounts.create(tx, id=account_id, name=name, now=now)
    if not vpcs.of_account(tx, account_id):
        add_vpc(tx, services, account_id=account_id, region=REGION, now=now)


def _key(tx: Tx, services: Services, wanted: AccountSeed, now: int) -> None:
    found = accounts.by_access_key(tx, wanted.access_key_id)
    if found is None:
        credentials.add_access_key(
            tx,
            services.kek,
            AccountId(wanted.account_id),
            wanted.access_key_id,
            wanted.secret_access_key,
            now,
        )
        return
    account_id, sealed = found
    if account_id != wanted.account_id:
        raise StartFault(f"the access key {wanted.access_key_id} belongs to account {account_id} already")
    secret = credentials.secret_of(services.kek, wanted.access_key_id, sealed)
    if not hmac.compare_digest(bytes(secret), wanted.secret_access_key.encode()):
        raise StartFault(f"the access key {wanted.access_key_id} exists already with another secret")
