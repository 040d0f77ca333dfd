import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.html_text import html_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Take <b>5&nbsp;mg</b> if p &lt; 0.05.</p><p>Rest.</p>", "Take 5 mg if p < 0.05.\n\nRest."),
        ("10<sup>9</sup>/L, CO<sub>2</sub>, Brand<sup>TM</sup>", "10^9/L, CO2, BrandTM"),
        ("<p>Do:</p><ul><li>one\n two</li><li>three<ul><li>in</li></ul></li></ul>", "Do:\n- one two\n- three\n- in"),
        ("<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>", "A | B\n1 | 2"),
        ("a<br>b<script>x()</script><style>y</style><!-- z -->", "a\nb"),
        (
            "INR < 2 and Hb > 10, pH<7.35, \u03b2-blocker 5 \u00b5g",
            "INR < 2 and Hb > 10, pH<7.35, \u03b2-blocker 5 \u00b5g",
        ),
        ("", ""),
    ],
)
def test_meaning_stays(markup: str, text: str) -> None:
    assert html_text(markup) == text


@given(st.text(max_size=200))
def test_any_text_is_read(markup: str) -> None:
    text = html_text(markup)
    assert text == text.strip()
    assert "\n\n\n" not in text
