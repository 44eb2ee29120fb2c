"""What tests of the cluster client share: a server that answers as they set it, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aurora_tui.cluster.kubernetes import KubernetesCluster
from tests.unit.apiserver import ApiServer, context_for, running


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with running() as server:
        yield server


@pytest.fixture
async def cluster(server: ApiServer, tmp_path: Path) -> AsyncIterator[KubernetesCluster]:
    cluster = KubernetesCluster(context_for(tmp_path, server.url, user={"token": "t"}))
    yield cluster
    await cluster.close()
