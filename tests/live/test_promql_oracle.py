"""The sandbox's PromQL against a real Prometheus that holds the same samples.

Needs ``prometheus`` and ``promtool`` on PATH (Debian package ``prometheus``).
"""

from __future__ import annotations

import json
import math
import random
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.sandbox.promql import Matrix, evaluate, evaluate_range
from aurora_tui.sandbox.promql_lexer import PromqlError
from aurora_tui.sandbox.promql_values import Vector
from aurora_tui.sandbox.series import SeriesStore
from aurora_tui.sandbox.traffic import JOBS, Labels, Replica, Traffic
from tests.live.processes import free_ports

START = 1_700_000_000_000
STEP = 15_000
SPAN = 3_600_000
RELEASE = START + SPAN - 540_000

EXPRESSIONS = [
    "up",
    'http_requests_total{job="aurora-backend",code=~"5.."}',
    'http_requests_total{job!~"aurora-(frontend|keycloak)",method!="GET"}',
    "rate(http_requests_total[5m])",
    "rate(http_requests_total[17s])",
    "increase(http_requests_total[3m] offset 7m)",
    "irate(http_requests_total[1m])",
    "sum by (job) (rate(http_requests_total{code='500'}[5m])) / sum by (job) (rate(http_requests_total[5m]))",
    "histogram_quantile(0.95, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m])))",
    "histogram_quantile(0.5, rate(http_request_duration_seconds_bucket[2m]))",
    "histogram_quantile(1.5, http_request_duration_seconds_bucket)",
    "sum without (le, code) (http_requests_total)",
    "topk(2, sum by (job, code) (http_requests_total))",
    "bottomk(1, rate(http_request_duration_seconds_sum[5m]))",
    "quantile(0.3, http_requests_total)",
    "stddev by (job) (http_requests_total)",
    "count_values by (job) ('n', up)",
    "count(http_requests_total) by (method)",
    "rate(odd_counter[5m])",
    "increase(odd_counter[2m])",
    "resets(odd_counter[10m])",
    "changes(odd_gauge[10m])",
    "delta(odd_gauge[5m])",
    "idelta(odd_gauge[5m])",
    "deriv(odd_gauge[10m])",
    "predict_linear(odd_gauge[10m], 600)",
    "avg_over_time(odd_gauge[5m])",
    "min_over_time(odd_gauge[5m]) or max_over_time(odd_counter[5m])",
    "stddev_over_time(odd_gauge[5m])",
    "quantile_over_time(0.9, odd_gauge[10m])",
    "last_over_time(odd_gauge[10m])",
    "count_over_time(odd_gauge[10m])",
    "present_over_time(odd_gauge[1m])",
    "odd_gauge",
    "max_over_time(rate(odd_counter[1m])[10m:30s])",
    "sum_over_time(odd_gauge[5m:20s] offset 1m)",
    "absent(up{job='none',instance='x'})",
    "absent_over_time(none{job='a'}[5m])",
    "absent(up)",
    "up == bool 1",
    "2 < bool 1",
    "http_requests_total / ignoring(code,method) group_left sum without (code, method) (http_requests_total)",
    "sum by (job) (http_requests_total) * on (job) group_right () up",
    "up and on (job) http_requests_total{code='200',method='GET'} > 5000",
    "up unless on (job) http_requests_total",
    "-up + 2 ^ 3 ^ 0.5 * 3 % 2",
    "1 / 0 - 1 / 0",
    "odd_gauge % 7 > -3",
    "clamp(odd_gauge, 10, 20)",
    "clamp_max(clamp_min(odd_gauge, 10), 20)",
    "round(odd_gauge, 0.25) + round(odd_gauge) + ceil(odd_gauge) + floor(odd_gauge)",
    "ln(odd_gauge) + log2(odd_gauge) + log10(odd_gauge) + sqrt(odd_gauge) + exp(odd_gauge) + sgn(odd_gauge)",
    "label_replace(up, 'short', '$1-x', 'job', 'aurora-(.*)')",
    "label_replace(up, 'job', '', 'job', '.*')",
    "scalar(sum(up)) + time()",
    "vector(1) + scalar(up)",
    "timestamp(odd_gauge)",
    "sort_desc(sum by (job) (http_requests_total))",
    "odd_gauge[2m]",
    "'text'",
    "0x1F + 1e3 + .5 + Inf",
]
FAULTS = [
    "rate(up)",
    "sum by (job (up)",
    "up{job=",
    "nope(up)",
    "1 == 1",
    "up and 1",
    "{job=~'.*'}",
    "rate(up[5m]",
    "up[5m] + 1",
    "up offset",
    "http_requests_total + on (job) up",
    "up + on (job) http_requests_total",
    "up + on (job) group_left (job) http_requests_total",
    "label_replace(up, 'instance', 'x', 'job', '.*') + label_replace(up, 'job', 'x', 'job', '.*'",
    "label_replace(http_requests_total, 'code', '', 'code', '.*')",
    "topk(up)",
    "'abc",
    "5m",
]


def recorded() -> tuple[SeriesStore, str]:
    """An hour of traffic with a bad release near its end, a resetting counter and a gauge with gaps."""
    store, traffic, dice = SeriesStore(), Traffic(seed=3), random.Random(3)
    lines: list[str] = []

    def write(labels: Labels, stamp: int, value: float) -> None:
        texts = dict(labels)
        name = texts.pop("__name__")
        pairs = ",".join(f'{key}="{text}"' for key, text in texts.items())
        lines.append(f"{name}{{{pairs}}} {value!r} {stamp / 1000}")

    for stamp in range(START, START + SPAN + 1, STEP):
        image = "aurora/backend:2.4.1" if stamp >= RELEASE else "aurora/backend:2.4.0"
        pods = {job: [Replica(image if job == "aurora-backend" else job, True)] * 3 for job in JOBS}
        traffic.advance(STEP / 1000, pods)
        samples = list(traffic.samples())
        store.scrape(stamp, samples)
        for labels, value in samples:
            write(labels, stamp, value)
    counter = 1.0
    for stamp in range(START + 4_321, START + SPAN - 60_000, 13_000):
        counter = 0.5 if dice.random() < 0.05 else counter + dice.random()
        odd = ((("__name__", "odd_counter"), ("kind", "resets")), counter)
        gauge = (
            (("__name__", "odd_gauge"), ("kind", "gaps")),
            15 * math.sin(stamp / 200_000) + dice.random(),
        )
        for labels, value in (odd, gauge)[: 1 if dice.random() < 0.4 else 2]:
            store.append(labels, stamp, value)
            write(labels, stamp, value)
    return store, "\n".join(lines) + "\n# EOF\n"


class Oracle:
    def __init__(self, address: str) -> None:
        self._address = address

    def get(self, path: str, **parameters: object) -> dict[str, Any]:
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self._address}{path}?{query}", timeout=10) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SeriesStore, Oracle]]:
    for program in ("prometheus", "promtool"):
        assert shutil.which(program), f"{program} is not on PATH"
    folder: Path = tmp_path_factory.mktemp("prometheus")
    store, text = recorded()
    (folder / "samples").write_text(text)
    (folder / "prometheus.yml").write_text("global: {evaluation_interval: 15s}\n")
    data = folder / "data"
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", folder / "samples", data], check=True
    )
    (port,) = free_ports(1)
    server = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={data}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]
    )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/-/ready", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert time.monotonic() < deadline and server.poll() is None, "prometheus did not start"
                time.sleep(0.1)
        yield store, Oracle(address)
    finally:
        server.terminate()
        server.wait()


def comparable(data: Any) -> Any:
    """A result of the API as labels -> list of (second, value)."""
    if data["resultType"] in ("scalar", "string"):
        return data["result"][1]
    return {
        tuple(sorted(item["metric"].items())): [
            (stamp, float(value)) for stamp, value in item.get("values", [item.get("value")])
        ]
        for item in data["result"]
    }


def ours(value: float | str | Vector | Matrix, now: int) -> Any:
    if isinstance(value, str | float):
        return str(value)
    if isinstance(value, Matrix):
        return {track.labels: [(stamp / 1000, number) for stamp, number in track.points] for track in value.tracks}
    return {labels: [(now / 1000, number)] for labels, number in value}


def assert_same(mine: Any, theirs: Any, where: str) -> None:
    if isinstance(theirs, str):
        assert mine == theirs or float(mine) == pytest.approx(float(theirs), nan_ok=True), where
        return
    assert mine.keys() == theirs.keys(), where
    for labels, points in theirs.items():
        assert [stamp for stamp, _ in mine[labels]] == pytest.approx([stamp for stamp, _ in points]), where
        values = [value for _, value in points]
        got = [value for _, value in mine[labels]]
        assert got == pytest.approx(values, rel=1e-9, abs=1e-12, nan_ok=True), f"{where} {labels}"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_query_gives_what_prometheus_gives(expression: str, history: tuple[SeriesStore, Oracle]) -> None:
    store, oracle = history
    for now in (START + 600_000, START + SPAN - 30_000, START + SPAN + 200_001):
        answer = oracle.get("/api/v1/query", query=expression, time=now / 1000)
        assert answer["status"] == "success", answer
        assert_same(ours(evaluate(store, expression, now), now), comparable(answer["data"]), f"at {now}")


@pytest.mark.parametrize("expression", [e for e in EXPRESSIONS if e not in ("odd_gauge[2m]", "'text'")])
def test_a_range_gives_what_prometheus_gives(expression: str, history: tuple[SeriesStore, Oracle]) -> None:
    store, oracle = history
    start, end, step = START - 60_000, START + SPAN + 600_000, 177_000
    answer = oracle.get("/api/v1/query_range", query=expression, start=start / 1000, end=end / 1000, step=step / 1000)
    assert answer["status"] == "success", answer
    assert_same(ours(evaluate_range(store, expression, start, end, step), 0), comparable(answer["data"]), "range")


@pytest.mark.parametrize("expression", FAULTS)
def test_what_prometheus_refuses_is_refused_likewise(expression: str, history: tuple[SeriesStore, Oracle]) -> None:
    store, oracle = history
    answer = oracle.get("/api/v1/query", query=expression, time=(START + SPAN) / 1000)
    with pytest.raises(PromqlError) as refused:
        evaluate(store, expression, START + SPAN)
    assert refused.value.kind == answer["errorType"], answer["error"]
