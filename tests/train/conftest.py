"""One small base folder for the whole room; one thread, since toy matrices are slower with two."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from toybase import write_toy_base


@pytest.fixture(scope="session")
def toy_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole base folder; tests that change it must copy it."""
    return write_toy_base(tmp_path_factory.mktemp("train") / "toy")


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
