"""Counts over all outcomes of one source: what passed at which try, why others did not, how varied the rows are."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from medtune.collect.distill.budget import Budget
from medtune.collect.distill.words import Outcome
from medtune.core.text import fold
from medtune.runs.records.distill import CostFacts, TryFacts

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_RUNS = (1, 2, 3)


@dataclass(frozen=True)
class Price:
    """Of a million tokens."""

    prompt: float
    answer: float
    currency: str

    def cost(self, prompt_tokens: float, answer_tokens: float) -> float:
        """What so many tokens cost."""
        return (self.prompt * prompt_tokens + self.answer * answer_tokens) / 1e6


@dataclass
class Variety:
    """Distinct-n of Li et al. (2016): different runs of n words over all of them, here over the whole set."""

    words: int = 0
    texts: int = 0
    _all: Counter[int] = field(default_factory=Counter)
    _distinct: dict[int, set[bytes]] = field(default_factory=lambda: {length: set() for length in _RUNS})

    def add(self, text: str) -> None:
        """Count one answer."""
        words = _WORD.findall(fold(text))
        self.words += len(words)
        self.texts += 1
        for length in _RUNS:
            runs = [" ".join(words[start : start + length]) for start in range(len(words) - length + 1)]
            self._all[length] += len(runs)
            self._distinct[length].update(blake2b(run.encode("utf-8"), digest_size=8).digest() for run in runs)

    def shares(self) -> dict[str, float]:
        """By run length; 0 without any run."""
        return {
            str(length): round(len(self._distinct[length]) / self._all[length], 4) if self._all[length] else 0.0
            for length in _RUNS
        }

    def mean_words(self) -> float:
        """Words of an answer."""
        return round(self.words / self.texts, 1) if self.texts else 0.0


@dataclass
class Tally:
    """What was seen so far."""

    held_back: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    judged: Counter[int] = field(default_factory=Counter)
    passed: Counter[int] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    """Both by category."""
    variety: Variety = field(default_factory=Variety)
    questions: set[str] = field(default_factory=set)

    def count_tries(self, outcome: Outcome) -> None:
        """What the teacher's answers were worth, before anything compares rows."""
        self.held_back.update(outcome.kinds)
        for number, reasons in enumerate(outcome.tries, start=1):
            self.judged[number] += 1
            self.passed[number] += not reasons
            self.troubles.update(dict.fromkeys(reasons, 1))

    def count_row(self, outcome: Outcome, *, accepted: bool) -> None:
        """One row that was to be written."""
        self.asked[outcome.ask.category] += 1
        if accepted:
            self.accepted[outcome.ask.category] += 1
            self.variety.add(outcome.judged.answer)
            self.questions.add(fold(outcome.judged.question))

    def tries(self) -> tuple[TryFacts, ...]:
        """Pass counts by try."""
        return tuple(
            TryFacts(number=number, judged=self.judged[number], passed=self.passed[number])
            for number in sorted(self.judged)
        )


def cost_facts(price: Price | None, budget: Budget) -> CostFacts | None:
    """What was spent; None where the recipe names no price."""
    if price is None:
        return None
    total = price.cost(budget.prompt, budget.answer)
    return CostFacts(currency=price.currency, prompt=price.prompt, answer=price.answer, total=round(total, 6))


def cost_line(source: str, budget: Budget, price: Price | None) -> str:
    """Tokens and money in a sentence."""
    tokens = f"{budget.prompt:,} prompt and {budget.answer:,} answer tokens"
    guessed = f" ({budget.guessed} calls estimated)" if budget.guessed else ""
    cost = ""
    if price is not None:
        cost = f", {price.cost(budget.prompt, budget.answer):.2f} {price.currency}"
    limit = f" of {budget.tokens:,} allowed" if budget.tokens is not None else ""
    return (
        f"{source}: {budget.calls} calls made, {budget.cached} answers known already; "
        f"{tokens}{guessed}{limit} in all{cost}"
    )


def reason_counts(reasons: Iterable[str]) -> dict[str, int]:
    """Most frequent first; equal ones by name."""
    counts = Counter(reasons)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
