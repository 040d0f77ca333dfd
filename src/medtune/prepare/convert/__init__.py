"""The table of converters from records to drafts: a new one is one file and one line here.

`refusal` is not in it: its requests are crossed with the topics of the training split, so it runs after the split.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from medtune.prepare.convert import drug, emergency, pages, qa, symptom, terms, triage
from medtune.prepare.convert.inputs import ConvertInput
from medtune.prepare.draft import Draft, Rejections


@dataclass(frozen=True)
class Converter:
    """A converter, and the forms of records that it reads; it passes over others."""

    convert: Callable[[ConvertInput, Rejections], Iterator[Draft]]
    reads: frozenset[str]
    whole: bool = False
    """True when it looks at all records together; others read each by itself, so batches give the same rows."""


CONVERTERS: dict[str, Converter] = {
    "qa": Converter(qa.convert, qa.READS),
    "terms": Converter(terms.convert, terms.READS, whole=True),
    "drug": Converter(drug.convert, drug.READS),
    "pages": Converter(pages.convert, pages.READS),
    "symptom": Converter(symptom.convert, symptom.READS),
    "emergency": Converter(emergency.convert, emergency.READS),
    "triage": Converter(triage.convert, triage.READS),
}
