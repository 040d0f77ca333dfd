"""Make the GGUF files: the tuned F16, each quantization from it, and the base's own F16 for comparison."""

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from medtune.chat.base import BaseInfo
from medtune.core.errors import DataError
from medtune.core.hashing import digest_json
from medtune.core.io import disk_errors, read_json, write_json
from medtune.export.ledger import Ledger, Made, fingerprint, link_or_copy
from medtune.export.matrix import PlannedBuild
from medtune.export.readback import Expected, check_control, check_gguf
from medtune.llamacpp.convert import to_gguf
from medtune.llamacpp.quantize import Fallback, quantize
from medtune.llamacpp.toolchain import Toolchain, cache_folder
from medtune.runs.layout import BASE_BUILD_FILE, gguf_name
from medtune.runs.records.export import BASE_BUILD, PARENT_BUILD, Build

_CACHE = "base-gguf"
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Workshop:
    """What all builds of one export share."""

    folder: Path
    """Where the builds lie."""
    name: str
    """The run's name: files and GGUF metadata carry it."""
    toolchain: Toolchain
    ledger: Ledger
    expected: Expected
    threads: int
    log: Path
    metadata: Mapping[str, Any]
    """What the tuned builds say of themselves."""


@dataclass(frozen=True)
class Matrix:
    """An importance matrix that lies in the workshop's folder."""

    file: Path
    sha256: str


def make_parent(shop: Workshop, model: Path, model_sha256: str) -> Build:
    """The tuned model in `model` as F16. Raises ModelError, ResourceError, ToolchainError."""
    return _converted(shop, model, model_sha256, PlannedBuild(PARENT_BUILD, PARENT_BUILD, False), "parent")


def make_build(
    shop: Workshop, parent: Build, planned: PlannedBuild, *, model: Path, model_sha256: str, matrix: Matrix | None
) -> Build:
    """One quantization of the tuned F16; BF16 comes from the model itself, so that nothing is rounded twice.

    Raises ModelError, ResourceError, ToolchainError.
    """
    if planned.quantization == "BF16":
        return _converted(shop, model, model_sha256, planned, "quantization")
    file = gguf_name(shop.name, planned.name)
    used = matrix if planned.imatrix else None
    parts = ["quantize", parent.sha256, planned.quantization, shop.toolchain.digest]
    key = digest_json([*parts, used.sha256] if used else parts)
    made = shop.ledger.find(file, key)
    if made is None:
        done = quantize(
            shop.toolchain,
            shop.folder / parent.file,
            shop.folder / file,
            planned.quantization,
            threads=shop.threads,
            imatrix=used.file if used else None,
            log=shop.log,
        )
        made = shop.ledger.record(file, key, done.seconds, _in_words(done.fallbacks))
    return _build(shop, planned, "quantization", file, made, imatrix=used.sha256 if used else None)


def _converted(
    shop: Workshop, model: Path, model_sha256: str, planned: PlannedBuild, role: Literal["parent", "quantization"]
) -> Build:
    file = gguf_name(shop.name, planned.name)
    outtype = planned.quantization.lower()
    key = digest_json(["gguf", model_sha256, shop.name, outtype, dict(shop.metadata), shop.toolchain.digest])
    made = shop.ledger.find(file, key)
    if made is None:
        began = time.monotonic()
        to_gguf(shop.toolchain, model, shop.folder / file, outtype=outtype, metadata=shop.metadata, log=shop.log)
        made = shop.ledger.record(file, key, time.monotonic() - began)
    return _build(shop, planned, role, file, made)


def make_base(shop: Workshop, base: BaseInfo, expected: Expected) -> Build:
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
    planned = PlannedBuild(BASE_BUILD, PARENT_BUILD, False)
    return _build(replace(shop, expected=expected), planned, "base", BASE_BUILD_FILE, made)


def base_metadata(base: BaseInfo) -> dict[str, Any]:
    """What the GGUF of an untuned base says of itself."""
    return {
        "general.name": base.name,
        "general.description": f"base sha256 {base.digest}",
        "general.license.name": base.family.licence,
    }


def base_key(base: BaseInfo, toolchain: Toolchain) -> str:
    """Stands for everything that the base's GGUF is made of."""
    return digest_json(["base", base_metadata(base), toolchain.digest])


def cached_base(base: BaseInfo, toolchain: Toolchain) -> Path:
    """Where the base's F16 is kept for all runs of this machine, or would be. The key alone tells bases apart."""
    name = re.sub(r"[^\w.-]+", "--", base.name).lstrip(".-")[:_LONGEST_NAME]  # a base of the hub is OWNER/NAME
    return cache_folder() / _CACHE / f"{name}-{base_key(base, toolchain)[:16]}-F16.gguf"


def _convert_into_cache(shop: Workshop, base: BaseInfo, cached: Path) -> None:
    with disk_errors(cached):
        cached.parent.mkdir(parents=True, exist_ok=True)
    own = cached.with_name(f".{os.getpid()}-{cached.name}")  # two runs at once must not write one file
    try:
        to_gguf(shop.toolchain, base.folder, own, metadata=base_metadata(base), log=shop.log)
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


def _build(
    shop: Workshop,
    planned: PlannedBuild,
    role: Literal["base", "parent", "quantization"],
    file: str,
    made: Made,
    *,
    imatrix: str | None = None,
) -> Build:
    path = shop.folder / file
    info, warnings = check_gguf(path, shop.expected)
    if role != "quantization" or planned.quantization == "BF16":  # quantizing copies the vocabulary
        warnings += check_control(path, shop.expected)
    return Build(
        name=planned.name,
        role=role,
        quantization=planned.quantization,
        file=file,
        size_bytes=made.size_bytes,
        sha256=made.sha256,
        tensor_types=info.census,
        types_bytes=info.bytes_by_type,
        imatrix=imatrix,
        warnings=(*made.warnings, *warnings),
        seconds=made.seconds,
    )
