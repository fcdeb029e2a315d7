"""The only room with SQL: schema, transactions, outbox.

A module per notion (`zones`, `records`, `ksks`, `kms`, `domains`, `accounts`, `vpcs`, `changes`, …); each
function takes the transaction first and returns plain values. SQLite with WAL and `synchronous=FULL`: what
was committed survives `kill -9`.
"""

from seal53.store.engine import Store, StoreFault, Tx, Unavailable

__all__ = ["Store", "StoreFault", "Tx", "Unavailable"]
