"""A model folder of every family: the true architecture class, small, with random weights.

Tokenizer and chat template come from the pinned llama.cpp source where it carries them, else from an installed library;
`ORIGINS` says which parts are stand-ins. Nothing is typed from memory. Big vocabularies take seconds to build: use the
`family_model` fixture, which keeps the folders.
"""

import contextlib
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TEMPLATES = "models/templates"
_SENTENCES = (
    "Asthma is a disease that affects the airways of the lungs and makes it hard to breathe.",
    "High blood pressure is a common condition; it often has no symptoms for years.",
    "Diabetes means that the level of sugar in the blood is too high.",
    "Anemia happens when the blood does not have enough healthy red cells to carry oxygen.",
    "Talk to a doctor before you start, stop or change any medicine, and ask about side effects.",
    "Migraine is a headache that throbs on one side of the head, with nausea and pain from light.",
)


@dataclass(frozen=True)
class Origin:
    """Where a family's tokenizer and template come from; `real` when both are those of a released model."""

    vocabulary: str
    """`ggml-vocab-NAME.gguf` of the llama.cpp source, `gemma` for a trained stand-in, `tiny` for the embedded base."""
    template: str
    """A path in the llama.cpp source, or `trl:FILE` of the installed trl package."""
    real: bool


ORIGINS: dict[str, Origin] = {
    "gemma3n": Origin("gemma", "trl:gemma3.jinja", real=False),
    "gemma3": Origin("gemma", "trl:gemma3.jinja", real=False),
    "mistral": Origin("llama-spm", f"{_TEMPLATES}/mistralai-Mistral-Nemo-Instruct-2407.jinja", real=False),
    "llama3": Origin("llama-bpe", f"{_TEMPLATES}/meta-llama-Llama-3.1-8B-Instruct.jinja", real=True),
    "qwen2.5": Origin("qwen2", f"{_TEMPLATES}/Qwen-Qwen2.5-7B-Instruct.jinja", real=True),
    "qwen3": Origin("qwen2", f"{_TEMPLATES}/Qwen-Qwen3-0.6B.jinja", real=False),
    "phi4-mini": Origin("qwen2", f"{_TEMPLATES}/microsoft-Phi-3.5-mini-instruct.jinja", real=False),
    "smollm": Origin("qwen2", f"{_TEMPLATES}/HuggingFaceTB-SmolLM3-3B.jinja", real=False),
    "tiny": Origin("tiny", "", real=True),
}
FAMILY_NAMES: tuple[str, ...] = tuple(ORIGINS)

SPECIAL: dict[str, dict[str, Any]] = {
    "gemma": {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"},
    "llama-spm": {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_prefix_space": False},
    "llama-bpe": {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    "qwen2": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    "phi4-mini": {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"},
}  # fmt: skip
_CLASSES = {
    "gemma": "GemmaTokenizer", "llama-spm": "LlamaTokenizer", "llama-bpe": "PreTrainedTokenizerFast",
    "qwen2": "Qwen2Tokenizer", "phi4-mini": "GPT2Tokenizer",
}  # fmt: skip
_ADDED = {"llama-spm": ("[INST]", "[/INST]")}
"""Control tokens that the stand-in vocabulary lacks and the family's template writes."""
_DRESSED = {"phi4-mini": ("<|assistant|>", "<|end|>", "<|user|>", "<|system|>")}
"""Families that borrow another one's vocabulary and put their own control tokens and tokenizer class on it."""
_ENDS = {
    "gemma": ("<eos>", "<end_of_turn>"), "llama-spm": ("</s>",), "llama-bpe": ("<|eot_id|>", "<|end_of_text|>"),
    "qwen2": ("<|im_end|>", "<|endoftext|>"), "phi4-mini": ("<|endoftext|>", "<|end|>"),
}  # fmt: skip
_WIDE = 256
"""Rows that k-quants take."""
_NARROW = 64
"""Rows where the vocabulary is big; k-quants fall back."""


def write_family_model(
    name: str, folder: Path, llama_source: Path, *, hidden: int | None = None, tokenizers: Path | None = None
) -> Path:
    """Write a whole model folder (bfloat16 weights) of a family and return it.

    `llama_source` is the folder of llama.cpp that holds `models/`. `hidden` is the width (a multiple of 64), by default
    256 where the vocabulary is small and 64 where it is big. Tokenizers are kept in `tokenizers` for the next family.
    """
    if name == "tiny":
        from medtune.chat.base import tiny_folder

        return Path(shutil.copytree(tiny_folder(), folder, dirs_exist_ok=True))
    origin = ORIGINS[name]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = origin.vocabulary
    if vocabulary == "gemma":
        _write_gemma_tokenizer(folder)
    else:
        made = None if tokenizers is None else tokenizers / vocabulary
        if made is not None and made.is_dir():
            shutil.copytree(made, folder, dirs_exist_ok=True)
        else:
            _write_real_tokenizer(vocabulary, folder, llama_source)
            if made is not None:
                with contextlib.suppress(FileExistsError):
                    shutil.copytree(folder, made)
    if name in _DRESSED:
        _dress(name, folder)
    (folder / "chat_template.jinja").write_text(template_text(name, llama_source), encoding="utf-8")
    ids = _token_ids(folder)
    dress = name if name in _DRESSED else vocabulary
    ends = [ids[token] for token in _ENDS[dress]]
    special = SPECIAL[dress]
    _write_model(
        name,
        folder,
        vocab=_embedding_rows(len(ids)),
        hidden=hidden or (_NARROW if vocabulary in ("llama-bpe", "qwen2") else _WIDE),
        bos=ids.get(special.get("bos_token", ""), None),
        pad=ids.get(special.get("pad_token", ""), None),
        ends=ends,
    )
    return folder


def write_multimodal(name: str, language: Path, folder: Path) -> Path:
    """The same language model as released larger ones hold it: inside `…ForConditionalGeneration`, beside towers.

    Gemma 3 by its own class. Gemma 3n's towers need timm, which medtune does without: there, configuration and names
    of the weights are as released, and a few small tensors stand for the towers.
    """
    from safetensors.torch import load_file, save_file

    folder.mkdir(parents=True)
    for path in language.iterdir():
        if path.name not in ("config.json", "model.safetensors"):
            (folder / path.name).symlink_to(path.resolve())
    text = json.loads((language / "config.json").read_text(encoding="utf-8"))
    own = load_file(language / "model.safetensors")
    if name == "gemma3":
        _write_gemma3_multimodal(text, own, folder)
        return folder
    import torch
    from transformers import Gemma3nConfig

    text.pop("architectures")
    config = Gemma3nConfig(text_config=text, architectures=["Gemma3nForConditionalGeneration"])
    (folder / "config.json").write_text(config.to_json_string(), encoding="utf-8")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        towers = {tower: torch.randn(shape).bfloat16() for tower, shape in _TOWERS.items()}
    named = {f"model.language_model.{key.removeprefix('model.')}": tensor for key, tensor in own.items()}
    save_file({**named, **towers}, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


_TOWERS = {
    "model.vision_tower.timm_model.conv_stem.conv.weight": (8, 3, 3, 3),
    "model.vision_tower.timm_model.blocks.0.0.conv_exp.weight": (8, 8, 3, 3),
    "model.audio_tower.conformer.0.attention.attn.q_proj.weight": (64, 64),
    "model.embed_vision.embedding.weight": (128, 64),
    "model.embed_audio.embedding_projection.weight": (256, 64),
}
"""Names as in released Gemma 3n files; q_proj stands for layers that are called like those of the language model."""


def _write_gemma3_multimodal(text: dict[str, Any], own: dict[str, Any], folder: Path) -> None:
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": 56, "patch_size": 14,
    }  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = Gemma3ForConditionalGeneration(
            Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4)
        )
    model.model.language_model.load_state_dict({key.removeprefix("model."): value for key, value in own.items()})
    model = model.to(torch.bfloat16)
    model.config.dtype = torch.bfloat16
    model.save_pretrained(folder)
    # As in google/gemma-3-4b-it: what the class knows by itself is left out, and so are the text model's own classes.
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for name in ("architectures", "num_attention_heads", "num_key_value_heads"):
        config["text_config"].pop(name, None)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def kept_folder(cache: Path, key: str) -> Path:
    """Where folders are kept between sessions: making a big vocabulary takes up to half a minute."""
    from importlib.metadata import version

    from medtune.core.hashing import digest_json, sha256_file

    parts = [sha256_file(Path(__file__)), key, version("transformers"), version("trl"), version("tokenizers")]
    return cache / "test-families" / digest_json(parts)[:16]


def kept_family_model(name: str, kept: Path, llama_source: Path) -> Path:
    """The folder of a family, made when it is not there; several processes may ask at once."""
    folder = kept / name
    if not folder.is_dir():
        import tempfile

        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept, prefix=f".{name}-") as scratch:
            made = write_family_model(name, Path(scratch) / name, llama_source, tokenizers=_kept_tokenizers(kept))
            with contextlib.suppress(OSError):  # another process was quicker
                made.rename(folder)
    return folder


def _kept_tokenizers(kept: Path) -> Path:
    """They take longest and seldom change: raise the number when `_write_real_tokenizer` does."""
    from importlib.metadata import version

    return kept.parent / f"tokenizers-1-{version('transformers')}"


def template_text(name: str, llama_source: Path) -> str:
    """The family's chat template, byte for byte from where it is carried."""
    source = ORIGINS[name].template
    if source.startswith("trl:"):
        from importlib.util import find_spec

        spec = find_spec("trl")
        assert spec is not None and spec.origin is not None
        path = Path(spec.origin).parent / "chat_templates" / source.removeprefix("trl:")
    else:
        path = llama_source / source
    return path.read_text(encoding="utf-8")


def _embedding_rows(tokens: int) -> int:
    """Padded as released models are: a multiple of 64."""
    return -(-tokens // 64) * 64


def _token_ids(folder: Path) -> dict[str, int]:
    from tokenizers import Tokenizer

    return dict(Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab(with_added_tokens=True))


def _write_real_tokenizer(vocabulary: str, folder: Path, llama_source: Path) -> None:
    """tokenizer.json, tokenizer_config.json and, for SentencePiece, tokenizer.model from a vocabulary-only GGUF."""
    models = llama_source / "models"
    values = _tokenizer_of(models / f"ggml-vocab-{vocabulary}.gguf")
    pieces = _gguf_pieces(models / f"ggml-vocab-{vocabulary}.gguf")
    tokens = values["model"]["vocab"]
    # transformers adds placeholders for the unused rows of the embedding, and an end token that some lack.
    known = {text for text, _, _ in pieces}
    values["added_tokens"] = [token for token in values["added_tokens"] if token["content"] in known]
    values["model"]["vocab"] = {text: number for text, number in tokens.items() if text in known}
    for text in _ADDED.get(vocabulary, ()):
        number = len(pieces)
        pieces.append((text, 0.0, _CONTROL))
        values["model"]["vocab"][text] = number
        values["added_tokens"].append(_added(number, text))
    if vocabulary == "llama-bpe":
        # What the GGUF says in flags and transformers does not read: BOS first, whole words before merges.
        bos = SPECIAL[vocabulary]["bos_token"]
        values["model"]["ignore_merges"] = True
        values["post_processor"] = _bos_first(bos, values["model"]["vocab"].get(bos, _id_of(values, bos)))
    if vocabulary == "llama-spm":
        _plain_spaces(values)
        (folder / "tokenizer.model").write_bytes(_sentencepiece_model(pieces))
    (folder / "tokenizer.json").write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    _write_tokenizer_config(folder, vocabulary, values["added_tokens"])


def _tokenizer_of(file: Path) -> dict[str, Any]:
    """tokenizer.json as transformers makes it of a GGUF.

    Of a byte-level BPE it is given a cut one, for the rules that split words, and the whole vocabulary is put in
    afterwards: the same file in a fortieth of the time.
    """
    import tempfile

    from medtune.llamacpp.gguf_info import read_gguf

    head = read_gguf(file, arrays=True).metadata
    if "tokenizer.ggml.merges" not in head:
        return _by_transformers(file)
    tokens, kinds = head["tokenizer.ggml.tokens"], head["tokenizer.ggml.token_type"]
    with tempfile.TemporaryDirectory() as folder:
        cut = Path(folder) / file.name
        _write_cut(cut, head)
        values = _by_transformers(cut)
    values["model"]["vocab"] = {text: number for number, text in enumerate(tokens)}
    values["model"]["merges"] = [pair.split(" ") for pair in head["tokenizer.ggml.merges"]]
    values["added_tokens"] = [_added(number, tokens[number]) for number, kind in enumerate(kinds) if kind == _CONTROL]
    return values


def _by_transformers(file: Path) -> dict[str, Any]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name, local_files_only=True)
    return dict(json.loads(tokenizer.backend_tokenizer.to_str()))


def _write_cut(path: Path, head: Mapping[str, Any]) -> None:
    """The vocabulary with its first pieces, its control tokens and two merges."""
    import gguf

    tokens, kinds = head["tokenizer.ggml.tokens"], head["tokenizer.ggml.token_type"]
    kept = [number for number, kind in enumerate(kinds) if number < 600 or kind == _CONTROL]
    writer = gguf.GGUFWriter(path, head["general.architecture"])
    writer.add_tokenizer_model(head["tokenizer.ggml.model"])
    writer.add_tokenizer_pre(head["tokenizer.ggml.pre"])
    writer.add_token_list([tokens[number] for number in kept])
    writer.add_token_types([kinds[number] for number in kept])
    writer.add_token_merges(head["tokenizer.ggml.merges"][:2])
    for name in ("bos", "eos", "padding"):
        key = f"tokenizer.ggml.{name}_token_id"
        if key in head:
            writer.add_uint32(key, kept.index(head[key]))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _dress(name: str, folder: Path) -> None:
    """Phi-4-mini is a byte-level BPE under the class name GPT2Tokenizer, with word rules that are not GPT-2's."""
    values = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    for number, text in enumerate(_DRESSED[name], start=len(_token_ids(folder))):
        values["model"]["vocab"][text] = number
        values["added_tokens"].append(_added(number, text))
    (folder / "tokenizer.json").write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    _write_tokenizer_config(folder, name, values["added_tokens"])


_UNKNOWN, _CONTROL = 2, 3
"""Token types, the same numbers in GGUF and in SentencePiece's protocol."""


def _gguf_pieces(file: Path) -> list[tuple[str, float, int]]:
    from medtune.llamacpp.gguf_info import read_gguf

    head = read_gguf(file, arrays=True).metadata
    tokens, kinds = head["tokenizer.ggml.tokens"], head["tokenizer.ggml.token_type"]
    scores = head.get("tokenizer.ggml.scores") or [0.0] * len(tokens)
    pieces = list(zip(tokens, scores, kinds, strict=True))
    while pieces[-1][0].startswith("[PAD"):  # rows of the embedding without a token
        pieces.pop()
    return pieces


def _id_of(values: Mapping[str, Any], text: str) -> int:
    return int(next(token["id"] for token in values["added_tokens"] if token["content"] == text))


def _added(number: int, text: str, special: bool = True) -> dict[str, Any]:
    return {
        "id": number, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
        "special": special,
    }  # fmt: skip


def _bos_first(bos: str, number: int) -> dict[str, Any]:
    def sequence(which: str) -> dict[str, Any]:
        return {"Sequence": {"id": which, "type_id": 0}}

    first = {"SpecialToken": {"id": bos, "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [first, sequence("A")],
        "pair": [first, sequence("A"), first, sequence("B")],
        "special_tokens": {bos: {"id": bos, "ids": [number], "tokens": [bos]}},
    }


def _plain_spaces(values: dict[str, Any]) -> None:
    """A space is a piece of its own text and none is put in front, so that a part encodes as it does in the whole."""
    values["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    values["pre_tokenizer"] = None
    values["post_processor"] = None
    values["decoder"] = {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
        ],
    }


def _sentencepiece_model(pieces: list[tuple[str, float, int]]) -> bytes:
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    for text, score, kind in pieces:
        model.pieces.add(piece=text, score=score, type=_UNKNOWN if text == "<unk>" else kind)
    model.trainer_spec.model_type = 2  # BPE
    model.trainer_spec.vocab_size = len(pieces)
    model.trainer_spec.byte_fallback = True
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = True
    return bytes(model.SerializeToString())


_GEMMA_MARKERS = ("<start_of_turn>", "<end_of_turn>")


def _write_gemma_tokenizer(folder: Path) -> None:
    """A stand-in: a small SentencePiece model with Gemma's control tokens at their ids."""
    import sentencepiece
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_SENTENCES * 20),
        model_writer=model,
        model_type="bpe",
        vocab_size=512,
        byte_fallback=True,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        pad_id=0,
        eos_id=1,
        bos_id=2,
        unk_id=3,
        pad_piece="<pad>",
        eos_piece="<eos>",
        bos_piece="<bos>",
        user_defined_symbols=[*_GEMMA_MARKERS, "\n", "<mask>"],
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    named = ["<pad>", "<eos>", "<bos>", "<unk>", *_GEMMA_MARKERS, "\n", "<mask>"]
    added = [_added(number, text, special=text != "\n") for number, text in enumerate(named)]
    _write_tokenizer_config(folder, "gemma", added)
    backend = AutoTokenizer.from_pretrained(str(folder), local_files_only=True).backend_tokenizer
    assert isinstance(backend, Tokenizer)
    values = json.loads(backend.to_str())
    values["added_tokens"] = added
    _plain_spaces(values)
    (folder / "tokenizer.json").write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")


def _write_tokenizer_config(folder: Path, vocabulary: str, added: list[dict[str, Any]]) -> None:
    decoder = {str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in added}
    config = {
        "added_tokens_decoder": decoder,
        "tokenizer_class": _CLASSES[vocabulary],
        "clean_up_tokenization_spaces": False,
        "add_bos_token": vocabulary == "llama-bpe",
        "add_eos_token": False,
        **SPECIAL[vocabulary],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")


def _write_model(
    name: str, folder: Path, *, vocab: int, hidden: int, bos: int | None, pad: int | None, ends: list[int]
) -> None:
    import torch
    import transformers

    heads = hidden // 32
    common: dict[str, Any] = {
        "vocab_size": vocab, "hidden_size": hidden, "intermediate_size": 2 * hidden, "num_hidden_layers": 2,
        "num_attention_heads": heads, "num_key_value_heads": heads // 2, "max_position_embeddings": 2048,
        "bos_token_id": bos, "eos_token_id": ends[0], "pad_token_id": pad, "tie_word_embeddings": True,
    }  # fmt: skip
    special: dict[str, dict[str, Any]] = {
        "gemma3n": {
            # Fixed in llama.cpp: 30 or 35 layers, 4 AltUp inputs, LAuReL rank 64, 256 embeddings a layer.
            "num_hidden_layers": 30, "num_kv_shared_layers": 10, "intermediate_size": hidden, "head_dim": 64,
            "num_attention_heads": 2, "num_key_value_heads": 1, "laurel_rank": 64, "hidden_size_per_layer_input": 256,
            "vocab_size_per_layer_input": vocab, "sliding_window": 64,
        },
        "gemma3": {"num_hidden_layers": 6, "head_dim": 32, "query_pre_attn_scalar": 32, "sliding_window": 64},
        "mistral": {"tie_word_embeddings": False, "sliding_window": None, "head_dim": 32},
        "llama3": {"rope_theta": 500000.0, "head_dim": 32},
        "qwen2.5": {},
        "qwen3": {"head_dim": 32},
        "phi4-mini": {"partial_rotary_factor": 0.75},
        "smollm": {},
    }  # fmt: skip
    classes = {
        "gemma3n": ("Gemma3nTextConfig", "Gemma3nForCausalLM"),
        "gemma3": ("Gemma3TextConfig", "Gemma3ForCausalLM"),
        "mistral": ("MistralConfig", "MistralForCausalLM"),
        "qwen2.5": ("Qwen2Config", "Qwen2ForCausalLM"),
        "qwen3": ("Qwen3Config", "Qwen3ForCausalLM"),
        "phi4-mini": ("Phi3Config", "Phi3ForCausalLM"),
    }
    config_name, model_name = classes.get(name, ("LlamaConfig", "LlamaForCausalLM"))
    config = getattr(transformers, config_name)(**{**common, **special[name]})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = getattr(transformers, model_name)(config)
        _randomise(model)
    model = model.to(torch.bfloat16)
    model.config.dtype = torch.bfloat16
    model.generation_config = transformers.GenerationConfig(bos_token_id=bos, eos_token_id=ends, pad_token_id=pad)
    model.save_pretrained(folder)
    if name == "gemma3n":
        _add_shared_keys_and_values(folder, config.num_hidden_layers)


def _add_shared_keys_and_values(folder: Path, layers: int) -> None:
    """Released files hold keys and values of all layers, also where the last layers share those of an earlier one.

    transformers leaves the shared ones out of its model (and so of what it saves); llama.cpp wants to see them.
    """
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    tensors = load_file(file)
    parts = [f"self_attn.{part}.weight" for part in ("k_proj", "v_proj", "k_norm")]
    own = max(layer for layer in range(layers) if f"model.layers.{layer}.{parts[0]}" in tensors)
    for layer in range(own + 1, layers):
        for part in parts:
            tensors[f"model.layers.{layer}.{part}"] = tensors[f"model.layers.{own}.{part}"].clone()
    save_file(tensors, file, metadata={"format": "pt"})


def _randomise(model: Any) -> None:
    """Weights far enough from their first values that a wrong layer, bias or norm changes every logit.

    Gemma 3n mixes four streams a layer and does not scale its attention: random weights as large as that would make
    chaos of its 30 layers.
    """
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1:
                mixes = any(part in name for part in ("altup", "laurel", "per_layer"))
                weight.normal_(0.0, (0.2 if mixes else 1.0) * weight.shape[-1] ** -0.5)
            else:
                weight.add_(0.1 * torch.randn_like(weight))
            if "Gemma3n" in type(model).__name__ and name.endswith("q_norm.weight"):
                weight.mul_(weight.shape[0] ** -0.5)
