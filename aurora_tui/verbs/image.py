"""Set image: give containers of a workload's template other images, as ``kubectl set image`` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora_tui.cluster.protocol import JSON_PATCH, STRATEGIC_PATCH
from aurora_tui.cluster.resources import Resource
from aurora_tui.model import revisions
from aurora_tui.model.actions import Action, Params, PatchRequest, Verb
from aurora_tui.verbs.base import Draft, Inverse, Refusal, Rolling, View, own_template, strategy_warnings

_SECTIONS = ("initContainers", "containers")
EVERY = "*"
"""In place of a container's name: all of them."""


class Image(Rolling):
    verb = Verb.IMAGE
    kinds = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")

    async def draft(self, view: View, params: Params) -> Draft:
        """`params`: container name, or ``*``, -> image."""
        template = own_template(view)
        now = revisions.images(template)
        wanted = _wanted(now, params, view.label)
        changed = {name: image for name, image in wanted.items() if now[name] != image}
        if not changed:
            raise Refusal(f"{view.label} already runs {', '.join(sorted(set(wanted.values())))}: nothing to change")
        words = ", ".join(f"{name} from {now[name]} to {image}" for name, image in changed.items())
        warnings = list(strategy_warnings(view.live))
        if view.live["spec"].get("paused"):
            warnings.insert(0, "its rollout is paused: pods change only after it is resumed")
        return Draft(
            params=changed,
            request=_request(view.resource, template, changed),
            effect=f"sets the image of {view.label}: {words}",
            warnings=tuple(warnings),
        )

    def basis(self, item: Mapping[str, Any]) -> Any:
        return revisions.plain_template(item["spec"]["template"])

    def state(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {"images": revisions.images(item["spec"]["template"])}

    def inverse(self, action: Action) -> Inverse | None:
        before = action.before.get("images") or {}
        earlier = {name: before[name] for name in action.params if name in before}
        return (Verb.IMAGE, earlier) if earlier else None


def _wanted(now: Mapping[str, str], params: Params, label: str) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for name, image in params.items():
        if not isinstance(image, str) or not image.strip() or any(letter.isspace() for letter in image):
            raise Refusal(f"{image!r} is no image")
        if name == EVERY:
            wanted |= dict.fromkeys(now, image)
        elif name in now:
            wanted[name] = image
        else:
            raise Refusal(f"{label} has no container {name} (there is: {', '.join(now)})")
    if not wanted:
        raise Refusal("say which container gets which image, e.g. backend=aurora/backend:2.4.0")
    return wanted


def _request(resource: Resource, template: Mapping[str, Any], images: Mapping[str, str]) -> PatchRequest:
    if not resource.product:
        return PatchRequest(STRATEGIC_PATCH, _body(template, images))
    # Of a custom resource no list is merged by name; the resourceVersion holds the places.
    operations = [
        {"op": "replace", "path": f"/spec/template/spec/{section}/{index}/image", "value": images[each["name"]]}
        for section in _SECTIONS
        for index, each in enumerate(template["spec"].get(section) or ())
        if each["name"] in images
    ]
    return PatchRequest(JSON_PATCH, operations)


def _body(template: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, Any]:
    # Lists of containers are merged by name.
    spec = {
        section: patched
        for section in _SECTIONS
        if (
            patched := [
                {"name": each["name"], "image": images[each["name"]]}
                for each in template["spec"].get(section) or ()
                if each["name"] in images
            ]
        )
    }
    return {"spec": {"template": {"spec": spec}}}
