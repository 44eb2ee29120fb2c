"""The terminal console an on-call operator opens when the pager rings."""

__version__ = "0.1.0"
