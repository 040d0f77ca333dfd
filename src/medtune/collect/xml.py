"""XML as a stream of whole elements: memory holds one record at a time, and no entity can grow or reach outside."""

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

_DEEPEST = 200
_RECORD_CHARS = 20_000_000


class XmlError(Exception):
    """Why a document cannot be read, in words that name no content."""


def elements(chunks: Iterable[bytes], tags: frozenset[str]) -> Iterator[Element]:
    """Each outermost element with one of these names. Raises XmlError.

    A document type declaration may name its DTD, as NCBI's answers do; entities of its own are refused.
    """
    reader = _Reader(tags)
    for chunk in chunks:
        yield from reader.feed(chunk, last=False)
    yield from reader.feed(b"", last=True)


class _Reader:
    """expat's calls, gathered into elements."""

    def __init__(self, tags: frozenset[str]) -> None:
        self._tags = tags
        self._depth = 0
        self._inside = 0
        self._chars = 0
        self._builder = TreeBuilder()
        self._whole: list[Element] = []
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = _refuse_entity

    def feed(self, data: bytes, *, last: bool) -> list[Element]:
        try:
            self._parser.Parse(data, last)
        except (expat.ExpatError, UnicodeDecodeError, LookupError, ValueError, AssertionError) as error:
            raise XmlError("malformed XML, or cut off") from error
        whole, self._whole = self._whole, []
        return whole

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise XmlError("XML nested too deeply")
        name = name.rpartition("}")[2]
        if self._inside == 0 and name in self._tags:
            self._inside, self._chars, self._builder = self._depth, 0, TreeBuilder()
        if self._inside:
            self._builder.start(name, {key.rpartition("}")[2]: value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        if self._inside:
            element = self._builder.end(name.rpartition("}")[2])
            if self._depth == self._inside:
                self._inside = 0
                self._whole.append(element)
        self._depth -= 1

    def _text(self, text: str) -> None:
        if self._inside:
            self._chars += len(text)
            if self._chars > _RECORD_CHARS:
                raise XmlError("one record of the XML is too large")
            self._builder.data(text)


def _refuse_entity(*_: object) -> None:
    raise XmlError("XML that declares entities")


_SPACED = frozenset({"p", "sec", "title", "list-item", "br", "table", "tr", "td"})


def inline_text(element: Element | None) -> str:
    """The text of an element with its markup read: 10<sup>9</sup> is 10^9, a fraction a/b, inline tags vanish."""
    return " ".join(_inline(element).split()) if element is not None else ""


def _inline(element: Element) -> str:
    parts = [_inline(child) for child in element]
    tails = [child.tail or "" for child in element]
    name = element.tag
    if name in ("msup", "mfrac", "msubsup") and len(parts) >= 2:
        return _formula(name, parts)
    text = (element.text or "") + "".join(part + tail for part, tail in zip(parts, tails, strict=True))
    if name == "sup":
        return _raised(text)
    return f" {text} " if name in _SPACED else text


def _formula(name: str, parts: list[str]) -> str:
    folded = ["".join(part.split()) for part in parts]
    if name == "mfrac":
        return f"{_grouped(folded[0])}/{_grouped(folded[1])}"
    if name == "msubsup" and len(folded) >= 3:
        return f"{folded[0]}{folded[1]}{_raised(folded[2])}"
    return f"{folded[0]}{_raised(folded[1])}"


def _grouped(text: str) -> str:
    return text if text.replace(".", "").isalnum() else f"({text})"


def _raised(text: str) -> str:
    """Raised text keeps a mark where losing it would change a number or a unit; raised letters (TM) need none."""
    stripped = text.strip()
    return f"^{stripped}" if any(char.isdigit() for char in stripped) else text
