"""``KIND/NAME`` on the command line, as kubectl takes it."""

from __future__ import annotations

import click

from aurora_tui.cluster import resources
from aurora_tui.cluster.resources import Resource


def read_target(text: str) -> tuple[Resource, str]:
    """The kind and the name; a name alone means a Deployment. Raises `click.UsageError`."""
    kind, _, name = text.rpartition("/")
    resource = resources.find(kind or "deployment")
    if resource is None or not name:
        raise click.UsageError(f"{text!r}: give KIND/NAME, e.g. deployment/aurora-backend")
    return resource, name
