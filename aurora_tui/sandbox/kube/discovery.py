"""Discovery documents: which groups, versions and resources there are, and the server's version."""

from __future__ import annotations

from itertools import groupby

from aurora_tui.sandbox.kube.kinds import SERVED, Json, Resource, Subresource

VERSION: Json = {
    "major": "1",
    "minor": "32",
    "gitVersion": "v1.32.4",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2025-04-22T16:02:21Z",
    "goVersion": "go1.23.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}

_GROUPS: dict[tuple[str, str], tuple[Resource, ...]] = {
    key: tuple(resources)
    for key, resources in groupby(
        sorted(SERVED, key=lambda r: (r.group, r.version)), key=lambda r: (r.group, r.version)
    )
}


def core_versions(address: str) -> Json:
    """GET /api"""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group_list() -> Json:
    """GET /apis"""
    groups = [_group(group) for group, _ in _GROUPS if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group_document(group: str) -> Json | None:
    """GET /apis/GROUP"""
    if not any(group == known for known, _ in _GROUPS):
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(group)}


def _group(group: str) -> Json:
    versions = [
        {"groupVersion": f"{group}/{version}", "version": version} for known, version in _GROUPS if known == group
    ]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def resource_list(group: str, version: str) -> Json | None:
    """GET /api/v1 and /apis/GROUP/VERSION"""
    resources = _GROUPS.get((group, version))
    if resources is None:
        return None
    rows: list[Json] = []
    for resource in resources:
        rows.append(_row(resource))
        rows.extend(_sub_row(resource, sub) for sub in resource.subresources)
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": rows,
    }


def _row(resource: Resource) -> Json:
    return {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
        **_names(resource),
    }


def _names(resource: Resource) -> Json:
    short = {"shortNames": list(resource.short)} if resource.short else {}
    return {**short, **({"categories": list(resource.categories)} if resource.categories else {})}


def _sub_row(resource: Resource, sub: Subresource) -> Json:
    return {
        "name": f"{resource.plural}/{sub.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        **({"group": sub.group, "version": sub.version} if sub.version else {}),
        "kind": sub.kind,
        "verbs": list(sub.verbs),
    }


def aggregated(core: bool) -> Json:
    """The same, all at once: apidiscovery.k8s.io/v2 APIGroupDiscoveryList, for /api or for /apis."""
    items = [
        {
            "metadata": {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None},
            "versions": [
                {
                    "version": version,
                    "freshness": "Current",
                    "resources": [_aggregated_row(resource) for resource in resources],
                }
            ],
        }
        for (group, version), resources in _GROUPS.items()
        if bool(group) is not core
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated_row(resource: Resource) -> Json:
    subresources = [
        {
            "subresource": sub.name,
            "responseKind": {
                "group": sub.group or resource.group,
                "version": sub.version or resource.version,
                "kind": sub.kind,
            },
            "verbs": list(sub.verbs),
        }
        for sub in resource.subresources
    ]
    return {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.kind.lower(),
        "verbs": list(resource.verbs),
        **_names(resource),
        **({"subresources": subresources} if subresources else {}),
    }
