"""Self-subject reviews: who the user is and what it may do."""

from __future__ import annotations

from aurora_tui.sandbox.kube.access import User
from aurora_tui.sandbox.kube.kinds import Json, Resource
from aurora_tui.sandbox.kube.statuses import bad_request


def review(resource: Resource, body: Json, user: User) -> Json:
    """The review with its status filled in; raises ApiError 400 for one that asks nothing."""
    if body.get("kind") != resource.kind:
        raise bad_request(f"Kind={body.get('kind')} in the body does not match Kind={resource.kind}")
    spec = body.get("spec") or {}
    answer: Json = {"kind": resource.kind, "apiVersion": resource.api_version}
    answer["metadata"] = {"creationTimestamp": None}
    match resource.kind:
        case "SelfSubjectReview":
            return {**answer, "status": {"userInfo": {"username": user.name, "groups": user.groups}}}
        case "SelfSubjectRulesReview":
            if not spec.get("namespace"):
                raise bad_request("no namespace on request")
            return {**answer, "spec": {}, "status": user.rules(spec["namespace"])}
    if ("resourceAttributes" in spec) == ("nonResourceAttributes" in spec):
        raise bad_request("exactly one of nonResourceAttributes or resourceAttributes must be specified")
    asked = spec.get("resourceAttributes")
    allowed = user.admin or (
        asked is not None
        and user.may(asked.get("verb", ""), asked.get("group", ""), asked.get("resource", ""), asked.get("namespace"))
    )
    return {**answer, "spec": spec, "status": {"allowed": allowed}}
