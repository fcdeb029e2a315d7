"""Loops that make the world match the facts: publishing with its prover, keys."""
