"""Elements, scales and axes that all charts share. Lengths are SVG user units, shown as CSS pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isfinite, log10

TEXT_PX = 12
_CHAR_PX = 7.3
"""Width of an average character at 12 px in a wide font: labels are placed by it, so it must not be too small."""


def el(name: str, *children: str, **attributes: str | float) -> str:
    """One element. Children are markup already; attribute values are escaped (`_` in a name means `-`)."""
    texts = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value), quote=True)}"'
        for key, value in attributes.items()
    ]
    return f"<{name}{''.join(texts)}>{''.join(children)}</{name}>"


def words(text: str, x: float, y: float, *, anchor: str = "start", class_: str = "c-text") -> str:
    """A line of text; `y` is its baseline."""
    return el("text", escape(text), x=x, y=y, text_anchor=anchor, class_=class_)


def text_width(text: str) -> float:
    """Estimated width; wide (East Asian) characters count twice."""
    return sum(2 if ord(char) > 0x2E80 else 1 for char in text) * _CHAR_PX


def _number(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Scale:
    """A linear map from values to positions."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Position of a value."""
        span = self.high - self.low
        return self.start + (value - self.low) / span * (self.end - self.start) if span else self.start


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` round values (steps of 1, 2 or 5 times a power of ten) between low and high, both included."""
    if not (isfinite(low) and isfinite(high)) or high <= low or most < 2:
        return [low]
    raw = (high - low) / (most - 1)
    power = 10.0 ** floor(log10(raw))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= raw * (1 - 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def tick_label(value: float) -> str:
    """A tick's number as a reader writes it."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


@dataclass(frozen=True)
class Frame:
    """The plot area inside a chart, with both scales."""

    width: float
    height: float
    x: Scale
    y: Scale

    def axes(
        self,
        x_ticks: Sequence[tuple[float, str]],
        y_ticks: Sequence[tuple[float, str]],
        x_title: str,
        y_title: str,
    ) -> str:
        """Horizontal grid, tick labels, and titles: the y title stands level above its axis, easy to read."""
        parts = []
        for value, label in y_ticks:
            y = self.y.at(value)
            parts.append(el("line", x1=self.x.start, x2=self.x.end, y1=y, y2=y, class_="c-grid"))
            parts.append(words(label, self.x.start - 8, y + 4, anchor="end", class_="c-tick"))
        for value, label in x_ticks:
            x = self.x.at(value)
            parts.append(el("line", x1=x, x2=x, y1=self.y.start, y2=self.y.start + 5, class_="c-axis"))
            parts.append(words(label, x, self.y.start + 19, anchor="middle", class_="c-tick"))
        base = self.y.start
        parts.append(el("line", x1=self.x.start, x2=self.x.end, y1=base, y2=base, class_="c-axis"))
        parts.append(words(y_title, 2, self.y.end - 14, class_="c-title"))
        parts.append(words(x_title, self.x.end, base + 38, anchor="end", class_="c-title"))
        return "".join(parts)

    def close(self, key: str, title: str, description: str, *parts: str) -> str:
        """The whole `<svg>`; `key` makes the ids of its title and description unique in the page."""
        return el(
            "svg",
            el("title", escape(title), id=f"{key}-title"),
            el("desc", escape(description), id=f"{key}-desc"),
            *parts,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {self.width:g} {self.height:g}",
            width=self.width,
            height=self.height,
            role="img",
            aria_labelledby=f"{key}-title {key}-desc",
            class_="chart",
        )


def legend_rows(items: Sequence[tuple[str, str]], width: float) -> tuple[str, float]:
    """Symbols with their labels in rows of at most `width`, and the height of all rows.

    Each item is (markup of a symbol centred on 0,0, label).
    """
    parts, x, y = [], 2.0, 12.0
    for symbol, label in items:
        needed = 26 + text_width(label) + 18
        if x > 2 and x + needed > width:
            x, y = 2.0, y + 20
        parts.append(el("g", symbol, transform=f"translate({x + 10:g} {y - 4:g})"))
        parts.append(words(label, x + 26, y))
        x += needed
    return "".join(parts), y + 8
