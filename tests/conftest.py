"""What all tests share: more processes than cores, a seldom collection of garbage, and no deadline for an example."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

settings.register_profile("patient", parent=settings(), deadline=None)  # the machine may be busy
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """All that is imported and collected by now stays: to go through it again and again took a fifth of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three processes for two cores: a test that follows an action to its verdict mostly waits."""
    return -(-len(os.sched_getaffinity(0)) * 3 // 2)
