"""Health pages, abstracts and statistics to questions with their answers: chapter by chapter, in the source's words."""

from collections.abc import Iterator

from medtune.prepare.convert.cards import is_card
from medtune.prepare.convert.inputs import ConvertInput, form_of
from medtune.prepare.convert.wordings import Wording, excerpt, made, word
from medtune.prepare.draft import Draft, Rejections
from medtune.runs.records.collect import Passage, Record

READS = frozenset({"health-page", "abstract", "statistics"})
_FINDINGS = ("CONCLUSIONS", "RESULTS")
_LEAST_CHARS = 60


def convert(given: ConvertInput, rejections: Rejections) -> Iterator[Draft]:
    """One row for each chapter that answers a question; documents without one are rejected."""
    for record in given.records:
        form = form_of(record)
        if form not in READS:
            continue
        rows = _chapters(given, record) if form == "health-page" else _whole(given, record, form)
        found = list(rows) if record.topic else []
        if not found:
            rejections.add(record.id, "pages", "no title" if not record.topic else "no chapter that answers something")
        yield from found


def _chapters(given: ConvertInput, record: Record) -> Iterator[Draft]:
    for number, part in enumerate(record.passages):
        if is_card(part):  # who must seek help, and how soon, is for the converters emergency and triage
            continue
        answer, _ = excerpt(part.text)
        if len(answer) >= _LEAST_CHARS:
            yield made(given, record, f"pages/{number}", _question(given, record, part, number), answer)


def _question(given: ConvertInput, record: Record, part: Passage, number: int) -> Wording:
    if part.heading.endswith("?"):
        return Wording("page-own-question", part.heading)
    key = f"{record.id}:{number}"
    if part.heading and part.heading.casefold() != record.topic.casefold():
        return word("page-heading", key, given.seed, topic=record.topic, heading=part.heading.rstrip(":"))
    return word("page-whole", key, given.seed, topic=record.topic)


def _whole(given: ConvertInput, record: Record, form: str) -> Iterator[Draft]:
    findings = [part.text for name in _FINDINGS for part in record.passages if part.name.upper() == name]
    if form == "abstract" and findings:
        kind, text = "abstract-findings", findings[0]
    else:
        kind = "abstract-whole" if form == "abstract" else "statistics"
        text = "\n\n".join(part.text for part in record.passages)
    answer, _ = excerpt(text)
    if len(answer) >= _LEAST_CHARS:
        asked = word(kind, record.id, given.seed, topic=record.topic.rstrip("."))
        yield made(given, record, f"pages/{kind}", asked, answer)
