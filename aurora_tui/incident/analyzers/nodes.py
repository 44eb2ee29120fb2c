"""Nodes that are not ready, or short of something, and run pods of the namespace."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST, pod_ref
from aurora_tui.incident.situation import Situation
from aurora_tui.model.ages import stamp
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.pod_trouble import is_ready
from aurora_tui.model.selection import ObjectRef

_SHORT = frozenset({"DiskPressure", "PIDPressure", "NetworkUnavailable"})


def analyze(situation: Situation) -> Iterator[Finding]:
    for node in situation.nodes:
        ref = ObjectRef("Node", None, node.metadata.name, node.metadata.uid)
        pods = [pod for pod in situation.pods if pod.spec.node_name == ref.name and pod.status.phase != "Succeeded"]
        if not pods:
            continue
        for each in node.status.conditions or ():
            since = stamp(each.last_transition_time)
            if each.type == "Ready" and each.status != "True":
                told = Evidence(f"{ref}: Ready is {each.status}: {each.reason}: {each.message or ''}", ref, since)
            elif each.type in _SHORT and each.status == "True":
                told = Evidence(f"{ref}: {each.type}: {each.reason}", ref, since)
            else:
                continue
            lost = [pod for pod in pods if not is_ready(pod)]
            held = [Evidence(f"{pod.metadata.name} is on it and not ready", pod_ref(pod)) for pod in lost[:MOST]]
            ready = len(pods) - len(lost)
            against = [Evidence(f"{ready} of the pods on it are ready", ref, against=True)] if ready else []
            hints = {"cordoned": 1} if node.spec.unschedulable else {}
            if each.type == "Ready" and each.status == "Unknown":
                hints["silent"] = 1
            words = f"{ref} is not ready: {len(pods)} pods of the namespace are on it"
            if each.type != "Ready":
                words = f"{ref} has {each.type}: {len(pods)} pods of the namespace are on it"
            weight = 0.9 if each.type == "Ready" else 0.7
            yield Finding(Cause.NODE, ref, words, (told, *held, *against), weight, since, hints)
            break
