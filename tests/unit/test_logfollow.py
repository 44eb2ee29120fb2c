"""A container's log across broken streams: every line once, in whatever shape it comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.backoff import Backoff
from aurora_tui.cluster import logs
from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.logs import LINE_LIMIT, follow, split_lines
from aurora_tui.cluster.protocol import LogRequest
from tests.unit.logserver import DAY, Kubelet, at

READ = LogRequest("aurora", "web-1", "main")
FOLLOW = LogRequest("aurora", "web-1", "main", follow=True, tail=200)


class Pauses(Backoff):
    """Waits nothing; remembers how long the row of failures grew."""

    rows: list[int]

    def __init__(self) -> None:
        super().__init__()
        Pauses.rows = [0]

    def next(self) -> float:
        Pauses.rows[-1] += 1
        return 0.0

    def reset(self) -> None:
        Pauses.rows.append(0)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "Backoff", Pauses)


async def texts(kubelet: Kubelet, request: LogRequest = FOLLOW, *, streams: int = 99) -> list[str]:
    """What a follower reads until the container has ended, or so many streams were opened."""
    read = []
    async for line in follow(kubelet, request, ended=lambda: len(kubelet.requests) + 1 >= streams):
        read.append(line.text)
    return read


async def parts(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def cut(*chunks: bytes) -> list[bytes]:
    return [line async for line in split_lines(parts(*chunks))]


# Lines


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
async def test_lines_are_the_same_however_the_stream_is_cut(data: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(data), *(place for place in cuts if place < len(data))})
    chunks = [data[start:end] for start, end in pairwise(places)]

    lines = await cut(*chunks)

    assert lines == (data.removesuffix(b"\n").split(b"\n") if data else [])


async def test_the_last_line_needs_no_end() -> None:
    assert await cut(b"one\ntwo") == [b"one", b"two"]


async def test_an_endless_line_is_kept_up_to_the_limit_and_the_next_one_is_whole() -> None:
    megabyte = b"x" * (1 << 20)

    lines = await cut(megabyte, megabyte, b"yyy", b"\nnext\n")

    assert [len(line) for line in lines] == [LINE_LIMIT, 4]
    assert lines[1] == b"next"


async def test_a_line_has_its_time_its_origin_and_its_text() -> None:
    kubelet = Kubelet([f"{DAY}01.250000000Z GET /  200".encode()])

    (line,) = [line async for line in follow(kubelet, READ)]

    assert (line.stamp, line.origin, line.container, line.text) == (1767225601.25, "web-1", "main", "GET /  200")


@pytest.mark.parametrize(
    ("raw", "stamp", "text"),
    [
        (f"{DAY}01Z x", 1767225601.0, "x"),
        (f"{DAY}01.1Z x", 1767225601.1, "x"),
        ("2026-01-01T05:30:01.100000000+05:30 x", 1767225601.1, "x"),
        ("2025-12-31T16:00:01-08:00 x", 1767225601.0, "x"),
        (f"{DAY}01Z", 1767225601.0, ""),
        (f"{DAY}01Z x\r", 1767225601.0, "x"),
        (f"{DAY}01Z 10%\r20%\r", 1767225601.0, "10%\r20%"),
        ("unable to retrieve container logs", None, "unable to retrieve container logs"),
        ("2026-99-99T00:00:00Z x", None, "2026-99-99T00:00:00Z x"),
        (f"{DAY}01.5x6Z x", None, f"{DAY}01.5x6Z x"),
        ("", None, ""),
    ],
)
async def test_stamps_are_read_in_every_form_that_nodes_write(raw: str, stamp: float | None, text: str) -> None:
    (line,) = [line async for line in follow(Kubelet([raw.encode()]), READ)]

    assert (line.stamp, line.text) == (stamp, text)


async def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    (line,) = [line async for line in follow(Kubelet([at("01", "caf") + b"\xe9 \xff"]), READ)]

    assert line.text == "caf\ufffd \ufffd"


# Resuming


async def test_a_broken_stream_is_taken_up_without_loss_or_repetition() -> None:
    kubelet = Kubelet([at("01.1"), at("01.2"), at("02.1"), at("02.15"), at("02.2"), at("03")], drops=[4, 1, 2])

    read = await texts(kubelet, streams=5)

    assert read == ["01.1", "01.2", "02.1", "02.15", "02.2", "03"]
    assert [request.since for request in kubelet.requests[:2]] == [None, f"{DAY}02Z"]


async def test_lines_of_one_instant_are_counted_not_merged() -> None:
    same = [at("01.5", "same")] * 5

    for drop in range(6):
        assert await texts(Kubelet(list(same), drops=[drop]), streams=3) == ["same"] * 5


async def test_trailing_zeros_that_were_left_out_do_not_confuse_the_order() -> None:
    lines = [at("01", "a"), at("01.09", "b"), at("01.1", "c"), at("01.100000001", "d"), at("01.11", "e")]

    for drop in range(6):
        assert await texts(Kubelet(list(lines), drops=[drop]), streams=3) == ["a", "b", "c", "d", "e"]


async def test_lines_that_were_written_out_of_order_come_once_too() -> None:
    lines = [at("01.2"), at("01.1"), at("02.3"), at("02.2"), at("02.4")]

    for drop in range(6):
        assert await texts(Kubelet(list(lines), drops=[drop]), streams=3) == ["01.2", "01.1", "02.3", "02.2", "02.4"]


async def test_a_log_that_was_rotated_meanwhile_loses_nothing_new() -> None:
    kubelet = Kubelet([at("01.1"), at("01.2"), at("01.3")], drops=[3])
    read = []

    async for line in follow(kubelet, FOLLOW, ended=lambda: len(kubelet.requests) == 1):
        read.append(line.text)
        if line.text == "01.3":
            # The file with what was read is gone; new lines stand in the same second.
            kubelet.lines = [at("01.4"), at("01.5")]

    assert read == ["01.1", "01.2", "01.3", "01.4", "01.5"]


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=25),
    st.lists(st.integers(0, 25), max_size=4),
)
async def test_no_way_of_breaking_loses_or_repeats_a_line(tenths: list[int], drops: list[int]) -> None:
    tenths.sort()
    lines = [at(f"{tenth // 10:02}.{tenth % 10}", f"{tenth} {index}") for index, tenth in enumerate(tenths)]

    read = await texts(Kubelet(lines, drops=list(drops)), streams=len(drops) + 2)

    assert read == [line.decode().partition(" ")[2] for line in lines]


async def test_only_the_first_stream_is_short() -> None:
    kubelet = Kubelet([at(f"{second:02}") for second in range(9)], drops=[2])

    read = await texts(kubelet, LogRequest("aurora", "web-1", "main", follow=True, tail=3), streams=2)

    assert read == ["06", "07", "08"]
    assert [request.tail for request in kubelet.requests] == [3, None]


class Severed(Kubelet):
    """A kubelet whose streams are severed behind the API server, which ends its own as if nothing had happened."""

    def __init__(self, lines: list[bytes], severed: list[int], last_words: bytes = b"") -> None:
        super().__init__(lines)
        self.severed = severed
        """After how many bytes, one figure a request; then no more."""
        self.last_words = last_words

    async def logs(self, request: LogRequest) -> AsyncGenerator[bytes, None]:
        whole = [line + b"\n" async for line in super().logs(request)]
        sent = b"".join(whole) + self.last_words
        async for line in split_lines(parts(sent[: self.severed.pop(0)] if self.severed else sent)):
            yield line


async def test_a_line_that_was_cut_in_two_is_read_whole() -> None:
    lines = [at("01.1", "one"), at("01.2"), at("02")]

    for severed in range(len(b"\n".join(lines)) + 2):
        assert await texts(Severed(list(lines), [severed]), streams=3) == ["one", "01.2", "02"]


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=25),
    st.lists(st.integers(0, 1000), max_size=4),
)
async def test_no_way_of_severing_loses_or_repeats_a_whole_line(tenths: list[int], severed: list[int]) -> None:
    """A piece that came twice alike is taken for all there is, and shown: the whole line still follows."""
    tenths.sort()
    lines = [at(f"{tenth // 10:02}.{tenth % 10}", f"{index} of {tenth}") for index, tenth in enumerate(tenths)]
    wanted = [line.decode().partition(" ")[2] for line in lines]

    read = await texts(Severed(lines, list(severed)), streams=len(severed) + 2)

    assert [text for text in read if text in wanted] == wanted


async def test_last_words_without_a_line_end_are_read_once() -> None:
    kubelet = Severed([at("01")], [], last_words=at("02", "panic"))

    assert await texts(kubelet, streams=5) == ["01", "panic"]


async def test_last_words_without_a_line_end_outlive_a_restart() -> None:
    kubelet = Severed([at("01")], [], last_words=at("02", "panic"))
    read = []
    async for line in follow(kubelet, FOLLOW, ended=lambda: len(kubelet.requests) == 2):
        read.append(line.text)
        kubelet.lines, kubelet.last_words = [at("03", "up again")], b""

    assert read == ["01", "panic", "up again"]


async def test_what_is_written_after_an_empty_stream_is_read_from_its_first_line() -> None:
    kubelet = Kubelet()
    request = LogRequest("aurora", "a", "b", follow=True, tail=1)

    def ended() -> bool:
        if kubelet.requests:
            kubelet.lines = [at("01"), at("02"), at("03")]
        return len(kubelet.requests) >= 2

    assert [line.text async for line in follow(kubelet, request, ended=ended)] == ["01", "02", "03"]


async def test_a_window_of_time_is_asked_for_until_there_is_a_line_to_resume_from() -> None:
    kubelet = Kubelet([at("09")], drops=[0, 1])

    await texts(kubelet, LogRequest("a", "b", "c", follow=True, since=f"{DAY}05Z"), streams=3)

    assert [request.since for request in kubelet.requests] == [f"{DAY}05Z", f"{DAY}05Z", f"{DAY}09Z"]


# States


async def test_a_container_that_waits_to_start_is_asked_again_and_told() -> None:
    waiting = ClusterError('container "main" in pod "web-1" is waiting to start: ContainerCreating', status=400)
    kubelet = Kubelet([at("01")], faults=[waiting, waiting])
    states: list[str] = []

    async for _ in follow(kubelet, FOLLOW, on_state=states.append, ended=lambda: len(kubelet.requests) == 2):
        pass

    assert states == [str(waiting), str(waiting), "", ""]
    assert [request.tail for request in kubelet.requests] == [200, 200, 200]


async def test_a_pod_that_is_gone_ends_the_log() -> None:
    states: list[str] = []
    kubelet = Kubelet([at("01")], drops=[1])
    read = []

    async for line in follow(kubelet, FOLLOW, on_state=states.append):
        read.append(line.text)
        kubelet.faults = [NotFoundError("gone")]

    assert read == ["01"]
    assert states[-1] == "the pod is gone"


async def test_a_log_that_is_not_followed_is_read_once() -> None:
    kubelet = Kubelet([at("01"), at("02")])

    assert await texts(kubelet, READ) == ["01", "02"]
    assert len(kubelet.requests) == 1


async def test_what_is_wrong_with_a_log_that_is_not_followed_is_raised() -> None:
    with pytest.raises(ClusterError, match="previous terminated container"):
        await texts(Kubelet(faults=[ClusterError("previous terminated container not found", status=400)]), READ)


async def test_an_ended_container_is_read_once_more_and_left() -> None:
    kubelet = Kubelet([at("01")])
    read: list[str] = []

    async for line in follow(kubelet, FOLLOW, ended=lambda: bool(read)):
        read.append(line.text)
        kubelet.lines.append(at("02", "last words"))

    assert set(read) == {"01", "last words"}
    assert len(kubelet.requests) == 2


async def test_a_stream_that_brings_nothing_new_is_asked_for_less_and_less() -> None:
    kubelet = Kubelet([at("01")])

    await texts(kubelet, streams=10)

    # One line ends the first row of failures; the same line again ends none.
    assert Pauses.rows == [0, 9]


async def test_the_kubelets_own_complaint_is_shown_once_and_no_reason_to_hurry() -> None:
    kubelet = Kubelet([b"unable to retrieve container logs for containerd://5"])

    assert await texts(kubelet, streams=10) == ["unable to retrieve container logs for containerd://5"]
    assert Pauses.rows == [9]
