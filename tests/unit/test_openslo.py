"""OpenSLO v1 files: what becomes an objective, and in which words, at which place, the rest is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from textwrap import dedent, indent

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora_tui.commands.rules import written
from aurora_tui.model.definitions import Objective, ObjectiveKind, Origin, Service
from aurora_tui.model.slo_queries import bad_share, good_share
from aurora_tui.settings import Settings, SettingsError, load_settings

FIVE_MINUTES = timedelta(minutes=5)


def slo(indicator: str, objectives: str = "- target: 0.999", **more: str) -> str:
    spec = {"budgetingMethod": "Occurrences", "service": "shop", **more}
    lines = "\n".join(f"{key}: {value}" for key, value in spec.items())
    targets = indent(dedent(objectives).strip(), "  ")
    body = indent(f"{lines}\n{dedent(indicator).strip()}\nobjectives:\n{targets}\n", "  ")
    return f"apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: checkout}}\nspec:\n{body}"


def metric(query: str, kind: str = "Prometheus") -> str:
    return f"{{metricSource: {{type: {kind}, spec: {{query: '{query}'}}}}}}"


def ratio(good: str, total: str, counter: str = "true", side: str = "good") -> str:
    return (
        f"indicator:\n  metadata: {{name: sli}}\n  spec:\n    ratioMetric:\n      counter: {counter}\n"
        f"      {side}: {metric(good)}\n      total: {metric(total)}\n"
    )


COUNTERS = ratio('sum(http_requests_total{code=~"2..",path!="}"})', "http_requests_total")


def settings_of(folder: Path, *documents: str) -> Settings:
    home = folder / ".config" / "aurora-tui"
    home.mkdir(parents=True, exist_ok=True)
    (home / "slos.yaml").write_text("---\n".join(documents))
    return load_settings(environ={"HOME": str(folder)})


def faults_of(folder: Path, *documents: str) -> list[tuple[int, str, str]]:
    with pytest.raises(SettingsError) as caught:
        settings_of(folder, *documents)
    assert all(fault.file.endswith("slos.yaml") for fault in caught.value.faults)
    return [(fault.line, fault.key, str(fault).partition(": expected ")[2]) for fault in caught.value.faults]


def service_of(settings: Settings, name: str = "shop") -> Service:
    return next(service for service in settings.services if service.name == name)


def objective_of(folder: Path, *documents: str) -> Objective:
    (objective,) = service_of(settings_of(folder, *documents)).objectives
    return objective


def test_counters_become_rates_whose_sums_are_held_against_each_other(tmp_path: Path) -> None:
    objective = objective_of(tmp_path, slo(COUNTERS))

    assert (objective.slug, objective.ratio, objective.origin) == ("checkout", 0.999, Origin.OPENSLO)
    assert good_share(objective, FIVE_MINUTES) == (
        '(sum(rate(http_requests_total{code=~"2..",path!="}"}[5m])) or vector(0)) / sum(rate(http_requests_total[5m]))'
    )


def test_a_query_with_a_template_for_its_range_is_taken_as_it_is(tmp_path: Path) -> None:
    rates = ratio("sum(rate(bad[{{.window}}]))", "sum(rate(all_of_them[${window}])) * 2", "false", "bad")
    objective = objective_of(tmp_path, slo(rates))

    assert bad_share(objective, timedelta(hours=1)) == (
        "(sum(sum(rate(bad[1h]))) or vector(0)) / sum(sum(rate(all_of_them[1h])) * 2)"
    )


def test_services_slis_and_sources_are_found_in_any_document(tmp_path: Path) -> None:
    sli = (
        "apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: answers}\nspec:\n  ratioMetric:\n    counter: true\n"
        "    good: {metricSource: {metricSourceRef: prom, spec: {query: good_total}}}\n"
        "    total: {metricSource: {metricSourceRef: prom, spec: {query: all_total}}}\n"
    )
    source = "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: prom}\nspec: {type: Prometheus}\n"
    title = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: shop, displayName: The Shop}\nspec: {}\n"
    policy = "apiVersion: openslo/v1\nkind: AlertPolicy\nmetadata: {name: wake}\nspec: {conditions: []}\n"
    found = settings_of(tmp_path, slo("indicatorRef: answers"), policy, sli, source, title)

    assert service_of(found).title == "The Shop"
    assert service_of(found).objectives[0].total == "rate(all_total[$window])"


def test_objectives_join_a_service_of_the_settings_and_have_windows_of_their_own(tmp_path: Path) -> None:
    window = "\n  - {duration: 1w, isRolling: true}"
    backend = service_of(settings_of(tmp_path, slo(COUNTERS, service="backend", timeWindow=window)), "backend")

    assert backend.workloads == ("deployment/aurora-backend",)
    assert [each.slug for each in backend.objectives][-2:] == ["throughput", "checkout"]
    assert backend.objectives[-1].window == timedelta(days=7)


def test_several_targets_are_several_objectives(tmp_path: Path) -> None:
    targets = "- {displayName: most, target: 0.9}\n- {displayName: nearly all, targetPercent: 99.9}"
    found = service_of(settings_of(tmp_path, slo(COUNTERS, targets))).objectives

    assert [(each.slug, each.ratio) for each in found] == [("checkout most", 0.9), ("checkout nearly all", 0.999)]


def test_a_ratio_that_is_recorded_by_window_is_used_as_it_is(tmp_path: Path) -> None:
    series = metric("job:err:ratio{{.window}}")
    raw = f"indicator:\n  spec:\n    ratioMetric:\n      rawType: failure\n      raw: {series}"
    objective = objective_of(tmp_path, slo(raw))

    assert bad_share(objective, timedelta(hours=6)) == "max(job:err:ratio6h)"


def test_a_threshold_is_a_budget_of_time(tmp_path: Path) -> None:
    threshold = f"indicator:\n  spec:\n    thresholdMetric: {metric('queue_length')}"
    objective = objective_of(tmp_path, slo(threshold, "- {op: lte, value: 100, target: 0.95}"))

    assert (objective.kind, objective.threshold) == (ObjectiveKind.THRESHOLD, 100)
    assert good_share(objective, timedelta(hours=1)) == (
        "avg_over_time((max(queue_length) <= bool 100)[1h:1m])"
    )  # fmt: skip


def test_files_and_folders_can_be_named_from_where_the_settings_stand(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "one.yaml").write_text(slo(COUNTERS))
    (tmp_path / "two.yml").write_text(slo(COUNTERS).replace("checkout", "search"))
    main = tmp_path / "config.yaml"
    main.write_text("openslo: [team, two.yml]\n")

    assert [each.slug for each in service_of(load_settings(main)).objectives] == ["checkout", "search"]

    main.write_text("theme: aurora\nopenslo: nowhere\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(main)
    assert str(caught.value) == f'{main}:2: openslo: expected a file or a folder with *.yaml files, found "nowhere"'


def test_their_rules_are_written_with_the_others(tmp_path: Path) -> None:
    assert 'service:slo_errors:ratio_rate1h{service="shop", slo="checkout"}' in written(
        settings_of(tmp_path, slo(COUNTERS)), "prometheus"
    )


@pytest.mark.parametrize(
    ("document", "line", "key", "words"),
    [
        (slo(ratio("sum(a) - sum(b)", "c")), 12, "spec.indicator.spec.ratioMetric.good", "a counter, sum(counter)"),
        (slo(ratio("a", "rate(b[{{.window}}])", "false")), 12,
         "spec.indicator.spec.ratioMetric.good", '"counter: true" with a counter'),
        (slo(COUNTERS.replace("Prometheus", "Datadog", 1)), 12,
         "spec.indicator.spec.ratioMetric.good.metricSource.type", 'a source of type Prometheus, found "Datadog"'),
        (slo(COUNTERS, budgetingMethod="Timeslices"), 5, "spec.budgetingMethod", "Occurrences (slices of time"),
        (slo(COUNTERS, "- {target: 1.5}"), 15, "spec.objectives[0].target", "a number above 0 and below 1"),
        (slo(COUNTERS, "- {displayName: x}"), 15, "spec.objectives[0].target", 'either "target" or "targetPercent"'),
        (slo(COUNTERS, "- {target: 0.9, indicatorRef: x}"), 15, "spec.objectives[0].indicatorRef", "one indicator for"),
        (slo("indicatorRef: nobody"), 7, "spec.indicatorRef", 'the name of an SLI in one of the files, found "nobody"'),
        (slo(COUNTERS, timeWindow="\n  - {duration: 1M, isRolling: true}"), 8, "spec.timeWindow[0].duration",
         'a duration such as 500ms, 5m or 30d, found "1M"'),
        (slo(COUNTERS, timeWindow="\n  - {duration: 30d, isRolling: false}"), 8, "spec.timeWindow[0].isRolling",
         "true (a budget by the calendar can't be measured here)"),
        (slo(f"indicator:\n  spec:\n    thresholdMetric: {metric('q')}", "- {op: eq, value: 1, target: 0.9}"), 11,
         "spec.objectives[0].op", 'one of gt, gte, lt, lte, found "eq"'),
        (slo(f"indicator:\n  spec:\n    ratioMetric: {{rawType: success, raw: {metric('r')}}}"), 9,
         "spec.indicator.spec.ratioMetric.raw", "a ratio that is recorded by window, with {{.window}} in its name"),
        (slo(COUNTERS).replace("openslo/v1", "openslo/v2alpha"), 1, "apiVersion", 'found "openslo/v2alpha"'),
        ("apiVersion: openslo/v1\nkind: Slo\nmetadata: {name: x}\n", 2, "kind", "one of Service, SLO, SLI, DataSource"),
        (slo(COUNTERS, service="backend").replace("checkout", "availability"), 3, "metadata.name",
         'a name that backend has no objective by, found "availability"'),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_in_words_where_it_stands(
    document: str, line: int, key: str, words: str, tmp_path: Path
) -> None:
    (fault,) = faults_of(tmp_path, document)

    assert fault[:2] == (line, key)
    assert words in fault[2]


def test_a_file_of_settings_is_one_document(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "theme: aurora\n", "theme: aurora\n") == [
        (3, "", "one YAML document in a file of settings, found another one after ---")
    ]


WORDS = [
    "metadata",
    "name",
    "spec",
    "service",
    "indicator",
    "indicatorRef",
    "ratioMetric",
    "thresholdMetric",
    "counter",
    "good",
    "bad",
    "total",
    "raw",
    "rawType",
    "metricSource",
    "type",
    "query",
    "objectives",
    "target",
    "targetPercent",
    "op",
    "value",
    "timeWindow",
    "duration",
    "isRolling",
    "budgetingMethod",
]
scalars = st.sampled_from([None, True, 0, 0.99, 99.9, -1, "", "x", "a{b", "success", "Timeslices", "lt", "30d", "1M"])
values = st.recursive(
    scalars, lambda inner: st.dictionaries(st.sampled_from(WORDS), inner) | st.lists(inner, max_size=2), max_leaves=12
)


@given(st.dictionaries(st.sampled_from(WORDS), values), st.sampled_from(["SLO", "SLI", "Service", "DataSource"]))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_a_document_holds_is_read_or_refused_in_words(
    tmp_path: Path, body: dict[str, object], kind: str
) -> None:
    document = yaml.safe_dump({**body, "apiVersion": "openslo/v1", "kind": kind})
    try:
        settings_of(tmp_path, slo(COUNTERS), document)
    except SettingsError as refused:
        assert all(fault.expected and fault.line for fault in refused.faults)
