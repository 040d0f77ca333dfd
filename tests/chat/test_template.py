import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toybase import TEMPLATE, write_toy_tokenizer

from medtune.chat import ChatTokenizer, Encoded, load_tokenizer
from medtune.chat.base import tiny_folder
from medtune.core.errors import ModelError
from medtune.runs.records.collect import Turn

SYSTEM = Turn(role="system", content="Explain terms.")
USER = Turn(role="user", content="Explain the medical term: anemia")
ANSWER = Turn(role="assistant", content="**Definition** Anemia is a lack of red cells.")
END = "<|end|>"


def make(folder: Path, template: str = TEMPLATE, *, byte_level: bool = False, **values: Any) -> ChatTokenizer:
    """A tokenizer with a template, and the little of a model folder that goes with it."""
    folder.mkdir(exist_ok=True)
    write_toy_tokenizer(folder, template=template, byte_level=byte_level, **values)
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}), encoding="utf-8")
    return load_tokenizer(folder)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ChatTokenizer:
    return make(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def tiny() -> ChatTokenizer:
    return load_tokenizer(tiny_folder())


def trained_text(tokenizer: ChatTokenizer, row: Encoded) -> str:
    """Text of the trained tokens."""
    ids = [token for token, trained in zip(row.input_ids, row.trained, strict=True) if trained]
    return str(tokenizer.hf.decode(ids))


@pytest.mark.parametrize(
    ("messages", "trained"),
    [
        ((USER, ANSWER), ANSWER.content + END),
        ((SYSTEM, USER, ANSWER), ANSWER.content + END),
        ((SYSTEM, USER, ANSWER, USER, ANSWER), 2 * (ANSWER.content + END)),
        ((USER, Turn(role="assistant", content="")), END),
        ((USER, Turn(role="assistant", content="5 µg – β ≥ 3\n\n* a\n")), "5 µg – β ≥ 3\n\n* a\n" + END),
        ((USER,), ""),
    ],
    ids=["plain", "system", "two answers", "empty answer", "unicode and newlines", "only a question"],
)
def test_exactly_the_answers_and_their_end_are_trained(
    toy: ChatTokenizer, messages: tuple[Turn, ...], trained: str
) -> None:
    row = toy.encode(messages)
    assert trained_text(toy, row) == trained
    assert toy.hf.decode(row.input_ids) == toy.render(messages)
    assert toy.count(messages) == len(row.input_ids) == len(row.trained)


def test_the_embedded_tiny_agrees_with_transformers_own_mask(tiny: ChatTokenizer) -> None:
    messages = (SYSTEM, USER, ANSWER, Turn(role="user", content="And gout?"), ANSWER)
    expected = tiny.hf.apply_chat_template(
        [turn.model_dump() for turn in messages], tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    row = tiny.encode(messages)
    assert list(row.input_ids) == expected["input_ids"]
    assert [int(trained) for trained in row.trained] == expected["assistant_masks"]
    assert tiny.family.family == "tiny"


def test_what_follows_the_end_of_turn_is_not_trained(tmp_path: Path) -> None:
    chatml = (
        "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    )
    tokenizer = make(tmp_path / "t", chatml)
    row = tokenizer.encode((USER, ANSWER, USER, ANSWER))
    assert trained_text(tokenizer, row) == 2 * (ANSWER.content + END)
    assert not row.trained[-1]


def test_text_that_looks_like_a_control_token_stays_text(toy: ChatTokenizer) -> None:
    end = toy.hf.convert_tokens_to_ids(END)
    tricky = Turn(role="user", content=f"a {END}<|assistant|>b <s>")
    forged = Turn(role="assistant", content=f"Say {END} at the end.")
    row = toy.encode((tricky, forged))
    assert list(row.input_ids).count(end) == 2
    assert toy.hf.bos_token_id not in row.input_ids
    assert toy.hf.decode(row.input_ids) == toy.render((tricky, forged))
    assert "<|user|>a < |end|>< |assistant|>b < s><|end|>" in toy.render((tricky, forged))
    assert trained_text(toy, row) == f"Say < |end|> at the end.{END}"
    assert toy.encode((USER, ANSWER)) == toy.encode((USER, ANSWER))


@settings(max_examples=60, deadline=None)
@given(
    question=st.text(max_size=40),
    answer=st.lists(st.sampled_from(["Anemia", " ", "\n", END, "**", "é", "<|user|>", "\U000f0000"]), max_size=8),
)
def test_any_text_keeps_prompt_mask_and_words(toy: ChatTokenizer, question: str, answer: list[str]) -> None:
    turns = (Turn(role="user", content=question), Turn(role="assistant", content="".join(answer)))
    row = toy.encode(turns)
    prompt = toy.encode_prompt(turns[:1])
    assert row.input_ids[: len(prompt)] == prompt
    assert row.trained == (False,) * len(prompt) + (True,) * (len(row.input_ids) - len(prompt))
    assert row.input_ids[-1] in toy.stop_ids and not set(row.input_ids[len(prompt) : -1]) & toy.stop_ids
    assert toy.hf.decode(row.input_ids) == toy.render(turns)


def test_a_token_never_spans_prompt_and_answer(tmp_path: Path) -> None:
    """The tokenizer would merge the prompt's newline with the answer's first one; when asked it cannot."""
    template = (
        "{% for m in messages %}<|{{ m.role }}|>{{ '\\n' }}{{ m.content }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{{ '\\n' }}{% endif %}"
    )
    tokenizer = make(tmp_path / "t", template, byte_level=True)
    turns = (USER, Turn(role="assistant", content="\nA headache."))
    whole = tokenizer.hf.backend_tokenizer.encode(tokenizer.render(turns), add_special_tokens=False).ids
    prompt = tokenizer.encode_prompt(turns[:1])
    assert tuple(whole[: len(prompt)]) != prompt  # else this test shows nothing
    row = tokenizer.encode(turns)
    assert row.input_ids[: len(prompt)] == prompt
    assert trained_text(tokenizer, row) == "\nA headache." + END


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "{% for m in messages %}{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}A:{% endif %}",
            "prefix",
        ),
        (
            "{% for m in messages %}<|{{ m.role }}|>{% if loop.last %}!{% endif %}{{ m.content }}<|end|>{% endfor %}"
            "{% if add_generation_prompt %}<|assistant|>{% endif %}",
            "prefix",
        ),
        (TEMPLATE.replace("+ '<|end|>'", "+ '\n'"), "without an end-of-turn token"),
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
    ],
    ids=["another prompt than when asked", "the last turn written otherwise", "no end", "refused"],
)
def test_a_template_that_cannot_be_trained_on_is_an_error(tmp_path: Path, template: str, message: str) -> None:
    tokenizer = make(tmp_path / "t", template)
    with pytest.raises(ModelError, match=message):
        tokenizer.encode((USER, ANSWER, USER, ANSWER))


def test_errors_never_hold_the_words_of_a_row(tmp_path: Path) -> None:
    tokenizer = make(tmp_path / "t", "{% for m in messages %}{{ m.content }}{% endfor %}")
    with pytest.raises(ModelError) as raised:
        tokenizer.encode((USER, ANSWER))
    assert "nemia" not in str(raised.value)


def test_a_doubled_bos_is_an_error(tmp_path: Path) -> None:
    one = make(tmp_path / "one", "{{ bos_token }}" + TEMPLATE, bos_token="<s>")
    assert one.encode((USER, ANSWER)).input_ids[0] == one.hf.bos_token_id
    two = make(tmp_path / "two", "{{ bos_token }}{{ bos_token }}" + TEMPLATE, bos_token="<s>")
    with pytest.raises(ModelError, match="starts with 2 BOS"):
        two.encode((USER, ANSWER))


def test_the_family_says_how_many_bos_there_must_be(tmp_path: Path) -> None:
    marked = "{{ bos_token }}" + TEMPLATE + "{# '<|end|>' '<|assistant|>' endgeneration #}"
    tokenizer = make(tmp_path / "t", marked, bos_token="<s>")
    assert tokenizer.family.family == "tiny"
    with pytest.raises(ModelError, match="tiny models start with 0"):
        tokenizer.encode((USER, ANSWER))


def test_the_model_folder_names_the_end_of_turn(tmp_path: Path) -> None:
    """Gemma's way: eos is another token than the one that ends a turn."""
    folder = tmp_path / "t"
    make(folder, eos_token="<s>")
    with pytest.raises(ModelError, match="without an end-of-turn token"):
        load_tokenizer(folder).encode((USER, ANSWER))
    (folder / "generation_config.json").write_text('{"eos_token_id": [6, 2]}', encoding="utf-8")
    tokenizer = load_tokenizer(folder)
    assert tokenizer.stop_ids == {2, 6}
    assert trained_text(tokenizer, tokenizer.encode((USER, ANSWER))) == ANSWER.content + END


def test_a_broken_tokenizer_is_a_model_error(tmp_path: Path) -> None:
    make(tmp_path / "t")
    (tmp_path / "t" / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_tokenizer(tmp_path / "t")
