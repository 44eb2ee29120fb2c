"""Jobs and cron jobs as kubectl prints them (``printJob``, ``printCronJob``), and which are faulty."""

from __future__ import annotations

from aurora_tui.model.ages import age, human_duration, stamp
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.printing import (
    NONE,
    age_column,
    age_key,
    count_column,
    name_column,
    selector_text,
    template_columns,
    text_column,
)
from aurora_tui.model.wire_workloads import CronJob, Job

_TONES = {
    "Complete": Tone.DIM,
    "Failed": Tone.BAD,
    "FailureTarget": Tone.BAD,
    "Suspended": Tone.WARN,
    "Terminating": Tone.WARN,
}
_SEVERITY = {Tone.BAD: 0, Tone.WARN: 1, Tone.PLAIN: 2, Tone.DIM: 3}


def status(job: Job) -> str:
    """The job's state in one word: the first of its conditions that counts, else ``Running``."""
    if _has(job, "Complete"):
        return "Complete"
    if _has(job, "Failed"):
        return "Failed"
    if job.metadata.deletion_timestamp is not None:
        return "Terminating"
    later = ("Suspended", "FailureTarget", "SuccessCriteriaMet")
    return next((kind for kind in later if _has(job, kind)), "Running")


def _has(job: Job, kind: str) -> bool:
    found = next((each for each in job.status.conditions or () if each.type == kind), None)
    return found is not None and found.status == "True"


def faulty(job: Job, now: float) -> bool:
    """Whether the job failed or is about to be failed."""
    return _tone(job) is Tone.BAD


def _tone(job: Job) -> Tone:
    return _TONES.get(status(job), Tone.PLAIN)


def completions(job: Job) -> str:
    """``succeeded/wanted``; ``0/1 of 3`` for a work queue of three workers, of which one must succeed."""
    done, parallelism = job.status.succeeded, job.spec.parallelism or 0
    if job.spec.completions is not None:
        return f"{done}/{job.spec.completions}"
    return f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"


def duration(job: Job, now: float) -> float | None:
    """Seconds from the start to completion, or until now; None before the start."""
    start, end = job.status.start_time, job.status.completion_time
    if start is None:
        return None
    return (now if end is None else end.timestamp()) - start.timestamp()


def _duration_cell(job: Job, now: float) -> Cell:
    seconds = duration(job, now)
    return Cell("" if seconds is None else human_duration(seconds))


def _duration_key(job: Job) -> tuple[bool, float]:
    """Finished jobs by duration, then running ones with the newest first, then those not started."""
    start, end = stamp(job.status.start_time), stamp(job.status.completion_time)
    if start is None:
        return True, float("inf")
    return (True, -start) if end is None else (False, end - start)


JOB_COLUMNS: tuple[Column[Job], ...] = (
    name_column(),
    Column(
        "STATUS",
        lambda job, now: Cell(status(job), _tone(job)),
        lambda job: (_SEVERITY[_tone(job)], status(job)),
    ),
    Column(
        "COMPLETIONS",
        lambda job, now: Cell(completions(job)),
        lambda job: (job.status.succeeded, job.spec.completions or 1),
        rank=1,
    ),
    Column("DURATION", _duration_cell, _duration_key, rank=3),
    age_column(rank=2),
    *template_columns(lambda job: job.spec.template),
    text_column("SELECTOR", lambda job: selector_text(job.spec.selector) or NONE, rank=6),
)


def _suspend(cron_job: CronJob) -> str:
    return str(bool(cron_job.spec.suspend))


def _last_schedule(cron_job: CronJob, now: float) -> Cell:
    last = cron_job.status.last_schedule_time
    return Cell(NONE if last is None else age(last, now))


CRON_JOB_COLUMNS: tuple[Column[CronJob], ...] = (
    name_column(),
    text_column("SCHEDULE", lambda row: row.spec.schedule, rank=1, wide=False),
    text_column("TIMEZONE", lambda row: NONE if row.spec.time_zone is None else row.spec.time_zone, wide=False),
    Column(
        "SUSPEND",
        lambda row, now: Cell(_suspend(row), Tone.WARN if row.spec.suspend else Tone.PLAIN),
        _suspend,
        rank=2,
    ),
    count_column("ACTIVE", lambda row: len(row.status.active or ()), rank=2),
    Column("LAST SCHEDULE", _last_schedule, lambda row: age_key(row.status.last_schedule_time), rank=2),
    age_column(rank=3),
    *template_columns(lambda row: row.spec.job_template.spec.template),
    text_column("SELECTOR", lambda row: selector_text(row.spec.job_template.spec.selector) or NONE, rank=6),
)
