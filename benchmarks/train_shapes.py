"""What the training benchmark trains: random-weight models of real shapes, and one list of real examples for all."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

EXAMPLES, LONGEST, SEED = 1600, 2048, 816

SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "mistral-7b": ("MistralConfig", {
        "vocab_size": 32768, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "sliding_window": None,
        "max_position_embeddings": 32768, "rope_theta": 1e6,
    }),
    "llama-1b": ("LlamaConfig", {
        "vocab_size": 128256, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64, "tie_word_embeddings": True,
    }),
    "qwen-3b": ("Qwen2Config", {
        "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
        "num_attention_heads": 16, "num_key_value_heads": 2, "tie_word_embeddings": True,
    }),
    "llama3-8b": ("LlamaConfig", {
        "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "rope_theta": 5e5,
    }),
    "qwen2.5-7b": ("Qwen2Config", {
        "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
        "num_attention_heads": 28, "num_key_value_heads": 4,
    }),
    "phi4-mini": ("Phi3Config", {
        "vocab_size": 200064, "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32,
        "num_attention_heads": 24, "num_key_value_heads": 8, "tie_word_embeddings": True, "partial_rotary_factor": 0.75,
    }),
    "smollm-1.7b": ("LlamaConfig", {
        "vocab_size": 49152, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24,
        "num_attention_heads": 32, "num_key_value_heads": 32, "tie_word_embeddings": True,
    }),
    "gemma3n-e4b": ("Gemma3nTextConfig", {}),
}  # fmt: skip
"""Shapes as the models' own config.json have them (Gemma 3n: the configuration class's own values are E4B's)."""
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
FUSED = {"phi4-mini": ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]}
"""Layers to adapt where a family has other names for them."""


def config_of(shape: str) -> dict[str, Any]:
    """The configuration whole, with the class's own values."""
    import transformers

    name, values = SHAPES[shape]
    return dict(getattr(transformers, name)(**values).to_dict())


def random_model(shape: str, device: str) -> Any:
    """Random bf16 weights. Query and key weights are a quarter of the usual size: with transformers' initial values a
    random model's attention saturates (scores of standard deviation 18), which no trained model's does, and any
    rounding of the weights is then a coin toss."""
    import torch
    import transformers

    name, values = SHAPES[shape]
    config = getattr(transformers, name)(bos_token_id=1, eos_token_id=2, pad_token_id=0, **values)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        model = transformers.AutoModelForCausalLM.from_config(config)
    torch.set_default_dtype(torch.float32)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if any(part in key for part in ("q_proj.weight", "k_proj.weight", "qkv_proj.weight", "q_norm.weight")):
                weight.mul_(0.25)
    return model


def write_model(shape: str, folder: Path, tokenizer: Path) -> None:
    """A model folder with a tokenizer, once."""
    import torch

    if (folder / "whole").is_file():
        return
    random_model(shape, "cuda" if torch.cuda.is_available() else "cpu").save_pretrained(folder)
    for file in tokenizer.iterdir():
        shutil.copy(file, folder)
    (folder / "whole").touch()


def write_examples(path: Path, tokenizer: Path, count: int = EXAMPLES) -> None:
    """Questions and answers of the bundled MedQuAD in the tokenizer's own chat form: text and ids, cut at LONGEST."""
    from transformers import AutoTokenizer

    from medtune.collect.sources.medquad import BUNDLED, bundled_folder, raw_documents
    from medtune.collect.sources.medquad_xml import DocumentError, parse_document

    pairs = []
    for _, data in sorted(raw_documents(bundled_folder() / BUNDLED)):
        try:
            pairs += [(pair.question, pair.answer) for pair in parse_document(data).pairs if pair.answer]
        except DocumentError:
            continue
    random.Random(SEED).shuffle(pairs)
    tool = AutoTokenizer.from_pretrained(tokenizer)
    with path.open("w", encoding="utf-8") as file:
        for question, answer in pairs[:count]:
            turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            ids = tool(tool.apply_chat_template(turns, tokenize=False), add_special_tokens=False)["input_ids"][:LONGEST]
            file.write(json.dumps({"text": tool.decode(ids), "input_ids": ids}) + "\n")


def read_examples(path: Path, longest: int = LONGEST) -> list[dict[str, Any]]:
    """The shared list; ids cut at `longest`."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{**row, "input_ids": row["input_ids"][:longest]} for row in rows]
