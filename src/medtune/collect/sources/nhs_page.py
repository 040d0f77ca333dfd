"""One page of the NHS website (schema.org JSON) to a record: a passage for each chapter and each question asked."""

from collections.abc import Iterator
from typing import Any

from medtune.core.html_text import html_text
from medtune.runs.records.collect import Passage, Record

_NO_TEXT = frozenset(
    {"link", "keylinks", "canonicallinks", "secondarycanonicallinks", "RelatedLinks", "toptasks", "Find a service"}
)
_WEBSITE = "https://www.nhs.uk/"
Node = dict[str, Any]


def page_record(page: Node, path: str, source: str, licence: str) -> Record | str:
    """The record of one page, or why there is none."""
    if is_list(page):
        return "a list of pages"
    passages = tuple(_passages(page))
    if not passages:
        return "page without text"
    return Record(
        id=f"{source}/{path}",
        source=source,
        kind="document",
        form="health-page",
        topic=" ".join(str(page.get("name") or (page.get("about") or {}).get("name") or "").split()),
        document=f"{source}/{'/'.join(path.split('/')[:2])}",
        passages=passages,
        url=str(page.get("webpage") or f"{_WEBSITE}{path}/"),
        licence=licence,
    )


def is_list(page: Node) -> bool:
    """True for an A to Z list."""
    return isinstance(page.get("significantLink"), list)


def chapter_links(page: Node) -> list[str]:
    """Addresses of the chapters that a page is divided into."""
    return [
        str(link["url"])
        for part in _children(page)
        if part.get("name") == "keylinks"
        for link in _children(part)
        if link.get("url")
    ]


def _passages(page: Node) -> list[Passage]:
    """`mainEntityOfPage` holds the whole page; a page that is cut into chapters has its own words in `hasPart` only."""
    whole = [passage for part in _children(page) for passage in _chapter(part)]
    if whole or not isinstance(page.get("hasPart"), list):
        return whole
    return [passage for part in page["hasPart"] if isinstance(part, dict) for passage in _chapter(part)]


def _chapter(part: Node) -> Iterator[Passage]:
    if part.get("name") in _NO_TEXT:
        return
    heading, children = _heading(part), _children(part)
    blocks = [block for child in children if (block := _block(child))]
    first = _heading(children[0]) if children else ""
    if not heading and first and blocks and blocks[0].startswith(f"{first}\n"):
        heading, blocks[0] = first, blocks[0].removeprefix(f"{first}\n")
    text = "\n\n".join(filter(None, (_text(part), *blocks)))
    if text:
        yield Passage(name=str(part.get("name") or part.get("@type") or ""), heading=heading, text=text)
    for child in (part, *children):
        if child.get("@type") == "Question":
            yield from _question(child)


def _block(part: Node) -> str:
    """The text of a part below a chapter, its own heading first; questions and links are left to others."""
    if part.get("name") in _NO_TEXT or part.get("@type") in ("Question", "ImageObject", "VideoObject"):
        return ""
    inner = "\n\n".join(filter(None, (_text(part), *(_block(child) for child in _children(part)))))
    heading = _heading(part)
    return f"{heading}\n{inner}" if heading and inner else inner


def _question(part: Node) -> Iterator[Passage]:
    answer = part.get("acceptedAnswer") or {}
    blocks = answer.get("mainEntity") or []
    text = "\n\n".join(filter(None, (_block(block) for block in blocks if isinstance(block, dict))))
    question = html_text(str(part.get("text") or ""))
    if question and text:
        yield Passage(name="question", heading=question, text=text)


def _children(node: Node) -> list[Node]:
    found = node.get("mainEntityOfPage") or node.get("modules") or node.get("hasPart") or []
    return [child for child in found if isinstance(child, dict)] if isinstance(found, list) else []


def _heading(node: Node) -> str:
    return " ".join(html_text(str(node.get("headline") or "")).split())


def _text(node: Node) -> str:
    if node.get("@type") == "Question":
        return ""
    return html_text(str(node.get("text") or ""))
