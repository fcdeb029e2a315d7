"""AWS KMS: the part of it that holds key-signing keys and signs with them."""

from seal53.services.context import Operation
from seal53.services.kms import aliases, grants, operations, tags
from seal53.services.kms.signers import DnssecSigners, dnssec_signer, require_own_access

OPERATIONS: dict[str, Operation] = {
    **operations.OPERATIONS,
    **aliases.OPERATIONS,
    **grants.OPERATIONS,
    **tags.OPERATIONS,
}

__all__ = ["OPERATIONS", "DnssecSigners", "dnssec_signer", "require_own_access"]
