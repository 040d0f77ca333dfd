"""Token log-likelihoods of GGUF files, and how far one file's predictions are from another's.

Everything is measured by the library that will serve the file, with the same cache type as the server. KL divergence is
KL(reference || file) in nats over the whole vocabulary, the same quantity as `llama-perplexity --kl-divergence` prints.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medtune.core.errors import DataError, ModelError
from medtune.llamacpp.gguf_info import ArraySummary, GgufInfo, read_gguf
from medtune.llamacpp.library import job_folder, run_library
from medtune.llamacpp.toolchain import Toolchain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MEMORY_SHARE = 0.5
"""Files that are compared at once fill at most this share of the free memory."""


@dataclass(frozen=True)
class ScoredText:
    """Token ids, and which of them are scored: each given all tokens before it. The first has none before it."""

    token_ids: tuple[int, ...]
    scored: tuple[bool, ...]


@dataclass(frozen=True)
class TokenComparison:
    """The scored tokens (n,) of one sequence under a reference and another file."""

    logprob_reference: "NDArray[np.float32]"
    logprob: "NDArray[np.float32]"
    """Natural logarithm of the probability of the token that stands there."""
    kl: "NDArray[np.float32]"
    """KL(reference || file) in nats."""
    same_top: "NDArray[np.bool_]"
    """True where both files hold the same token most probable."""


def score(
    toolchain: Toolchain,
    gguf: Path,
    sequences: Sequence[ScoredText],
    *,
    threads: int | None = None,
    log: Path | None = None,
    timeout_s: float | None = None,
    on_sequence: Callable[[], None] = lambda: None,
) -> "list[NDArray[np.float32]]":
    """Log-probabilities (n,) of the scored tokens of each sequence.

    Raises DataError (a mask of another length, a scored first token, an unknown token id, a sequence longer than the
    model's context), ModelError (not a whole GGUF, or llama.cpp cannot load it), ToolchainError (no library, a crash).
    """
    reference, _ = _compare(
        toolchain, gguf, (), sequences, threads=threads, log=log, timeout_s=timeout_s, on_sequence=on_sequence
    )
    return reference


def compare(
    toolchain: Toolchain,
    reference: Path,
    gguf: Path,
    sequences: Sequence[ScoredText],
    *,
    threads: int | None = None,
    log: Path | None = None,
    timeout_s: float | None = None,
    on_sequence: Callable[[], None] = lambda: None,
) -> list[TokenComparison]:
    """How far a file's predictions are from the reference's, sequence by sequence. Raises as `score` does, and
    ModelError when the two have vocabularies of different sizes."""
    return compare_all(
        toolchain, reference, [gguf], sequences, threads=threads, log=log, timeout_s=timeout_s, on_sequence=on_sequence
    )[0]


def compare_all(
    toolchain: Toolchain,
    reference: Path,
    ggufs: Sequence[Path],
    sequences: Sequence[ScoredText],
    *,
    threads: int | None = None,
    log: Path | None = None,
    timeout_s: float | None = None,
    on_sequence: Callable[[], None] = lambda: None,
) -> list[list[TokenComparison]]:
    """`compare` for several files; the reference is computed once for as many of them as fit into memory."""
    compared: list[list[TokenComparison]] = []
    for group in _groups(reference, ggufs, one_by_one=toolchain.backend != "cpu"):
        expected, found = _compare(
            toolchain,
            reference,
            group,
            sequences,
            threads=threads,
            log=log,
            timeout_s=timeout_s,
            on_sequence=on_sequence,
        )
        compared += [_comparisons(expected, rows) for rows in found]
    return compared


def context_length(info: GgufInfo) -> int | None:
    """Tokens that the model was made for, as its file says."""
    value = info.metadata.get(f"{info.metadata.get('general.architecture')}.context_length")
    return value if isinstance(value, int) else None


def vocabulary_size(info: GgufInfo) -> int:
    """Number of tokens in the file's vocabulary."""
    tokens = info.metadata.get("tokenizer.ggml.tokens")
    return tokens.count if isinstance(tokens, ArraySummary) else 0


def _compare(
    toolchain: Toolchain,
    reference: Path,
    others: Sequence[Path],
    sequences: Sequence[ScoredText],
    *,
    threads: int | None,
    log: Path | None,
    timeout_s: float | None,
    on_sequence: Callable[[], None],
) -> "tuple[list[NDArray[np.float32]], list[list[NDArray[np.float32]]]]":
    """Log-probabilities of the reference, and rows (n, 3) of each other file, both for each sequence."""
    import numpy as np

    check_sequences(reference, others, sequences)
    counts = [sum(text.scored) for text in sequences]
    if not any(counts):
        empty, none = np.empty(0, np.float32), np.empty((0, 3), np.float32)
        return [empty] * len(counts), [[none] * len(counts) for _ in others]
    cut = [_cut(text) for text in sequences]
    files = [str(file.resolve()) for file in (reference, *others)]
    job = {
        "kind": "compare",
        "files": files,
        "context": max(len(text.token_ids) for text in cut),
        "threads": threads or _cores(),
    }
    with job_folder() as folder:
        np.savez(
            folder / "sequences.npz",
            tokens=np.concatenate([np.asarray(text.token_ids, np.int32) for text in cut]),
            scored=np.concatenate([np.asarray(text.scored, np.bool_) for text in cut]),
            lengths=np.asarray([len(text.token_ids) for text in cut]),
        )
        run_library(toolchain, folder, job, what="scoring tokens", log=log, timeout_s=timeout_s, on_step=on_sequence)
        flat = [np.fromfile(folder / f"{number}.f32", np.float32) for number in range(len(files))]
    at = np.cumsum(counts)[:-1]
    return np.split(flat[0], at), [np.split(rows.reshape(-1, 3), at) for rows in flat[1:]]


def check_sequences(reference: Path, others: Sequence[Path], sequences: Sequence[ScoredText]) -> None:
    """Raises what `score` and `compare` say, before anything is loaded."""
    heads = [read_gguf(file) for file in (reference, *others)]
    sizes = [vocabulary_size(head) for head in heads]
    for file, size in zip(others, sizes[1:], strict=True):
        if size != sizes[0]:
            raise ModelError(
                f"{file.name} has {size} tokens, {reference.name} has {sizes[0]}: they cannot be compared",
                where=str(file),
                next_step="compare builds of one model only",
            )
    room = min((length for head in heads if (length := context_length(head))), default=None)
    for number, text in enumerate(sequences, start=1):
        if problem := _problem(text, sizes[0], room):
            raise DataError(
                f"sequence {number} cannot be scored: {problem}",
                where=str(reference),
                next_step="shorten it, or score it with the tokenizer of this model",
            )


def _problem(text: ScoredText, vocabulary: int, room: int | None) -> str:
    if len(text.token_ids) != len(text.scored):
        return f"{len(text.token_ids)} tokens, but a mask of {len(text.scored)}"
    if text.scored and text.scored[0]:
        return "its first token has nothing before it to be predicted from"
    if room is not None and len(text.token_ids) > room:
        return f"{len(text.token_ids)} tokens, the model has room for {room}"
    if any(not 0 <= token < vocabulary for token in text.token_ids):
        return f"it holds a token that the vocabulary of {vocabulary} does not have"
    return ""


def _cut(text: ScoredText) -> ScoredText:
    """Without what stands behind the last scored token: nothing depends on it."""
    end = max((index + 1 for index, wanted in enumerate(text.scored) if wanted), default=0)
    return ScoredText(text.token_ids[:end], text.scored[:end])


def _groups(reference: Path, ggufs: Sequence[Path], *, one_by_one: bool) -> list[list[Path]]:
    """Files that are held in memory beside the reference at one time."""
    import psutil

    room = psutil.virtual_memory().available * _MEMORY_SHARE - reference.stat().st_size
    groups: list[list[Path]] = []
    left = 0.0
    for file in ggufs:
        size = file.stat().st_size if file.is_file() else 0
        if not groups or one_by_one or size > left:
            groups.append([])
            left = room
        groups[-1].append(file)
        left -= size
    return groups


def _comparisons(
    reference: "Sequence[NDArray[np.float32]]", rows: "Sequence[NDArray[np.float32]]"
) -> list[TokenComparison]:
    return [
        TokenComparison(logprob_reference=first, logprob=own[:, 0], kl=own[:, 1], same_top=own[:, 2] > 0.5)
        for first, own in zip(reference, rows, strict=True)
    ]


def _cores() -> int:
    import psutil

    return psutil.cpu_count(logical=False) or 1
