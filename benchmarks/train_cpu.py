"""Training speed on this machine: medtune against plain TRL + PEFT, on the same rows and base, in one run.

    python benchmarks/train_cpu.py --rows runs/quickstart/02-prepare/train.jsonl > train_cpu.json

Each trainer runs in a process of its own, in turns, so that whatever else the machine does hits all of them; the median
of the rounds counts. Tokens are real ones (no padding), time is wall time of whole steps after a warm-up.

    medtune         our trainer: own masks and batches, merged LoRA layers, loss in pieces, float32
    trl             TRL as its documentation shows it: assistant_only_loss, its defaults (bfloat16, checkpointing)
    trl-float32     TRL at its best in float32: no gradient checkpointing
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

TRAINERS = ("medtune", "trl", "trl-float32")
WARM_UP_STEPS = 3
BATCH, RATE, RANK, ALPHA, LENGTH, SEED = 8, 2e-3, 16, 32, 512, 7


def main() -> None:
    """Run every trainer in turns and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, required=True, help="train.jsonl of a run's 02-prepare")
    parser.add_argument("--base", type=Path, help="a base model folder (default: the embedded tiny)")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trainers", nargs="+", default=list(TRAINERS), choices=TRAINERS)
    parser.add_argument("--worker", choices=TRAINERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(measure(options.worker, options.rows, options.base, options.steps)))
        return
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in options.trainers}
    for _ in range(options.rounds):
        for name in options.trainers:
            results[name].append(in_process(name, options))
            print(f"{name}: {results[name][-1]['tokens_per_s']:.0f} tokens/s", file=sys.stderr)
    print(json.dumps(summary(results, options), indent=2))


def in_process(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """One round of one trainer in its own process."""
    command = [sys.executable, __file__, "--worker", name, "--rows", str(options.rows), "--steps", str(options.steps)]
    command += ["--base", str(options.base)] if options.base else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def summary(results: dict[str, list[dict[str, Any]]], options: argparse.Namespace) -> dict[str, Any]:
    """Medians, and ours against each other trainer."""
    speed = {name: median(run["tokens_per_s"] for run in runs) for name, runs in results.items()}
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "steps": options.steps,
        "rounds": options.rounds,
        "tokens_per_s": {name: round(value, 1) for name, value in speed.items()},
        "tokens_per_s_rounds": {
            name: [round(run["tokens_per_s"], 1) for run in runs] for name, runs in results.items()
        },
        "seconds_per_step": {
            name: round(median(run["seconds_per_step"] for run in runs), 4) for name, runs in results.items()
        },
        "peak_rss_mib": {name: max(run["peak_rss_mib"] for run in runs) for name, runs in results.items()},
        "last_loss": {name: runs[-1]["loss"] for name, runs in results.items()},
        "medtune_to": {name: round(speed["medtune"] / value, 3) for name, value in speed.items() if "medtune" in speed},
    }


def measure(name: str, rows: Path, base: Path | None, steps: int) -> dict[str, Any]:
    """Train some steps; tokens per second of all but the first few."""
    from transformers import TrainerCallback

    from medtune.chat import offline

    class Clock(TrainerCallback):  # type: ignore[misc]
        began = tokens = 0.0

        def on_step_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            if state.global_step == WARM_UP_STEPS:
                self.began, self.tokens = time.perf_counter(), seen()

    clock = Clock()
    with offline(), tempfile.TemporaryDirectory() as scratch:
        build = ours if name == "medtune" else plain
        trainer, seen, loss = build(name, rows=rows, base=base, steps=steps, scratch=Path(scratch), clock=clock)
        trainer.train()
        seconds = time.perf_counter() - clock.began
    counted = steps - WARM_UP_STEPS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform == "darwin" else 1024)
    return {
        "tokens_per_s": (seen() - clock.tokens) / seconds,
        "seconds_per_step": seconds / counted,
        "peak_rss_mib": peak,
        "loss": round(loss(), 4),
    }


def ours(_name: str, *, rows: Path, base: Path | None, steps: int, scratch: Path, clock: Any) -> Any:
    """Our trainer, as the stage builds it, without validation and checkpoints."""
    from medtune.chat import load_tokenizer
    from medtune.chat.base import tiny_folder
    from medtune.config.train import TrainSection
    from medtune.runs.records.base import read_rows
    from medtune.runs.records.prepare import Example
    from medtune.train.engines.trl_trainer import RowTrainer
    from medtune.train.kernels.lora import use_merged_layers
    from medtune.train.model import add_lora, load_base, pick_device
    from medtune.train.planner.plan import TrainingPlan
    from medtune.train.rows import encode_rows
    from medtune.train.settings import make_settings

    folder = base or tiny_folder()
    tokenizer = load_tokenizer(folder)
    encoded = encode_rows(read_rows(rows, Example), tokenizer.encode_each, tokenizer.stop_ids, LENGTH)
    section = TrainSection(
        max_steps=steps,
        batch_size=BATCH,
        learning_rate=RATE,
        lr_scheduler="linear",  # TRL's defaults, so that the losses can be compared as well
        warmup_ratio=0.0,
        lora_r=RANK,
        lora_alpha=ALPHA,
    )
    settings = make_settings(section, SEED, len(encoded))
    device = pick_device()
    model, _ = add_lora(load_base(folder, "base", device), settings, "base")
    trainer = RowTrainer(
        model=model,
        tokenizer=tokenizer.hf,
        rows=encoded,
        validation=[],
        settings=settings,
        plan=TrainingPlan("trl", "lora", "float32", "none", BATCH, BATCH * LENGTH, packing=False),
        checkpoints=scratch,
        device=device,
        conductor=clock,
        recorder=None,
    )
    if device.type == "cpu":
        use_merged_layers(trainer.model)
    meter = trainer.meter
    return trainer, lambda: meter.tokens, lambda: meter.loss_sum / meter.trained


def plain(name: str, *, rows: Path, base: Path | None, steps: int, scratch: Path, clock: Any) -> Any:
    """TRL with PEFT, given messages, a folder and a LoRA configuration."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from medtune.chat.base import tiny_folder

    folder = base or tiny_folder()
    messages = [json.loads(line)["messages"] for line in rows.read_text(encoding="utf-8").splitlines()]
    at_its_best = {"bf16": False, "gradient_checkpointing": False} if name == "trl-float32" else {}
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
        processing_class=AutoTokenizer.from_pretrained(folder),
        train_dataset=Dataset.from_dict({"messages": messages}),
        args=SFTConfig(
            output_dir=str(scratch),
            max_steps=steps,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            max_length=LENGTH,
            assistant_only_loss=True,
            seed=SEED,
            use_cpu=not torch.cuda.is_available(),
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
            logging_steps=steps,
            **at_its_best,
        ),
        peft_config=LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear", task_type="CAUSAL_LM"),
        callbacks=[clock],
    )
    return trainer, lambda: trainer._total_train_tokens, lambda: trainer.state.log_history[0]["loss"]


if __name__ == "__main__":
    main()
