"""From a model folder to a frozen base with LoRA on it, stored as the plan says, and checked where it is FP8."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from medtune.core.console import say
from medtune.core.errors import ModelError
from medtune.train.engines.fast import scale_of
from medtune.train.engines.protocol import Job
from medtune.train.fast import attention
from medtune.train.fast.build import Built, build, convert
from medtune.train.fast.fidelity import KL_LIMIT_NATS, ROWS, last_states, mean_kl
from medtune.train.fast.frozen import Frozen, Kind
from medtune.train.fast.loss import PassLoss
from medtune.train.fast.passes import BLOCK_TOKENS, Pass, PassMaker
from medtune.train.fast.schedule import cut
from medtune.train.model import chosen_layers, linear_layers, load_base
from medtune.train.planner.plan import TrainingPlan
from medtune.train.settings import Settings

KINDS: dict[str, Kind] = {"lora": "dense", "fp8": "fp8", "qlora": "nf4"}
_CHECK_TOKENS = 4096


@dataclass(frozen=True)
class Base:
    """A model that is ready to be trained."""

    model: Any
    built: Built
    device: torch.device
    linear_names: tuple[str, ...]
    """Every linear layer that the base had."""
    storage: Kind
    facts: dict[str, Any] = field(default_factory=dict)


def prepare_base(job: Job) -> Base:
    """Load, adapt, store; an FP8 base that strays too far is stored otherwise. Raises ModelError (base, modules)."""
    kind = KINDS[job.plan.method]
    base = _stored(job, kind)
    kl = base.facts.get("fp8_kl_nats")
    if kl is None or kl <= KL_LIMIT_NATS:
        return base
    instead: Kind = "dense" if keeps_turned(job.plan) else "nf4"  # two FP8 copies take as much memory as 16 bits
    say(
        f"  FP8 strays too far from the 16-bit base on these rows (KL {kl:.4f} nats, limit {KL_LIMIT_NATS}); "
        f"the base is held in {'16 bits' if instead == 'dense' else 'NF4'}"
    )
    facts = {key: value for key, value in base.facts.items() if key.startswith("fp8_")}
    del base
    other = _stored(job, instead)
    other.facts.update(facts)
    return other


def keeps_turned(plan: TrainingPlan) -> bool:
    """Whether an FP8 base is kept twice, once along each side: 2 bytes a weight instead of 1, and less work."""
    return plan.checkpointing == "none"


def make_optimizer(parameters: Sequence[Tensor], settings: Settings, device: torch.device) -> Any:
    """AdamW: fused, or bitsandbytes' with 8-bit or paged states. Raises ModelError without bitsandbytes."""
    values: dict[str, Any] = {"lr": settings.learning_rate, "weight_decay": settings.weight_decay}
    if settings.optimizer == "adamw" or device.type != "cuda":
        return torch.optim.AdamW(parameters, fused=True, **values)
    try:
        from bitsandbytes import optim
    except ImportError as error:
        raise ModelError(
            f"train.optimizer {settings.optimizer} needs bitsandbytes",
            next_step="pip install bitsandbytes, or set train.optimizer to adamw",
        ) from error
    kinds = {
        "adamw_8bit": optim.AdamW8bit,
        "paged_adamw": optim.PagedAdamW32bit,
        "paged_adamw_8bit": optim.PagedAdamW8bit,
    }
    return kinds[settings.optimizer](list(parameters), **values)


def _stored(job: Job, kind: Kind) -> Base:
    device = torch.device(job.capability.card.device)
    settings = job.settings
    attention.register()
    model = load_base(job.base.folder, job.base.name, device, dtype=job.plan.dtype)
    model.set_attn_implementation(attention.NAME)
    names = tuple(linear_layers(model))
    chosen = chosen_layers(model, settings, job.base.family)
    built = build(
        model,
        chosen,
        rank=settings.lora_r,
        scale=scale_of(settings),
        seed=settings.seed,
        dropout=settings.lora_dropout,
    )
    room = job.plan.memory_bytes or job.capability.card.usable_bytes()
    _place(model, device, whole=kind == "dense" or 1.5 * _size_bytes(model) < room)
    facts: dict[str, Any] = {}
    before = _states(job, model, device) if kind == "fp8" else []
    for group in built.groups:
        convert(group, kind, device, turned=keeps_turned(job.plan))
    if kind == "fp8":
        kl = mean_kl(before, _states(job, model, device), PassLoss(model).logits, device)
        facts = {"fp8_kl_nats": round(kl, 6), "fp8_kl_limit_nats": KL_LIMIT_NATS, "fp8_kl_rows": len(_check_rows(job))}
    facts["base_storage"] = kind
    if device.type == "cuda":
        torch.cuda.empty_cache()  # the 16-bit weights' room: the training's memory is counted from here
    return Base(model, built, device, names, kind, facts)


def _place(model: torch.nn.Module, device: torch.device, *, whole: bool) -> None:
    """Move the model; unless `whole`, the adapted layers' weights stay and are fetched when they are used."""
    for module in model.modules():
        if isinstance(module, Frozen) and not whole:
            continue
        for values in (module._parameters, module._buffers):
            for tensor in values.values():
                if tensor is not None:
                    tensor.data = tensor.data.to(device)


def _size_bytes(model: torch.nn.Module) -> int:
    return sum(
        tensor.numel() * tensor.element_size()
        for module in model.modules()
        for tensor in (*module._parameters.values(), *module._buffers.values())
        if tensor is not None
    )


def _check_rows(job: Job) -> list[int]:
    """Up to 64 rows, spread over all."""
    count = len(job.rows)
    return sorted({round(place * (count - 1) / max(ROWS - 1, 1)) for place in range(min(ROWS, count))})


def _states(job: Job, model: Any, device: torch.device) -> list[Tensor]:
    rows = _check_rows(job)
    lengths = [len(row.input_ids) for row in job.rows]
    longest = max(lengths)
    maker = PassMaker(job.rows, longest=longest, block=BLOCK_TOKENS, pinned=False)
    passes: list[Pass] = [maker.make(chosen) for chosen in cut(rows, lengths, max(_CHECK_TOKENS, longest))]
    return last_states(PassLoss(model), passes, device)
