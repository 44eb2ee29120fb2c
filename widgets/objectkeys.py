"""The keys of the objects pane: what inspects the row, and what acts on it, kind by kind."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import BindingType

from widgets.pane import pane_binding
from widgets.tablepane import TRACES, UNDO

OBJECT_KEYS: Sequence[BindingType] = (
    pane_binding("d", "app.inspect('describe')", "Describe", "Describe the object", id="objects.describe"),
    pane_binding("y", "app.inspect('yaml')", "YAML", "The object as YAML, secrets masked", id="objects.yaml"),
    pane_binding("e", "app.inspect('events')", "Events", "Events of the object", id="objects.events"),
    pane_binding(
        "p", "app.previous_logs", "Previous", "Logs of the previous container", id="objects.previous", show=False
    ),
    pane_binding("r", "app.act('restart')", "Restart", "Restart the workload, pod by pod", id="objects.restart"),
    pane_binding("s", "app.act('scale')", "Scale", "Change the number of replicas", id="objects.scale"),
    pane_binding("s", "app.shell", "Shell", "Open a shell in a container of the pod; asks first", id="pods.shell"),
    pane_binding("i", "app.set_image", "Image", "Give the workload's container another image", id="objects.image"),
    pane_binding("ctrl+d", "app.act('delete')", "Delete", "Delete the pod; asks first", id="pods.delete"),
    pane_binding(
        "ctrl+k",
        "app.act('kill')",
        "Kill",
        "End the pod without a grace period; asks first",
        id="pods.kill",
        show=False,
    ),
    pane_binding(
        "ctrl+e",
        "app.act('evict')",
        "Evict",
        "Evict the pod, as far as its disruption budgets allow; asks first",
        id="pods.evict",
        show=False,
    ),
    pane_binding("t", "app.act('trigger')", "Trigger", "Run the CronJob now, once", id="cronjobs.trigger"),
    pane_binding("s", "app.act('suspend')", "Suspend", "Suspend the CronJob, or resume it", id="cronjobs.suspend"),
    pane_binding("r", "app.drain", "Drain", "Cordon the node and evict its pods; asks first", id="nodes.drain"),
    pane_binding("W", "app.canary", "Weight", "Give a canary a share of its Service's pods", id="deployments.canary"),
    pane_binding("c", "app.act('cordon')", "Cordon", "Let no new pods onto the node", id="nodes.cordon"),
    pane_binding(
        "b", "app.switch", "Switch", "Point the Service at other pods, as from blue to green", id="services.switch"
    ),
    pane_binding("f", "app.set_flag", "Flag", "Toggle or set a key of the ConfigMap", id="configmaps.flag"),
    pane_binding(
        "P", "app.act('promote')", "Promote", "End the Rollout's pause, or skip its step", id="rollouts.promote"
    ),
    pane_binding(
        "F",
        "app.act('promote full')",
        "Promote fully",
        "Promote the Rollout at once, without its other steps",
        id="rollouts.full",
    ),
    pane_binding("x", "app.act('abort')", "Abort", "Abort the Rollout's update", id="rollouts.abort"),
    pane_binding("X", "app.act('retry')", "Retry", "Retry the Rollout's aborted update", id="rollouts.retry"),
    UNDO,  # again: a class's own keys hide those that it inherits
    TRACES,
    pane_binding("u", "app.act('uncordon')", "Uncordon", "Let new pods onto the node again", id="nodes.uncordon"),
)
