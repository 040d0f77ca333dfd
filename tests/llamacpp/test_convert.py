import json
from pathlib import Path
from types import ModuleType

import pytest

from medtune.core.errors import ModelError, ToolchainError
from medtune.llamacpp import convert
from medtune.llamacpp.gguf_info import read_gguf
from medtune.llamacpp.toolchain import Toolchain


@pytest.fixture
def model(toymodel: ModuleType, tmp_path: Path) -> Path:
    return Path(toymodel.write_toy_model(tmp_path / "model"))


def test_the_gguf_holds_weights_tokenizer_template_and_name(toy_gguf: Path, toymodel: ModuleType) -> None:
    info = read_gguf(toy_gguf, arrays=True)
    assert info.census == {"F16": 15, "F32": 5}
    assert info.metadata["general.architecture"] == "llama"
    assert info.metadata["general.name"] == "toy"
    assert info.metadata["tokenizer.chat_template"] == toymodel.TEMPLATE
    tokens = info.metadata["tokenizer.ggml.tokens"]
    assert tokens[info.metadata["tokenizer.ggml.eos_token_id"]] == "<|end|>"
    assert not list(toy_gguf.parent.glob("*.partial"))


@pytest.mark.parametrize(
    ("remove", "said"),
    [("config.json", "config.json is missing"), ("model.safetensors", "weights are missing"),
     ("tokenizer.model", "tokenizer is missing")],
)  # fmt: skip
def test_an_incomplete_folder_is_refused_before_any_work(model: Path, remove: str, said: str) -> None:
    (model / remove).unlink()
    with pytest.raises(ModelError, match=said) as caught:
        convert.check_model_dir(model)
    assert str(model) in str(caught.value)


@pytest.mark.parametrize("text", ["{", "{}", '{"architectures": []}', "[]", '{"architectures": null}'])
def test_a_config_without_architecture_is_refused(model: Path, text: str) -> None:
    (model / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="names no architecture"):
        convert.check_model_dir(model)


def test_an_unknown_outtype_is_a_programming_error(toolchain: Toolchain, model: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="q4_k"):
        convert.to_gguf(toolchain, model, tmp_path / "a.gguf", outtype="q4_k")


def test_an_architecture_that_the_converter_refuses_is_named(toolchain: Toolchain, model: Path, tmp_path: Path) -> None:
    config = json.loads((model / "config.json").read_text("utf-8"))
    config["architectures"] = ["HouseMadeForCausalLM"]
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    out = tmp_path / "out" / "a.gguf"
    with pytest.raises(ModelError, match="HouseMadeForCausalLM") as caught:
        convert.to_gguf(toolchain, model, out, log=tmp_path / "convert.log")
    assert "\n" not in caught.value.what
    assert list(out.parent.iterdir()) == []
    assert "not supported" in (tmp_path / "convert.log").read_text("utf-8")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("ERROR:hf-to-gguf:Model XForCausalLM is not supported", "architecture XForCausalLM"),
        ("NotImplementedError: Architecture 'Y' not supported!", "architecture Y"),
        ("NotImplementedError: BPE pre-tokenizer was not recognized - update get_vocab_base_pre()", "this tokenizer"),
        ("FileNotFoundError: File not found: model/tokenizer.model", "tokenizer file that Llama needs"),
    ],
)
def test_refusals_are_put_into_words(said: str, words: str) -> None:
    error = convert._explained(ToolchainError(said, next_step="-"), Path("model"), "Llama")
    assert isinstance(error, ModelError)
    assert words in error.what


def test_other_failures_stay_what_they_are() -> None:
    error = ToolchainError("MemoryError", next_step="-")
    assert convert._explained(error, Path("model"), "Llama") is error
