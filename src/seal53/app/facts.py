"""What the ready file tells, besides process ids: keys, addresses, the root and its trust anchor.

Limits: it holds secret access keys; it travels to the supervisor alone, which writes it with mode 0600 (I6).
"""

from typing import Any

from seal53 import registry
from seal53.config import Place
from seal53.registry import contents
from seal53.services import credentials
from seal53.store import Tx, accounts, delegation_sets, vpcs

_HINT_TTL = 3_600_000  # as in the root hints of IANA

TABLES = ("accounts", "access_keys", "vpcs", "delegation_sets", "ksks")
"""Where they come from: what else is written does not change them."""


class ReadyFacts:
    """Reads them from the store; a secret is unsealed once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._secrets: dict[str, str] = {}

    def read(self, tx: Tx) -> dict[str, Any]:
        tls = self._place.tls
        return {
            "api": self._place.api_url,
            **({"ca": str(tls.ca)} if tls is not None and tls.ca is not None else {}),
            "accounts": [
                {
                    "id": account.id,
                    "name": account.name,
                    "access_key_id": key.access_key_id,
                    "secret_access_key": self._secret(key.access_key_id, key.sealed_secret),
                }
                for account in accounts.every(tx)
                for key in accounts.keys_of(tx, account.id)
            ],
            "name_servers": self._name_servers(tx),
            "root": self._root(tx),
            "resolvers": [
                {
                    "vpc_id": vpc.id,
                    "region": vpc.region,
                    "account": vpc.account_id,
                    "address": vpc.address,
                    "port": self._place.port,
                }
                for account in accounts.every(tx)
                for vpc in vpcs.of_account(tx, account.id)
            ],
        }

    def _secret(self, access_key_id: str, sealed: bytes) -> str:
        if access_key_id not in self._secrets:
            secret = credentials.secret_of(self._place.kek, access_key_id, sealed)
            self._secrets[access_key_id] = bytes(secret).decode()
        return self._secrets[access_key_id]

    def _name_servers(self, tx: Tx) -> list[dict[str, Any]]:
        """Delegation sets by number, then the TLDs' servers."""
        hosts = [
            (str(host), address)
            for delegation_set in delegation_sets.every(tx)
            for host, address in zip(delegation_set.hosts, delegation_set.addresses, strict=True)
        ]
        hosts += [(str(host), str(self._place.block[n])) for n, host in enumerate(contents.TLD_SERVERS, 2)]
        return [{"host": host, "address": address, "port": self._place.port} for host, address in hosts]

    def _root(self, tx: Tx) -> dict[str, Any]:
        address = str(self._place.block[1])
        anchor = registry.trust_anchor(tx)
        host = contents.ROOT_SERVER
        return {
            "address": address,
            "port": self._place.port,
            "hints": f". {_HINT_TTL} IN NS {host}\n{host} {_HINT_TTL} IN A {address}\n",
            "trust_anchor": {"ds": anchor.ds, "dnskey": anchor.dnskey},
        }
