"""One line a build: a share with its interval, on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from medtune.report.charts.svg import Frame, Scale, el, text_width, tick_label, ticks, words

_ROW_PX = 26


@dataclass(frozen=True)
class KeptBar:
    """A build's share (1: all of it) with its interval."""

    label: str
    value: float
    low: float
    high: float


def kept_chart(bars: Sequence[KeptBar], *, width: float, key: str) -> str:
    """Gain kept by each build, in the order given. Raises ValueError without builds."""
    if not bars:
        raise ValueError("no builds to draw")
    left = max(text_width(bar.label) for bar in bars) + 18
    low, high = min(0.0, *(bar.low for bar in bars)), max(1.0, *(bar.high for bar in bars))
    height = 30 + _ROW_PX * len(bars) + 46
    frame = Frame(width, height, Scale(low, high, left, width - 24), Scale(0, len(bars), height - 46, 30))
    x_ticks = [
        (value, f"{tick_label(round(100 * value, 6))} %") for value in ticks(low, high, max(3, int(width / 110)))
    ]
    parts = [frame.axes(x_ticks, [], "gain kept", "")]
    whole = frame.x.at(1.0)
    parts.append(el("line", x1=whole, x2=whole, y1=frame.y.start, y2=frame.y.end, class_="c-grid"))
    for number, bar in enumerate(bars):
        y = 30 + _ROW_PX * (number + 0.5)
        parts.append(words(bar.label, left - 10, y + 4, anchor="end"))
        parts.append(el("line", x1=frame.x.at(bar.low), x2=frame.x.at(bar.high), y1=y, y2=y, class_="c-axis"))
        parts.append(el("circle", cx=frame.x.at(bar.value), cy=y, r=5, class_="c-mark tone-base"))
    said = ", ".join(f"{bar.label} {100 * bar.value:.1f} %" for bar in bars)
    return frame.close(key, "Gain kept by each build", f"Share of the gain in held-out loss: {said}.", *parts)
