"""Where the signals of an environment are, found and kept: addresses, discovery, and the sources on them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from aurora_tui.cluster import resources
from aurora_tui.cluster.discovery import find_service
from aurora_tui.cluster.errors import ClusterError, ConfigError, ForbiddenError, NotFoundError, UnauthorizedError
from aurora_tui.cluster.podproxy import pods_behind
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.definitions import Environment
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.settings import Settings
from aurora_tui.signals.alerts import AlertSource
from aurora_tui.signals.slos import SloSource
from aurora_tui.signing import SigningError, signed
from aurora_tui.store import Store

log = logging.getLogger(__name__)

AUTO = "auto"
_BESIDE = " · "
LOOK_AGAIN_SECONDS = 30.0
"""How often a source that was not found, or that refuses us, is looked for again."""
LOOK_AGAIN_SOON_SECONDS = 3.0
"""The same while the API server, through which it is found, cannot be asked."""


class Found(Frozen):
    """A signal's address as it is shown, and how to reach it; `access` None with the reason why."""

    address: str
    access: HttpAccess | None
    reason: str = ""
    unreachable: bool = False
    """It is looked for through the API server, which cannot be asked now."""
    unsigned: bool = False
    """It is there, and the credentials that the settings give for it cannot be used."""


async def locate(signal: str, environment: Environment, cluster: Cluster, namespace: str | None = None) -> Found:
    """Find one signal: by its address in the settings, or among the cluster's Services.

    `namespace` is looked in where listing the Services of all namespaces is forbidden.
    """
    found = await _locate(signal, getattr(environment.sources, signal), cluster, namespace)
    return _signed(found, environment, signal)


def _signed(found: Found, environment: Environment, signal: str) -> Found:
    """What was found, with the credentials that the settings give for it."""
    if found.access is None:
        return found
    try:
        return replace(found, access=signed(found.access, found.address, environment.credentials.get(signal)))
    except SigningError as error:
        return Found(found.address, None, str(error), unsigned=True)


async def locate_alertmanagers(
    environment: Environment, cluster: Cluster, namespace: str | None = None
) -> tuple[Found, ...]:
    """Find the Alertmanagers, each pod behind a Service by itself: one of them says nothing of the others."""
    addresses = environment.sources.alertmanager
    found = await asyncio.gather(*(_locate("alertmanager", each, cluster, namespace) for each in addresses))
    expanded = await asyncio.gather(*(_each_pod(each, cluster) for each in found))
    every = {each.address: each for several in expanded for each in several}
    return tuple(_signed(each, environment, "alertmanager") for each in every.values())


async def _each_pod(found: Found, cluster: Cluster) -> tuple[Found, ...]:
    """The pods behind a Service where there are several that may be reached one by one, else what was found."""
    if found.access is None or not found.address.startswith("svc/"):
        return (found,)
    try:
        addresses = await pods_behind(found.address, cluster)
        return tuple([Found(each, await cluster.http_access(each)) for each in addresses]) or (found,)
    except ClusterError as error:
        log.info("the pods behind %s are not asked one by one: %s", found.address, error)
        return (found,)


async def _locate(signal: str, address: str, cluster: Cluster, namespace: str | None) -> Found:
    if address == "off":
        return Found(address, None, "switched off in the settings")
    try:
        if address == AUTO:
            found = await _discover(signal, cluster, namespace)
            if found is None:
                return Found(AUTO, None, f"no Service of the cluster looks like {signal.title()}")
            address = found
        return Found(address, await cluster.http_access(address))
    except (ForbiddenError, UnauthorizedError, NotFoundError, ConfigError) as error:
        return Found(address, None, str(error))
    except ClusterError as error:
        return Found(address, None, str(error), unreachable=True)


async def _discover(signal: str, cluster: Cluster, namespace: str | None) -> str | None:
    try:
        services = await cluster.list(resources.SERVICES, None)
    except ForbiddenError:
        if namespace is None:
            raise
        services = await cluster.list(resources.SERVICES, namespace)
    return find_service(signal, services)


def slo_source(settings: Settings, found: Found, store: Store, clock: Callable[[], float]) -> SloSource:
    """The source of the table ``slos`` on a located Prometheus."""
    return SloSource(
        settings.services,
        found.access,
        store.table("slos"),
        clock,
        sli_window=settings.sli_window,
        budget_window=settings.budget_window,
        interval=settings.signal_interval,
        recorded=settings.recorded,
    )


def alert_source(
    settings: Settings, alertmanagers: Sequence[Found], prometheus: Found, store: Store, clock: Callable[[], float]
) -> AlertSource:
    """The source of the table ``alerts`` on the located Alertmanagers and Prometheus."""
    return AlertSource(
        settings.services,
        [each.access for each in alertmanagers if each.access is not None],
        prometheus.access,
        store.table("alerts"),
        clock,
        interval=settings.signal_interval,
    )


async def feed_signals(
    settings: Settings,
    environment: Environment,
    cluster: Cluster,
    store: Store,
    clock: Callable[[], float],
    namespace: str | None = None,
) -> None:
    """Feed ``slos`` and ``alerts`` until cancelled; look again for what is missing or refuses us.

    The sources start anew only where that finds another address or other credentials.
    """
    tables = [store.table(name) for name in ("slos", "alerts")]

    async def look() -> tuple[Found, ...]:
        prometheus, alertmanagers = await asyncio.gather(
            locate("prometheus", environment, cluster, namespace),
            locate_alertmanagers(environment, cluster, namespace),
        )
        return (prometheus, *alertmanagers)

    found = await look()
    while True:
        prometheus, *alertmanagers = found
        async with asyncio.TaskGroup() as group:
            sources = [
                group.create_task(slo_source(settings, prometheus, store, clock).run()),
                group.create_task(alert_source(settings, alertmanagers, prometheus, store, clock).run()),
            ]
            while True:
                await asyncio.sleep(0)
                _explain(store, prometheus, alertmanagers, clock)
                soon = any(each.unreachable for each in found)
                await asyncio.sleep(LOOK_AGAIN_SOON_SECONDS if soon else LOOK_AGAIN_SECONDS)
                denied = any(table.freshness.state is SourceState.DENIED for table in tables)
                missing = any(each.access is None and each.address != "off" for each in found)
                # Of several behind a Service one may have been replaced by another pod.
                if denied or missing or any(each.address.startswith("pod/") for each in found):
                    before, found = found, await look()
                    prometheus, *alertmanagers = found
                    if [(each.access, each.unreachable) for each in found] != [
                        (each.access, each.unreachable) for each in before
                    ]:
                        break
            for source in sources:
                source.cancel()


def _explain(store: Store, prometheus: Found, alertmanagers: Sequence[Found], clock: Callable[[], float]) -> None:
    """Say why a source is missing beside how to configure it."""
    for name, reasons in (("slos", [prometheus]), ("alerts", [*alertmanagers, prometheus])):
        table = store.table(name)
        if all(found.unreachable for found in reasons):
            words = f"found through the API server, which cannot be asked: {reasons[0].reason}"
            table.set_freshness(table.freshness.lost, clock(), words)
        elif table.freshness.state is SourceState.UNCONFIGURED:
            why = "; ".join(dict.fromkeys(found.reason for found in reasons if found.reason))
            how = table.freshness.message.rpartition(_BESIDE)[2]
            table.set_freshness(SourceState.UNCONFIGURED, clock(), f"{why}{_BESIDE}{how}" if why else how)
