"""Our own root and TLD zones, and the registrar who changes delegations in them.

Root and TLDs are hosted zones without an account: their contents, keys and versions take the same path
through store, outbox, prover and feed as a customer's. Not for: real registries, whose channels come later.
"""

from seal53.registry.bootstrap import RegistrySettings, TrustAnchor, bootstrap, restore, trust_anchor
from seal53.registry.registrar import RegistrarFault, add_hosts, delegate, tld_of

__all__ = [
    "RegistrarFault",
    "RegistrySettings",
    "TrustAnchor",
    "add_hosts",
    "bootstrap",
    "delegate",
    "restore",
    "tld_of",
    "trust_anchor",
]
