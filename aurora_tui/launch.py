"""Opening what the command line asks for: settings, a context, a session, the log file, the console."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aurora_tui.firstframe import first_frame
from aurora_tui.model.frozen import Frozen, replace

if TYPE_CHECKING:
    from aurora_tui.cluster.headstart import HeadStart
    from aurora_tui.cluster.kubeconfig import Context
    from aurora_tui.fleet import Opened
    from aurora_tui.session import Session
    from aurora_tui.settings import Settings

USAGE_ERROR = 2


class Wanted(Frozen):
    """The options that all commands share; given before or after the command's name."""

    contexts: tuple[str, ...] = ()
    """Each once, as they were given; none means the current one."""
    namespace: str | None = None
    all_namespaces: bool = False
    kubeconfig: str | None = None
    config: str | None = None
    read_only: bool = False
    theme: str | None = None

    def merged(self, given: dict[str, Any]) -> Wanted:
        """The same with what a command's own options say."""
        return replace(self, **{name: value for name, value in given.items() if value})


class UnusableError(click.ClickException):
    """What was asked cannot be done as things are: one line that says what to do."""

    exit_code = USAGE_ERROR


def fail(words: str) -> UnusableError:
    return UnusableError(words)


def settings_of(wanted: Wanted) -> Settings:
    from aurora_tui.settings import SettingsError, load_settings

    try:
        return load_settings(Path(wanted.config).expanduser() if wanted.config else None)
    except SettingsError as error:
        for fault in error.faults:
            click.echo(f"aurora-tui: {fault}", err=True)
        sys.exit(USAGE_ERROR)


def contexts_of(wanted: Wanted) -> list[Context]:
    """All that are to be opened, each once."""
    from aurora_tui.cluster.errors import ConfigError
    from aurora_tui.cluster.kubeconfig import choose

    try:
        return [choose(name, wanted.kubeconfig) for name in dict.fromkeys(wanted.contexts) or (None,)]
    except ConfigError as error:
        raise fail(str(error)) from error


def context_of(wanted: Wanted) -> Context:
    """The one that a command works on."""
    context, *others = contexts_of(wanted)
    if others:
        raise fail("this works on one context at a time: give --context once")
    return context


def session_of(wanted: Wanted, settings: Settings, context: Context, ahead: HeadStart | None = None) -> Session:
    from aurora_tui.session import Session

    return Session(
        settings,
        context,
        namespace=wanted.namespace,
        all_namespaces=wanted.all_namespaces,
        read_only=wanted.read_only,
        ahead=ahead,
    )


def opened_of(
    wanted: Wanted, settings: Settings, contexts: Sequence[Context], begun: Sequence[HeadStart | None] = ()
) -> Opened:
    """A session, or those of several contexts together; each with what was begun for it."""
    begun = begun or [None] * len(contexts)
    sessions = [session_of(wanted, settings, context, ahead) for context, ahead in zip(contexts, begun, strict=True)]
    if len(sessions) == 1:
        return sessions[0]
    from aurora_tui.fleet import Fleet

    return Fleet(sessions)


def once(wanted: Wanted, work: Callable[[Session], Awaitable[int]]) -> None:
    """Open a session, do one thing, close it, exit with its status."""
    context_of(wanted)
    once_for_all(wanted, lambda opened: work(opened.sessions[0]))


def once_for_all(wanted: Wanted, work: Callable[[Opened], Awaitable[int]]) -> None:
    """The same for what can be said of several contexts at once."""
    settings, contexts = settings_of(wanted), contexts_of(wanted)

    async def run() -> int:
        opened = opened_of(wanted, settings, contexts)
        try:
            return await work(opened)
        finally:
            await opened.close()

    with told():
        code = asyncio.run(run())
    sys.exit(code)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Say a cluster's fault in one line."""
    from aurora_tui.cluster.errors import ClusterError

    try:
        yield
    except ClusterError as error:
        raise fail(str(error)) from error


def console(wanted: Wanted) -> None:
    """Run the screen; again on another context when the operator switches to one."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise fail("the console needs a terminal; for scripts there are `aurora-tui status` and `aurora-tui get`")
    terminal_defaults(wanted)
    gc.disable()  # all that is imported stays: looking through it again and again costs a tenth of the start
    settings = settings_of(wanted)
    while True:
        contexts = contexts_of(wanted)
        environments = [settings.environment(context.name) for context in contexts]
        homes = [
            environment.home(wanted.namespace, context.namespace)
            for environment, context in zip(environments, contexts, strict=True)
        ]
        title = " + ".join(dict.fromkeys(environment.title for environment in environments))
        names, namespaces = " + ".join(context.name for context in contexts), ", ".join(dict.fromkeys(homes))
        with first_frame(title, names, None if wanted.all_namespaces else namespaces):
            from aurora_tui.cluster.headstart import HeadStart

            begun = [
                HeadStart(context, None if wanted.all_namespaces else home)
                for context, home in zip(contexts, homes, strict=True)
            ]
            for ahead in begun:
                ahead.begin()
            from aurora_tui.app import AuroraApp
            from aurora_tui.arranged import SwitchContext
            from aurora_tui.terminal import ConsoleDriver

            app = AuroraApp(opened_of(wanted, settings, contexts, begun))
            app.driver_class = ConsoleDriver
            _collect_rarely()
        result = app.run()
        if not isinstance(result, SwitchContext):
            break
        wanted = replace(wanted, contexts=_named(result.name, wanted), namespace=None)
    if app.fault:
        click.echo(f"aurora-tui: it broke down ({app.fault}); the details are in {log_path()}", err=True)
    sys.exit((result if result is not None else app.return_code) or 0)


def _named(words: str, wanted: Wanted) -> tuple[str, ...]:
    """The contexts that words name, with commas or blanks between them; a name may hold either itself."""
    from aurora_tui.cluster.errors import ConfigError
    from aurora_tui.cluster.kubeconfig import choose

    with contextlib.suppress(ConfigError):
        return (choose(words, wanted.kubeconfig).name,)
    return tuple(words.replace(",", " ").split())


def _collect_rarely() -> None:
    """From now on collect what comes in circles, which is little; what is there by now is never looked at again.

    With Python's own threshold a collection of a moment goes through all rows after every few changes. All that
    lives long is gone through only while no key is pressed (`Frame`): that takes as long as a key may wait.
    With an app that ended before, on another context, all its rows would stay: it is let go first.
    """
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 5, 1_000_000)
    gc.enable()


def terminal_defaults(wanted: Wanted) -> None:
    """What Textual reads from the environment while it is imported."""
    if wanted.theme:
        os.environ["AURORA_THEME"] = wanted.theme
    # A key is answered at once; the flush tick and the terminal's own pace say how often the rest is painted.
    os.environ.setdefault("TEXTUAL_FPS", "500")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")


def log_path() -> Path:
    from aurora_tui.folders import state_dir

    return state_dir() / "aurora-tui.log"


class _LogFile(logging.FileHandler):
    """The log file, made at its first record; where it cannot be written only the log is lost."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError):
            Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        """Nothing: a disk that is full must not print over the screen."""


@contextlib.contextmanager
def logging_to_file() -> Iterator[None]:
    """Send log records to a file in the state folder: never to the screen."""
    handler = _LogFile(log_path(), delay=True, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    before, root.handlers[:] = root.handlers[:], [handler]
    level = root.level
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        handler.close()
