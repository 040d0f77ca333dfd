"""sha256 of big files, kept between commands: hashing a base of 15 GB takes a minute and every stage asks for it."""

import functools
import json
from pathlib import Path

from medtune.core.hashing import sha256_file, sha256_text
from medtune.core.io import write_json
from medtune.llamacpp.toolchain import cache_folder

_FOLDER = "digests"
_KEEP_FROM_BYTES = 64 << 20


def file_digest(path: Path) -> str:
    """Hex sha256 of a file; read again only when its size or its time of change is another one."""
    real = path.resolve()
    stat = real.stat()
    return _digest(real, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=1024)
def _digest(path: Path, size_bytes: int, mtime_ns: int) -> str:
    if size_bytes < _KEEP_FROM_BYTES:
        return sha256_file(path)
    note = cache_folder() / _FOLDER / f"{sha256_text(str(path))[:32]}.json"
    key = {"size_bytes": size_bytes, "mtime_ns": mtime_ns}
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
        if {name: kept[name] for name in key} == key:
            return str(kept["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no note, or a broken one: hash the file
    digest = sha256_file(path)
    note.parent.mkdir(parents=True, exist_ok=True)
    write_json(note, {**key, "sha256": digest})
    return digest
