"""Two stacks with the same namespaces and names, as two contexts of one kubeconfig."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aurora_tui.app import AuroraApp
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.fleet import Fleet
from aurora_tui.model.frozen import replace
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.sandbox.child import ChildSandbox, start_in_subprocess
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.pilot.console import Console

EU, US = "prod-eu", "prod-us"


@dataclass(frozen=True)
class Twins:
    """A kubeconfig and settings that lead to both; `children` end a stack before its time."""

    kubeconfig: Path
    config: Path
    stacks: dict[str, Addresses]
    children: dict[str, ChildSandbox]

    def session(self, name: str, *, signals: bool = True, **changed: Any) -> Session:
        """One context; `changed` are settings that differ, `signals` False switches Prometheus and Alertmanager off."""
        settings = replace(load_settings(self.config, environ={}), **changed)
        if not signals:
            off = [
                replace(each, sources=replace(each.sources, prometheus="off", alertmanager=("off",)))
                for each in settings.environments
            ]
            settings = replace(settings, environments=tuple(off))
        return Session(settings, choose(name, str(self.kubeconfig)))

    def elsewhere(self, folder: Path, name: str, url: str) -> Twins:
        """The same with every server of one context somewhere else."""
        clusters: dict[str, Any] = yaml.safe_load(self.kubeconfig.read_text())
        _named(clusters["clusters"], name)["cluster"]["server"] = url
        settings: dict[str, Any] = yaml.safe_load(self.config.read_text())
        sources = settings["environments"][name]["sources"]
        settings["environments"][name]["sources"] = dict.fromkeys(sources, url)
        paths = _written(folder / "kubeconfig", clusters), _written(folder / "config.yaml", settings)
        return dataclasses.replace(self, kubeconfig=paths[0], config=paths[1])


@contextmanager
def twins(folder: Path, scenarios: dict[str, str], *, protected: tuple[str, ...] = (EU, US)) -> Iterator[Twins]:
    """A stack for each context, with its scenario; those that are `protected` ask for their name."""
    with ExitStack() as ending:
        children = {}
        for name, scenario in scenarios.items():
            children[name] = start_in_subprocess(scenario)
            ending.callback(children[name].stop)
        stacks = {name: child.ready(60) for name, child in children.items()}
        yield Twins(_kubeconfig(folder, stacks), _settings(folder, stacks, protected), stacks, children)


@asynccontextmanager
async def opened_on(twins: Twins, size: tuple[int, int] = (190, 48), **options: Any) -> AsyncIterator[Console]:
    """The console on both contexts."""
    app = AuroraApp(Fleet([twins.session(name, **options) for name in twins.stacks]))
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Console(app, pilot)


def _kubeconfig(folder: Path, stacks: dict[str, Addresses]) -> Path:
    merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "contexts": [], "clusters": [], "users": []}
    for name, stack in stacks.items():
        one = yaml.safe_load(Path(stack.kubeconfig).read_text())
        context = dict(_named(one["contexts"], stack.context)["context"])
        cluster, user = _named(one["clusters"], context["cluster"]), _named(one["users"], context["user"])
        merged["contexts"].append({"name": name, "context": {**context, "cluster": name, "user": name}})
        merged["clusters"].append({"name": name, "cluster": cluster["cluster"]})
        merged["users"].append({"name": name, "user": user["user"]})
    return _written(folder / "kubeconfig", merged)


def _settings(folder: Path, stacks: dict[str, Addresses], protected: tuple[str, ...]) -> Path:
    environments = {}
    for name, stack in stacks.items():
        one = yaml.safe_load(Path(stack.config).read_text())["environments"]["prod"]
        guarded = name in protected
        look = {"title": name.upper(), "protected": guarded, "tone": "bad" if guarded else "good"}
        environments[name] = {**one, **look, "contexts": [name]}
    return _written(folder / "config.yaml", {"environments": environments})


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def _written(path: Path, document: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path
