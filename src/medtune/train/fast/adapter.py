"""The adapter as PEFT writes it: `PeftModel.from_pretrained` loads it unchanged."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from medtune.core.errors import ModelError
from medtune.train.fast.build import Adapted

WEIGHTS = "adapter_model.safetensors"


def _keys(name: str) -> tuple[str, str]:
    return f"base_model.model.{name}.lora_A.weight", f"base_model.model.{name}.lora_B.weight"


def write_adapter(
    folder: Path,
    layers: Sequence[Adapted],
    linear_names: Iterable[str],
    *,
    base: str,
    rank: int,
    alpha: int,
    rslora: bool = False,
    dropout: float = 0.0,
) -> None:
    """Write the weights (float32) and the configuration; `linear_names`: every linear layer of the base, by name."""
    from peft import LoraConfig, TaskType

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for layer in layers:
        for key, value in zip(_keys(layer.name), (layer.member.a, layer.member.b), strict=True):
            tensors[key] = value.detach().to("cpu", torch.float32).contiguous()
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        use_rslora=rslora,
        target_modules=target_names([layer.name for layer in layers], linear_names),
        base_model_name_or_path=base,
        inference_mode=True,
    )
    config.save_pretrained(str(folder))


def target_names(adapted: Sequence[str], linear_names: Iterable[str]) -> list[str]:
    """Last parts of the names where they choose exactly these layers, else the whole names."""
    last = {name.rpartition(".")[2] for name in adapted}
    chosen = {name for name in linear_names if name.rpartition(".")[2] in last}
    return sorted(last if chosen == set(adapted) else adapted)


def read_adapter(folder: Path, layers: Sequence[Adapted]) -> None:
    """Load weights that `write_adapter` or PEFT wrote into the layers. Raises ModelError when they do not match."""
    tensors = load_file(folder / WEIGHTS)
    wanted = {key for layer in layers for key in _keys(layer.name)}
    if tensors.keys() != wanted:
        raise ModelError(
            f"the adapter holds other layers than this training adapts ({len(wanted ^ tensors.keys())} differ)",
            where=str(folder / WEIGHTS),
            next_step="train anew, or with the recipe that the adapter was made with",
        )
    with torch.no_grad():
        for layer in layers:
            for key, value in zip(_keys(layer.name), (layer.member.a, layer.member.b), strict=True):
                if value.shape != tensors[key].shape:
                    raise ModelError(
                        f"{key} has shape {tuple(tensors[key].shape)}, not {tuple(value.shape)}",
                        where=str(folder / WEIGHTS),
                        next_step="train with the rank that the adapter was made with",
                    )
                value.copy_(tensors[key])
