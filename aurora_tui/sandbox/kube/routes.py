"""What a URL path of the API asks for."""

from __future__ import annotations

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import NAMESPACES, NOT_SIMULATED, NOT_SIMULATED_CORE, Resource, find
from aurora_tui.sandbox.kube.statuses import no_such_path, not_implemented


class Route(Frozen):
    """One resource, collection or subresource; `namespace` None is all of them (or none to have)."""

    resource: Resource
    namespace: str | None = None
    name: str = ""
    subresource: str = ""
    rest: str = ""
    """What follows the subresource: the path that a proxy is to pass on."""

    @property
    def key_namespace(self) -> str:
        """The namespace as the object store knows it: empty for cluster-scoped objects."""
        return self.namespace or ""


def read_path(path: str) -> Route:
    """Raises ApiError 404 for what is no API path, 501 for real APIs that are not simulated."""
    match path.strip("/").split("/"):
        case ["api", "v1", *rest]:
            group, version = "", "v1"
        case ["apis", group, version, *rest]:
            pass
        case _:
            raise no_such_path()
    if not rest:
        raise no_such_path()
    namespace: str | None = None
    if rest[0] == "namespaces" and len(rest) > 2 and not _of_namespace(group, rest[2]):
        namespace, rest = rest[1], rest[2:]
    if namespace == "":
        raise no_such_path()
    resource = find(group, version, rest[0])
    if resource is None:
        if group in NOT_SIMULATED or (not group and rest[0] in NOT_SIMULATED_CORE):
            raise not_implemented(f"{rest[0]}.{group}" if group else rest[0])
        raise no_such_path()
    name, subresource, *more = (*rest[1:3], "", "")[:2] + tuple(rest[3:])
    if resource.namespaced != (namespace is not None) and (name or namespace is not None):
        raise no_such_path()
    return Route(resource, namespace, name, subresource, "/".join(more))


def _of_namespace(group: str, part: str) -> bool:
    """``/api/v1/namespaces/x/status`` speaks of the namespace itself, not of something in it."""
    return not group and (part == "finalize" or NAMESPACES.subresource(part) is not None)
