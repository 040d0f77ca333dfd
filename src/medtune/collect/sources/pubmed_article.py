"""One PubmedArticle to a record: every labelled part of the abstract, and the reasons why some are left out.

Fields: https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html
"""

import re
from xml.etree.ElementTree import Element

from medtune.collect.xml import inline_text
from medtune.runs.records.collect import Passage, Record

LICENCE = "abstract: copyright of its publisher or authors"
_LONGEST_CHARS = 200_000
_RETRACTED = frozenset({"Retracted Publication", "Retraction of Publication"})
_TRAINING = re.compile(
    r"text and data mining|\btdm\b|\b(ai|a\.i\.|artificial intelligence|machine[- ]learning|language models?)\b",
    re.IGNORECASE,
)
_RESERVED = re.compile(
    r"reserv|prohibit|not (be )?(permitted|allowed|used)|no (part|use)|without .{0,40}permission|exclud", re.IGNORECASE
)


def article_record(article: Element, source: str) -> Record | str:
    """The record of one article, or why there is none (reasons name no content)."""
    pmid = pmid_of(article)
    if not pmid:
        return "article without a PMID"
    kinds = {
        inline_text(kind) for kind in article.iterfind("MedlineCitation/Article/PublicationTypeList/PublicationType")
    }
    if kinds & _RETRACTED:
        return "retracted, or a notice of it"
    abstract = article.find("MedlineCitation/Article/Abstract")
    rights = inline_text(abstract.find("CopyrightInformation")) if abstract is not None else ""
    if reserves_training(rights):
        return "its copyright notice reserves the training of AI"
    passages = _passages(abstract)
    if not passages:
        return "no abstract"
    if sum(len(passage.text) for passage in passages) > _LONGEST_CHARS:
        return "abstract too long to be one"
    title = inline_text(article.find("MedlineCitation/Article/ArticleTitle")).strip("[]")
    return Record(
        id=f"{source}/{pmid}",
        source=source,
        kind="document",
        form="abstract",
        topic=title,
        document=f"{source}/{pmid}",
        passages=passages,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        licence=f"{LICENCE}: {rights}" if rights else LICENCE,
    )


def pmid_of(article: Element) -> str:
    """The article's number in PubMed; empty when it has none."""
    return inline_text(article.find("MedlineCitation/PMID"))


def reserves_training(rights: str) -> bool:
    """True when a copyright notice keeps text mining or the training of AI to its owner."""
    return any(
        _TRAINING.search(sentence) and _RESERVED.search(sentence) for sentence in re.split(r"(?<=[.;])\s", rights)
    )


def _passages(abstract: Element | None) -> tuple[Passage, ...]:
    if abstract is None:
        return ()
    found = []
    for part in abstract.iterfind("AbstractText"):
        text = inline_text(part)
        if text:
            label = part.get("Label", "")
            found.append(Passage(name=part.get("NlmCategory", "") or label, heading=label.capitalize(), text=text))
    return tuple(found)
