"""The door of the train room: 02-prepare's rows in, 03-train's adapter out."""

from importlib import metadata
from typing import Any

from medtune.chat import BaseInfo, load_tokenizer, resolve_base
from medtune.config.recipe import RecipeView
from medtune.config.train import TrainSection
from medtune.core.console import say
from medtune.core.errors import MedtuneError
from medtune.core.io import write_json
from medtune.runs.layout import CHECKPOINTS, TENSORBOARD, TRAIN, TRAINING, VALIDATION, RunDir
from medtune.runs.manifest import Manifest
from medtune.runs.records.base import read_rows
from medtune.runs.records.prepare import Example
from medtune.runs.stage import open_stage
from medtune.train.capability import capability_of, hold_to, look_at_card
from medtune.train.finetune import fine_tune, token_facts
from medtune.train.foresee import foresee, seen_lengths
from medtune.train.planner.choose import choose
from medtune.train.planner.memory import CUDA_CONTEXT_BYTES
from medtune.train.planner.plan import Method
from medtune.train.planner.rates import limit_tokens_per_s
from medtune.train.planner.shape import read_shape
from medtune.train.rows import encode_rows, require_a_batch
from medtune.train.settings import make_settings, make_wish, total_steps

NAME = "train"
NEEDS = ("prepare",)
READS = ("train", "base", "seed")
VERSION = 3

_TOOLS = ("torch", "transformers", "peft", "trl", "accelerate")


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What a training run would do, as far as recipe, run directory and card tell."""
    section = recipe.train
    what = "all weights" if section.method == "full" else f"LoRA of rank {section.lora_r} on {_targets(section)}"
    lines = [f"{what}, learning rate {section.learning_rate:g} ({section.lr_scheduler}), steps of "
             f"{section.batch_size * section.gradient_accumulation_steps} rows"]  # fmt: skip
    base: BaseInfo | None = None
    try:
        base = resolve_base(recipe.base, recipe.resolve)
        lines.insert(0, f"base {base.name}: {base.architecture}, family {base.family.family}")
        lines += [f"note: {note}" for note in base.notes]
        if base.family.terms_address:
            lines.append(f"terms of the base: {base.family.terms_in_words}")
    except MedtuneError as error:
        lines.insert(0, f"base: {error.what}")
    lengths = seen_lengths(run)
    if lengths:
        lines.append(f"{len(lengths)} rows, {total_steps(section, len(lengths))} steps")
    else:
        known = f"{section.max_steps} steps" if section.max_steps else f"{section.num_epochs:g} epochs"
        lines.append(f"{known}; the rows are not prepared yet")
    lines.append(f"validation each {section.eval_every_steps} steps, a checkpoint each {section.save_every_steps}")
    if base is not None:
        try:
            lines += foresee(recipe, run, base).lines()
        except MedtuneError as error:
            lines += [f"this would stop the training: {error}"]
    return lines


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Train. Raises DataError, ModelError, ResourceError, MedtuneError (the loss is no number)."""
    base = resolve_base(recipe.base, recipe.resolve)
    folder = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION, externals=base.files)
    section = recipe.train
    prepared = run.stage("prepare")
    tokenizer, shape = load_tokenizer(base.folder), read_shape(base)
    rows, validation = (
        encode_rows(
            read_rows(prepared / name, Example), tokenizer.encode_each, tokenizer.stop_ids, section.max_seq_length
        )
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
    wish = make_wish(section, settings, capability, base.family, tokens["trained_share"])
    chosen = choose(capability.card, shape, [len(row.input_ids) for row in rows], wish)
    if chosen.engine != "trl" or capability.card.device != "cpu":
        say(f"  {chosen.why[0]}")
    if wish.memory_limit_bytes is not None:
        hold_to(capability.card, wish.memory_limit_bytes, CUDA_CONTEXT_BYTES)
    outcome = fine_tune(
        base=base,
        tokenizer=tokenizer,
        rows=rows,
        validation=validation,
        settings=settings,
        plan=chosen,
        capability=capability,
        folder=folder.path,
        report_to=section.report_to,
        run_name=recipe.name,
        limit_tokens_per_s=limit_tokens_per_s(
            capability.card,
            chosen.dtype,
            shape,
            method=chosen.method,
            length=tokens["total_tokens"] / len(rows),
            trained_share=wish.trained_share,
        ),
    )
    facts = {
        **tokens,
        "method": _held(chosen.method, outcome.facts),
        **outcome.facts,
        "base": base.name,
        "base_digest": base.digest,
        "family": base.family.family,
        "seed": settings.seed,
        "lora": None if chosen.method == "full" else settings.lora_facts(),
        "plan": chosen.facts(),
        "preset": section.preset,
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


def _held(method: Method, facts: dict[str, Any]) -> Method:
    """The method that was used in the end: an engine may hold the base otherwise than planned, and says so."""
    stored: dict[str, Method] = {"fp8": "fp8", "nf4": "qlora"}
    return stored.get(facts["base_storage"], "lora") if "base_storage" in facts else method


def _targets(section: TrainSection) -> str:
    return "all linear layers" if section.target_modules == "all-linear" else ", ".join(section.target_modules)
