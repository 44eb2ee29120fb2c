"""Events: what controllers and kubelets report, counted where it repeats."""

from __future__ import annotations

from collections.abc import Callable

from aurora_tui.sandbox.kube.kinds import EVENTS, Json
from aurora_tui.sandbox.kube.objects import ObjectStore
from aurora_tui.sandbox.kube.stamps import micro_stamp, stamp


class Recorder:
    def __init__(self, store: ObjectStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._names: dict[tuple[str, ...], str] = {}
        self._serial = 0

    def report(
        self, obj: Json, kind: str, reason: str, message: str, component: str, host: str = "", field: str = ""
    ) -> None:
        """A core/v1 event as client-go's recorder writes it: repeats raise `count` and `lastTimestamp`."""
        now = stamp(self._clock())
        about = _reference(obj, field)
        key = (about["uid"], field, kind, reason, message)
        namespace = about.get("namespace", "default")
        known = self._store.get(EVENTS, namespace, self._names.get(key, ""))
        if known is not None:
            self._store.replace(EVENTS, {**known, "count": known["count"] + 1, "lastTimestamp": now})
            return
        metadata = self._metadata(obj, namespace)
        self._names[key] = metadata["name"]
        self._store.create(
            EVENTS,
            {
                "kind": "Event",
                "apiVersion": "v1",
                "metadata": metadata,
                "involvedObject": about,
                "reason": reason,
                "message": message,
                "source": {"component": component, **({"host": host} if host else {})},
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "type": kind,
                "eventTime": None,
                "reportingComponent": component,
                "reportingInstance": host,
            },
        )

    def report_action(self, obj: Json, kind: str, reason: str, action: str, message: str) -> None:
        """An event of the newer API, as the scheduler writes them: a precise time, no count, no source."""
        namespace = obj["metadata"].get("namespace", "default")
        self._store.create(
            EVENTS,
            {
                "kind": "Event",
                "apiVersion": "v1",
                "metadata": self._metadata(obj, namespace),
                "involvedObject": _reference(obj, ""),
                "reason": reason,
                "message": message,
                "source": {},
                "firstTimestamp": None,
                "lastTimestamp": None,
                "type": kind,
                "eventTime": micro_stamp(self._clock()),
                "action": action,
                "reportingComponent": "default-scheduler",
                "reportingInstance": "default-scheduler-prod",
            },
        )

    def _metadata(self, obj: Json, namespace: str) -> Json:
        self._serial += 1
        moment = int(self._clock() * 1e9) + self._serial
        return {"name": f"{obj['metadata']['name']}.{moment:x}", "namespace": namespace}


def _reference(obj: Json, field: str) -> Json:
    metadata = obj["metadata"]
    return {
        "kind": obj["kind"],
        **({"namespace": metadata["namespace"]} if "namespace" in metadata else {}),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": obj["apiVersion"],
        "resourceVersion": metadata["resourceVersion"],
        **({"fieldPath": field} if field else {}),
    }
