"""One MedQuAD document: XML to question-answer pairs. A document type declaration is refused, so no entity can grow
or reach outside the file."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat


class DocumentError(Exception):
    """Why a document cannot be read, in words that name no content."""


@dataclass(frozen=True)
class Pair:
    """One question with its answer (which may be empty); texts are stripped at both ends and else as they stand."""

    id: str
    question_type: str
    question: str
    answer: str


@dataclass(frozen=True)
class Document:
    """One MedQuAD document."""

    id: str
    source: str
    """Short name of the website, e.g. GARD."""
    url: str
    topic: str
    """The document's <Focus>, white space folded."""
    pairs: tuple[Pair, ...]


def parse_document(data: bytes) -> Document:
    """Read one document; one of another kind simply holds no pairs. Raises DocumentError.

    One file of MedQuAD has the root <DiseaseFile fid=…> instead of <Document id=…>.
    """
    root = _parse(data)
    return Document(
        id=_fold(root.get("id") or root.get("fid") or ""),
        source=_fold(root.get("source", "")),
        url=_fold(root.get("url", "")),
        topic=_fold(root.findtext("Focus") or ""),
        pairs=tuple(_pair(element) for element in root.iter("QAPair")),
    )


def _parse(data: bytes) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, UnicodeDecodeError, LookupError, ValueError, AssertionError) as error:
        raise DocumentError("malformed XML") from error


def _refuse_doctype(*_: object) -> None:
    raise DocumentError("XML with a document type declaration")


def _pair(element: Element) -> Pair:
    question = element.find("Question")
    answer = element.find("Answer")
    return Pair(
        id="" if question is None else _fold(question.get("qid", "")),
        question_type="" if question is None else _fold(question.get("qtype", "")),
        question=_inner_text(question),
        answer=_inner_text(answer),
    )


def _inner_text(element: Element | None) -> str:
    """All text below an element: a stray inline tag must not cut an answer short."""
    return "" if element is None else "".join(element.itertext()).strip()


def _fold(text: str) -> str:
    return " ".join(text.split())
