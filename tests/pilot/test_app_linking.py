"""From an alert or a log line to what it concerns, its time carried along, and the rule that matched told."""

from __future__ import annotations

from datetime import timedelta

from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import LogOrigin, ObjectRef
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.settings import load_settings
from tests.pilot.console import Console, opened
from widgets.changes import ChangesScreen
from widgets.linepage import LinePage
from widgets.textpage import TextPage

BACKEND = "deployment/aurora-backend"


def only(console: Console, **labels: str) -> None:
    """Let an alert with these labels be the only one, as of a Prometheus that the settings know nothing of."""
    table = console.app.session.store.table("alerts")
    first: Alert = next(iter(table.rows.values()))
    alert = replace(first, service=None, linked_by="", labels={"alertname": "KubePodCrashLooping", **labels})
    table.apply({alert.fingerprint: replace(alert, name="KubePodCrashLooping", state=AlertState.FIRING)})
    table.retain({alert.fingerprint})
    console.app.flush()


async def test_the_pane_and_the_page_say_by_which_rule_an_alert_concerns_its_service(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until(f"m mend it, ⏎ why  {BACKEND}")
        await console.until("by labels job=aurora-backend")
        await console.press("d")
        await console.until("Service:   backend (labels job=aurora-backend)")


async def test_the_logs_of_an_alert_are_read_from_just_before_its_onset(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until(f"m mend it, ⏎ why  {BACKEND}")
        onset = console.app.carried().onset
        assert onset is not None
        await console.press("l")
        await console.until(f"Logs {BACKEND}  since ")
        selection = console.app.logs_pane.selection
        assert selection is not None
        assert selection.workload == ("Deployment", "aurora-backend")
        assert selection.source is LogOrigin.CLUSTER
        await console.until(lambda: len(console.app.logs_pane.buffer) > 0)
        buffer = console.app.logs_pane.buffer
        oldest = buffer[buffer.first].stamp
        assert oldest is not None
        assert oldest >= onset - 61


async def test_an_alert_that_names_a_pod_leads_to_the_workload_that_runs_it(bad_release: Addresses) -> None:
    # Asked once: a second answer would bring the real alerts back.
    async with opened(bad_release, signal_interval=timedelta(hours=1)) as console:
        await console.until(f"m mend it, ⏎ why  {BACKEND}")
        pod = next(row for row in console.app.objects_pane.table.rows.values() if "frontend" in row.metadata.name)
        console.app.session.settings = replace(console.app.session.settings, services=())
        only(console, namespace="aurora", pod=pod.metadata.name)
        await console.until(f"pod/{pod.metadata.name}  ")
        await console.until("by label pod=aurora-frontend")

        assert console.app.carried().ref == ObjectRef("Deployment", "aurora", "aurora-frontend")
        await console.press("d")
        await console.until(f"Object:    pod/{pod.metadata.name} in aurora (label pod={pod.metadata.name})")
        await console.press("escape", "enter")
        await console.until("Triage  deployment/aurora-frontend")


async def test_a_log_line_leads_to_what_changed_around_it_and_to_its_pod(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.until(f"Logs {BACKEND}  following")
        await console.command("logs")
        await console.until(lambda: " INFO " in "".join(console.body(console.app.logs_pane)))
        await console.press("enter")
        await console.until(lambda: isinstance(console.app.screen, LinePage))
        await console.press("w")
        await console.until(f"What changed  {BACKEND}  ns aurora  onset ")
        await console.until("revision 3: 2.4.0 → 2.4.1")
        assert isinstance(console.app.screen, ChangesScreen)
        await console.press("escape", "d")
        await console.until("describe pod/aurora-backend-")
        assert isinstance(console.app.screen, TextPage)


async def test_what_concerns_a_service_is_said_in_the_settings(bad_release: Addresses) -> None:
    settings = load_settings(environ={})
    services = tuple(
        replace(each, alerts=({"alertname": "HighErrorRate"},)) if each.name == "postgres" else each
        for each in settings.services
    )
    async with opened(bad_release, services=services) as console:
        await console.until("by services.postgres.alerts alertname=HighErrorRate")
        await console.until("statefulset/aurora-postgres")
