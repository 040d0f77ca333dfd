"""Does a suite hold what it promises? Its lexicon's own sentences are read, its reference answers are graded.

Sentences that come out otherwise than they say, and references that do not satisfy their own case, make a bad suite:
grades made with it would mean nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medtune.audit.checks import contradiction, must, must_not, order, refusal, slots
from medtune.audit.checks.answer import Answer
from medtune.core.errors import DataError
from medtune.detect.mentions import read_mentions
from medtune.runs.records.audit import CheckResult, Outcome
from medtune.suites import (
    Lexicon,
    Suite,
    SuiteCase,
    check_concepts,
    lexicon_of,
    load_lexicon,
    load_suite,
    suite_file,
)
from medtune.suites.locate import line_of

ABSENT = "absent"
_GRADED = (must, must_not, order, slots, contradiction)


@dataclass(frozen=True)
class SentenceProblem:
    """A sentence of a concept that is read otherwise than it says."""

    concept: str
    sentence: str
    wanted: str
    read: str

    def __str__(self) -> str:
        return f"{self.concept}: «{self.sentence}» is read as {self.read}, must be {self.wanted}"


@dataclass(frozen=True)
class ReferenceProblem:
    """A reference answer that does not satisfy its own case."""

    case: str
    reference: int
    """Place in the case's list, from 0."""
    check: str
    reason: str
    span: str

    def __str__(self) -> str:
        quoted = f" («{self.span}»)" if self.span else ""
        return f"{self.case}: reference {self.reference + 1}: {self.check}: {self.reason}{quoted}"


@dataclass(frozen=True)
class DependentCases:
    """Cases that say they are independent, but share both what happened and what must be answered."""

    cases: tuple[str, ...]
    trigger: str
    concepts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(self.cases)}: the same trigger ({self.trigger}) and the same required concepts"


def prove_lexicon(lexicon: Lexicon, only: Collection[str] | None = None) -> Iterator[SentenceProblem]:
    """Read the sentences of all concepts, or of `only` those."""
    for name, concept in lexicon.concepts.items():
        if only is not None and name not in only:
            continue
        patterns = lexicon.compiled(name)
        tests = concept.tests
        wanted = [("advised", text) for text in tests.advised] + [("prohibited", text) for text in tests.prohibited]
        for says, text in [*wanted, *((one.says, one.text) for one in tests.tricky)]:
            read: set[str] = {mention.polarity for mention in read_mentions(text, patterns)} or {ABSENT}
            if read != {says}:
                yield SentenceProblem(name, text, says, " and ".join(sorted(read)))


def prove_references(suite: Suite, lexicon: Lexicon) -> Iterator[ReferenceProblem]:
    """Grade every reference answer with the checks of its case: nothing may be missing, wrong or unclear."""
    for case in suite.cases:
        for number, text in enumerate(case.references):
            for result in _results(case, text, lexicon, suite.language):
                if result.outcome is not Outcome.PASS:
                    yield ReferenceProblem(case.id, number, result.check, result.reason, result.span)


def prove_independence(suites: Iterable[Suite]) -> Iterator[DependentCases]:
    """Cases of different clusters with the same trigger and the same required concepts count twice for one scenario."""
    groups: dict[tuple[str, frozenset[str]], list[tuple[str, SuiteCase]]] = {}
    for suite in suites:
        for case in suite.cases:
            if case.must:
                key = (case.trigger, frozenset(one.concept for one in case.must))
                groups.setdefault(key, []).append((f"{suite.name}/{case.id}", case))
    for (trigger, concepts), members in groups.items():
        if len({case.cluster for _, case in members}) > 1:
            yield DependentCases(tuple(name for name, _ in members), trigger, tuple(sorted(concepts)))


def _results(case: SuiteCase, text: str, lexicon: Lexicon, language: str) -> Sequence[CheckResult]:
    answer = Answer(
        text=text,
        finish_reason="stop",
        question=case.prompt,
        severity=case.severity,
        task=None,
        rubric=case,
        lexicon=lexicon,
        locale=case.locale,
        language=language,
    )
    results = [result for check in _GRADED for result in check.check(answer) or ()]
    return [*results, refusal.check(answer)]


def suite_problems(suite: Suite, path: Path) -> list[tuple[int, SentenceProblem | ReferenceProblem | DependentCases]]:
    """Everything that is wrong with a suite file that could be loaded, each with its line in that file.

    Sentences are proved for the concepts of the suite's own lexicon files; their line is that of `lexicon`.
    """
    lexicon, ours = lexicon_of([suite]), load_lexicon().concepts
    place = {case.id: number for number, case in enumerate(suite.cases)}
    found: list[tuple[int, SentenceProblem | ReferenceProblem | DependentCases]] = []
    for sentence in prove_lexicon(lexicon, [name for name in lexicon.concepts if name not in ours]):
        found.append((line_of(path, ("lexicon",)), sentence))
    for reference in prove_references(suite, lexicon):
        where = ("cases", place[reference.case], "references", reference.reference)
        found.append((line_of(path, where), reference))
    for pair in prove_independence([suite]):
        second = pair.cases[1].partition("/")[2]
        found.append((line_of(path, ("cases", place[second])), pair))
    return found


def check_suite_file(name: str, folder: Path | None = None) -> Suite:
    """Load and prove a suite. Raises DataError naming every problem with its line."""
    suite, path = load_suite(name, folder), suite_file(name, folder)
    check_concepts(suite, path)
    problems = suite_problems(suite, path)
    if problems:
        listed = "\n".join(f"  - line {line}: {problem}" for line, problem in problems)
        raise DataError(
            f"the suite {suite.name} does not prove itself:\n{listed}",
            where=f"{path}:{problems[0][0]}",
            next_step="mend the patterns, the sentences or the references, then `medtune suites check` again; "
            "see docs/suites.md",
        )
    return suite
