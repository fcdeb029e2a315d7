"""Ids and their source, injected so that tests are stable and two kinds are not mixed."""

import secrets
import string
import uuid
from collections.abc import Callable
from typing import NewType

AccountId = NewType("AccountId", str)
HostedZoneId = NewType("HostedZoneId", str)  # bare: "Z…"; prefixes are the gateway's
ChangeId = NewType("ChangeId", str)  # bare: "C…"
DelegationSetId = NewType("DelegationSetId", str)  # bare: "N…"
VpcId = NewType("VpcId", str)

_UPPER = string.ascii_uppercase + string.digits

Entropy = Callable[[int], bytes]
"""n -> n random octets."""


class Ids:
    """Makes ids of AWS's forms from a source of entropy (`secrets.token_bytes` outside tests)."""

    def __init__(self, entropy: Entropy = secrets.token_bytes) -> None:
        self._entropy = entropy

    def _text(self, alphabet: str, length: int) -> str:
        # 256 is not a multiple of 36: the slight bias does not matter for ids.
        return "".join(alphabet[b % len(alphabet)] for b in self._entropy(length))

    def hosted_zone(self) -> HostedZoneId:
        return HostedZoneId("Z0" + self._text(_UPPER, 19))

    def change(self) -> ChangeId:
        return ChangeId("C0" + self._text(_UPPER, 19))

    def delegation_set(self) -> DelegationSetId:
        return DelegationSetId("N0" + self._text(_UPPER, 19))

    def vpc(self) -> VpcId:
        return VpcId("vpc-" + self.hex(17))

    def hex(self, digits: int) -> str:
        return self._entropy((digits + 1) // 2).hex()[:digits]

    def uuid(self) -> str:
        return str(uuid.UUID(bytes=self._entropy(16), version=4))

    def access_key_id(self) -> str:
        return "AKIA" + self._text(_UPPER, 16)

    def session_key_id(self) -> str:
        return "ASIA" + self._text(_UPPER, 16)

    def principal(self, prefix: str) -> str:
        """The unique id of a user ("AIDA"), a role ("AROA") or a managed policy ("ANPA")."""
        return prefix + self._text(_UPPER, 17)

    def session_token(self) -> str:
        return self._text(string.ascii_letters + string.digits + "+/", 128) + "=="

    def secret_access_key(self) -> str:
        return self._text(string.ascii_letters + string.digits + "+/", 40)
