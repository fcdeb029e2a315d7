"""Making the root and the TLDs: once per database, and again whenever their settings have changed.

The trust anchor is the root's KSK; it stays the same for the life of the database.
"""
