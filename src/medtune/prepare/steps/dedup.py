"""One of each identical answer (folded) is kept: in the test split before validation, in validation before training.

A gold set is kept as its owner made it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medtune.runs.records.prepare import Split

ORDER: tuple[Split, ...] = ("test", "validation", "train")
REASON = "another row has the same answer"


def repeats(
    digests: NDArray[np.uint64], splits: Sequence[Split], ranks: NDArray[np.int64], gold: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Numbers of the rows that repeat another row's answer; within a split the row that sorts first is kept.

    `digests` names the answers, `ranks` says how the rows' ids sort; gold rows come first and are never repeats.
    """
    order_of = {name: place for place, name in enumerate(ORDER)}
    places = np.array([order_of[name] for name in splits], dtype=np.int8)
    codes = np.unique(digests, return_inverse=True)[1]
    order = np.lexsort((ranks, places, ~gold, codes))
    ordered = codes[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(order)]
    repeated = order[~first & ~gold[order]]
    result: NDArray[np.int64] = np.sort(repeated)
    return result
