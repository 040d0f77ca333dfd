import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from medtune.llamacpp.toolchain import Toolchain

HELPER = Path(__file__).parents[1] / "support" / "toymodel.py"


@pytest.fixture(scope="session")
def toymodel() -> ModuleType:
    """tests/support/toymodel.py, loaded by path: test folders are no packages."""
    spec = importlib.util.spec_from_file_location("toymodel", HELPER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def toy_gguf(toolchain: Toolchain, toymodel: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small F16 GGUF made by the real converter, once for all test folders."""
    folder: Path = tmp_path_factory.getbasetemp() / "toy-gguf"
    return Path(toymodel.toy_gguf(toolchain, folder))
