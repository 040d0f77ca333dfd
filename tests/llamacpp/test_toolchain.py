import json
import sys
from pathlib import Path

import pytest

from medtune.core.errors import ToolchainError
from medtune.llamacpp import toolchain as tc


@pytest.fixture(autouse=True)
def no_toolchain_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MEDTUNE_LLAMA_CPP", raising=False)
    monkeypatch.setenv("MEDTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def make(folder: Path, binaries: str = "bin", *, stamp: dict[str, str] | None = None) -> Path:
    """A folder that looks like a toolchain; its tools are scripts."""
    (folder / binaries).mkdir(parents=True)
    for name in tc.TOOLS:
        tool = folder / binaries / name
        tool.write_text(f"#!{sys.executable}\nprint('version: 1 (abc)')\nprint('built with cc')\n", encoding="utf-8")
        tool.chmod(0o755)
    (folder / "gguf-py" / "gguf").mkdir(parents=True)
    (folder / "gguf-py" / "gguf" / "__init__.py").touch()
    (folder / "convert_hf_to_gguf.py").touch()
    if stamp is not None:
        (folder / tc.STAMP).write_text(json.dumps(stamp), encoding="utf-8")
    return folder


def test_without_any_the_error_names_the_next_command() -> None:
    with pytest.raises(ToolchainError, match=r"llama\.cpp was not found") as caught:
        tc.find(None)
    assert "medtune toolchain install" in caught.value.next_step


@pytest.mark.parametrize("binaries", ["bin", "build/bin"])
def test_both_layouts_are_read(tmp_path: Path, binaries: str) -> None:
    found = tc.find(str(make(tmp_path / "own", binaries)))
    assert found.server == tmp_path / "own" / binaries / "llama-server"
    assert found.version == "1 (abc), built with cc"
    assert (found.backend, found.library, found.bindings, found.models) == ("cpu", None, None, None)
    assert len(found.digest) == 64


def test_the_recipe_comes_before_the_environment_before_path_before_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tc.cached("cpu"), stamp={"version": "cache", "digest": "0", "backend": "cpu"})
    assert tc.find(None).version == "cache"
    on_path = make(tmp_path / "path", stamp={"version": "path"})
    monkeypatch.setenv("PATH", str(on_path / "bin"))
    assert tc.find(None).version == "path"
    monkeypatch.setenv("MEDTUNE_LLAMA_CPP", str(make(tmp_path / "env", stamp={"version": "env"})))
    assert tc.find(None).version == "env"
    assert tc.find(str(make(tmp_path / "recipe", stamp={"version": "recipe"}))).version == "recipe"


def test_a_gpu_build_in_the_cache_is_preferred() -> None:
    for backend in ("cpu", "cuda"):
        make(tc.cached(backend), stamp={"version": "x", "digest": "0", "backend": backend})
    assert tc.find(None).backend == "cuda"


def test_tools_on_path_without_their_converter_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "path")
    (folder / "convert_hf_to_gguf.py").unlink()
    monkeypatch.setenv("PATH", str(folder / "bin"))
    with pytest.raises(ToolchainError, match="not found"):
        tc.find(None)


def test_a_named_folder_must_be_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "own")
    (folder / "bin" / "llama-imatrix").unlink()
    monkeypatch.setenv("MEDTUNE_LLAMA_CPP", str(folder))
    with pytest.raises(ToolchainError, match=r"named by MEDTUNE_LLAMA_CPP\): llama-imatrix missing"):
        tc.find(None)
    with pytest.raises(ToolchainError, match=r"named by the recipe\): llama-server"):
        tc.find(str(tmp_path / "nowhere"))


def test_a_build_without_its_stamp_was_interrupted_and_does_not_count() -> None:
    make(tc.cached("cpu"))
    with pytest.raises(ToolchainError):
        tc.find(None)


def test_the_digest_follows_the_binaries(tmp_path: Path) -> None:
    folder = make(tmp_path / "own")
    first = tc.find(str(folder)).digest
    (folder / "bin" / "notes.txt").write_text("no binary", encoding="utf-8")
    assert tc.find(str(folder)).digest == first
    (folder / "bin" / "libllama.so").write_bytes(b"new")
    second = tc.find(str(folder))
    assert second.digest != first
    assert second.library == folder / "bin" / "libllama.so"


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert tc.cache_folder() == tmp_path / "cache"
    assert tc.cache_folder(tmp_path / "own") == tmp_path / "own"
    monkeypatch.delenv("MEDTUNE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert tc.cache_folder() == tmp_path / "xdg" / "medtune"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert tc.cache_folder() == tmp_path / "home" / ".cache" / "medtune"
