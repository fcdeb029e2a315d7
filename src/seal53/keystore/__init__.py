"""Where private keys live: the master key, sealing at rest, and opaque P-256 signing handles.

Not for: when keys roll (`keys`), who may use them (`services.kms`), or ZSKs in the clear, which only Rust
sees. Limits: one master key of 32 octets for a whole installation; losing it loses every key that it sealed.
"""

from seal53.keystore.master import MASTER_KEY_FILE, load_master_key
from seal53.keystore.p256 import BadSignature, SigningKey, verify_digest
from seal53.keystore.sealing import UnsealFault, seal, unseal

__all__ = [
    "MASTER_KEY_FILE",
    "BadSignature",
    "SigningKey",
    "UnsealFault",
    "load_master_key",
    "seal",
    "unseal",
    "verify_digest",
]
