"""Doubles that speak the real protocols: shipped, but imported by the demo and by tests alone."""

from seal53.testing.spoofer import Exchange, Lie, Spoofer

__all__ = ["Exchange", "Lie", "Spoofer"]
