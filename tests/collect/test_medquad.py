from pathlib import Path

import pytest
from datarun import document
from desk import Collected, read_source
from hypothesis import given
from hypothesis import strategies as st

from medtune.collect.source import SourceInput
from medtune.collect.sources import medquad
from medtune.collect.sources.medquad_xml import DocumentError, parse_document
from medtune.config.collect import MedquadSource
from medtune.core.errors import DataError

PAIRS = [("information", "What is (are) Pox ?", "Pox is a made-up illness."), ("causes", "What causes Pox ?", "")]
# What XML can hold; carriage returns are left out because every XML reader turns them into line feeds.
XML_TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Cn"), whitelist_characters="\n\t"), min_size=1, max_size=60
)


def collect(path: Path | None, limit: int | None = None) -> Collected:
    return read_source(medquad.collect, MedquadSource(kind="medquad", limit=limit), SourceInput(path, "medquad"))


def folder(tmp_path: Path, **documents: str | bytes) -> Path:
    for name, content in documents.items():
        path = tmp_path / "xml" / f"{name}.xml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path / "xml"


def test_a_record_says_where_it_comes_from(tmp_path: Path) -> None:
    found = collect(folder(tmp_path, a=document("Pox  fever", PAIRS, name="0000007")))
    (record,) = found.records
    assert record.id == "medquad/GARD/0000007/1"
    assert record.document == "medquad/GARD/0000007"
    assert (record.topic, record.question_type, record.answer) == (
        "Pox fever",
        "information",
        "Pox is a made-up illness.",
    )
    assert record.licence == "CC BY 4.0"
    assert record.url == "https://example.org/0000007"
    assert found.facts.public
    assert found.facts.dropped == {"no answer": 1}
    assert found.facts.rows == found.facts.kept + sum(found.facts.dropped.values()) == 2


def test_bad_documents_are_counted_and_named(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Document id="9"><Focus>&b;</Focus></Document>'
    outside = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><Document id="9"><Focus>&a;</Focus></Document>'
    good = document("Pox", PAIRS)
    found = collect(
        folder(tmp_path, a=good, bomb=bomb, cut=good[:-30], empty="", outside=outside, other="<rss/>", raw=b"\xff\x00<")
    )
    assert [record.topic for record in found.records] == ["Pox"]
    assert found.facts.dropped == {
        "XML with a document type declaration": 2,
        "malformed XML": 3,
        "no answer": 1,
    }
    assert found.facts.rows == found.facts.kept + sum(found.facts.dropped.values())
    named = " ".join(found.warnings)
    assert all(f"{name}.xml" in named for name in ("bomb", "cut", "empty", "outside", "raw"))
    assert "1 documents hold no question" in named


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_declared_encodings(encoding: str) -> None:
    text = document("Ménière", PAIRS).replace("UTF-8", encoding)
    assert parse_document(text.encode(encoding)).topic == "Ménière"


@given(XML_TEXT, XML_TEXT)
def test_texts_come_back(topic: str, answer: str) -> None:
    parsed = parse_document(document(topic, [("information", "What?", answer)]).encode())
    assert parsed.topic == " ".join(topic.split())
    assert parsed.pairs[0].answer == answer.strip()


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda data: b"<Document>" + data))
def test_any_bytes_give_a_document_or_its_error(data: bytes) -> None:
    try:
        parse_document(data)
    except DocumentError as error:
        assert str(error) in {"malformed XML", "XML with a document type declaration"}


def test_documents_of_the_same_id_stay_apart(tmp_path: Path) -> None:
    found = collect(folder(tmp_path, a=document("One", PAIRS), b=document("Two", PAIRS), c=document("Three", PAIRS)))
    assert [(record.topic, record.document) for record in found.records] == [
        ("One", "medquad/GARD/0000001"),
        ("Two", "medquad/GARD/0000001~2"),
        ("Three", "medquad/GARD/0000001~3"),
    ]
    assert len({record.id for record in found.records}) == 3


def test_pairs_of_the_same_number_get_a_suffix(tmp_path: Path) -> None:
    text = document("Pox", [PAIRS[0], ("causes", "Why?", "Nobody knows why.")]).replace("0000001-2", "0000001-1")
    found = collect(folder(tmp_path, a=text))
    assert [record.id for record in found.records] == ["medquad/GARD/0000001/1", "medquad/GARD/0000001/1~2"]
    assert any("had an id that was taken and got a suffix: " in text for text in found.warnings)


def test_limit_takes_the_first_documents_in_order(tmp_path: Path) -> None:
    path = folder(tmp_path, b=document("B", PAIRS, name="2"), a=document("A", PAIRS, name="1"))
    assert [record.topic for record in collect(path, limit=1).records] == ["A"]


@pytest.mark.parametrize(
    ("name", "words"), [("gone", "no such file"), ("a.pdf", "neither a folder"), ("none", "no XML file")]
)
def test_unusable_paths(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "a.pdf").write_text("x")
    with pytest.raises(DataError) as caught:
        collect(tmp_path / name)
    assert words in caught.value.what
    assert caught.value.where == str(tmp_path / name)


def test_nothing_answered_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no question with an answer in 1 documents"):
        collect(folder(tmp_path, a=document("Pox", PAIRS[1:])))


def test_the_older_root_element_is_read(tmp_path: Path) -> None:
    text = document("Pox", PAIRS).replace("<Document id=", "<DiseaseFile fid=").replace("</Document>", "</DiseaseFile>")
    assert [record.document for record in collect(folder(tmp_path, a=text)).records] == ["medquad/GARD/0000001"]
