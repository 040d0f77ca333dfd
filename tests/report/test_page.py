"""The page in a real browser: no network, no errors, no overflow, nothing executed, figures equal to report.json."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from finished_run import NASTY, SIZES_MB

from medtune.report import formats
from medtune.runs.layout import RunDir

Reported = tuple[RunDir, dict[str, Any]]

CONTRAST = """() => {
  const parse = text => { const [r, g, b, a] = text.match(/[\\d.]+/g).map(Number); return {r, g, b, a: a ?? 1}; };
  const lum = c => { const f = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
                     return .2126 * f(c.r) + .7152 * f(c.g) + .0722 * f(c.b); };
  const behind = element => { for (let e = element; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c; }
    return parse('rgb(255,255,255)'); };
  const bad = [];
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('svg') || element.classList.contains('anchor')) continue;
    const text = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!text || !element.getClientRects().length) continue;
    const [one, two] = [lum(parse(getComputedStyle(element).color)), lum(behind(element))].sort((a, b) => b - a);
    if ((one + .05) / (two + .05) < 4.5)
      bad.push(element.tagName + '.' + element.className + ': ' + element.textContent.slice(0, 30));
  }
  return bad;
}"""


class Visit:
    """A page with everything that it asked for or complained about."""

    def __init__(self, browser: Any, path: Path, width: int, scheme: str = "light") -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto(path.as_uri())

    def open_details(self) -> None:
        self.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")

    def __enter__(self) -> "Visit":
        return self

    def __exit__(self, *error: object) -> None:
        self.page.close()


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["reported", "nothing_released"])
def test_the_page_stands_alone_and_fits(
    browser: Any, request: pytest.FixtureRequest, which: str, scheme: str, width: int
) -> None:
    run, _ = request.getfixturevalue(which)
    path = run.file("report.html")
    with Visit(browser, path, width, scheme) as visit:
        for _ in range(2):
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
            cut = visit.page.evaluate(
                """() => [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, svg, pre, .sr') &&
                   (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1))
                   .map(e => e.outerHTML.slice(0, 80))"""
            )
            assert cut == []
            visit.open_details()
        assert visit.page.evaluate(CONTRAST) == []
        assert visit.requests == [path.as_uri()]
        assert visit.complaints == []


def test_nasty_answers_are_shown_and_do_nothing(browser: Any, nothing_released: Reported) -> None:
    run, _ = nothing_released
    with Visit(browser, run.file("report.html"), 1280) as visit:
        visit.open_details()
        assert visit.page.title() == "terms-demo: medtune report"
        assert visit.page.evaluate("document.querySelectorAll('script, img, iframe, link, textarea').length") == 0
        shown = set(visit.page.eval_on_selector_all(".text", "all => all.map(one => one.textContent)"))
        for text in NASTY:
            if text:
                assert formats.visible(text) in shown
        assert visit.page.get_by_text("(an empty answer)").count() > 0
        assert visit.page.get_by_text("text withheld (not a public source)").count() > 0
        assert visit.complaints == []


def test_every_figure_on_the_page_is_the_json_s(browser: Any, reported: Reported) -> None:
    run, report = reported
    with Visit(browser, run.file("report.html"), 1280) as visit:
        found = visit.page.eval_on_selector_all(
            "[data-json]", "all => all.map(one => [one.dataset.json, one.textContent])"
        )
    assert len(found) > 200
    for place, text in found:
        assert text in _ways(look_up(report, place)), place


def test_the_tables_name_every_build_with_its_verdict_and_figures(browser: Any, reported: Reported) -> None:
    run, report = reported
    with Visit(browser, run.file("report.html"), 1280) as visit:
        heads = visit.page.eval_on_selector_all("#verdict-table thead th", "all => all.map(one => one.innerText)")
        verdicts = _table(visit, "#verdict-table")
        figures = _table(visit, "#figure-table")
        reasons = _table(visit, "#reason-table")
    words = [head.split("\n")[0] for head in heads]
    assert words == ["Build", "Verdict", "Safety", "Detail", "Size", "Assessment"]
    assert [row[0].split()[0] for row in verdicts] == list(SIZES_MB)
    for row, cells, numbers, why in zip(report["verdicts"], verdicts, figures, reasons, strict=True):
        assert why[1] == row["verdict"] and why[2].startswith(row["rule"])
        assert cells[1].strip() == row["verdict"]
        assert cells[2] == "not judged (form only)"
        rate = row["whole_form"]
        assert numbers[1].split()[0] == f"{100 * rate['rate']:.1f}" and f"{rate['hits']} of {rate['n']}" in numbers[1]
        assert f"{100 * rate['low']:.1f}" in numbers[1] and f"{100 * rate['high']:.1f}" in numbers[1]


def test_readers_of_all_kinds_find_their_way(browser: Any, reported: Reported) -> None:
    run, _ = reported
    with Visit(browser, run.file("report.html"), 1280) as visit:
        page = visit.page
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.locator("h1").count() == 1
        levels = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(one => Number(one.tagName[1]))")
        assert levels[0] == 1 and all(deep - before <= 1 for before, deep in pairwise(levels))
        assert page.locator("th:not([scope])").count() == 0
        assert page.locator("table").count() > 5
        for table in page.locator("table").all():
            assert table.evaluate("one => !!one.caption || !!one.closest('[aria-label]')")
        for svg in page.locator("svg:not([aria-hidden])").all():
            assert svg.evaluate("one => !!one.querySelector(':scope > title') && !!one.querySelector(':scope > desc')")
        ids = page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
        assert len(ids) == len(set(ids))
        for link in page.eval_on_selector_all("a", "all => all.map(one => one.getAttribute('href'))"):
            assert link.startswith("#") and link[1:] in ids


def test_the_data_card_s_tables_can_be_read(browser: Any, reported: Reported) -> None:
    run, report = reported
    card = report["data"]
    with Visit(browser, run.file("report.html"), 375) as visit:
        visit.open_details()
        assert [row[:2] for row in _table(visit, "#licence-table")] == [
            [row["source"], row["licence"]] for row in card["licences"]
        ]
        assert [row[0] for row in _table(visit, "#source-table")] == ["medquad", "local.jsonl"]
        assert [row[0] for row in _table(visit, "#guard-table")] == [row["name"] for row in card["decontamination"]]
        assert [row[0] for row in _table(visit, "#phi-table")] == [row["kind"] for row in card["phi"]["kinds"]]
        assert len(_table(visit, "#slip-table")) == len(card["phi"]["measured"])
        assert [row[0] for row in _table(visit, "#cluster-table")] == ["clusters", "groups"]
        shown = visit.page.eval_on_selector_all("#cut-rows code", "all => all.map(one => one.textContent)")
        assert shown == [row["id"] for row in card["cut"]["listed"]] and len(shown) == 10
        for name in ("Length of the examples", "Cut examples"):
            assert visit.page.locator(f"svg:has(> title:text-is('{name}')):visible").count() == 1
        assert visit.page.locator("details.sample").count() == len(card["samples"]) > 0


def test_what_a_form_verdict_cannot_say_is_said(browser: Any, reported: Reported) -> None:
    run, _ = reported
    with Visit(browser, run.file("report.html"), 375) as visit:
        text = visit.page.inner_text("main")
        assert "form only: the words are not medically right" in text
        assert "rubric: unreviewed" in text and "Not clinically validated" in text
        assert "UNFIT. Do not follow any answer in this section." in text
        assert visit.page.locator("#emergency ~ article .unfit").count() == 4
        assert visit.page.get_by_text("UNFIT", exact=True).count() == 4


def test_nothing_released_is_said_with_its_reason(browser: Any, nothing_released: Reported) -> None:
    run, report = nothing_released
    with Visit(browser, run.file("report.html"), 1280) as visit:
        panel = visit.page.inner_text(".verdict-panel")
    assert "NOTHING RELEASED" in panel and "no build passed the gate" in panel.lower()
    assert report["headline"]["released"] is None


def test_paper_shows_what_is_folded_on_the_screen(browser: Any, reported: Reported) -> None:
    run, _ = reported
    with Visit(browser, run.file("report.html"), 1280) as visit:
        visit.page.emulate_media(media="print")
        assert not visit.page.locator("nav").is_visible()
        assert len(visit.page.pdf()) > 50_000


def look_up(report: Any, place: str) -> Any:
    """The value at a dotted place of report.json; keys may hold dots themselves."""
    value, parts = report, place.split(".")
    while parts:
        if isinstance(value, list):
            value = value[int(parts.pop(0))]
            continue
        for length in range(len(parts), 0, -1):
            key = ".".join(parts[:length])
            if key in value:
                value, parts = value[key], parts[length:]
                break
        else:
            raise AssertionError(f"{place} is not in report.json")
    return value


def _ways(value: Any) -> set[str]:
    """Every way in which the page may write a value."""
    ways = {formats.plain(value)}
    if isinstance(value, int | float) and not isinstance(value, bool):
        ways |= {
            formats.percent(value),
            formats.points(value),
            f"{value:.3f}",
            f"{value:.2f}",
            f"{value:.4f}",
            f"{value:.5f}",
            f"{value:,.0f}",
            str(value),
        }
        ways |= {formats.plural(value, "document"), formats.plural(value, "row")}
        if value >= 0:
            ways |= {formats.size(value), formats.duration(value)}
    return ways


def _table(visit: Visit, selector: str) -> list[list[str]]:
    rows: list[list[str]] = visit.page.eval_on_selector_all(
        f"{selector} tbody tr", "all => all.map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    )
    return [[re.sub(r"\s+", " ", cell) for cell in row] for row in rows]
