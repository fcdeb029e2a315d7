"""What keys a zone publishes, in which state they are, and when the DNSKEY RRset is signed anew. Pure: no
I/O, no clock.

Not for: where private keys live (`keystore`), who may use them (`services.kms`), DS records at the parent
(`delegation`). Limits: one algorithm (13), at most two KSKs and one active ZSK a zone, as in Route 53; no
rolls of the ZSK yet.
"""
