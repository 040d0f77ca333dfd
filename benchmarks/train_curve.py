"""The training curve of engine `trl` (ours) against TRL + PEFT as anyone would use them, step by step, in one run.

    python benchmarks/train_curve.py --rows runs/quickstart/02-prepare/train.jsonl > train_curve.json

Same base, same first values of the adapter, same rows in the same order, dropout 0, same schedule. The peer gets token
ids and labels, and computes attention, LoRA layers, logits and the loss over whole padded batches itself; ours merges
LoRA layers and computes the loss in pieces on trained tokens only. Prints the largest and mean difference of 100 steps.

    --device cpu    float32 on both sides: no step may differ by more than 1e-4 nats
    --device cuda   bfloat16 on both sides; `--engine fast` compares the engine for NVIDIA cards
"""

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

SEED, RATE, RANK, ALPHA = 7, 2e-3, 16, 32


def main() -> None:
    """Train both and print JSON; ends with exit code 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, help="train.jsonl of a run's 02-prepare (default: synthetic rows)")
    parser.add_argument("--base", type=Path, help="a base model folder (default: the embedded tiny)")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--limit-rows", type=int, default=400)
    parser.add_argument("--engine", default="trl", choices=("trl", "fast"))
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    options = parser.parse_args()
    found = compare(
        rows=options.rows,
        base=options.base,
        steps=options.steps,
        batch=options.batch,
        limit_rows=options.limit_rows,
        engine=options.engine,
        device=options.device,
    )
    print(json.dumps(found, indent=2))
    sys.exit(0 if found["within_limit"] else 1)


def compare(
    *, rows: Path | None, base: Path | None, steps: int, batch: int, limit_rows: int, engine: str, device: str
) -> dict[str, Any]:
    """Both curves and their differences, in nats."""
    from medtune.chat import load_tokenizer, offline, resolve_base
    from medtune.config.recipe import LocalBase
    from medtune.config.train import TrainSection
    from medtune.train.rows import encode_rows
    from medtune.train.settings import make_settings

    info = resolve_base(LocalBase(path=str(base)) if base else "tiny", Path)
    tokenizer = load_tokenizer(info.folder)
    examples = read_examples(rows)[:limit_rows]
    encoded = encode_rows(examples, tokenizer.encode_each, tokenizer.stop_ids, 4096)
    section = TrainSection(
        max_steps=steps, batch_size=batch, learning_rate=RATE, warmup_ratio=0.0, lora_r=RANK, lora_alpha=ALPHA
    )
    settings = make_settings(section, SEED, len(encoded))
    with offline(), tempfile.TemporaryDirectory() as scratch:
        mine = ours(info, tokenizer, encoded, settings, engine=engine, device=device, scratch=Path(scratch))
        theirs = peer(info, tokenizer, encoded, settings, device=device, scratch=Path(scratch))
    gaps = [abs(one - other) for one, other in zip(mine, theirs, strict=True)]
    relative = [gap / other for gap, other in zip(gaps, theirs, strict=True)]
    if device == "cpu":
        within, limit = max(gaps) <= 1e-4, "every step within 1e-4 nats"
    else:
        within = sum(relative) / len(relative) <= 0.005 and max(relative) <= 0.02
        limit = "mean within 0.5 %, no step over 2 %"
    return {
        "steps": steps,
        "engine": engine,
        "device": device,
        "largest_difference_nats": max(gaps),
        "mean_difference_nats": sum(gaps) / len(gaps),
        "largest_relative": max(relative),
        "mean_relative": sum(relative) / len(relative),
        "limit": limit,
        "within_limit": within,
        "first_loss": [mine[0], theirs[0]],
        "last_loss": [mine[-1], theirs[-1]],
    }


def read_examples(path: Path | None) -> Any:
    """Prepared rows, or synthetic ones of several lengths."""
    from medtune.runs.records.base import read_rows
    from medtune.runs.records.prepare import Example

    if path is not None:
        return read_rows(path, Example)
    rng = random.Random(SEED)
    words = [
        "fever",
        "cough",
        "blood",
        "heart",
        "pain",
        "skin",
        "liver",
        "sugar",
        "rest",
        "water",
        "breath",
        "sleep",
        "nerve",
        "bone",
        "cell",
    ]
    examples = []
    for number in range(400):
        answer = " ".join(rng.choice(words) for _ in range(rng.randint(5, 60)))
        turns = (
            {"role": "system", "content": "Explain terms."},
            {"role": "user", "content": f"Explain the medical term: {rng.choice(words)}"},
            {"role": "assistant", "content": answer},
        )
        examples.append(
            Example.model_validate(
                {
                    "id": f"row-{number}", "messages": turns, "topic": "t", "converter": "terms", "records": ("r",),
                    "source": "synthetic", "licence": "CC0-1.0", "public": True, "tokens": 1,
                }
            )
        )  # fmt: skip
    return examples


def ours(
    info: Any, tokenizer: Any, rows: Any, settings: Any, *, engine: str, device: str, scratch: Path
) -> list[float]:
    """Our engine through its own door, as the stage drives it."""
    from medtune.runs.layout import METRICS
    from medtune.runs.records.base import read_rows
    from medtune.runs.records.train import Metric
    from medtune.train.capability import capability_of, look_at_card
    from medtune.train.finetune import fine_tune
    from medtune.train.planner.plan import TrainingPlan

    longest = max(len(row.input_ids) for row in rows)
    fine_tune(
        base=info,
        tokenizer=tokenizer,
        rows=rows,
        validation=[],
        settings=settings,
        plan=TrainingPlan(
            engine="fast" if engine == "fast" else "trl",
            method="lora",
            dtype="float32" if device == "cpu" else "bfloat16",
            checkpointing="none",
            micro_batch=settings.step_rows,
            micro_tokens=settings.step_rows * longest,
            packing=engine == "fast",
        ),
        capability=capability_of(look_at_card()),
        folder=scratch,
    )
    return [point.loss for point in read_rows(scratch / METRICS, Metric)]


def peer(info: Any, tokenizer: Any, rows: Any, settings: Any, *, device: str, scratch: Path) -> list[float]:
    """TRL's SFTTrainer and PEFT's own layers on labelled token ids; batches in our order, since order is an input."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from torch.utils.data import SequentialSampler
    from transformers import AutoModelForCausalLM, PrinterCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from medtune.train.batches import batch_order

    lengths = [len(row.input_ids) for row in rows]
    order: list[int] = []
    epoch = 0
    while len(order) < settings.steps * settings.step_rows:
        order += batch_order(lengths, settings.batch_size, settings.seed, epoch)
        epoch += 1
    if len(lengths) % settings.step_rows:
        raise SystemExit(f"take a multiple of {settings.step_rows} rows: the peer knows no smaller last batch")
    data = {
        "input_ids": [list(rows[index].input_ids) for index in order],
        "labels": [
            [
                token if trained else -100
                for token, trained in zip(rows[index].input_ids, rows[index].trained, strict=True)
            ]
            for index in order
        ],
    }
    losses: list[float] = []

    class Listen(TrainerCallback):  # type: ignore[misc]
        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            if "loss" in logs:
                losses.append(logs["loss"])

    class InOrder(SFTTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any, **__: Any) -> Any:
            return SequentialSampler(self.train_dataset)

    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    torch.manual_seed(settings.seed)
    base = AutoModelForCausalLM.from_pretrained(info.folder, dtype=dtype).to(device)
    torch.manual_seed(settings.seed)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer = InOrder(
        model=get_peft_model(base, config),
        processing_class=tokenizer.hf,
        train_dataset=Dataset.from_dict(data),
        args=SFTConfig(
            output_dir=str(scratch / "peer"),
            max_steps=settings.steps,
            per_device_train_batch_size=settings.step_rows,
            learning_rate=settings.learning_rate,
            lr_scheduler_type="cosine",
            max_grad_norm=settings.max_grad_norm,
            optim="adamw_torch_fused",
            bf16=device != "cpu",
            use_cpu=device == "cpu",
            gradient_checkpointing=False,
            logging_steps=1,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
            max_length=None,
            seed=settings.seed,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        callbacks=[Listen()],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return losses


if __name__ == "__main__":
    main()
