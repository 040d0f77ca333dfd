"""The committed tokenizer: both of its files agree, text survives, turns are prefixes of longer chats."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from tiny import tokenizer as made

TINY = Path(__file__).resolve().parents[2] / "src" / "medtune" / "data" / "tiny"
MARKERS = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
LINES = (
    "Amoxicillin 500 mg p.o. q8h; 2.5 µg/mL ≤ x ≤ 10⁹/L, ±0.3 °C",
    "αβγδ-globin, TNF-α, 糖尿病 2型, naïve café ß",
    "😀🩺👩‍⚕️ ok",
    "  two  spaces   three ",
    "\n\nlines\n \n",
    "**Signs and Symptoms**\n- Fever\n\n## Care\n1. Rest",
    '{"terms": ["a", "b"]}',
    "<thinking>\nx\n</thinking><answer>y</answer>",
    "****\t### *** \r\n",
    "“quoted” – don’t…",
)


@lru_cache
def fast() -> Any:
    return AutoTokenizer.from_pretrained(TINY)


@lru_cache
def slow() -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(TINY / "tokenizer.model"))


def render(messages: list[dict[str, str]], prompt: bool = False) -> str:
    text = fast().apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt)
    assert isinstance(text, str)
    return text


# Text without special tokens and without SentencePiece's own space mark, which no such tokenizer keeps.
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\u2581"), max_size=80).filter(
    lambda text: "<|" not in text and "<unk>" not in text
)
chats = st.tuples(st.none() | plain, st.lists(st.tuples(plain, plain), min_size=1, max_size=3))


@pytest.mark.parametrize("line", LINES)
def test_both_files_give_the_same_ids(line: str) -> None:
    assert fast()(line).input_ids == slow().Encode(line)


@settings(max_examples=200, deadline=None)
@given(plain)
def test_text_survives_and_both_files_agree(text: str) -> None:
    ids = fast()(text).input_ids
    assert fast().decode(ids) == text
    assert slow().Encode(text) == ids


@pytest.mark.parametrize("line", LINES)
def test_offsets_point_into_the_given_text(line: str) -> None:
    encoded = fast()(line, return_offsets_mapping=True)
    for token, (start, end) in zip(encoded.tokens(), encoded["offset_mapping"], strict=True):
        if not token.startswith("<0x"):
            assert line[start:end] == token.replace("\u2581", " ")
    assert encoded["offset_mapping"][-1][1] == len(line)


def test_symbols_are_one_token_each() -> None:
    for number, token in enumerate(("<unk>", *MARKERS, "\n", "**", "##")):
        assert fast()(token).input_ids == [number]
    assert {0, 1, 2} <= set(fast().all_special_ids)
    assert fast()("x2.50").tokens()[-4:] == ["2", ".", "5", "0"]


def test_no_bos_and_distinct_pad() -> None:
    assert fast().bos_token is None
    assert fast().eos_token == "<|end|>"
    assert fast().pad_token_id != fast().eos_token_id
    ids = fast()("Fever", add_special_tokens=True).input_ids
    assert ids == fast()("Fever", add_special_tokens=False).input_ids


def test_the_converter_finds_its_token_types() -> None:
    config = json.loads((TINY / "tokenizer_config.json").read_text(encoding="utf-8"))
    added = {entry["content"]: entry["special"] for entry in config["added_tokens_decoder"].values()}
    assert added == {**dict.fromkeys(MARKERS, True), "\n": False, "**": False, "##": False}
    assert config["add_bos_token"] is False
    assert config["add_prefix_space"] is False


@settings(max_examples=60, deadline=None)
@given(chats)
def test_a_prompt_is_a_prefix_of_the_longer_chat(chat: tuple[str | None, list[tuple[str, str]]]) -> None:
    system, turns = chat
    messages = [] if system is None else [{"role": "system", "content": system}]
    for question, answer in turns:
        messages.append({"role": "user", "content": question})
        prompt = render(messages, prompt=True)
        messages.append({"role": "assistant", "content": answer})
        assert render(messages).startswith(prompt)
    assert render(messages) == made.render(messages)


def test_assistant_mask_covers_answer_and_end_of_turn() -> None:
    messages = [{"role": "user", "content": "Fever?"}, {"role": "assistant", "content": "Rest."}]
    encoded = fast().apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    marked = [token for token, mask in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if mask]
    assert fast().decode(marked) == "Rest.<|end|>"


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(Exception, match="unknown role"):
        render([{"role": "tool", "content": "x"}])


def test_the_committed_template_is_the_script_s() -> None:
    assert (TINY / "chat_template.jinja").read_text(encoding="utf-8") == made.CHAT_TEMPLATE
