"""First aid in numbered steps, put together from medtune's own wordings. Public: nobody is in them."""

from pathlib import Path

from medtune.collect.first_aid import FILE, generate, load_situations
from medtune.collect.source import Desk, Origin, SourceInput, source_facts
from medtune.config.collect_clinical import FirstAidSource
from medtune.core.hashing import digest_json, sha256_file
from medtune.runs.records.collect import Record, SourceFacts

TASK = "emergency"
LICENCE = "Apache-2.0"
ORIGIN = Origin(
    kind="first_aid",
    licence=LICENCE,
    attribution="Steps written for medtune: common knowledge of first-aid courses, not reviewed by a clinician",
    url="",
    public=True,
)


def inputs(_: FirstAidSource, __: SourceInput) -> tuple[Path, ...]:
    """The wordings that medtune brings: other ones give other rows."""
    return (FILE,)


def collect(section: FirstAidSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Draw the rows; the topic of each is its situation, so that a situation never crosses the split."""
    situations = set()
    for row in generate(section.cases, section.seed, section.locale):
        situations.add(row.situation)
        desk.keep(
            Record(
                id=f"{given.name}/{row.number:06d}",
                source=given.name,
                kind="qa",
                topic=row.situation,
                document=f"{given.name}/{row.situation}",
                question=row.question,
                answer=row.answer,
                question_type=TASK,
                licence=LICENCE,
            )
        )
    if desk.kept < section.cases:
        desk.warn(f"{desk.kept} rows instead of {section.cases}: there are no more distinct answers")
    return source_facts(
        given.name,
        ORIGIN,
        desk,
        retrieved=load_situations().written.isoformat(),
        sha256=digest_json([sha256_file(FILE), section.model_dump(mode="json")]),
        documents=len(situations),
    )
