"""The ground floor: clock, entropy, ids, faults, journal. Knows nothing of DNS."""
