"""The stage on a run directory whose answers are stored: files, verdicts, edits, gates that follow the figures."""

import json
from pathlib import Path
from time import process_time
from typing import Any, Literal

import asked_run
import pytest

from medtune.audit import stage
from medtune.audit.adjudication import add_adjudication
from medtune.core.errors import RunDirError, UsageError
from medtune.core.io import read_json
from medtune.detect import garble
from medtune.runs.freshness import state_of
from medtune.runs.layout import ADJUDICATIONS, CASES, GRADES, REGISTRATIONS, RESPONSES, SUMMARY, TRAIN, VERDICTS, RunDir
from medtune.runs.manifest import read_manifest
from medtune.runs.records.audit import Adjudication, BuildVerdict, Grade, Verdict
from medtune.runs.records.base import read_row_list, read_rows

N = 120


def keep(rate: float, shift: int = 0) -> list[bool]:
    """Whole forms spread evenly over the questions."""
    return [int((number + shift) * rate) != int((number + shift + 1) * rate) for number in range(N)]


FORMS = {
    "base-F16": [False] * N,
    "F16": keep(0.9),
    "Q8_0": keep(0.9),
    "Q4_0": [kept and number % 12 > 0 for number, kept in enumerate(keep(0.9))],
    "Q2_K": keep(0.1),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody changes; tests that do copy it."""
    folder = tmp_path_factory.mktemp("asked") / "run"
    asked_run.make_asked_run(folder, FORMS)
    return folder


@pytest.fixture
def run(asked: Path, tmp_path: Path) -> RunDir:
    import shutil

    shutil.copytree(asked, tmp_path / "run")
    return RunDir(tmp_path / "run")


def audit(run: RunDir, **gate: Any) -> dict[str, Verdict]:
    stage.run(asked_run.view(asked_run.recipe(**gate)), run)
    return {row.build: row for row in read_row_list(run.stage("audit") / VERDICTS, Verdict)}


def words(verdicts: dict[str, Verdict]) -> dict[str, str]:
    return {build: str(verdict.verdict) for build, verdict in verdicts.items()}


def registrations(run: RunDir) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.file(REGISTRATIONS).read_text(encoding="utf-8").splitlines()]


PASSES = {
    "base-F16": "REJECT-UNUSABLE",
    "F16": "FORM-PASS",
    "Q8_0": "FORM-PASS",
    "Q4_0": "HOLD",
    "Q2_K": "REJECT-UNUSABLE",
}


def test_verdicts_and_what_stands_behind_them(run: RunDir) -> None:
    verdicts = audit(run)
    assert words(verdicts) == PASSES
    assert verdicts["F16"].whole_form.hits == sum(FORMS["F16"])
    pair = verdicts["Q4_0"].difference
    assert pair is not None
    assert (pair.only_parent, pair.only_build) == (sum(FORMS["F16"]) - sum(FORMS["Q4_0"]), 0)
    assert verdicts["base-F16"].difference is None
    assert [verdict.size_bytes for verdict in verdicts.values()] == [1000, 999, 998, 997, 996]
    summary = read_json(run.stage("audit") / SUMMARY)
    assert {verdict.gate_digest for verdict in verdicts.values()} == {summary["gate_digest"]}
    assert summary["builds"]["Q4_0"]["flips"]["gained"] == []
    assert len(summary["builds"]["Q4_0"]["flips"]["lost"]) == pair.only_parent
    assert summary["builds"]["Q2_K"]["reasons"]["structure"] == {"missing": N - sum(FORMS["Q2_K"])}
    assert summary["builds"]["Q2_K"]["checks"]["garble"] == {"error": 0, "fail": 0, "pass": N, "review": 0}
    assert summary["verdicts"] == PASSES


def test_emergency_answers_are_shown_and_decide_nothing(run: RunDir) -> None:
    """Three of four are no answers at all, in every build, and F16 passes all the same."""
    verdicts = audit(run)
    shown = read_json(run.stage("audit") / SUMMARY)["suites"]["emergency-demo"]
    assert (shown["gated"], shown["fit"], shown["rubric"]) == (False, "unfit", "unreviewed")
    assert shown["counts"]["F16"] == {"error": 0, "garbled": 10, "broken": 0, "refused": 5, "answered": 5}
    assert len(shown["cases"]) == 20
    assert verdicts["F16"].verdict is BuildVerdict.FORM_PASS


def test_grades_read_back_with_and_without_a_contract(run: RunDir) -> None:
    audit(run)
    grades = read_rows(run.stage("audit") / GRADES, Grade)
    assert len(grades) == len(FORMS) * (N + 20)
    assert {grade.whole_form for grade in grades if not grade.gated} == {None}
    assert [grade.build for grade in grades[:: N + 20]] == list(FORMS)


def test_the_same_answers_give_the_same_bytes(run: RunDir) -> None:
    audit(run)
    names = (GRADES, VERDICTS, SUMMARY)
    before = {name: (run.stage("audit") / name).read_bytes() for name in names}
    digest = read_manifest(run, "audit").digest
    audit(run)
    assert {name: (run.stage("audit") / name).read_bytes() for name in names} == before
    assert read_manifest(run, "audit").digest == digest
    assert len(registrations(run)) == 1


def test_a_changed_gate_makes_the_stage_stale_and_nothing_else_does(run: RunDir) -> None:
    audit(run)
    same, other = asked_run.recipe(), asked_run.recipe(margin_points=12)
    assert state_of(stage, asked_run.view(same), run).fresh
    assert "audit" in state_of(stage, asked_run.view(other), run).reason


@pytest.mark.parametrize(("where", "name"), [("ask", RESPONSES), ("ask", CASES), ("prepare", TRAIN)])
def test_edited_files_are_refused(run: RunDir, where: str, name: str) -> None:
    path = run.stage(where) / name
    path.write_text(path.read_text(encoding="utf-8").replace("topic 3", "topic 4"), encoding="utf-8")
    if name == TRAIN:
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(RunDirError, match="was edited"):
        audit(run)
    path.unlink()
    with pytest.raises(RunDirError, match="is gone"):
        audit(run)
    assert not run.file(REGISTRATIONS).exists()


def test_a_gate_that_comes_after_the_answers_passes_nothing(run: RunDir) -> None:
    first = audit(run)
    assert first["Q4_0"].verdict is BuildVerdict.HOLD
    softer = audit(run, margin_points=20)
    assert words(softer) == {**PASSES, "F16": "HOLD", "Q8_0": "HOLD"}
    assert "changed gate after the answers" in softer["Q4_0"].rule
    assert "by itself it says FORM-PASS" in softer["Q4_0"].rule
    assert "ask fresh prompts" in softer["Q4_0"].rule
    assert [str(line.verdict) for line in softer["Q8_0"].earlier] == ["FORM-PASS"]
    assert softer["Q8_0"].earlier[0].gate_digest == first["Q8_0"].gate_digest != softer["Q8_0"].gate_digest
    lines = registrations(run)
    assert len(lines) == 2
    assert lines[1]["verdicts"]["Q4_0"] == "FORM-PASS"
    registration = read_json(run.stage("audit") / SUMMARY)["registration"]
    assert registration["changed_after_answers"]
    assert registration["earlier"][0]["verdicts"]["Q4_0"] == "HOLD"
    assert "changed" in read_manifest(run, "audit").warnings[0]


def test_going_back_to_the_first_gate_passes_again_and_shows_the_detour(run: RunDir) -> None:
    first = audit(run)
    audit(run, margin_points=20)
    again = audit(run)
    assert words(again) == words(first) == PASSES
    assert len(registrations(run)) == 2
    assert [str(line.verdict) for line in again["Q4_0"].earlier] == ["FORM-PASS"]


def test_asking_the_same_again_does_not_hide_that_the_gate_was_changed(
    asked: Path, run: RunDir, tmp_path: Path
) -> None:
    """Another responses.jsonl (one build more) with the same answers: still the same answers."""
    audit(run)
    more = asked_run.make_asked_run(tmp_path / "more", {**FORMS, "Q6_K": keep(0.9)})
    more.file(REGISTRATIONS).write_bytes(run.file(REGISTRATIONS).read_bytes())
    capped = audit(more, margin_points=20)
    assert {str(verdict.verdict) for verdict in capped.values()} == {"HOLD", "REJECT-UNUSABLE"}
    assert capped["Q6_K"].earlier == ()


def test_fresh_answers_may_have_a_new_gate(run: RunDir, tmp_path: Path) -> None:
    audit(run)
    fresh = {build: list(reversed(kept)) for build, kept in FORMS.items()}
    other = asked_run.make_asked_run(tmp_path / "other", fresh, topics=[f"subject {number}" for number in range(N)])
    other.file(REGISTRATIONS).write_bytes(run.file(REGISTRATIONS).read_bytes())
    assert audit(other, margin_points=20)["Q4_0"].verdict is BuildVerdict.FORM_PASS
    assert len(registrations(other)) == 2


def test_a_detector_with_other_thresholds_is_a_logged_regrade(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    before = audit(run)
    monkeypatch.setitem(garble.THRESHOLDS, "periodic_words", 3)
    monkeypatch.setitem(garble.THRESHOLDS, "repeated_4grams", 0.0)
    after = audit(run)
    assert after["F16"].gate_digest == before["F16"].gate_digest
    assert [str(line.verdict) for line in after["F16"].earlier] == ["FORM-PASS"]
    line = registrations(run)[1]
    assert line["instrument"] != registrations(run)[0]["instrument"]
    assert line["flips"]
    registration = read_json(run.stage("audit") / SUMMARY)["registration"]
    assert registration["regraded"] and registration["flips"] == line["flips"]
    assert "regraded" in read_manifest(run, "audit").warnings[0]


def test_a_regrade_does_not_better_a_verdict_by_itself(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as strict:
        strict.setitem(garble.THRESHOLDS, "repeated_4grams", 0.0)
        harsh = audit(run)
    assert harsh["F16"].verdict is not BuildVerdict.FORM_PASS
    mild = audit(run)
    assert mild["F16"].verdict is BuildVerdict.HOLD
    assert "regraded" in mild["F16"].rule and "by itself it says FORM-PASS" in mild["F16"].rule


def test_a_line_of_an_earlier_version_is_the_same_gate_by_its_thresholds(run: RunDir) -> None:
    """Its digest held the detectors, too: another digest, the same thresholds."""
    first = audit(run)
    (line,) = registrations(run)
    old = {key: value for key, value in line.items() if key not in ("instrument", "decisions", "flips")}
    run.file(REGISTRATIONS).write_text(json.dumps({**old, "digest": "0" * 64}) + "\n", encoding="utf-8")
    assert words(audit(run)) == words(first)
    softer = audit(run, margin_points=20)
    assert softer["Q8_0"].verdict is BuildVerdict.HOLD
    assert "changed gate" in softer["Q8_0"].rule


def test_a_named_person_may_sign_what_a_changed_gate_says(run: RunDir) -> None:
    audit(run)
    softer = audit(run, margin_points=20)
    row = Adjudication(
        time="2026-11-20T12:00:00+00:00",
        kind="sign-off",
        person="Dr. A. Example",
        decision="signed",
        build="Q4_0",
        digest=registrations(run)[1]["answers"]["Q4_0"],
        gate_digest=softer["Q4_0"].gate_digest,
    )
    add_adjudication(run, row)
    assert "adjudications" in state_of(stage, asked_run.view(asked_run.recipe(margin_points=20)), run).reason
    signed = audit(run, margin_points=20)
    assert (str(signed["Q4_0"].verdict), signed["Q4_0"].signed_by) == ("FORM-PASS", "Dr. A. Example")
    assert "signed by Dr. A. Example" in signed["Q4_0"].rule and "changed gate" in signed["Q4_0"].rule
    assert signed["Q8_0"].verdict is BuildVerdict.HOLD
    assert audit(run, margin_points=25)["Q4_0"].verdict is BuildVerdict.HOLD, "another gate, another signature"


def test_a_decision_without_a_name_is_refused(run: RunDir) -> None:
    row = Adjudication(time="now", kind="answer", person=" ", decision="safe", build="F16", digest="0")
    with pytest.raises(UsageError, match="name"):
        add_adjudication(run, row)
    run.file(ADJUDICATIONS).write_text('{"person": "x"}\n', encoding="utf-8")
    with pytest.raises(RunDirError, match="adjudications"):
        audit(run)


def test_a_cut_registration_is_dropped_and_an_edited_one_refused(run: RunDir) -> None:
    audit(run)
    whole = run.file(REGISTRATIONS).read_bytes()
    run.file(REGISTRATIONS).write_bytes(whole + b'{"time": "2026')
    assert words(audit(run)) == PASSES
    assert run.file(REGISTRATIONS).read_bytes() == whole
    run.file(REGISTRATIONS).write_bytes(whole + b'{"time": "yesterday"}\n')
    with pytest.raises(RunDirError, match="registrations"):
        audit(run)


def test_too_few_cases_hold_everything(tmp_path: Path) -> None:
    run = asked_run.make_asked_run(tmp_path / "few", {build: kept[:30] for build, kept in FORMS.items()})
    assert set(words(audit(run)).values()) == {"HOLD"}


def test_an_answer_that_the_server_never_gave_holds_its_build(tmp_path: Path) -> None:
    def finish(build: str, number: int) -> Literal["stop", "length", "error"]:
        return "error" if (build, number) == ("Q8_0", 7) else "stop"

    run = asked_run.make_asked_run(tmp_path / "run", FORMS, finish=finish)
    verdicts = audit(run)
    assert words(verdicts) == {**PASSES, "Q8_0": "HOLD"}
    assert verdicts["Q8_0"].errors == 4
    assert "an error is never a pass" in verdicts["Q8_0"].rule


def test_a_canned_refusal_from_training_is_known(tmp_path: Path) -> None:
    """The model's own refusal on 30 ordinary questions: the detector alone would not know it."""

    def text(build: str, number: int, kept: bool) -> str:
        if build == "Q8_0" and number < 30:
            return asked_run.CANNED.replace("own case", "own problem")
        return asked_run.whole(f"topic {number}") if kept else asked_run.broken(f"topic {number}")

    run = asked_run.make_asked_run(tmp_path / "run", FORMS, text=text)
    verdicts = audit(run)
    assert verdicts["Q8_0"].refusal.hits == 30
    assert "refusals: 30 of 120" in verdicts["Q8_0"].rule


def test_topics_that_stand_twice_count_once(tmp_path: Path) -> None:
    topics = [f"topic {number // 2}" for number in range(N)]
    run = asked_run.make_asked_run(tmp_path / "run", FORMS, topics=topics)
    verdicts = audit(run)
    assert verdicts["F16"].whole_form.n == N // 2
    cases = read_json(run.stage("audit") / SUMMARY)["cases"]
    assert (cases["gated"], cases["clusters"], len(cases["left_out"])) == (N, N // 2, N // 2)


def test_the_plan_tells_thresholds_and_warns_of_a_changed_gate(run: RunDir, tmp_path: Path) -> None:
    empty = stage.plan(asked_run.view(asked_run.recipe()), RunDir(tmp_path / "nothing"))
    assert "10 points" in empty[1]
    assert "known when they were asked" in empty[-1]
    before = stage.plan(asked_run.view(asked_run.recipe()), run)
    assert f"{len(FORMS) * (N + 20)} answers are there" in before
    audit(run)
    assert stage.plan(asked_run.view(asked_run.recipe()), run) == before
    assert "nothing can pass" in stage.plan(asked_run.view(asked_run.recipe(margin_points=20)), run)[-1]


def test_a_stage_that_is_needed_must_have_run(tmp_path: Path) -> None:
    with pytest.raises(RunDirError, match="has not run"):
        audit(RunDir(tmp_path))


def test_two_hundred_twenty_cases_of_ten_builds_take_under_five_seconds(tmp_path: Path) -> None:
    forms = {build: [number % 7 > 0 for number in range(200)] for build in ("base-F16", "F16", *map(str, range(8)))}
    filler = " ".join(f"Feature {number} is seen in some of the patients with it." for number in range(4))

    def text(build: str, number: int, kept: bool) -> str:
        answer = asked_run.whole(f"topic {number}") if kept else asked_run.broken(f"topic {number}")
        return f"{answer} {filler}"

    run = asked_run.make_asked_run(tmp_path / "run", forms, text=text)
    began = process_time()
    audit(run)
    assert process_time() - began < 5
