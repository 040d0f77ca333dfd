"""The frozen list of planted identifiers shares no name with the detector's lists, and measures what it should."""

import json
import re
from importlib.resources import files

from medtune.detect.phi import DEFAULT, KINDS, RULES
from medtune.detect.phi.lists import FOLDER, load_lists
from medtune.detect.phi.planted import EACH, FILE, plant

FROZEN = json.loads(files("medtune").joinpath(*FOLDER, FILE).read_text(encoding="utf-8"))
TEXTS = ["Gout is a form of arthritis. It comes in attacks. Rest and water help.", "Asthma narrows the airways."]


def test_no_planted_name_stands_in_the_lists() -> None:
    lists = load_lists()
    for name in FROZEN["values"]["name"]:
        for word in re.findall(r"[^\W\d_]+", name.casefold()):
            assert word not in lists.given | lists.family | lists.places | lists.eponyms, name
    assert not {place.casefold() for place in FROZEN["values"]["place"]} & lists.places


def test_every_kind_is_planted_and_found_in_plain_text() -> None:
    planted = plant(TEXTS, DEFAULT, seed=7)
    assert set(planted.planted) == set(KINDS) == set(FROZEN["carriers"])
    assert all(count == EACH for count in planted.planted.values())
    assert planted.low == ()


def test_a_detector_that_finds_nothing_is_shown_as_such() -> None:
    planted = plant(TEXTS, (), seed=7)
    assert set(planted.low) == set(KINDS) and not any(planted.recall.values())
    assert "name" in plant(TEXTS, RULES, seed=7).recall
