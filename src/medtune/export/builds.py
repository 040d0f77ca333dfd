"""Make the GGUF files: the tuned F16, each quantization from it, and the base's own F16 for comparison."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from medtune.chat.base import BaseInfo
from medtune.core.errors import DataError
from medtune.core.hashing import digest_json
from medtune.core.io import disk_errors, read_json, write_json
from medtune.export.ledger import Ledger, Made, fingerprint, link_or_copy
from medtune.export.readback import Expected, check_gguf
from medtune.llamacpp.convert import to_gguf
from medtune.llamacpp.quantize import Fallback, quantize
from medtune.llamacpp.toolchain import Toolchain, cache_folder
from medtune.runs.layout import BASE_BUILD_FILE, MERGED, gguf_name
from medtune.runs.records.export import BASE_BUILD, PARENT_BUILD, Build

_CACHE = "base-gguf"


@dataclass(frozen=True)
class Workshop:
    """What all builds of one export share."""

    folder: Path
    """The stage's open folder."""
    name: str
    """The run's name: files and GGUF metadata carry it."""
    toolchain: Toolchain
    ledger: Ledger
    expected: Expected
    threads: int
    log: Path


def make_parent(shop: Workshop, merged: Made) -> Build:
    """The tuned model as F16. Raises ModelError, ResourceError, ToolchainError."""
    file = gguf_name(shop.name, PARENT_BUILD)
    key = digest_json(["gguf", merged.sha256, shop.name, shop.toolchain.digest])
    made = shop.ledger.find(file, key)
    if made is None:
        began = time.monotonic()
        metadata = {"general.name": shop.name}
        to_gguf(shop.toolchain, shop.folder / MERGED, shop.folder / file, metadata=metadata, log=shop.log)
        made = shop.ledger.record(file, key, time.monotonic() - began)
    return _build(shop, PARENT_BUILD, "parent", file, made)


def make_quantization(shop: Workshop, parent: Build, quantization: str) -> Build:
    """One quantization of the tuned F16. Raises ModelError, ResourceError, ToolchainError."""
    file = gguf_name(shop.name, quantization)
    key = digest_json(["quantize", parent.sha256, quantization, shop.toolchain.digest])
    made = shop.ledger.find(file, key)
    if made is None:
        source, out = shop.folder / parent.file, shop.folder / file
        done = quantize(shop.toolchain, source, out, quantization, threads=shop.threads, log=shop.log)
        made = shop.ledger.record(file, key, done.seconds, _in_words(done.fallbacks))
    return _build(shop, quantization, "quantization", file, made)


def make_base(shop: Workshop, base: BaseInfo) -> Build:
    """The untuned base as F16, from medtune's cache when it was made before. Raises as `make_parent`."""
    key = base_key(base, shop.toolchain)
    made = shop.ledger.find(BASE_BUILD_FILE, key)
    if made is None:
        began = time.monotonic()
        cached = cached_base(base, shop.toolchain)
        if not _whole(cached):
            _convert_into_cache(shop, base, cached)
        link_or_copy(cached, shop.folder / BASE_BUILD_FILE)
        made = shop.ledger.record(BASE_BUILD_FILE, key, time.monotonic() - began)
    return _build(shop, BASE_BUILD, "base", BASE_BUILD_FILE, made)


def base_key(base: BaseInfo, toolchain: Toolchain) -> str:
    """Stands for everything that the base's GGUF is made of."""
    return digest_json(["base", base.digest, base.name, toolchain.digest])


def cached_base(base: BaseInfo, toolchain: Toolchain) -> Path:
    """Where the base's F16 is kept for all runs of this machine, or would be."""
    return cache_folder() / _CACHE / f"{base.name}-{base_key(base, toolchain)[:16]}-F16.gguf"


def _convert_into_cache(shop: Workshop, base: BaseInfo, cached: Path) -> None:
    with disk_errors(cached):
        cached.parent.mkdir(parents=True, exist_ok=True)
    own = cached.with_name(f".{os.getpid()}-{cached.name}")  # two runs at once must not write one file
    try:
        to_gguf(shop.toolchain, base.folder, own, metadata={"general.name": base.name}, log=shop.log)
        size_bytes, sha256 = fingerprint(own)
        own.replace(cached)
        write_json(_note(cached), {"size_bytes": size_bytes, "sha256": sha256})
    finally:
        own.unlink(missing_ok=True)


def _whole(cached: Path) -> bool:
    """A cached file counts only with its note, and only when it still is what the note says."""
    if not cached.is_file():
        return False
    try:
        note = read_json(_note(cached))
        return fingerprint(cached) == (note["size_bytes"], note["sha256"])
    except (DataError, KeyError, TypeError):
        return False


def _note(cached: Path) -> Path:
    return cached.with_name(f"{cached.name}.json")


def _in_words(fallbacks: tuple[Fallback, ...]) -> tuple[str, ...]:
    return tuple(
        f"{one.tensor}: rows of {one.columns} weights do not fit {one.wanted}, stored as {one.used}"
        for one in fallbacks
    )


def _build(shop: Workshop, name: str, role: str, file: str, made: Made) -> Build:
    info, warnings = check_gguf(shop.folder / file, shop.expected)
    return Build.model_validate(
        {
            "name": name,
            "role": role,
            "quantization": name if role == "quantization" else "F16",
            "file": file,
            "size_bytes": made.size_bytes,
            "sha256": made.sha256,
            "tensor_types": info.census,
            "warnings": (*made.warnings, *warnings),
            "seconds": made.seconds,
        }
    )
