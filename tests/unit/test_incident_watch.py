"""What the timeline takes in by itself, and when an incident is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aurora_tui.incident.calm import Calm, unrest
from aurora_tui.incident.postmortem import draft
from aurora_tui.incident.watch import action_facts, alert_facts, change_facts
from aurora_tui.journal import Entry, Operator, Preview
from aurora_tui.model.actions import Action, Outcome, Recovery, Rollout, Target, Verb, Verdict
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.burn import Burns
from aurora_tui.model.changes import Change, ChangeKind
from aurora_tui.model.definitions import ObjectiveKind, Service
from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.frozen import replace
from aurora_tui.model.incidents import Incident, fold
from aurora_tui.model.onset import Shortfall
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.slo import SloReading, SloState
from aurora_tui.settings import load_settings
from aurora_tui.store import Store

NAME = "20260101-0300-x-ab12"
BACKEND = ObjectRef("Deployment", "shop", "backend")
PROCEDURE = next(each for each in load_settings(environ={"HOME": "/nowhere"}).checklists if each.name == "emergency")


def fact(number: int, kind: FactKind, at: float, **body: Any) -> Fact:
    return Fact(NAME, "alice-1", number, at, "alice", kind, body)


OPENING = fact(
    1, FactKind.OPENED, 1000.0, title="It burns", severity="sev1", context="prod", namespace="shop", alert="Fire",
    service="backend", ref=["Deployment", "shop", "backend"], onset=900.0,
)  # fmt: skip


def incident(*facts: Fact) -> Incident:
    found = fold([OPENING, *facts])
    assert found is not None
    return found


def alert(name: str, state: AlertState, service: str | None = "backend", severity: str = "warning") -> Alert:
    return Alert(f"{name:0>16}", name, state, severity, 900.0, "it is hot", {}, {}, service, ended=950.0)


def entry(outcome: Outcome = Outcome.DONE, verdict: Verdict | None = None, **changed: Any) -> Entry:
    target = Target(changed.pop("context", "prod"), "shop", "Deployment", "backend", "uid", "7")
    action = Action(changed.pop("verb", Verb.UNDO), target, {"revision": 2}, {}, {})
    whole: dict[str, Any] = {
        "id": 5, "started_at": 1010.0, "action": action, "reason": "OPS-1", "outcome": outcome,
        "message": "rolled back",
        "operator": Operator("alice", "alice@example.org", "bastion", ""), "finished_at": 1011.0, "verdict": verdict,
        "preview": Preview("", ("an HPA will override it",)), "generation": 1, "part_of": "", "process": None,
        "program": "", "resource_version": "", "verdict_at": 1060.0, "facts": (),
    }  # fmt: skip
    return Entry(**{**whole, **changed})


def test_alerts_of_the_service_and_critical_ones_of_nobody_are_taken_in() -> None:
    told = dict_of(
        alert_facts(
            incident(),
            [
                alert("Fire", AlertState.FIRING),
                alert("Smoke", AlertState.RESOLVED),
                alert("Elsewhere", AlertState.FIRING, "frontend"),
                alert("Cluster", AlertState.FIRING, None, "critical"),
                alert("Dust", AlertState.FIRING, None),
                alert("Soon", AlertState.PENDING),
            ],
        )
    )
    assert list(told) == ["Fire fires (backend)", "Smoke is over (backend)", "Cluster fires"]
    assert told["Fire fires (backend)"]["happened"] == 900.0
    assert told["Smoke is over (backend)"]["happened"] == 950.0


def test_the_same_rule_of_another_service_is_none_of_it() -> None:
    firing = AlertState.FIRING
    told = alert_facts(incident(), [alert("Fire", firing, "frontend", "critical"), alert("Fire", firing, None)])
    assert list(dict_of(told)) == ["Fire fires"]
    assert list(unrest(incident(), store(alert("Fire", firing, "frontend", "critical")))) == []
    of_none = incident(replace(OPENING, at=999.0, writer="bob-1", body={**OPENING.body, "service": ""}))
    assert (of_none.alert, of_none.service) == ("Fire", "")
    told = alert_facts(of_none, [alert("Fire", firing, "frontend"), alert("Smoke", firing, "frontend", "critical")])
    assert list(dict_of(told)) == ["Fire fires (frontend)"]


def test_an_alert_fires_when_it_does_and_not_when_its_condition_began_to_hold() -> None:
    fire = replace(alert("Fire", AlertState.FIRING), fired_at=1200.0)
    told = dict_of(alert_facts(incident(), [fire]))["Fire fires (backend)"]
    assert told["happened"] == 1200.0
    assert told["details"] == ["it is hot", "its condition holds since 1970-01-01T00:15:00Z"]


def test_an_alert_of_which_only_one_side_still_tells_has_not_begun_anew() -> None:
    fire = replace(alert("Fire", AlertState.FIRING), fired_at=1200.0)
    ((kind, body),) = alert_facts(incident(), [fire])
    told = incident(fact(2, kind, 1201.0, **body))
    for left in (replace(fire, since=1200.0), replace(fire, fired_at=None)):
        assert list(alert_facts(told, [left])) == []
    again = replace(fire, since=1500.0, fired_at=1800.0)
    assert [each["happened"] for _, each in alert_facts(told, [again])] == [1800.0]


def test_two_who_heard_of_its_end_from_different_sides_mean_one_end() -> None:
    fire = replace(alert("Fire", AlertState.FIRING), fired_at=1200.0)
    ((kind, body),) = alert_facts(incident(), [fire])
    told = incident(fact(2, kind, 1201.0, **body))
    over = replace(fire, state=AlertState.RESOLVED, ended=1500.0)
    sides = (over, replace(over, since=1200.0), replace(over, fired_at=None))
    assert len({each["key"] for side in sides for _, each in alert_facts(told, [side])}) == 1


def test_what_was_over_before_the_incident_began_is_none_of_it() -> None:
    over = alert("Smoke", AlertState.RESOLVED)
    assert list(alert_facts(incident(), [replace(over, ended=899.0)])) == []
    assert list(alert_facts(incident(), [replace(over, ended=901.0)]))


def test_an_action_is_taken_in_with_what_it_was_to_change() -> None:
    change = Action(Verb.SCALE, entry().action.target, {}, {"spec": {"replicas": 3}}, {"spec": {"replicas": 5}})
    ((_, body),) = action_facts(incident(), [entry(action=change)])
    assert "- spec.replicas: 3" in body["details"]
    assert "+ spec.replicas: 5" in body["details"]


def test_the_end_is_laid_on_who_asked_for_it_and_stands_once() -> None:
    def end(number: int, writer: str, at: float) -> Fact:
        return Fact(NAME, writer, number, at, "bob", FactKind.RESOLVED, {
            "key": "resolved", "words": "resolved: well for 60s of 60s", "who_did": "alice",
        })  # fmt: skip

    asked = fact(2, FactKind.RESOLVING, 1500.0, waits=True, words="waits until all is well")
    assert incident(asked).resolving_by == "alice"
    told = incident(asked, end(1, "bob-1", 2000.0), end(3, "alice-1", 2000.1))
    assert (told.resolved_by, told.resolved_at) == ("alice", 2000.0)
    assert [each.by for each in told.timeline if each.words.startswith("resolved")] == ["alice"]


def test_an_action_is_taken_in_with_its_preview_and_then_its_verdict() -> None:
    good = Verdict(Rollout.COMPLETE, 30.0, Recovery.RECOVERED, 50.0, "complete, recovered")
    told = list(action_facts(incident(), [entry(verdict=good)]))
    assert [kind for kind, _ in told] == [FactKind.ACTION, FactKind.VERDICT]
    action, verdict = (body for _, body in told)
    assert action["words"] == "undo deployment/backend: done (OPS-1)"
    assert action["details"] == ["previewed: an HPA will override it", "params: revision=2", "rolled back"]
    assert action["seen"] == ["action", "mending", "restarted"]
    assert (verdict["seen"], verdict["happened"], verdict["bad"]) == (["recovered"], 1060.0, False)


def test_an_action_tells_both_sides_of_what_it_changed_and_no_name_of_what_keeps_it() -> None:
    undo = entry().action
    before = {"images": {"a": "1", "b": "1"}, "keeper": "backend-7dfc", "labels": {"x": "1"}, "revision": 3, "z": 1}
    after = {"images": {"a": "2", "b": "2"}, "keeper": "backend-65c9", "revision": 2, "z": 2}
    changed = replace(undo, before=before, after=after)
    (_, action), *_ = action_facts(incident(), [entry(action=changed)])
    told = [line for line in action["details"] if line.startswith(("-", "+"))]
    assert told == [
        "- images.a: 1", "+ images.a: 2", "- images.b: 1", "+ images.b: 2", "- labels.x: 1", "- revision: 3",
        "+ revision: 2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [entry(context="staging"), entry(started_at=800.0), entry(finished_at=None)],
    ids=["another context", "before the onset", "not finished"],
)
def test_what_is_none_of_the_incident_or_not_over_is_left_out(other: Entry) -> None:
    assert list(action_facts(incident(), [other])) == []


def test_what_failed_or_did_not_help_ticks_nothing() -> None:
    bad = Verdict(Rollout.COMPLETE, 30.0, Recovery.NOT_RECOVERED, 50.0, "complete, not recovered")
    (_, action), (_, verdict) = action_facts(incident(), [entry(Outcome.FAILED, bad)])
    assert (action["seen"], action["bad"]) == ([], True)
    assert (verdict["seen"], verdict["bad"]) == ([], True)


SERVICES = (
    Service("backend", "Backend", ("deployment/backend",), {}, depends_on=("db",)),
    Service("db", "Database", ("statefulset/db",), {}),
    Service("web", "Web", ("deployment/web",), {}, depends_on=("backend",)),
)
RUNS = Verdict(Rollout.COMPLETE, 30.0, Recovery.NOT_ASKED, None, "pods complete")
SERVES = replace(RUNS, sli=Recovery.RECOVERED)


def seen_of(verb: Verb, target: str, verdict: Verdict, namespace: str = "shop") -> list[str]:
    """What of the procedure is seen done by an action and its verdict."""
    kind, _, name = target.partition("/")
    what = Target("prod", namespace, kind, name, "uid", "7")
    done = entry(action=Action(verb, what, {}, {}, {}), verdict=verdict)
    return [name for _, body in action_facts(incident(), [done], SERVICES) for name in body["seen"]]


@pytest.mark.parametrize(
    ("verb", "target"),
    [
        (Verb.UNDO, "Deployment/backend"),
        (Verb.DELETE, "Pod/db-0"),
        (Verb.BOUNDS, "HorizontalPodAutoscaler/backend"),
    ],
)
def test_what_mends_what_the_incident_is_about_is_verified_by_its_pods_where_nobody_asks_users(
    verb: Verb, target: str
) -> None:
    assert "recovered" in seen_of(verb, target, RUNS)


@pytest.mark.parametrize(
    ("verb", "target", "namespace"),
    [
        (Verb.SILENCE, "Alert/Fire", "shop"),
        (Verb.SHELL, "Pod/backend-1-x", "shop"),
        (Verb.CORDON, "Node/backend", ""),
        (Verb.RESTART, "Deployment/blog", "shop"),
        (Verb.RESTART, "Deployment/backend", "other-team"),
    ],
)
def test_neither_an_acknowledgement_nor_what_is_done_elsewhere_ends_the_mitigation(
    verb: Verb, target: str, namespace: str
) -> None:
    assert not {"recovered", "restarted", "scaled"} & set(seen_of(verb, target, RUNS, namespace))


def test_the_diagnosis_is_over_once_something_is_done_that_may_mend_what_the_incident_is_about() -> None:
    assert "mending" in seen_of(Verb.FLAG, "ConfigMap/flags", RUNS)
    assert "mending" in seen_of(Verb.PAUSE, "CronJob/report", RUNS)
    assert "mending" in seen_of(Verb.CORDON, "Node/n1", RUNS, "")
    assert "mending" not in seen_of(Verb.SILENCE, "Alert/Fire", RUNS)
    assert "mending" not in seen_of(Verb.SHELL, "Pod/backend-1-x", RUNS)
    assert "mending" not in seen_of(Verb.RESTART, "Deployment/web", RUNS)
    assert "mending" not in seen_of(Verb.RESTART, "Deployment/backend", RUNS, "other-team")


def test_users_who_are_served_well_end_it_unless_they_are_those_of_another_service() -> None:
    assert "recovered" in seen_of(Verb.FLAG, "ConfigMap/flags", SERVES)
    assert "recovered" in seen_of(Verb.RESTART, "StatefulSet/db", SERVES)
    assert "recovered" in seen_of(Verb.PAUSE, "CronJob/report", SERVES)
    assert seen_of(Verb.RESTART, "Deployment/web", SERVES) == ["action"]


def test_changes_near_the_onset_are_taken_in_with_their_difference() -> None:
    diff = (DiffLine("+", "image", "web:2"),)
    changes = [
        Change(890.0, ChangeKind.ROLLOUT, BACKEND, "revision 3", "pipeline", diff, own=True),
        Change(880.0, ChangeKind.ACTION, BACKEND, "undo"),
        Change(-9000.0, ChangeKind.ROLLOUT, BACKEND, "revision 2", own=True),
        Change(885.0, ChangeKind.JOB, ObjectRef("Job", "shop", "backup"), "ran"),
        Change(-100.0, ChangeKind.EDIT, ObjectRef("ConfigMap", "shop", "other"), "edited"),
    ]
    ((kind, body),) = change_facts(incident(), changes)
    assert kind is FactKind.CHANGE
    assert body["words"] == "rollout deployment/backend: revision 3"
    assert (body["who_did"], body["details"]) == ("pipeline", ["+ image: web:2"])


def test_a_change_of_nobody_that_is_known_is_not_laid_on_who_keeps_the_incident() -> None:
    told = incident(*(fact(2, kind, 1001.0, **body) for kind, body in change_facts(incident(), [
        Change(890.0, ChangeKind.SCALING, BACKEND, "scaled from 3 to 1", own=True),
    ])))  # fmt: skip
    assert [(each.words, each.by) for each in told.timeline if "scaled" in each.words] == [
        ("scaling deployment/backend: scaled from 3 to 1", "")
    ]


def reading(service: str) -> SloReading:
    return SloReading(
        service, "availability", ObjectiveKind.AVAILABILITY, SloState.OK, "", 1.0, 0.99, True, "100%", "99%", (),
        0.0, 1.0, "", Burns(0.01), timedelta(days=30), 1000.0,
    )  # fmt: skip


def store(*alerts: Alert, state: SourceState = SourceState.LIVE) -> Store:
    made = Store()
    made.table("alerts").apply({each.fingerprint: each for each in alerts})
    for name in ("alerts", "slos"):
        made.table(name).set_freshness(state, 1000.0)
    return made


def test_what_cannot_be_seen_is_no_calm() -> None:
    assert list(unrest(incident(), store())) == []
    assert list(unrest(incident(), store(alert("Fire", AlertState.FIRING)))) == ["Fire is firing (backend)"]
    assert list(unrest(incident(), store(alert("Fire", AlertState.SILENCED)))) == ["Fire is silenced (backend)"]
    assert list(unrest(incident(), store(alert("Fire", AlertState.INHIBITED)))) == ["Fire is inhibited (backend)"]
    assert list(unrest(incident(), store(alert("Fire", AlertState.RESOLVED)))) == []
    assert list(unrest(incident(), store(alert("Other", AlertState.FIRING, "frontend")))) == []
    assert list(unrest(incident(), store(state=SourceState.STALE))) == [
        "alerts cannot be seen (stale)", "slos cannot be seen (stale)",
    ]  # fmt: skip


def test_a_throughput_that_was_below_its_floor_long_before_keeps_no_incident_open() -> None:
    began = replace(incident(), onset=10_000.0)

    def said(kind: ObjectiveKind, seconds_before: float) -> list[str]:
        missed = replace(
            reading("backend"), kind=kind, slug=str(kind), state=SloState.BURNING,
            shortfall=Shortfall(10_000.0 - seconds_before),
        )  # fmt: skip
        made = store()
        made.table("slos").apply({missed.key: missed})
        return list(unrest(began, made))

    assert said(ObjectiveKind.THROUGHPUT, 601) == []
    assert said(ObjectiveKind.THROUGHPUT, 60) == ["backend throughput misses its target"]
    assert said(ObjectiveKind.AVAILABILITY, 601) == ["backend availability misses its target"]


def test_a_program_without_the_sources_sees_no_calm() -> None:
    blind = store(state=SourceState.UNCONFIGURED)
    assert list(unrest(incident(), blind)) == ["Fire cannot be seen from here"]
    by_hand = replace(incident(), alert="")
    assert list(unrest(by_hand, blind)) == ["backend cannot be seen from here"]
    of_nothing = replace(by_hand, service="")
    assert list(unrest(of_nothing, blind)) == ["whether all is well cannot be seen from here"]
    assert not Calm(60.0).holds(by_hand, blind, 1000.0)
    blind.table("slos").apply({"a": reading("frontend")})
    blind.table("slos").set_freshness(SourceState.LIVE, 1000.0)
    assert list(unrest(by_hand, blind)) == ["backend cannot be seen from here"]
    blind.table("slos").apply({"b": reading("backend")})
    assert list(unrest(by_hand, blind)) == []
    assert list(unrest(incident(), blind)) == ["Fire cannot be seen from here"]
    sighted = store()
    sighted.table("slos").set_freshness(SourceState.UNCONFIGURED, 1000.0)
    assert list(unrest(incident(), sighted)) == []


def test_what_somebody_silenced_is_no_unrest_but_is_named() -> None:
    noise = [alert("Noise", AlertState.SILENCED), alert("Elsewhere", AlertState.SILENCED, "frontend")]
    quiet = store(*noise)
    assert list(unrest(incident(), quiet)) == []
    calm = Calm(60.0)
    assert not calm.holds(incident(), quiet, 100.0)
    assert calm.holds(incident(), quiet, 160.0)
    assert calm.words(160.0) == "well for 60s of 60s, 1 silenced: Noise"
    calm.holds(incident(), store(*noise, alert("Fire", AlertState.FIRING)), 161.0)
    assert calm.words(161.0) == "not well yet: Fire is firing (backend), 1 silenced: Noise"


def test_an_end_without_calm_says_so_and_why_and_loses_to_no_later_calm() -> None:
    why = {"words": "resolved without calm: known noise", "without_calm": "known noise"}
    closed = fact(2, FactKind.RESOLVED, 2000.0, **why)
    later = Fact(NAME, "bob-1", 1, 2001.0, "bob", FactKind.RESOLVED, {"key": "resolved", "words": "resolved: well"})
    told = incident(closed, later)
    assert (told.state_words, told.resolved_by, told.without_calm) == ("resolved without calm", "alice", "known noise")
    assert [entry.words for entry in told.timeline][1:] == ["resolved without calm: known noise", "resolved: well"]
    text = "\n".join(draft(told, PROCEDURE, 9999.0))
    assert "- Resolved without calm: 1970-01-01 00:33:20Z by `alice`: `known noise`" in text
    assert "| End, without calm (onset to end) | 18m | - | |" in text
    assert "closed without calm: is it over by now" in text
    calm = "\n".join(draft(incident(later), PROCEDURE, 9999.0))
    assert "- Resolved: " in calm
    assert "without calm" not in calm


def test_the_calm_must_last_and_a_relapse_begins_it_anew() -> None:
    calm, burning = Calm(60.0), store(alert("Fire", AlertState.FIRING))
    assert not calm.holds(incident(), store(), 100.0)
    assert not calm.holds(incident(), store(), 159.0)
    assert calm.words(159.0) == "well for 59s of 60s"
    assert not calm.holds(incident(), burning, 159.5)
    assert calm.words(159.5) == "not well yet: Fire is firing (backend)"
    assert not calm.holds(incident(), store(), 161.0)
    assert calm.holds(incident(), store(), 221.0)


def test_the_draft_tells_times_against_their_limits_and_what_it_does_not_know() -> None:
    told = incident(
        fact(2, FactKind.CHANGE, 1001.0, words="rollout: `2` → *3*", happened=890.0, details=["+ image: `x`"]),
        fact(3, FactKind.NOTE, 1300.0, words="<b>bold</b>"),
        fact(8, FactKind.ALERT, 1001.0, words="Fire fires", happened=950.0, state="firing"),
        fact(4, FactKind.VERDICT, 1500.0, words="recovered", seen=["recovered"]),
        fact(5, FactKind.IMPACT, 1990.0, service="backend", objective="availability", failed=1200.0, total=48000.0,
             consumed=0.155, budget_left=-0.2),
        fact(7, FactKind.IMPACT, 1990.0, service="backend", objective="latency p95", failed=4.0, total=8.0,
             budget_left=0.5, slow=True),
        fact(6, FactKind.RESOLVED, 2000.0, words="resolved"),
    )  # fmt: skip
    text = "\n".join(draft(told, PROCEDURE, 9999.0))
    assert "- Duration: 18m" in text
    assert "`backend availability`: 1,200 of 48,000 events failed (2.50%); 15.50% of the error budget consumed" in text
    assert "consumed; the error budget is overspent by 20.0%" in text
    assert "4 of 8 events were too slow (50.00%); 50.0% of the error budget left" in text
    assert "| Detection (onset to the first alert) | 50s | - | |" in text
    assert "| Opening (onset to opening) | 100s | - | |" in text
    assert "| 1 Diagnosis (from the onset) | not over after 18m | 5m | too long |" in text
    assert "| 2 Mitigation (from the onset) | 10m | 15m | in time |" in text
    assert "``rollout: `2` → *3*``" in text
    assert "`<b>bold</b>`" in text
    assert "*Cause unknown: no finding was put down.*" in text
    assert "*Why did 1 Diagnosis take 18m?*" in text
    assert "still open" not in text


def test_a_phase_that_nobody_ended_was_not_in_time() -> None:
    text = "\n".join(draft(incident(fact(2, FactKind.RESOLVED, 1060.0, words="resolved")), PROCEDURE, 9999.0))
    assert "| 1 Diagnosis (from the onset) | not over after 2m40s | 5m | - |" in text


def test_the_draft_of_what_is_still_open_says_so() -> None:
    assert "still open" in "\n".join(draft(incident(), PROCEDURE, 1100.0))


def dict_of(told: Any) -> dict[str, dict[str, Any]]:
    return {body["words"]: body for _, body in told}


def test_two_alerts_of_one_name_are_two() -> None:
    one = alert("Fire", AlertState.FIRING)
    other = replace(one, fingerprint="b" * 16)
    assert len({body["key"] for _, body in alert_facts(incident(), [one, other])}) == 2
