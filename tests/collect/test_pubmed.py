import gzip
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from desk import Collected, read_source
from pages import Answer, Site, site
from served import Ncbi, article, article_set

from medtune.collect.source import SourceInput
from medtune.collect.sources import pubmed
from medtune.collect.sources.pubmed_article import article_record, reserves_training
from medtune.collect.xml import XmlError, elements, inline_text
from medtune.config.collect import PubmedSource
from medtune.core.errors import DataError, ServerError

PAYLOADS = Path(__file__).parent / "payloads" / "pubmed"
RATE_LIMIT = Answer((PAYLOADS / "eutils_rate_limit_error.json").read_bytes())
HTML = Answer((PAYLOADS / "pubmed3.html").read_bytes())
GONE = Answer(
    b"<?xml version='1.0'?><eFetchResult><ERROR>Unable to obtain query_key, WebEnv gone</ERROR></eFetchResult>"
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(pubmed.KEY_VARIABLE, raising=False)
    from medtune.collect.web.pace import Pace

    monkeypatch.setattr(
        "medtune.collect.web.open.Pace", lambda requests, window_s, **_: Pace(requests, window_s, sleep=lambda _s: None)
    )


def collect(server: Site | None, raw: Path, path: Path | None = None, **section: Any) -> Collected:
    where = {"address": server.address, "baseline_address": server.address} if server else {}
    wanted = PubmedSource(kind="pubmed", path=str(path) if path else None, **where, **section)
    return read_source(pubmed.collect, wanted, SourceInput(path, "pubmed"), raw)


def test_a_query_in_batches(tmp_path: Path) -> None:
    with site(Ncbi(450)) as server:
        found = collect(server, tmp_path, query="asthma")
    assert [record.id for record in found.records] == [f"pubmed/{1000 + number}" for number in range(450)]
    assert [request.params.get("retstart") for request in server.asked] == [None, "0", "200", "400"]
    assert {request.params.get("WebEnv") for request in server.asked[1:]} == {"MCID_1"}


@pytest.mark.parametrize("trouble", [RATE_LIMIT, HTML, Answer(article_set(article(1)), cut=True), Answer(b"", 429)])
def test_trouble_on_the_way(tmp_path: Path, trouble: Answer) -> None:
    with site(Ncbi(450, {0: trouble, 2: trouble, 4: trouble})) as server:
        found = collect(server, tmp_path, query="asthma")
    assert len({record.id for record in found.records}) == len(found.records) == 450
    assert len(server.asked) == 4 + 3


def test_a_history_that_expired_is_asked_by_ids(tmp_path: Path) -> None:
    with site(Ncbi(300, {2: GONE})) as server:
        found = collect(server, tmp_path, query="asthma")
        assert len({record.id for record in found.records}) == 300
        asked = len(server.asked)
        assert "id" in server.asked[3].params
        assert collect(server, tmp_path, query="asthma").records == found.records
        assert len(server.asked) == asked, "the second time all stands in the snapshot"


def test_a_killed_collection_repeats_no_request(tmp_path: Path) -> None:
    with site(Ncbi(450, {3: Answer(b"", 403)})) as server:
        with pytest.raises(ServerError, match=pubmed.KEY_VARIABLE):
            collect(server, tmp_path, query="asthma")
        found = collect(server, tmp_path, query="asthma")
    assert len({record.id for record in found.records}) == len(found.records) == 450
    starts = [request.params.get("retstart") for request in server.asked]
    assert starts == [None, "0", "200", "400", "400"]


def test_more_than_one_query_can_give(tmp_path: Path) -> None:
    with site(Ncbi(12_000)) as server, pytest.raises(DataError, match="finds 12000 articles"):
        collect(server, tmp_path, query="asthma")


def test_an_empty_result(tmp_path: Path) -> None:
    with site(Ncbi(0)) as server, pytest.raises(DataError, match="no article"):
        collect(server, tmp_path, query="asthma")


def test_baseline_files_are_streamed_and_checked(tmp_path: Path) -> None:
    packed = gzip.compress(article_set(*(article(number) for number in range(1, 40))))
    answers = [Answer(packed[: len(packed) // 2]), HTML, Answer(packed)]
    with site(lambda asked: answers[asked.number]) as server:
        found = collect(server, tmp_path, baseline=("pubmed26n0001.xml.gz",), limit=30)
    assert len(found.records) == 30
    assert len(server.asked) == 3


def test_recorded_answers() -> None:
    records = {record.id: record for record in collect(None, Path("unused"), PAYLOADS).records}
    assert set(records) == {f"pubmed/{pmid}" for pmid in (27797938, 30108519, 29963580, 22663011)}
    labelled = records["pubmed/22663011"]
    assert len(labelled.passages) == 4
    assert records["pubmed/30108519"].topic.startswith('A "')
    assert len(records["pubmed/30108519"].topic) > 40, "an inline tag does not end a title"
    for record in records.values():
        for passage in record.passages:
            assert not re.search(r"</?[A-Za-z]|mml", passage.text)
    assert any("P<0.001" in passage.text for passage in labelled.passages), "a bare sign is no markup"


def test_markup_that_carries_meaning_stays() -> None:
    def text(markup: str) -> str:
        return inline_text(fromstring(f"<t>{markup}</t>"))

    assert text("10<sup>9</sup>/L, m<sup>2</sup>, CO<sub>2</sub>, K<sup>+</sup>") == "10^9/L, m^2, CO2, K+"
    assert text("<i>BRCA1</i> p &lt; 0.05, \u03b2-blocker") == "BRCA1 p < 0.05, \u03b2-blocker"
    assert text("<mfrac><mi>a</mi><mn>2</mn></mfrac> <msup><mn>10</mn><mn>-3</mn></msup>") == "a/2 10^-3"


@pytest.mark.parametrize(
    ("rights", "reserved"),
    [
        (
            "All rights are reserved, including those for text and data mining, AI training, and similar technologies.",
            True,
        ),
        ("No part may be used to train artificial intelligence systems.", True),
        ("Copyright 2001 Academic Press.", False),
        ("All rights reserved. No commercial use is permitted unless otherwise expressly granted.", False),
        ("Published under a Creative Commons Attribution 4.0 licence. AI tools were used in editing.", False),
    ],
)
def test_notices_that_reserve_training(rights: str, reserved: bool) -> None:
    assert reserves_training(rights) is reserved
    record = article_record(fromstring(article(7, rights=rights)), "pubmed")
    assert isinstance(record, str) is reserved
    if not isinstance(record, str):
        assert rights in record.licence


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    kept = article(1)
    body = article_set(kept, article(2, kind="Retracted Publication"), article(3, rights="AI training reserved."))
    (tmp_path / "a.xml").write_bytes(body.replace(b"</PubmedArticleSet>", b"<PubmedArticle/></PubmedArticleSet>"))
    found = collect(None, tmp_path / "raw", tmp_path / "a.xml")
    assert found.facts.kept == 1
    assert sum(found.facts.dropped.values()) == 3
    assert found.facts.rows == 4


@pytest.mark.parametrize(
    "text",
    [
        b'<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><PubmedArticleSet>&b;</PubmedArticleSet>',
        b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><PubmedArticleSet>&a;</PubmedArticleSet>',
        b"<a>" * 500,
        b"<PubmedArticleSet><PubmedArticle>",
        b"",
    ],
)
def test_hostile_or_broken_xml(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(XmlError):
        list(elements([text], frozenset({"PubmedArticle"})))
    (tmp_path / "a.xml").write_bytes(text)
    with pytest.raises(DataError, match="not readable"):
        collect(None, tmp_path / "raw", tmp_path / "a.xml")
