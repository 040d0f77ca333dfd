"""The one table of stages, in the order in which they run. Their modules are light: nothing heavy is imported here."""

from medtune.ask import stage as ask
from medtune.audit import stage as audit
from medtune.collect import stage as collect
from medtune.core.errors import UsageError
from medtune.export import stage as export
from medtune.prepare import stage as prepare
from medtune.release import stage as release
from medtune.report import stage as report
from medtune.runs.stage import Stage
from medtune.train import stage as train

STAGES: dict[str, Stage] = {
    "collect": collect,
    "prepare": prepare,
    "train": train,
    "export": export,
    "ask": ask,
    "audit": audit,
    "release": release,
    "report": report,
}


def check_name(name: str) -> str:
    """The name itself. Raises UsageError for an unknown stage."""
    if name not in STAGES:
        raise UsageError(f"there is no stage {name!r}", next_step=f"use one of {', '.join(STAGES)}")
    return name


def with_needs(name: str) -> tuple[str, ...]:
    """A stage and all that it needs, directly or not, in running order."""
    wanted = {check_name(name)}
    for stage in reversed(STAGES):
        if stage in wanted:
            wanted.update(STAGES[stage].NEEDS)
    return tuple(stage for stage in STAGES if stage in wanted)
