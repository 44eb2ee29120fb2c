"""The pane of Kubernetes objects: pods, workloads, nodes, events … one view at a time, with drill-down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from aurora_tui.model import configmaps, kube, services, usage
from aurora_tui.model.columns import Column
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.placing import context_of
from aurora_tui.model.pods import owner_workload
from aurora_tui.model.printing import NAMESPACE_COLUMN
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.views import CONFIGMAPS, NODES, PODS, ROW_KEYS, SERVICES, View
from aurora_tui.store import Store
from widgets.line import Part
from widgets.objectkeys import OBJECT_KEYS
from widgets.podusage import METRICS, PodUsage
from widgets.tablepane import TablePane


class Scope(Frozen):
    """What a drill-down left on the screen: words for the title, and which rows belong."""

    words: str
    holds: Callable[[Any], bool]


class Marked(Frozen):
    """What the operator's marks mean; `hidden` rows the filter leaves out, `alone` are pods that no workload runs."""

    refs: tuple[ObjectRef, ...]
    hidden: int = 0
    alone: int = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """What of the marks is left out of an action, in words."""
        found = []
        if self.hidden:
            found.append(f"{self.hidden} more marked are hidden by the filter and stay as they are")
        if self.alone:
            found.append(f"{self.alone} of the marked pods belong to no workload and stay as they are")
        return tuple(found)


class _Place(Frozen):
    """Where Escape goes back to."""

    view: View
    scope: Scope | None
    filter_text: str
    cursor: str | None


class ObjectsPane(TablePane):
    """Pods, workloads, nodes and events as kubectl prints them; keys inspect and act on the row."""

    BINDINGS: ClassVar[list[BindingType]] = [*OBJECT_KEYS]

    def __init__(self, store: Store, *, clock: Callable[[], float], all_namespaces: bool, id: str) -> None:
        self.view = PODS
        self.scope: Scope | None = None
        self.all_namespaces = all_namespaces
        self._trail: list[_Place] = []
        self._orders: dict[str, tuple[str, bool]] = {}
        """By table what it was sorted by last."""
        self._usage = PodUsage(store)
        super().__init__(store, PODS.table, PODS.columns, clock=clock, id=id)
        self.heading = PODS.title
        self._set_columns()

    def tables(self) -> Sequence[str]:
        return [self.table.name, METRICS] if self.view is PODS else [self.table.name]

    def show_view(self, view: View, scope: Scope | None = None, *, select: str | None = None) -> None:
        """Show another kind of object; Escape comes back from a drill-down."""
        if scope is None:
            self._trail.clear()
        else:
            self._trail.append(_Place(self.view, self.scope, self.filter_text, self.grid.cursor_key))
        self._go(view, scope, "", select)

    def show_namespaces(self, all_namespaces: bool) -> None:
        """Add or drop the NAMESPACE column."""
        self.all_namespaces = all_namespaces
        self._go(self.view, None, self.filter_text, None)

    @property
    def is_stirred(self) -> bool:
        return super().is_stirred or (self.view is PODS and bool(self._usage))

    def flush(self) -> None:
        used = self._usage.drain(self.table.rows.keys())
        if used and self.view is PODS:
            if self._usage.is_told != (usage.CPU in {column.heading for column in self.grid.columns}):
                self._set_columns()
            self.grid.update_aside(used)
        super().flush()

    def narrowing(self) -> Sequence[Part]:
        remark = self._usage.remark(self.clock()) if self.view is PODS else ""
        return [*super().narrowing(), *([Part(f"  {remark}", "warn")] if remark else [])]

    def headline(self) -> Sequence[Part]:
        scope = [Part(f"of {self.scope.words} ", "accent")] if self.scope else []
        return [*scope, *super().headline()]

    def labels_of(self, row: Any) -> Mapping[str, str]:
        return row.metadata.labels or {}

    def name_of(self, row: Any) -> str:
        return str(row.metadata.name)

    def identity(self, row: Any) -> object:
        return row.metadata.uid

    def is_faulty(self, row: Any) -> bool:
        return self.view.faulty is None or self.view.faulty(row, self.clock())

    def in_scope(self, row: Any) -> bool:
        return self.scope is None or self.scope.holds(row)

    @property
    def scoped(self) -> bool:
        return self.scope is not None

    def empty_words(self) -> str:
        return f"no {self.view.title.lower()} here"

    def subject(self) -> ObjectRef | None:
        row: Any = self.grid.cursor_row
        return None if row is None else self._ref(row)

    def workload(self) -> ObjectRef | None:
        row: Any = self.grid.cursor_row
        return None if row is None else self._workload_of(row)

    def marked(self, *, workloads: bool) -> Marked:
        """What the marked rows that the filter leaves mean: the objects themselves, or the workloads that run them."""
        shown = self.grid.visible_marked()
        refs: dict[ObjectRef, None] = {}
        alone = 0
        for key in shown:
            row: Any = self.table.rows.get(key)
            if row is None or self.identity(row) != self.identity(self.grid.row(key)):  # gone since it was painted
                continue
            ref = self._workload_of(row) if workloads else self._ref(row)
            if ref is None:
                alone += 1
            else:
                refs[ref] = None
        return Marked(tuple(refs), hidden=len(self.grid.marked) - len(shown), alone=alone)

    def _ref(self, row: Any) -> ObjectRef:
        meta = row.metadata
        return ObjectRef(self.view.kind, meta.namespace, meta.name, meta.uid, context_of(row))

    def _workload_of(self, row: Any) -> ObjectRef | None:
        if self.view is not PODS:
            return self._ref(row) if self.view.workload else None
        owner = owner_workload(row)
        return ObjectRef(owner[0], row.metadata.namespace, owner[1], context=context_of(row)) if owner else None

    def suspended(self) -> bool:
        """Whether the CronJob under the cursor is suspended, as last seen."""
        return bool(getattr(getattr(self.grid.cursor_row, "spec", None), "suspend", False))

    def cordoned(self) -> bool:
        """Whether the node under the cursor takes no new pods, as last seen."""
        return bool(getattr(getattr(self.grid.cursor_row, "spec", None), "unschedulable", False))

    def containers(self) -> Sequence[str]:
        """The containers of the pod under the cursor, without those that only prepare it."""
        spec: Any = getattr(self.grid.cursor_row, "spec", None)
        return [each.name for each in spec.containers or ()] if self.view is PODS and spec else []

    def selector(self) -> Mapping[str, str]:
        """By what the Service under the cursor selects its pods, as last seen."""
        row: Any = self.grid.cursor_row
        return (row.spec.selector or {}) if self.view is SERVICES and row is not None else {}

    def switches(self) -> Sequence[str]:
        """``KEY=VALUE`` by which the Service under the cursor would select other pods, the likeliest first."""
        row: Any = self.grid.cursor_row
        if self.view is not SERVICES or row is None:
            return ()
        pods = [pod for pod in self.store.table(PODS.table).rows.values() if context_of(pod) == context_of(row)]
        return services.others(row, pods)

    def toggles(self) -> Sequence[str]:
        """``KEY=VALUE`` for each key of the ConfigMap under the cursor that is a switch, with its opposite."""
        row: Any = self.grid.cursor_row
        if self.view is not CONFIGMAPS or row is None:
            return ()
        return [f"{key}={value.strip()}" for key, value in configmaps.toggles(row.data).items()]

    def allows(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        asked = parameters[0] if action == "act" and parameters else action
        return asked in self.view.keys or asked not in ROW_KEYS

    def drill(self) -> bool:
        """Show the pods of the workload, Service or node under the cursor; False where the row has none."""
        row: Any = self.grid.cursor_row
        if row is None:
            return False
        name, place, context = row.metadata.name, row.metadata.namespace, context_of(row)

        def beside(pod: kube.Pod) -> bool:
            return pod.metadata.namespace == place and context_of(pod) == context

        def said(words: str) -> str:
            return f"{words} in {context}" if context else words

        if self.view.workload:
            wanted = (self.view.kind, name)

            def owned(pod: kube.Pod) -> bool:
                return beside(pod) and owner_workload(pod) == wanted

            self.show_view(PODS, Scope(said(f"{self.view.kind.lower()}/{name}"), owned))
            return True
        if self.view is SERVICES and row.spec.selector:

            def selected(pod: kube.Pod) -> bool:
                return beside(pod) and services.selects(row.spec.selector, pod)

            self.show_view(PODS, Scope(said(f"service/{name}"), selected))
            return True
        if self.view is NODES:
            self.show_view(
                PODS, Scope(said(f"node/{name}"), lambda pod: pod.spec.node_name == name and context_of(pod) == context)
            )
            return True
        return False

    def back(self) -> bool:
        if super().back():
            return True
        if not self._trail:
            return False
        place = self._trail.pop()
        self._go(place.view, place.scope, place.filter_text, place.cursor)
        return True

    def _go(self, view: View, scope: Scope | None, filter_text: str, select: str | None) -> None:
        self._keep_order()
        self.view, self.scope, self.filter_text = view, scope, filter_text
        self.faults_only = False
        self.heading = view.title
        self.follow(view.table, self._columns(), self._orders.get(view.table))
        self._apply_filter()
        self.select(select)
        self.refresh_bindings()

    def _columns(self) -> list[Column[Any]]:
        columns = [column for column in self.view.columns if not column.wide or column.heading in self.view.extra]
        if self.view is PODS and self._usage.is_told:
            columns += self._usage.columns()
        if self.all_namespaces and self.view.namespaced:
            # Without it two rows of one name could not be told apart.
            columns.insert(0, replace(NAMESPACE_COLUMN, rank=0))
        return columns

    def _set_columns(self) -> None:
        self._keep_order()
        self.columns = tuple(self._columns())
        self.grid.replace(self.dressed(), self.table.rows, self._orders.get(self.table.name))

    def _keep_order(self) -> None:
        """Remember the order for when the operator, or the column that it goes by, comes back."""
        if self.grid.sorted_by is not None:
            self._orders[self.table.name] = self.grid.sorted_by


def replicas_of(row: object) -> int | None:
    """The wanted replicas of a workload, as last seen."""
    return getattr(getattr(row, "spec", None), "replicas", None)


def image_of(row: object) -> str:
    """``CONTAINER=IMAGE`` of a workload's first container, or of a pod's; empty where there is none."""
    spec: Any = getattr(row, "spec", None)
    template = getattr(spec, "template", None)
    containers = getattr(template.spec if template else spec, "containers", None)
    return f"{containers[0].name}={containers[0].image}" if containers else ""
