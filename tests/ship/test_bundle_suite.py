"""A suite over an air gap: one archive that verifies whole, or nothing."""

import io
import json
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from finished_run import WITHHELD

from medtune.cli.main import cli
from medtune.core.hashing import sha256_bytes
from medtune.core.io import read_json
from medtune.runs.layout import SHA256SUMS, SUITE_RELEASE

GGUF = "ward-terms/07-release/ward-terms-Q4_K_M.gguf"


def call(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [str(word) for word in words], prog_name="medtune")
    return done.exit_code, done.output


@pytest.fixture
def packed(suite: Path, tmp_path: Path) -> Path:
    code, said = call("bundle", "ward", "--runs", suite.parent, "--out", tmp_path / "w.tar", "--no-toolchain")
    assert code == 0 and "nothing is failed: no rows" in said, said
    return tmp_path / "w.tar"


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def relisted(path: Path, change: dict[str, bytes | None]) -> Path:
    """The archive with other contents (None: left out) and a list that agrees with them."""
    held = contents(path)
    head = json.loads(held.pop("bundle.json"))
    held = {name: data for name, old in held.items() if (data := change.get(name, old)) is not None}
    head["files"] = {name: {"size_bytes": len(data), "sha256": sha256_bytes(data)} for name, data in held.items()}
    target = path.with_name("changed.tar")
    with tarfile.open(target, "w:") as new:
        for name, data in {"bundle.json": json.dumps(head).encode(), **held}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            new.addfile(info, io.BytesIO(data))
    return target


def refused(archive: Path, into: Path) -> str:
    code, said = call("unbundle", archive, "--into", into, "--no-ask")
    assert code == 2 and "Traceback" not in said, said
    assert not into.exists() and not list(into.parent.glob(f".{into.name}*"))
    return said


def test_a_suite_is_packed_once_and_is_a_suite_again_on_the_other_side(
    suite: Path, packed: Path, tmp_path: Path
) -> None:
    held = contents(packed)
    assert next(iter(held)) == "bundle.json" and "wheels.txt" in held and GGUF in held
    assert {"recipes/terms-demo/recipe.yaml", "recipes/ward-terms/recipe.yaml"} <= held.keys()
    assert not any(name.endswith(".jsonl") or "manifest" in name or "report" in name for name in held)
    assert WITHHELD.encode() not in packed.read_bytes()
    weights = [name for name in held if name.endswith("model.safetensors")]
    bases = json.loads(held["bundle.json"])["bases"]
    assert sorted(bases) == ["terms-demo", "ward-terms"]
    assert sorted(weights) == sorted({f"{folder}/model.safetensors" for folder in bases.values()})
    code, said = call("unbundle", packed, "--into", tmp_path / "there", "--no-ask")
    assert code == 0 and said.count("as it was released: ") == 2 and "medtune ollama import" in said
    assert read_json(tmp_path / "there" / SUITE_RELEASE) == read_json(suite / SUITE_RELEASE)
    code, said = call("verify", tmp_path / "there")
    assert code == 0 and "suite ward, not complete, 2 of 3 models checked" in said


def test_a_changed_byte_anywhere_is_refused(packed: Path, tmp_path: Path) -> None:
    held = contents(packed)
    for name in (GGUF, SUITE_RELEASE, "index.html", "recipes/ward-terms/recipe.yaml", "wheels.txt"):
        data = bytearray(packed.read_bytes())
        at = data.index(held[name])
        data[at + len(held[name]) // 2] ^= 1
        changed = tmp_path / "byte.tar"
        changed.write_bytes(bytes(data))
        said = refused(changed, tmp_path / "there")
        assert "is not the one in its own list" in said, name


def test_a_missing_model_is_refused_even_when_the_list_agrees(packed: Path, tmp_path: Path) -> None:
    held = contents(packed)
    gone: dict[str, bytes | None] = {name: None for name in held if name.startswith("ward-terms/")}
    said = refused(relisted(packed, gone), tmp_path / "there")
    assert "ward-terms/07-release/release.json is missing" in said
    assert "ward-terms" in refused(relisted(packed, {GGUF: None}), tmp_path / "there")
    assert SUITE_RELEASE in refused(relisted(packed, {SUITE_RELEASE: None}), tmp_path / "there")


def test_a_model_that_was_exchanged_is_refused_even_when_the_list_agrees(packed: Path, tmp_path: Path) -> None:
    held = contents(packed)
    change: dict[str, bytes | None] = {GGUF: held[GGUF][:-1] + b"x"}
    assert "ward-terms-Q4_K_M.gguf" in refused(relisted(packed, change), tmp_path / "there")
    release = "ward-terms/07-release/release.json"
    change = {release: held["terms-demo/07-release/release.json"]}
    assert release in refused(relisted(packed, change), tmp_path / "there")


@pytest.mark.parametrize("place", ["../ward-terms/07-release/release.json", "/etc/07-release/release.json"])
def test_a_release_that_lies_elsewhere_is_refused(packed: Path, tmp_path: Path, place: str) -> None:
    values = json.loads(contents(packed)[SUITE_RELEASE])
    values["models"][1]["release"] = place
    change: dict[str, bytes | None] = {SUITE_RELEASE: json.dumps(values).encode()}
    assert "is missing, which suite.json speaks of" in refused(relisted(packed, change), tmp_path / "there")


def test_what_is_not_whole_is_not_packed(suite: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "w.tar", "--no-toolchain")
    file = suite / GGUF
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"x")
    code, said = call("bundle", suite, *out)
    assert code == 2 and file.name in said
    file.write_bytes(whole)
    values = read_json(suite / SUITE_RELEASE)
    for model in values["models"]:
        model.update(state="failed", release=None, reason="no rows")
    text = json.dumps(values).encode()
    (suite / SUITE_RELEASE).write_bytes(text)
    (suite / SHA256SUMS).write_text(f"{sha256_bytes(text)}  {SUITE_RELEASE}\n", encoding="utf-8")
    code, said = call("bundle", suite, *out)
    assert code == 2 and "nothing of this suite was released" in said
    (suite / SUITE_RELEASE).unlink()
    code, said = call("bundle", suite, *out)
    assert code == 2 and "there is no suite.json here yet" in said
    assert not list(tmp_path.glob("*.tar"))
