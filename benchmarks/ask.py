"""Tokens per second of asking, against llama-batched-bench on the same file, slots and lengths, in turns in one run.

    python benchmarks/ask.py [--questions 32] [--rounds 3] [--slots 8] [--cache FOLDER]

The model has random weights, 0.5 billion parameters (Llama shape, the embedded base's tokenizer) and Q4_K_M. Both
sides read prompts of the same length and write answers of the same length; tokens are prompt and answer tokens, time is
wall time without loading. llama-batched-bench is built once from the pinned source into the cache (some minutes).
Prints one JSON object; `ratio` is ask over batched-bench, of medians.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from medtune.ask.asking import ask_build
from medtune.ask.cases import questions_of
from medtune.ask.setting import Setting, count_prompts, usable_cores
from medtune.chat.base import tiny_folder
from medtune.core.proc import run_tool
from medtune.llamacpp import source
from medtune.llamacpp.convert import to_gguf
from medtune.llamacpp.install import configure_arguments
from medtune.llamacpp.quantize import quantize
from medtune.llamacpp.toolchain import Toolchain, cache_folder, find
from medtune.llm.messages import Decoding
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.collect import Turn

BENCH = "llama-batched-bench"
SHAPE = {"hidden_size": 1280, "intermediate_size": 3584, "num_hidden_layers": 27, "num_attention_heads": 20}
ANSWER_TOKENS = 128
CONTEXT = 512
_ROW = re.compile(r"^\|(?:[^|]*\|)+\s*$")


def main() -> None:
    """Measure both sides in turns and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--cache", type=Path, default=cache_folder())
    options = parser.parse_args()
    toolchain = find()
    bench = batched_bench(toolchain, options.cache)
    gguf = random_model(toolchain, options.cache)
    threads = usable_cores()
    cases = [question(number) for number in range(options.questions)]
    with tempfile.TemporaryDirectory() as folder:
        prompts = count_prompts(toolchain, gguf, cases, Path(folder) / "prompts.log")
        length = round(median(prompts.values()))
        asked, benched = [], []
        for number in range(options.rounds):
            benched.append(run_bench(bench, gguf, length, options.slots, threads))
            asked.append(run_ask(toolchain, gguf, cases, slots=options.slots, threads=threads, folder=Path(folder)))
            print(f"round {number + 1}: bench {benched[-1]:.0f}, ask {asked[-1]:.0f} tokens/s", file=sys.stderr)
    print(
        json.dumps(
            {
                "file": gguf.name,
                "size_bytes": gguf.stat().st_size,
                "threads": threads,
                "slots": options.slots,
                "questions": options.questions,
                "prompt_tokens": length,
                "answer_tokens": ANSWER_TOKENS,
                "bench_tokens_per_s": [round(value, 1) for value in benched],
                "ask_tokens_per_s": [round(value, 1) for value in asked],
                "ratio": round(median(asked) / median(benched), 3),
            }
        )
    )


def question(number: int) -> AskedCase:
    """A prompt of about 100 tokens that shares no beginning with the others."""
    words = " ".join(f"word{(number * 37 + place * 11) % 97}" for place in range(24))
    return AskedCase(
        id=f"bench/{number}",
        suite="bench",
        cluster=f"bench/{number}",
        messages=(Turn(role="user", content=f"{number}: {words}"),),
        gated=False,
        contract="",
        severity=1,
        public=True,
    )


def run_ask(
    toolchain: Toolchain, gguf: Path, cases: list[AskedCase], *, slots: int, threads: int, folder: Path
) -> float:
    """Prompt and answer tokens per second of the ask stage's own loop, loading left out."""
    answers: list[tuple[float, Response]] = []
    setting = Setting(
        Decoding(max_tokens=ANSWER_TOKENS), context=CONTEXT, threads=threads, servers=1, timeout_s=600.0, slots=slots
    )
    # The first questions only warm up: a server that has just been started reads its file page by page.
    warm = questions_of(cases[:slots], 0)
    rest = questions_of(cases, 0)
    ask_build(
        toolchain,
        "bench",
        gguf,
        [*warm, *rest],
        setting=setting,
        logs=folder,
        on_answer=lambda one: answers.append((time.perf_counter(), one)),
    )
    began, counted = answers[len(warm) - 1][0], answers[len(warm) :]
    tokens = sum(one.prompt_tokens + one.completion_tokens for _, one in counted)
    return tokens / (counted[-1][0] - began)


def run_bench(bench: Path, gguf: Path, prompt: int, slots: int, threads: int) -> float:
    """Prompt and answer tokens per second of llama-batched-bench, as it prints them (the last column, S t/s)."""
    argv = [bench, "-m", gguf, "-c", CONTEXT * slots, "-npp", prompt, "-ntg", ANSWER_TOKENS, "-npl", slots]
    argv += ["-t", threads, "-tb", threads]
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)
    rows = [line for line in done.stdout.splitlines() if _ROW.match(line) and re.search(r"\d", line)]
    if done.returncode or not rows:
        raise SystemExit(f"{BENCH} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return float(rows[-1].strip().strip("|").split("|")[-1])


def random_model(toolchain: Toolchain, cache: Path) -> Path:
    """A Q4_K_M file of 0.5 billion random weights; made once."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    folder = cache / "bench-0.5b"
    gguf = folder / "random-0.5b-Q4_K_M.gguf"
    if gguf.exists():
        return gguf
    folder.mkdir(parents=True, exist_ok=True)
    model_folder = folder / "model"
    shutil.copytree(tiny_folder(), model_folder, dirs_exist_ok=True)
    for file in model_folder.glob("*.safetensors*"):
        file.unlink()
    torch.manual_seed(7)
    config = AutoConfig.from_pretrained(model_folder)
    config.update({**SHAPE, "num_key_value_heads": 4, "head_dim": SHAPE["hidden_size"] // SHAPE["num_attention_heads"]})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    print(f"{sum(weight.numel() for weight in model.parameters()) / 1e9:.2f} billion weights", file=sys.stderr)
    model.save_pretrained(model_folder)
    whole = to_gguf(toolchain, model_folder, folder / "random-0.5b-F16.gguf", log=folder / "convert.log")
    quantize(toolchain, whole, gguf, "Q4_K_M", threads=usable_cores())
    whole.unlink()
    shutil.rmtree(model_folder)
    return gguf


def batched_bench(toolchain: Toolchain, cache: Path) -> Path:
    """The tool of the pinned source, built for the toolchain's backend into the cache; built once."""
    folder = cache / "llama.cpp" / f"{BENCH}-{source.SDIST_SHA256[:12]}-{toolchain.backend}"
    tool = folder / "build" / "bin" / BENCH
    if tool.exists():
        return tool
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "build.log"
    tree = folder / "source"
    if not tree.exists():
        archive = source.fetch(folder, log)
        tree = source.unpack(archive, folder / "source")
    llama = tree / "vendor" / "llama.cpp"
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    arguments = [*generator, *configure_arguments(toolchain.backend)]
    run_tool(["cmake", "-S", llama, "-B", folder / "build", *arguments], what=f"configuring {BENCH}", log=log)
    jobs = os.environ.get("MEDTUNE_BUILD_JOBS") or str(usable_cores())
    print(f"building {BENCH} (some minutes)", file=sys.stderr)
    run_tool(
        ["cmake", "--build", folder / "build", "--config", "Release", "--parallel", jobs, "--target", BENCH],
        what=f"building {BENCH}",
        log=log,
    )
    return tool


if __name__ == "__main__":
    main()
