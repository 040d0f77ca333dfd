"""report.json says what the run's files say, and no word of a source that is not public."""

import json
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
from finished_run import QUALITY, SIZES_MB, WITHHELD

from medtune.core.errors import RunDirError
from medtune.core.io import append_jsonl, read_json, write_json
from medtune.report.collect import collect
from medtune.report.render import render
from medtune.runs.layout import REGISTRATIONS, STATS, SUMMARY, RunDir
from medtune.runs.records.prepare import TOO_LONG

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


def test_the_data_card_says_what_prepare_counted(reported: Reported) -> None:
    run, report = reported
    card, stats = report["data"], read_json(run.stage("prepare") / STATS)
    assert card["licences"] == stats["licences"] and {row["terms"] for row in card["licences"]} == {
        "Name the authors & the <NIH>.", ""
    }  # fmt: skip
    assert {row["split"]: row["examples"] for row in card["splits"]} == stats["rows"]
    assert {row["source"]: row["examples"]["train"] for row in card["sources"]} == stats["sources"]["train"]
    for row in card["sources"]:
        for split, counts in stats["sources"].items():
            assert row["examples"][split] == counts[row["source"]]
    left = [(one["step"], one["reason"]) for row in card["sources"] for one in row["left_out"]]
    assert ("collect", "no answer") in left and ("dedup", "another row has the same answer") in left
    by_prepare = sum(one["count"] for row in card["sources"] for one in row["left_out"] if one["step"] != "collect")
    assert by_prepare == report["flow"]["rejected"]
    assert sum(row["count"] for row in card["converters"]) == sum(stats["rows"].values())
    explained = {row["converter"]: row["count"] for row in card["converters"]}["terms"]
    assert sum(row["count"] for row in card["templates"]) == explained
    assert card["decontamination"] == [{"name": "suite emergency", **stats["decontamination"]["suite emergency"]}]
    assert card["decontamination"][0]["rows"] == card["decontamination"][0]["texts_met"] == 1
    near = stats["groups"]["near_duplicates"]
    assert {key: card["clusters"][key] for key in near} == near
    assert (card["clusters"]["clusters"], card["clusters"]["rows"], card["clusters"]["kept"]) == (2, 5, 4)
    recall = stats["phi"]["planted"]["recall"]
    assert {row["kind"]: row["recall"] for row in card["phi"]["kinds"] if row["planted"]} == {
        kind: row["recall"] for kind, row in recall.items()
    }  # fmt: skip
    assert card["phi"]["measured"] and card["phi"]["accepted"]["who"] == "A. Officer"


def test_every_row_that_a_length_limit_cut_is_named(reported: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    run, report = reported
    cut = report["data"]["cut"]
    rejected = [row for row in rows(run, "prepare", "rejected.jsonl") if "tokens" in row["reason"]]
    assert cut["listed"] == [{"id": row["id"], "reason": row["reason"]} for row in rejected] and cut["more"] == 0
    assert cut["rows"] == sum(row["reason"] == TOO_LONG for row in rejected) == sum(cut["tokens"]["counts"]) == 9
    assert cut["tokens"]["longest"] == 513 + 70 * 8
    page = run.file("report.html").read_text("utf-8")
    assert all(row["id"] in page for row in rejected)
    monkeypatch.setattr("medtune.report.load.LISTED", 4)
    again = collect(run, name="x", description="", side_by_side_count=1, failure_count=1)
    assert len(again["data"]["cut"]["listed"]) == 4 and again["data"]["cut"]["more"] == len(rejected) - 4
    assert "more stand in" in render(again)


def test_samples_are_of_public_sources(make_report: Callable[..., Reported]) -> None:
    run, report = make_report()
    assert report["data"]["samples"] and {row["source"] for row in report["data"]["samples"]} == {"medquad"}
    stats = run.stage("prepare") / STATS
    values = read_json(stats)
    leak = {**values["samples"][0], "source": "local.jsonl", "messages": [{"role": "user", "content": WITHHELD}]}
    write_json(stats, {**values, "samples": [*values["samples"], leak]})
    again = collect(run, name="x", description="", side_by_side_count=1, failure_count=1)
    assert again["data"]["samples"] == report["data"]["samples"]


def test_a_card_of_little_is_shown(make_report: Callable[..., Reported]) -> None:
    run, _ = make_report()
    stats = run.stage("prepare") / STATS
    values = read_json(stats)
    near = {"near_duplicates": {"rule": "ignore"}}
    for key in ("phi", "decontamination", "templates", "samples"):
        values[key] = type(values[key])()
    values["cut"] = {"limit": 512, "rows": 0, "total": 0, "histogram": []}
    write_json(stats, {**values, "groups": {**values["groups"], **near}})
    again = collect(run, name="x", description="", side_by_side_count=1, failure_count=1)
    assert again["data"]["phi"] is None and again["data"]["clusters"]["clusters"] is None
    page = render(again)
    assert "Near duplicates were not looked for." in page and "The length limit cut no example." in page
    del values["topics"]
    write_json(stats, values)
    with pytest.raises(RunDirError, match="counts no topics"):
        collect(run, name="x", description="", side_by_side_count=1, failure_count=1)


def test_histograms_of_different_widths_are_joined() -> None:
    from medtune.report.sections.data import _lengths

    def part(width: int, *rows: int) -> dict[str, Any]:
        slots = [{"from": n * width, "to": (n + 1) * width, "rows": count} for n, count in enumerate(rows)]
        return {"total": 10 * sum(rows), "max": width * len(rows) - 1, "histogram": slots}

    joined = _lengths([part(32, 1, 2, 3, 4, 5), part(64, 10, 0, 20), {"total": 0, "histogram": []}], 512)
    assert joined["edges"] == [0, 64, 128, 192] and joined["counts"] == [13, 7, 25]
    assert (joined["mean"], joined["longest"]) == (10, 191)


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
