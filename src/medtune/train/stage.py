"""The door of the train room: 02-prepare's rows in, 03-train's adapter out."""

from importlib import metadata

from medtune.chat import load_tokenizer, resolve_base
from medtune.config.recipe import RecipeView
from medtune.core.console import say
from medtune.core.errors import MedtuneError
from medtune.core.io import read_jsonl, write_json
from medtune.runs.layout import CHECKPOINTS, TENSORBOARD, TRAIN, TRAINING, VALIDATION, RunDir
from medtune.runs.manifest import Manifest
from medtune.runs.records.base import read_rows
from medtune.runs.records.prepare import Example
from medtune.runs.stage import open_stage
from medtune.train.capability import Capability, capability_of, look_at_card
from medtune.train.finetune import fine_tune, token_facts
from medtune.train.planner.plan import TrainingPlan
from medtune.train.rows import encode_rows, require_a_batch
from medtune.train.settings import Settings, make_settings, total_steps

NAME = "train"
NEEDS = ("prepare",)
READS = ("train", "base", "seed")
VERSION = 1

_TOOLS = ("torch", "transformers", "peft", "trl", "accelerate")


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What a training run would do, as far as recipe and run directory tell."""
    section = recipe.train
    lines = [f"LoRA of rank {section.lora_r} on {_targets(section.target_modules)}, learning rate "
             f"{section.learning_rate:g} ({section.lr_scheduler}), batches of {section.batch_size}"]  # fmt: skip
    try:
        base = resolve_base(recipe.base, recipe.resolve)
        lines.insert(0, f"base {base.name}: {base.architecture}, family {base.family.family}")
    except MedtuneError as error:
        lines.insert(0, f"base: {error.what}")
    path = run.stage("prepare") / TRAIN
    if path.is_file():
        rows = sum(1 for _ in read_jsonl(path))
        lines.append(f"{rows} rows, {total_steps(section, rows)} steps")
    else:
        known = f"{section.max_steps} steps" if section.max_steps else f"{section.num_epochs:g} epochs"
        lines.append(f"{known}; the rows are not prepared yet")
    lines.append(f"validation each {section.eval_every_steps} steps, a checkpoint each {section.save_every_steps}")
    return lines


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Train. Raises DataError, ModelError, ResourceError, MedtuneError (the loss is no number)."""
    base = resolve_base(recipe.base, recipe.resolve)
    folder = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION, externals=base.files)
    section = recipe.train
    prepared = run.stage("prepare")
    tokenizer = load_tokenizer(base.folder)
    rows, validation = (
        encode_rows(read_rows(prepared / name, Example), tokenizer.encode, tokenizer.stop_ids, section.max_seq_length)
        for name in (TRAIN, VALIDATION)
    )
    require_a_batch(rows, section.batch_size, str(prepared / TRAIN))
    settings = make_settings(section, recipe.seed, len(rows))
    tokens = token_facts(rows, validation)
    say(
        f"  {tokens['rows']} rows, {tokens['total_tokens']} tokens, {100 * tokens['trained_share']:.1f} % of them "
        f"trained (the assistant's, end-of-turn token included); {settings.steps} steps"
    )
    capability = capability_of(look_at_card())
    outcome = fine_tune(
        base=base,
        tokenizer=tokenizer,
        rows=rows,
        validation=validation,
        settings=settings,
        plan=_todays_plan(settings, capability),
        capability=capability,
        folder=folder.path,
    )
    facts = {
        **tokens,
        **outcome.facts,
        "base": base.name,
        "base_digest": base.digest,
        "family": base.family.family,
        "seed": settings.seed,
        "lora": settings.lora_facts(),
        "learning_rate": settings.learning_rate,
        "batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.accumulation,
    }
    write_json(folder.path / TRAINING, facts)
    warnings = [*outcome.warnings]
    if not validation:
        warnings.append("there are no validation rows: the adapter is that of the last step")
    return folder.finish(
        facts=facts,
        externals=base.files,
        warnings=tuple(warnings),
        tools={name: metadata.version(name) for name in _TOOLS},
        # Checkpoints may be deleted by hand, and TensorBoard's events hold times: neither makes another result.
        skip=(CHECKPOINTS, TENSORBOARD),
    )


def _targets(targets: tuple[str, ...] | str) -> str:
    return "all linear layers" if targets == "all-linear" else ", ".join(targets)


def _todays_plan(settings: Settings, capability: Capability) -> TrainingPlan:
    return TrainingPlan(
        engine="trl",
        method="lora",
        dtype=capability.dtype,
        checkpointing="none",
        micro_batch=settings.batch_size,
        micro_tokens=settings.batch_size * settings.max_seq_length,
        packing=False,
    )
