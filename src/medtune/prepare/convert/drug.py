"""Drug labels to questions about uses, dosage, warnings and more, each answered from the label's own sections.

Section names: https://open.fda.gov/apis/drug/label/searchable-fields/ . Labels in the PLR format (2006) have
`warnings_and_cautions`, older and over-the-counter ones `warnings`; a boxed warning stands before either.
"""

import re
from collections.abc import Iterator

from medtune.prepare.convert.inputs import ConvertInput, form_of
from medtune.prepare.convert.wordings import excerpt, made, word
from medtune.prepare.draft import Draft, Rejections
from medtune.runs.records.collect import Record

READS = frozenset({"drug-label"})
SECTIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "uses": (("indications_and_usage", "purpose"),),
    "dosage": (("dosage_and_administration", "directions"),),
    "warnings": (
        ("boxed_warning",),
        ("warnings_and_cautions", "warnings"),
        ("do_not_use",),
        ("stop_use",),
        ("when_using",),
    ),
    "contraindications": (("contraindications", "do_not_use"),),
    "interactions": (("drug_interactions", "ask_doctor_or_pharmacist"),),
    "side-effects": (("adverse_reactions",),),
    "overdose": (("overdosage",),),
}
"""For each question: sections in the order in which they are read out; of alternatives the first that is there."""
_NUMBER = re.compile(r"^\s*\d{1,2}(?:\.\d{1,2})?\s+(?=[A-Z])")
_HEADING = re.compile(
    r"^(?:indications?(?: (?:and|&) usage)?|uses?|purpose|dosage(?: (?:and|&) administration)?|directions?|"
    r"warnings?(?: and (?:precautions|cautions))?|contraindications?|drug interactions?|adverse reactions?|"
    r"overdosage)\b"
    r"(?!\s+(?-i:is|are|of|for|in|to|with|and|should|may|the)\b)[\s:]*",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\s*[(\[]\s*(?:see\s[^()\[\]]*(?:\([^()]*\)[^()\[\]]*)*|\d{1,2}\.\d{1,2}(?:\s*,\s*\d{1,2}\.\d{1,2})*)\s*[)\]]",
    re.IGNORECASE,
)
_LEAST_CHARS = 20


def convert(given: ConvertInput, rejections: Rejections) -> Iterator[Draft]:
    """One row for each question that a label answers; labels that answer none are rejected."""
    for record in given.records:
        if form_of(record) not in READS:
            continue
        found = list(_rows(given, record))
        if not found:
            rejections.add(record.id, "drug", "a label without uses, dosage or warnings")
        yield from found


def _rows(given: ConvertInput, record: Record) -> Iterator[Draft]:
    sections = {part.name: part.text for part in record.passages}
    for what, wanted in SECTIONS.items():
        texts = [next((sections[name] for name in names if name in sections), "") for names in wanted]
        answer, cut = excerpt("\n\n".join(filter(None, map(plain_section, texts))))
        if len(answer) < _LEAST_CHARS:
            continue
        if cut:
            answer = f"{answer}\n\n{word('more-of-label', record.id, given.seed).text}"
        asked = word(f"drug-{what}", record.id, given.seed, topic=record.topic)
        yield made(given, record, f"drug/{what}", asked, answer)


def plain_section(text: str) -> str:
    """A section without its number, its own heading and its pointers to other sections."""
    text = _REFERENCE.sub("", _NUMBER.sub("", text)).strip()
    rest = _HEADING.sub("", text, count=1).strip()
    return rest if len(rest) >= _LEAST_CHARS else text
