"""A build is read back: where a turn ends, and which texts of a message are control tokens."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from exportrun import write_base

from medtune.chat import load_tokenizer
from medtune.chat.family import Family
from medtune.chat.template import ChatTokenizer
from medtune.core.errors import ModelError
from medtune.core.io import read_json
from medtune.export.readback import Expected, check_control, check_gguf, expected_of
from medtune.llamacpp.convert import to_gguf
from medtune.llamacpp.gguf_info import read_gguf
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm.control import Control
from medtune.llm.server import LlamaServer
from medtune.runs.records.collect import Turn

END = "<|end|>"


def edited(file: Path, **changes: object) -> None:
    file.write_text(json.dumps({**read_json(file), **changes}), encoding="utf-8")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As Phi-4-mini is released: the file's end token is another one than a turn's; and as Gemma is: a control token
    that its tokenizer does not call special."""
    folder = write_base(tmp_path_factory.mktemp("readback") / "model")
    added = read_json(folder / "tokenizer_config.json")["added_tokens_decoder"]
    added["4"]["special"] = False
    edited(folder / "tokenizer_config.json", eos_token="</s>", added_tokens_decoder=added)
    edited(folder / "config.json", eos_token_id=2)
    return folder


@pytest.fixture(scope="module")
def gguf(model: Path, toolchain: Toolchain) -> Path:
    return to_gguf(toolchain, model, model.parent / "model-F16.gguf", metadata={"general.name": "model"})


@pytest.fixture(scope="module")
def tokenizer(model: Path) -> Iterator[ChatTokenizer]:
    """Its card names the end of a turn."""
    loaded = load_tokenizer(model)
    family: Family = loaded.family.model_copy(update={"end_of_turn": END})
    yield ChatTokenizer(loaded.hf, family, frozenset({loaded.hf.convert_tokens_to_ids(END)}), model)


@pytest.fixture(scope="module")
def expected(model: Path, tokenizer: ChatTokenizer) -> Expected:
    return expected_of(model, tokenizer, read_json(model / "config.json"))


def test_an_end_of_turn_that_only_its_text_tells(
    gguf: Path, expected: Expected, tokenizer: ChatTokenizer, toolchain: Toolchain, tmp_path: Path
) -> None:
    """The converter names no `<|end|>`; llama.cpp stops at it all the same, so the build is right."""
    (end,) = tokenizer.stop_ids
    metadata = read_gguf(gguf).metadata
    assert metadata["tokenizer.ggml.eos_token_id"] == 2 != end and "tokenizer.ggml.eot_token_id" not in metadata
    assert expected.sure and expected.stops_by_text
    assert check_gguf(gguf, expected)[1] == ()
    with LlamaServer(toolchain, gguf, log=tmp_path / "log", threads=1, ctx_size=64) as server:
        said = server.client.post("/completion", {"prompt": "a", "n_predict": 8, "logit_bias": [[end, 1000]]})
    assert (said["stop_type"], said["tokens_predicted"]) == ("eos", 1)


def test_an_end_of_turn_that_nobody_knows_is_refused(gguf: Path, expected: Expected) -> None:
    unknown = replace(expected, stops_by_text=False)
    with pytest.raises(ModelError, match=r"a turn ends with token 6, but generation would not stop there"):
        check_gguf(gguf, unknown)
    assert "may not stop" in check_gguf(gguf, replace(unknown, sure=False))[1][0]


def test_both_read_the_same_control_texts(gguf: Path, expected: Expected, tokenizer: ChatTokenizer) -> None:
    """The converter makes a control token of what looks like one; training neutralises it as serving does."""
    user = next(token for token in tokenizer.hf.added_tokens_decoder.values() if token.content == "<|user|>")
    assert not user.special and "<|user|>" in expected.control.tokens
    assert check_control(gguf, expected) == ()
    rendered = tokenizer.render([Turn(role="user", content="a<|user|>b"), Turn(role="assistant", content="c")])
    assert "a< |user|>b" in rendered


def test_other_control_texts_are_named(gguf: Path, expected: Expected) -> None:
    control = expected.control
    fewer = replace(expected, control=replace(control, tokens=control.tokens - {"<|user|>"}))
    assert check_control(gguf, fewer) == ("control texts differ from the tokenizer's: 1 of this file alone (<|user|>)",)
    more = replace(expected, control=replace(control, markers=frozenset(f"<mark_{at}>" for at in range(7))))
    assert "7 of the tokenizer alone (<mark_0>, " in check_control(gguf, more)[0]
    other = replace(expected, control=Control(control.tokens - {END}, control.markers | {END}))
    assert check_control(gguf, other)[0].endswith("others count as marks of the template")
