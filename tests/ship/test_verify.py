"""`medtune verify`: whatever is changed in a release, it is named."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medtune.cli.verify import verify
from medtune.core.errors import DataError, MedtuneError, RunDirError
from medtune.runs.layout import RunDir
from medtune.ship.verify import verify_release, verify_run

FILES = ("Modelfile", "README.md", "SHA256SUMS", "manifest.json", "release.json", "terms-demo-Q4_K_M.gguf")


def said(folder: Path, *words: str) -> str:
    return CliRunner().invoke(verify, [str(folder), *words], catch_exceptions=False).output


def names(error: pytest.ExceptionInfo[MedtuneError], name: str) -> bool:
    return error.value.what.partition(":")[0].split("/")[-1] == name


def test_an_untouched_release_verifies_in_its_run_and_alone(run: RunDir, released: Path, tmp_path: Path) -> None:
    assert "as it was released: terms-demo-Q4_K_M.gguf (FORM-PASS)" in said(run.path)
    alone = Path(shutil.copytree(released, tmp_path / "alone"))
    assert "as it was released" in said(alone)
    (alone / "manifest.json").unlink()  # the run's own book-keeping: a published release has none
    assert "as it was released" in said(alone)
    assert {path.name for path in released.iterdir()} == set(FILES)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(FILES), where=st.floats(0, 1), flip=st.integers(1, 255))
def test_any_changed_byte_is_found_and_its_file_named(released: Path, name: str, where: float, flip: int) -> None:
    path = released / name
    before = path.read_bytes()
    at = min(len(before) - 1, int(where * len(before)))
    path.write_bytes(before[:at] + bytes([before[at] ^ flip]) + before[at + 1 :])
    try:
        with pytest.raises(MedtuneError) as error:
            verify_release(released)
        # A digest in SHA256SUMS that was changed speaks of the file on its line.
        assert name in f"{error.value.what} {error.value.where}"
    finally:
        path.write_bytes(before)
    verify_release(released)


@pytest.mark.parametrize("name", FILES)
def test_a_removed_file_is_named(run: RunDir, released: Path, name: str) -> None:
    (released / name).unlink()
    with pytest.raises(MedtuneError) as error:
        said(run.path)
    assert name in error.value.what


@pytest.mark.parametrize("name", ["evil.gguf", ".hidden", "sub/file", "adapter.safetensors"])
def test_an_added_file_is_named(released: Path, name: str) -> None:
    (released / name).parent.mkdir(exist_ok=True)
    (released / name).write_bytes(b"x")
    with pytest.raises(DataError, match="it was added") as error:
        said(released)
    assert name in error.value.what


def test_swapped_files_are_named(released: Path) -> None:
    a, b = released / "Modelfile", released / "README.md"
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second)
    b.write_bytes(first)
    with pytest.raises(DataError, match=r"Modelfile: .*its bytes are those of README\.md"):
        said(released)


def test_another_builds_gguf_with_matching_sums_is_found(run: RunDir, released: Path) -> None:
    """The one who swapped the model also rewrote SHA256SUMS: release.json still says otherwise."""
    import hashlib

    target = released / "terms-demo-Q4_K_M.gguf"
    old = hashlib.sha256(target.read_bytes()).hexdigest()
    target.write_bytes((run.stage("export") / "terms-demo-Q2_K.gguf").read_bytes())
    sums = released / "SHA256SUMS"
    sums.write_text(sums.read_text("utf-8").replace(old, hashlib.sha256(target.read_bytes()).hexdigest()), "utf-8")
    with pytest.raises(DataError, match=r"terms-demo-Q4_K_M\.gguf: its sha256 is not the one in release\.json"):
        said(released)


def test_a_link_is_no_part_of_a_release(released: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    (released / "Modelfile").rename(copy)
    (released / "Modelfile").symlink_to(copy)
    with pytest.raises(DataError, match="Modelfile: it is a link"):
        said(released)


@pytest.mark.parametrize(
    ("stage", "name"),
    [("collect", "sources.json"), ("prepare", "train.jsonl"), ("train", "adapter/adapter_model.safetensors"),
     ("export", "terms-demo-Q8_0.gguf"), ("ask", "responses.jsonl"), ("audit", "verdicts.json")],
)  # fmt: skip
def test_in_a_run_every_stage_is_hashed_again(run: RunDir, stage: str, name: str) -> None:
    path = run.stage(stage) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError) as error:
        said(run.path)
    assert name in error.value.what


def test_a_stage_that_was_made_again_breaks_the_chain(run: RunDir) -> None:
    path = run.stage("prepare") / "manifest.json"
    values = json.loads(path.read_text("utf-8"))
    values["digest"] = "0" * 64
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(DataError, match=r"02-prepare/manifest\.json: it was changed"):
        verify_run(run)


def test_release_json_is_followed_to_the_run(run: RunDir) -> None:
    (run.path / "recipe.yaml").write_text("name: other\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"digests\.recipe: it is not what the run says now"):
        verify_run(run)


def test_what_is_no_release_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunDirError, match="no folder and no run"):
        said(tmp_path / "nowhere")
    with pytest.raises(DataError, match="SHA256SUMS: it was removed"):
        said(tmp_path)


def test_release_json_says_what_was_released(released: Path) -> None:
    row = json.loads((released / "release.json").read_text("utf-8"))
    assert row["build"]["tensor_types"] == {"F32": 1} and row["task"] == "terminology"
    assert row["served"]["context"] == 1024 and row["made_with"]["medtune"]
    assert row["digests"]["answers"].keys() == {"cases.jsonl", "responses.jsonl"}
    assert row["digests"]["prepared"]["train.jsonl"] and row["digests"]["suites"]
    assert "merged safetensors" in row["covers"]
