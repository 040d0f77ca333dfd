"""Units that slots may use: their kind, the factor to the kind's base unit, and how answers write them."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["time", "mass", "volume", "length", "temperature", "rate", "count", "share", "energy"]


@dataclass(frozen=True)
class Unit:
    """One unit. `factor` times a quantity gives the kind's base unit (s, mg, ml, cm, °C, 1/min, 1, %)."""

    kind: Kind
    factor: float
    pattern: str
    """Regular expression of its name behind a number, without word boundaries."""


UNITS: dict[str, Unit] = {
    "s": Unit("time", 1, r"s|secs?|seconds?"),
    "min": Unit("time", 60, r"min|mins|minutes?"),
    "h": Unit("time", 3600, r"h|hrs?|hours?"),
    "day": Unit("time", 86400, r"d|days?"),
    "week": Unit("time", 604800, r"weeks?|wks?"),
    "mcg": Unit("mass", 0.001, r"mcg|µg|μg|ug|micrograms?"),
    "mg": Unit("mass", 1, r"mg|milligrams?"),
    "g": Unit("mass", 1000, r"g|grams?|grammes?"),
    "ml": Unit("volume", 1, r"ml|millilit(?:re|er)s?|cc"),
    "l": Unit("volume", 1000, r"l|lit(?:re|er)s?"),
    "mm": Unit("length", 0.1, r"mm|millimet(?:re|er)s?"),
    "cm": Unit("length", 1, r"cm|centimet(?:re|er)s?"),
    "inch": Unit("length", 2.54, r"in|inch(?:es)?"),
    "celsius": Unit("temperature", 1, r"°\s?c|degrees? c(?:elsius)?|c"),
    "per_min": Unit(
        "rate", 1, r"(?:compressions |pushes |beats |times )?(?:a|per|each|every|/)\s?min(?:ute)?|/min|bpm"
    ),
    "breaths": Unit("count", 1, r"(?:\w+ )?breaths?"),
    "blows": Unit("count", 1, r"(?:\w+ ){0,2}(?:blows?|slaps?)"),
    "thrusts": Unit("count", 1, r"(?:\w+ ){0,2}(?:thrusts?|compressions|pushes)"),
    "tablets": Unit("count", 1, r"(?:\w+ ){0,2}(?:tablets?|pills?|capsules?|caplets?)"),
    "puffs": Unit("count", 1, r"puffs?"),
    "doses": Unit("count", 1, r"doses"),
    "percent": Unit("share", 1, r"%|percent|per cent"),
}
