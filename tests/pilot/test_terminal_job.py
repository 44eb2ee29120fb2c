"""The main job by keys, in the real program: from the first screen to a verified mitigation, and never by accident."""

from __future__ import annotations

from pathlib import Path

from tests.pilot.console import demo
from tests.program import Program

PATIENCE = 60.0
"""Seconds; the machine may be busy."""
RECOVERY = 180.0
"""Seconds in which the pods are replaced and a minute of good answers has come together."""


def test_read_only_is_shown_and_the_key_of_the_rollback_sends_nothing(program: Program) -> None:
    before = program.deployment()
    with program.open("--read-only") as terminal:
        seen = terminal.wait_for("HighErrorRate", PATIENCE)
        assert "READ-ONLY" in seen

        terminal.send("u")
        seen = terminal.wait_for("Roll back is off: this session is read-only", PATIENCE)
        assert "asking the server for a preview" not in seen
        assert "Undo" not in seen

        terminal.send("\x03")
        terminal.wait_end(PATIENCE)
    after = program.deployment()
    assert after["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert (after["metadata"]["generation"], after["spec"]) == (before["metadata"]["generation"], before["spec"])
    assert program.journal() == []


def test_keys_typed_in_one_burst_roll_back_the_bad_release_and_pods_and_sli_recover(program: Program) -> None:
    with program.open() as terminal:
        terminal.wait_for("HighErrorRate", PATIENCE)

        # The last Enter is the operator's who has read the preview: before it is there none is taken.
        terminal.send("u" + "prod\r" + "OPS-1 bad release")
        preview = terminal.wait_for("+ spec.template.spec.containers[backend].image: aurora/backend:2.4.0", PATIENCE)
        assert "rolls deployment/aurora-backend back from revision 3 (2.4.1) to revision 2 (2.4.0)" in preview
        terminal.send("\r")

        verdict = terminal.wait_for("SLI recovered: backend availability", RECOVERY)
        assert "✔ pods complete: 3 pods available" in verdict

    (entry,) = program.journal()
    assert (entry["verb"], entry["target"]["name"], entry["outcome"]) == ("undo", "aurora-backend", "done")
    assert entry["reason"] == "OPS-1 bad release"
    assert (entry["verdict"]["rollout"], entry["verdict"]["sli"]) == ("complete", "recovered")
    template = program.deployment()["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "aurora/backend:2.4.0"


def test_what_is_typed_in_one_burst_behind_m_waits_for_the_mitigations_and_carries_the_first_one_out(
    tmp_path: Path,
) -> None:
    with demo("bad-release") as stack:
        program = Program(stack, tmp_path)
        with program.open() as terminal:
            terminal.wait_for("HighErrorRate", PATIENCE)

            terminal.send("m\r" + "prod\r" + "OPS-7\r")
            preview = terminal.wait_for("containers[backend].image: aurora/backend:2.4.0", PATIENCE)
            assert "rolls deployment/aurora-backend back from revision 3 (2.4.1) to revision 2 (2.4.0)" in preview
            assert "OPS-7" in preview
            terminal.send("\r")
            terminal.wait_for("done: rolls deployment/aurora-backend back", PATIENCE)

        (entry,) = program.journal()
    assert (entry["verb"], entry["target"]["name"], entry["reason"]) == ("undo", "aurora-backend", "OPS-7")
