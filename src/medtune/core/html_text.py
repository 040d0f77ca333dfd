"""Web markup to plain text that keeps its meaning: paragraphs, lists, table rows, raised and lowered numbers.

selectolax (MIT, 2 MB, Lexbor's HTML5 parser) reads what browsers read; it is imported on first use.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_GONE = frozenset(
    {"script", "style", "noscript", "template", "svg", "iframe", "object", "form", "button", "nav", "head"}
)
_TEXT_BLOCKS = {
    "address",
    "article",
    "aside",
    "blockquote",
    "div",
    "main",
    "p",
    "pre",
    "section",
    "header",
    "footer",
    "hr",
}
_LIST_BLOCKS = {
    "dl",
    "dt",
    "dd",
    "ol",
    "ul",
    "table",
    "caption",
    "figure",
    "figcaption",
    "fieldset",
    "details",
    "summary",
}
_BLOCKS = frozenset(_TEXT_BLOCKS | _LIST_BLOCKS | {"h1", "h2", "h3", "h4", "h5", "h6"})
_LOOSE_ITEMS = re.compile(r"\n\n(?=- )")
_BLANK_LINES = re.compile(r"\n{3,}")


def html_text(markup: str) -> str:
    """The text that a reader sees. List items begin with «- », cells of a row stand between « | ».

    10<sup>9</sup> is written 10^9, since 109 would be another number. Text without markup keeps its `<` and `>`.
    """
    from selectolax.lexbor import LexborHTMLParser

    body = LexborHTMLParser(markup).body
    if body is None:
        return ""
    lines = [" ".join(line.split()) for line in _inside(body).split("\n")]
    text = _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
    return _LOOSE_ITEMS.sub("\n", text)


def _inside(node: "LexborNode") -> str:
    return "".join(_node_text(child) for child in node.iter(include_text=True))


def _node_text(node: "LexborNode") -> str:
    tag = node.tag or ""
    if tag == "-text":
        return re.sub(r"\s+", " ", node.text(deep=False) or "")
    if tag in _GONE or tag.startswith(("-", "!")):
        return ""
    text = _inside(node)
    shape = _SHAPES.get(tag)
    if tag in ("td", "th"):
        return f"{' '.join(text.split())}{' | ' if _next_cell(node) else ''}"
    if shape:
        return shape(text)
    return f"\n\n{text}\n\n" if tag in _BLOCKS else text


def _raised(text: str) -> str:
    return f"^{text.strip()}" if any(char.isdigit() for char in text) else text


_SHAPES: dict[str, Callable[[str], str]] = {
    "br": lambda _: "\n",
    "li": lambda text: f"\n- {text.strip()}",
    "tr": lambda text: f"\n{text}",
    "sup": _raised,
}
"""Tags whose text is written in a way of its own."""


def _next_cell(node: "LexborNode") -> bool:
    after = node.next
    while after is not None:
        if after.tag in ("td", "th"):
            return True
        after = after.next
    return False
