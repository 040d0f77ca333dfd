"""Export without a run: any model folder, with an adapter or without one, becomes GGUF files in a folder."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from medtune.chat.base import BaseInfo, resolve_base
from medtune.chat.dated import pinned_template
from medtune.chat.family import chat_template_text
from medtune.chat.frozen import Storage
from medtune.config.recipe import LocalBase
from medtune.core.console import progress
from medtune.core.errors import DataError, UsageError
from medtune.core.hashing import digest_json
from medtune.core.io import disk_errors, read_json, write_json, write_text
from medtune.export.adapter import CONFIG
from medtune.export.calibration import Calibration, as_chat, bundled_passages, make_calibration, passages_digest
from medtune.export.disk import check_space, megabytes
from medtune.export.general import TEXT, general_passages, general_trial
from medtune.export.ledger import Ledger, Made
from medtune.export.make import (
    CalibrationSource,
    Model,
    make_builds,
    make_merged,
    merge_key,
    open_workshop,
    write_tensor_types,
)
from medtune.export.matrix import PlannedBuild
from medtune.export.proof import check_served_prompts, prove_builds
from medtune.export.prove import steps_of
from medtune.export.space import build_needs, bytes_along, check_memory, is_there, merge_need
from medtune.export.trained import Trained, read_trained, read_whole
from medtune.export.weights import Weights, read_weights
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import BUILDS, MERGED, MERGING, TRAINING
from medtune.runs.records.base import read_row_list
from medtune.runs.records.export import Build

MODEL = "model.links"
TEMPLATE = "chat_template.jinja"
_HELD_OUT_CHATS = 24


@dataclass(frozen=True)
class Order:
    """What is to be made."""

    model: Path
    adapter: Path | None
    out: Path
    name: str
    """File names and GGUF metadata carry it."""
    planned: tuple[PlannedBuild, ...]
    storage: Storage | Literal["16-bit"] | None
    """How the base was held while the adapter was trained; None: as training.json beside the adapter says."""
    calibration_tokens: int
    fidelity_rows: int
    """So many chats of general text are the builds compared on; 0: nothing is measured."""


@dataclass(frozen=True)
class Exported:
    """What lies in the folder now: the builds, F16 first, and what could not be measured of them."""

    builds: list[Build]
    warnings: tuple[str, ...]


def export_folder(order: Order, toolchain: Toolchain) -> Exported:
    """Make and measure what is not there yet. A killed export goes on where it stopped.

    Raises ModelError, DataError, ResourceError (said before the first byte), UsageError, ToolchainError, ServerError.
    """
    base = resolve_base(LocalBase(path=str(order.model)), Path)
    if order.out.resolve() in (base.folder.resolve(), order.adapter.resolve() if order.adapter else None):
        raise UsageError(
            "the builds may not lie in the model's or adapter's own folder",
            where=str(order.out),
            next_step="name another folder with --out",
        )
    trained = _trained(order, base)
    weights = read_weights(base.folder)
    along = bytes_along(base)
    needs = build_needs(order.name, order.planned, weights, along, order.out)
    if trained:
        needs.append(merge_need(weights, along, order.out))
    check_space([need for need in needs if not is_there(need, order.out)])
    check_memory(weights)
    with disk_errors(order.out):
        order.out.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(order.out)
    wants_matrix = any(build.imatrix for build in order.planned)
    trial = general_trial(order.fidelity_rows)
    steps = len(order.planned) + 2 + bool(trained) + wants_matrix + steps_of(len(order.planned) + 1, trial)
    with progress(steps, "export") as bar:
        model = _model(order, ledger, base, trained, weights)
        if trained:
            bar.advance(made=MERGED)
        metadata = _metadata(order, base, trained)
        shop, tokenizer = open_workshop(order.out, order.name, toolchain, ledger, model=model, metadata=metadata)
        builds = make_builds(
            shop,
            model,
            order.planned,
            calibration=bundled_calibration(order, tokenizer) if wants_matrix else None,
            check_parent=lambda parent: check_served_prompts(shop, parent, tokenizer),
            bar=bar,
        )
        builds += _earlier(order.out, builds)
        _, warnings = prove_builds(shop, order.out, builds, tokenizer, trial=trial, bar=bar)
    shutil.rmtree(order.out / MODEL, ignore_errors=True)
    write_tensor_types(order.out, builds)
    write_json(order.out / BUILDS, [build.model_dump(mode="json") for build in builds])
    return Exported(builds, warnings)


def plan_folder(order: Order) -> list[str]:
    """What would be made, and how much disk that takes. Raises ModelError."""
    base = resolve_base(LocalBase(path=str(order.model)), Path)
    weights, along = read_weights(base.folder), bytes_along(base)
    needs = build_needs(order.name, order.planned, weights, along, order.out)
    needs += [merge_need(weights, along, order.out)] if order.adapter else []
    merged = [f"merge {order.adapter.name} into {base.name}"] if order.adapter else []
    rows = order.fidelity_rows
    return [
        *merged,
        f"make {', '.join(need.what for need in needs if need.what != MERGED)} in {order.out}",
        *([f"compare the predictions of each build with F16's on {rows} {TEXT}; measure its speed"] if rows else []),
        f"disk: about {megabytes(sum(need.size_bytes for need in needs))}",
    ]


def _trained(order: Order, base: BaseInfo) -> Trained | None:
    """The adapter, checked against the base as far as anything beside it says what it was trained on."""
    if order.adapter is None:
        return None
    folder, beside = order.adapter, order.adapter.parent / TRAINING
    if not folder.is_dir():
        raise DataError("the adapter's folder does not exist", where=str(folder), next_step="check --adapter")
    if beside.is_file():
        trained = read_trained(folder, beside, base)
    elif (folder / CONFIG).is_file():
        from medtune.export.adapter import read_adapter

        trained = Trained(read_adapter(folder), None)
    elif (folder / "config.json").is_file():
        trained = Trained(read_whole(folder), None)
    else:
        raise DataError(
            f"this is no adapter: {CONFIG} is missing", where=str(folder), next_step="name the folder that PEFT wrote"
        )
    if order.storage is None:
        return trained
    return Trained(trained.adapter, None if order.storage == "16-bit" else order.storage)


def _model(order: Order, ledger: Ledger, base: BaseInfo, trained: Trained | None, weights: Weights) -> Model:
    if trained is None:
        return Model(_with_pinned_template(base.folder, order.out / MODEL), base.digest)
    if trained.storage is None:
        return Model(order.out / MERGED, make_merged(order.out, ledger, base, trained.adapter, weights).sha256)
    return Model(order.out / MERGED, _nearest(order, ledger, base, trained, weights).sha256)


def _with_pinned_template(base: Path, linked: Path) -> Path:
    """The base's folder; where its template names no fixed date, a folder of links to it with one that does."""
    own = chat_template_text(base)
    pinned = pinned_template(own)
    if pinned == own:
        return base
    with disk_errors(linked):
        shutil.rmtree(linked, ignore_errors=True)
        linked.mkdir(parents=True)
        for path in base.iterdir():
            if path.is_file() and path.name != TEMPLATE:
                (linked / path.name).symlink_to(path.resolve())
        write_text(linked / TEMPLATE, pinned)
    return linked


def _nearest(order: Order, ledger: Ledger, base: BaseInfo, trained: Trained, weights: Weights) -> Made:
    """Two candidate bases, measured on chats made of bundled held-out questions: there are no rows of a run here."""
    from medtune.chat.template import load_tokenizer
    from medtune.export.candidates import ScoredChat, make_nearest

    tokenizer = load_tokenizer(base.folder)

    def chats() -> Sequence[ScoredChat]:
        passages = bundled_passages()[:_HELD_OUT_CHATS]
        found = [one for passage in passages for one in tokenizer.encode_each(as_chat(passage))]
        return [ScoredChat(one.input_ids, one.trained) for one in found]

    assert trained.storage is not None
    key = digest_json([merge_key(base, trained.adapter), trained.storage])
    return make_nearest(order.out, ledger, key, weights, trained.adapter, storage=trained.storage, chats=chats)


def _metadata(order: Order, base: BaseInfo, trained: Trained | None) -> dict[str, Any]:
    """What the builds say of themselves."""
    made_of = f"base sha256 {base.digest}"
    facts: dict[str, Any] = {"general.name": order.name, "general.license.name": base.family.licence}
    if trained is None:
        return {**facts, "general.description": made_of}
    return {
        **facts,
        "general.description": f"adapter sha256 {trained.adapter.digest}",
        "general.base_models": [{"name": base.name, "description": made_of}],
    }


def bundled_calibration(order: Order, tokenizer: Any) -> CalibrationSource:
    """Bundled passages: half of them as chats of this model, half as plain prose; of no topic that is measured on."""
    passages = bundled_passages({passage.topic for passage in general_passages()})

    def make() -> Calibration:
        return make_calibration(
            map(as_chat, passages[::2]),
            passages[1::2],
            render=tokenizer.render,
            count=lambda text: len(tokenizer.hf.encode(text, add_special_tokens=False)),
            tokens=order.calibration_tokens,
        )

    return CalibrationSource(digest_json(["bundled", passages_digest(passages), order.calibration_tokens]), make)


def _earlier(out: Path, builds: Sequence[Build]) -> list[Build]:
    """Builds of the same parent that an earlier call made and nobody changed the size of."""
    try:
        before = read_row_list(out / BUILDS, Build)
        parent = next(build for build in before if build.role == "parent")
    except (DataError, StopIteration):
        return []
    if parent.sha256 != builds[0].sha256:
        return []
    names = {build.name for build in builds}
    return [
        build
        for build in before
        if build.name not in names
        and (out / build.file).is_file()
        and (out / build.file).stat().st_size == build.size_bytes
    ]


def merge_facts(out: Path) -> dict[str, Any]:
    """What was measured of two candidate bases; empty when there was one."""
    file = out / MERGING
    return read_json(file) if file.is_file() else {}
