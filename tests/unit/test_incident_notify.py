"""Notifications: consented to, durable, tried again while the network is down, and never telling an address."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.incident import sending
from aurora_tui.incident.book import Book
from aurora_tui.incident.outbox import Outbox, notice_body
from aurora_tui.incident.sending import NotSentError, secret_of, send
from aurora_tui.model.facts import FactKind
from aurora_tui.model.incident_settings import Channel, ChannelKind, Occasion
from aurora_tui.model.incidents import Incident, fold
from aurora_tui.model.notices import preselected, proposed, told
from aurora_tui.settings import SettingsError, load_settings

NAME = "20260101-0300-x-ab12"
KEY = "R0UT1NGKEY0123456789"


class Receiver:
    """A server that takes what is posted to it and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.status = 202
        self.answers = threading.Event()
        self.answers.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.path, json.loads(body)))
                outer.answers.wait(10)
                with contextlib.suppress(OSError):  # whoever asked may not have waited
                    self.send_response(outer.status)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"ok")

            def log_message(self, *args: Any) -> None:
                """Nothing: the test says what matters."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = Book(tmp_path, "alice")
    body = {"title": "It burns", "severity": "sev1", "context": "prod", "service": "backend", "onset": 900.0}
    made.append(NAME, FactKind.OPENED, body, by="alice", at=1000.0)
    return made


def incident(book: Book) -> Incident:
    found = fold(book.facts(NAME))
    assert found is not None
    return found


def channel(tmp_path: Path, kind: ChannelKind, secret: str, **more: Any) -> Channel:
    path = tmp_path / f"{kind}.secret"
    path.write_text(f"{secret}\n")
    return Channel(str(kind), kind, secret_file=str(path), **more)


def test_pagerduty_gets_trigger_acknowledge_and_resolve_with_one_key(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    page = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=f"{receiver.url}/v2/enqueue")
    for occasion in (Occasion.OPENED, Occasion.ACKNOWLEDGED, Occasion.RESOLVED):
        send(page, incident(book), occasion, "It burns in prod")
    events = [body for _, body in receiver.got]
    assert [event["event_action"] for event in events] == ["trigger", "acknowledge", "resolve"]
    assert {event["dedup_key"] for event in events} == {f"aurora-tui/{NAME}"}
    assert {event["routing_key"] for event in events} == {KEY}
    payload = events[0]["payload"]
    assert (payload["summary"], payload["severity"], payload["source"]) == ("It burns in prod", "critical", "prod")
    assert "payload" not in events[2]


def test_a_plain_address_gets_json_by_post(receiver: Receiver, book: Book, tmp_path: Path) -> None:
    receiver.status = 200
    hook = channel(tmp_path, ChannelKind.WEBHOOK, f"{receiver.url}/hooks/abc")
    send(hook, incident(book), Occasion.UPDATE, "still open")
    ((path, body),) = receiver.got
    assert path.startswith("/hooks/abc")
    assert (body["title"], body["message"]) == ("It burns", "still open")


def test_slack_gets_the_text_at_its_incoming_webhook(
    receiver: Receiver, book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apprise.plugins.slack import NotifySlack

    monkeypatch.setattr(NotifySlack, "webhook_url", f"{receiver.url}/services")
    receiver.status = 200
    url = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    send(channel(tmp_path, ChannelKind.CHAT, url), incident(book), Occasion.OPENED, "[sev1] It burns")
    ((path, body),) = receiver.got
    assert path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    assert "[sev1] It burns" in json.dumps(body)


@pytest.mark.parametrize(("status", "again"), [(500, True), (429, True), (400, False), (302, False)])
def test_what_pagerduty_refuses_for_good_is_not_tried_again(
    receiver: Receiver, book: Book, tmp_path: Path, status: int, again: bool
) -> None:
    receiver.status = status
    page = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url)
    with pytest.raises(NotSentError) as caught:
        send(page, incident(book), Occasion.OPENED, "x")
    assert caught.value.again is again


def test_faults_tell_neither_addresses_nor_keys(book: Book, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    gone = "http://127.0.0.1:9/secret-path"
    words = []
    with caplog.at_level(logging.DEBUG):
        for each in (
            channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server="http://127.0.0.1:9/"),
            channel(tmp_path, ChannelKind.WEBHOOK, gone),
            channel(tmp_path, ChannelKind.CHAT, "nonsense-secret"),
        ):
            with pytest.raises(NotSentError) as caught:
                send(each, incident(book), Occasion.OPENED, "x")
            words.append(str(caught.value))
            assert caught.value.__cause__ is None
    logged = "".join(record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)
    for secret in (KEY, "secret-path", "nonsense-secret"):
        assert secret not in "".join(words) + logged


def test_a_secret_that_is_not_there_is_told_by_its_place() -> None:
    with pytest.raises(NotSentError, match="environment variable HOOK is empty"):
        secret_of(Channel("x", ChannelKind.CHAT, secret_env="HOOK"), {})
    with pytest.raises(NotSentError, match=r"/nowhere/file cannot be read \(No such file"):
        secret_of(Channel("x", ChannelKind.CHAT, secret_file="/nowhere/file"))


class Desk:
    """What an outbox writes to, and whose clock it goes by."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.now = 2000.0

    async def write(self, incident: str, kind: FactKind, body: dict[str, Any]) -> None:
        self.book.append(incident, kind, body, by="alice", at=self.now)

    def outbox(self, *channels: Channel) -> Outbox:
        return Outbox(self.book, channels, lambda: self.now, self.write)

    def consent(self, to: Channel, text: str = "It burns", occasion: Occasion = Occasion.OPENED) -> Any:
        return self.book.append(NAME, FactKind.NOTICE, notice_body(to, occasion, text), by="alice", at=self.now)

    def words(self) -> str:
        return "\n".join(entry.words for entry in incident(self.book).timeline)

    def states(self) -> list[str]:
        """What the timeline says of what was sent."""
        told = incident(self.book).of_kind(FactKind.DELIVERY)
        return [fact.body["state"] for fact in told if "quiet" not in fact.body]


async def test_what_cannot_be_sent_is_tried_again_until_it_is_and_each_is_recorded(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    page, desk = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url), Desk(book)
    outbox = desk.outbox(page)
    receiver.status = 503
    outbox.add(desk.consent(page))
    await outbox.flush()
    await outbox.flush()  # too early: it waits
    assert len(receiver.got) == 1
    desk.now += 3
    await outbox.flush()
    assert (len(receiver.got), desk.states(), outbox.waiting) == (2, ["waiting"], 1)
    receiver.status = 202
    desk.now += 600
    await outbox.flush()
    assert (len(receiver.got), desk.states(), outbox.waiting) == (3, ["waiting", "sent"], 0)
    assert "notified" in incident(book).seen


async def test_a_program_that_was_killed_leaves_its_notices_to_the_next_one(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    page, desk = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url), Desk(book)
    desk.consent(page)
    book.close()
    desk.book = Book(tmp_path, "alice")
    for _ in range(2):  # and it is sent once
        outbox = desk.outbox(page)
        await outbox.look()
        await outbox.flush()
    assert len(receiver.got) == 1
    assert desk.states() == ["sent"]


class KilledError(Exception):
    """The program ends here."""


def killed(channel: Channel, incident: Incident, occasion: Occasion, text: str) -> None:
    """Sends it, and does not live to put that down."""
    send(channel, incident, occasion, text)
    raise KilledError


async def killed_while_sending(desk: Desk, to: Channel) -> None:
    outbox = Outbox(desk.book, [to], lambda: desk.now, desk.write, killed)
    outbox.add(desk.consent(to))
    with pytest.raises(KilledError):
        await outbox.flush()


async def test_what_was_being_sent_when_the_program_was_killed_is_not_sent_again_but_said(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    receiver.status = 200
    hook, desk = channel(tmp_path, ChannelKind.WEBHOOK, f"{receiver.url}/hooks/abc"), Desk(book)
    await killed_while_sending(desk, hook)
    for _ in range(2):
        outbox = desk.outbox(hook)
        await outbox.look()
        await outbox.flush()
    assert len(receiver.got) == 1
    assert desk.states() == ["unsure"]
    assert "opened to webhook may have been sent" in "".join(entry.words for entry in incident(book).timeline)
    assert "notified" not in incident(book).seen
    outbox.add(desk.consent(hook))  # whoever wants it sends it anew
    await outbox.flush()
    assert (len(receiver.got), desk.states()) == (2, ["unsure", "sent"])


async def test_pagerduty_is_sent_it_again_which_knows_it_by_its_key(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    page, desk = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url), Desk(book)
    await killed_while_sending(desk, page)
    outbox = desk.outbox(page)
    await outbox.look()
    await outbox.flush()
    assert [body["dedup_key"] for _, body in receiver.got] == [f"aurora-tui/{NAME}"] * 2
    assert desk.states() == ["sent"]


async def test_what_failed_before_the_program_was_killed_is_sent_by_the_next_one(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    hook, desk = channel(tmp_path, ChannelKind.WEBHOOK, f"{receiver.url}/hooks/abc"), Desk(book)
    outbox = desk.outbox(hook)
    outbox.add(desk.consent(hook))
    receiver.status = 503
    for _ in range(2):  # of the second time the timeline says nothing
        await outbox.flush()
        desk.now += 60
    receiver.status = 200
    outbox = desk.outbox(hook)
    await outbox.look()
    await outbox.flush()
    assert desk.states() == ["waiting", "sent"]


async def test_what_is_refused_or_too_old_is_given_up_in_words(receiver: Receiver, book: Book, tmp_path: Path) -> None:
    page, desk = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url), Desk(book)
    outbox = desk.outbox(page)
    receiver.status = 400
    outbox.add(desk.consent(page))
    await outbox.flush()
    receiver.status = 500
    outbox.add(desk.consent(page))
    desk.now += 25 * 3600
    await outbox.flush()
    assert desk.states() == ["given up", "given up"]
    assert outbox.waiting == 0
    assert "was not sent: PagerDuty refused it (400)" in "".join(entry.words for entry in incident(book).timeline)


async def test_what_was_not_sent_before_the_end_is_dropped_so_that_nobody_is_called_to_what_is_over(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    page, desk = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url), Desk(book)
    outbox = desk.outbox(page)
    receiver.status = 503
    outbox.add(desk.consent(page))
    for _ in range(20):
        await outbox.flush()
        desk.now += 30
    receiver.got.clear()
    receiver.status = 202
    outbox.add(desk.consent(page, occasion=Occasion.RESOLVED))
    for _ in range(40):
        await outbox.flush()
        desk.now += 30
    assert [body["event_action"] for _, body in receiver.got] == ["resolve"]
    assert desk.states() == ["waiting", "given up", "sent"]
    assert "opened to pagerduty was not sent: the incident is over by now" in desk.words()
    assert outbox.waiting == 0


async def test_of_what_another_program_of_the_operator_has_in_hand_nothing_comes_after_the_end(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    page, desk = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url), Desk(book)
    one, other = desk.outbox(page), desk.outbox(page)
    receiver.status = 503
    one.add(desk.consent(page))
    await one.flush()
    receiver.got.clear()
    receiver.status = 202
    desk.now += 1
    other.add(desk.consent(page, occasion=Occasion.RESOLVED))
    await other.flush()
    desk.now += 600
    await one.flush()
    assert [body["event_action"] for _, body in receiver.got] == ["resolve"]
    assert one.waiting == other.waiting == 0


async def test_a_channel_hears_in_the_order_of_the_consent_and_holds_up_no_other(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    hook, desk = channel(tmp_path, ChannelKind.WEBHOOK, f"{receiver.url}/hook"), Desk(book)
    page = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=f"{receiver.url}/page")
    outbox = desk.outbox(hook, page)
    receiver.status = 503
    outbox.add(desk.consent(hook, "first"))
    for _ in range(8):
        desk.now += 60
        await outbox.flush()
    receiver.got.clear()
    receiver.status = 200
    outbox.add(desk.consent(hook, "second", Occasion.UPDATE))
    outbox.add(desk.consent(page, "third"))
    for _ in range(8):
        await outbox.flush()
        desk.now += 60
    told = [body.get("message") or body["payload"]["summary"] for _, body in receiver.got]
    assert sorted(told) == ["first", "second", "third"]
    assert told.index("first") < told.index("second")


async def test_what_was_consented_to_while_it_was_on_is_not_sent_when_it_is_over(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    page, desk = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url), Desk(book)
    outbox = desk.outbox(page)
    receiver.status = 503
    outbox.add(desk.consent(page))
    await outbox.flush()
    desk.now += 60
    book.append(NAME, FactKind.RESOLVED, {"words": "resolved"}, by="alice", at=desk.now)
    receiver.status = 202
    await outbox.flush()
    assert (len(receiver.got), desk.states(), outbox.waiting) == (1, ["waiting", "given up"], 0)
    outbox.add(desk.consent(page, "what it was", Occasion.UPDATE))  # whoever tells of it afterwards wants to
    desk.now += 1
    await outbox.flush()
    assert desk.states()[-1] == "sent"


@pytest.mark.parametrize("kind", [ChannelKind.WEBHOOK, ChannelKind.PAGERDUTY])
async def test_what_a_program_left_long_ago_is_not_sent_unasked_but_said(
    receiver: Receiver, book: Book, tmp_path: Path, kind: ChannelKind
) -> None:
    receiver.status = 200
    secret = KEY if kind is ChannelKind.PAGERDUTY else receiver.url
    to, desk = channel(tmp_path, kind, secret, server=receiver.url), Desk(book)
    desk.consent(to)
    desk.now += 11 * 60
    outbox = desk.outbox(to)
    await outbox.look()
    await outbox.flush()
    assert (receiver.got, desk.states(), outbox.waiting) == ([], ["given up"], 0)
    why = "was not sent: the program ended before it could be, 11m ago; ! sends it anew"
    assert f"opened to {kind} {why}" in desk.words()
    assert outbox.left_unsent() == [f"It burns: opened to {kind} {why}"]
    assert outbox.left_unsent() == []


async def test_what_may_have_been_sent_long_ago_is_not_sent_again_even_to_pagerduty(
    receiver: Receiver, book: Book, tmp_path: Path
) -> None:
    page, desk = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url), Desk(book)
    await killed_while_sending(desk, page)
    desk.now += 11 * 60
    outbox = desk.outbox(page)
    await outbox.look()
    await outbox.flush()
    assert (len(receiver.got), desk.states(), outbox.waiting) == (1, ["unsure"], 0)
    assert "may have been sent" in outbox.left_unsent()[0]


async def test_what_another_program_is_still_at_is_left_to_it(receiver: Receiver, book: Book, tmp_path: Path) -> None:
    page, desk = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url), Desk(book)
    one, other = desk.outbox(page), desk.outbox(page)
    receiver.status = 503
    one.add(desk.consent(page))
    for _ in range(10):
        await one.flush()
        desk.now += 300
    await other.look()
    receiver.status = 202
    await other.flush()
    assert desk.states() == ["waiting", "sent"]


async def test_what_is_too_old_is_not_even_tried(receiver: Receiver, book: Book, tmp_path: Path) -> None:
    page, desk = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url), Desk(book)
    outbox = desk.outbox(page)
    outbox.add(desk.consent(page))
    desk.now += 25 * 3600
    await outbox.flush()
    assert (receiver.got, desk.states(), outbox.waiting) == ([], ["given up"], 0)
    assert "was not sent: it was put down 25h ago" in desk.words()


async def test_what_was_written_and_not_answered_is_not_sent_again_but_said(
    receiver: Receiver, book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_SECONDS", (1.0, 0.3))
    receiver.status = 200
    receiver.answers.clear()
    hook, desk = channel(tmp_path, ChannelKind.WEBHOOK, f"{receiver.url}/hook"), Desk(book)
    outbox = desk.outbox(hook)
    outbox.add(desk.consent(hook))
    await outbox.flush()
    receiver.answers.set()
    desk.now += 600
    await outbox.flush()
    assert (len(receiver.got), desk.states(), outbox.waiting) == (1, ["unsure"], 0)
    assert "may have been sent: webhook was sent it and did not answer (ReadTimeout). It is not sent" in desk.words()
    assert "127.0.0.1" not in desk.words()


async def test_pagerduty_that_does_not_answer_is_asked_again(
    receiver: Receiver, book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_SECONDS", (1.0, 0.3))
    receiver.answers.clear()
    page = channel(tmp_path, ChannelKind.PAGERDUTY, KEY, server=receiver.url)
    with pytest.raises(NotSentError) as caught:
        send(page, incident(book), Occasion.OPENED, "x")
    receiver.answers.set()
    assert caught.value.again


@pytest.mark.parametrize(("status", "again"), [(500, True), (429, True), (408, True), (404, False), (410, False)])
def test_what_a_webhook_refuses_for_good_is_told_at_once(
    receiver: Receiver, book: Book, tmp_path: Path, status: int, again: bool
) -> None:
    receiver.status = status
    hook = channel(tmp_path, ChannelKind.WEBHOOK, f"{receiver.url}/hook")
    with pytest.raises(NotSentError, match=str(status)) as caught:
        send(hook, incident(book), Occasion.OPENED, "x")
    assert caught.value.again is again


def test_what_reached_nobody_is_tried_again(book: Book, tmp_path: Path) -> None:
    for url in ("http://127.0.0.1:9/", "http://nobody.invalid/hook"):
        with pytest.raises(NotSentError) as caught:
            send(channel(tmp_path, ChannelKind.WEBHOOK, url), incident(book), Occasion.OPENED, "x")
        assert caught.value.again


async def test_nothing_of_a_secret_reaches_the_book(receiver: Receiver, book: Book, tmp_path: Path) -> None:
    hook, desk = channel(tmp_path, ChannelKind.WEBHOOK, f"{receiver.url}/s3cr3tpath"), Desk(book)
    outbox = desk.outbox(hook)
    outbox.add(desk.consent(hook))
    receiver.status = 500
    await outbox.flush()
    receiver.status = 200
    desk.now += 600
    await outbox.flush()
    assert desk.states() == ["waiting", "sent"]
    book.close()
    kept = b"".join(each.read_bytes() for each in tmp_path.iterdir() if each.suffix != ".secret")
    assert b"s3cr3tpath" not in kept
    assert b"127.0.0.1" not in kept


def test_templates_say_the_facts_and_keep_what_they_do_not_know(book: Book) -> None:
    text = told("[$severity] $title in $context for $duration, $$5 $nobody", incident(book), 1000.0)
    assert text == "[sev1] It burns in prod for 100s, $5 $nobody"
    assert proposed(incident(book)) is Occasion.OPENED


def test_nobody_but_chats_is_told_by_habit_and_users_never(book: Book) -> None:
    channels = {kind: Channel(str(kind), kind, secret_env="NOWHERE") for kind in ChannelKind}
    assert [kind for kind, each in channels.items() if preselected(each, incident(book))] == [ChannelKind.CHAT]
    for each in channels.values():
        book.append(NAME, FactKind.NOTICE, notice_body(each, Occasion.OPENED, "x"), by="alice", at=2000.0)
    later = [kind for kind, each in channels.items() if preselected(each, incident(book))]
    assert later == [ChannelKind.CHAT, ChannelKind.WEBHOOK, ChannelKind.PAGERDUTY]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("notify: {x: {kind: chat}}", "either url_file or url_env"),
        ("notify: {x: {kind: pagerduty, key_env: A, key_file: b}}", "either key_file or key_env"),
        ("notify: {x: {kind: chat, url_env: A, url: https://x}}", "url"),
        ("notify: {x: {kind: pigeon, url_env: A}}", "one of chat"),
        ("procedure: nowhere", "a list under checklists"),
        ("templates: {when: x}", "one of opened"),
    ],
)
def test_wrong_settings_are_told_with_their_place(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "incident.yaml"
    file.write_text(f"incident: {{{text}}}\n")
    with pytest.raises(SettingsError, match=words):
        load_settings(file, environ={})
