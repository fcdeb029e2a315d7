"""Validating recursion, one view per VPC.

What decides (`resolve`, `iterate`, `chain`, `validate`, `denial`) is a step-by-step machine without sockets,
clock or randomness: it yields an effect (`effects.Ask`), is fed a `Reply` with the moment of its arrival, and
ends in an `Answer`. `transport` is the one driver that touches the network; `service` joins both to the
name-server process; `probe` asks a parent's servers.
"""
