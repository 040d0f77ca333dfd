"""Units that slots may use, as `detect.quantities` reads them (a test holds both lists together)."""

UNITS: dict[str, str] = {
    "s": "time",
    "min": "time",
    "h": "time",
    "day": "time",
    "week": "time",
    "mcg": "mass",
    "mg": "mass",
    "g": "mass",
    "ml": "volume",
    "l": "volume",
    "mm": "length",
    "cm": "length",
    "inch": "length",
    "°C": "temperature",
    "%": "share",
    "tablet": "count",
    "capsule": "count",
    "puff": "count",
    "dose": "count",
    "compression": "count",
    "breath": "count",
    "blow": "count",
    "per_min": "rate",
}
"""Unit to its kind; quantities of one kind are compared in the same unit."""
