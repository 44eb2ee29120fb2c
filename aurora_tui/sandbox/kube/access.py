"""The users of the sandbox and what they may do: much as Kubernetes' own ClusterRoles view and edit have it."""

from __future__ import annotations

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import NAMESPACES, READ, REVIEWS, SECRETS, STORED, Json
from aurora_tui.sandbox.kube.routes import Route
from aurora_tui.sandbox.kube.statuses import ApiError, details

_EVERYTHING = ["*"]
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}


class User(Frozen):
    """Who a token stands for; `context` is the name of its context in the kubeconfig.

    Everybody but an administrator has the role view in all namespaces, which is no right to see nodes or
    secrets, and the role edit in those that `edits` names.
    """

    name: str
    context: str
    admin: bool = False
    edits: frozenset[str] = frozenset()

    @property
    def groups(self) -> list[str]:
        return [*(["system:masters"] if self.admin else []), "system:authenticated"]

    def may(self, verb: str, group: str, plural: str, namespace: str | None) -> bool:
        """Whether a verb is allowed on a resource; in all namespaces without one."""
        if self.admin:
            return True
        found = next((each for each in STORED if (each.group, each.plural) == (group, plural)), None)
        if found is NAMESPACES:
            return verb in READ
        if group == "metrics.k8s.io":
            return verb in READ and plural == "pods"
        if found is None or not found.namespaced:
            return False
        edits = namespace in self.edits
        if found is SECRETS:
            return edits
        return verb in READ or (edits and verb in _WRITE)

    def rules(self, namespace: str) -> Json:
        """The status of a SelfSubjectRulesReview."""
        if self.admin:
            resources = [{"verbs": _EVERYTHING, "apiGroups": _EVERYTHING, "resources": _EVERYTHING}]
            urls = [{"verbs": _EVERYTHING, "nonResourceURLs": _EVERYTHING}]
        else:
            resources = [
                {"verbs": verbs, "apiGroups": [each.group], "resources": [each.plural]}
                for each in STORED
                if (verbs := [verb for verb in (*READ, *_WRITE) if self.may(verb, each.group, each.plural, namespace)])
            ]
            urls = [{"verbs": ["get"], "nonResourceURLs": ["/version", "/healthz", "/livez", "/readyz"]}]
        return {"resourceRules": resources, "nonResourceRules": urls, "incomplete": False}


OPERATOR = User("demo-operator", "prod", admin=True)
VIEWER = User("demo-viewer", "viewer")
DEVELOPER = User("demo-developer", "developer", edits=frozenset({"monitoring"}))
USERS = (OPERATOR, VIEWER, DEVELOPER)


def check(user: User, route: Route, method: str, *, watch: bool) -> None:
    """Raises ApiError 403, worded as the API server words it, for what the user may not do."""
    resource = route.resource
    if resource in REVIEWS:  # the role system:basic-user
        return
    verb = _verb(route, method, watch=watch)
    if user.may(verb, resource.group, resource.plural, route.namespace):
        return
    what = f"{resource.plural}/{route.subresource}" if route.subresource else resource.plural
    place = f' in the namespace "{route.namespace}"' if route.namespace else " at the cluster scope"
    why = f'User "{user.name}" cannot {verb} resource "{what}" in API group "{resource.group}"{place}'
    name = f' "{route.name}"' if route.name else ""
    text = f"{resource.qualified}{name} is forbidden: {why}"
    raise ApiError(403, "Forbidden", text, details(resource, route.name))


def _verb(route: Route, method: str, *, watch: bool) -> str:
    if route.subresource == "exec":  # whatever it is opened with, since 1.35
        return "create"
    if method == "GET" and not route.name:
        return "watch" if watch else "list"
    if method == "DELETE" and not route.name:
        return "deletecollection"
    return _VERBS.get(method, method.lower())
