"""A question that was trained on measures memory, not ability: it is refused before the first answer."""

from collections.abc import Sequence
from pathlib import Path

from medtune.core.errors import DataError
from medtune.runs.records.ask import AskedCase
from medtune.runs.records.base import read_rows
from medtune.runs.records.prepare import Example
from medtune.suites import prompt_digest

_SHOWN = 5


def check_not_trained(cases: Sequence[AskedCase], train: Path) -> None:
    """Compare the suites' questions with the user turns of the training split, in the same words.

    `prepare` leaves such rows out; here a suite of the site that was changed or named after the training is caught.
    Raises DataError naming the cases.
    """
    asked = {prompt_digest(case.messages[-1].content): case.id for case in cases if case.suite != "held-out"}
    trained = {
        prompt_digest(turn.content)
        for example in (read_rows(train, Example) if asked and train.is_file() else ())
        for turn in example.messages
        if turn.role == "user"
    }
    found = sorted(name for digest, name in asked.items() if digest in trained)
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise DataError(
            f"the training data hold questions of this audit: {', '.join(found[:_SHOWN])}{more}",
            where=str(train),
            next_step="run again from prepare, which leaves such rows out: `medtune run RECIPE --from prepare`",
        )
