"""The log keys as the operator uses them: whose logs, from when, searched, filtered, marked, wrapped, saved."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aurora_tui.sandbox.addresses import Addresses
from tests.pilot.backendlogs import BACKEND, reading, title
from tests.pilot.console import Console, opened


@pytest.fixture
async def console(bad_release: Addresses) -> AsyncIterator[Console]:
    """The console with the keys on the logs of the backend, some of which are there."""
    async with reading(bad_release) as console:
        yield console


def shown(console: Console) -> list[str]:
    """The lines in sight, without the scroll thumb."""
    return [line.rstrip("▐ ") for line in console.body(console.app.logs_pane)]


def settled(console: Console) -> list[str]:
    """The lines in the window without the stack traces, which may still grow."""
    return [line for line in shown(console) if "ERROR" not in line]


async def test_l_follows_what_is_under_the_cursor_and_p_the_container_before(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.command("pods")
        await console.press(*"/crash\r")
        await console.until("▸Pods 1 of", "CrashLoopBackOff")
        name = console.under_cursor(console.app.objects_pane).split()[0]
        await console.press("p")
        await console.until(f"▸Logs pod/{name} (previous container)"[:50])
        await console.until("FATAL")
        await console.command("deploy")
        await console.until("▸Deployments 2")
        await console.press("j", "l")
        await console.until("▸Logs deployment/aurora-frontend  following")
        # All pods of the workload, by the part of their names that differs.
        await console.until(lambda: {line[1:6] for line in shown(console)} == {"dg7z9", "hw6cv"})


async def test_the_logs_of_a_service_are_those_of_its_workload(bad_release: Addresses) -> None:
    async with opened(bad_release) as console:
        await console.command("slo")
        await console.press("l")
        await console.until("▸Logs deployment/aurora-")
        assert console.under_cursor(console.app.slos_pane).split()[0] in title(console)


async def test_a_reader_who_scrolls_up_is_not_moved_until_he_asks_for_the_end(console: Console) -> None:
    await console.press("1")
    first = shown(console)
    await console.until(lambda: "new below" in title(console))
    assert shown(console) == first
    await console.press("0")
    await console.until(lambda: "following" in title(console))
    assert shown(console) != first


async def test_the_end_is_left_and_followed_again_by_the_autoscroll_key(console: Console) -> None:
    await console.press("s")
    await console.until(lambda: "paused" in title(console))
    still = settled(console)
    await console.until(lambda: "new below" in title(console))
    assert settled(console) == still
    await console.press("s")
    await console.until(lambda: "following" in title(console))


async def test_digits_read_the_logs_again_from_some_time_ago(console: Console) -> None:
    pane, clock = console.app.logs_pane, console.app.session.clock

    def age(at: float) -> float:
        """Of the oldest line."""
        stamp = pane.buffer[pane.buffer.first].stamp if len(pane.buffer) else None
        return 0.0 if stamp is None else at - stamp

    asked_at = clock()
    await console.press("6")
    await console.until(lambda: age(asked_at) > 70)  # the longest log may come last
    before, asked_at = pane.buffer, clock()
    await console.press("2")
    await console.until(lambda: pane.buffer is not before and len(pane.buffer) > 5)
    assert age(asked_at) < 70


async def test_a_search_marks_hits_and_goes_round_them_and_a_filter_hides(console: Console) -> None:
    await console.press("f", *"/orders_v2\r")
    await console.until(lambda: bool(re.search(r"\d hits", title(console))))
    hits = [line for line in shown(console) if line.startswith("•")]
    assert hits
    assert any(not line.startswith("•") for line in shown(console)), "nothing is hidden"
    place = re.compile(r"(\d+)/\d+ hits")
    await console.press("n")
    await console.until(lambda: place.search(title(console)) is not None)
    assert sum(line.startswith("▸") for line in shown(console)) == 1
    (first,) = place.findall(title(console))
    await console.press("N")
    await console.until(lambda: place.findall(title(console)) not in ([], [first]))
    await console.press("/", "escape")
    await console.until(lambda: "hits" not in title(console))

    await console.press(*"&error\r")
    await console.until(lambda: "hidden by &error" in title(console))
    folded = re.compile(r"… \+\d+ lines?$")
    assert all("error" in line.lower() or folded.search(line) for line in shown(console) if line)
    await console.press("&", "escape")
    await console.until(lambda: "hidden" not in title(console))


async def test_the_next_error_is_found_from_anywhere(console: Console) -> None:
    await console.press("1", "E")
    (current,) = [line for line in shown(console) if line.startswith("▸")]
    assert re.search("ERROR|FATAL", current)
    await console.press("E")
    (following,) = [line for line in shown(console) if line.startswith("▸")]
    assert following != current


async def test_lines_are_wrapped_and_stamped_and_a_rule_marks_the_place(console: Console) -> None:
    await console.press("s", "w")
    # The rest of a long line stands below it.
    await console.until(lambda: any(line.startswith("      ") for line in shown(console)))
    await console.press("w", "t")
    stamped = re.compile(r".\d\d:\d\d:\d\d\.\d{3}Z \w{5} ").match
    await console.until(lambda: all(map(stamped, filter(None, shown(console)))))
    await console.press("t", "s", "m")
    rule = re.compile(r"──── marked \d\d:\d\d:\d\d\.\d{3}Z ─+").match
    await console.until(lambda: any(map(rule, shown(console))))


async def test_f_gives_the_logs_the_screen_and_takes_it_back(console: Console) -> None:
    await console.press("f")
    assert console.lines[1].startswith(f"▸Logs {BACKEND}")
    assert len(shown(console)) == 45
    await console.press("f")
    assert " Pods 13" in console.text


async def test_a_long_line_is_read_sideways(console: Console) -> None:
    await console.press("s")
    await console.until("paused")  # from here on new lines move nothing
    before, names = settled(console), [line[:6] for line in shown(console)]
    await console.press("l", "l")
    assert not set(settled(console)) & set(before)
    assert [line[:6] for line in shown(console)] == names, "the names stay"
    await console.press("h", "h")
    assert settled(console) == before


async def test_enter_opens_the_line_and_escape_goes_back_to_it(console: Console) -> None:
    await console.press(*"/orders_v2\r")
    await console.until(lambda: bool(re.search(r"\d hits", title(console))))
    await console.press("n", "enter")
    await console.until("Log line of aurora-backend-")
    assert re.search(r"^log.level +ERROR", console.text, re.MULTILINE)
    assert re.search(r"^trace.id +[0-9a-f]{32}", console.text, re.MULTILINE)
    await console.press("escape")
    assert sum(line.startswith("▸") for line in shown(console)) == 1


async def test_the_page_of_a_line_leads_to_its_trace_and_back(console: Console) -> None:
    await console.press("E", "enter")
    await console.until("Log line of aurora-backend-")
    trace = re.search(r"^trace.id +([0-9a-f]{32})", console.text, re.MULTILINE)
    assert trace is not None
    await console.press("t")
    await console.until(f"Trace {trace[1]}")
    await console.press("escape")
    await console.until("Log line of aurora-backend-")


async def test_a_time_is_gone_to(console: Console) -> None:
    await console.press("t", "at")
    await console.until("go to time")
    await console.press(*"-20s\r")
    await console.until(lambda: any(line.startswith("▸") for line in shown(console)))
    (line,) = [line for line in shown(console) if line.startswith("▸")]
    wanted = datetime.fromtimestamp(console.app.session.clock() - 20, UTC)
    day, at = timedelta(days=1), datetime.strptime(line[1:9], "%H:%M:%S")
    apart = (at - wanted.replace(tzinfo=None)) % day
    assert min(apart, day - apart) < timedelta(seconds=60)
    await console.press("at", *"never\r")
    await console.until("'never' is no time: write 03:12")


async def test_the_templates_say_what_is_new_since_the_alert_and_lead_to_the_lines(console: Console) -> None:
    await console.press("T")
    await console.until(f"Templates of {BACKEND}")
    told = re.compile(
        r"new since \d\d:\d\d:\d\dZ: shortly before the first alert|no line is from before \d\d:\d\d:\d\dZ"
    )
    await console.until(lambda: told.search(console.text) is not None)
    await console.until("failed: relation <str> does not exist")
    await console.press("enter")
    await console.until(lambda: "hidden by &-t" in console.app.logs_pane.tail.status())
    assert console.app.screen is console.app.main
    await console.press("escape")
    await console.until(lambda: "hidden" not in console.app.logs_pane.tail.status())


async def test_what_the_filter_hides_is_not_saved_and_that_is_said(console: Console, home: Path) -> None:
    await console.press("f", *"&orders_v2\r")
    await console.until("hidden by &orders_v2")
    await console.press("ctrl+s")
    said = re.compile(r"saved [\d,]+ log lines \([\d,]+ hidden by &orders_v2\) in ")
    await console.until(lambda: any(said.match(told.message) for told in console.app._notifications))
    (log,) = (home / "state" / "aurora-tui" / "saved").glob("*.log")
    heads = [line for line in log.read_text(encoding="utf-8").splitlines() if " {" in line]
    assert heads
    assert all("orders_v2" in line for line in heads)


async def test_the_logs_are_saved_whole_as_text_beside_the_picture(console: Console, home: Path) -> None:
    await console.press("ctrl+s")
    await console.until("log lines in")
    (picture,) = (home / "state" / "aurora-tui" / "saved").glob("*.svg")
    (log,) = (home / "state" / "aurora-tui" / "saved").glob("*.log")

    assert "PRODUCTION" in picture.read_text(encoding="utf-8")
    written = log.read_text(encoding="utf-8").splitlines()
    assert len(written) > 100
    assert all(re.match(r"aurora-backend-\w+-\w+ ", line) for line in written)
