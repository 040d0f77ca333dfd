"""The tokenizer: a SentencePiece BPE model, and the same model as tokenizer.json for the fast tokenizer.

Both files must give the same ids: llama.cpp's converter reads tokenizer.model, transformers reads tokenizer.json.
"""

from __future__ import annotations

import io
import json
import random
import string
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sentencepiece
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

VOCAB_SIZE = 8192
UNKNOWN, PAD, END = "<unk>", "<|pad|>", "<|end|>"
ROLE_MARKERS = ("<|system|>", "<|user|>", "<|assistant|>")
SYMBOLS = ("\n", "**", "##")
"""Pieces that are always one token. LoRA leaves embeddings frozen, so a symbol that a later task writes must be a token
of its own that pretraining has seen often; left to byte fallback, bold labels are hardly learned."""
REQUIRED_CHARS = string.ascii_letters + string.digits + string.punctuation + "µ°±≤≥×–—‘’“”•®éαβγδ"
SAMPLE_CHARS = 16_000_000
SPACE = "\u2581"

CHAT_TEMPLATE = """\
{%- for message in messages -%}
{%- if message['role'] not in ['system', 'user', 'assistant'] -%}
{{- raise_exception('unknown role: ' + message['role']) -}}
{%- endif -%}
{{- '<|' + message['role'] + '|>' -}}
{%- if message['role'] == 'assistant' -%}
{%- generation -%}{{- message['content'] + '<|end|>' -}}{%- endgeneration -%}
{%- else -%}
{{- message['content'] + '<|end|>' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}
"""


def sample_lines(texts: Iterable[str], seed: int) -> list[str]:
    """Distinct lines of the corpus in a fixed random order, up to `SAMPLE_CHARS` characters in all."""
    lines = sorted({line for text in texts for line in text.split("\n") if line.strip()})
    random.Random(seed).shuffle(lines)
    # SentencePiece refuses a required character that no line has.
    lines.insert(0, " ".join(REQUIRED_CHARS))
    total = 0
    for index, line in enumerate(lines):
        total += len(line)
        if total > SAMPLE_CHARS:
            return lines[:index]
    return lines


def train_sentencepiece(texts: Iterable[str], seed: int, vocab_size: int = VOCAB_SIZE) -> bytes:
    """Train the SentencePiece model and return its serialised form."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sample_lines(texts, seed)),
        model_writer=model,
        model_type="bpe",
        vocab_size=vocab_size,
        # A tiny sample has too few merges for the full size; the real corpus always fills it.
        hard_vocab_limit=False,
        byte_fallback=True,
        normalization_rule_name="identity",
        split_digits=True,
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        character_coverage=0.9999,
        required_chars=REQUIRED_CHARS,
        max_sentence_length=1 << 16,
        unk_id=0,
        unk_piece=UNKNOWN,
        pad_id=1,
        pad_piece=PAD,
        eos_id=2,
        eos_piece=END,
        bos_id=-1,
        control_symbols=list(ROLE_MARKERS),
        user_defined_symbols=list(SYMBOLS),
        minloglevel=2,
    )
    return model.getvalue()


def merge_rules(processor: sentencepiece.SentencePieceProcessor) -> list[tuple[str, str]]:
    """The BPE merges of a SentencePiece model: every split of a piece into two pieces, best score first."""
    plain = [
        index
        for index in range(processor.GetPieceSize())
        if not (processor.IsControl(index) or processor.IsUnknown(index) or processor.IsByte(index))
    ]
    names = {processor.IdToPiece(index): index for index in plain}
    rules: list[tuple[float, int, int, tuple[str, str]]] = []
    for piece, index in names.items():
        if piece in SYMBOLS:
            continue
        for at in range(1, len(piece)):
            left, right = piece[:at], piece[at:]
            if left in names and right in names and not {left, right} & set(SYMBOLS):
                rules.append((-processor.GetScore(index), names[left], names[right], (left, right)))
    return [rule for *_, rule in sorted(rules)]


def fast_tokenizer(processor: sentencepiece.SentencePieceProcessor) -> Tokenizer:
    """The same tokenizer for the `tokenizers` library, with offsets into the text that was given."""
    vocab = {processor.IdToPiece(index): index for index in range(processor.GetPieceSize())}
    tokenizer = Tokenizer(
        models.BPE(vocab=vocab, merges=merge_rules(processor), unk_token=UNKNOWN, fuse_unk=True, byte_fallback=True)
    )
    # No pre-tokenizer: SentencePiece, too, merges within the whole text between two symbols.
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    tokenizer.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    special = [UNKNOWN, PAD, END, *ROLE_MARKERS]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
    tokenizer.add_tokens([AddedToken(token, normalized=False, special=False) for token in SYMBOLS])
    return tokenizer


def tokenizer_config(processor: sentencepiece.SentencePieceProcessor, model_max_length: int) -> dict[str, Any]:
    """tokenizer_config.json: the class to load, no BOS, and the added tokens that llama.cpp's converter reads here."""
    added = {}
    for token in (PAD, END, *ROLE_MARKERS, *SYMBOLS):
        added[str(processor.PieceToId(token))] = {
            "content": token,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": token not in SYMBOLS,
        }
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": False,
        "add_eos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "clean_up_tokenization_spaces": False,
        "eos_token": END,
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": model_max_length,
        "pad_token": PAD,
        "padding_side": "right",
        "unk_token": UNKNOWN,
    }


def save_tokenizer(serialised: bytes, folder: Path, model_max_length: int) -> Tokenizer:
    """Write every tokenizer file into a folder and return the fast tokenizer."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=serialised)
    fast = fast_tokenizer(processor)
    (folder / "tokenizer.model").write_bytes(serialised)
    fast.save(str(folder / "tokenizer.json"))
    config = tokenizer_config(processor, model_max_length)
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    return fast


def render(messages: Iterable[dict[str, str]]) -> str:
    """The chat as text, exactly as the chat template renders it (a test holds the two together)."""
    return "".join(f"<|{message['role']}|>{message['content']}{END}" for message in messages)
