"""One tuned model in, all of its builds out; `stage` does so for a run and `alone` for any model folder."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.chat.base import BaseInfo
from medtune.chat.config_file import read_config
from medtune.core.console import Progress
from medtune.core.errors import DataError
from medtune.core.hashing import digest_json, sha256_file
from medtune.core.io import read_json, write_json
from medtune.export.adapter import Adapter
from medtune.export.builds import Matrix, Workshop, make_base, make_build, make_parent
from medtune.export.calibration import Calibration
from medtune.export.ledger import Ledger, Made
from medtune.export.matrix import PlannedBuild
from medtune.export.merge import adapter_files, merge
from medtune.export.weights import Weights
from medtune.llamacpp.imatrix import LEAST_TOKENS, make_imatrix
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import CALIBRATION, IMATRIX, MERGED
from medtune.runs.records.export import Build

MERGE_VERSION = 2
"""Raised when a merge of the same base and adapter gives other bytes."""
TENSORS = "tensors.json"
LOGS = "logs"
_SPARE_TOKENS = 64
"""llama.cpp may count a few tokens less than the tokenizer does piece by piece."""


@dataclass(frozen=True)
class Model:
    """A model folder that is to become GGUF files."""

    folder: Path
    sha256: str
    """Stands for its files."""


@dataclass(frozen=True)
class CalibrationSource:
    """Makes the text of an importance matrix; asked only when that text is not known to be the same."""

    key: str
    """Stands for everything that the text is made of."""
    make: Callable[[], Calibration]


def make_merged(folder: Path, ledger: Ledger, base: BaseInfo, adapter: Adapter, weights: Weights) -> Made:
    """The merged model folder, taken over when base and adapter are the same. Raises ModelError, ResourceError."""
    key = merge_key(base, adapter)
    made = ledger.find(MERGED, key)
    if made is None:
        began = time.monotonic()
        merge(weights, adapter, folder / MERGED)
        made = ledger.record(MERGED, key, time.monotonic() - began)
    return made


def merge_key(base: BaseInfo, adapter: Adapter) -> str:
    """Stands for everything that the merged model is made of."""
    own = {name: sha256_file(path) for name, path in sorted(adapter_files(adapter.folder).items())}
    return digest_json(["merge", MERGE_VERSION, base.digest, adapter.digest, own])


def open_workshop(
    folder: Path, name: str, toolchain: Toolchain, ledger: Ledger, *, model: Model, metadata: Mapping[str, Any]
) -> tuple[Workshop, Any]:
    """What the builds share, and the model's tokenizer (a ChatTokenizer). Raises ModelError."""
    from medtune.chat.template import load_tokenizer
    from medtune.export.readback import expected_of

    tokenizer = load_tokenizer(model.folder)
    shop = Workshop(
        folder=folder,
        name=name,
        toolchain=toolchain,
        ledger=ledger,
        expected=expected_of(model.folder, tokenizer, read_config(model.folder)),
        threads=os.cpu_count() or 1,
        log=folder / LOGS / "tools.log",
        metadata=metadata,
    )
    return shop, tokenizer


def make_builds(
    shop: Workshop,
    model: Model,
    planned: Sequence[PlannedBuild],
    *,
    calibration: CalibrationSource | None,
    check_parent: Callable[[Build], None],
    bar: Progress,
) -> list[Build]:
    """F16, and from it every planned build; `check_parent` sees F16 before anything is made of it.

    Raises ModelError, ResourceError, DataError (too little calibration text), ToolchainError, and what `check_parent`
    raises.
    """
    parent = make_parent(shop, model.folder, model.sha256)
    bar.advance(made=parent.name)
    check_parent(parent)
    bar.advance(made="parity")
    matrix = None
    if calibration is not None and any(build.imatrix for build in planned):
        matrix = make_matrix(shop, parent, calibration)
        bar.advance(made=IMATRIX)
    builds = [parent]
    for build in planned:
        made = make_build(shop, parent, build, model=model.folder, model_sha256=model.sha256, matrix=matrix)
        builds.append(made)
        bar.advance(made=build.name)
    return builds


def make_base_build(shop: Workshop, base: BaseInfo) -> Build:
    """The untuned base's F16, for comparison. Raises ModelError, ResourceError, ToolchainError."""
    from medtune.chat.template import load_tokenizer
    from medtune.export.readback import expected_of

    expected = expected_of(base.folder, load_tokenizer(base.folder), read_config(base.folder))
    return make_base(shop, base, expected)


def make_matrix(shop: Workshop, parent: Build, calibration: CalibrationSource) -> Matrix:
    """The importance matrix of F16, with what it was made from in calibration.json.

    Raises DataError for too little text, ToolchainError, ResourceError.
    """
    key = digest_json(["imatrix", parent.sha256, calibration.key, shop.toolchain.digest])
    facts_file = shop.folder / CALIBRATION
    made = shop.ledger.find(IMATRIX, key)
    if made is not None and shop.ledger.find(CALIBRATION, key) is not None:
        return Matrix(shop.folder / IMATRIX, made.sha256)
    text = calibration.make()
    least = LEAST_TOKENS + _SPARE_TOKENS
    if text.tokens < least:
        raise DataError(
            f"too little text for an importance matrix: {text.tokens} tokens, {least} are needed",
            next_step="raise `export.calibration_tokens`, or leave the importance matrix out",
        )
    done = make_imatrix(
        shop.toolchain, shop.folder / parent.file, text.text, shop.folder / IMATRIX, threads=shop.threads, log=shop.log
    )
    made = shop.ledger.record(IMATRIX, key, done.seconds)
    facts = {
        "sha256": made.sha256,
        "text_sha256": text.digest,
        "chats": text.chats,
        "passages": text.passages,
        "tokens": text.tokens,
        "chunks": done.chunks,
        "tensors": done.tensors,
        "source_key": calibration.key,
    }
    write_json(facts_file, facts)
    shop.ledger.record(CALIBRATION, key, 0.0)
    return Matrix(shop.folder / IMATRIX, made.sha256)


def write_tensor_types(folder: Path, builds: Sequence[Build]) -> None:
    """tensors.json: the real type of every tensor of every build, by build and tensor."""
    from medtune.llamacpp.gguf_info import read_gguf

    types = {
        build.name: {tensor.name: tensor.type for tensor in read_gguf(folder / build.file).tensors} for build in builds
    }
    write_json(folder / TENSORS, types)


def matrix_facts(folder: Path) -> dict[str, Any]:
    """What calibration.json says; empty without an importance matrix."""
    file = folder / CALIBRATION
    return {"imatrix": read_json(file)} if file.is_file() else {}
