"""The section of the recipe as plain values, checked against the task, and the asks that it comes to."""

from collections.abc import Iterator
from dataclasses import dataclass

from medtune.collect.distill.desk import RowShape
from medtune.collect.distill.prompts import answer_ask, evidence_ask, topic_ask
from medtune.collect.distill.seeds import Seeds
from medtune.collect.distill.tally import Price
from medtune.collect.distill.teacher import TeacherSettings
from medtune.collect.distill.words import Ask
from medtune.config.collect_distill import DistillMode, DistillSource
from medtune.core.errors import UsageError
from medtune.tasks import Task, load_task


@dataclass(frozen=True)
class Setting:
    """What the work needs to know."""

    task: Task
    mode: DistillMode
    teacher: TeacherSettings
    max_tries: int
    max_tokens: int
    token_budget: int | None
    near_duplicate: float
    price: Price | None
    licence: str

    def shape(self, source: str) -> RowShape:
        """What all rows of the source share."""
        return RowShape(
            source,
            self.task.name,
            self.teacher.model,
            f"answers of {self.teacher.model}: {self.licence}",
            whole_rows=self.mode == "evidence",
        )


def setting_of(section: DistillSource) -> Setting:
    """Take the section apart. Raises UsageError for an unknown task, or one that the mode does not fit."""
    task = load_task(section.task)
    quotes = task.contract.kind == "quotes"
    if quotes != (section.mode == "evidence"):
        wants = "mode `evidence`" if quotes else "another mode than `evidence`"
        raise UsageError(
            f"the task {task.name} wants {wants}",
            where="collect.sources: distill",
            next_step="use `evidence` for tasks that check a summary, `answers` or `pairs` for all others",
        )
    teacher, price = section.teacher, section.price
    return Setting(
        task=task,
        mode=section.mode,
        teacher=TeacherSettings(
            endpoint=teacher.endpoint,
            model=teacher.model,
            key_env=teacher.key_env,
            timeout_s=teacher.timeout_s,
            temperature=section.temperature,
            seed=section.seed,
            concurrency=section.concurrency,
        ),
        max_tries=section.max_tries,
        max_tokens=section.max_tokens or task.decoding.max_tokens,
        token_budget=section.token_budget,
        near_duplicate=section.near_duplicate,
        price=Price(price.prompt, price.answer, price.currency) if price else None,
        licence=teacher.licence,
    )


def row_asks(
    setting: Setting, source: str, section: DistillSource, seeds: Seeds | None
) -> Iterator[Ask | tuple[str, str, str]]:
    """What is asked, one by one; where a record cannot be asked about: the row's id, why, and the record's id."""
    if seeds is None:
        for number, topic in enumerate(section.topics[: section.limit], start=1):
            yield topic_ask(topic, setting.task, f"{source}/{number}", setting.max_tokens)
        return
    make = evidence_ask if setting.mode == "evidence" else answer_ask
    for number, record in enumerate(seeds):
        if section.limit is not None and number >= section.limit:
            return
        ask = make(record, setting.task, f"{source}/{record.id}", setting.max_tokens)
        yield ask if isinstance(ask, Ask) else (f"{source}/{record.id}", ask, record.id)
