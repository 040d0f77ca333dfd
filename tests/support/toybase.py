"""A Llama of 2 layers with random weights and a fast tokenizer with chat markers: trains in seconds, made in one."""

import json
from pathlib import Path
from typing import Any

TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|' + message['role'] + '|>' + message['content'] + '<|end|>' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)
SPECIAL = ("<unk>", "<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<s>")
SENTENCES = (
    "Asthma is a disease of the airways; it makes breathing hard.",
    "Diabetes means that there is too much sugar in the blood.",
    "Anemia happens when the blood does not carry enough oxygen.",
    "Explain the medical term: migraine. **Definition** A headache on one side.",
)


def write_toy_base(
    folder: Path,
    *,
    template: str = TEMPLATE,
    byte_level: bool = False,
    layers: int = 2,
    hidden: int = 32,
    **settings: Any,
) -> Path:
    """Write a whole base folder; `settings` go into tokenizer_config.json. Without torch until weights are made."""
    folder.mkdir(parents=True, exist_ok=True)
    vocab = write_toy_tokenizer(folder, template=template, byte_level=byte_level, **settings)
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=vocab,
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=layers,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=SPECIAL.index("<|end|>"),
            pad_token_id=SPECIAL.index("<|pad|>"),
        )
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def write_toy_tokenizer(folder: Path, *, template: str, byte_level: bool, **settings: Any) -> int:
    """Write tokenizer.json, its configuration and the template; returns the size of the vocabulary."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=not byte_level))
    alphabet: list[str] = []
    if byte_level:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:
        tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
        tokenizer.decoder = decoders.Sequence(
            [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
        )
        alphabet = [chr(code) for code in range(33, 127)] + ["\n", "\u2581"]
    bytes_ = [] if byte_level else [f"<0x{value:02X}>" for value in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=[*SPECIAL, *bytes_], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([*SENTENCES * 5, "\n\n" * 20, ": A:A" * 20], trainer)
    values = json.loads(tokenizer.to_str())
    values["added_tokens"] = []  # the bytes are plain pieces of the vocabulary
    tokenizer = Tokenizer.from_str(json.dumps(values))
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "pad_token": "<|pad|>",
        "eos_token": "<|end|>",
        "clean_up_tokenization_spaces": False,
        **settings,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return int(tokenizer.get_vocab_size())
