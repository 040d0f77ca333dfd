"""The Ollama Modelfile of a release. It has no TEMPLATE: the chat template inside the GGUF is the only one.

Syntax: Ollama's docs/modelfile.md and parser/parser.go. A value that is opened by three quotation marks ends at the
first line that ends in three, and there is no escape character.
"""

from collections.abc import Sequence

from medtune.core.errors import UsageError

_QUOTES = '"""'
OLLAMA_SINCE = "0.30.0"
"""The first Ollama that serves a GGUF by the chat template inside it when the Modelfile has none; older ones write the
bare prompt, and refuse the line REQUIRES."""


def quote(text: str) -> str:
    """A value for a Modelfile that reads back as exactly `text` (line breaks become \\n).

    Raises UsageError for text with a line that ends in three quotation marks: no Modelfile can hold it.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(line.rstrip().endswith(_QUOTES) for line in text.split("\n")):
        raise UsageError(
            "a Modelfile cannot hold a line that ends in three quotation marks",
            where="the task's system prompt, a stop string or a licence text",
            next_step="change those quotation marks",
        )
    return f"{_QUOTES}{text}{_QUOTES}"


def modelfile(
    *,
    gguf: str,
    header: Sequence[str],
    system: str,
    licences: Sequence[str],
    temperature: float,
    num_ctx: int,
    num_predict: int,
    repeat_penalty: float,
    repeat_last_n: int,
    stop: Sequence[str],
) -> str:
    """The whole Modelfile. `num_ctx` and `num_predict` count tokens; `header` lines become comments."""
    lines = [f"# {_one_line(line)}".rstrip() for line in header]
    lines += ["", f"FROM ./{gguf}", f"REQUIRES {OLLAMA_SINCE}", ""]
    lines += [
        f"PARAMETER temperature {temperature:g}",
        f"PARAMETER num_ctx {num_ctx}",
        f"PARAMETER num_predict {num_predict}",
        f"PARAMETER repeat_penalty {repeat_penalty:g}",
        f"PARAMETER repeat_last_n {repeat_last_n}",
    ]
    lines += [f"PARAMETER stop {quote(text)}" for text in dict.fromkeys(stop) if text]
    lines += ["", f"SYSTEM {quote(system)}"]
    for licence in licences:
        lines += ["", f"LICENSE {quote(licence)}"]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
