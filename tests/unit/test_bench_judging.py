"""What the harness makes of its measurements: growth over time and with the cluster, and lines that are missing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import yaml

from tests.bench.bench import Bench
from tests.bench.churn import restarted
from tests.bench.figures import Figure, Verdict
from tests.bench.growth import compare
from tests.bench.samplepods import pod
from tests.bench.server import Target
from tests.bench.soak import Sample, growth
from tests.bench.topics import topics
from tests.bench.topics.churn import at_rate, told
from tests.bench.topics.logs import dropped, gaps, last_of, numbered


def soaked(*memory: float) -> list[Sample]:
    return [Sample(20.0 * (number + 1), each, 5.0, 900.0) for number, each in enumerate(memory)]


def test_what_fills_up_in_the_warm_up_is_no_growth() -> None:
    assert growth(soaked(80, 100, *[110] * 9)) == 0


def test_memory_that_creeps_up_is_growth() -> None:
    assert growth(soaked(*[100 + number for number in range(12)])) == 6


def test_one_peak_is_no_growth() -> None:
    assert growth(soaked(100, 100, 100, 100, 100, 100, 100, 100, 100, 140, 100, 100)) == 0


def test_growth_with_the_cluster() -> None:
    before = [Figure("start: peak memory", [100.0], "MB"), Figure("cursor key: bytes", [250.0], "B")]
    after = [Figure("start: peak memory", [390.0], "MB"), Figure("cursor key: bytes", [400.0], "B")]
    memory, key = compare([*before, Figure("only here", [1.0], "s")], after, (5000, 20_000))
    assert (memory.value, memory.verdict) == (3.9, Verdict.KEPT)
    assert (key.value, key.verdict, key.remark) == (1.6, Verdict.MISSED, "250 -> 400")


def test_lines_of_a_saved_log_are_counted_by_pod() -> None:
    held = numbered(
        [
            "chatty-7d9-a INFO  GET /api/orders  n=7 status=200 ms=12",
            'chatty-7d9-b {"n": 8, "msg": "GET /health", "level": "info"}',
            "a line of another kind",
            "chatty-7d9-a INFO  GET /api/orders  n=9 status=200 ms=12",
        ]
    )
    assert held == [("chatty-7d9-a", 7), ("chatty-7d9-b", 8), ("chatty-7d9-a", 9)]
    assert last_of(held) == {"chatty-7d9-a": 9, "chatty-7d9-b": 8}
    assert gaps(held) == 1
    assert gaps([*held, ("chatty-7d9-a", 8), ("chatty-7d9-a", 9)]) == 1


def test_the_screen_says_how_many_lines_were_dropped() -> None:
    assert dropped(" Logs deployment/chatty  following · 252,238 lines dropped") == 252_238
    assert dropped(" Logs deployment/chatty  following") == 0


def test_a_change_is_what_a_kubelet_writes_after_a_restart() -> None:
    [change] = restarted(pod(3), 5, datetime(2026, 1, 2, tzinfo=UTC))
    status = change["value"]
    assert (change["path"], status["restartCount"], status["ready"]) == ("/status/containerStatuses/0", 5, True)
    assert status["state"]["running"]["startedAt"] == "2026-01-02T00:00:00Z"
    assert status["lastState"]["terminated"]["finishedAt"] == "2026-01-02T00:00:00Z"


def test_topics_stand_in_their_order() -> None:
    assert list(topics()) == ["start", "cursor", "quiet", "churn", "slowline", "filtering", "logs"]


def test_cpu_at_a_rate_that_was_not_reached_is_scaled_up_and_said() -> None:
    assert (at_rate(6.0, 100.0, 200.0), at_rate(6.0, 210.0, 200.0)) == (12.0, 6.0)
    assert told(6.0, 100.0, 200.0) == "6.0 % at 100 changes/s, scaled: the machine gave no more"
    assert told(6.0, 199.0, 200.0) == "at 199 changes/s"


def test_the_program_is_measured_with_the_signals_as_shipped(tmp_path: Path) -> None:
    given = tmp_path / "config.yaml"
    given.write_text("namespaces: [aurora]\nsignals: {interval: 2s}\n")
    command = Bench(Target("kubeconfig", "prod", "kubectl"), str(given), home=tmp_path / "home").command()
    assert yaml.safe_load(Path(command[command.index("--config") + 1]).read_text()) == {"namespaces": ["aurora"]}
    assert given.read_text().endswith("signals: {interval: 2s}\n")
