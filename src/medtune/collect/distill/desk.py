"""Where outcomes become rows: near duplicates are turned away, every other reason is counted, nothing is lost."""

from dataclasses import dataclass, field

from medtune.collect.distill.alike import Alike
from medtune.collect.distill.tally import Tally
from medtune.collect.distill.words import Outcome
from medtune.collect.source import Desk
from medtune.core.console import Progress
from medtune.runs.records.collect import Record
from medtune.runs.records.distill import Unaccepted

NEAR = "an answer nearly like it is there"
SAME_QUESTION = "the same question is there"


@dataclass(frozen=True)
class RowShape:
    """What all rows of one source share."""

    source: str
    task: str
    teacher: str
    licence: str
    whole_rows: bool = False
    """True when rows are compared with their questions: answers that only quote may well be alike."""


@dataclass
class RowDesk:
    """Takes outcomes one after the other; `shape` says what the rows have in common."""

    desk: Desk
    shape: RowShape
    alike: Alike
    tally: Tally
    bar: Progress
    new_questions: bool = False
    """True when the teacher writes the questions, too: then a rejected row is replaced by another."""
    documents: set[str] = field(default_factory=set)

    def take(self, outcome: Outcome) -> bool:
        """Keep or drop what came of one ask; True when it is kept."""
        self.tally.count_tries(outcome)
        reason = outcome.reason or self._repeated(outcome)
        self.tally.count_row(outcome, accepted=not reason)
        if reason:
            self.drop(outcome, reason)
            return False
        record = self._record(outcome)
        self.documents.add(record.document)
        self.desk.keep(record)
        self.bar.advance(1, kept=self.desk.kept)
        return True

    def drop(self, outcome: Outcome, reason: str) -> None:
        """One row that will not be."""
        origin = outcome.ask.origin
        self.unaccepted(
            outcome.ask.id,
            reason,
            tries=len(outcome.tries),
            kinds=outcome.kinds,
            made_from=origin.id if origin else None,
        )
        if not self.new_questions:
            self.bar.advance(1, kept=self.desk.kept)

    def unaccepted(
        self, identity: str, reason: str, *, tries: int = 0, kinds: tuple[str, ...] = (), made_from: str | None = None
    ) -> None:
        """Count it under its reason and list it by its id."""
        self.desk.drop(reason, identity)
        row = Unaccepted(
            id=identity, source=self.shape.source, reason=reason, tries=tries, kinds=kinds, made_from=made_from
        )
        self.desk.unaccepted.append(row)

    def _repeated(self, outcome: Outcome) -> str:
        question, answer = outcome.judged.question, outcome.judged.answer
        if self.new_questions and not self.alike.add_question(question):
            return SAME_QUESTION
        return "" if self.alike.add(f"{question}\n{answer}" if self.shape.whole_rows else answer) else NEAR

    def _record(self, outcome: Outcome) -> Record:
        ask, origin = outcome.ask, outcome.ask.origin
        return Record(
            id=ask.id,
            source=self.shape.source,
            kind="qa",
            topic=ask.topic,
            document=origin.document if origin else ask.id,
            question=outcome.judged.question,
            answer=outcome.judged.answer,
            question_type=self.shape.task,
            url=origin.url if origin else "",
            licence=licence_of(origin.licence, self.shape.licence) if origin else self.shape.licence,
            teacher=self.shape.teacher,
            prompt_digest=outcome.prompt,
            made_from=origin.id if origin else None,
            category=ask.category or None,
        )


def licence_of(given: str, teacher: str) -> str:
    """Both licences that bind a row: its text's and its writer's."""
    return f"{given}; {teacher}"
