"""Small SVG charts: figures in, one `<svg>` string out. Colours come from the page's CSS, meaning also from shapes."""

from medtune.report.charts.curve import training_curve
from medtune.report.charts.histogram import histogram
from medtune.report.charts.kept import KeptBar, kept_chart
from medtune.report.charts.scatter import Point, size_quality
from medtune.report.charts.speed import speed_curve

__all__ = ["KeptBar", "Point", "histogram", "kept_chart", "size_quality", "speed_curve", "training_curve"]
