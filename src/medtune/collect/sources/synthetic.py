"""Made-up hospital cases for the clinical tasks, drawn from medtune's own facts. Public: nobody is in them."""

from pathlib import Path

from medtune.collect.source import Desk, Origin, SourceInput, source_facts
from medtune.collect.synthetic.facts import FILES, load_facts
from medtune.collect.synthetic.generate import generate
from medtune.config.collect_clinical import SyntheticSource
from medtune.core.hashing import digest_json, sha256_file
from medtune.runs.records.collect import Record, SourceFacts

LICENCE = "Apache-2.0"
ORIGIN = Origin(
    kind="synthetic",
    licence=LICENCE,
    attribution="Cases made up by medtune: no patient, no person's name, not reviewed by a clinician",
    url="",
    public=True,
)


def inputs(_: SyntheticSource, __: SourceInput) -> tuple[Path, ...]:
    """The facts that medtune brings: other facts give other cases."""
    return FILES


def collect(section: SyntheticSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Draw the cases. Like a hospital's they have no topic: each counts by itself in split and audit."""
    made = generate(section.task, section.cases, section.seed, size=section.size, us=section.locale == "us")
    for case in made:
        name = f"{given.name}/{section.task}/{case.number:06d}"
        desk.keep(
            Record(
                id=name,
                source=given.name,
                kind="qa",
                topic="",
                document=name,
                question=case.question,
                answer=case.answer,
                question_type=section.task,
                licence=LICENCE,
            )
        )
    digests = [sha256_file(path) for path in FILES]
    return source_facts(
        given.name,
        ORIGIN,
        desk,
        retrieved=load_facts().written,
        sha256=digest_json([digests, section.model_dump(mode="json")]),
        documents=desk.kept,
    )
