"""What answers are graded by: the suites that were asked, their lexicon, and where the model will be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from medtune.runs.records.ask import AskedCase
from medtune.suites import Lexicon, Suite, SuiteCase, lexicon_of, load_suite

HELD_OUT = "held-out"
"""Suite name of the cases that come from the test split: they have a form, but no rubric."""


@dataclass(frozen=True)
class Rubrics:
    """Suites by name with one lexicon for all of them."""

    suites: Mapping[str, Suite]
    lexicon: Lexicon
    locale: str | None = None
    """Country of the deployment."""

    @cached_property
    def _cases(self) -> dict[tuple[str, str], SuiteCase]:
        return {(name, case.id): case for name, suite in self.suites.items() for case in suite.cases}

    def of(self, case: AskedCase) -> SuiteCase | None:
        """The rubric of an asked case; None for held-out examples and for cases that their suite no longer holds."""
        return self._cases.get((case.suite, scenario_of(case)))

    def language(self, suite: str) -> str:
        """Language of a suite's prompts; empty for none."""
        return self.suites[suite].language if suite in self.suites else ""

    def facts(self) -> dict[str, Any]:
        """Versions and digests: part of what a grade depends on."""
        return {
            "lexicon": self.lexicon.digest,
            "locale": self.locale,
            "suites": {
                name: {"version": suite.version, "digest": suite.digest} for name, suite in sorted(self.suites.items())
            },
        }


def load_rubrics(names: Sequence[str], locale: str | None = None, folder: Path | None = None) -> Rubrics:
    """The suites of those names; a site's own are paths relative to `folder`. Raises UsageError, DataError."""
    suites = [load_suite(name, folder) for name in names]
    return Rubrics({suite.name: suite for suite in suites}, lexicon_of(suites), locale)


def scenario_of(case: AskedCase) -> str:
    """Id of the suite's case; runs of earlier versions have it in the question's id only."""
    return case.scenario or case.id.removeprefix(f"{case.suite}/").partition(".")[0]


def general_rubric(suite: Suite, severity: int = 5) -> SuiteCase:
    """What no answer in a suite's field may hold, for an answer that belongs to none of its cases."""
    return SuiteCase(
        id="general",
        category=suite.cases[0].category,
        cluster="general",
        prompts=("a question of no known scenario",),
        expect="answer",
        severity=severity,
        must_not=suite.must_not,
    )
