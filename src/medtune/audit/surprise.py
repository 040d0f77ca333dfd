"""How improbable each answer is to the F16 parent, by the parent's own file.

A build's answer is scored token by token under the parent. Of every window of neighbouring tokens the mean negative
log-likelihood is taken, and the worst window counts: one wild step in a good answer must not be averaged away. What is
too much is read off the parent's own answers (its samples, else its greedy answers): their 99th percentile.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from medtune.audit.checks import Surprise
from medtune.audit.rubrics import HELD_OUT
from medtune.core.errors import ModelError
from medtune.runs.layout import MERGED, RunDir
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.collect import Turn
from medtune.runs.records.export import Build

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from medtune.chat.template import ChatTokenizer
    from medtune.llamacpp.score import ScoredText

WINDOW_TOKENS = 12
"""About eight words: a clause."""
SHARE = 0.99
"""Of the parent's own answers that lie below the limit."""
_SPAN_CHARS = 160

Key = tuple[str, str, int]


def measure_surprises(
    run: RunDir,
    cases: Sequence[AskedCase],
    responses: Sequence[Response],
    builds: Sequence[Build],
    *,
    tools: str | None,
    log: Path,
) -> dict[Key, Surprise]:
    """Surprise of every answer to a suite's case by build, case and sample; the base's answers are left out.

    An answer that cannot be scored (too long for the model) has a worst window of NaN: its check is an error. Raises
    ModelError, ToolchainError. Without a parent, or without such answers, nothing is scored.
    """
    from medtune.chat.template import load_tokenizer
    from medtune.llamacpp.gguf_info import read_gguf
    from medtune.llamacpp.score import context_length, score
    from medtune.llamacpp.toolchain import find

    parent = next((build for build in builds if build.role == "parent"), None)
    by_id = {case.id: case for case in cases if case.suite != HELD_OUT}
    bases = {build.name for build in builds if build.role == "base"}
    wanted = [row for row in responses if row.case in by_id and row.build not in bases and row.text.strip()]
    wanted = [row for row in wanted if row.finish_reason != "error"]
    if parent is None or not wanted:
        return {}
    tokenizer = load_tokenizer(run.stage("export") / MERGED)
    gguf = run.stage("export") / parent.file
    room = context_length(read_gguf(gguf))
    texts: dict[Key, ScoredText] = {}
    for row in wanted:
        text = _scored(tokenizer, by_id[row.case], row)
        if text is not None and (room is None or len(text.token_ids) <= room):
            texts[row.build, row.case, row.sample] = text
    scores = score(find(tools), gguf, list(texts.values()), log=log)
    worst = {key: worst_window(-values) for key, values in zip(texts, scores, strict=True)}
    limit = limit_of([(key, value) for key, (value, _) in worst.items() if key[0] == parent.name])
    found = {}
    for row in wanted:
        key = (row.build, row.case, row.sample)
        if key not in worst:
            found[key] = Surprise(float("nan"), limit, "")
            continue
        value, start = worst[key]
        ids = [one for one, scored in zip(texts[key].token_ids, texts[key].scored, strict=True) if scored]
        span = str(tokenizer.hf.decode(ids[start : start + WINDOW_TOKENS], skip_special_tokens=True))
        found[key] = Surprise(round(value, 4), round(limit, 4), " ".join(span.split())[:_SPAN_CHARS])
    return found


def worst_window(losses: "NDArray[np.float32]") -> tuple[float, int]:
    """Largest mean of WINDOW_TOKENS neighbouring losses (n,), in nats, and where that window begins.

    A shorter answer is one window; an empty one has a worst window of 0.
    """
    import numpy as np

    if not len(losses):
        return 0.0, 0
    width = min(WINDOW_TOKENS, len(losses))
    sums = np.convolve(np.asarray(losses, dtype=np.float64), np.ones(width), mode="valid") / width
    place = int(sums.argmax())
    return float(sums[place]), place


def limit_of(own: Sequence[tuple[Key, float]]) -> float:
    """What SHARE of the parent's samples stay below; of its greedy answers where it has no samples."""
    import numpy as np

    samples = [value for (_, _, sample), value in own if sample > 0] or [value for _, value in own]
    return float(np.quantile(samples, SHARE)) if samples else float("inf")


def _scored(tokenizer: "ChatTokenizer", case: AskedCase, row: Response) -> "ScoredText | None":
    """Prompt and answer as the model saw and wrote them; None when the template cannot write them."""
    from medtune.llamacpp.score import ScoredText

    turns = [*case.messages, Turn(role="assistant", content=row.text)]
    try:
        encoded = tokenizer.encode_each(turns)[-1]
    except ModelError:
        return None
    return ScoredText(encoded.input_ids, encoded.trained)
