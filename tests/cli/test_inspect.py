import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from medtune.cli.main import cli
from medtune.llamacpp.gguf_info import read_gguf
from medtune.llamacpp.imatrix import make_imatrix
from medtune.llamacpp.quantize import quantize
from medtune.llamacpp.toolchain import Toolchain


def inspect(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["inspect", *map(str, words)], prog_name="medtune")
    assert "Traceback" not in done.output
    return done.exit_code, done.output


def test_a_page_says_model_tokenizer_types_and_metadata(toy_gguf: Path) -> None:
    code, text = inspect(toy_gguf)
    assert code == 0
    for words in ("toy (llama)", "eos: 6 <|end|>", "F16         15 tensors", "F32          5 tensors",
                  "general.architecture: llama", "context:    512"):  # fmt: skip
        assert words in text, words
    assert "blk.0.attn_q.weight" not in text
    assert "blk.0.attn_q.weight: F16 256 × 256" in inspect(toy_gguf, "--tensors")[1]


def test_a_page_is_for_people(toy_gguf: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    """Numbers as people write them; whether an importance matrix was used."""
    text = inspect(toy_gguf)[1]
    assert "layer_norm_rms_epsilon: 1e-05" in text and "imatrix" not in text
    words = "The doctor measures the pressure of the blood. " * 400
    matrix = make_imatrix(toolchain, toy_gguf, words, tmp_path / "imatrix.gguf", threads=1)
    build = quantize(toolchain, toy_gguf, tmp_path / "a.gguf", "IQ2_XS", threads=1, imatrix=matrix.file)
    assert f"imatrix:    quantized with an importance matrix of {matrix.tensors} layers" in inspect(build.file)[1]


def test_json_holds_everything(toy_gguf: Path) -> None:
    code, text = inspect(toy_gguf, "--json")
    found, info = json.loads(text), read_gguf(toy_gguf)
    assert code == 0 and found["size_bytes"] == toy_gguf.stat().st_size
    assert {name: one["tensors"] for name, one in found["types"].items()} == info.census
    assert sum(one["size_bytes"] for one in found["types"].values()) == sum(one.size_bytes for one in info.tensors)
    assert len(found["tensors"]) == len(info.tensors)
    assert found["chat_template"] == info.metadata["tokenizer.chat_template"]
    assert found["metadata"]["tokenizer.ggml.tokens"] == {"count": found["tokenizer"]["tokens"]}


def test_the_template_alone(toy_gguf: Path) -> None:
    assert inspect(toy_gguf, "--template")[1] == read_gguf(toy_gguf).metadata["tokenizer.chat_template"] + "\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "only 0 bytes"), (b"PK\3\4" + bytes(60), "does not start with GGUF"), (None, "cut off")],
    ids=["empty", "a zip", "cut off"],
)
def test_what_is_no_whole_gguf(toy_gguf: Path, tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(toy_gguf.read_bytes()[:-1] if content is None else content)
    code, text = inspect(file)
    assert code == 2 and said in text and "next:" in text


def test_a_missing_file(tmp_path: Path) -> None:
    code, text = inspect(tmp_path / "none.gguf")
    assert code == 2 and "does not exist" in text
    code, text = inspect(tmp_path)
    assert code == 2 and "this is a folder, not a GGUF file" in text and "next:" in text


def test_names_from_a_file_cannot_drive_the_terminal(toy_gguf: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    good = toy_gguf.read_bytes()
    file.write_bytes(good.replace(b"\x03\0\0\0\0\0\0\0toy", b"\x03\0\0\0\0\0\0\0\x1b[J"))
    assert file.read_bytes() != good
    code, text = inspect(file)
    assert code == 0 and "\x1b" not in text and "\\x1b[J" in text
