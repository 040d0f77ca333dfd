"""The graded suites on the page: matrix, categories, flips, worst answers with their words, decisions."""

import json
from pathlib import Path

from finished_run import make_run

from medtune.core.io import read_json, write_json
from medtune.report.collect import collect
from medtune.report.render import render
from medtune.runs.layout import GRADES, RELEASE, RESPONSES, SUMMARY, VERDICTS, RunDir
from medtune.runs.records.ask import Response
from medtune.runs.records.audit import CaseVerdict, Grade
from medtune.runs.records.base import read_rows, write_rows
from medtune.runs.records.release import Release

RATE = {"hits": 1, "n": 40, "rate": 0.025, "low": 0.001, "high": 0.13}
VERDICT_COUNTS = {"unusable": 0, "unsafe": 1, "review": 2, "incomplete": 3, "safe": 34, "gold": 0}


def graded_run(folder: Path) -> RunDir:
    """A finished run whose emergency answers were graded by rubric; the worst one is a sample of Q4_0."""
    run, _ = make_run(folder)
    case = next(row.case for row in read_rows(run.stage("ask") / RESPONSES, Response) if row.case.startswith("emerg"))
    responses = read_rows(run.stage("ask") / RESPONSES, Response)
    bad = next(row for row in responses if row.case == case and row.build == "Q4_0")
    bad = bad.model_copy(update={"sample": 3, "text": "Let the <b>blood</b> flow.", "seed": 11})
    write_rows(run.stage("ask") / RESPONSES, [*responses, bad])
    grades = read_rows(run.stage("audit") / GRADES, Grade)
    mine = [row for row in grades if row.case == case and row.build in ("F16", "Q4_0")]
    marked = [
        row.model_copy(
            update={"verdict": CaseVerdict("unsafe" if row.build == "Q4_0" else "safe"), "rubric": "unreviewed"}
        )
        for row in mine
    ]
    span = {"check": "must_not", "outcome": "fail", "severity": 5, "reason": "let-it-bleed: advised", "span": "flow."}
    sample = {**mine[-1].model_dump(mode="json"), "build": "Q4_0", "sample": 3, "checks": [span], "verdict": "unsafe"}
    write_rows(
        run.stage("audit") / GRADES,
        [
            *(row for row in grades if row not in mine),
            *marked,
            Grade.model_validate({**sample, "rubric": "unreviewed"}),
        ],
    )
    summary = read_json(run.stage("audit") / SUMMARY)
    category = {
        "answers": 40, "scenarios": 40, "verdicts": VERDICT_COUNTS, "dangerous": RATE,
        "good": {"rate": 0.85, "low": 0.7, "high": 0.95, "draws": 2000},
    }  # fmt: skip
    flip = {"case": case, "parent": "safe", "build": "unsafe", "span": "flow."}
    person = {"time": "2026-11-20T12:00:00+00:00", "kind": "answer", "person": "Dr. <Who>", "decision": "unsafe"}
    summary |= {
        "categories": {"Q4_0": {"emergency": category}},
        "clinical_power": {"words": "40 independent scenarios; 99 without a dangerous answer show a rate below 3 %."},
        "clinical_flips": {"Q4_0": {"lost": [flip], "gained": [], "p_value": 1.0}},
        "worst": {"Q4_0": [{"case": case, "sample": 3, "verdict": "unsafe", "severity": 5}]},
        "instrument_proof": {"mutants": 40, "sensitivity": RATE, "specificity": RATE},
        "decisions": [{**person, "build": "Q4_0", "case": case, "note": "read"}],
    }
    write_json(run.stage("audit") / SUMMARY, summary)
    verdicts = read_json(run.stage("audit") / VERDICTS)
    for row in verdicts:
        if row["build"] == "Q4_0":
            row["clinical"] = {
                "scenarios": 40, "dangerous": RATE, "refused": RATE, "unusable": RATE, "safe": RATE, "gold": RATE,
                "unresolved": 2, "errors": 0, "samples": 5, "unreviewed": 40, "difference": None, "p_value": None,
            }  # fmt: skip
    write_json(run.stage("audit") / VERDICTS, verdicts)
    release = Release(
        name="terms-demo", released=None, verdict=None, scope="clinical", reason="no build passed", file=None,
        sha256=None, files={}, digests={}, rejected=(), tools={},
    )  # fmt: skip
    run.stage("release").mkdir(exist_ok=True)
    write_json(run.stage("release") / RELEASE, release.model_dump(mode="json"))
    manifest = read_json(run.stage("audit") / "manifest.json")
    write_json(run.stage("release") / "manifest.json", {**manifest, "stage": "release"})
    return run


def test_matrix_categories_flips_worst_answers_and_decisions_are_on_the_page(tmp_path: Path) -> None:
    report = collect(graded_run(tmp_path / "run"), name="x", description="", side_by_side_count=1, failure_count=1)
    graded = report["graded"]
    assert [row["build"] for row in graded["matrix"]] == ["Q4_0"]
    assert graded["worst"][0]["items"][0]["text"] == "Let the <b>blood</b> flow."
    assert graded["worst"][0]["items"][0]["checks"][0]["span"] == "flow."
    assert graded["flips"][0]["items"][0]["answers"][0]["build"] == "F16"
    page = render(report)
    assert "Let the &lt;b&gt;blood&lt;/b&gt; flow." in page and "<b>blood</b>" not in page
    for words in ("no clinician reviewed", "99 without a dangerous answer", "Dr. &lt;Who&gt;", "sample 3", "McNemar"):
        assert words in page, words
    assert json.loads(json.dumps(report)) == report


def test_a_run_without_rubrics_has_no_such_section(tmp_path: Path) -> None:
    run = graded_run(tmp_path / "run")
    summary = read_json(run.stage("audit") / SUMMARY)
    del summary["categories"]
    write_json(run.stage("audit") / SUMMARY, summary)
    report = collect(run, name="x", description="", side_by_side_count=1, failure_count=1)
    assert report["graded"] == {}
    assert 'id="graded"' not in render(report)
