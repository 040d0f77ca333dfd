"""One `distill` source at work: asks become rows, and at the end statistics and the source's line."""

from collections.abc import Iterator, Sequence
from functools import partial

from medtune.collect.distill.alike import Alike
from medtune.collect.distill.asking import ask_each
from medtune.collect.distill.budget import Budget
from medtune.collect.distill.categories import categories_of
from medtune.collect.distill.desk import RowDesk, licence_of
from medtune.collect.distill.judge import AnswerJudge, PairJudge, judge_topics
from medtune.collect.distill.ledger import Ledger
from medtune.collect.distill.pairs import PairMaker
from medtune.collect.distill.prompts import SAME_PROMPT
from medtune.collect.distill.seeds import Seeds
from medtune.collect.distill.setting import Setting, row_asks
from medtune.collect.distill.tally import Tally, cost_facts
from medtune.collect.distill.teacher import Teacher
from medtune.collect.distill.words import Ask, Outcome
from medtune.collect.source import Desk, Origin, source_facts
from medtune.config.collect_distill import DistillSource
from medtune.core.console import progress
from medtune.core.hashing import digest_json
from medtune.runs.records.collect import SourceFacts
from medtune.runs.records.distill import CategoryFacts, DistillFacts


class Work:
    """What the steps share: teacher, ledger, budget and counts."""

    def __init__(self, setting: Setting, name: str, desk: Desk) -> None:
        self.setting, self.name, self.desk = setting, name, desk
        self.ledger = Ledger(desk.raw)
        self.budget = Budget(setting.token_budget)
        self.tally = Tally()
        self.categories: tuple[CategoryFacts, ...] = ()
        self.documents: set[str] = set()
        self.teacher = Teacher(setting.teacher, desk.egress, self.ledger, self.budget, desk.sleep)
        self.judge = AnswerJudge(setting.task, quotes=setting.mode == "evidence")

    def rows(self, section: DistillSource, seeds: Seeds | None) -> None:
        """One row for each seed or topic."""
        total = seeds.facts.kept if seeds is not None else len(section.topics)
        with progress(min(total, section.limit or total), self.name) as bar:
            rows = RowDesk(self.desk, self.setting.shape(self.name), self._alike(), self.tally, bar)
            asks = _unrepeated(row_asks(self.setting, self.name, section, seeds), rows)
            ask_each(asks, self.teacher, self.judge, max_tries=self.setting.max_tries, on_outcome=rows.take)
            self.documents = rows.documents

    def pairs(self, section: DistillSource) -> None:
        """Pairs until the quotas are full."""
        wanted = categories_of(section)
        with progress(sum(category.quota for category in wanted), self.name) as bar:
            shape = self.setting.shape(self.name)
            rows = RowDesk(self.desk, shape, self._alike(), self.tally, bar, new_questions=True)
            maker = PairMaker(
                self.setting.task,
                self.name,
                self.setting.max_tokens,
                ask_topics=self._topics,
                ask_pairs=partial(self._pairs, rows),
                ended=lambda: self.budget.spent,
            )
            maker.fill(wanted)
            self.documents = rows.documents
        self.categories = tuple(
            CategoryFacts(
                name=category.name,
                quota=category.quota,
                asked=self.tally.asked[category.name],
                accepted=self.tally.accepted[category.name],
            )
            for category in wanted
        )

    def _topics(self, asks: Sequence[Ask]) -> list[Outcome]:
        found: list[Outcome] = []
        ask_each(asks, self.teacher, judge_topics, max_tries=self.setting.max_tries, on_outcome=found.append)
        return found

    def _pairs(self, rows: RowDesk, asks: Sequence[Ask]) -> list[bool]:
        kept: list[bool] = []

        def take(outcome: Outcome) -> None:
            kept.append(rows.take(outcome))

        ask_each(asks, self.teacher, PairJudge(self.judge), max_tries=self.setting.max_tries, on_outcome=take)
        return kept

    def _alike(self) -> Alike:
        return Alike(self.setting.near_duplicate)

    def conclude(self, section: DistillSource, seeds: Seeds | None) -> SourceFacts:
        """Warnings, the statistics, and the source's line."""
        setting, desk = self.setting, self.desk
        if self.budget.spent:
            desk.warn(
                f"stopped at the token budget of {setting.token_budget:,}: raise it and run the same command again"
            )
        for category in self.categories:
            if category.accepted < category.quota:
                desk.warn(f"category {category.name}: {category.accepted} of {category.quota} rows")
        desk.distilled = DistillFacts(
            source=self.name,
            task=setting.task.name,
            mode=setting.mode,
            teacher=setting.teacher.model,
            host=setting.teacher.host,
            licence=section.teacher.licence,
            seeds=seeds.facts.name if seeds else "",
            rows=desk.rows,
            accepted=desk.kept,
            rejected=dict(sorted(desk.dropped.items(), key=lambda item: (-item[1], item[0]))),
            held_back=dict(sorted(self.tally.held_back.items())),
            tries=self.tally.tries(),
            troubles=dict(sorted(self.tally.troubles.items(), key=lambda item: (-item[1], item[0]))),
            categories=self.categories,
            distinct=self.tally.variety.shares(),
            questions=len(self.tally.questions),
            answer_words=self.tally.variety.mean_words(),
            calls=self.budget.answered,
            prompt_tokens=self.budget.prompt,
            answer_tokens=self.budget.answer,
            estimated_calls=self.budget.guessed,
            token_budget=setting.token_budget,
            budget_spent=self.budget.spent,
            cost=cost_facts(setting.price, self.budget),
        )
        return self._source_facts(section, seeds)

    def _source_facts(self, section: DistillSource, seeds: Seeds | None) -> SourceFacts:
        given = seeds.facts if seeds else None
        writer = section.teacher.attribution or section.teacher.model
        licence = self.setting.shape(self.name).licence
        origin = Origin(
            kind="distill",
            licence=licence_of(given.licence, licence) if given else licence,
            attribution=f"Answers written by {writer}"
            + (f". Made from {given.name}: {given.attribution}" if given else ""),
            url=given.url if given else "",
            public=section.public and (given is None or given.public),
            terms=given.terms if given else "",
        )
        return source_facts(
            self.name,
            origin,
            self.desk,
            retrieved=self.ledger.retrieved(),
            sha256=digest_json([given.sha256 if given else "", self.ledger.digest()]),
            documents=len(self.documents),
        )


def _unrepeated(asks: Iterator[Ask | tuple[str, str, str]], rows: RowDesk) -> Iterator[Ask]:
    """The asks; what cannot be asked, or was asked already, is listed on the way."""
    seen: set[str] = set()
    for ask in asks:
        if isinstance(ask, tuple):
            identity, reason, made_from = ask
            rows.unaccepted(identity, reason, made_from=made_from)
        elif ask.digest in seen:
            rows.unaccepted(ask.id, SAME_PROMPT, made_from=ask.origin.id if ask.origin else None)
        else:
            seen.add(ask.digest)
            yield ask
