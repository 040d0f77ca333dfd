"""Where the untuned base's F16 is kept: a file of its own whatever the base is called."""

from dataclasses import replace
from pathlib import Path

import pytest

from medtune.chat import resolve_base
from medtune.export.builds import cached_base
from medtune.llamacpp.toolchain import Toolchain, cache_folder


@pytest.mark.parametrize("name", ["google/gemma-3n-E2B-it", "../../up", "a b:c\\d", "." * 30, "näme", "x" * 300, ""])
def test_any_name_gives_one_file_in_the_cache(name: str, toolchain: Toolchain) -> None:
    cached = cached_base(replace(resolve_base("tiny", Path), name=name), toolchain)
    assert cached.parent == cache_folder() / "base-gguf" and cached.resolve().parent == cached.parent.resolve()
    assert len(cached.name.encode()) < 200 and not cached.name.startswith(".")


def test_owner_and_name_stay_readable_and_bases_apart(toolchain: Toolchain) -> None:
    base = resolve_base("tiny", Path)
    owned, other = (cached_base(replace(base, name=name), toolchain) for name in ("maker/base", "maker--base"))
    assert owned.name.startswith("maker--base-") and owned != other
