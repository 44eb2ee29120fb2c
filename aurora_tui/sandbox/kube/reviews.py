"""Self-subject reviews: who the operator is and what it may do, which in the sandbox is everything."""

from __future__ import annotations

from aurora_tui.sandbox.kube.kinds import Json, Resource
from aurora_tui.sandbox.kube.statuses import bad_request

USERNAME = "demo-operator"
_GROUPS = ["system:masters", "system:authenticated"]
_EVERYTHING = ["*"]


def review(resource: Resource, body: Json) -> Json:
    """The review with its status filled in; raises ApiError 400 for one that asks nothing."""
    if body.get("kind") != resource.kind:
        raise bad_request(f"Kind={body.get('kind')} in the body does not match Kind={resource.kind}")
    spec = body.get("spec") or {}
    answer: Json = {"kind": resource.kind, "apiVersion": resource.api_version}
    answer["metadata"] = {"creationTimestamp": None}
    match resource.kind:
        case "SelfSubjectReview":
            return {**answer, "status": {"userInfo": {"username": USERNAME, "groups": _GROUPS}}}
        case "SelfSubjectRulesReview":
            rules = {"verbs": _EVERYTHING, "apiGroups": _EVERYTHING, "resources": _EVERYTHING}
            urls = {"verbs": _EVERYTHING, "nonResourceURLs": _EVERYTHING}
            status = {"resourceRules": [rules], "nonResourceRules": [urls], "incomplete": False}
            return {**answer, "spec": {}, "status": status}
    if ("resourceAttributes" in spec) == ("nonResourceAttributes" in spec):
        raise bad_request("exactly one of nonResourceAttributes or resourceAttributes must be specified")
    return {**answer, "spec": spec, "status": {"allowed": True}}
