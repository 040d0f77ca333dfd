"""Training and validation loss over the optimiser steps."""

from collections.abc import Sequence

from medtune.report.charts.svg import Frame, Scale, el, legend_rows, text_width, tick_label, ticks, words

_TRAIN_SYMBOL = el("line", x1=-10, x2=10, y1=0, y2=0, class_="c-train")
_VALIDATION_SYMBOL = el("line", x1=-10, x2=10, y1=0, y2=0, class_="c-validation") + el(
    "circle", cx=0, cy=0, r=4, class_="c-validation-point"
)


def training_curve(
    train: Sequence[tuple[int, float]],
    validation: Sequence[tuple[int, float]],
    *,
    width: float,
    height: float,
    key: str,
) -> str:
    """The curve; points are (step, loss in nats for each trained token). Training is a thin line, validation a
    dashed one with circles, and its lowest point is ringed and named."""
    steps = [step for step, _ in (*train, *validation)]
    losses = [loss for _, loss in (*train, *validation)]
    legend, top = legend_rows(((_TRAIN_SYMBOL, "training"), (_VALIDATION_SYMBOL, "validation")), width)
    low, high = min(losses), max(losses)
    pad = (high - low) * 0.08 or 0.1
    frame = Frame(
        width,
        height,
        Scale(0, max(*steps, 1), 46, width - 24),
        Scale(max(0.0, low - pad), high + pad, height - 46, top + 30),
    )
    x_ticks = [
        (value, tick_label(value)) for value in ticks(0, frame.x.high, max(3, int(width / 70))) if value == int(value)
    ]
    y_ticks = [(value, tick_label(value)) for value in ticks(frame.y.low, frame.y.high, 6)]
    parts = [
        legend,
        frame.axes(x_ticks, y_ticks, "optimiser steps", "loss (nats per token, lower is better)"),
        _line(frame, train, "c-train"),
        _line(frame, validation, "c-validation"),
        *(_point(frame, step, loss) for step, loss in validation),
    ]
    description = f"Training loss over {max(steps)} steps."
    if validation:
        best_step, best = min(validation, key=lambda point: point[1])
        parts.append(_best(frame, best_step, best))
        description += f" Lowest validation loss {best:.3f} at step {best_step}."
    return frame.close(key, "Training curve", description, *parts)


def _line(frame: Frame, points: Sequence[tuple[int, float]], class_: str) -> str:
    path = " ".join(f"{frame.x.at(step):.1f},{frame.y.at(loss):.1f}" for step, loss in points)
    return el("polyline", points=path, class_=class_) if len(points) > 1 else ""


def _point(frame: Frame, step: int, loss: float) -> str:
    hint = el("title", f"step {step}: validation loss {loss:.4f}")
    return el("circle", hint, cx=frame.x.at(step), cy=frame.y.at(loss), r=4, class_="c-validation-point")


def _best(frame: Frame, step: int, loss: float) -> str:
    """A ring, and its name in the upper part of the plot, which falling losses leave empty."""
    x, y = frame.x.at(step), frame.y.at(loss)
    label = f"lowest: {loss:.3f} at step {step}"
    half = text_width(label) / 2
    centre = min(max(x, frame.x.start + half), frame.x.end - half)
    baseline = frame.y.end + (y - frame.y.end) * 0.35
    return (
        el("line", x1=x, x2=x, y1=baseline + 6, y2=y - 8, class_="c-leader")
        + el("circle", cx=x, cy=y, r=8, class_="c-ring")
        + words(label, centre, baseline, anchor="middle", class_="c-label c-halo")
    )
