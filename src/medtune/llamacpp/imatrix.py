"""The importance matrix: how strongly each input of each layer is used on given text, for quantizers to weigh errors.

Squares of the activations, summed by llama-imatrix (https://github.com/ggml-org/llama.cpp/pull/4861).
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from medtune.core.errors import ToolchainError
from medtune.core.io import disk_errors
from medtune.core.proc import run_tool
from medtune.llamacpp.gguf_info import read_gguf
from medtune.llamacpp.toolchain import Toolchain

CHUNK_TOKENS = 512
LEAST_TOKENS = 2 * CHUNK_TOKENS
"""llama-imatrix takes no shorter text."""
_TEXT = "calibration.txt"
"""The tool writes the text's file name into its result: it must hold no path of this machine."""
_CHUNKS = re.compile(r"computing over (\d+) chunks")


@dataclass(frozen=True)
class Imatrix:
    """A finished importance matrix."""

    file: Path
    chunks: int
    """Pieces of CHUNK_TOKENS tokens that were run."""
    tensors: int
    """Layers that have one."""
    seconds: float


def make_imatrix(
    toolchain: Toolchain,
    model: Path,
    text: str,
    out_file: Path,
    *,
    threads: int,
    log: Path | None = None,
) -> Imatrix:
    """Run `model` over `text` (control tokens are read as such) and write `out_file`, which is whole or absent.

    The text must have LEAST_TOKENS tokens. Raises ResourceError for a full disk, ToolchainError.
    """
    partial = out_file.with_name(f"{out_file.name}.partial")
    said: list[str] = []
    with disk_errors(out_file), tempfile.TemporaryDirectory(prefix="medtune-imatrix-") as scratch:
        (Path(scratch) / _TEXT).write_text(text, encoding="utf-8", newline="\n")
        argv: list[str | Path] = [toolchain.imatrix, "-m", model.absolute(), "-f", _TEXT, "-o", partial.absolute()]
        argv += ["--output-format", "gguf", "--parse-special", "--no-ppl", "-c", str(CHUNK_TOKENS)]
        argv += ["-t", str(threads), "--offline"]
        try:
            done = run_tool(
                argv,
                what="making the importance matrix",
                log=log.absolute() if log else None,
                cwd=Path(scratch),
                writes=out_file,
                on_line=said.append,
            )
            if not partial.is_file():
                raise ToolchainError(
                    "making the importance matrix: the tool wrote nothing",
                    next_step="run `medtune toolchain install` again",
                )
            info = read_gguf(partial)
            partial.replace(out_file)
        finally:
            partial.unlink(missing_ok=True)
    chunks = next((int(match[1]) for line in said if (match := _CHUNKS.search(line))), 0)
    return Imatrix(out_file, chunks=chunks, tensors=len(info.tensors) // 2, seconds=done.seconds)
