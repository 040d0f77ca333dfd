"""The base model in memory, and the LoRA layers put on it."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from medtune.chat.family import Family
from medtune.chat.targets import lora_targets
from medtune.core.errors import ModelError
from medtune.train.capability import Dtype
from medtune.train.settings import Settings


@dataclass(frozen=True)
class Coverage:
    """Which linear layers are adapted, by the last part of their name."""

    adapted: dict[str, int]
    left_out: dict[str, int]
    trainable: int
    """Trainable parameters."""
    whole: bool = False
    """Full fine-tuning: all weights, not only these layers."""

    def sentence(self) -> str:
        """In words, for the console."""
        if self.whole:
            return f"full fine-tuning: all {self.trainable} weights"
        names = ", ".join(f"{name} {count}" for name, count in self.adapted.items())
        rest = ", ".join(self.left_out) or "none"
        return f"LoRA on {sum(self.adapted.values())} linear layers ({names}); left out: {rest}"


def pick_device() -> torch.device:
    """An NVIDIA or AMD GPU, else Apple's, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def load_base(folder: Path, name: str, device: torch.device, *, dtype: Dtype = "float32", nf4: bool = False) -> Any:
    """The base as a causal language model, its weights in `dtype` or, in the linear layers, in NF4.

    Raises ModelError when it cannot be loaded, when weights are missing or not finite, or without bitsandbytes for NF4.
    """
    from medtune.chat.language_model import load_language_model

    extra: dict[str, Any] = {"quantization_config": _nf4(dtype), "device_map": {"": device}} if nf4 else {}
    try:
        model, info = load_language_model(folder, dtype=getattr(torch, dtype), output_loading_info=True, **extra)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, AttributeError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"the base model cannot be loaded: {first}", where=str(folder), next_step="copy the model folder again"
        ) from error
    missing = sorted(info["missing_keys"])
    if missing:
        raise ModelError(
            f"the base lacks {len(missing)} weights, e.g. {missing[0]}; they would be random",
            where=str(folder),
            next_step="copy the model folder again",
        )
    refuse_broken_weights(model, folder)
    # The name travels into adapter_config.json: no path of this machine.
    model.name_or_path = model.config._name_or_path = name
    return model


def _nf4(dtype: Dtype) -> Any:
    """4-bit NormalFloat with double quantization (Dettmers et al. 2023, arXiv 2305.14314)."""
    import importlib.util

    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError(
            "method qlora of engine trl needs bitsandbytes",
            next_step="pip install bitsandbytes, or set train.method and train.engine to auto",
        )
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, dtype),
    )


def unfreeze(model: Any) -> tuple[Any, Coverage]:
    """Every weight of the base is trained."""
    model.requires_grad_(True)
    counts = Counter(name.rpartition(".")[2] for name in linear_layers(model))
    trainable = sum(weight.numel() for weight in model.parameters())
    return model, Coverage(dict(sorted(counts.items())), {}, trainable, whole=True)


def refuse_broken_weights(model: torch.nn.Module, folder: Path) -> None:
    """Raise ModelError when a weight is NaN or infinite."""
    floats = ((name, weight) for name, weight in model.named_parameters() if weight.is_floating_point())
    broken = [name for name, weight in floats if not bool(torch.isfinite(weight).all())]
    if broken:
        raise ModelError(
            f"the base holds weights that are no finite numbers: {broken[0]} (and {len(broken) - 1} more)",
            where=str(folder),
            next_step="use another copy of the model",
        )


def add_lora(model: Any, settings: Settings, name: str, family: Family | None = None) -> tuple[Any, Coverage]:
    """Put LoRA on the base; its first values depend on the seed only.

    `all-linear` means the layers of the family's card; without a card, every one but the output layer. Raises
    ModelError when a target module's name matches no linear layer, naming those that exist.
    """
    from peft import LoraConfig, TaskType, get_peft_model

    targets: Sequence[str] | str = settings.target_modules
    if isinstance(targets, str):
        targets = lora_targets(family, linear_layers(model)) if family else targets
    else:
        _check_targets(targets, linear_layers(model), head_name(model))
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        use_rslora=settings.rslora,
        use_dora=settings.dora,
        target_modules=targets if isinstance(targets, str) else list(targets),
        base_model_name_or_path=name,
    )
    torch.manual_seed(settings.seed)
    if getattr(model, "is_loaded_in_4bit", False):
        for weight in model.parameters():  # norms and embeddings stay in the computing type, and frozen
            weight.requires_grad_(False)
    tuned = get_peft_model(model, config)
    return tuned, coverage_of(tuned)


def chosen_layers(model: Any, settings: Settings, family: Family | None) -> list[str]:
    """Full names of the layers to adapt, as `add_lora` chooses them. Raises ModelError when a target is none."""
    head, names = head_name(model), linear_layers(model)
    targets: Sequence[str] | str = settings.target_modules
    if isinstance(targets, str):
        if family is None:
            return [name for name in names if name != head]
        targets = lora_targets(family, names)
    else:
        _check_targets(targets, names, head)
    ends = tuple(f".{target}" for target in targets)
    return [name for name in names if name != head and (name in targets or name.endswith(ends))]


def linear_layers(model: torch.nn.Module) -> list[str]:
    """Full names of the linear layers."""
    return [name for name, module in model.named_modules() if _is_linear(module)]


def head_name(model: Any) -> str | None:
    """Full name of the output layer, if there is one."""
    head = model.get_output_embeddings()
    return next((name for name, module in model.named_modules() if module is head), None)


def _is_linear(module: torch.nn.Module) -> bool:
    # bitsandbytes' Linear4bit is a Linear, too
    return isinstance(module, torch.nn.Linear) or type(module).__name__ == "Conv1D"


def _check_targets(targets: Sequence[str], layers: Sequence[str], head: str | None) -> None:
    kinds = Counter(layer.rpartition(".")[2] for layer in layers if layer != head)
    inner = [layer for layer in layers if layer != head]
    unmatched = [
        target for target in targets if not any(layer == target or layer.endswith(f".{target}") for layer in inner)
    ]
    if unmatched:
        near = difflib.get_close_matches(unmatched[0], kinds, n=1, cutoff=0.5)
        known = ", ".join(f"{kind} ({count})" for kind, count in kinds.items())
        raise ModelError(
            f"train.target_modules: {', '.join(unmatched)} match no linear layer of this base",
            where=f"its linear layers: {known}",
            next_step=(f"did you mean {near[0]}? " if near else "") + "name some of those, or write `all-linear`",
        )


def coverage_of(tuned: Any) -> Coverage:
    """Which linear layers of a PEFT model are adapted."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    adapted = [name for name, module in tuned.named_modules() if isinstance(module, BaseTunerLayer)]
    inside = tuple(f"{name}." for name in adapted)
    left_out = [name for name in linear_layers(tuned) if not name.startswith(inside)]
    return Coverage(
        adapted=dict(sorted(Counter(name.rpartition(".")[2] for name in adapted).items())),
        left_out=dict(sorted(Counter(name.rpartition(".")[2] for name in left_out).items())),
        trainable=sum(weight.numel() for weight in tuned.parameters() if weight.requires_grad),
    )
