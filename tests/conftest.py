"""What all tests share: no network but this machine, no settings of the person who runs them, minutes per folder."""

import ipaddress
import os
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from medtune.config.recipe import Recipe
from medtune.llamacpp.toolchain import Toolchain, cache_folder, find
from medtune.runs.layout import RunDir

_SCRUBBED = (
    "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "HF_TOKEN", "HF_HOME", "HF_ENDPOINT",
    "HUGGING_FACE_HUB_TOKEN",
    "OPENAI_API_KEY", "MEDTUNE_DEBUG", "MEDTUNE_LLAMA_CPP_SDIST",
)  # fmt: skip
_seconds: dict[str, float] = defaultdict(float)


def pytest_configure() -> None:
    """Take settings away that could change what is tested, before any fixture or module reads them."""
    for name in _SCRUBBED:
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    # A busy machine is no failure: examples have no time limit, and CI draws the same ones each time.
    settings.register_profile(
        "medtune",
        deadline=None,
        derandomize=bool(os.environ.get("CI")),
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("medtune")


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse every connection and name look-up that would leave this machine."""
    patch = pytest.MonkeyPatch()
    look_up = socket.getaddrinfo

    def connect_with(original: Any) -> Any:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                _only_here(address[0])
            return original(self, address)

        return connect

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        _only_here(host)
        return look_up(host, *arguments, **options)

    patch.setattr(socket.socket, "connect", connect_with(socket.socket.connect))
    patch.setattr(socket.socket, "connect_ex", connect_with(socket.socket.connect_ex))
    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    patch.undo()


def _only_here(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return
    try:
        here = ipaddress.ip_address(name).is_loopback
    except ValueError:
        here = False
    if not here:
        pytest.fail(f"a test tried to reach {name}: tests use no network")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the time of each folder, fixtures included."""
    parts = report.nodeid.split("::")[0].split("/")
    _seconds["/".join(parts[:2])] += report.duration


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the minutes of each test folder."""
    if sum(_seconds.values()) < 1:
        return
    terminalreporter.section("minutes of each test folder")
    for folder, seconds in sorted(_seconds.items(), key=lambda item: -item[1]):
        terminalreporter.line(f"{seconds / 60:6.2f}  {folder}")
    terminalreporter.line(f"{sum(_seconds.values()) / 60:6.2f}  all")


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """The pinned llama.cpp; without it the test fails with the command that installs it."""
    return find()


@pytest.fixture(scope="session")
def toymodel() -> ModuleType:
    """tests/support/toymodel.py; imported here so that tests without it do not load torch."""
    import toymodel

    return toymodel


@pytest.fixture(scope="session")
def toy_gguf(toolchain: Toolchain, toymodel: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small F16 GGUF made by the real converter, once for all test folders."""
    return Path(toymodel.toy_gguf(toolchain, tmp_path_factory.getbasetemp() / "toy-gguf"))


@pytest.fixture(scope="session")
def family_model(toolchain: Toolchain) -> Callable[[str], Path]:
    """A tiny model folder of a family's true architecture, by name. Read it, copy it, never change it.

    They are kept in medtune's cache between sessions, since a big vocabulary takes half a minute to build.
    """
    from families import kept_family_model, kept_folder

    assert toolchain.models is not None, "this llama.cpp has no models/ folder; use medtune's own toolchain"
    source = toolchain.models.parent
    kept = kept_folder(cache_folder(), toolchain.digest)
    return lambda name: kept_family_model(name, kept, source)


@pytest.fixture(scope="session")
def exported(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDir, Recipe]:
    """A finished export by the real tools, once for all test folders. Read it, copy it, never change it."""
    from exportrun import exported_run, recipe_of

    folder = tmp_path_factory.getbasetemp() / "exported"
    return exported_run(folder), recipe_of(folder / "base")


@pytest.fixture
def tests_cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain
) -> Path:
    """A cache of the tests' own, with the toolchain that was found before."""
    cache = tmp_path_factory.getbasetemp() / "medtune-cache"
    monkeypatch.setenv("MEDTUNE_CACHE", str(cache))
    monkeypatch.setenv("MEDTUNE_LLAMA_CPP", str(toolchain.folder))
    return cache
