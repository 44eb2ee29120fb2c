"""The sections ``incident``, ``checklists`` and ``maintenance`` of the settings."""

from __future__ import annotations

from aurora_tui.model.checklists import SEEN, GuidedList, ListPhase, ListStep, MaintenanceTask
from aurora_tui.model.incident_settings import PAGERDUTY_EVENTS, Channel, ChannelKind, IncidentSettings, Occasion
from aurora_tui.settings_kinds import DURATION, FLAG, TEXT, TEXT_BY_NAME, Kind, Section, UnfitError, choice, scalar
from aurora_tui.settings_tree import Node


def _address(node: Node) -> str:
    text = scalar(node, "str").strip()
    if not text.startswith(("http://", "https://")) or "@" in text:
        raise UnfitError(node)
    return text


_ADDRESS = Kind("http(s)://HOST without a user name", _address, PAGERDUTY_EVENTS)


def incident_settings(part: Section, lists: tuple[GuidedList, ...]) -> IncidentSettings:
    """The section ``incident``."""
    notify = part.section("notify")
    templates = part.optional("templates", TEXT_BY_NAME) or {}
    settings = IncidentSettings(
        calm=part.required("calm", DURATION).total_seconds(),
        snapshot_every=part.required("snapshot_every", DURATION).total_seconds(),
        shared=part.optional("shared", TEXT),
        procedure=part.required("procedure", TEXT),
        channels=tuple(_channel(name, each) for name, each in notify.sections()),
        templates=templates,
    )
    if unknown := sorted(set(templates) - set(Occasion)):
        part.fault("templates", "one of " + ", ".join(Occasion), ", ".join(unknown))
    if settings.procedure not in {each.name for each in lists}:
        part.fault("procedure", "the name of a list under checklists", f'"{settings.procedure}"')
    part.finish()
    return settings


def _channel(name: str, part: Section) -> Channel:
    kind = ChannelKind(part.required("kind", choice(*ChannelKind)))
    word = "key" if kind is ChannelKind.PAGERDUTY else "url"
    channel = Channel(
        name,
        kind,
        part.optional(f"{word}_file", TEXT),
        part.optional(f"{word}_env", TEXT),
        (part.optional("server", _ADDRESS) if kind is ChannelKind.PAGERDUTY else None) or PAGERDUTY_EVENTS,
    )
    if bool(channel.secret_file) == bool(channel.secret_env):
        part.fault("", f"either {word}_file or {word}_env", "both" if channel.secret_file else "none")
    part.finish()
    return channel


def guided_list(name: str, part: Section) -> GuidedList:
    """One of ``checklists``."""
    phases = part.section("phases")
    made = GuidedList(
        name,
        part.required("title", TEXT),
        tuple(_phase(each, section) for each, section in phases.sections()),
    )
    if not made.phases:
        part.fault("phases", "one phase or more", "none")
    part.finish()
    return made


def _phase(name: str, part: Section) -> ListPhase:
    limit, steps = part.optional("limit", DURATION), part.section("steps")
    made = ListPhase(
        name,
        part.required("title", TEXT),
        tuple(_step(each, section) for each, section in steps.sections()),
        None if limit is None else limit.total_seconds(),
        part.optional("ends", choice(*sorted(SEEN))) or "",
    )
    if not made.steps:
        part.fault("steps", "one step or more", "none")
    part.finish()
    return made


def _step(name: str, part: Section) -> ListStep:
    step = ListStep(
        name,
        part.required("text", TEXT),
        part.optional("seen", choice(*sorted(SEEN))) or "",
        part.optional("optional", FLAG) or False,
    )
    part.finish()
    return step


def maintenance_task(name: str, part: Section) -> MaintenanceTask:
    """One of ``maintenance``."""
    task = MaintenanceTask(name, part.required("text", TEXT), part.required("every", DURATION).total_seconds())
    part.finish()
    return task
