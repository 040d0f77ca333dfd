"""Rows written by a teacher, from another source's records, from topics or by category; see `collect.distill`."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from medtune.collect.distill.estimate import plan_lines
from medtune.collect.distill.ledger import LEDGER
from medtune.collect.distill.seeds import read_seeds, seed_input
from medtune.collect.distill.setting import setting_of
from medtune.collect.distill.tally import cost_line
from medtune.collect.distill.work import Work
from medtune.collect.source import Desk, SourceInput, SourceKind
from medtune.config.collect_distill import DistillSource
from medtune.core.console import say
from medtune.core.errors import DataError
from medtune.runs.records.collect import SourceFacts


def kind(seeds: Mapping[str, SourceKind]) -> SourceKind:
    """How this source is read; `seeds` are the kinds that `from` may name."""
    return SourceKind(
        inputs=partial(_inputs, seeds),
        collect=partial(_collect, seeds),
        address=lambda section: section.teacher.endpoint,
        plan=partial(plan_lines, seeds),
        keeps=(LEDGER,),
    )


def _inputs(seeds: Mapping[str, SourceKind], section: DistillSource, given: SourceInput) -> tuple[Path, ...]:
    """What `from` reads on this machine. Raises DataError."""
    if section.from_ is None:
        return ()
    return seeds[section.from_.kind].inputs(section.from_, seed_input(section.from_, given))


def _collect(seeds: Mapping[str, SourceKind], section: DistillSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Have the rows written. Raises EgressError, UsageError, ServerError, and DataError when none passed."""
    setting = setting_of(section)
    desk.egress.check(section.teacher.endpoint)
    work = Work(setting, given.name, desk)
    with work.teacher:
        read = read_seeds(section.from_, given, desk, seeds) if section.from_ is not None else None
        if section.mode == "pairs":
            work.pairs(section)
        else:
            work.rows(section, read)
    say(f"  {cost_line(given.name, work.budget, setting.price)}")
    facts = work.conclude(section, read)
    if not desk.kept:
        raise DataError(
            f"no row came of {desk.rows} prompts: {_most_frequent(desk)}",
            where=given.name,
            next_step="try the teacher by hand, or give it more tries; its answers so far are kept and not asked again",
        )
    return facts


def _most_frequent(desk: Desk) -> str:
    if not desk.dropped:
        return "the source gave no question and no document"
    reason, count = desk.dropped.most_common(1)[0]
    return f"{count} times «{reason}»"
