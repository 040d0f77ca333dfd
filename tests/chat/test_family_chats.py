"""Mask, end of turn and BOS of every family, on its true tokenizer and template (stand-ins as its card says)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from families import FAMILY_NAMES, ORIGINS

from medtune.chat import ChatTokenizer, Encoded, load_tokenizer
from medtune.chat.family import family_cards
from medtune.core.errors import ModelError
from medtune.runs.records.collect import Turn

CARDS = {card.family: card for card in family_cards()}
REWRITES = {"qwen3": "later turns lose their thoughts"}
"""Families whose template writes an earlier answer otherwise: several answers become several rows."""
THOUGHT = {"qwen3": "<think>\n\n</think>\n\n"}
"""What a template writes before an answer without thoughts; it is trained, since it is not part of the prompt."""


def turn(role: str, content: str) -> Turn:
    return Turn.model_validate({"role": role, "content": content})


QUESTION, SYSTEM = turn("user", "What is asthma? 5 µg/kg – β₂"), turn("system", "Explain terms.")
ANSWER = turn("assistant", "A disease  of the airways.\n\n**Treatment** 2 puffs\n* a")


@pytest.fixture(params=FAMILY_NAMES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


_loaded: dict[str, ChatTokenizer] = {}


@pytest.fixture
def tokenizer(family: str, family_model: Callable[[str], Path]) -> ChatTokenizer:
    """Loading a big vocabulary takes seconds: once for all tests of the module."""
    if family not in _loaded:
        _loaded[family] = load_tokenizer(family_model(family))
    return _loaded[family]


def trained_text(tokenizer: ChatTokenizer, row: Encoded) -> str:
    ids = [token for token, trained in zip(row.input_ids, row.trained, strict=True) if trained]
    return str(tokenizer.hf.decode(ids))


def test_the_card_fits_and_says_what_was_used(family: str, tokenizer: ChatTokenizer) -> None:
    assert tokenizer.family.family == family
    assert (CARDS[family].verified == "real") == ORIGINS[family].real
    (end,) = tokenizer.stop_ids
    assert tokenizer.hf.convert_ids_to_tokens(end) == CARDS[family].end_of_turn


@pytest.mark.parametrize("messages", [(QUESTION, ANSWER), (SYSTEM, QUESTION, ANSWER)], ids=["plain", "system"])
def test_exactly_the_answer_and_its_end_are_trained(
    family: str, tokenizer: ChatTokenizer, messages: tuple[Turn, ...]
) -> None:
    row = tokenizer.encode(messages)
    assert trained_text(tokenizer, row) == f"{THOUGHT.get(family, '')}{ANSWER.content}{CARDS[family].end_of_turn}"
    prompt = tokenizer.encode_prompt(messages[:-1])
    assert row.input_ids[: len(prompt)] == prompt, "an answer is trained behind the very prompt that asks for it"
    text = str(tokenizer.hf.decode(row.input_ids))
    assert all(message.content in text for message in messages)


def test_leading_bos_tokens_are_those_of_the_card(family: str, tokenizer: ChatTokenizer) -> None:
    row, bos = tokenizer.encode((QUESTION, ANSWER)), tokenizer.hf.bos_token_id
    leading = 0 if bos is None else next(at for at, token in enumerate(row.input_ids) if token != bos)
    expected = CARDS[family].leading_bos
    assert leading == expected if expected is not None else leading <= 1


def test_several_answers_are_all_trained(family: str, tokenizer: ChatTokenizer) -> None:
    messages = (QUESTION, ANSWER, turn("user", "And gout?"), turn("assistant", "A disease of the joints."))
    rows = tokenizer.encode_each(messages)
    assert len(rows) == (2 if family in REWRITES else 1)
    end, thought = CARDS[family].end_of_turn, THOUGHT.get(family, "")
    expected = [f"{thought}{ANSWER.content}{end}", f"{thought}A disease of the joints.{end}"]
    assert "".join(trained_text(tokenizer, row) for row in rows) == "".join(expected)
    for upto, row in zip((1, 3) if len(rows) == 2 else (1,), rows, strict=True):
        prompt = tokenizer.encode_prompt(messages[:upto])
        assert row.input_ids[: len(prompt)] == prompt


def test_a_system_message_and_several_answers(family: str, tokenizer: ChatTokenizer) -> None:
    """Mistral's template writes the system message into the last question only: no row may train without it."""
    messages = (SYSTEM, QUESTION, ANSWER, turn("user", "And gout?"), turn("assistant", "Joints."))
    for row in tokenizer.encode_each(messages):
        assert SYSTEM.content in tokenizer.hf.decode(row.input_ids)
        assert any(row.trained)


def test_one_row_of_rewritten_turns_is_refused(family_model: Callable[[str], Path]) -> None:
    tokenizer = _loaded.setdefault("qwen3", load_tokenizer(family_model("qwen3")))
    with pytest.raises(ModelError, match="rewrites earlier turns") as raised:
        tokenizer.encode((QUESTION, ANSWER, QUESTION, ANSWER))
    assert "a row of its own" in raised.value.next_step
