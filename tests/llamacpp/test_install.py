import hashlib
import io
import json
import os
import sys
import tarfile
import threading
import time
from pathlib import Path

import pytest

from medtune.core.errors import ToolchainError, UsageError
from medtune.llamacpp import install as build
from medtune.llamacpp import source
from medtune.llamacpp.toolchain import PIN, STAMP, TOOLS, cached


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("MEDTUNE_LLAMA_CPP_SDIST", raising=False)
    monkeypatch.setenv("MEDTUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def archive(path: Path, members: dict[str, bytes | str]) -> Path:
    """A .tar.gz; a str value makes a symbolic link to it."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def programs(folder: Path, **scripts: str) -> Path:
    """A folder of executable Python scripts, to be a PATH."""
    folder.mkdir()
    for name, code in scripts.items():
        (folder / name.replace("_plus", "+")).write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
        (folder / name.replace("_plus", "+")).chmod(0o755)
    return folder


def test_an_archive_with_another_digest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sdist.tar.gz"
    file.write_bytes(b"something else")
    monkeypatch.setenv("MEDTUNE_LLAMA_CPP_SDIST", str(file))
    with pytest.raises(ToolchainError, match="is not the pinned one") as caught:
        source.fetch(tmp_path, tmp_path / "log")
    assert hashlib.sha256(b"something else").hexdigest() in str(caught.value)


def test_a_missing_local_archive_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDTUNE_LLAMA_CPP_SDIST", str(tmp_path / "none.tar.gz"))
    with pytest.raises(ToolchainError, match="does not exist"):
        source.fetch(tmp_path, tmp_path / "log")


def test_pip_is_given_the_digest_and_its_failure_names_the_way_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def failing(argv: list[str], **_: object) -> None:
        seen.extend(argv)
        seen.append(Path(argv[-1]).read_text("utf-8"))
        raise ToolchainError("pip failed", next_step="-")

    monkeypatch.setattr(source, "run_tool", failing)
    with pytest.raises(ToolchainError, match="pip failed") as caught:
        source.fetch(tmp_path, tmp_path / "log")
    assert "MEDTUNE_LLAMA_CPP_SDIST" in caught.value.next_step
    assert seen[:4] == [sys.executable, "-m", "pip", "download"]
    assert seen[-1] == f"llama-cpp-python==0.3.36 --hash=sha256:{source.SDIST_SHA256}\n"


def test_only_what_is_needed_is_unpacked(tmp_path: Path) -> None:
    top = "llama_cpp_python-0.3.36"
    file = archive(
        tmp_path / "a.tar.gz",
        {
            f"{top}/vendor/llama.cpp/CMakeLists.txt": b"project(x)",
            f"{top}/vendor/llama.cpp/src/a.cpp": b"int a;",
            f"{top}/vendor/llama.cpp/models/ggml-vocab-a.gguf": b"GGUF",
            f"{top}/vendor/llama.cpp/models/ggml-vocab-a.gguf.inp": b"text",
            f"{top}/vendor/llama.cpp/models/templates/a.jinja": b"{{ x }}",
            f"{top}/vendor/llama.cpp/docs/a.md": b"doc",
            f"{top}/vendor/llama.cpp/docs/link": "a.md",
            f"{top}/vendor/llama.cpp/.git": b"gitdir: x",
            f"{top}/llama_cpp/llama_cpp.py": b"import ctypes",
            f"{top}/llama_cpp/llama.py": b"",
            f"{top}/setup.py": b"raise SystemExit",
        },
    )
    source.unpack(file, tmp_path / "out")
    found = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert found == [
        "llama_cpp/llama_cpp.py",
        "vendor/llama.cpp/CMakeLists.txt",
        "vendor/llama.cpp/models/ggml-vocab-a.gguf",
        "vendor/llama.cpp/models/templates/a.jinja",
        "vendor/llama.cpp/src/a.cpp",
    ]


@pytest.mark.parametrize(
    "name", ["/etc/x", "../x", "top/../../x", "top/vendor/llama.cpp/../../../x", "C:/x", "top\\..\\x"]
)
def test_members_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ToolchainError, match="outside of its folder"):
        source.unpack(archive(tmp_path / "a.tar.gz", {name: b"x"}), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tar.gz", "out"]


def test_links_are_refused(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.tar.gz", {"top/vendor/llama.cpp/src": "/etc"})
    with pytest.raises(ToolchainError, match="a link or a device"):
        source.unpack(file, tmp_path / "out")


def test_a_damaged_archive_is_an_error(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.tar.gz", {"top/vendor/llama.cpp/src/a.cpp": os.urandom(100_000)})
    file.write_bytes(file.read_bytes()[:50_000])
    with pytest.raises(ToolchainError, match="damaged"):
        source.unpack(file, tmp_path / "out")
    file.write_bytes(b"no archive")
    with pytest.raises(ToolchainError, match="damaged"):
        source.unpack(file, tmp_path / "out")


@pytest.mark.parametrize(
    ("present", "said"),
    [
        ({}, "cmake and a C++ compiler not found"),
        ({"cmake": ""}, "a C++ compiler not found"),
        ({"g_plus_plus": ""}, "cmake not found"),
    ],
)
def test_missing_build_tools_are_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, present: dict[str, str], said: str
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(programs(tmp_path / "bin", **present)))
    with pytest.raises(ToolchainError, match=said.replace("+", r"\+")) as caught:
        build.install("cpu")
    assert "\n" not in caught.value.what
    assert "apt install cmake g++" in caught.value.next_step
    assert "brew install cmake" in caught.value.next_step


def test_cuda_needs_nvcc_and_metal_needs_a_mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs(tmp_path / "bin", cmake="", g_plus_plus="")))
    monkeypatch.delenv("CUDACXX", raising=False)
    with pytest.raises(ToolchainError, match="nvcc not found"):
        build.install("cuda")
    monkeypatch.setattr(build.sys, "platform", "linux")
    with pytest.raises(ToolchainError, match="needs macOS"):
        build.install("metal")
    with pytest.raises(UsageError, match="unknown backend 'gpu'"):
        build.install("gpu")


def test_the_build_fetches_nothing_and_can_be_moved() -> None:
    for backend in ("cpu", "cuda", "metal"):
        arguments = build.configure_arguments(backend)
        assert {"-DLLAMA_USE_PREBUILT_UI=OFF", "-DLLAMA_CURL=OFF", "-DLLAMA_OPENSSL=OFF"} <= set(arguments)
        assert f"-DGGML_CUDA={'ON' if backend == 'cuda' else 'OFF'}" in arguments
        assert f"-DGGML_METAL={'ON' if backend == 'metal' else 'OFF'}" in arguments
        assert f"-DLLAMA_BUILD_COMMIT={PIN}" in arguments


def test_no_build_has_amx_kernels_and_flags_of_the_environment_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXXFLAGS", "-g0")
    monkeypatch.delenv("CFLAGS", raising=False)
    arguments = build.configure_arguments("cpu")
    assert "-DCMAKE_CXX_FLAGS=-g0 -U__AMX_INT8__" in arguments
    assert "-DCMAKE_C_FLAGS=-U__AMX_INT8__" in arguments


FAKE_CMAKE = f"""
import os, pathlib, sys
if "--version" in sys.argv:
    print("cmake version 3.25.1")
elif "--build" in sys.argv:
    if os.environ.get("FAIL"):
        sys.exit("undefined reference to `main'")
    folder = pathlib.Path(sys.argv[2]) / "bin"
    folder.mkdir(parents=True)
    for number, name in enumerate({TOOLS!r}, start=1):
        print(f"[{{number}}/4] Building", name, flush=True)
        (folder / name).write_text("#!{sys.executable}\\nprint('version: 0.5 (fake)')\\n")
        (folder / name).chmod(0o755)
"""


@pytest.fixture
def fake_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that takes no time and a source archive of a few bytes, so that all but the compiling is real."""
    top, llama = "llama_cpp_python-0.3.36", "llama_cpp_python-0.3.36/vendor/llama.cpp"
    members: dict[str, bytes | str] = {
        f"{llama}/convert_hf_to_gguf.py": b"",
        f"{llama}/LICENSE": b"MIT",
        f"{llama}/conversion/__init__.py": b"",
        f"{llama}/gguf-py/gguf/__init__.py": b"",
        f"{llama}/models/templates/a.jinja": b"",
        f"{top}/LICENSE.md": b"MIT",
        f"{top}/llama_cpp/llama_cpp.py": b"",
        **{f"{llama}/models/ggml-vocab-{name}.gguf": b"" for name in build.VOCABULARIES},
    }
    file = archive(tmp_path / "sdist.tar.gz", members)
    monkeypatch.setenv("MEDTUNE_LLAMA_CPP_SDIST", str(file))
    monkeypatch.setenv("PATH", str(programs(tmp_path / "bin", cmake=FAKE_CMAKE, g_plus_plus="print('g++ 12')")))
    monkeypatch.delenv("CXX", raising=False)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    real = source.fetch
    monkeypatch.setattr(source, "fetch", lambda into, log: real(into, log, expected_sha256=digest))


def test_an_install_is_whole_stamped_and_leaves_nothing_behind(fake_machine: None, own_cache: Path) -> None:
    said: list[tuple[str, float | None]] = []
    made = build.install("cpu", progress=lambda words, share: said.append((words, share)))
    assert made.folder == cached("cpu")
    assert made.version == "0.5 (fake)"
    assert made.bindings == made.folder and made.models == made.folder / "models"
    stamp = json.loads((made.folder / STAMP).read_text("utf-8"))
    assert (stamp["pin"], stamp["backend"], stamp["compiler"]) == (PIN, "cpu", "g++ 12")
    assert stamp["digest"] == made.digest
    assert ("building llama.cpp", 1.0) in said
    left = sorted(path.name for path in (own_cache / "llama.cpp").iterdir())
    assert left == [f".{PIN}-cpu.lock", f"{PIN}-cpu", f"{PIN}-cpu.log"]


def test_the_second_call_returns_at_once(fake_machine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build.install("cpu")
    monkeypatch.setenv("PATH", "")
    began = time.monotonic()
    assert build.install("cpu") == first
    assert time.monotonic() - began < 0.2


def test_what_was_built_with_other_options_is_built_again(fake_machine: None) -> None:
    file = build.install("cpu").folder / STAMP
    stamp = json.loads(file.read_text("utf-8"))
    del stamp["options"]["CMAKE_CXX_FLAGS"]
    file.write_text(json.dumps(stamp), encoding="utf-8")
    said: list[str] = []
    build.install("cpu", progress=lambda words, share: said.append(words))
    assert "installing" in said


def test_two_installs_at_once_build_once(fake_machine: None) -> None:
    said: list[str] = []
    threads = [
        threading.Thread(target=build.install, args=("cpu", None, lambda words, share: said.append(words)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("installing") == 1


def test_a_failed_build_says_why_and_the_next_one_starts_afresh(
    fake_machine: None, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(ToolchainError, match="undefined reference"):
        build.install("cpu")
    assert not [path for path in (own_cache / "llama.cpp").iterdir() if path.is_dir()]
    monkeypatch.delenv("FAIL")
    assert build.install("cpu").folder.is_dir()
