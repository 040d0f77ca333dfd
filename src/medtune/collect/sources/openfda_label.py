"""One openFDA drug label to a record: sections of prose, tables taken out, names even where `openfda` is empty."""

import html
import re
from typing import Any

from medtune.runs.records.collect import Passage, Record

_NO_PROSE = frozenset(
    {
        "spl_product_data_elements",
        "package_label_principal_display_panel",
        "spl_unclassified_section",
        "recent_major_changes",
        "set_id",
        "id",
        "effective_time",
        "version",
    }
)
_TAG = re.compile(r"<[^>]+>")
_ROW = re.compile(r"<caption.*?</caption>|<tr.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<t[dh][\s>]")
_SHORTEST_ROW_CHARS = 8
"""A row of fewer characters is found by chance in prose; it stays."""


def label_record(label: dict[str, Any], source: str, licence: str) -> Record | str:
    """The record of one label, or why there is none."""
    name = label_id(label)
    if not name:
        return "label without an id"
    passages = tuple(_passages(label))
    if not passages:
        return "label without prose"
    topic = drug_name(label)
    if not topic:
        return "label without a drug's name"
    set_id = _text(label.get("set_id")) or name
    return Record(
        id=f"{source}/{name}",
        source=source,
        kind="document",
        form="drug-label",
        topic=topic,
        document=f"{source}/{set_id}",
        passages=passages,
        url=f"https://dailymed.nlm.nih.gov/dailymed/drugInfo.cfm?setid={set_id}",
        licence=licence,
    )


def label_id(label: dict[str, Any]) -> str:
    """The label's own id; empty when it has none."""
    return _text(label.get("id")) or _text(label.get("set_id"))


def drug_name(label: dict[str, Any]) -> str:
    """Brand name, else generic name, else the first words of the product data (labels whose `openfda` is empty)."""
    known = label.get("openfda") or {}
    for key in ("brand_name", "generic_name", "substance_name"):
        if name := _text(known.get(key)):
            return name
    words = _text(label.get("spl_product_data_elements")).split()
    return words[0] if words else ""


def _passages(label: dict[str, Any]) -> list[Passage]:
    found = []
    for name in sorted(label):
        value = label[name]
        if name in _NO_PROSE or name.endswith("_table") or not isinstance(value, list):
            continue
        tables = [table for table in label.get(f"{name}_table", []) if isinstance(table, str)]
        prose = "\n\n".join(text.strip() for text in value if isinstance(text, str) and text.strip())
        for table in tables:
            prose = without_table(prose, table)
        if prose.strip():
            found.append(Passage(name=name, heading=name.replace("_", " "), text=prose.strip()))
    return found


def without_table(prose: str, table: str) -> str:
    """The section without the words of a table, which openFDA repeats in the running text.

    A table of one column is a frame around prose and stays. Where the whole table does not stand in one piece, its
    rows are taken out one by one.
    """
    rows = _ROW.findall(table)
    if max((len(_CELL.findall(row)) for row in rows), default=0) < 2:
        return prose
    whole = _cut(prose, _squeezed(table))
    if whole is not None:
        return whole
    for row in rows:
        words = _squeezed(row)
        if len(words) >= _SHORTEST_ROW_CHARS:
            prose = _cut(prose, words) or prose
    return prose


def _cut(prose: str, words: str) -> str | None:
    """`prose` without the first place that equals `words` when white space is ignored; None when there is none."""
    if not words:
        return None
    places = [place for place, char in enumerate(prose) if not char.isspace()]
    start = "".join(prose[place] for place in places).find(words)
    if start < 0:
        return None
    return f"{prose[: places[start]].rstrip()} {prose[places[start + len(words) - 1] + 1 :].lstrip()}".strip()


def _squeezed(markup: str) -> str:
    return "".join(html.unescape(_TAG.sub(" ", markup)).split())


def _text(value: Any) -> str:
    """A text, or the first text of a list; folded."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return " ".join(value.split()) if isinstance(value, str) else ""
