"""A run whose recipe asks for an importance matrix: its builds, what they say, what is not left behind."""

from pathlib import Path

import pytest
from exportrun import example, recipe_of, view, write_base, write_run

from medtune.core.errors import RecipeError
from medtune.core.io import read_json
from medtune.export import make, stage
from medtune.export.make import TENSORS
from medtune.llamacpp.gguf_info import read_gguf
from medtune.runs.layout import BUILDS, CALIBRATION, IMATRIX, RunDir
from medtune.runs.manifest import read_manifest
from medtune.runs.records.base import read_row_list
from medtune.runs.records.export import Build

EXPORT = {"quantizations": ["Q4_K_M", "IQ2_XS"], "imatrix": "both", "calibration_tokens": 2048, "fidelity_rows": 0}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    folder = tmp_path_factory.mktemp("matrix")
    recipe = recipe_of(write_base(folder / "base"), export=EXPORT)
    made = write_run(folder / "run", recipe)
    stage.run(view(recipe, "export", made.path), made)
    return made


def builds(run: RunDir) -> dict[str, Build]:
    return {build.name: build for build in read_row_list(run.stage("export") / BUILDS, Build)}


def test_both_are_builds_like_any_other(run: RunDir) -> None:
    found = builds(run)
    assert list(found) == ["base-F16", "F16", "Q4_K_M", "Q4_K_M-imatrix", "IQ2_XS"]
    weighed = found["Q4_K_M-imatrix"]
    assert (weighed.role, weighed.quantization) == ("quantization", "Q4_K_M")
    assert weighed.file == "toy-run-Q4_K_M-imatrix.gguf"
    assert weighed.sha256 != found["Q4_K_M"].sha256 and found["Q4_K_M"].imatrix is None
    calibration = read_json(run.stage("export") / CALIBRATION)
    assert weighed.imatrix == found["IQ2_XS"].imatrix == calibration["sha256"]
    assert calibration["tokens"] >= 2048 and calibration["chats"] > 0 and calibration["passages"] > 0
    assert read_manifest(run, "export").facts["imatrix"] == calibration
    assert sum(weighed.types_bytes.values()) < weighed.size_bytes


def test_the_real_type_of_every_tensor_is_recorded(run: RunDir) -> None:
    types = read_json(run.stage("export") / TENSORS)
    for name, build in builds(run).items():
        tensors = read_gguf(run.stage("export") / build.file).tensors
        assert types[name] == {tensor.name: tensor.type for tensor in tensors}


def test_builds_say_run_adapter_base_and_licences(run: RunDir) -> None:
    facts = read_manifest(run, "export").facts
    metadata = read_gguf(run.stage("export") / "toy-run-IQ2_XS.gguf").metadata
    assert metadata["general.description"] == f"medtune run toy-run; adapter sha256 {facts['adapter_digest']}"
    assert metadata["general.base_model.0.name"] == "base"
    assert facts["base_digest"] in metadata["general.base_model.0.description"]
    assert metadata["general.dataset.0.name"] == "synthetic"
    assert metadata["general.dataset.0.description"] == "licence CC0-1.0"
    assert "general.license.name" in metadata
    assert not any(str(run.path) in str(value) for value in metadata.values())


def test_no_row_text_is_left_behind(run: RunDir) -> None:
    """Rows stand in 02-prepare alone: neither files nor logs of the export hold what was in one of them."""
    wanted = example(100).messages[-1].content.encode()[:20]
    for path in run.stage("export").rglob("*"):
        if path.is_file() and path.suffix not in (".gguf", ".safetensors"):
            assert wanted not in path.read_bytes(), path.name


def test_an_added_quantization_needs_no_new_matrix(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.stat().st_ino for path in run.stage("export").glob("*.gguf")}
    base = Path(run.path).parent / "base"
    recipe = recipe_of(base, export={**EXPORT, "quantizations": ["Q4_K_M", "IQ2_XS", "Q3_K_S"]})
    monkeypatch.setattr(make, "make_imatrix", lambda *_, **__: pytest.fail("the matrix is there"))
    stage.run(view(recipe, "export", run.path), run)
    after = {path.name: path.stat().st_ino for path in run.stage("export").glob("*.gguf")}
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"toy-run-Q3_K_S.gguf", "toy-run-Q3_K_S-imatrix.gguf"}
    assert before[IMATRIX] == after[IMATRIX]


def test_a_type_that_needs_a_matrix_is_refused_in_the_plan(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path / "nowhere", export={"quantizations": ["IQ2_XS"]})
    for call in (stage.plan, stage.run):
        with pytest.raises(RecipeError, match="IQ2_XS cannot be made without an importance matrix"):
            call(view(recipe, "export", tmp_path), RunDir(tmp_path))
