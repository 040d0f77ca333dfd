import json
import stat
from pathlib import Path

import pytest
from datarun import collect, document, recipe

from medtune.collect import stage
from medtune.collect.sources.medquad import BUNDLED, BUNDLED_FACTS, bundled_folder
from medtune.config.recipe import RecipeView
from medtune.core.errors import DataError
from medtune.core.hashing import sha256_file
from medtune.runs.freshness import state_of
from medtune.runs.layout import RECORDS, REJECTED, SOURCES, RunDir
from medtune.runs.records.base import read_row_list, read_rows
from medtune.runs.records.collect import Record, SourceFacts


def rows(path: Path, *pairs: tuple[str, str]) -> None:
    path.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in pairs))


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    rows(tmp_path / "a.jsonl", ("Q", "A"))
    run, _ = collect(recipe([{"kind": "files", "path": "a.jsonl"}]), tmp_path)
    folder = run.stage("collect")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == dict.fromkeys((RECORDS, REJECTED, SOURCES, "manifest.json"), 0o600)


def test_sources_add_up_and_have_names_of_their_own(tmp_path: Path) -> None:
    rows(tmp_path / "a.jsonl", ("Q", "A"), ("R", ""))
    (tmp_path / "sub").mkdir()
    rows(tmp_path / "sub" / "a.jsonl", ("Q", "A"))
    (tmp_path / "x.xml").write_text(document("Pox", [("information", "What?", "Pox is a made-up illness.")]))
    sources = [
        {"kind": "files", "path": "a.jsonl"},
        {"kind": "files", "path": "sub/a.jsonl"},
        {"kind": "files", "path": "a.jsonl", "name": "ours", "licence": "internal"},
        {"kind": "medquad", "path": "."},
    ]
    run, manifest = collect(recipe(sources), tmp_path)
    facts = read_row_list(run.stage("collect") / SOURCES, SourceFacts)
    assert [source.name for source in facts] == ["a", "a-2", "ours", "medquad"]
    records = read_rows(run.stage("collect") / RECORDS, Record)
    assert len({record.id for record in records}) == len(records) == manifest.facts["records"] == 4
    for source in facts:
        assert source.rows == source.kept + sum(source.dropped.values())
        assert sum(record.source == source.name for record in records) == source.kept
    assert [source.public for source in facts] == [False, False, False, True]


def test_changed_and_added_files_make_it_stale(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    rows(data / "a.jsonl", ("Q", "A"))
    of = recipe([{"kind": "files", "path": "data"}])
    view = RecipeView(of, stage.READS, tmp_path)
    run, first = collect(of, tmp_path)
    assert state_of(stage, view, run).fresh
    rows(data / "b.jsonl", ("R", "B"))
    assert "not the same" in state_of(stage, view, run).reason
    _, second = collect(of, tmp_path)
    assert state_of(stage, view, run).fresh
    assert (first.facts["records"], second.facts["records"]) == (1, 2)
    rows(data / "a.jsonl", ("Q", "A!"))
    assert "a.jsonl was changed" in state_of(stage, view, run).reason
    (data / "b.jsonl").unlink()
    assert not state_of(stage, view, run).fresh


def test_the_same_input_gives_the_same_digest(tmp_path: Path) -> None:
    rows(tmp_path / "a.jsonl", ("Q", "A"))
    of = recipe([{"kind": "files", "path": "a.jsonl"}])
    assert collect(of, tmp_path)[1].digest == collect(of, tmp_path)[1].digest


def test_plan_works_without_the_data(tmp_path: Path) -> None:
    view = RecipeView(recipe([{"kind": "files", "path": "gone.jsonl"}, {"kind": "medquad"}]), stage.READS, tmp_path)
    lines = stage.plan(view, RunDir(tmp_path / "run"))
    assert "file not found" in lines[0]
    assert "read 1 file" in lines[1]
    assert not (tmp_path / "run").exists()


def test_a_missing_file_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="file not found"):
        collect(recipe([{"kind": "files", "path": "gone.jsonl"}]), tmp_path)
    assert list((tmp_path / "run").iterdir()) == []


def test_the_bundled_documents(tmp_path: Path) -> None:
    facts = json.loads((bundled_folder() / BUNDLED_FACTS).read_text())
    archive = bundled_folder() / BUNDLED
    assert archive.stat().st_size == facts["size_bytes"] <= 3_000_000
    assert sha256_file(archive) == facts["sha256"]
    run, _ = collect(recipe([{"kind": "medquad"}]), tmp_path)
    (source,) = read_row_list(run.stage("collect") / SOURCES, SourceFacts)
    assert source.documents == facts["documents"] == facts["four_part_documents"] + facts["other_documents"]
    assert source.retrieved == facts["retrieved"]
    assert source.kept > 9_000
    assert set(source.dropped) <= {"no answer"}
    attribution = (bundled_folder() / "ATTRIBUTION.md").read_text()
    assert facts["commit"] in attribution
    assert "CC BY 4.0" in attribution
    assert str(facts["documents"]) in attribution
