"""Rows of JSON lines: read back as written, refused with their line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.errors import RunDirError
from medtune.runs.layout import STAGE_FOLDERS, RunDir, gguf_name
from medtune.runs.provenance import describe
from medtune.runs.records.audit import BuildVerdict
from medtune.runs.records.base import read_rows, write_rows
from medtune.runs.records.collect import Record, Turn
from medtune.runs.records.prepare import Rejected

TEXT = st.text(max_size=30)


@given(st.lists(st.builds(Turn, role=st.sampled_from(["user", "assistant"]), content=TEXT), max_size=4))
def test_rows_come_back_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, turns: list[Turn]) -> None:
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    assert write_rows(file, turns) == len(turns)
    assert read_rows(file, Turn) == turns


def test_a_row_that_does_not_fit_is_named_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"id": "a", "step": "length", "reason": "short"}\n\n{"id": "b"}\n', encoding="utf-8")
    with pytest.raises(RunDirError) as caught:
        read_rows(file, Rejected)
    assert caught.value.where == f"{file}:3"


def test_a_rejected_row_has_no_place_for_text() -> None:
    assert set(Rejected.model_fields) == {"id", "step", "reason"}
    assert "licence" in Record.model_fields and "url" in Record.model_fields


def test_only_passing_verdicts_may_be_released_and_hold_is_not_one() -> None:
    releasable = [verdict for verdict in BuildVerdict if verdict.releasable]
    assert releasable == [BuildVerdict.RELEASE_GOLD, BuildVerdict.RELEASE_SAFE, BuildVerdict.FORM_PASS]
    assert [verdict.rank for verdict in BuildVerdict] == list(range(len(BuildVerdict)))


def test_every_stage_has_a_numbered_folder(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    assert [run.stage(name).name for name in STAGE_FOLDERS] == sorted(STAGE_FOLDERS.values())
    assert run.partial("train").name == "03-train.partial"
    assert gguf_name("small", "Q8_0") == "small-Q8_0.gguf"


def test_provenance_names_versions_and_no_host_or_user() -> None:
    said = describe()
    assert said["packages"]["torch"] and said["medtune"]
    assert set(said) == {"medtune", "python", "packages", "system", "cores"}
