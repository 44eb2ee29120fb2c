"""What would stop the harm: mitigations for findings, ranked, each with why and with what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aurora_tui.incident.analyzers.canary import under_way
from aurora_tui.incident.analyzers.saturation import CONNECTIONS, autoscaler_of
from aurora_tui.incident.memoryoffers import memory_offers
from aurora_tui.incident.nodeoffers import node_offers
from aurora_tui.incident.offers import SCALABLE, Offer, Rule, restart, undo
from aurora_tui.incident.situation import Situation
from aurora_tui.model.actions import Verb
from aurora_tui.model.changes import ChangeKind
from aurora_tui.model.findings import Cause, Finding, Mitigation
from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import ObjectRef

_REPEATED = 0.4
"""What an offer is worth that something else, which is found as well, makes needless or useless."""
_SURE = 0.8
_SHORT = 24
"""Characters of a value that is told within a line."""
_LEANING = (Cause.DEPENDENCY, Cause.CONNECTION)
_FOLLOWING = (Cause.CRASH_LOOP, Cause.PROBES)


def mitigations(situation: Situation, findings: Sequence[Finding]) -> tuple[Mitigation, ...]:
    """Ranked: what mends the surest cause first. Where nothing is found nothing is suggested.

    One that answers several findings is told once, with the reason that weighs most.
    """
    scored: dict[object, tuple[float, Mitigation]] = {}
    for finding in findings:
        for offer in _RULES[finding.cause](situation, finding):
            score = finding.weight * offer.fit * _worth(situation, finding, offer, findings)
            key = (
                offer.verb,
                offer.ref and (offer.ref.kind, offer.ref.name),
                offer.words if offer.verb is None else "",
            )
            against = (*offer.against, *(each.words for each in finding.against))
            made = Mitigation(
                offer.words, offer.verb, offer.ref, dict(offer.parameters), finding.words, against, 0, finding.cause,
                offer.also, offer.how,
            )  # fmt: skip
            if key not in scored or scored[key][0] < score:
                scored[key] = (score, made)
    ranked = sorted(scored.values(), key=lambda each: (-each[0], each[1].verb is None, each[1].words))
    told = _of_one_mind(situation, [each for _, each in ranked])
    return tuple(replace(each, rank=place) for place, each in enumerate(told, 1))


def _of_one_mind(situation: Situation, ranked: Sequence[Mitigation]) -> Iterator[Mitigation]:
    """Without what a better one speaks against: sparing what is acted on, restarting what is to be spared."""
    own, acts, spared = situation.own, False, False
    for each in ranked:
        on_own = each.verb is not None and own is not None and each.ref == own
        hands_off = each.verb is None and each.cause in _LEANING
        if (hands_off and acts) or (on_own and spared and each.verb is Verb.RESTART):
            continue
        acts, spared = acts or on_own, spared or hands_off
        yield each


def _worth(situation: Situation, finding: Finding, offer: Offer, findings: Sequence[Finding]) -> float:
    """What an offer is worth beside the other findings."""
    causes = {(each.ref.kind, each.ref.name): each.cause for each in findings if each.cause not in _LEANING}
    down = any(each.cause is Cause.DEPENDENCY and each.weight >= _SURE for each in findings)
    if finding.cause in _LEANING and offer.verb is None and (finding.ref.kind, finding.ref.name) in causes:
        return _REPEATED  # what ails the other is known, and has mitigations of its own
    if finding.cause in _FOLLOWING and down and finding.ref == situation.own:
        return _REPEATED  # it ends, or is not ready, for want of the other
    return 1.0


def _bad_release(situation: Situation, finding: Finding) -> Iterator[Offer]:
    ref = finding.ref
    if ref.kind == "Rollout" and under_way(situation.raw(ref) or {}) is not None:
        yield _abort(ref)
        yield from undo(situation, finding, 0.8)
    else:
        yield from undo(situation, finding, 1.0)


def _abort(ref: ObjectRef) -> Offer:
    return Offer(1.0, f"abort {ref}: all traffic goes back to the stable version", Verb.ABORT, ref)


def _config_edit(situation: Situation, finding: Finding) -> Iterator[Offer]:
    reader = situation.owner(finding.ref)
    if finding.hints:
        keys = ", ".join(finding.hints)
        mounted = any(not each.against and "mounts it" in each.words for each in finding.evidence)
        against = () if mounted else (f"its pods read it when they start: restart {reader} afterwards",)
        only = str(next(iter(finding.hints.values()))) if len(finding.hints) == 1 else ""
        value = f"to {only}" if only and only.isprintable() and len(only) <= _SHORT else "to what was there before"
        words = f"set {keys} of {finding.ref} back {value}"
        yield Offer(1.0, words, Verb.FLAG, finding.ref, finding.hints, against)
    else:
        yield Offer(0.9, f"put {finding.ref} back as it was, where it is kept: the cluster does not know what it was")
    if reader is not None:
        yield from restart(reader, 0.3, "it starts with the edited configuration again")


def _broken_pods(situation: Situation, finding: Finding) -> Iterator[Offer]:
    """Pods that cannot start: going back mends it where they came with a change, starting them anew seldom does."""
    yield from undo(situation, finding, 0.95)
    if situation.ready(finding.ref):
        yield from restart(finding.ref, 0.4, "its containers have been started anew already, and ended again")
    else:
        # New pods begin with nothing of the old ones, and may come to another node; there is no ready one to lose.
        if finding.ref.kind == "StatefulSet":
            yield from _delete_crashed(finding)
        yield from restart(finding.ref, 0.75, "its containers have been started anew already, and ended again")


def _delete_crashed(finding: Finding) -> Iterator[Offer]:
    """Of a StatefulSet the pod itself: a rolling restart would wait for the very pod that does not get ready."""
    for each in finding.evidence:
        if isinstance(each.ref, ObjectRef) and each.ref.kind == "Pod":
            words = f"delete {each.ref}: it is made anew, with its volumes"
            yield Offer(0.8, words, Verb.DELETE, each.ref, {}, ("what it keeps outside its volumes is lost",))
            return


def _image(situation: Situation, finding: Finding) -> Iterator[Offer]:
    back = [*undo(situation, finding, 1.0)]
    if back:
        yield from back
    else:
        yield Offer(0.9, f"give {finding.ref} an image that is there, or the right to pull it")


def _probes(situation: Situation, finding: Finding) -> Iterator[Offer]:
    yield from undo(situation, finding, 0.95)
    yield from restart(finding.ref, 0.6, "while pods start fewer serve")


def _unschedulable(situation: Situation, finding: Finding) -> Iterator[Offer]:
    node = finding.hints.get("node")
    if node:
        against = ("it may have been cordoned for a reason: see who did it",)
        yield Offer(0.9, f"uncordon node {node}", Verb.UNCORDON, ObjectRef("Node", None, str(node)), {}, against)
    yield from undo(situation, finding, 0.7)
    yield Offer(0.6, "add a node, or take room from what is needed less")


def _quota(situation: Situation, finding: Finding) -> Iterator[Offer]:
    yield Offer(0.9, "raise the quota, or scale something down that is needed less")


def _volume(situation: Situation, finding: Finding) -> Iterator[Offer]:
    yield Offer(0.9, f"see to the volume of {finding.ref}: its claim, its storage class, the node that still holds it")


def _dependency(situation: Situation, finding: Finding) -> Iterator[Offer]:
    ref, own = finding.ref, situation.own
    service = situation.service_of(ref)
    if situation.desired(ref) == 0:
        least = service.capacity.min_replicas if service is not None and service.capacity is not None else 1
        before = _before_zero(situation, ref) or least
        yield Offer(1.05, f"scale {ref} back to {before}", Verb.SCALE, ref, {"replicas": before})
    how = "is down" if " is down: " in finding.words else "does badly"
    words = f"don't touch {own or situation.subject}: {service.name if service else ref} {how}, see to {ref} first"
    yield Offer(1.0, words, None, ref)


def _before_zero(situation: Situation, ref: ObjectRef) -> int | None:
    """How many replicas it had, as the events of its scaling tell."""
    for each in situation.changes:
        if each.kind is ChangeKind.SCALING and (each.ref.kind, each.ref.name) == (ref.kind, ref.name):
            was = each.words.partition(" from ")[2].partition(" ")[0]
            if each.words.endswith(" to 0") and was.isdecimal():
                return int(was)
    return None


def _connection(situation: Situation, finding: Finding) -> Iterator[Offer]:
    yield Offer(0.8, f"don't touch {situation.own}: see why {finding.ref} cannot be reached", None, finding.ref)


def _certificate(situation: Situation, finding: Finding) -> Iterator[Offer]:
    ref = finding.ref
    # https://cert-manager.io/docs/reference/cmctl/#renew
    issuer = (
        f"cmctl renew {ref.name} -n {ref.namespace}" if ref.kind == "Certificate" else "whoever issues it renews it"
    )
    how = f"{issuer}; then restart what has read the old one and does not look again"
    yield Offer(1.0, "renew the certificate, where it is issued", None, finding.ref, how=how)


def _neighbour(situation: Situation, finding: Finding) -> Iterator[Offer]:
    ref = finding.ref
    if ref.kind == "CronJob":
        against = ("the run under way goes on: delete its pod as well",)
        if not (situation.raw(ref) or {}).get("spec", {}).get("suspend"):
            yield Offer(1.0, f"suspend {ref}: it starts no more runs", Verb.PAUSE, ref, {}, against)
        for pod in situation.pods_of(ref):
            if pod.status.phase == "Running":
                name = ObjectRef("Pod", ref.namespace, pod.metadata.name, pod.metadata.uid)
                yield Offer(0.8, f"delete {name}: its run ends", Verb.DELETE, name, {}, ("what it has done is lost",))
    elif service := situation.service_of(ref):
        yield Offer(0.7, f"see why {service.name} ({ref}) takes so much: it serves as well, and keeps its replicas")
    elif ref.kind == "Deployment" and (now := situation.desired(ref) or 0) > 1:
        scaler = autoscaler_of(situation, ref)
        overruled = (f"{scaler.ref} will set its own number again",) if scaler is not None else ()
        words = f"scale {ref} from {now} to {now // 2}"
        yield Offer(0.9, words, Verb.SCALE, ref, {"replicas": now // 2}, (*overruled, "ask whose it is"))
    else:  # the last replica of something, or what may keep data and votes: not without those whose it is
        yield Offer(0.7, f"see whose {ref} is, and whether it may be stopped")


def _saturation(situation: Situation, finding: Finding) -> Iterator[Offer]:
    ref, more = finding.ref, finding.hints.get("replicas")
    if CONNECTIONS in finding.hints:
        more_of_them = "more pods open more connections: what they lead to must bear them"
        yield Offer(0.6, f"see what holds the connections of {ref}, or give its pool more", against=(more_of_them,))
        return
    scaler = autoscaler_of(situation, ref)
    service = situation.service_of(ref)
    most = service.capacity.max_replicas if service is not None and service.capacity is not None else None
    if scaler is not None:
        wider = min(2 * scaler.most, most) if most is not None else 2 * scaler.most
        if scaler.at_the_end and wider > scaler.most:
            words = f"let {scaler.ref} choose up to {wider} replicas instead of {scaler.most}"
            yield Offer(1.0, words, Verb.BOUNDS, scaler.ref, {"max": wider}, ("there must be nodes for them",))
        elif isinstance(more, int) and scaler.least < more <= scaler.most:
            words = f"let {scaler.ref} keep at least {more} replicas instead of {scaler.least}"
            yield Offer(0.9, words, Verb.BOUNDS, scaler.ref, {"min": more}, ("there must be nodes for them",))
    if isinstance(more, int) and ref.kind in SCALABLE:
        overruled = (f"{scaler.ref} will set its own number again",) if scaler is not None else ()
        against = (*overruled, "there must be nodes for them")
        fit = 0.5 if scaler is not None else 1.0
        yield Offer(fit, f"scale {ref} out to {more}", Verb.SCALE, ref, {"replicas": more}, against)


def _canary(situation: Situation, finding: Finding) -> Iterator[Offer]:
    ref = finding.ref
    if ref.kind == "Rollout":
        yield _abort(ref)
    else:
        against = ("the others must carry its share",)
        yield Offer(1.0, f"give {ref} no traffic: scale it to 0", Verb.SCALE, ref, {"replicas": 0}, against)


def _stable(situation: Situation, finding: Finding) -> Iterator[Offer]:
    against = ("the steps and analyses that are left are skipped", "going back takes a rollout of its own then")
    words = f"promote {finding.ref}: all traffic goes to the new version"
    yield Offer(1.0, words, Verb.PROMOTE_FULL, finding.ref, {}, against)


_RULES: Mapping[Cause, Rule] = {
    Cause.IMAGE_PULL: _image,
    Cause.CRASH_LOOP: _broken_pods,
    Cause.OOM: memory_offers,
    Cause.PROBES: _probes,
    Cause.UNSCHEDULABLE: _unschedulable,
    Cause.QUOTA: _quota,
    Cause.VOLUME: _volume,
    Cause.NODE: node_offers,
    Cause.CONNECTION: _connection,
    Cause.BAD_RELEASE: _bad_release,
    Cause.CONFIG_EDIT: _config_edit,
    Cause.SATURATION: _saturation,
    Cause.DEPENDENCY: _dependency,
    Cause.CERTIFICATE: _certificate,
    Cause.NEIGHBOUR: _neighbour,
    Cause.CANARY: _canary,
    Cause.STABLE: _stable,
}
