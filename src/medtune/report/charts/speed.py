"""Tokens a second over the optimiser steps."""

from collections.abc import Sequence

from medtune.report.charts.svg import Frame, Scale, el, tick_label, ticks


def speed_curve(points: Sequence[tuple[int, float]], *, width: float, height: float, key: str) -> str:
    """The curve; points are (step, tokens a second without padding). The axis begins at zero."""
    high = max(speed for _, speed in points)
    frame = Frame(
        width,
        height,
        Scale(0, max(1, *(step for step, _ in points)), 64, width - 24),
        Scale(0.0, high * 1.08 or 1.0, height - 46, 30),
    )
    x_ticks = [
        (value, tick_label(value)) for value in ticks(0, frame.x.high, max(3, int(width / 70))) if value == int(value)
    ]
    y_ticks = [(value, tick_label(value)) for value in ticks(frame.y.low, frame.y.high, 5)]
    path = " ".join(f"{frame.x.at(step):.1f},{frame.y.at(speed):.1f}" for step, speed in points)
    ordered = sorted(speed for _, speed in points)
    description = f"Speed over {points[-1][0]} steps; the median is {ordered[len(ordered) // 2]:.0f} tokens a second."
    return frame.close(
        key,
        "Training speed",
        description,
        frame.axes(x_ticks, y_ticks, "optimiser steps", "tokens a second, without padding"),
        el("polyline", points=path, class_="c-train"),
    )
