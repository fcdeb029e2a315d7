"""Seal53 beside Knot, NSD, BIND and PowerDNS on one machine, in one run: `python -m bench`, `make bench`.

For: processor time per query and memory, compared by ratios within one run. Not for: queries per second as a
figure of its own (a small shared machine says little about it), latency, or the network. Needs two
processors, gcc, and the peers that are to be measured; everything listens on loopback and ends with the run.
"""
