"""`medtune bundle` and `medtune unbundle`: over an air gap, and back out of bad archives."""

import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import finished_run
import pytest
from click.testing import CliRunner
from finished_run import WITHHELD, make_run, recipe_values, view

from medtune.cli.bundle import bundle
from medtune.cli.unbundle import unbundle
from medtune.config.recipe import Recipe
from medtune.core.errors import DataError, MedtuneError, RunDirError, UsageError
from medtune.llamacpp.toolchain import Toolchain
from medtune.release import stage
from medtune.runs.layout import RunDir


def call(command: object, *words: object) -> str:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False).output  # type: ignore[arg-type]


@pytest.fixture
def packed(run: RunDir, tmp_path: Path) -> Path:
    call(bundle, run.path, "--out", tmp_path / "b.tar", "--no-toolchain")
    return tmp_path / "b.tar"


def rewrite(path: Path, change: dict[str, bytes | None], *more: tarfile.TarInfo) -> Path:
    """A copy of the archive with other contents (None: left out) and further members."""
    target = path.with_name("changed.tar")
    with tarfile.open(path) as old, tarfile.open(target, "w:") as new:
        for member in old:
            stream = old.extractfile(member)
            data = change.get(member.name, stream.read() if stream else b"")
            if data is not None:
                info = tarfile.TarInfo(member.name)
                info.size = len(data)
                new.addfile(info, io.BytesIO(data))
        for info in more:
            new.addfile(info, io.BytesIO(b"x" * info.size))
    return target


def test_a_bundle_holds_the_release_and_its_tools_and_no_data(packed: Path, tmp_path: Path) -> None:
    with tarfile.open(packed) as archive:
        names = archive.getnames()
    assert names[0] == "bundle.json" and "wheels.txt" in names and "recipe.yaml" in names
    assert "release/terms-demo-Q4_K_M.gguf" in names and "base/model.safetensors" in names
    assert not any(name.endswith((".jsonl", ".html")) for name in names)
    assert WITHHELD.encode() not in packed.read_bytes()
    said = call(unbundle, packed, "--into", tmp_path / "there", "--no-ask")
    assert "as it was released: terms-demo-Q4_K_M.gguf" in said and "no llama.cpp was packed" in said
    with pytest.raises(UsageError, match="there already"):
        call(unbundle, packed, "--into", tmp_path / "there")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:evil"])
def test_a_path_that_leaves_the_folder_is_refused(packed: Path, tmp_path: Path, name: str) -> None:
    info = tarfile.TarInfo(name)
    info.size = 1
    with pytest.raises(DataError, match="a path that leaves the archive"):
        call(unbundle, rewrite(packed, {}, info), "--into", tmp_path / "there")
    assert not (tmp_path / "there").exists() and not (tmp_path / "evil").exists()
    assert not list(tmp_path.glob(".there*"))


def test_links_added_changed_and_missing_files_are_refused(packed: Path, tmp_path: Path) -> None:
    link = tarfile.TarInfo("release/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    added = tarfile.TarInfo("release/more")
    added.size = 1
    cases = [
        (({}, link), "a link"), (({}, added), "its own list does not name"),
        (({"release/README.md": b"better"},), "not the one in its own list"),
        (({"release/README.md": None},), r"release/README\.md is missing"),
        (({"bundle.json": b"{}"},), "cannot be read"),
        (({"bundle.json": None},), "does not begin with"),
    ]  # fmt: skip
    for (change, *more), message in cases:
        with pytest.raises(DataError, match=message):
            call(unbundle, rewrite(packed, change, *more), "--into", tmp_path / "there")
        assert not (tmp_path / "there").exists() and not list(tmp_path.glob(".there*"))


def test_a_bundle_whose_list_was_rewritten_too_still_has_to_verify(packed: Path, tmp_path: Path) -> None:
    from medtune.core.hashing import sha256_bytes

    with tarfile.open(packed) as archive:
        head = json.loads(archive.extractfile("bundle.json").read())  # type: ignore[union-attr]
    head["files"]["release/README.md"] = {"size_bytes": 6, "sha256": sha256_bytes(b"better")}
    changed = rewrite(packed, {"release/README.md": b"better", "bundle.json": json.dumps(head).encode()})
    with pytest.raises(DataError, match=r"README\.md: its bytes are not"):
        call(unbundle, changed, "--into", tmp_path / "there")
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_cut_archive_leaves_nothing(packed: Path, tmp_path: Path, keep: float) -> None:
    cut = tmp_path / "cut.tar"
    cut.write_bytes(packed.read_bytes()[: int(keep * packed.stat().st_size)])
    with pytest.raises(MedtuneError):
        call(unbundle, cut, "--into", tmp_path / "there")
    assert not (tmp_path / "there").exists() and not list(tmp_path.glob(".there*"))


def test_what_cannot_be_packed_is_said(run: RunDir, tmp_path: Path) -> None:
    (run.stage("release") / "Modelfile").write_text("FROM x\n", encoding="utf-8")
    with pytest.raises(DataError, match="Modelfile"):
        call(bundle, run.path, "--out", tmp_path / "b.tar")
    with pytest.raises(RunDirError):
        call(bundle, tmp_path, "--out", tmp_path / "b.tar")
    assert not list(tmp_path.glob("*.tar"))


@pytest.mark.slow
def test_unbundled_without_a_network_it_verifies_and_answers(
    toy_gguf: Path, toolchain: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loadable model, an empty cache, and a namespace with no network but this machine's own."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rn", "true"], check=False).returncode:
        pytest.skip("network namespaces are not allowed here (`unshare -rn true` fails)")
    monkeypatch.setattr(finished_run, "write_small_gguf", lambda path, _head, _size: shutil.copy(toy_gguf, path))
    recipe = Recipe.model_validate(recipe_values())
    run, recipe = make_run(tmp_path / "run", recipe=recipe)
    stage.run(view(recipe, stage.READS, run.path), run)
    call(bundle, run.path, "--out", tmp_path / "b.tar", "--no-source")
    medtune = f"'{sys.executable}' -m medtune"
    script = (
        "(ip link set lo up || ifconfig lo up) 2>/dev/null\n"
        f"{medtune} unbundle b.tar --into there && {medtune} verify there/release"
    )
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "MEDTUNE_CACHE": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "llama.cpp was put into" in done.stdout and "Explain the medical term: asthma" in done.stdout
    assert done.stdout.count("as it was released") == 2
