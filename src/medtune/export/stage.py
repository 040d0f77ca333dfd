"""The export stage: the trained adapter and its base become one model, and that model becomes GGUF files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medtune.chat.base import BaseInfo, resolve_base
from medtune.config.recipe import RecipeView
from medtune.core.console import progress
from medtune.core.errors import MedtuneError
from medtune.core.hashing import digest_json
from medtune.core.io import read_json, write_json
from medtune.export.calibration import (
    Calibration,
    bundled_passages,
    make_calibration,
    passages_digest,
)
from medtune.export.disk import Need, check_space, megabytes
from medtune.export.ledger import Ledger, Made
from medtune.export.make import (
    LOGS,
    CalibrationSource,
    Model,
    make_base_build,
    make_builds,
    make_merged,
    matrix_facts,
    merge_key,
    open_workshop,
    write_tensor_types,
)
from medtune.export.matrix import PlannedBuild, plan_builds
from medtune.export.proof import check_served_prompts, prove_builds, read_canary
from medtune.export.prove import Trial, steps_of
from medtune.export.space import base_needs, build_needs, bytes_along, check_memory, is_there, merge_need
from medtune.export.trained import Trained, read_trained
from medtune.export.weights import Weights, read_weights
from medtune.llamacpp.toolchain import Toolchain, find
from medtune.runs.layout import (
    ADAPTER,
    BASE_BUILD_FILE,
    BUILDS,
    CANARY,
    MERGED,
    MERGING,
    PARITY,
    TEST,
    TRAIN,
    TRAINING,
    VALIDATION,
    RunDir,
    gguf_name,
)
from medtune.runs.manifest import Manifest, read_manifest
from medtune.runs.records.base import read_rows
from medtune.runs.records.export import PARENT_BUILD, Build
from medtune.runs.records.prepare import Example
from medtune.runs.stage import StageFolder, open_stage

NAME = "export"
NEEDS = ("prepare", "train")
READS = ("export", "base", "llama_cpp")
VERSION = 4


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What would be made, and how much disk that takes. Raises RecipeError for builds that cannot be made."""
    planned = plan_builds(recipe.export)
    try:
        base = resolve_base(recipe.base, recipe.resolve)
        weights = read_weights(base.folder)
    except MedtuneError as error:
        return [f"cannot say more: {error.what}"]
    needs = _needs(recipe.name, planned, base, weights, folder=run.partial(NAME), toolchain=None)
    lines = [
        f"merge the adapter into {base.name} ({weights.parameters / 1e6:.1f} million weights)",
        f"make {gguf_name(recipe.name, PARENT_BUILD)} and from it {', '.join(build.name for build in planned)}",
        f"make {BASE_BUILD_FILE} of the untuned base, for comparison",
        "read each build back; compare prompts and 2,000 lines of medical text token by token with llama-server's",
        f"disk: about {megabytes(sum(need.size_bytes for need in needs))}",
    ]
    lines[4:4] = _proof_plan(recipe, run, len(planned) + 2)
    if any(build.imatrix for build in planned):
        tokens = recipe.export.calibration_tokens
        lines.insert(2, f"make an importance matrix from {tokens} tokens of training chats and medical prose")
    return lines


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Merge, convert, quantize, read back.

    Raises RecipeError (a type that needs an importance matrix), ModelError (another base than trained on, an adapter
    or tokenizer that cannot be used, prompts that are served otherwise than trained), ResourceError (too little disk
    or memory), ToolchainError, ServerError, RunDirError.
    """
    planned = plan_builds(recipe.export)
    for need in NEEDS:
        read_manifest(run, need)
    base = resolve_base(recipe.base, recipe.resolve)
    toolchain = find(str(recipe.resolve(recipe.llama_cpp)) if recipe.llama_cpp else None)
    trained = read_trained(run.stage("train") / ADAPTER, run.stage("train") / TRAINING, base)
    weights = read_weights(base.folder)
    stage = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION)
    earlier = run.stage(NAME)
    ledger = Ledger(stage.path, earlier if earlier.is_dir() else None)
    needs = _needs(recipe.name, planned, base, weights, folder=stage.path, toolchain=toolchain)
    check_space([need for need in needs if not is_there(need, stage.path, earlier)])
    check_memory(weights)
    examples = read_rows(run.stage("prepare") / TRAIN, Example)
    wants_matrix = any(build.imatrix for build in planned)
    trial = _trial(recipe, run, base, examples)
    with progress(len(planned) + 4 + wants_matrix + steps_of(len(planned) + 2, trial), "export") as bar:
        merged = _merged(stage, run, ledger, base=base, trained=trained, weights=weights)
        bar.advance(made=MERGED)
        model = Model(stage.path / MERGED, merged.sha256)
        metadata = _metadata(recipe, base, trained, examples)
        shop, tokenizer = open_workshop(stage.path, recipe.name, toolchain, ledger, model=model, metadata=metadata)
        builds = make_builds(
            shop,
            model,
            planned,
            calibration=_calibration(recipe, run, examples, tokenizer) if wants_matrix else None,
            check_parent=lambda parent: check_served_prompts(shop, parent, tokenizer),
            bar=bar,
        )
        builds.insert(0, make_base_build(shop, base))
        bar.advance(made="base")
        proof, warnings = prove_builds(shop, earlier, builds, tokenizer, trial=trial, bar=bar)
    write_tensor_types(stage.path, builds)
    write_json(stage.path / BUILDS, [build.model_dump(mode="json") for build in builds])
    facts = {
        "base": base.name,
        "base_digest": base.digest,
        "adapter_digest": trained.adapter.digest,
        "merged_digest": merged.sha256,
        "merged_tensors": len(trained.adapter.deltas) or len(trained.adapter.replaced),
        "prompts_compared": sum(check["equal"] for check in read_json(stage.path / PARITY)["checks"]),
        **({"merge": read_json(stage.path / MERGING)} if trained.storage else {}),
        **matrix_facts(stage.path),
        **proof,
    }
    tools = {"llama.cpp": toolchain.version, "llama.cpp digest": toolchain.digest}
    return _finish(stage, builds, facts, tools, warnings)


def _proof_plan(recipe: RecipeView, run: RunDir, builds: int) -> list[str]:
    rows = recipe.export.fidelity_rows
    lines = []
    if rows:
        own = ", and with llama-perplexity" if recipe.export.llama_perplexity else ""
        lines.append(f"compare the predictions of {builds} builds on {rows} held-out chats{own}; measure their speed")
    if (run.stage("prepare") / CANARY).is_file():
        lines.append("ask adapter, merged model and every build for the run's made-up fact")
    return lines


def _trial(recipe: RecipeView, run: RunDir, base: BaseInfo, trained_rows: Sequence[Example]) -> Trial:
    """What is measured of the builds: on validation rows, and the made-up fact where the rows were taught one."""
    prepared = run.stage("prepare")
    held_out = prepared / VALIDATION
    return Trial(
        examples=tuple(read_rows(held_out, Example)) if held_out.is_file() else (),
        rows=recipe.export.fidelity_rows,
        perplexity=recipe.export.llama_perplexity,
        canary=read_canary(prepared, trained_rows, base.folder, run.stage("train") / ADAPTER),
    )


def _merged(
    stage: StageFolder, run: RunDir, ledger: Ledger, *, base: BaseInfo, trained: Trained, weights: Weights
) -> Made:
    """The merged model folder; after a quantized training of two candidates the nearer one."""
    if trained.storage is None:
        made = make_merged(stage.path, ledger, base, trained.adapter, weights)
    else:
        made = _nearest(stage, run, ledger, base=base, trained=trained, weights=weights)
    stage.event("merged", seconds=made.seconds)
    return made


def _nearest(
    stage: StageFolder, run: RunDir, ledger: Ledger, *, base: BaseInfo, trained: Trained, weights: Weights
) -> Made:
    from medtune.chat.template import load_tokenizer
    from medtune.export.candidates import ScoredChat, make_nearest

    assert trained.storage is not None
    held_out = run.stage("prepare") / VALIDATION
    rows = read_rows(held_out, Example) if held_out.is_file() else []
    tokenizer = load_tokenizer(base.folder)

    def chats() -> list[ScoredChat]:
        found = [one for row in rows for one in tokenizer.encode_each(row.messages)]
        return [ScoredChat(one.input_ids, one.trained) for one in found]

    key = digest_json([merge_key(base, trained.adapter), trained.storage, [row.id for row in rows]])
    return make_nearest(stage.path, ledger, key, weights, trained.adapter, storage=trained.storage, chats=chats)


def _metadata(recipe: RecipeView, base: BaseInfo, trained: Trained, examples: Sequence[Example]) -> dict[str, Any]:
    """What the builds say of themselves: run, adapter, base, licences."""
    sources = sorted({(example.source, example.licence) for example in examples})
    return {
        "general.name": recipe.name,
        "general.description": f"medtune run {recipe.name}; adapter sha256 {trained.adapter.digest}",
        "general.license.name": base.family.licence,
        "general.base_models": [
            {"name": base.name, "description": f"sha256 {base.digest}; licence {base.family.licence}"}
        ],
        "general.datasets": [{"name": name, "description": f"licence {licence}"} for name, licence in sources],
    }


def _calibration(recipe: RecipeView, run: RunDir, examples: Sequence[Example], tokenizer: Any) -> CalibrationSource:
    """Training chats, and bundled prose of topics that neither validation nor test split have."""
    prepared = run.stage("prepare")
    hidden = {
        example.topic
        for name in (VALIDATION, TEST)
        if (prepared / name).is_file()
        for example in read_rows(prepared / name, Example)
    }
    passages = bundled_passages(hidden)
    tokens = recipe.export.calibration_tokens

    def make() -> Calibration:
        return make_calibration(
            [example.messages for example in examples],
            passages,
            render=tokenizer.render,
            count=lambda text: len(tokenizer.hf.encode(text, add_special_tokens=False)),
            tokens=tokens,
        )

    rows = [[example.id, digest_json([turn.model_dump() for turn in example.messages])] for example in examples]
    return CalibrationSource(digest_json([rows, passages_digest(passages), tokens]), make)


def _finish(
    stage: StageFolder, builds: list[Build], facts: dict[str, Any], tools: dict[str, str], said: tuple[str, ...]
) -> Manifest:
    warnings = list(said)
    for build in builds:
        stage.event("built", build=build.name, size_bytes=build.size_bytes, seconds=build.seconds)
        if build.warnings:
            warnings.append(f"{build.name}: {len(build.warnings)} warnings, the first: {build.warnings[0]}")
    facts = {**facts, "builds": {build.name: build.size_bytes for build in builds}}
    return stage.finish(facts=facts, warnings=tuple(warnings), tools=tools, skip=(LOGS,))


def _needs(
    name: str,
    planned: Sequence[PlannedBuild],
    base: BaseInfo,
    weights: Weights,
    *,
    folder: Path,
    toolchain: Toolchain | None,
) -> list[Need]:
    """What is written where. Without a toolchain nothing counts as cached."""
    along = bytes_along(base)
    return [
        merge_need(weights, along, folder),
        *build_needs(name, planned, weights, along, folder),
        *base_needs(base, weights, along, folder, toolchain),
    ]
