"""When each revision ran: what is said is true, in order and without overlap; what nobody knows stays unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.revisions import Revision
from aurora_tui.model.runs import Restored, Run, latest, left_by_rollback, runs
from aurora_tui.model.stamps import rfc3339

START = 1_700_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


@dataclass
class Past:
    """A workload as its controller kept it; `truth` holds what really happened: number -> (keeper, begin)."""

    kind: str = "Deployment"
    writes_down: bool = True
    """Whether the server keeps managedFields."""
    truth: dict[int, tuple[str, float]] = field(default_factory=dict)
    made: dict[str, float] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)

    def change(self, keeper: str, at: float) -> None:
        """The template becomes that of a keeper, made now if there is none."""
        if keeper in self.dropped:
            self.dropped.discard(keeper)
            self.made.pop(keeper)
            self.truth = {
                number: ("gone", begin) if name == keeper else (name, begin)
                for number, (name, begin) in self.truth.items()
            }
        self.made.setdefault(keeper, at)
        self.truth[max(self.truth, default=0) + 1] = (keeper, at)

    @property
    def newest(self) -> str:
        return self.truth[max(self.truth)][0]

    def history(self) -> tuple[Revision, ...]:
        kept = [self._revision(keeper) for keeper in self.made if keeper not in self.dropped]
        return tuple(sorted(kept, key=lambda each: each.number))

    def _revision(self, keeper: str) -> Revision:
        numbers = sorted(number for number, (name, _) in self.truth.items() if name == keeper)
        created = rfc3339(self.made[keeper])
        if self.kind == "Deployment":
            earlier = ",".join(map(str, numbers[:-1]))
            annotations = {"deployment.kubernetes.io/revision-history": earlier} if earlier else {}
            return Revision(numbers[-1], keeper, created, "", {}, annotations)
        numbered = rfc3339(self.truth[numbers[-1]][1]) if self.writes_down else ""
        return Revision(numbers[-1], keeper, created, "", {}, {}, {}, numbered)

    def workload(self, complete: float | None = None) -> dict[str, Any]:
        item: dict[str, Any] = {"spec": {}, "status": {}}
        if complete is not None:
            message = f'ReplicaSet "{self.newest}" has successfully progressed.'
            condition = {"type": "Progressing", "reason": "NewReplicaSetAvailable", "message": message}
            item["status"]["conditions"] = [condition | {"lastUpdateTime": rfc3339(complete)}]
        return item

    def runs(self, *restored: Restored, complete: float | None = None) -> tuple[Run, ...]:
        return runs(self.workload(complete), self.history(), restored)


def past(*changes: tuple[str, float], kind: str = "Deployment", writes_down: bool = True) -> Past:
    made = Past(kind, writes_down)
    for keeper, at in changes:
        made.change(keeper, START + at)
    return made


def spans(found: tuple[Run, ...], now: float) -> dict[int, tuple[float, float] | None]:
    told = {run.number: run.span(START + now) for run in found}
    return {number: span and (span[0] - START, span[1] - START) for number, span in told.items()}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_a_revision_ran_from_its_own_change_to_the_next(kind: str) -> None:
    found = past(("a", 0), ("b", HOUR), ("c", DAY), kind=kind).runs()

    assert spans(found, 2 * DAY) == {1: (0, HOUR), 2: (HOUR, DAY), 3: (DAY, 2 * DAY)}
    assert [(run.exact, run.current) for run in found] == [(True, False), (True, False), (True, True)]


def test_when_a_replicaset_was_restored_only_its_first_run_is_known() -> None:
    found = past(("a", 0), ("b", HOUR), ("a", 2 * HOUR), ("c", DAY)).runs()

    assert spans(found, 2 * DAY) == {1: (0, HOUR), 2: None, 3: None, 4: (DAY, 2 * DAY)}
    assert latest(found, "a", START + 2 * DAY) == found[0]


def test_a_complete_rollout_bounds_when_the_restored_revision_began() -> None:
    undone = past(("a", 0), ("b", HOUR), ("a", 2 * HOUR))

    [_, bad, now] = undone.runs(complete=START + 2 * HOUR + MINUTE)

    assert (now.begin, now.exact, now.current) == (START + 2 * HOUR + MINUTE, False, True)
    assert bad.span(START + DAY) is None


def test_a_condition_that_still_speaks_of_the_revision_before_bounds_nothing() -> None:
    before = past(("a", 0), ("b", HOUR))
    stale = before.workload(complete=START + HOUR + MINUTE)
    before.change("a", START + 2 * HOUR)

    newest = runs(stale, before.history())[-1]

    assert newest.begin is None and newest.span(START + DAY) is None


def test_the_rollout_is_left_out_of_the_time_that_the_newest_is_judged_by() -> None:
    [_, newest] = past(("a", 0), ("b", HOUR)).runs(complete=START + HOUR + MINUTE)

    assert newest.span(START + DAY) == (START + HOUR, START + DAY)
    assert newest.undiluted(START + DAY) == (START + HOUR + MINUTE, START + DAY)


def test_an_undo_of_the_journal_says_when_the_restored_revision_began() -> None:
    undone = past(("a", 0), ("b", HOUR), ("a", 2 * HOUR))

    found = undone.runs(Restored(START + 2 * HOUR, "a", 3), complete=START + 3 * HOUR)

    assert spans(found, DAY) == {1: (0, HOUR), 2: (HOUR, 2 * HOUR), 3: (2 * HOUR, DAY)}
    assert found[-1].exact


@pytest.mark.parametrize("journalled", [True, False])
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ("ab", ""),
        ("aba", "b"),
        ("abcb", "c"),
        ("abca", "c"),
        ("abad", "b"),
        ("abcba", "bc"),
        ("abab", "a"),
        ("abac", "b"),
    ],
)
def test_what_a_rollback_left_is_told_from_what_a_release_replaced(
    kind: str, changes: str, left: str, journalled: bool
) -> None:
    undone = past(*((keeper, number * HOUR) for number, keeper in enumerate(changes)), kind=kind)
    entries = [
        Restored(START + number * HOUR, keeper, number + 1)
        for number, keeper in enumerate(changes)
        if keeper in changes[:number]
    ]
    found = undone.runs(*(entries if journalled else ()))

    assert {keeper for keeper in changes if left_by_rollback(found, keeper)} == set(left)


def test_what_only_the_journal_knows_to_have_run_before_was_come_back_to() -> None:
    forgotten = Past(writes_down=False, truth={2: ("b", START + HOUR), 3: ("a", START + 2 * HOUR)})
    forgotten.made = {"b": START + HOUR, "a": START}

    assert left_by_rollback(forgotten.runs(), "b") is None
    assert left_by_rollback(forgotten.runs(Restored(START + 2 * HOUR, "a", 3)), "b") is not None


def test_when_it_was_left_is_told_where_the_journal_knows() -> None:
    undone = past(("a", 0), ("b", HOUR), ("a", 2 * HOUR))

    told = [left_by_rollback(undone.runs(*known), "b") for known in ((), (Restored(START + 2 * HOUR, "a", 3),))]

    assert [run and (run.number, run.end) for run in told] == [(2, None), (2, START + 2 * HOUR)]


@pytest.mark.parametrize(
    "entry",
    [
        Restored(START + 2 * HOUR, "b", 3),
        Restored(START + 2 * HOUR, "a", 5),
        Restored(START + MINUTE, "a", 3),
        Restored(START + 2 * HOUR, "b", 2),
    ],
    ids=["another keeper", "a number that never was", "before the revision that it replaced", "a number that is known"],
)
def test_an_entry_that_does_not_fit_the_objects_says_nothing(entry: Restored) -> None:
    undone = past(("a", 0), ("b", HOUR), ("a", 2 * HOUR))

    assert undone.runs(entry) == undone.runs()


def test_a_controller_revision_tells_when_it_was_restored_and_its_creation_finds_its_first_number() -> None:
    found = past(("a", 0), ("b", HOUR), ("c", 2 * HOUR), ("b", DAY), kind="StatefulSet").runs()

    assert spans(found, 2 * DAY) == {
        1: (0, HOUR),
        2: (HOUR, 2 * HOUR),
        3: (2 * HOUR, DAY),
        4: (DAY, 2 * DAY),
    }
    assert [run.keeper for run in found] == ["a", "b", "c", "b"]


def test_without_managed_fields_nothing_is_said_of_controller_revisions_once_one_was_restored() -> None:
    toggled = past(("a", 0), ("b", 1 * HOUR), ("a", 2 * HOUR), ("b", DAY), kind="DaemonSet", writes_down=False)

    assert spans(toggled.runs(), 2 * DAY) == {3: None, 4: None}


@pytest.mark.parametrize("strategy", [{"type": "OnDelete"}, {"rollingUpdate": {"partition": 1}}])
def test_where_pods_do_not_follow_the_template_nothing_is_known(strategy: dict[str, Any]) -> None:
    staged = past(("a", 0), ("b", HOUR), kind="StatefulSet")

    found = runs({"spec": {"updateStrategy": strategy}}, staged.history(), [Restored(START + HOUR, "b", 2)])

    assert spans(found, DAY) == {1: None, 2: None}


def test_times_that_contradict_the_numbers_are_unknown() -> None:
    odd = past(("a", HOUR), ("b", 0), ("c", DAY))

    assert spans(odd.runs(), 2 * DAY) == {1: None, 2: None, 3: (DAY, 2 * DAY)}


def test_a_workload_without_revisions_has_no_runs() -> None:
    assert runs({"spec": {}}, ()) == ()
    assert latest((), "a", START) is None


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    made = Past(draw(st.sampled_from(["Deployment", "StatefulSet"])), draw(st.booleans()))
    at = START
    for keeper in draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12)):
        if made.truth and keeper == made.newest:
            continue
        at += draw(st.integers(1, 10_000))
        made.change(keeper, at)
        if draw(st.integers(0, 4)) == 0:  # the history limit takes the oldest number
            kept = made.history()
            made.dropped |= {each.keeper for each in kept[:1] if each.keeper != made.newest}
    return made


@given(pasts(), st.data())
def test_whatever_is_said_is_true_ordered_and_without_overlap(made: Past, data: st.DataObject) -> None:
    known = [Restored(begin, keeper, number) for number, (keeper, begin) in made.truth.items()]
    told = data.draw(st.lists(st.sampled_from(known), unique=True))
    began = made.truth[max(made.truth)][1]
    complete = data.draw(st.none() | st.integers(1, 600).map(lambda after: began + after))
    now = began + 10_000

    found = made.runs(*told, complete=complete if made.kind == "Deployment" else None)

    for run in found:
        keeper, begin = made.truth[run.number]
        assert run.keeper == keeper
        if run.begin is not None:
            assert run.begin == begin if run.exact else run.begin >= begin
        if run.end is not None:
            assert run.end == made.truth[run.number + 1][1]
    assert [run.number for run in found] == sorted({run.number for run in found})
    sure = [span for run in found if (span := run.span(now)) is not None]
    assert all(begin <= end for begin, end in sure)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(sure))
    assert [run.current for run in found].count(True) == 1 and found[-1].current
