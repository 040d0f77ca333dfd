"""One small base folder for the whole room."""

from pathlib import Path

import pytest
from toybase import write_toy_base


@pytest.fixture(scope="session")
def toy_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole base folder; tests that change it must copy it."""
    return write_toy_base(tmp_path_factory.mktemp("chat") / "toy")
