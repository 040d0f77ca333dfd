"""Quantities: what is written as number and unit, and comparing it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.detect.quantities import read_quantities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hold for 10 to 15 minutes.", [(10, 15, "min", "", False)]),
        ("Give 300 mg aspirin.", [(300, 300, "mg", "", False)]),
        ("5 mL/kg of the solution", [(5, 5, "ml", "kg", False)]),
        ("half a tablet, or ½ tablet", [(0.5, 0.5, "tablet", "", False)] * 2),
        ("every 4-6 hours", [(4, 6, "h", "", True)]),
        ("a 20-minute rinse", [(20, 20, "min", "", False)]),
        ("one and a half hours", [(1.5, 1.5, "h", "", False)]),
        ("half an hour", [(0.5, 0.5, "h", "", False)]),
        ("500 mg to 1 g, max 4 g in 24 hours", [(0.5, 1, "g", "", False), (4, 4, "g", "day", False)]),
        ("30 compressions and 2 rescue breaths", [(30, 30, "compression", "", False), (2, 2, "breath", "", False)]),
        ("100 to 120 a minute", [(100, 120, "time", "minute", False)]),
        ("two puffs every ten minutes", [(2, 2, "puff", "", False), (10, 10, "min", "", True)]),
        ("1 or 2 tablets up to 4 times a day", [(1, 2, "tablet", "", False), (4, 4, "time", "day", False)]),
        ("1,000 mg twice daily", [(1000, 1000, "mg", "", False), (2, 2, "time", "day", False)]),
        ("between 10 and 20 minutes at 38.5 °C", [(10, 20, "min", "", False), (38.5, 38.5, "°C", "", False)]),
        ("20–30 mins, 5-6 cm deep", [(20, 30, "min", "", False), (5, 6, "cm", "", False)]),
        ("Call 911. Room 12 holds 5 people.", []),
        ("10 units of insulin", [(10, 10, "unit", "", False)]),
    ],
)
def test_numbers_units_and_ranges(text: str, expected: list[tuple[float, float, str, str, bool]]) -> None:
    found = read_quantities(text)
    assert [(one.low, one.high, one.unit, one.per, one.every) for one in found] == expected
    assert all(text[one.start : one.end] == one.quote for one in found)


def test_comparing_needs_one_dimension() -> None:
    (dose,) = read_quantities("0.3 g")
    assert dose.within(160, 325, "mg") is True
    assert dose.within(400, 500, "mg") is False
    assert dose.within(1, 2, "h") is None
    (count,) = read_quantities("2 tablets")
    assert count.within(1, 2, "tablet") is True
    assert count.within(1, 2, "puff") is None


@given(st.text(alphabet="0123456789.,/-– ½atoevryhminmgkl°C%", max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    end = 0
    for one in read_quantities(text):
        assert end <= one.start < one.end <= len(text)
        assert one.low <= one.high
        end = one.end
