"""The name-server process: takes the feed, applies it to the core, acknowledges, drains counters.

Rust answers; this room keeps it supplied. `served` applies messages, `process` is the life of a role's
process. No database is opened here, and nothing is asked of control but the feed (I9).
"""
