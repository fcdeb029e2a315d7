"""Getting a DS into the parent and seeing it there: what a holder's key means for the parent zone. Pure."""

from seal53.delegation.signer import DelegationSigner, SignerFault, derive_signer, most_keys

__all__ = ["DelegationSigner", "SignerFault", "derive_signer", "most_keys"]
