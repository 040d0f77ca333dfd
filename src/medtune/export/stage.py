"""The export stage: adapter and base become one model, and that model becomes GGUF files of several sizes."""

import os
import time
from pathlib import Path
from typing import Any

from medtune.chat.base import BaseInfo, read_config, resolve_base
from medtune.config.recipe import RecipeView
from medtune.core.console import progress
from medtune.core.errors import DataError, MedtuneError, ModelError
from medtune.core.hashing import digest_json
from medtune.core.io import read_json, write_json
from medtune.export.adapter import Adapter, read_adapter
from medtune.export.builds import Workshop, cached_base, make_base, make_parent, make_quantization
from medtune.export.disk import Need, check_space, gguf_bytes, megabytes
from medtune.export.ledger import Ledger, Made
from medtune.export.merge import merge
from medtune.export.weights import Weights, read_weights
from medtune.llamacpp.toolchain import Toolchain, find
from medtune.runs.layout import ADAPTER, BASE_BUILD_FILE, BUILDS, MERGED, TRAINING, RunDir, gguf_name
from medtune.runs.manifest import Manifest, read_manifest
from medtune.runs.records.export import PARENT_BUILD, Build
from medtune.runs.stage import StageFolder, open_stage

NAME = "export"
NEEDS = ("train",)
READS = ("export", "base", "llama_cpp")
VERSION = 1

PARITY = "parity.json"
_LOGS = "logs"


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What would be made, and how much disk that takes."""
    quantizations = recipe.export.quantizations
    try:
        base = resolve_base(recipe.base, recipe.resolve)
        weights = read_weights(base.folder)
    except MedtuneError as error:
        return [f"cannot say more: {error.what}"]
    names = {gguf_name(recipe.name, kind): kind for kind in (PARENT_BUILD, *quantizations)}
    needs = _needs(names, base, weights, folder=run.partial(NAME), toolchain=None)
    return [
        f"merge the adapter into {base.name} ({weights.parameters / 1e6:.1f} million weights)",
        f"make {gguf_name(recipe.name, PARENT_BUILD)} and from it {', '.join(quantizations)}",
        f"make {BASE_BUILD_FILE} of the untuned base, for comparison",
        "read each build back, and compare prompts token by token with llama-server's",
        f"disk: about {megabytes(sum(need.size_bytes for need in needs))}",
    ]


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Merge, convert, quantize, read back.

    Raises ModelError (another base than trained on, an adapter or tokenizer that cannot be used, prompts that are
    served otherwise than trained), ResourceError (too little disk), ToolchainError, ServerError, RunDirError.
    """
    read_manifest(run, "train")
    base = resolve_base(recipe.base, recipe.resolve)
    toolchain = find(str(recipe.resolve(recipe.llama_cpp)) if recipe.llama_cpp else None)
    check_base(run.stage("train") / TRAINING, base)
    adapter, weights = read_adapter(run.stage("train") / ADAPTER), read_weights(base.folder)
    stage = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION)
    earlier = run.stage(NAME)
    ledger = Ledger(stage.path, earlier if earlier.is_dir() else None)
    names = {gguf_name(recipe.name, kind): kind for kind in (PARENT_BUILD, *recipe.export.quantizations)}
    needs = _needs(names, base, weights, folder=stage.path, toolchain=toolchain)
    check_space([need for need in needs if not _is_there(need, stage.path, earlier)])
    with progress(len(recipe.export.quantizations) + 4, "export") as bar:
        merged = make_merged(stage, ledger, base, adapter, weights)
        bar.advance(made=MERGED)
        shop, tokenizer = _workshop(stage, recipe.name, toolchain, ledger)
        parent = make_parent(shop, merged)
        bar.advance(made=PARENT_BUILD)
        parity = _parity(shop, parent, tokenizer)
        bar.advance(made="parity")
        builds = [parent]
        for quantization in recipe.export.quantizations:
            builds.append(make_quantization(shop, parent, quantization))
            bar.advance(made=quantization)
        builds.insert(0, make_base(shop, base))
        bar.advance(made="base")
    write_json(stage.path / BUILDS, [build.model_dump(mode="json") for build in builds])
    facts = {
        "base": base.name,
        "base_digest": base.digest,
        "adapter_digest": adapter.digest,
        "merged_digest": merged.sha256,
        "merged_tensors": len(adapter.deltas),
        "prompts_compared": parity,
    }
    return _finish(stage, builds, facts, {"llama.cpp": toolchain.version, "llama.cpp digest": toolchain.digest})


def check_base(training_file: Path, base: BaseInfo) -> None:
    """Raises ModelError when the adapter was trained on another base than this one."""
    trained = _trained_on(read_json(training_file))
    if trained != base.digest:
        raise ModelError(
            f"the adapter was trained on another base: its digest is {trained[:12]}…, {base.name} has "
            f"{base.digest[:12]}…",
            where=str(training_file),
            next_step="name the base that was trained on, or train again: `medtune run RECIPE --from train`",
        )


def make_merged(stage: StageFolder, ledger: Ledger, base: BaseInfo, adapter: Adapter, weights: Weights) -> Made:
    """The merged model folder, taken over when base and adapter are the same."""
    key = digest_json(["merge", VERSION, base.digest, adapter.digest])
    made = ledger.find(MERGED, key)
    if made is None:
        began = time.monotonic()
        done = merge(weights, adapter, stage.path / MERGED)
        made = ledger.record(MERGED, key, time.monotonic() - began)
        stage.event("merged", tensors=done.merged, untied=done.untied, seconds=made.seconds)
    return made


def _workshop(stage: StageFolder, name: str, toolchain: Toolchain, ledger: Ledger) -> tuple[Workshop, Any]:
    from medtune.chat.template import load_tokenizer
    from medtune.export.readback import expected_of

    merged = stage.path / MERGED
    tokenizer = load_tokenizer(merged)
    shop = Workshop(
        folder=stage.path,
        name=name,
        toolchain=toolchain,
        ledger=ledger,
        expected=expected_of(merged, tokenizer, read_config(merged)),
        threads=os.cpu_count() or 1,
        log=stage.path / _LOGS / "tools.log",
    )
    return shop, tokenizer


def _parity(shop: Workshop, parent: Build, tokenizer: Any) -> int:
    """Compare prompts and write parity.json; returns how many were compared."""
    from medtune.export.parity import check_parity, measure_parity

    gguf = shop.folder / parent.file
    checks = measure_parity(shop.toolchain, gguf, tokenizer, shop.log.with_name("parity.log"))
    write_json(
        shop.folder / PARITY,
        {"build": parent.name, "sha256": parent.sha256, "checks": [check.model_dump(mode="json") for check in checks]},
    )
    check_parity(checks, gguf)
    return sum(check.equal for check in checks)


def _finish(stage: StageFolder, builds: list[Build], facts: dict[str, Any], tools: dict[str, str]) -> Manifest:
    warnings = []
    for build in builds:
        stage.event("built", build=build.name, size_bytes=build.size_bytes, seconds=build.seconds)
        if build.warnings:
            warnings.append(f"{build.name}: {len(build.warnings)} warnings, the first: {build.warnings[0]}")
    facts = {**facts, "builds": {build.name: build.size_bytes for build in builds}}
    return stage.finish(facts=facts, warnings=tuple(warnings), tools=tools, skip=(_LOGS,))


def _needs(
    names: dict[str, str], base: BaseInfo, weights: Weights, *, folder: Path, toolchain: Toolchain | None
) -> list[Need]:
    """What is written where; `names` gives the type of each file. Without a toolchain nothing counts as cached."""
    along = sum(path.stat().st_size for path in base.files if path.suffix != ".safetensors")
    f16 = gguf_bytes(weights.parameters, "F16", along)
    needs = [Need(MERGED, folder, weights.size_bytes + along)]
    needs += [Need(file, folder, gguf_bytes(weights.parameters, kind, along)) for file, kind in names.items()]
    cached = cached_base(base, toolchain) if toolchain else None
    if cached is None or not cached.is_file():
        needs.append(Need(BASE_BUILD_FILE, cached.parent if cached else folder, f16))
    if cached is not None and not _same_device(cached.parent, folder):
        needs.append(Need(f"a copy of {BASE_BUILD_FILE}", folder, f16))
    return needs


def _is_there(need: Need, *folders: Path) -> bool:
    return any((folder / need.what).exists() for folder in folders)


def _same_device(one: Path, other: Path) -> bool:
    """Can a file of one folder be linked into the other?"""
    from medtune.export.disk import existing

    return existing(one).stat().st_dev == existing(other).stat().st_dev


def _trained_on(training: Any) -> str:
    """The base's digest in training.json."""
    try:
        return str(training["base_digest"])
    except (KeyError, TypeError):
        raise DataError(
            "training.json does not say which base was trained",
            where=TRAINING,
            next_step="train again: `medtune run RECIPE --from train`",
        ) from None
