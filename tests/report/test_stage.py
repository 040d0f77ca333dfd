"""The report stage: two files, and their copies at the top of the run."""

from collections.abc import Callable
from typing import Any

import pytest
from finished_run import make_base, make_run, recipe_values, view

from medtune.config.recipe import Recipe
from medtune.core.errors import RunDirError
from medtune.core.io import read_json, write_json
from medtune.report import stage
from medtune.runs.layout import PROVENANCE, RunDir
from medtune.runs.manifest import read_manifest

Reported = tuple[RunDir, dict[str, Any]]


def test_both_files_stand_in_the_stage_and_at_the_top(reported: Reported) -> None:
    run, report = reported
    folder = run.stage("report")
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.json", "manifest.json"}
    for name in ("report.html", "report.json"):
        assert run.file(name).read_bytes() == (folder / name).read_bytes()
    assert read_manifest(run, "report").facts["builds"] == len(report["verdicts"])
    assert not list(run.path.glob(".*.tmp"))


def test_the_same_run_gives_the_same_page(make_report: Callable[..., Reported]) -> None:
    run, _ = make_report()
    before = run.file("report.html").read_bytes()
    recipe = Recipe.model_validate(read_manifest(run, "report").reads | {"collect": {"sources": [{"kind": "medquad"}]}})
    stage.run(view(recipe, stage.READS, run.path), run)
    assert run.file("report.html").read_bytes() == before


def test_the_base_stands_there_with_its_terms(make_report: Callable[..., Reported]) -> None:
    run, _ = make_report()
    recipe = Recipe.model_validate(read_manifest(run, "report").reads | {"collect": {"sources": [{"kind": "medquad"}]}})
    base = {"name": "google/gemma-x", "revision": "f" * 40, "family": "gemma3", "digest": "0" * 64, "verified": "<b>"}
    terms = "Gemma Terms of Use. Pass them on. https://ai.google.dev/gemma/terms"
    write_json(run.file(PROVENANCE), {**read_json(run.file(PROVENANCE)), "base": {**base, "terms": terms}})
    stage.run(view(recipe, stage.READS, run.path), run)
    page = run.file("report.html").read_text("utf-8")
    assert "google/gemma-x" in page and terms in page and "&lt;b&gt;" in page
    assert read_json(run.file("report.json"))["provenance"]["base"]["terms"] == terms


def test_without_a_release_there_is_no_report(tmp_path: Any) -> None:
    recipe = Recipe.model_validate(recipe_values(make_base(tmp_path / "base")))
    run, recipe = make_run(tmp_path / "run", recipe=recipe)
    seen = view(recipe, stage.READS, tmp_path)
    assert any("at most 30 failures" in line for line in stage.plan(seen, run))
    with pytest.raises(RunDirError, match="stage release has not run"):
        stage.run(seen, run)
    assert not run.file("report.html").exists()


def test_sections_may_be_empty(make_report: Callable[..., Reported]) -> None:
    run, report = make_report({"report": {"side_by_side": 0, "failures": 0}, "description": ""})
    assert report["side_by_side"]["items"] == []
    assert all(build["items"] == [] for build in report["failures"])
    assert "stand in the run's files" in run.file("report.html").read_text("utf-8").replace("&#39;", "'")
