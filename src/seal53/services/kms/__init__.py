"""AWS KMS: the part of it that holds key-signing keys and signs with them."""

from seal53.services.kms.operations import OPERATIONS
from seal53.services.kms.signers import DnssecSigners, dnssec_signer, require_own_access

__all__ = ["OPERATIONS", "DnssecSigners", "dnssec_signer", "require_own_access"]
