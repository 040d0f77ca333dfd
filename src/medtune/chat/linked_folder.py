"""A model folder with the files of another one, some of them other: a base itself is never written to."""

import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from medtune.core.hashing import digest_json, sha256_text
from medtune.core.io import write_text
from medtune.llamacpp.toolchain import cache_folder

_FOLDER = "bases"


def linked_folder(folder: Path, texts: Mapping[str, str], *, without: str = "") -> Path:
    """Links to the files of `folder`, and `texts` by file name in place of its own.

    Files whose names end with `without` are left out. The same files and texts give the same folder.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in texts)
    files = [path for path in files if not (without and path.name.endswith(without))]
    stats = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]
    own = {name: sha256_text(text) for name, text in sorted(texts.items())}
    key = digest_json([str(folder.resolve()), own, stats])[:16]
    made = cache_folder() / _FOLDER / f"{folder.name}-{key}"
    if not made.is_dir():
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=made.parent) as scratch:
            partial = Path(scratch) / made.name
            partial.mkdir()
            for path in files:
                (partial / path.name).symlink_to(path.resolve())
            for name, text in texts.items():
                write_text(partial / name, text)
            with contextlib.suppress(OSError):  # another process made it meanwhile
                partial.rename(made)
    return made
