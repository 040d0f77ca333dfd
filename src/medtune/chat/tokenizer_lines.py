"""Does the tokenizer inside a GGUF read medical text as the one of training does? Line by line."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from medtune.chat.family import Family
from medtune.chat.medical_lines import MedicalLine, medical_lines
from medtune.chat.template import ChatTokenizer
from medtune.core.errors import ModelError
from medtune.core.io import write_text
from medtune.llamacpp.library import job_folder, run_library
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.records.proof import TokenizerCheck, TokenizerDifference

_NONE = "(nothing)"


def tokenize_gguf(
    toolchain: Toolchain, gguf: Path, texts: Sequence[str], *, log: Path | None = None
) -> list[list[int]]:
    """Ids of each text by the vocabulary of a GGUF, nothing added. Raises ModelError, ToolchainError."""
    import json

    with job_folder() as folder:
        write_text(folder / "texts.json", json.dumps(list(texts)))
        job = {"kind": "tokenize", "files": [str(gguf.resolve())]}
        done = run_library(toolchain, folder, job, what="reading text with the tokenizer of a GGUF", log=log)
    return [[int(token) for token in ids] for ids in done.facts["ids"]]


def compare_tokenizers(
    toolchain: Toolchain,
    gguf: Path,
    tokenizer: ChatTokenizer,
    *,
    lines: Sequence[MedicalLine] | None = None,
    log: Path | None = None,
) -> TokenizerCheck:
    """Both tokenizers on every line (the 2,000 medical ones when none are given), written as medtune writes every
    message: composed, control text neutralised. Raises as `tokenize_gguf`."""
    lines = [
        MedicalLine(line.kind, tokenizer.control.neutral(line.text))
        for line in (medical_lines() if lines is None else lines)
    ]
    served = tokenize_gguf(toolchain, gguf, [line.text for line in lines], log=log)
    unequal: Counter[str] = Counter()
    first: dict[str, TokenizerDifference] = {}
    tokens = 0
    for number, (line, ids) in enumerate(zip(lines, served, strict=True), start=1):
        own = tokenizer.hf.backend_tokenizer.encode(line.text, add_special_tokens=False).ids
        tokens += len(own)
        if own != ids:
            unequal[line.kind] += 1
            first.setdefault(line.kind, _difference(tokenizer, number, line.kind, own, ids))
    return TokenizerCheck(
        lines=len(lines),
        equal=len(lines) - sum(unequal.values()),
        tokens=tokens,
        kinds=dict(sorted(Counter(line.kind for line in lines).items())),
        unequal=dict(sorted(unequal.items())),
        differences=tuple(first.values()),
    )


def check_tokenizers(check: TokenizerCheck, family: Family, where: str) -> str:
    """A warning when lines differ as the family's card says they do, else nothing.

    Raises ModelError for lines that differ though the card knows of no difference.
    """
    if check.equal == check.lines:
        return ""
    first = check.differences[0]
    words = (
        f"{check.lines - check.equal} of {check.lines} lines of medical text are read as other tokens when served; the "
        f"first is line {first.line} ({first.kind}), token {first.at}: trained {first.trained!r}, served "
        f"{first.served!r}"
    )
    if family.tokenizer_note:
        return f"{words}. {family.tokenizer_note}"
    raise ModelError(
        words,
        where=where,
        next_step="use the tokenizer files that the model was released with; a difference that they bring along "
        "belongs on the family's card (`tokenizer_note`)",
    )


def _difference(
    tokenizer: ChatTokenizer, number: int, kind: str, own: Sequence[int], served: Sequence[int]
) -> TokenizerDifference:
    at = next((at for at, pair in enumerate(zip(own, served, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(own), len(served)) if at is None else at
    return TokenizerDifference(
        line=number, kind=kind, at=at, trained=_piece(tokenizer, own, at), served=_piece(tokenizer, served, at)
    )


def _piece(tokenizer: ChatTokenizer, ids: Sequence[int], at: int) -> str:
    return str(tokenizer.hf.convert_ids_to_tokens(ids[at])) if at < len(ids) else _NONE
