"""Documents that are too long: their longest note is cut at the ends of paragraphs, then of sentences."""

from collections.abc import Iterator
from dataclasses import replace

from medtune.collect.clinical.case import Document
from medtune.core.text import sentences
from medtune.tasks.forms import Consultation, Encounter, render_consultation, render_encounter


def render(document: Document) -> str:
    """The document as text."""
    return render_consultation(document) if isinstance(document, Consultation) else render_encounter(document)


def split_document(document: Document, most: int) -> list[Document]:
    """Documents of at most `most` characters, each with the rest of the case and a part of its longest text.

    Empty when the rest alone is too long, or a single sentence is.
    """
    done: list[Document] = []
    waiting = [document]
    while waiting:
        current = waiting.pop(0)
        size = len(render(current))
        if size <= most:
            done.append(current)
            continue
        text = _longest(current)
        room = most - len(render(_with(current, text, "")))
        parts = list(_pieces(text, room)) if room > 0 else []
        if len(parts) < 2:
            return []
        waiting[:0] = [_with(current, text, part) for part in parts]
    return done


def _pieces(text: str, room: int) -> Iterator[str]:
    """Runs of whole sentences within `room` characters as they are rendered; nothing when one sentence has more."""
    units = [unit for line in text.split("\n") for unit in (*sentences(line), "\n")]
    pieces, piece = [], ""
    for unit in units:
        longer = piece + unit if unit == "\n" else f"{piece.rstrip(' ')} {unit}".lstrip(" ")
        if _size(longer) > room:
            if not piece.strip() or _size(unit) > room:
                return
            pieces.append(piece.strip())
            longer = unit.strip("\n")
        piece = longer
    yield from (*pieces, *([piece.strip()] if piece.strip() else []))


def _size(text: str) -> int:
    """Characters as XML and the consultation form write them, at most."""
    return len(text) + 4 * (text.count("&") + text.count("<") + text.count(">")) + text.count("##")


def _texts(document: Document) -> list[str]:
    if isinstance(document, Encounter):
        return [note.text for note in document.notes]
    return [document.background, document.findings]


def _longest(document: Document) -> str:
    return max(_texts(document), key=len, default="")


def _with(document: Document, text: str, part: str) -> Document:
    """The document with `part` in place of one of its texts."""
    if isinstance(document, Encounter):
        return replace(
            document,
            notes=tuple(replace(note, text=part) if note.text == text else note for note in document.notes),
        )
    if document.background == text:
        return replace(document, background=part)
    return replace(document, findings=part)
