"""report.json says what the run's files say, and no word of a source that is not public."""

import json
from collections.abc import Callable
from statistics import median
from typing import Any

from finished_run import QUALITY, SIZES_MB, WITHHELD

from medtune.core.io import append_jsonl, read_json, write_json
from medtune.report.collect import collect
from medtune.report.render import render
from medtune.runs.layout import REGISTRATIONS, SUMMARY, RunDir

Reported = tuple[RunDir, dict[str, Any]]


def rows(run: RunDir, stage: str, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.stage(stage) / name).read_text("utf-8").splitlines()]


def test_verdicts_are_those_of_the_audit(reported: Reported) -> None:
    run, report = reported
    for row, verdict in zip(report["verdicts"], read_json(run.stage("audit") / "verdicts.json"), strict=True):
        assert {key: row[key] for key in verdict} == verdict
        assert row["safety"] == "not judged (form only)"
        texts = [
            answer["text"]
            for answer in rows(run, "ask", "responses.jsonl")
            if answer["build"] == row["build"] and answer["case"].startswith("held-out/")
        ]
        assert row["detail"]["median_words"] == median(len(text.split()) for text in texts)
    assert [row["build"] for row in report["verdicts"]] == list(SIZES_MB)
    assert [row["build"] for row in report["verdicts"] if row["released"]] == ["Q4_K_M"]


def test_counts_lead_from_sources_to_answers(reported: Reported) -> None:
    run, report = reported
    flow = report["flow"]
    assert flow["rows"] == 1880 and flow["kept"] == 1828
    assert flow["examples"] == {"train": 108, "validation": 12, "test": 12}
    assert (
        flow["rejected"]
        == sum(row["count"] for row in flow["rejections"])
        == len(rows(run, "prepare", "rejected.jsonl"))
    )
    assert flow["cases"] == 16 and flow["suites"] == {"held-out": 12, "emergency": 4}
    assert flow["answers"] == len(rows(run, "ask", "responses.jsonl")) == 16 * len(QUALITY)
    assert sum(flow["verdicts"].values()) == flow["builds"] == len(QUALITY)
    assert {"stage": "prepare", "text": "2 topics of the test list have no example"} in flow["warnings"]


def test_the_histogram_counts_every_example_once(reported: Reported) -> None:
    run, report = reported
    tokens = [
        row["tokens"] for name in ("train.jsonl", "val.jsonl", "test.jsonl") for row in rows(run, "prepare", name)
    ]
    figure = report["data"]["tokens"]
    edges = list(zip(figure["edges"], figure["edges"][1:], strict=False))
    assert figure["counts"] == [sum(low <= count < high for count in tokens) for low, high in edges]
    assert sum(figure["counts"]) == len(tokens) and figure["longest"] == max(tokens)
    assert figure["limit"] == 512
    assert sum(split["tokens"] for split in report["data"]["splits"]) == sum(tokens)


def test_the_lowest_validation_is_the_lowest(reported: Reported) -> None:
    run, report = reported
    validation = [row for row in rows(run, "train", "metrics.jsonl") if row["kind"] == "validation"]
    assert report["training"]["best"]["loss"] == min(row["loss"] for row in validation)
    assert [point["step"] for point in report["training"]["validation"]] == [row["step"] for row in validation]


def test_no_word_of_a_source_that_is_not_public(reported: Reported, nothing_released: Reported) -> None:
    for run, report in (reported, nothing_released):
        assert any(WITHHELD in row["text"] for row in rows(run, "ask", "responses.jsonl"))
        assert WITHHELD not in json.dumps(report)
        assert WITHHELD not in run.file("report.html").read_text("utf-8")
    withheld = [item for build in nothing_released[1]["failures"] for item in build["items"] if not item["public"]]
    assert withheld
    for item in withheld:
        assert item["question"] is None
        assert all(answer["text"] is None for answer in item["answers"])
        assert all(not check["span"] and not check["reason"] for a in item["answers"] for check in a["checks"])


def test_side_by_side_is_drawn_without_looking_at_answers(make_report: Callable[..., Reported]) -> None:
    one = make_report(quality=dict.fromkeys(QUALITY, 0.9))[1]["side_by_side"]
    other = make_report(quality=dict.fromkeys(QUALITY, 0.1))[1]["side_by_side"]
    assert [item["case"] for item in one["items"]] == [item["case"] for item in other["items"]]
    assert one["withheld"] == 2 and one["of"] == 12 and len(one["items"]) == 6
    assert all(item["public"] and len(item["answers"]) == 2 for item in one["items"])


def test_failures_are_limited_and_counted(reported: Reported) -> None:
    run, report = reported
    grades = [row for row in rows(run, "audit", "grades.jsonl") if row["gated"]]
    for build in report["failures"]:
        failed = [row for row in grades if row["build"] == build["build"] and row["outcome"] != "pass"]
        assert build["total"] == len(failed)
        assert len(build["items"]) == min(3, len(failed)) and build["more"] == len(failed) - len(build["items"])
    assert any(build["more"] for build in report["failures"])


def test_emergency_answers_are_those_of_the_released_build_or_the_parent(
    reported: Reported, nothing_released: Reported
) -> None:
    for (_, report), build, is_released in ((reported, "Q4_K_M", True), (nothing_released, "F16", False)):
        (suite,) = report["emergency"]
        assert (suite["suite"], suite["build"], suite["released"]) == ("emergency", build, is_released)
        assert len(suite["items"]) == 4
        assert all(item["answers"][0]["build"] == build for item in suite["items"])


def test_a_gate_that_was_declared_twice_is_said(make_report: Callable[..., Reported]) -> None:
    run, report = make_report()
    assert report["gate"]["changed"] is False and len(report["gate"]["registrations"]) == 1
    append_jsonl(run.file(REGISTRATIONS), {"time": "2026-11-20T13:00:00+00:00", "digest": "f" * 64})
    summary = run.stage("audit") / SUMMARY
    registration = {"changed_after_answers": True, "way_out": "ask fresh prompts", "time": "2026-11-20T13:00:00+00:00"}
    write_json(summary, {**read_json(summary), "registration": registration})
    again = collect(run, name="x", description="", side_by_side_count=1, failure_count=1)
    assert again["gate"]["changed"] is True and len(again["gate"]["registrations"]) == 2
    assert "The gate was changed." in render(again) and "ask fresh prompts" in render(again)
    thresholds = {row["key"]: row for row in again["gate"]["thresholds"]}
    assert thresholds["margin_points"]["value"] == 10.0 and "points" in thresholds["margin_points"]["meaning"]


def test_what_the_export_proved_is_shown_as_it_stands(reported: Reported) -> None:
    _, report = reported
    proof = report["proof"]
    assert proof["parity"]["compared"] == proof["parity"]["equal"] == 2 and proof["parity"]["refused"] == 1
    assert (proof["parity"]["lines"], proof["parity"]["lines_equal"]) == (2000, 1999)
    assert [row["build"] for row in proof["builds"]] == [row["build"] for row in report["verdicts"]]
    assert proof["canary"]["right"] == proof["canary"]["asked"] - 1


def test_a_run_without_measurements_says_so() -> None:
    from medtune.report.sections.proof import _canary, _fidelity, _parity

    assert _parity({}) is None and _canary({}) is None
    assert _fidelity(type("Run", (), {"fidelity": {}})()) == {"fidelity": None, "builds": []}  # type: ignore[arg-type]
