"""A Llama of 2 layers with random weights and a real SentencePiece tokenizer: enough for every tool, made in 1 s."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medtune.llamacpp.toolchain import Toolchain

SENTENCES = (
    "Asthma is a disease that affects the airways of the lungs and makes it hard to breathe.",
    "High blood pressure is a common condition; it often has no symptoms for years.",
    "Diabetes means that the level of sugar in the blood is too high.",
    "Anemia happens when the blood does not have enough healthy red cells to carry oxygen.",
    "Talk to a doctor before you start, stop or change any medicine, and ask about side effects.",
    "Migraine is a headache that throbs on one side of the head, with nausea and pain from light.",
)
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
HIDDEN, INNER, LAYERS, HEADS, KV_HEADS = 256, 512, 2, 4, 2
MARKERS = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")


def write_toy_model(folder: Path, *, hidden: int = HIDDEN, architecture: str = "LlamaForCausalLM") -> Path:
    """Write config, weights, tokenizer and chat template; `hidden` must be a multiple of 4."""
    folder.mkdir(parents=True, exist_ok=True)
    vocab = _write_tokenizer(folder)
    config = {
        "architectures": [architecture],
        "model_type": "llama",
        "hidden_size": hidden,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "vocab_size": vocab,
        "max_position_embeddings": 512,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 3 + MARKERS.index("<|end|>"),
        "torch_dtype": "float32",
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    _write_weights(folder, vocab, hidden)
    return folder


def _write_tokenizer(folder: Path) -> int:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=model,
        model_type="bpe",
        vocab_size=512,
        byte_fallback=True,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        user_defined_symbols=[*MARKERS, "\n"],
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    # The converter cannot see which pieces of a SentencePiece model are user-defined: unlisted ones become plain
    # text pieces that llama.cpp never matches as a whole.
    added = {
        str(number): {"content": piece, "special": piece in MARKERS}
        for number, piece in enumerate([*MARKERS, "\n"], start=3)
    }
    settings = {
        "added_tokens_decoder": added,
        "tokenizer_class": "LlamaTokenizer",
        "bos_token": "<s>",
        "eos_token": "<|end|>",
        "unk_token": "<unk>",
        "add_bos_token": False,
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return int(sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()).vocab_size())


def _write_weights(folder: Path, vocab: int, hidden: int) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    random = np.random.default_rng(0)
    kv = hidden // HEADS * KV_HEADS

    def matrix(rows: int, columns: int) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
        return (random.standard_normal((rows, columns)) * 0.05).astype(np.float32)

    ones = np.ones(hidden, dtype=np.float32)
    tensors = {"model.embed_tokens.weight": matrix(vocab, hidden), "model.norm.weight": ones.copy()}
    for layer in range(LAYERS):
        shapes = {
            "self_attn.q_proj": (hidden, hidden),
            "self_attn.k_proj": (kv, hidden),
            "self_attn.v_proj": (kv, hidden),
            "self_attn.o_proj": (hidden, hidden),
            "mlp.gate_proj": (INNER, hidden),
            "mlp.up_proj": (INNER, hidden),
            "mlp.down_proj": (hidden, INNER),
        }
        for name, shape in shapes.items():
            tensors[f"model.layers.{layer}.{name}.weight"] = matrix(*shape)
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{layer}.{name}.weight"] = ones.copy()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def toy_gguf(toolchain: "Toolchain", folder: Path) -> Path:
    """The toy model as F16 GGUF in `folder`, converted once by the real converter."""
    from medtune.llamacpp.convert import to_gguf

    file = folder / "toy-F16.gguf"
    if not file.exists():
        write_toy_model(folder / "toy")
        to_gguf(toolchain, folder / "toy", file, metadata={"general.name": "toy"}, log=folder / "convert.log")
    return file
