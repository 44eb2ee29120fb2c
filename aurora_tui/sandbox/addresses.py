"""Where a started sandbox is, as one process tells another."""

from __future__ import annotations

import msgspec


class Addresses(msgspec.Struct, frozen=True):
    """The two files to give to the program, and each server's URL."""

    kubeconfig: str
    config: str
    kubernetes: str
    prometheus: str
    alertmanager: str
    elasticsearch: str
    jaeger: str
    context: str
