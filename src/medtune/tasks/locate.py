"""Where does a string stand in a document: letter by letter, or without regard to case, spacing and XML entities?"""

from typing import Literal

Place = tuple[int, int]
"""Start and end of a stretch of the document, end exclusive."""

_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&apos;": "'"}


def places_of(source: str, quote: str) -> tuple[Literal["exact", "loose", "none"], tuple[Place, ...]]:
    """How it was found, and every place in order; places may overlap («aa» in «aaa»)."""
    if not quote.strip():
        return "none", ()
    exact = _occurrences(source, quote)
    if exact:
        return "exact", tuple((start, start + len(quote)) for start in exact)
    plain, origin = _loosened(source)
    wanted = _loosened(quote)[0].strip()
    places = {(origin[start][0], origin[start + len(wanted) - 1][1]) for start in _occurrences(plain, wanted)}
    return ("loose", tuple(sorted(places))) if places else ("none", ())


def _occurrences(text: str, part: str) -> list[int]:
    found: list[int] = []
    if not part:
        return found
    start = text.find(part)
    while start >= 0:
        found.append(start)
        start = text.find(part, start + 1)
    return found


def _loosened(text: str) -> tuple[str, list[Place]]:
    """Case folded, white space single, entities resolved; and for each letter the stretch that it came from."""
    letters: list[str] = []
    origin: list[Place] = []
    place = 0
    while place < len(text):
        end = place + 1
        if text[place].isspace():
            while end < len(text) and text[end].isspace():
                end += 1
            plain = " "
        else:
            entity = next((name for name in _ENTITIES if text.startswith(name, place)), "")
            end = place + len(entity) if entity else end
            plain = _ENTITIES.get(entity) or text[place].casefold()
        letters.extend(plain)
        origin.extend([(place, end)] * len(plain))
        place = end
    return "".join(letters), origin
