"""What the keys offer: dim where RBAC or a policy forbids the change, with the reason, and as the selection moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
import pytest
from textual.color import Color

from aurora_tui import offering
from aurora_tui.folders import state_dir
from aurora_tui.journal import Journal
from aurora_tui.model.policies import Policy, Ruling, judge
from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.console import Console, opened
from widgets.actiondialog import ActionDialog
from widgets.history import HistoryScreen
from widgets.tablepane import TablePane

NO_PATCH = "you may not patch deployments.apps in namespace aurora"


def dim(console: Console) -> set[str]:
    """What the keys of the key bar are called that are off: the key does not stand out from its word."""
    strip = console.app.screen._compositor.render_strips()[-1]
    cells = [(character, segment.style and segment.style.color) for segment in strip for character in segment.text]
    text = "".join(character for character, _ in cells)
    words = {active.binding.description for active in console.app.screen.active_bindings.values()}
    at = {word: text.index(f" {word} ") for word in words if f" {word} " in text}
    return {word for word, start in at.items() if cells[start - 1][1] == cells[start + 1][1]}


async def told(console: Console, words: str) -> None:
    """It is said on the screen, where long words are wrapped."""
    await console.until(lambda: words in [notification.message for notification in console.app._notifications])
    await console.until(words.partition(":")[0])


def is_off(console: Console, words: str) -> bool:
    """Whether some key here is off for what the words end with."""
    return any(words.endswith(f": {why}") for why in console.app._off.values())


def is_gone(console: Console, words: str) -> bool:
    return words not in console.text


def as_user(stack: Addresses, context: str) -> Addresses:
    return msgspec.structs.replace(stack, context=context)


@pytest.fixture
async def viewer(bad_release: Addresses) -> AsyncIterator[Console]:
    """The console of somebody who may only look, on the deployments."""
    async with opened(as_user(bad_release, "viewer")) as console:
        await console.command("deploy")
        await console.until("▸Deployments 2")
        yield console


async def test_what_is_off_stands_out_less_than_what_is_on(viewer: Console) -> None:
    await viewer.until(lambda: "Restart" in dim(viewer))
    strip = viewer.app.screen._compositor.render_strips()[-1]

    def contrast(word: str) -> float:
        (style,) = {segment.style for segment in strip if segment.text.strip() == word}
        assert style is not None and style.color is not None and style.bgcolor is not None
        return abs(Color.from_rich_color(style.color).brightness - Color.from_rich_color(style.bgcolor).brightness)

    assert contrast("Restart") < contrast("Describe")


async def test_what_a_viewer_may_not_do_is_dim_and_says_why_in_place_of_a_dialog(viewer: Console) -> None:
    await viewer.until(lambda: {"Roll back", "Restart", "Scale"} <= dim(viewer))
    assert not {"Describe", "YAML", "Logs", "Rollout"} & dim(viewer)
    for key, words in (
        ("u", f"Roll back is off: {NO_PATCH}"),
        ("r", f"Restart is off: {NO_PATCH}"),
        ("i", f"Image is off: {NO_PATCH}"),
        ("s", "Scale is off: you may not patch deployments.apps/scale in namespace aurora"),
        ("W", "Weight is off: you may not patch deployments.apps/scale in namespace aurora"),
    ):
        await viewer.press(key)
        await told(viewer, words)
        assert viewer.app.screen is viewer.app.main
        assert not viewer.app.prompt.is_open
    assert Journal(state_dir()).entries() == []


@pytest.mark.parametrize(("pane", "title"), [("deploy", "▸Deployments"), ("alerts", "▸Alerts 3 firing")])
async def test_keys_that_mean_what_they_meant_are_judged_once_a_second(
    viewer: Console, monkeypatch: pytest.MonkeyPatch, pane: str, title: str
) -> None:
    await viewer.until(lambda: "Restart" in dim(viewer))
    await viewer.command(pane)
    await viewer.until(title)
    app, judged = viewer.app, [0]

    def counted(**given: Any) -> Ruling:
        judged[-1] += 1
        return judge(app.session.settings.policies, **given)

    monkeypatch.setattr(offering, "judge", lambda _, **given: counted(**given))
    for _ in range(app._per_second):
        app.flush()
        judged.append(0)

    assert sum(map(bool, judged)) <= 1

    assert isinstance(app.active, TablePane)
    app.active.grid.action_move(1)
    app.flush()
    assert judged[-1], "another row, other rights"


async def test_the_keys_of_each_view_are_asked_for_as_it_is_shown(viewer: Console) -> None:
    for line, title, key, words in (
        ("pods", "▸Pods 13", "ctrl+d", "Delete is off: you may not delete pods in namespace aurora"),
        ("pods", "▸Pods 13", "ctrl+e", "Evict is off: you may not create pods/eviction in namespace aurora"),
        ("cj", "▸CronJobs", "t", "Trigger is off: you may not create jobs.batch in namespace aurora"),
        ("cj", "▸CronJobs", "s", "Suspend is off: you may not patch cronjobs.batch in namespace aurora"),
        ("svc", "▸Services", "b", "Switch is off: you may not patch services in namespace aurora"),
        ("cm", "▸ConfigMaps", "f", "Flag is off: you may not patch configmaps in namespace aurora"),
    ):
        await viewer.command(line)
        await viewer.until(title)
        await viewer.until(lambda: viewer.app.objects_pane.subject() is not None)
        await viewer.until(partial(is_off, viewer, words))
        await viewer.press(key)
        await told(viewer, words)


async def test_on_an_alert_the_keys_mean_the_workload_of_its_service(bad_release: Addresses) -> None:
    async with opened(as_user(bad_release, "viewer")) as console:
        await console.until("▸Alerts 3 firing")
        await console.until(lambda: "Roll back" in dim(console))
        await console.press("u")
        await told(console, f"Roll back is off: {NO_PATCH}")


async def test_the_help_says_the_reason_at_the_key(viewer: Console) -> None:
    await viewer.until(lambda: "Restart" in dim(viewer))
    await viewer.press("?", *"/objects.restart\r", "n")
    await viewer.until("Restart the workload, pod by pod")
    (at,) = [number for number, line in enumerate(viewer.lines) if "Restart the workload, pod by pod" in line]
    assert viewer.lines[at + 1].strip(" ▐") == f"✘ off: {NO_PATCH}"


async def test_the_history_may_be_looked_at_and_its_keys_are_off(viewer: Console) -> None:
    await viewer.until(lambda: "Roll back" in dim(viewer))
    await viewer.press("R")
    await viewer.until(lambda: {"Roll back", "Pause/resume"} <= dim(viewer))
    await viewer.until("Going back to revision 2")
    for key, words in (("u", "Roll back"), ("enter", "Roll back"), ("P", "Pause/resume")):
        viewer.app.clear_notifications()
        await viewer.until(partial(is_gone, viewer, f"{words} is off"))
        await viewer.press(key)
        await told(viewer, f"{words} is off: {NO_PATCH}")
        assert isinstance(viewer.app.screen, HistoryScreen)


async def test_what_is_offered_follows_the_selection_into_another_namespace(bad_release: Addresses) -> None:
    """The developer may change what is in `monitoring`, and look at all else."""
    async with opened(as_user(bad_release, "developer"), (220, 48)) as console:
        await console.command("pods all")
        await console.until("monitoring   prometheus-0")
        await console.press("g")
        await console.until(lambda: console.under_cursor(console.app.objects_pane).startswith("aurora "))
        await console.until(lambda: {"Restart", "Delete"} <= dim(console))

        await console.press("G")
        await console.until(lambda: console.under_cursor(console.app.objects_pane).startswith("monitoring "))
        await console.until(lambda: not {"Restart", "Delete"} & dim(console))
        await console.press("r")
        await console.until(lambda: isinstance(console.app.screen, ActionDialog))
        await console.until("restarts statefulset/prometheus")
        await console.press("escape", "g")
        await console.until(lambda: {"Restart", "Delete"} <= dim(console))

        # In one burst, before anything could be painted: the key means the row that the cursor went to.
        await console.press("G", "r")
        assert isinstance(console.app.screen, ActionDialog)


async def test_marked_rows_are_off_only_where_none_of_them_may_be_changed(bad_release: Addresses) -> None:
    async with opened(as_user(bad_release, "developer"), (220, 48)) as console:
        await console.command("pods all")
        await console.until("monitoring   prometheus-0")
        await console.press("g", "space")
        await console.until(lambda: "Delete" in dim(console))
        await console.press("G", "space")
        await console.until(lambda: "Delete" not in dim(console))
        await console.press("g", "space")
        assert "Delete" not in dim(console), "what is marked counts, not the cursor"


async def test_what_makes_no_sense_for_the_row_is_off_as_well(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.command("pods")
        await console.press(*"/backup\r")
        await console.until(lambda: "Restart" in dim(console))
        assert "Shell" not in dim(console)
        await console.press("r")
        await told(
            console,
            "Restart is off: restart does not apply to a job, only to deployments, statefulsets, daemonsets, rollouts",
        )


async def test_a_policy_that_forbids_dims_its_keys_alone(bad_release: Addresses) -> None:
    frozen = Policy("db", kinds=("Deployment",), names=("aurora-backend",), verbs=("undo", "scale"), deny="page us")
    async with opened(bad_release, policies=(frozen,)) as console:
        await console.command("deploy")
        await console.until("▸Deployments 2")
        await console.press("g")
        await console.until(lambda: {"Roll back", "Scale"} <= dim(console))
        assert "Restart" not in dim(console)
        await console.press("u")
        await told(console, "Roll back is off: policy db: page us")
        await console.press("j")
        await console.until(lambda: not {"Roll back", "Scale"} & dim(console))


async def test_an_operator_finds_nothing_dim(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.command("deploy")
        await console.until("▸Deployments 2")
        await console.until(lambda: bool(console.app._rights) and not console.app._asking)
        assert not dim(console)


async def test_read_only_asks_nothing_and_the_history_and_the_help_say_it(bad_release: Addresses) -> None:
    async with opened(bad_release, read_only=True) as console:
        await console.command("deploy")
        await console.until("▸Deployments 2")
        await console.press("R")
        await console.until(lambda: {"Roll back", "Pause/resume"} <= dim(console))
        await console.press("u")
        await told(console, "Roll back is off: this session is read-only")
        await console.press("escape", "?", *"/nodes.drain\r", "n")
        await console.until("Cordon the node and evict its pods")
        (at,) = [number for number, line in enumerate(console.lines) if "Cordon the node and evict its" in line]
        assert console.lines[at + 1].strip(" ▐") == "✘ off: this session is read-only"
        assert not console.app._rights
