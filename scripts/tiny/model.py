"""The model and its training loop: whole rows, batched by length, early stopping on the validation loss."""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle
from transformers import LlamaConfig, LlamaForCausalLM

Rows = Sequence[Sequence[int]]
"""Token ids of each row."""

IGNORED = -100
LENGTH_STEP = 32


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train; `batch_tokens` counts padding."""

    steps: int = 1500
    batch_tokens: int = 65_536
    learning_rate: float = 2e-3
    final_share: float = 0.05
    warmup: int = 100
    weight_decay: float = 0.1
    dropout: float = 0.3
    clip: float = 1.0
    evaluate_every: int = 200
    patience: int = 4


@dataclass
class Outcome:
    """What a training run did; losses are nats a token, seconds are wall time."""

    curve: list[dict[str, float]] = field(default_factory=list)
    best_step: int = 0
    best_loss: float = math.inf
    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def facts(self) -> dict[str, Any]:
        """The outcome as JSON-ready values."""
        return asdict(self)


def make_config(vocab_size: int, eos_id: int, pad_id: int) -> LlamaConfig:
    """The shape: every matrix row is a multiple of 256, which k-quants need."""
    return LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=256,
        intermediate_size=1024,
        num_hidden_layers=8,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=2048,
        rope_theta=10_000.0,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=eos_id,
        pad_token_id=pad_id,
    )


def collate(rows: Rows, pad_id: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pad rows on the right to a multiple of 32: ids and labels, both (rows, length) int64."""
    length = math.ceil(max(map(len, rows)) / LENGTH_STEP) * LENGTH_STEP
    ids = torch.full((len(rows), length), pad_id, dtype=torch.long)
    labels = torch.full((len(rows), length), IGNORED, dtype=torch.long)
    for index, row in enumerate(rows):
        values = torch.tensor(row, dtype=torch.long)
        ids[index, : len(row)] = values
        labels[index, : len(row)] = values
    return ids.to(device, non_blocking=True), labels.to(device, non_blocking=True)


def length_batches(rows: Rows, batch_tokens: int, rng: random.Random | None) -> list[list[int]]:
    """Group row indices of like length so that rows times padded length stays within `batch_tokens`.

    Rows are never cut or joined, so each starts at position 0 as it will in use. With `rng` both the order of rows of
    like length and the order of batches are shuffled; without it the order is by length.
    """
    jitter = [rng.uniform(0, LENGTH_STEP) if rng else 0.0 for _ in rows]
    order = sorted(range(len(rows)), key=lambda index: (len(rows[index]) + jitter[index], index))
    batches: list[list[int]] = []
    current: list[int] = []
    longest = 0
    for index in order:
        padded = math.ceil(max(longest, len(rows[index])) / LENGTH_STEP) * LENGTH_STEP
        if current and padded * (len(current) + 1) > batch_tokens:
            batches.append(current)
            current, longest = [], 0
            padded = math.ceil(len(rows[index]) / LENGTH_STEP) * LENGTH_STEP
        current.append(index)
        longest = max(longest, padded)
    batches.append(current)
    if rng:
        rng.shuffle(batches)
    return batches


def epochs(rows: Rows, batch_tokens: int, seed: int) -> Iterator[list[Sequence[int]]]:
    """Batches without end, shuffled anew in each pass over the rows."""
    rng = random.Random(seed)
    while True:
        for batch in length_batches(rows, batch_tokens, rng):
            yield [rows[index] for index in batch]


def add_dropout(model: LlamaForCausalLM, share: float) -> list[RemovableHandle]:
    """Drop a share of what each attention and MLP block adds while training; the handles take it off again.

    Llama has no dropout of its own, and MedQuAD is small enough to be learned by heart within two passes.
    """

    def drop(_module: torch.nn.Module, _inputs: object, output: Tensor) -> Tensor:
        return torch.nn.functional.dropout(output, share, training=model.training)

    blocks = [block for layer in model.model.layers for block in (layer.self_attn.o_proj, layer.mlp)]
    return [block.register_forward_hook(drop) for block in blocks]


def token_loss(model: LlamaForCausalLM, ids: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
    """Next-token cross entropy over the labelled tokens; matrix products in bfloat16, the loss in float32."""
    # Rows are padded on the right only, so the causal mask alone keeps padding out of every labelled position.
    with torch.autocast(ids.device.type, dtype=torch.bfloat16):
        logits = model(input_ids=ids, use_cache=False).logits
    return torch.nn.functional.cross_entropy(
        logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction=reduction
    )


@torch.no_grad()
def validation_loss(model: LlamaForCausalLM, rows: Rows, batch_tokens: int, pad_id: int) -> float:
    """Mean loss in nats over every predicted token of the rows."""
    model.eval()
    total, count = 0.0, 0
    for batch in length_batches(rows, batch_tokens, None):
        ids, labels = collate([rows[index] for index in batch], pad_id, model.device)
        total += float(token_loss(model, ids, labels, "sum"))
        count += int((labels[:, 1:] != IGNORED).sum())
    model.train()
    return total / max(count, 1)


def rate(step: int, schedule: Schedule) -> float:
    """Share of the top learning rate at a step: linear warm-up, then cosine down to `final_share`."""
    warmup = min(schedule.warmup, max(1, schedule.steps // 10))
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, schedule.steps - warmup)
    return schedule.final_share + (1 - schedule.final_share) * 0.5 * (1 + math.cos(math.pi * done))


def make_optimizer(model: LlamaForCausalLM, schedule: Schedule) -> torch.optim.Optimizer:
    """AdamW with weight decay on matrices only."""
    matrices = [weight for weight in model.parameters() if weight.dim() > 1]
    vectors = [weight for weight in model.parameters() if weight.dim() == 1]
    groups = [{"params": matrices, "weight_decay": schedule.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=schedule.learning_rate, betas=(0.9, 0.95))


def train(
    config: LlamaConfig, rows: Rows, validation: Rows, schedule: Schedule, *, device: torch.device, seed: int
) -> tuple[LlamaForCausalLM, Outcome]:
    """Train from random weights; returns the weights of the lowest validation loss in bfloat16 on the CPU."""
    torch.manual_seed(seed)
    model = LlamaForCausalLM(config).to(device)
    handles = add_dropout(model, schedule.dropout)
    optimizer = make_optimizer(model, schedule)
    scaling = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, schedule))
    outcome, best, waited = Outcome(), copy.deepcopy(model.state_dict()), 0
    started = time.monotonic()
    for step, batch in enumerate(epochs(rows, schedule.batch_tokens, seed), 1):
        ids, labels = collate(batch, config.pad_token_id, device)
        loss = token_loss(model, ids, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
        optimizer.step()
        scaling.step()
        optimizer.zero_grad(set_to_none=True)
        outcome.tokens += sum(map(len, batch))
        outcome.steps = step
        last = step >= schedule.steps
        if step % schedule.evaluate_every == 0 or last:
            measured = validation_loss(model, validation, schedule.batch_tokens, config.pad_token_id)
            outcome.curve.append({"step": step, "train": round(loss.item(), 4), "validation": round(measured, 4)})
            print(f"step {step}: train {loss.item():.4f} validation {measured:.4f}", flush=True)
            waited += 1
            if measured < outcome.best_loss:
                outcome.best_loss, outcome.best_step, waited = measured, step, 0
                best = copy.deepcopy(model.state_dict())
        if last or waited >= schedule.patience:
            break
    outcome.seconds = round(time.monotonic() - started, 1)
    for handle in handles:
        handle.remove()
    model.load_state_dict(best)
    return model.to("cpu", dtype=torch.bfloat16), outcome
