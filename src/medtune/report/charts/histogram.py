"""How long the examples are: bars over ranges of tokens."""

from collections.abc import Sequence

from medtune.report.charts.svg import Frame, Scale, el, text_width, tick_label, ticks, words


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    title: str,
    limit: float | None,
    width: float,
    height: float,
    key: str,
) -> str:
    """Bars between neighbouring edges (one edge more than counts); `limit` is drawn as a line with its name."""
    high = max(counts, default=0) or 1
    right = max(edges[-1], limit or 0.0)
    frame = Frame(width, height, Scale(edges[0], right, 46, width - 24), Scale(0, high * 1.08, height - 46, 34))
    x_ticks = [(value, tick_label(value)) for value in ticks(edges[0], right, max(3, int(width / 80)))]
    y_ticks = [(value, tick_label(value)) for value in ticks(0, high * 1.08, 5) if value == int(value)]
    bars = [
        el(
            "rect",
            el("title", f"{low:g} to {up - 1:g} tokens: {count} examples"),
            x=frame.x.at(low) + 1,
            y=frame.y.at(count),
            width=max(1.0, frame.x.at(up) - frame.x.at(low) - 2),
            height=frame.y.start - frame.y.at(count),
            class_="c-bar",
        )
        for low, up, count in zip(edges, edges[1:], counts, strict=False)
    ]
    total = sum(counts)
    description = f"{total} examples between {edges[0]:g} and {edges[-1]:g} tokens."
    parts = [frame.axes(x_ticks, y_ticks, "tokens of an example", "examples"), *bars]
    if limit is not None:
        parts.append(_limit(frame, limit))
        description += f" Longer than {limit:g} tokens is rejected."
    return frame.close(key, title, description, *parts)


def _limit(frame: Frame, limit: float) -> str:
    x = frame.x.at(limit)
    label = f"limit: {limit:g}"
    room_right = frame.width - x > text_width(label) + 8
    line = el("line", x1=x, x2=x, y1=frame.y.start, y2=frame.y.end, class_="c-limit")
    return line + words(
        label, x + 6 if room_right else x - 6, frame.y.end + 4, anchor="start" if room_right else "end",
        class_="c-label c-halo",
    )  # fmt: skip
