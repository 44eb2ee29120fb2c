"""The Job and CronJob controllers."""

from __future__ import annotations

from aurora_tui.sandbox.kube.deletion import delete
from aurora_tui.sandbox.kube.kinds import CRONJOBS, JOBS, PODS, Json
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.podstate import holds, is_leaving, is_ready, phase, with_condition
from aurora_tui.sandbox.kube.schedules import next_run
from aurora_tui.sandbox.kube.stamps import seconds_of, stamp
from aurora_tui.sandbox.kube.workloads import WorkloadController, owned, owner_reference

_RETRY = 10.0


class JobController(WorkloadController):
    resource = JOBS
    component = "job-controller"

    def reconcile(self, key: Key) -> float | None:
        job = self.store.get(JOBS, *key)
        if job is None or is_leaving(job) or is_finished(job):
            return None
        now, spec = self.cluster.clock(), job["spec"]
        pods = owned(self.store, PODS, job)
        active = [pod for pod in pods if phase(pod) in ("Pending", "Running") and not is_leaving(pod)]
        succeeded = sum(phase(pod) == "Succeeded" for pod in pods)
        failed = sum(phase(pod) == "Failed" for pod in pods)
        due: float | None = None
        status = {**job.get("status", {})}
        conditions = status.get("conditions") or []
        if succeeded >= spec["completions"]:
            for kind in ("SuccessCriteriaMet", "Complete"):
                told = {"reason": "CompletionsReached", "message": "Reached expected number of succeeded pods"}
                conditions = with_condition(conditions, now, kind, True, probed=True, **told)
            status["completionTime"] = stamp(now)
            self.report(job, "Completed", "Job completed")
        elif failed > spec["backoffLimit"]:
            text = "Job has reached the specified backoff limit"
            conditions = with_condition(
                conditions, now, "Failed", True, probed=True, reason="BackoffLimitExceeded", message=text
            )
            self.report(job, "BackoffLimitExceeded", text, "Warning")
        elif not spec.get("suspend"):
            wanted = min(spec["parallelism"], spec["completions"] - succeeded) - len(active)
            due = self._wait_after_failure(pods, failed) if wanted > 0 and failed else None
            if due is None or due <= now:
                active += [self._create(job) for _ in range(wanted)]
                due = None
        self.set_status(
            job,
            {
                **status,
                "startTime": status.get("startTime", stamp(now)),
                "active": len(active),
                "ready": sum(map(is_ready, active)),
                "succeeded": succeeded,
                "failed": failed,
                "terminating": 0,
                "uncountedTerminatedPods": {},
                "conditions": conditions,
            },
        )
        return due

    def _wait_after_failure(self, pods: list[Json], failed: int) -> float:
        """Failures are retried after 10 s, doubled each time."""
        ends = [
            each["state"]["terminated"]["finishedAt"]
            for pod in pods
            if phase(pod) == "Failed"
            for each in pod["status"].get("containerStatuses") or ()
            if "terminated" in each["state"]
        ]
        last = max(map(seconds_of, ends), default=0.0)
        return last + min(_RETRY * float(2 ** (failed - 1)), 600.0)

    def _create(self, job: Json) -> Json:
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        labels = {"batch.kubernetes.io/job-name": name, "job-name": name}
        labels |= {"batch.kubernetes.io/controller-uid": uid, "controller-uid": uid}
        pod = self.create_pod(job, job["spec"]["template"], labels=labels)
        self.report(job, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        return pod


class CronJobController(WorkloadController):
    resource = CRONJOBS
    owns = (JOBS,)
    component = "cronjob-controller"

    def reconcile(self, key: Key) -> float | None:
        cron_job = self.store.get(CRONJOBS, *key)
        if cron_job is None or is_leaving(cron_job):
            return None
        now, spec = self.cluster.clock(), cron_job["spec"]
        status = dict(cron_job.get("status", {}))
        jobs = owned(self.store, JOBS, cron_job)
        last = status.get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
        due = None if spec.get("suspend") else next_run(spec["schedule"], seconds_of(last))
        running = any(not is_finished(job) for job in jobs)
        if due is not None and due <= now:
            if not (running and spec["concurrencyPolicy"] == "Forbid"):
                jobs.append(self._start(cron_job, due))
            status["lastScheduleTime"] = stamp(due)
            due = next_run(spec["schedule"], now)
        done = [job["status"]["completionTime"] for job in jobs if holds(job, "Complete")]
        if done:
            status["lastSuccessfulTime"] = max([*done, status.get("lastSuccessfulTime", "")])
        status["active"] = [_reference(job) for job in jobs if not is_finished(job)]
        self.set_status(cron_job, status)
        self._clean_up(jobs, "Complete", spec["successfulJobsHistoryLimit"])
        self._clean_up(jobs, "Failed", spec["failedJobsHistoryLimit"])
        return due

    def _start(self, cron_job: Json, moment: float) -> Json:
        template, metadata = cron_job["spec"]["jobTemplate"], cron_job["metadata"]
        name = f"{metadata['name']}-{int(moment) // 60}"
        present = self.store.get(JOBS, metadata["namespace"], name)
        if present is not None:
            return present
        given = template.get("metadata") or {}
        uid = self.store.new_uid()
        spec = template["spec"]
        labels = {"batch.kubernetes.io/job-name": name, "batch.kubernetes.io/controller-uid": uid}
        pods = spec["template"]
        merged = {**((pods.get("metadata") or {}).get("labels") or {}), **labels}
        job = self.store.create(
            JOBS,
            {
                "kind": "Job",
                "apiVersion": "batch/v1",
                "metadata": {
                    "name": name,
                    "namespace": metadata["namespace"],
                    "labels": {**(given.get("labels") or {}), **labels},
                    "ownerReferences": [owner_reference(CRONJOBS, cron_job)],
                },
                "spec": {
                    "parallelism": 1,
                    "completions": 1,
                    "backoffLimit": 6,
                    "completionMode": "NonIndexed",
                    "suspend": False,
                    **spec,
                    "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
                    "template": {**pods, "metadata": {**(pods.get("metadata") or {}), "labels": merged}},
                },
                "status": {},
            },
        )
        self.report(cron_job, "SuccessfulCreate", f"Created job {name}")
        return job

    def _clean_up(self, jobs: list[Json], kind: str, kept: int) -> None:
        ended = sorted((j for j in jobs if holds(j, kind)), key=lambda j: str(j["metadata"]["creationTimestamp"]))
        for job in ended[: max(len(ended) - kept, 0)]:
            delete(self.store, self.cluster.clock(), JOBS, job)


def is_finished(job: Json) -> bool:
    return holds(job, "Complete") or holds(job, "Failed")


def _reference(job: Json) -> Json:
    metadata = job["metadata"]
    return {
        "kind": "Job",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": "batch/v1",
        "resourceVersion": metadata["resourceVersion"],
    }
