"""Memory and time of merging a LoRA adapter: medtune's own merge, and PEFT's `merge_and_unload` where it fits.

    python benchmarks/merge.py --shapes 7b gemma3n > merge.json     peak memory; needs some 35 GB of disk
    python benchmarks/merge.py --shapes small --against-peft        time against PEFT, in one run

Every merge runs in a process of its own, which reports its peak resident memory; rounds of different mergers take
turns. Weights are random numbers drawn once and repeated: a merge treats all of them alike. PEFT is measured from
loading the base to the saved model (in float32, as the bit-equality is defined, and in the base's own type), medtune
from reading heads to the merged folder.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO

MERGERS = ("medtune", "peft-float32", "peft-bfloat16")
RANK = 16
_BLOCK = 1 << 24

Shape = tuple[int, ...]


def shape_7b() -> dict[str, Shape]:
    """Mistral 7B: 32 layers of 4096, vocabulary of 32,000."""
    return llama(vocabulary=32000, hidden=4096, inner=14336, layers=32, kv=1024)


def shape_small() -> dict[str, Shape]:
    """A Llama of a billion weights: PEFT needs 5 GB for it in float32."""
    return llama(vocabulary=32000, hidden=2048, inner=8192, layers=16, kv=512)


def shape_tiny() -> dict[str, Shape]:
    """To try this script."""
    return llama(vocabulary=1024, hidden=256, inner=512, layers=2, kv=128)


def shape_gemma3n() -> dict[str, Shape]:
    """Gemma 3n E4B as far as a merge sees it: 35 layers, and one embedding of 4.4 GiB for all of them."""
    tensors = llama(
        vocabulary=262400, hidden=2048, inner=16384, layers=35, kv=512, prefix="model.language_model", head=False
    )
    tensors["model.language_model.embed_tokens_per_layer.weight"] = (262144, 35 * 256)
    return tensors


def llama(
    *, vocabulary: int, hidden: int, inner: int, layers: int, kv: int, prefix: str = "model", head: bool = True
) -> dict[str, Shape]:
    """Tensors of a Llama-like model by name."""
    tensors: dict[str, Shape] = {
        f"{prefix}.embed_tokens.weight": (vocabulary, hidden),
        f"{prefix}.norm.weight": (hidden,),
    }
    if head:
        tensors["lm_head.weight"] = (vocabulary, hidden)
    for layer in range(layers):
        at = f"{prefix}.layers.{layer}"
        tensors |= {
            f"{at}.self_attn.q_proj.weight": (hidden, hidden),
            f"{at}.self_attn.k_proj.weight": (kv, hidden),
            f"{at}.self_attn.v_proj.weight": (kv, hidden),
            f"{at}.self_attn.o_proj.weight": (hidden, hidden),
            f"{at}.mlp.gate_proj.weight": (inner, hidden),
            f"{at}.mlp.up_proj.weight": (inner, hidden),
            f"{at}.mlp.down_proj.weight": (hidden, inner),
            f"{at}.input_layernorm.weight": (hidden,),
            f"{at}.post_attention_layernorm.weight": (hidden,),
        }
    return tensors


SHAPES = {"7b": shape_7b, "gemma3n": shape_gemma3n, "small": shape_small, "tiny": shape_tiny}


def main() -> None:
    """Measure every shape with every merger and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", default=["small"], choices=SHAPES)
    parser.add_argument("--against-peft", action="store_true", help="measure PEFT on the same files as well")
    parser.add_argument("--adapt-embeddings", action="store_true", help="LoRA on every embedding, too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the models are made (default: the temporary folder)")
    parser.add_argument("--worker", nargs=4, metavar=("MERGER", "BASE", "ADAPTER", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        merger, base, adapter, out = options.worker
        print(json.dumps(measure(merger, Path(base), Path(adapter), Path(out))))
        return
    mergers = MERGERS if options.against_peft else MERGERS[:1]
    print(json.dumps({shape: compare(shape, mergers, options) for shape in options.shapes}, indent=2))


def compare(shape: str, mergers: tuple[str, ...], options: argparse.Namespace) -> dict[str, Any]:
    """All mergers in turns on one made-up model."""
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="medtune-merge-") as scratch:
        base, adapter = Path(scratch) / "base", Path(scratch) / "adapter"
        tensors = SHAPES[shape]()
        write_base(base, tensors)
        write_adapter(adapter, tensors, embeddings=options.adapt_embeddings)
        found: dict[str, list[dict[str, float]]] = {merger: [] for merger in mergers}
        for _ in range(options.rounds):
            for merger in mergers:
                found[merger].append(in_process(merger, base, adapter, Path(scratch) / "out"))
                print(f"{shape} {merger}: {found[merger][-1]}", file=sys.stderr)
        size = sum(path.stat().st_size for path in base.glob("*.safetensors"))
    seconds = {merger: median(run["seconds"] for run in runs) for merger, runs in found.items()}
    return {
        "base_bytes": size,
        "largest_tensor_bytes": 2 * max(count(shape) for shape in tensors.values()),
        "adapted_embeddings": options.adapt_embeddings,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "rounds": options.rounds,
        "peak_rss_mib": {merger: round(max(run["peak_rss_mib"] for run in runs), 1) for merger, runs in found.items()},
        "seconds": {merger: round(value, 3) for merger, value in seconds.items()},
        "medtune_to": {merger: round(seconds["medtune"] / value, 3) for merger, value in seconds.items()},
    }


def in_process(merger: str, base: Path, adapter: Path, out: Path) -> dict[str, float]:
    """One merge in its own process; its result is removed."""
    import shutil

    command = [sys.executable, __file__, "--worker", merger, str(base), str(adapter), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    shutil.rmtree(out, ignore_errors=True)
    if done.returncode:
        raise SystemExit(f"{merger} failed:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measure(merger: str, base: Path, adapter: Path, out: Path) -> dict[str, float]:
    """Seconds of the merge without imports, and the process's peak memory."""
    began = (
        merge_with_medtune(base, adapter, out) if merger == "medtune" else merge_with_peft(merger, base, adapter, out)
    )
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    return {"seconds": round(seconds, 3), "peak_rss_mib": round(peak, 1)}


def merge_with_medtune(base: Path, adapter: Path, out: Path) -> float:
    """Returns when it began."""
    import torch  # noqa: F401 (imported before the clock starts, as for PEFT)

    from medtune.export.adapter import read_adapter
    from medtune.export.merge import merge
    from medtune.export.weights import read_weights

    began = time.perf_counter()
    merge(read_weights(base), read_adapter(adapter), out)
    return began


def merge_with_peft(merger: str, base: Path, adapter: Path, out: Path) -> float:
    """Returns when it began."""
    import warnings

    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    warnings.simplefilter("ignore")
    began = time.perf_counter()
    dtype = torch.float32 if merger == "peft-float32" else torch.bfloat16
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, local_files_only=True)
    merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    merged.to(torch.bfloat16).save_pretrained(out)
    return began


def write_base(folder: Path, tensors: dict[str, Shape]) -> None:
    """A bfloat16 model in shards of at most some 5 GB, each tensor the same random numbers over and over."""
    from medtune.core.io import write_json
    from medtune.export.weights import NewTensor, write_safetensors

    folder.mkdir()
    block = random_block()
    shards = list(in_shards(tensors))
    index = {}
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        new = [
            NewTensor(name, "BF16", tensors[name], 2 * count(tensors[name]), pour(block, tensors[name]))
            for name in names
        ]
        write_safetensors(folder / file, new, {"format": "pt"})
        index |= dict.fromkeys(names, file)
    write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": index})
    write_json(folder / "config.json", config_of(tensors))


def config_of(tensors: dict[str, Shape]) -> dict[str, Any]:
    """A configuration that transformers can load where the names are a Llama's."""
    vocabulary, hidden = next(shape for name, shape in tensors.items() if name.endswith("embed_tokens.weight"))
    inner = next(shape[0] for name, shape in tensors.items() if name.endswith("gate_proj.weight"))
    kv = next(shape[0] for name, shape in tensors.items() if name.endswith("k_proj.weight"))
    layers = sum(name.endswith("gate_proj.weight") for name in tensors)
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocabulary, "hidden_size": hidden,
        "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": hidden // 128,
        "num_key_value_heads": kv // 128, "head_dim": 128, "tie_word_embeddings": "lm_head.weight" not in tensors,
        "torch_dtype": "bfloat16",
    }  # fmt: skip


def write_adapter(folder: Path, tensors: dict[str, Shape], *, embeddings: bool) -> None:
    """LoRA of rank 16 on every linear layer, as PEFT writes it."""
    import torch
    from safetensors.torch import save_file

    from medtune.core.io import write_json

    folder.mkdir()
    generator = torch.Generator().manual_seed(2)
    halves = {}
    for name, shape in tensors.items():
        key = f"base_model.model.{name.removesuffix('.weight')}"
        if name.endswith("proj.weight"):
            halves[f"{key}.lora_A.weight"] = torch.randn(RANK, shape[1], generator=generator) * 0.02
            halves[f"{key}.lora_B.weight"] = torch.randn(shape[0], RANK, generator=generator) * 0.02
        elif embeddings and ".embed_tokens" in name:
            halves[f"{key}.lora_embedding_A"] = torch.randn(RANK, shape[0], generator=generator) * 0.02
            halves[f"{key}.lora_embedding_B"] = torch.randn(shape[1], RANK, generator=generator) * 0.02
    save_file(halves, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    modules = sorted({name.rpartition(".lora_")[0].rpartition(".")[2] for name in halves})
    write_json(
        folder / "adapter_config.json",
        {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": RANK, "lora_alpha": 32, "target_modules": modules},
    )


def in_shards(tensors: dict[str, Shape], most_bytes: int = 5_000_000_000) -> Iterator[list[str]]:
    """Names in groups that fill a file."""
    names: list[str] = []
    size = 0
    for name, shape in tensors.items():
        if names and size + 2 * count(shape) > most_bytes:
            yield names
            names, size = [], 0
        names.append(name)
        size += 2 * count(shape)
    yield names


def random_block() -> bytes:
    """Random bfloat16 numbers of a usual size, as bytes."""
    import torch

    numbers = torch.randn(_BLOCK // 2, generator=torch.Generator().manual_seed(1)) * 0.02
    return bytes(numbers.bfloat16().view(torch.uint8).numpy().data)


def pour(block: bytes, shape: Shape) -> Any:
    """Writes a tensor of this shape."""

    def write(file: BinaryIO) -> None:
        left = 2 * count(shape)
        while left:
            piece = block[: min(left, len(block))]
            file.write(piece)
            left -= len(piece)

    return write


def count(shape: Shape) -> int:
    """Weights of a tensor."""
    total = 1
    for length in shape:
        total *= length
    return total


if __name__ == "__main__":
    main()
