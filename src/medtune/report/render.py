"""report.json's value to one self-contained page: no network, no script, no external font."""

from typing import Any

from medtune.report.charts import KeptBar, Point, histogram, kept_chart, size_quality, speed_curve, training_curve
from medtune.report.charts.scatter import marker
from medtune.report.pages import render_page

_WIDE, _NARROW = 860, 343
"""Charts are drawn twice, for a desk and for a phone: scaled text would be too small to read."""


def render(report: dict[str, Any]) -> str:
    """The whole HTML page."""
    marks = {tone: _mark(tone) for tone in _TONES}
    return render_page("report.html.j2", r=report, charts=_charts(report), marks=marks)


_TONES = ("pass", "hold", "reject", "base")


def _mark(tone: str) -> str:
    return f'<svg class="mark" viewBox="-9 -9 18 18" width="14" height="14" aria-hidden="true">{marker(tone)}</svg>'


def _charts(report: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Each chart as [(class of its wrapper, svg)]; a chart without data is an empty list."""
    sizes = (("wide", _WIDE, 380), ("narrow", _NARROW, 330))
    training = report["training"]
    points = [
        Point(
            label=row["build"],
            size_bytes=row["size_bytes"],
            rate=row["whole_form"]["rate"],
            low=row["whole_form"]["low"],
            high=row["whole_form"]["high"],
            tone=row["tone"],
            verdict="base, for comparison" if row["tone"] == "base" else row["verdict"],
        )
        for row in report["verdicts"]
    ]
    train = [(point["step"], point["loss"]) for point in training["train"]]
    validation = [(point["step"], point["loss"]) for point in training["validation"]]
    speeds = [(point["step"], point["tokens_per_s"]) for point in training["train"] if point["tokens_per_s"]]
    kept = [
        KeptBar(row["build"], **row["fidelity"]["gain_kept"])
        for row in report["proof"]["builds"]
        if row["fidelity"] and row["fidelity"]["gain_kept"]
    ]
    charts: dict[str, list[tuple[str, str]]] = {"kept": [], "quality": [], "curve": [], "speed": []}
    for kind, width, height in sizes:
        if points:
            charts["quality"].append((kind, size_quality(points, width=width, height=height, key=f"quality-{kind}")))
        if train or validation:
            curve = training_curve(train, validation, width=width, height=height - 40, key=f"curve-{kind}")
            charts["curve"].append((kind, curve))
        if speeds:
            charts["speed"].append((kind, speed_curve(speeds, width=width, height=height - 150, key=f"speed-{kind}")))
        if kept:
            charts["kept"].append((kind, kept_chart(kept, width=width, key=f"kept-{kind}")))
    return {**charts, **_histograms(report["data"], sizes)}


def _histograms(data: dict[str, Any], sizes: tuple[tuple[str, int, int], ...]) -> dict[str, list[tuple[str, str]]]:
    """How long the examples are, and how long those were that the limit cut."""
    named = {"lengths": ("Length of the examples", data["tokens"]), "cut": ("Cut examples", data["cut"]["tokens"])}
    return {
        name: [
            (
                kind,
                histogram(
                    tokens["edges"],
                    tokens["counts"],
                    title=title,
                    limit=tokens["limit"],
                    width=width,
                    height=height - 110,
                    key=f"{name}-{kind}",
                ),
            )
            for kind, width, height in sizes
            if tokens["counts"]
        ]
        for name, (title, tokens) in named.items()
    }
