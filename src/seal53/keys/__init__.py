"""What keys a zone publishes, in which state they are, and when the DNSKEY RRset is signed anew. Pure: no
I/O, no clock.

Not for: where private keys live (`keystore`), who may use them (`services.kms`), DS records at the parent
(`delegation`). Limits: one algorithm (13), at most two KSKs and one active ZSK a zone, as in Route 53; no
rolls of the ZSK yet.
"""

from seal53.keys.dnskey import (
    KeyTagTaken,
    KskFacts,
    ZskFacts,
    active_zsks,
    check_tag,
    ksk_dnskey,
    public_key,
    published_dnskeys,
    registry_ksk_aad,
    tag_collides,
)
from seal53.keys.plan import Plan, Refresh, ZoneKeys, plan, refresh_at
from seal53.keys.policy import DNSKEY_TTL_S
from seal53.keys.signing import KskSigners, Signer, SignerFault, join_windows, sign_windows
from seal53.keys.state import KskStatus, ServeSignature, ZskState, ksk_status, serve_signature, zsk_state
from seal53.keys.windows import SignedWindow, Window, exhausted_at, served_at, windows

__all__ = [
    "DNSKEY_TTL_S",
    "KeyTagTaken",
    "KskFacts",
    "KskSigners",
    "KskStatus",
    "Plan",
    "Refresh",
    "ServeSignature",
    "SignedWindow",
    "Signer",
    "SignerFault",
    "Window",
    "ZoneKeys",
    "ZskFacts",
    "ZskState",
    "active_zsks",
    "check_tag",
    "exhausted_at",
    "join_windows",
    "ksk_dnskey",
    "ksk_status",
    "plan",
    "public_key",
    "published_dnskeys",
    "refresh_at",
    "registry_ksk_aad",
    "serve_signature",
    "served_at",
    "sign_windows",
    "tag_collides",
    "windows",
    "zsk_state",
]
