from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _cache(tests_cache: Path) -> None:
    """No test of this folder touches the cache of the person who runs it."""
