"""Writes log documents to a real Elasticsearch, as a shipper does: in bulk, with ids of the server's choice."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any


def ask(url: str, method: str, path: str, body: Any = None, *, lines: Iterable[Any] | None = None) -> Any:
    """One request, JSON or (with `lines`) newline-delimited JSON, and its answer."""
    data = json.dumps(body).encode() if body is not None else None
    if lines is not None:
        data = "".join(f"{json.dumps(each)}\n" for each in lines).encode()
    kind = "application/x-ndjson" if lines is not None else "application/json"
    request = urllib.request.Request(f"{url}{path}", data, {"Content-Type": kind}, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read() or b"null")


def data_streams(url: str, pattern: str, *, shards: int = 2, mappings: Mapping[str, Any] | None = None) -> None:
    """Make names of this pattern data streams, as Elasticsearch's own templates do for logs."""
    keyword = {"type": "keyword"}
    names = ("namespace", "pod.name", "container.name", "deployment.name")
    properties: dict[str, Any] = {"@timestamp": {"type": "date"}, "message": {"type": "text"}}
    properties |= {"log.level": keyword, "trace.id": keyword}
    properties |= {f"kubernetes.{name}": keyword for name in names}
    template = {
        "settings": {"number_of_shards": shards, "number_of_replicas": 0, "refresh_interval": "100ms"},
        "mappings": {"properties": properties | dict(mappings or {})},
    }
    body = {"index_patterns": [pattern], "data_stream": {}, "priority": 300, "template": template}
    ask(url, "PUT", f"/_index_template/{pattern.replace('*', 'x')}", body)


def document(stamp: str, message: str, *, pod: str, namespace: str = "aurora", **more: Any) -> dict[str, Any]:
    """A document as Filebeat writes it."""
    kubernetes = {"namespace": namespace, "pod": {"name": pod}, "container": {"name": "app"}}
    return {"@timestamp": stamp, "message": message, "kubernetes": kubernetes, **more}


def write(url: str, index: str, documents: Iterable[Mapping[str, Any]], *, refresh: bool = False) -> None:
    """Index documents in bulk; each must be taken."""
    lines: list[Mapping[str, Any]] = []
    for each in documents:
        lines += ({"create": {}}, each)
    answer = ask(url, "POST", f"/{index}/_bulk{'?refresh=true' if refresh else ''}", lines=lines)
    assert not answer["errors"], answer["items"][:2]


def count(url: str, index: str, query: Mapping[str, Any]) -> int:
    """How many documents a query means, by the server's own count."""
    return int(ask(url, "POST", f"/{index}/_count", {"query": query})["count"])
