"""One case of the training benchmark in its own process (`train_workers.py KIND JSON`); the last line is its result.

Tokens are counted where they enter the model, without padding. Every trainer synchronizes after each optimiser step,
and the first WARM_UP steps (compiling, first allocations) do not count.
"""

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from train_shapes import FUSED, TARGETS, config_of, random_model, read_examples

WARM_UP = 4
GIB = 2**30


def main() -> None:
    """Run the case and print its result."""
    case = json.loads(sys.argv[2])
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("UNSLOTH_DISABLE_STATISTICS", "1")
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    kinds = {"ours": ours, "sweep": sweep, "unsloth": peer, "trl": peer}
    kinds |= {"loss": loss, "forecast": forecast, "resume": resume}
    result = kinds[sys.argv[1]](case)
    print("RESULT " + json.dumps(result), flush=True)


def hold_to(limit_gib: float | None) -> None:
    """Limit this process's memory on the card."""
    import torch

    if limit_gib:
        torch.cuda.set_per_process_memory_fraction(limit_gib * GIB / torch.cuda.get_device_properties(0).total_memory)


def memory() -> dict[str, float]:
    """Peak figures in GiB."""
    import torch

    if not torch.cuda.is_available():
        return {}
    return {
        "peak_gib": round(torch.cuda.max_memory_allocated() / GIB, 2),
        "reserved_gib": round(torch.cuda.max_memory_reserved() / GIB, 2),
    }


def wait() -> None:
    """Until the card is done."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


# Ours


def rows_of(case: dict[str, Any]) -> list[Any]:
    """The shared examples; all tokens are trained, as the peers train them."""
    from medtune.train.rows import TrainRow

    examples = read_examples(Path(case["rows"]), case.get("longest", 2048))
    return [
        TrainRow(str(at), tuple(row["input_ids"]), (True,) * len(row["input_ids"])) for at, row in enumerate(examples)
    ]


def targets_of(case: dict[str, Any]) -> tuple[str, ...]:
    """Names of the layers that are adapted: all linear ones of the decoder."""
    return tuple(FUSED.get(case.get("shape", ""), TARGETS))


def job_of(case: dict[str, Any], rows: list[Any], base: Any) -> Any:
    """A training with the case's plan, or the planner's where the case leaves it open."""
    from medtune.config.train import TrainSection
    from medtune.train.capability import capability_of, look_at_card
    from medtune.train.engines.protocol import Job
    from medtune.train.planner.choose import choose
    from medtune.train.planner.shape import shape_of_config
    from medtune.train.planner.wish import Wish
    from medtune.train.settings import make_settings

    section = TrainSection(
        max_steps=case["steps"],
        batch_size=case.get("batch", 16),
        gradient_accumulation_steps=case.get("accum", 1),
        learning_rate=case.get("rate", 2e-4),
        lr_scheduler="linear",
        warmup_ratio=0.0,
        lora_r=case.get("rank", 16),
        lora_alpha=case.get("alpha", 16),
        target_modules=targets_of(case),
        lora_dropout=case.get("dropout", 0.0),
        optimizer=case.get("optimizer", "adamw"),
        eval_every_steps=10**6,
        save_every_steps=10**6,
    )
    settings = make_settings(section, 7, len(rows))
    card = look_at_card()
    config = json.loads((base.folder / "config.json").read_text()) if "shape" not in case else config_of(case["shape"])
    shape = shape_of_config(config)
    wish = Wish(
        method=case.get("method", "auto"),
        engine="fast",
        checkpointing=case.get("checkpointing", "auto"),
        memory_limit_bytes=int(case["limit_gib"] * GIB) if case.get("limit_gib") else None,
        batch_size=section.batch_size,
        accumulation=section.gradient_accumulation_steps,
        steps=case["steps"],
        lora_r=section.lora_r,
        optimizer=section.optimizer,
        dropout=section.lora_dropout > 0,
    )
    plan = choose(card, shape, [len(row.input_ids) for row in rows], wish)
    if case.get("micro_tokens"):
        plan = replace(plan, micro_tokens=case["micro_tokens"])
    return Job(
        base=base, tokenizer=None, rows=rows, validation=[], settings=settings, plan=plan,
        capability=capability_of(card), checkpoints=Path(), start=None,
    )  # fmt: skip


def trainer_of(job: Any, compiled: bool | None = None) -> tuple[Any, Any]:
    """Base and trainer, as the engine puts them together."""
    import torch
    from transformers import get_scheduler

    from medtune.train.fast import prepare_base
    from medtune.train.fast.trainer import FastTrainer

    base, settings = prepare_base.prepare_base(job), job.settings
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()  # loading has its own peak; the forecast is of the training
    name, arguments = settings.schedule()
    trainer = FastTrainer(
        job, base.model, base.built, device=base.device, linear_names=base.linear_names,
        compiled=job.capability.compiled if compiled is None else compiled,
        optimizer=lambda parameters: prepare_base.make_optimizer(parameters, settings, base.device),
        schedule=lambda optimizer: get_scheduler(
            name, optimizer, settings.warmup_steps, settings.steps, scheduler_specific_kwargs=arguments
        ),
    )  # fmt: skip
    return base, trainer


def shaped(case: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Job, base and trainer of a model folder, or of random weights of a shape."""
    hold_to(case.get("limit_gib"))
    from medtune.train.fast import prepare_base

    # Weights are random: the distribution that FP8 is compared on means nothing (the tiny base's does: part `loss`).
    prepare_base.KL_LIMIT_NATS = float("inf")
    base = SimpleNamespace(folder=Path(case.get("model", ".")), name="bench", family=None)
    if "model" not in case:
        prepare_base.load_base = lambda *_, **__: random_model(case["shape"], "cuda")
    job = job_of(case, rows_of(case), base)
    return job, *trainer_of(job)


def timed(trainer: Any, steps: range, warm_up: int) -> tuple[float | None, list[float]]:
    """Tokens a second after the warm-up, and each step's loss."""
    losses, seconds, tokens = [], 0.0, 0
    for step in steps:
        wait()
        began = time.time()
        figures = trainer.step(step)
        wait()
        if step >= steps.start + warm_up:
            seconds, tokens = seconds + time.time() - began, tokens + figures.tokens
        losses.append(figures.loss)
        print("step", step, round(time.time() - began, 3), figures.tokens, round(figures.loss, 4), flush=True)
    return round(tokens / seconds, 1) if seconds else None, losses


def sweep(case: dict[str, Any]) -> dict[str, Any]:
    """Speed and memory of one method with passes of several sizes, and everything kept or computed again."""
    import torch

    from medtune.train.fast.layers import prepare

    _, _, trainer = shaped({**case, "checkpointing": case["sizes"][0][0], "micro_tokens": case["sizes"][0][1]})
    found: list[dict[str, Any]] = []
    first, again = 0, case["sizes"][0][0]
    for checkpointing, tokens in case["sizes"]:
        warm_up = 1
        if checkpointing != again or not found:
            warm_up = 2
            prepare(trainer.layers, compiled=True, checkpointing=checkpointing)
        again = checkpointing
        trainer.room.tokens, trainer.room.checkpointing = tokens, checkpointing
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        speed, _ = timed(trainer, range(first, first + warm_up + case["steps"]), warm_up)
        first += warm_up + case["steps"]
        entry = {"checkpointing": checkpointing, "micro_tokens": tokens, "tokens_per_s": speed, **memory()}
        print("sweep", json.dumps(entry), flush=True)
        found.append(entry)
        if case.get("profile"):
            profile(trainer)
    return {"sweep": found}


def ours(case: dict[str, Any]) -> dict[str, Any]:
    """Speed, loss and memory of the fast engine on a model folder, or on random weights of a shape."""
    began = time.time()
    job, prepared, trainer = shaped(case)
    ready = time.time() - began
    speed, steps = timed(trainer, range(case["steps"]), WARM_UP)
    if case.get("profile"):
        profile(trainer)
    return {
        "tokens_per_s": speed, "losses": [round(x, 4) for x in steps],
        **memory(), "forecast_gib": round((job.plan.memory_bytes or 0) / GIB, 2), "plan": job.plan.facts(),
        "ready_s": round(ready, 1),
        "micro_tokens": trainer.room.tokens, "checkpointing": trainer.room.checkpointing, **prepared.facts,
    }  # fmt: skip


def profile(trainer: Any) -> None:
    """The kernels of one pass, the most expensive ones first."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as recording

    from medtune.train.fast.schedule import cut

    rows = trainer.order.rows(0)
    one = trainer.passes.make(cut(rows, trainer.lengths, trainer.room.tokens)[0]).to(trainer.device)
    with recording(activities=[ProfilerActivity.CUDA]) as found:
        (trainer.loss(one) / one.trained).backward()
        wait()
    events = sorted(found.key_averages(), key=lambda event: -event.self_device_time_total)
    print("# profile of", one.tokens, "tokens, ms", sum(event.self_device_time_total for event in events) / 1e3)
    for event in events[:40]:
        print(f"# {event.self_device_time_total / 1e3:8.2f} ms {event.count:5d} {event.key[:130]}", flush=True)


def forecast(case: dict[str, Any]) -> dict[str, Any]:
    """Measured peak of a setting beside the planner's forecast for exactly the passes that were made."""
    from medtune.train.planner.memory import MemorySetting, predict_memory
    from medtune.train.planner.shape import shape_of_config

    found = ours(case)
    setting = MemorySetting(
        engine="fast", method=case["method"], checkpointing=case["checkpointing"], dtype="bfloat16",
        micro_tokens=case["micro_tokens"], lora_r=case.get("rank", 16), targets=tuple(TARGETS),
        optimizer=case.get("optimizer", "adamw"),
    )  # fmt: skip
    predicted = predict_memory(shape_of_config(config_of(case["shape"])), setting)
    allocated = predicted.allocated / GIB
    return {
        **found, "predicted_gib": round(allocated, 2), "predicted_reserved_gib": round(predicted.reserved / GIB, 2),
        "predicted_to_measured": round(allocated / found["peak_gib"], 3),
        "parts_gib": {name: round(value / GIB, 3) for name, value in predicted.parts().items()},
    }  # fmt: skip


def loss(case: dict[str, Any]) -> dict[str, Any]:
    """Losses of each step on the tiny base: ours, or TRL + PEFT (with bitsandbytes for NF4); same rows, same init."""
    from medtune.chat.base import tiny_folder

    case = {"steps": 200, "batch": 8, "accum": 1, "rate": 1e-3, "alpha": 32, **case}
    rows = tiny_rows(case)
    base = SimpleNamespace(folder=tiny_folder(), name="tiny", family=None)
    job = job_of({**case, "checkpointing": "none", "micro_tokens": 4096}, rows, base)
    prepared, trainer = trainer_of(job, compiled=case.get("compiled", False))
    if case["trainer"] == "ours":
        found = [trainer.step(step).loss for step in range(case["steps"])]
        return {"losses": found, **prepared.facts}
    trainer.write(Path(case["scratch"]))
    return {"losses": reference_losses(job, Path(case["scratch"]), nf4=case["trainer"] == "trl-nf4")}


def tiny_rows(case: dict[str, Any]) -> list[Any]:
    """Real chats in the tiny base's own form, answers trained."""
    from medtune.chat import load_tokenizer
    from medtune.chat.base import tiny_folder
    from medtune.runs.records.collect import Turn
    from medtune.train.rows import TrainRow

    tokenizer, rows = load_tokenizer(tiny_folder()), []
    for at, row in enumerate(read_examples(Path(case["rows"]))):
        question, _, answer = row["text"].partition("[/INST]")
        turns = [
            Turn(role="user", content=question.partition("[INST]")[2].strip()),
            Turn(role="assistant", content=answer.replace("</s>", "").strip()),
        ]
        encoded = tokenizer.encode(turns)
        if len(encoded.input_ids) <= 512:
            rows.append(TrainRow(str(at), encoded.input_ids, encoded.trained))
    return rows[: len(rows) // 64 * 64]  # whole batches only: then plain slices of the order are batches


def reference_losses(job: Any, adapter: Path, *, nf4: bool) -> list[float]:
    """TRL's SFTTrainer on PEFT's layers, from the same initial adapter, in the same order of rows."""
    import torch
    from datasets import Dataset
    from peft import PeftModel, prepare_model_for_kbit_training
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from medtune.train.batches import batch_order

    settings = job.settings
    quantization = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(
        job.base.folder,
        dtype=torch.bfloat16,
        device_map={"": 0},
        **({"quantization_config": quantization} if nf4 else {}),
    )
    if nf4:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    model = PeftModel.from_pretrained(model, str(adapter), is_trainable=True)
    lengths = [len(row.input_ids) for row in job.rows]
    order = [row for epoch in range(4) for row in batch_order(lengths, settings.batch_size, settings.seed, epoch)]
    chosen = [job.rows[row] for row in order[: settings.steps * settings.batch_size]]
    data = Dataset.from_dict({
        "input_ids": [list(row.input_ids) for row in chosen],
        "labels": [[i if t else -100 for i, t in zip(row.input_ids, row.trained, strict=True)] for row in chosen],
    })  # fmt: skip
    losses: list[float] = []

    class Note(TrainerCallback):  # type: ignore[misc]
        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            if logs and "loss" in logs:
                losses.append(float(logs["loss"]))

    tokenizer = AutoTokenizer.from_pretrained(job.base.folder)
    arguments = SFTConfig(
        output_dir=str(adapter / "out"), max_steps=settings.steps, per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate, lr_scheduler_type="linear", warmup_steps=0, weight_decay=0.0,
        optim="adamw_torch_fused", bf16=True, logging_steps=1, max_length=None, report_to="none", save_strategy="no",
        gradient_checkpointing=False, shuffle_dataset=False, disable_tqdm=True,
        dataset_kwargs={"skip_prepare_dataset": True},
        logging_nan_inf_filter=False,
    )  # fmt: skip

    class InOrder(SFTTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any, **__: Any) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

    InOrder(model=model, args=arguments, train_dataset=data, processing_class=tokenizer, callbacks=[Note()]).train()
    return losses


def resume(case: dict[str, Any]) -> dict[str, Any]:
    """A training of the tiny base; `save`: writes a checkpoint there and goes on; `start`: begins at it."""
    from medtune.chat.base import tiny_folder
    from medtune.train.checkpoints import Checkpoint

    case = {"steps": 120, "batch": 8, "rate": 1e-3, "alpha": 32, "method": "fp8", "checkpointing": "none", **case}
    base = SimpleNamespace(folder=tiny_folder(), name="tiny", family=None)
    job = job_of({**case, "micro_tokens": 4096}, tiny_rows(case), base)
    folder = Path(case["scratch"])
    begun = 0
    if case.get("start"):
        job = replace(job, start=Checkpoint(case["start"], folder, 0, 0.0))
    _, trainer = trainer_of(job, compiled=False)
    if case.get("start"):
        begun = trainer.resume(folder)
    losses = []
    for step in range(begun, case["steps"]):
        losses.append(trainer.step(step).loss)
        if case.get("save") == step + 1:
            trainer.write(folder)
        if case.get("kill") == step + 1:
            os.kill(os.getpid(), 9)
    return {"begun": begun, "losses": losses}


# Peers


def peer(case: dict[str, Any]) -> dict[str, Any]:
    """Unsloth, or TRL + PEFT, as their documentation shows them."""
    unsloth = case["trainer"].startswith("unsloth")
    if unsloth:
        from unsloth import FastLanguageModel
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    hold_to(case.get("limit_gib"))
    longest, checkpointing = case.get("longest", 2048), case.get("checkpointing", "full") != "none"
    lora = None
    if unsloth:
        model, tokenizer = FastLanguageModel.from_pretrained(
            case["model"],
            max_seq_length=longest,
            load_in_4bit=case.get("method", "qlora") == "qlora",
            dtype=torch.bfloat16,
        )
        model = FastLanguageModel.get_peft_model(
            model, r=16, lora_alpha=16, lora_dropout=0, target_modules=list(targets_of(case)), random_state=0,
            use_gradient_checkpointing="unsloth" if checkpointing else False,
        )  # fmt: skip
    else:
        from peft import LoraConfig

        tokenizer = AutoTokenizer.from_pretrained(case["model"])
        model = AutoModelForCausalLM.from_pretrained(
            case["model"], dtype=torch.bfloat16, device_map={"": 0}, attn_implementation="sdpa",
            quantization_config=BitsAndBytesConfig(
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=torch.bfloat16,
            ),
        )  # fmt: skip
        lora = LoraConfig(r=16, lora_alpha=16, lora_dropout=0.0, target_modules=TARGETS, task_type="CAUSAL_LM")
    texts = [row["text"] for row in read_examples(Path(case["rows"]))]
    tokens, stamps, losses = [0], [], []

    class Note(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            torch.cuda.synchronize()
            stamps.append((time.time(), tokens[0]))

        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            if logs and "loss" in logs:
                losses.append(float(logs["loss"]))

    class Counting(SFTTrainer):  # type: ignore[misc]
        def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            mask = inputs.get("attention_mask")
            ids = inputs["input_ids"]
            tokens[0] += int(mask.sum()) if mask is not None and mask.dim() == 2 else int(ids.numel())
            return super().training_step(model, inputs, *args, **kwargs)

    arguments = SFTConfig(
        output_dir=case["scratch"], max_steps=case["steps"], per_device_train_batch_size=case.get("batch", 4),
        gradient_accumulation_steps=case.get("accum", 4), learning_rate=2e-4, optim="paged_adamw_8bit", bf16=True,
        logging_steps=1, max_length=longest, report_to="none", save_strategy="no", packing=case.get("packing", False),
        dataset_text_field="text", gradient_checkpointing=checkpointing, seed=0, disable_tqdm=True,
        **({"use_liger_kernel": True} if case["trainer"] == "trl-liger" else {}),
    )  # fmt: skip
    trainer = Counting(
        model=model, train_dataset=Dataset.from_dict({"text": texts}), processing_class=tokenizer, args=arguments,
        peft_config=lora, callbacks=[Note()],
    )  # fmt: skip
    torch.cuda.reset_peak_memory_stats()
    trainer.train()
    warm = min(3, len(stamps) - 2)
    (began, before), (ended, after) = stamps[warm], stamps[-1]
    return {"tokens_per_s": round((after - before) / (ended - began), 1), "losses": losses, **memory(),
            "tokens_per_step": round((after - before) / (len(stamps) - 1 - warm))}  # fmt: skip


if __name__ == "__main__":
    main()
