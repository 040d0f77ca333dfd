"""Synthetic pairs by category: topics first, one pair a topic, and more topics until the quotas are full.

All categories go in waves. A wave ends before the next begins, so which rows are taken depends on the answers alone and
never on which of them came first.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from medtune.collect.distill.categories import Category
from medtune.collect.distill.prompts import new_topics, pair_ask, topics_ask
from medtune.collect.distill.words import Ask, Outcome
from medtune.tasks import Task

_TOPICS_A_CALL = 40
_SPARE = 1.2
"""So many times the topics that are needed are asked for: some rows will be rejected."""
_EMPTY_ROUNDS = 2
"""So many calls in a row that name no new topic mean that the category has no more."""


@dataclass
class _State:
    category: Category
    slug: str
    topics: list[str] = field(default_factory=list)
    used: int = 0
    accepted: int = 0
    rounds: int = 0
    empty: int = 0

    @property
    def short(self) -> int:
        """Rows that are still wanted."""
        return self.category.quota - self.accepted

    @property
    def may_ask(self) -> bool:
        """Whether the teacher may name more topics."""
        most = 3 + 2 * math.ceil(self.category.quota / _TOPICS_A_CALL)
        return not self.category.topics and self.empty < _EMPTY_ROUNDS and self.rounds < most


@dataclass
class PairMaker:
    """Fills the quotas. `ask_topics` and `ask_pairs` put asks to the teacher; the latter returns what was kept.

    `ended` says that nothing more can be asked: the token budget is used up.
    """

    task: Task
    source: str
    max_tokens: int
    ask_topics: Callable[[Sequence[Ask]], list[Outcome]]
    ask_pairs: Callable[[Sequence[Ask]], list[bool]]
    ended: Callable[[], bool]

    def fill(self, categories: Sequence[Category]) -> None:
        """Ask until every quota is full, its topics are used up or the work is ended."""
        states = [
            _State(category, f"{number}-{_slug(category.name)}", list(category.topics))
            for number, category in enumerate(categories, start=1)
        ]
        while not self.ended():
            self._name_topics([state for state in states if state.used + state.short > len(state.topics)])
            wave = [(state, topic) for state in states for topic in state.topics[state.used :][: state.short]]
            if not wave:
                if any(state.short and state.may_ask for state in states):
                    continue
                return
            kept = self.ask_pairs([self._pair(state, topic) for state, topic in wave])
            for (state, _), one in zip(wave, kept, strict=True):
                state.accepted += one

    def _name_topics(self, states: list[_State]) -> None:
        """One call for each category that has too few."""
        asking = [state for state in states if state.may_ask]
        if not asking:
            return
        outcomes = self.ask_topics([self._topics(state) for state in asking])
        for state, outcome in zip(asking, outcomes, strict=True):
            state.rounds += 1
            found = list(new_topics(outcome.judged.items, tuple(state.topics)))
            state.empty = 0 if found else state.empty + 1
            state.topics += found

    def _topics(self, state: _State) -> Ask:
        missing = state.used + state.short - len(state.topics)
        return topics_ask(
            f"{self.source}/{state.slug}/topics-{state.rounds + 1}",
            category=state.category.name,
            about=state.category.about,
            count=min(_TOPICS_A_CALL, math.ceil(missing * _SPARE) + 1),
            known=tuple(state.topics),
        )

    def _pair(self, state: _State, topic: str) -> Ask:
        state.used += 1
        return pair_ask(
            self.task,
            f"{self.source}/{state.slug}/{state.used}",
            category=state.category.name,
            about=state.category.about,
            topic=topic,
            max_tokens=self.max_tokens,
        )


def _slug(name: str) -> str:
    return "-".join("".join(char if char.isalnum() else " " for char in name.lower()).split()) or "category"
