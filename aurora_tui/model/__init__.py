"""Frozen data and pure functions: what the program knows, without clocks, network or screen."""
