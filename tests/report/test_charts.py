"""Charts: well-formed, named, and with labels that do not lie on each other."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtune.report.charts import KeptBar, Point, histogram, kept_chart, size_quality, speed_curve, training_curve
from medtune.report.charts.scatter import place_labels
from medtune.report.charts.svg import text_width, ticks

SVG = "{http://www.w3.org/2000/svg}"


def named(svg: str) -> ET.Element:
    """Parse a chart and check that it has a title and a description of its own."""
    root = ET.fromstring(svg)
    ids = [element.get("id") for element in (root.find(f"{SVG}title"), root.find(f"{SVG}desc")) if element is not None]
    assert len(ids) == 2 and root.get("aria-labelledby") == " ".join(map(str, ids)) and root.get("role") == "img"
    return root


def texts_inside(root: ET.Element) -> list[str]:
    """Every text, after checking that none leaves the drawing."""
    width, height = (float(root.get(key, "0")) for key in ("width", "height"))
    found = []
    for text in root.iter(f"{SVG}text"):
        x, y, content = float(text.get("x", "")), float(text.get("y", "")), text.text or ""
        left = x - text_width(content) * {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor", "start")]
        if text.get("class", "") != "c-text":  # texts of the legend stand in a group that is moved
            assert left >= -1 and left + text_width(content) <= width + 1, content
            assert 8 <= y <= height, content
        found.append(content)
    return found


rates = st.floats(0, 1)
points = st.lists(
    st.builds(
        lambda number, size, three, tone: Point(
            f"Q{number}_K_M", size, sorted(three)[1], min(three), max(three), tone, tone.upper()
        ),
        st.integers(2, 8),
        st.integers(1_000_000, 9_000_000_000),
        st.tuples(rates, rates, rates),
        st.sampled_from(["pass", "hold", "reject", "base"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(points=points, width=st.sampled_from([343, 860]))
def test_the_scatter_shows_every_build_inside_the_drawing(points: list[Point], width: int) -> None:
    root = named(size_quality(points, width=width, height=380, key="k"))
    texts = texts_inside(root)
    assert all(point.label in texts for point in points)
    assert any(text.startswith("file size (") for text in texts)


@settings(max_examples=60, deadline=None)
@given(
    places=st.lists(st.tuples(st.floats(60, 320), st.floats(50, 320)), min_size=1, max_size=12),
    length=st.integers(2, 8),
)
def test_labels_never_lie_on_each_other(places: list[tuple[float, float]], length: int) -> None:
    boxes = place_labels(places, ["Q" * length] * len(places), (52, 40, 329, 330), [])
    for number, box in enumerate(boxes):
        assert box[0] >= 52 and box[2] <= 329 and box[1] >= 40 and box[3] <= 330
        for other in boxes[number + 1 :]:
            assert box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1]


def test_different_verdicts_have_different_shapes() -> None:
    tones = ["pass", "hold", "reject", "base"]
    root = named(size_quality([Point(t, 9, 0.5, 0.4, 0.6, t, t) for t in tones], width=860, height=380, key="k"))
    shapes = {}
    for group in root.iter(f"{SVG}g"):
        for tone in tones:
            if f"tone-{tone}" in group.get("class", ""):
                shapes[tone] = (group[0].tag, group[0].get("d"))
    assert len(set(shapes.values())) == 4


losses = st.lists(st.tuples(st.integers(1, 5000), st.floats(0.01, 12)), max_size=30)


@settings(max_examples=40, deadline=None)
@given(train=losses, validation=losses, width=st.sampled_from([343, 860]))
def test_the_curve_names_its_lowest_validation(
    train: list[tuple[int, float]], validation: list[tuple[int, float]], width: int
) -> None:
    if not train and not validation:
        return
    root = named(training_curve(train, validation, width=width, height=340, key="k"))
    labels = [text for text in texts_inside(root) if text.startswith("lowest")]
    assert len(labels) == (1 if validation else 0)
    if validation:
        step, loss = min(validation, key=lambda point: point[1])
        assert labels == [f"lowest: {loss:.3f} at step {step}"]
    assert len(list(root.iter(f"{SVG}circle"))) == len(validation) + 1 + (1 if validation else 0)


def test_the_speed_curve_begins_at_zero_and_says_its_median() -> None:
    root = named(speed_curve([(1, 100.0), (2, 300.0), (3, 200.0)], width=343, height=220, key="k"))
    assert "the median is 200 tokens a second" in ET.tostring(root, encoding="unicode")
    points = [pair.split(",") for pair in next(root.iter(f"{SVG}polyline")).get("points", "").split()]
    heights = [float(y) for _, y in points]
    assert heights[0] > heights[2] > heights[1]
    assert heights[0] - heights[2] == pytest.approx(heights[2] - heights[1], abs=0.2)


def test_bars_are_as_high_as_their_counts() -> None:
    root = named(
        histogram([0, 10, 20, 30], [4, 0, 2], title="Length of the examples", limit=40, width=343, height=220, key="k")
    )
    heights = [float(bar.get("height", "")) for bar in root.iter(f"{SVG}rect")]
    assert heights[0] == pytest.approx(2 * heights[2], abs=0.05) and heights[1] == 0
    assert "limit: 40" in texts_inside(root)


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6), most=st.integers(2, 12))
def test_ticks_are_few_round_and_inside(low: float, span: float, most: int) -> None:
    found = ticks(low, low + span, most)
    assert len(found) <= most
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in found)
    assert found == sorted(set(found))


shares = st.tuples(*[st.floats(-3, 3)] * 3).map(sorted)


@given(bars=st.lists(shares, min_size=1, max_size=20), width=st.sampled_from([343, 860]))
def test_the_gain_kept_of_every_build_is_drawn(bars: list[list[float]], width: int) -> None:
    drawn = [KeptBar(f"IQ3_XXS-imatrix{number}", at, low, high) for number, (low, at, high) in enumerate(bars)]
    root = named(kept_chart(drawn, width=width, key="k"))
    texts_inside(root)
    shown = [text.text for text in root.iter(f"{SVG}text")]
    assert all(bar.label in shown for bar in drawn)
    circles = [float(one.get("cx", "")) for one in root.iter(f"{SVG}circle")]
    assert len(circles) == len(drawn) and all(0 <= at <= width for at in circles)
    order = sorted(range(len(drawn)), key=lambda number: drawn[number].value)
    assert [circles[number] for number in order] == sorted(circles)


def test_a_chart_of_no_builds_is_refused() -> None:
    with pytest.raises(ValueError, match="no builds"):
        kept_chart([], width=300, key="k")
