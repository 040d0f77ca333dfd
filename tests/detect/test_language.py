"""Language: scripts, languages of one script, and short or mixed texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.detect.language import read_language


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "Press firmly on the wound with a clean cloth."),
        ("en", "Apply cool water for 20 minutes"),
        ("es", "Presione la herida con un paño limpio."),
        ("fr", "Appuyez fermement sur la plaie."),
        ("de", "Drücken Sie fest auf die Wunde."),
        ("de", "Kühlen Sie die Verbrennung 20 Minuten lang."),
        ("it", "Premere con forza sulla ferita."),
        ("pt", "Pressione firmemente a ferida com um pano limpo."),
        ("nl", "Druk stevig op de wond met een schone doek."),
        ("pl", "Mocno uciśnij ranę czystą tkaniną."),
        ("sv", "Tryck hårt på såret med en ren trasa och ring efter hjälp."),
        ("tr", "Temiz bir bezle yaraya sıkıca bastırın."),
        ("vi", "Ấn mạnh vào vết thương bằng vải sạch."),
        ("ru", "Прижмите рану чистой тканью и вызовите скорую."),
        ("uk", "Притисніть рану чистою тканиною."),
        ("zh-Hant", "用乾淨的布用力按壓傷口"),
        ("zh-Hans", "用干净的布用力按压伤口"),
        ("ja", "清潔な布で傷口を強く押さえてください"),
        ("ko", "깨끗한 천으로 상처를 세게 누르세요"),
        ("ar", "اضغط بقوة على الجرح بقطعة قماش نظيفة"),
        ("el", "Πιέστε δυνατά την πληγή"),
    ],
)
def test_languages(code: str, text: str) -> None:
    found = read_language(text)
    assert found.code == code, found
    assert not found.mixed


@pytest.mark.parametrize("text", ["", "12 : 30 !", "OK", "Call 999", "Ja, 20 mg"])
def test_too_little_to_tell_is_undetermined(text: str) -> None:
    assert read_language(text).code == "und"


def test_a_second_script_makes_a_text_mixed() -> None:
    assert read_language("Press on the wound. Вызовите скорую помощь сейчас.").mixed
    assert not read_language("Give 5 μg of β-agonist by inhaler and wait for ten minutes.").mixed


@given(st.text(max_size=200))
def test_any_text_gets_a_language_whatever_its_spaces(text: str) -> None:
    found = read_language(text)
    assert found.code and 0 <= found.probability <= 1
    assert read_language(f"  {text}\n").script == found.script
