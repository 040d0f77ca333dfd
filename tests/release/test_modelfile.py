"""A Modelfile reads back, with a reader written from Ollama's rules, as what was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.errors import UsageError
from medtune.release.modelfile import modelfile, quote


def read_value(text: str) -> tuple[str, str]:
    """Read one value as Ollama does: at each line end the value is over if its quotation is; returns (value, rest)."""
    held = ""
    for position, char in enumerate(text):
        if char == "\n":
            stripped = held.strip()
            if stripped.startswith('"""') and len(stripped) >= 6 and stripped.endswith('"""'):
                return stripped[3:-3], text[position + 1 :]
        held += char
    stripped = held.strip()
    assert stripped.startswith('"""') and len(stripped) >= 6 and stripped.endswith('"""'), "the quotation never ends"
    return stripped[3:-3], ""


def read_modelfile(text: str) -> list[tuple[str, str]]:
    """(command, value) pairs; PARAMETER becomes its own name."""
    commands = []
    while text:
        line, _, rest = text.partition("\n")
        if not line.strip() or line.startswith("#"):
            text = rest
            continue
        command, _, tail = text.partition(" ")
        if command == "PARAMETER":
            command, _, tail = tail.partition(" ")
        if tail.startswith('"""'):
            value, text = read_value(tail)
        else:
            value, _, text = tail.partition("\n")
        commands.append((command, value))
    return commands


@given(st.text(alphabet=st.sampled_from("ab \"\n#\\'{}<|é高"), max_size=60))
def test_a_quoted_value_reads_back_or_is_refused(text: str) -> None:
    if any(line.rstrip().endswith('"""') for line in text.split("\n")):
        with pytest.raises(UsageError, match="quotation marks"):
            quote(text)
        return
    value, rest = read_value(quote(text) + "\nFROM ./evil.gguf\n")
    assert value == text
    assert rest == "FROM ./evil.gguf\n"


def test_the_whole_file_reads_back() -> None:
    system = 'Say "no".\nFROM ./other.gguf\nPARAMETER temperature 2\n# not a comment\n"'
    text = modelfile(
        gguf="run-Q4_0.gguf", header=("run\nFROM ./evil.gguf", "scope"), system=system, licences=("MIT", 'A "b"\nc'),
        temperature=0.0, num_ctx=1024, num_predict=320, repeat_penalty=1.1, repeat_last_n=256,
        stop=("<|end|>", "<|end|>", ""),
    )  # fmt: skip
    assert read_modelfile(text) == [
        ("FROM", "./run-Q4_0.gguf"),
        ("REQUIRES", "0.30.0"),
        ("temperature", "0"),
        ("num_ctx", "1024"),
        ("num_predict", "320"),
        ("repeat_penalty", "1.1"),
        ("repeat_last_n", "256"),
        ("stop", "<|end|>"),
        ("SYSTEM", system),
        ("LICENSE", "MIT"),
        ("LICENSE", 'A "b"\nc'),
    ]
    assert "TEMPLATE" not in text
