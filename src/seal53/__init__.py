"""Seal53: a self-hosted DNS service that speaks the Amazon Route 53 API and does DNSSEC for real."""

__version__ = "0.1.0"
