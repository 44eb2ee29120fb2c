"""The scheduler: which node a pod goes to, or why none will have it."""

from __future__ import annotations

from collections import Counter

from aurora_tui.sandbox.kube.kinds import NODES, PODS, Json
from aurora_tui.sandbox.kube.objects import ObjectStore
from aurora_tui.sandbox.kube.podstate import has_ended
from aurora_tui.sandbox.kube.selectors import labels_of

_NODE_NAME = "metadata.name"


def pinned(spec: Json, node: str) -> Json:
    """A pod spec bound to one node by affinity, cordoned or not: how DaemonSet pods are made."""
    term = {"matchFields": [{"key": _NODE_NAME, "operator": "In", "values": [node]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    toleration = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"}
    return {
        **spec,
        "affinity": {"nodeAffinity": required},
        "tolerations": [*(spec.get("tolerations") or ()), toleration],
    }


def node_of(pod: Json) -> str:
    """The node that a pod is on, or is pinned to."""
    return str(pod["spec"].get("nodeName") or _pin(pod))


def _pin(pod: Json) -> str:
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or ()
    for term in terms:
        for field in term.get("matchFields") or ():
            if field["key"] == _NODE_NAME and field["values"]:
                return str(field["values"][0])
    return ""


def _untolerated(node: Json, pod: Json) -> str:
    """The key of a taint that keeps the pod away; the mark of a cordoned node is looked at before."""
    tolerations = pod["spec"].get("tolerations") or ()
    for taint in node["spec"].get("taints") or ():
        if taint["effect"] != "NoSchedule" or taint["key"] == "node.kubernetes.io/unschedulable":
            continue
        if not any(
            each.get("key") in (None, taint["key"]) and each.get("effect") in (None, taint["effect"])
            for each in tolerations
        ):
            return str(taint["key"])
    return ""


def choose_node(store: ObjectStore, pod: Json) -> tuple[str, str]:
    """A node's name and an empty text, or no name and the scheduler's words for why.

    Nodes are told apart by cordon and nodeSelector only; pods of one app are spread.
    """
    nodes = store.items(NODES)
    if pin := _pin(pod):
        known = any(node["metadata"]["name"] == pin for node in nodes)
        return (pin, "") if known else ("", f"0/{len(nodes)} nodes are available")
    selector = pod["spec"].get("nodeSelector") or {}
    tolerant = any(
        each.get("operator") == "Exists" and each.get("key") in (None, "node.kubernetes.io/unschedulable")
        for each in pod["spec"].get("tolerations") or ()
    )
    reasons: Counter[str] = Counter()
    fitting: list[str] = []
    for node in nodes:
        if node["spec"].get("unschedulable") and not tolerant:
            reasons["node(s) were unschedulable"] += 1
        elif taint := _untolerated(node, pod):
            reasons[f"node(s) had untolerated taint {{{taint}: }}"] += 1
        elif not selector.items() <= dict(labels_of(node)).items():
            reasons["node(s) didn't match Pod's node affinity/selector"] += 1
        else:
            fitting.append(node["metadata"]["name"])
    if not fitting:
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        return "", (
            f"0/{len(nodes)} nodes are available: {told}. preemption: 0/{len(nodes)} nodes are available: "
            f"{len(nodes)} Preemption is not helpful for scheduling."
        )
    app, busy = labels_of(pod).get("app"), Counter[str]()
    for other in store.items(PODS):
        if (node_name := other["spec"].get("nodeName")) and not has_ended(other):
            busy[node_name] += 1 + 100 * (app is not None and labels_of(other).get("app") == app)
    return min(fitting, key=lambda name: (busy[name], name)), ""
