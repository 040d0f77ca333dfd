"""File size against the rate of whole forms, one point a build, with intervals and labels that keep apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from medtune.report.charts.svg import TEXT_PX, Frame, Scale, el, legend_rows, text_width, tick_label, ticks, words

_RADII = (11, 18, 28, 40, 54, 70, 90, 115, 145, 180)
_ANGLES = tuple(2 * pi * turn / 16 for turn in (0, 8, 14, 2, 10, 6, 15, 1, 7, 9, 12, 4, 13, 3, 11, 5))
"""Right of the point first, then left, then the diagonals."""
_LEADER_FROM = 28

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1"""


@dataclass(frozen=True)
class Point:
    """One build; rates between 0 and 1. `tone` names its colour and shape, `verdict` its words."""

    label: str
    size_bytes: int
    rate: float
    low: float
    high: float
    tone: str
    verdict: str


def marker(tone: str) -> str:
    """The shape of a tone, centred on 0,0: shapes tell verdicts apart without colour."""
    shapes = {
        "pass": el("circle", cx=0, cy=0, r=6),
        "hold": el("path", d="M0-7 7 0 0 7-7 0Z"),
        "reject": el("path", d="M-5.5-5.5 5.5 5.5M5.5-5.5-5.5 5.5"),
        "base": el("rect", x=-5, y=-5, width=10, height=10),
    }
    return el("g", shapes.get(tone, shapes["base"]), class_=f"c-mark tone-{tone}")


def size_quality(points: Sequence[Point], *, width: float, height: float, key: str) -> str:
    """The plot of all builds. Raises ValueError without points."""
    if not points:
        raise ValueError("no builds to draw")
    kinds = dict.fromkeys((point.tone, point.verdict) for point in points)
    legend, top = legend_rows([(marker(tone), verdict) for tone, verdict in kinds], width)
    unit, unit_name = (1e9, "GB") if max(point.size_bytes for point in points) >= 1e9 else (1e6, "MB")
    sizes = [point.size_bytes / unit for point in points]
    pad = (max(sizes) - min(sizes)) * 0.09 or max(sizes) * 0.1
    frame = Frame(
        width,
        height,
        Scale(max(0.0, min(sizes) - pad), max(sizes) + pad, 52, width - 24),
        Scale(0.0, 1.0, height - 46, top + 30),
    )
    x_ticks = [(value, tick_label(value)) for value in ticks(frame.x.low, frame.x.high, max(3, int(width / 70)))]
    y_ticks = [(step / 5, f"{20 * step} %") for step in range(6)]
    places = place_labels(
        [(frame.x.at(size), frame.y.at(point.rate)) for size, point in zip(sizes, points, strict=True)],
        [point.label for point in points],
        (frame.x.start, frame.y.end - 4, frame.x.end, frame.y.start - 2),
        [
            (frame.x.at(size) - 3, frame.y.at(point.high), frame.x.at(size) + 3, frame.y.at(point.low))
            for size, point in zip(sizes, points, strict=True)
        ],
    )
    drawn = [
        _draw(frame, point, size, place, unit_name) for point, size, place in zip(points, sizes, places, strict=True)
    ]
    best = max(points, key=lambda point: point.rate)
    return frame.close(
        key,
        "Size against quality",
        f"{len(points)} builds: file size against the rate of answers with the whole form, with 95 % intervals. "
        f"Highest rate: {best.label} with {100 * best.rate:.1f} %. The same figures stand in the table.",
        legend,
        frame.axes(x_ticks, y_ticks, f"file size ({unit_name})", "answers with the whole form"),
        *(whisker for whisker, _ in drawn),
        *(mark for _, mark in drawn),
    )


def _draw(frame: Frame, point: Point, size: float, box: Box, unit_name: str) -> tuple[str, str]:
    """(whisker and leader line, marker and label) of one build."""
    x, y = frame.x.at(size), frame.y.at(point.rate)
    high, low = frame.y.at(point.high), frame.y.at(point.low)
    back = el("path", d=f"M{x:.1f} {high:.1f}V{low:.1f}M{x - 4:.1f} {high:.1f}h8M{x - 4:.1f} {low:.1f}h8",
              class_=f"c-whisker tone-{point.tone}")  # fmt: skip
    near_x, near_y = min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])
    if abs(near_x - x) + abs(near_y - y) >= _LEADER_FROM:
        back += el("line", x1=x, y1=y, x2=near_x, y2=near_y, class_="c-leader")
    hint = el(
        "title",
        f"{point.label}: {100 * point.rate:.1f} % ({100 * point.low:.1f} to {100 * point.high:.1f}), "
        f"{size:.2f} {unit_name}, {point.verdict}",
    )
    front = el("g", hint, marker(point.tone), transform=f"translate({x:.1f} {y:.1f})")
    return back, front + words(point.label, box[0] + 2, box[3] - 4, class_="c-label c-halo")


def place_labels(
    points: Sequence[tuple[float, float]], labels: Sequence[str], area: Box, obstacles: Sequence[Box]
) -> list[Box]:
    """One box for each label, near its point, free of the other labels, markers and obstacles where there is room.

    Greedy: points in crowded places choose first; when every candidate near the point is taken, the whole area is
    searched, and only without any free place does a label lie on a marker, never on another label if it can be helped.
    """
    marks = [(x - 8, y - 8, x + 8, y + 8) for x, y in points]
    crowd = [sum((x - u) ** 2 + (y - v) ** 2 < 60**2 for u, v in points) for x, y in points]
    placed: dict[int, Box] = {}
    for index in sorted(range(len(points)), key=lambda index: (-crowd[index], index)):
        size = (text_width(labels[index]) + 4, TEXT_PX + 4.0)
        taken = list(placed.values())
        candidates = [box for box in _candidates(points[index], size, area) if not _hits(box, taken)]
        free = (box for box in candidates if not _hits(box, marks) and not _hits(box, obstacles))
        off_marks = (box for box in candidates if not _hits(box, marks))
        placed[index] = (
            next(free, None)
            or next(off_marks, None)
            or next(iter(candidates), None)
            or _box(points[index], size, 0.0, _RADII[0])
        )
    return [placed[index] for index in range(len(points))]


def _candidates(point: tuple[float, float], size: tuple[float, float], area: Box) -> list[Box]:
    near = [_box(point, size, angle, radius) for radius in _RADII for angle in _ANGLES]
    inside = [box for box in near if _inside(box, area)]
    grid = [
        (x, y, x + size[0], y + size[1])
        for y in _steps(area[1], area[3] - size[1], size[1])
        for x in _steps(area[0], area[2] - size[0], 12.0)
    ]
    grid.sort(key=lambda box: (box[0] + box[2] - 2 * point[0]) ** 2 + (box[1] + box[3] - 2 * point[1]) ** 2)
    return inside + grid


def _steps(low: float, high: float, step: float) -> list[float]:
    return [low + number * step for number in range(int((high - low) / step) + 1)] if high >= low else []


def _box(point: tuple[float, float], size: tuple[float, float], angle: float, radius: float) -> Box:
    """A box outside a circle around the point, touching it in the direction of the angle."""
    x, y = point[0] + radius * cos(angle), point[1] - radius * sin(angle)
    x -= size[0] * (1 - cos(angle)) / 2
    y -= size[1] * (1 + sin(angle)) / 2
    return (x, y, x + size[0], y + size[1])


def _inside(box: Box, area: Box) -> bool:
    return box[0] >= area[0] and box[1] >= area[1] and box[2] <= area[2] and box[3] <= area[3]


def _hits(box: Box, others: Sequence[Box]) -> bool:
    return any(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in others)
