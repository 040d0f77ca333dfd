"""The training benchmark on one GPU: ours and every installed peer on one list of examples, each in its own process.

    python benchmarks/train.py --tokenizer FOLDER --out train.json [--parts speed shapes sweep limits loss planner]
        [--only NAME ...]

FOLDER: a tokenizer of 32,000 tokens with a chat template. A 7B model with random weights is written once to --scratch.
Unit: tokens without padding a second. Parts:

    speed    Mistral-7B shape: our planner's choice, each of our methods, TRL, TRL + Liger, Unsloth in four settings
    limits   the same held to 16 GiB and to 6 GiB of the card's memory
    loss     200 steps of the tiny base: FP8, NF4, 16 bits; TRL with bitsandbytes; a curve against TRL; resuming
    shapes   our planner's choice and Unsloth's best setting on other families' shapes
    sweep    how speed and memory depend on the size of a pass and on what is computed again
    planner  measured peak memory beside the forecast, on settings that it was not calibrated on
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from train_shapes import write_examples, write_model

WORKER = Path(__file__).with_name("train_workers.py")
STEP = {"batch": 16, "accum": 7}  # some 36,000 tokens, as many as 16 packed rows of 2,048 hold

SETTINGS = (
    ("llama3-8b", "qlora", "selective", 4096, 16),
    ("qwen2.5-7b", "fp8", "none", 4096, 16),
    ("smollm-1.7b", "lora", "none", 8192, 16),
    ("qwen2.5-7b", "qlora", "full", 8192, 32),
    ("smollm-1.7b", "fp8", "full", 16384, 16),
    ("phi4-mini", "lora", "selective", 4096, 16),
    ("llama3-8b", "fp8", "full", 6144, 64),
    ("gemma3n-e4b", "lora", "full", 4096, 16),
)
"""Shape, method, checkpointing, tokens of a pass and rank of the memory forecasts that are measured. The formula was
counted on Mistral-7B, Llama-1B and Qwen-3B shapes (docs/notebook.md): none of those stands here."""

SIZES = [("none", 2048), ("none", 1024), ("none", 4096), ("none", 9216), ("selective", 4096), ("full", 9216)]
"""What is computed again, and tokens of a pass."""


def cases(model: str, rows: str, scratch: str) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """Part -> (name, kind, case), the most telling first."""
    of = {"model": model, "rows": rows}
    ours = {"shape": "mistral-7b", "rows": rows, "steps": 10, **STEP}
    unsloth = {**of, "steps": 8, "scratch": scratch, "packing": True}
    held = {**of, "steps": 8, **STEP, "limit_gib": 16.0}
    tiny = {"rows": rows, "scratch": scratch}
    shape = {"rows": rows, "steps": 6, **STEP}
    sizes = {"shape": "mistral-7b", "rows": rows, "steps": 2, "sizes": SIZES, "batch": 16, "accum": 3}
    return {
        "speed": [
            ("ours, planner's choice", "ours", ours),
            ("unsloth QLoRA, packed, no checkpointing", "unsloth",
             {**unsloth, "trainer": "unsloth", "checkpointing": "none", "batch": 4, "accum": 4}),
            ("unsloth LoRA 16-bit, packed, no checkpointing", "unsloth",
             {**unsloth, "trainer": "unsloth", "method": "lora", "checkpointing": "none", "batch": 4, "accum": 4}),
            ("unsloth QLoRA, defaults (4 x 4, unpacked)", "unsloth",
             {**unsloth, "trainer": "unsloth", "packing": False, "batch": 4, "accum": 4, "steps": 14}),
            ("ours, planner's choice, batch 4 x 4", "ours", {**ours, "batch": 4, "accum": 4, "steps": 20}),
            ("ours, planner's choice, dropout", "ours", {**ours, "dropout": 0.05}),
            ("ours, LoRA 16-bit", "ours", {**ours, "method": "lora"}),
            ("ours, QLoRA", "ours", {**ours, "method": "qlora"}),
            ("unsloth QLoRA, packed", "unsloth", {**unsloth, "trainer": "unsloth", "batch": 4, "accum": 4}),
            ("trl + liger QLoRA (4 x 4)", "trl",
             {**unsloth, "trainer": "trl-liger", "packing": False, "batch": 4, "accum": 4}),
            ("trl QLoRA (4 x 4)", "trl", {**unsloth, "trainer": "trl", "packing": False, "batch": 4, "accum": 4}),
        ],
        "shapes": [
            one
            for name in ("phi4-mini", "qwen2.5-7b", "smollm-1.7b", "llama3-8b", "gemma3n-e4b")
            for one in (
                (f"{name}: ours, planner's choice", "ours", {**ours, "shape": name}),
                (f"{name}: unsloth QLoRA, packed, no checkpointing", "unsloth",
                 {**unsloth, "shape": name, "model": f"{scratch}-{name}", "trainer": "unsloth",
                  "checkpointing": "none", "batch": 4, "accum": 4}),
            )
        ],
        "sweep": [
            (f"sweep: {method}", "sweep", {**sizes, "method": method}) for method in ("qlora", "fp8", "lora")
        ],
        "limits": [
            ("16 GiB: ours, QLoRA, planner's choice", "ours", {**held, "method": "qlora"}),
            ("16 GiB: ours, QLoRA, 2,048 tokens a pass", "ours",
             {**held, "method": "qlora", "checkpointing": "none", "micro_tokens": 2048}),
            ("16 GiB: ours, planner's choice", "ours", held),
            ("16 GiB: unsloth QLoRA, packed, 4 rows", "unsloth",
             {**unsloth, "trainer": "unsloth", "batch": 4, "accum": 4, "limit_gib": 16.0}),
            ("16 GiB: unsloth QLoRA, packed, no checkpointing, 1 row", "unsloth",
             {**unsloth, "trainer": "unsloth", "checkpointing": "none", "batch": 1, "accum": 16, "limit_gib": 16.0}),
            ("6 GiB: ours, QLoRA, 512 tokens", "ours",
             {**held, "limit_gib": 6.0, "longest": 512, "method": "qlora", "steps": 6, "batch": 16, "accum": 1}),
            ("6 GiB: unsloth QLoRA, 512 tokens", "unsloth",
             {**unsloth, "trainer": "unsloth", "packing": False, "longest": 512, "batch": 1, "accum": 16, "steps": 6,
              "limit_gib": 6.0}),
        ],
        "loss": [
            ("loss: ours, 16 bits", "loss", {**tiny, "trainer": "ours", "method": "lora"}),
            ("loss: ours, FP8", "loss", {**tiny, "trainer": "ours", "method": "fp8"}),
            ("loss: ours, NF4", "loss", {**tiny, "trainer": "ours", "method": "qlora"}),
            ("loss: trl + peft, 16 bits", "loss", {**tiny, "trainer": "trl", "method": "lora"}),
            ("loss: trl + bitsandbytes NF4", "loss", {**tiny, "trainer": "trl-nf4", "method": "lora"}),
            ("resume: whole, saves at 60", "resume", {**tiny, "save": 60}),
            ("resume: killed at 70", "resume", {**tiny, "save": 60, "kill": 70}),
            ("resume: from 60", "resume", {**tiny, "start": 60}),
            ("resume: whole again", "resume", {**tiny, "save": 60}),
            ("resume: whole a third time", "resume", {**tiny, "save": 60}),
            ("resume: whole a fourth time", "resume", {**tiny, "save": 60}),
        ],
        "planner": [
            (f"memory: {name}, {method}, {again}, {tokens} tokens, r {rank}", "forecast",
             {**shape, "shape": name, "method": method, "checkpointing": again, "micro_tokens": tokens, "rank": rank})
            for name, method, again, tokens, rank in SETTINGS
        ],
    }  # fmt: skip


def main() -> None:
    """Run the parts and write JSON after each case, so that a run that is cut off is not lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, default=Path("train-bench"))
    parser.add_argument("--parts", nargs="+", default=["speed", "sweep", "limits", "loss", "planner"])
    parser.add_argument("--only", nargs="+", help="parts of case names")
    parser.add_argument("--set", default="{}", help="JSON that is put over every case of ours")
    parser.add_argument("--timeout", type=int, default=240)
    parser.add_argument("--seconds", type=int, default=10**6, help="begin no case after so many")
    options = parser.parse_args()
    began = time.time()
    options.scratch.mkdir(parents=True, exist_ok=True)
    rows, model = options.scratch / "rows.jsonl", options.scratch / "model"
    if not rows.is_file():
        write_examples(rows, options.tokenizer)
    if {"speed", "limits"} & set(options.parts):
        write_model("mistral-7b", model, options.tokenizer)
    result = read(options.out) or {**machine(), "cases": {}}
    every = cases(str(model), str(rows), str(options.scratch / "work"))
    for part in options.parts:
        for name, kind, case in every[part]:
            if options.only and not any(text in name for text in options.only):
                continue
            if time.time() - began > options.seconds:
                continue
            if part == "shapes" and kind == "unsloth":
                write_model(case["shape"], Path(case["model"]), options.tokenizer)
            more = json.loads(options.set) if kind in ("ours", "sweep", "loss", "forecast", "resume") else {}
            found = in_process(kind, {**case, **more}, options.timeout, options.out.with_suffix(".log"), name)
            if part == "shapes" and kind == "unsloth":
                shutil.rmtree(case["model"])
            result["cases"][name] = {"case": {k: v for k, v in case.items() if k not in ("scratch", "rows")}, **found}
            options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            shown = {key: found.get(key) for key in ("tokens_per_s", "peak_gib", "predicted_to_measured", "error")}
            shown["sweep"] = [
                (one["checkpointing"], one["micro_tokens"], one["tokens_per_s"]) for one in found.get("sweep", [])
            ]
            shown["last_loss"] = (found.get("losses") or [None])[-1]
            print(f"{time.time() - began:5.0f}s {name}: {json.dumps(shown)}", flush=True)


def in_process(kind: str, case: dict[str, Any], timeout_s: int, log: Path, name: str) -> dict[str, Any]:
    """One case; a case that fails says so and stops nothing."""
    command = [sys.executable, str(WORKER), kind, json.dumps(case)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(WORKER.parent), os.environ.get("PYTHONPATH", "")])}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s, env=environment)
        out, error = done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        out, error = (text.decode() if isinstance(text, bytes) else text or "" for text in (late.stdout, late.stderr))
        error += "\ntimed out"
    with log.open("a", encoding="utf-8") as file:
        file.write(f"=== {name}\n{out[-6000:]}\n--- errors\n{error[-5000:]}\n")
    lines = [line for line in out.splitlines() if line.startswith("RESULT ")]
    if lines:
        found: dict[str, Any] = json.loads(lines[-1].removeprefix("RESULT "))
        return found
    last = [line for line in error.strip().splitlines() if line.strip()]
    return {"error": last[-1][:300] if last else "no result"}


def machine() -> dict[str, Any]:
    """Card, date and versions."""
    import torch

    tools = ("torch", "transformers", "trl", "peft", "bitsandbytes", "unsloth", "liger-kernel")
    versions = {}
    for tool in tools:
        try:
            versions[tool] = metadata.version(tool)
        except metadata.PackageNotFoundError:
            versions[tool] = "not installed"
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return {"card": card, "date": datetime.now(UTC).date().isoformat(), "versions": versions}


def read(path: Path) -> dict[str, Any] | None:
    """An earlier part of the same run."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


if __name__ == "__main__":
    main()
