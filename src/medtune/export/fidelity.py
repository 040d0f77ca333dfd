"""What quantization changed: predictions of each build against F16's on the assistant's tokens of held-out chats.

Tokens of one topic are not independent, so intervals come from drawing whole topics (Davison and Hinkley 1997, section
3.8). Perplexity ratio: exp of the mean difference of the tokens' negative log-likelihoods.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from medtune.export.heldout import HeldOut
from medtune.llamacpp.score import ScoredText, TokenComparison, compare_all
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.records.proof import Fidelity, Figure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DRAWS = 2000
_CONFIDENCE = 0.95
_PERCENTILES = (50, 90, 99)


def compare_builds(
    toolchain: Toolchain,
    parent: Path,
    builds: Mapping[str, Path],
    texts: Sequence[ScoredText],
    *,
    threads: int,
    log: Path,
    on_sequence: Callable[[], None] = lambda: None,
) -> dict[str, list[TokenComparison]]:
    """Each build against the F16 parent, text by text. Raises ModelError, DataError, ToolchainError."""
    found = compare_all(
        toolchain, parent, list(builds.values()), texts, threads=threads, log=log, on_sequence=on_sequence
    )
    return dict(zip(builds, found, strict=True))


def summarise(
    compared: Mapping[str, Sequence[TokenComparison]], chats: HeldOut, *, parent: str, base: str
) -> list[Fidelity]:
    """One row a build, F16 first; `base` names the untuned build among them (or none: then no gain is given)."""
    import numpy as np

    topics = np.repeat(np.asarray(chats.topics), [sum(text.scored) for text in chats.texts])
    some = next(iter(compared.values()))
    reference = -np.concatenate([one.logprob_reference for one in some]).astype(np.float64)
    untuned = -_flat(compared[base], "logprob") if base in compared else None
    drawn = _draw(topics)
    nothing, all_same = np.zeros_like(reference), np.ones_like(reference)
    rows = [_row(parent, kl=nothing, same=all_same, loss=reference, reference=reference, untuned=untuned, drawn=drawn)]
    for name, comparisons in compared.items():
        loss = -_flat(comparisons, "logprob")
        kl, same = _flat(comparisons, "kl"), _flat(comparisons, "same_top")
        rows.append(_row(name, kl=kl, same=same, loss=loss, reference=reference, untuned=untuned, drawn=drawn))
    return rows


class _Drawn:
    """Sums over topics, and which topics each resample holds."""

    def __init__(self, index: "NDArray[np.intp]", count: int, draws: "NDArray[np.int64]") -> None:
        self.index, self.count, self.draws = index, count, draws

    def sums(self, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """The sum of `values` (tokens,) in each resample (draws,)."""
        import numpy as np

        found: NDArray[np.float64] = np.bincount(self.index, weights=values, minlength=self.count)[self.draws].sum(
            axis=1
        )
        return found


def _draw(topics: "NDArray[np.str_]") -> _Drawn:
    import numpy as np

    names, index = np.unique(topics, return_inverse=True)
    draws = np.random.default_rng(0).integers(0, len(names), (_DRAWS, len(names)))
    return _Drawn(index, len(names), draws)


def _row(
    name: str,
    *,
    kl: "NDArray[np.float64]",
    same: "NDArray[np.float64]",
    loss: "NDArray[np.float64]",
    reference: "NDArray[np.float64]",
    untuned: "NDArray[np.float64] | None",
    drawn: _Drawn,
) -> Fidelity:
    import numpy as np

    counts = drawn.sums(np.ones_like(loss))
    ratio = _figure(float((loss - reference).mean()), drawn.sums(loss - reference) / counts)
    percentiles = {str(at): round(float(np.percentile(kl, at)), 8) for at in _PERCENTILES}
    return Fidelity(
        build=name,
        kl=_figure(float(kl.mean()), drawn.sums(kl) / counts),
        kl_percentiles={**percentiles, "max": round(float(kl.max()), 8)},
        same_top=_figure(float(same.mean()), drawn.sums(same) / counts),
        perplexity=round(float(np.exp(loss.mean())), 6),
        perplexity_ratio=Figure(**{end: round(float(np.exp(value)), 8) for end, value in ratio.model_dump().items()}),
        loss=round(float(loss.mean()), 8),
        gain_kept=_gain_kept(loss, reference, untuned, drawn),
    )


def _gain_kept(
    loss: "NDArray[np.float64]",
    reference: "NDArray[np.float64]",
    untuned: "NDArray[np.float64] | None",
    drawn: _Drawn,
) -> Figure | None:
    """(base - build) / (base - F16) of the summed losses; None where training gained nothing to keep."""
    if untuned is None or untuned.sum() <= reference.sum():
        return None
    gained = drawn.sums(untuned - reference)
    kept = drawn.sums(untuned - loss)
    whole = gained > 0
    if not whole.any():
        return None
    return _figure(float((untuned - loss).sum() / (untuned - reference).sum()), kept[whole] / gained[whole])


def _figure(value: float, resamples: "NDArray[np.float64]") -> Figure:
    import numpy as np

    low, high = np.percentile(resamples, [50 * (1 - _CONFIDENCE), 50 * (1 + _CONFIDENCE)])
    return Figure(value=round(value, 8), low=round(float(low), 8), high=round(float(high), 8))


def _flat(comparisons: Sequence[TokenComparison], name: str) -> "NDArray[np.float64]":
    import numpy as np

    return np.concatenate([getattr(one, name) for one in comparisons]).astype(np.float64)
