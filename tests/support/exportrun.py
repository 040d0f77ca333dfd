"""A run directory as it stands before its export: a small bf16 base, a random LoRA adapter, some held-out examples."""

import json
import shutil
from pathlib import Path
from typing import Any

from toymodel import write_toy_model

from medtune.chat.base import resolve_base
from medtune.config.recipe import LocalBase, Recipe, RecipeView
from medtune.core.io import write_json
from medtune.runs.layout import ADAPTER, TEST, TRAIN, TRAINING, VALIDATION, RunDir
from medtune.runs.records.base import write_rows
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Example
from medtune.runs.stage import open_stage
from medtune.tasks import four_parts, load_task

READS = {
    "prepare": ("prepare", "task", "base", "seed"),
    "train": ("train", "base", "seed"),
    "export": ("export", "base", "llama_cpp"),
    "ask": ("suites", "ask", "task", "llama_cpp", "seed"),
}
LINEAR = (
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
)  # fmt: skip


def write_base(folder: Path, *, seed: int = 0, space_prefix: bool = False) -> Path:
    """A Llama of 1.3 million random bf16 weights. With `space_prefix` llama.cpp reads its prompts otherwise."""
    import torch
    from safetensors.torch import load_file, save_file

    write_toy_model(folder)
    file = folder / "model.safetensors"
    generator = torch.Generator().manual_seed(seed)
    tensors = {
        name: (torch.randn(tensor.shape, generator=generator) * 0.05 if tensor.dim() == 2 else tensor).bfloat16()
        for name, tensor in sorted(load_file(file).items())
    }
    save_file(tensors, file, metadata={"format": "pt"})
    if not space_prefix:
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "add_prefix_space": False}))
    return folder


def write_adapter(folder: Path, base: Path, *, rank: int = 8, seed: int = 1, **config: Any) -> Path:
    """An adapter in PEFT's layout on every linear layer of the base, strong enough to change answers."""
    import torch
    from safetensors.torch import save_file

    from medtune.export.weights import read_weights

    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, entry in sorted(read_weights(base).tensors.items()):
        if name.removesuffix(".weight").endswith(LINEAR):
            rows, columns = entry.shape
            key = f"base_model.model.{name.removesuffix('.weight')}"
            tensors[f"{key}.lora_A.weight"] = torch.randn(rank, columns, generator=generator) * 0.05
            tensors[f"{key}.lora_B.weight"] = torch.randn(rows, rank, generator=generator) * 0.05
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    values = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "bias": "none", **config}
    write_json(folder / "adapter_config.json", values)
    return folder


def recipe_of(base: Path, **changes: Any) -> Recipe:
    """A recipe over a base folder; `changes` replace top-level keys."""
    values: dict[str, Any] = {
        "name": "toy-run",
        "base": {"path": str(base)},
        "collect": {"sources": [{"kind": "medquad"}]},
        "export": {"quantizations": ["Q8_0", "Q4_K_M"]},
        "suites": {"names": ["emergency-demo"], "held_out": 6},
        "ask": {"max_tokens": 16},
    }
    return Recipe.model_validate({**values, **changes})


def view(recipe: Recipe, stage: str, folder: Path) -> RecipeView:
    """What a stage sees of the recipe."""
    return RecipeView(recipe, READS[stage], folder)


def write_run(folder: Path, recipe: Recipe, *, adapter_seed: int = 1, examples: int = 8) -> RunDir:
    """A run with finished 02-prepare and 03-train."""
    run = RunDir(folder)
    folder.mkdir(parents=True, exist_ok=True)
    prepared = open_stage(run, view(recipe, "prepare", folder), name="prepare", needs=(), version=1)
    write_rows(prepared.path / TEST, [example(number) for number in range(examples)])
    write_rows(prepared.path / TRAIN, [example(number) for number in range(100, 112)])
    write_rows(prepared.path / VALIDATION, [example(number) for number in range(200, 203)])
    prepared.finish(facts={})
    assert isinstance(recipe.base, LocalBase)
    base = resolve_base(recipe.base, Path)
    trained = open_stage(run, view(recipe, "train", folder), name="train", needs=("prepare",), version=1)
    write_adapter(trained.path / ADAPTER, base.folder, seed=adapter_seed)
    write_json(trained.path / TRAINING, {"base": base.name, "base_digest": base.digest})
    trained.finish(facts={})
    return run


def exported_run(folder: Path) -> RunDir:
    """A run in `folder`/run that was exported by the real tools; made once, with its base in `folder`/base."""
    from medtune.export import stage

    run = RunDir(folder / "run")
    if not run.stage("export").exists():
        recipe = recipe_of(write_base(folder / "base"))
        write_run(run.path, recipe)
        stage.run(view(recipe, "export", run.path), run)
    return run


def copy_run(run: RunDir, folder: Path) -> RunDir:
    """A copy of a run directory whose files keep their times."""
    shutil.copytree(run.path, folder, copy_function=shutil.copy2)
    return RunDir(folder)


def example(number: int, **changes: Any) -> Example:
    """A held-out example whose reference has the four-part form."""
    task = load_task("terminology")
    topic = f"condition {number}"
    reference = four_parts(f"This is {topic} here.", "It has some cause.", "It matters in clinics.", "Ask your doctor.")
    values: dict[str, Any] = {
        "id": f"row-{number}",
        "messages": (
            Turn(role="system", content=task.system),
            Turn(role="user", content=task.prompt(topic)),
            Turn(role="assistant", content=reference),
        ),
        "topic": topic,
        "converter": "terms",
        "records": (f"record-{number}",),
        "source": "synthetic",
        "licence": "CC0-1.0",
        "public": True,
        "tokens": 120,
    }
    return Example.model_validate({**values, **changes})
