"""Bad input through the command `medtune collect`: a message with what to do next, or a counted row that is named."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from pages import Answer, Asked, site
from served import HUB_COMMIT, HUB_NAME, NHS_ROOT, Ncbi, article, article_set, hub_of, label, nhs_site, paged

from medtune.cli.main import cli
from medtune.collect.web.pace import Pace
from medtune.core.io import read_json, read_jsonl
from medtune.runs.layout import RECORDS, REJECTED, SOURCES, RunDir

Reply = Callable[[Asked], Answer]
KEYS = ("OPENFDA_API_KEY", "NCBI_API_KEY", "NCBI_EMAIL", "CDC_APP_TOKEN", "HF_TOKEN", "HF_ENDPOINT", "NHS_API_KEY")
HTML = Answer(b"<!doctype html><html><body>We are sorry. The service is down.</body></html>")
BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
SECTIONS: dict[str, dict[str, Any]] = {
    "openfda": {"kind": "openfda", "search": "x", "page_size": 2},
    "pubmed": {"kind": "pubmed", "query": "asthma"},
    "baseline": {"kind": "pubmed", "baseline": ["pubmed26n0001.xml.gz"]},
    "nhs": {"kind": "nhs", "pages": ["conditions/acne"]},
    "nhs-list": {"kind": "nhs", "lists": ["conditions"]},
    "cdc": {"kind": "cdc", "topic": "influenza"},
    "cdc-table": {"kind": "cdc", "table": "aaaa-bbbb"},
    "hub": {"kind": "hub", "dataset": HUB_NAME, "revision": HUB_COMMIT},
}


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No key is set, and nothing is waited for: the waits are written down."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    waited: list[float] = []
    monkeypatch.setattr(
        "medtune.collect.web.open.Pace", lambda requests, window_s, **_: Pace(requests, window_s, sleep=waited.append)
    )
    return waited


def collect(folder: Path, *sections: dict[str, Any]) -> tuple[int, str, RunDir]:
    """Exit code and words of the command, and the run."""
    file = folder / "bad.yaml"
    file.write_text(yaml.safe_dump({"name": "bad", "collect": {"sources": list(sections)}}))
    done = CliRunner().invoke(cli, ["collect", str(file), "--runs", str(folder / "runs")], prog_name="medtune")
    assert "Traceback" not in done.output and "crash" not in done.output, done.output
    return done.exit_code, done.output, RunDir(folder / "runs" / "bad")


def fetch(folder: Path, name: str, reply: Reply, **more: Any) -> tuple[int, str, RunDir]:
    with site(reply) as server:
        section = {**SECTIONS[name], **more}
        where = {"address": server.address + (NHS_ROOT if section["kind"] == "nhs" else "")}
        if section["kind"] == "pubmed":
            where["baseline_address"] = server.address
        if section["kind"] == "cdc":
            where["table_address"] = server.address
        return collect(folder, {**section, **where})


def refused(outcome: tuple[int, str, RunDir], *words: str) -> None:
    code, said, run = outcome
    assert code == 2 and "next:" in said, said
    assert [word for word in words if word not in said] == [], said
    assert not run.stage("collect").exists(), "nothing counts as finished"


def answers(body: bytes, status: int = 200) -> Reply:
    return lambda _: Answer(body, status)


def batch(body: bytes) -> Reply:
    """A good search, and this as every batch of articles."""
    search = Ncbi(3)
    return lambda asked: search(asked) if asked.path.endswith("esearch.fcgi") else Answer(body)


@pytest.mark.parametrize("name", ["openfda", "pubmed", "nhs", "nhs-list", "cdc", "cdc-table", "hub"])
def test_truncated_json(tmp_path: Path, name: str) -> None:
    refused(fetch(tmp_path, name, answers(b'{"results": [{"id": "1", ')), "not JSON, or was cut off")


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_an_error_page_of_status_200(tmp_path: Path, name: str) -> None:
    refused(fetch(tmp_path, name, lambda _: HTML), "in 6 tries")


@pytest.mark.parametrize("name", ["openfda", "pubmed", "nhs", "nhs-list", "cdc", "cdc-table", "hub"])
@pytest.mark.parametrize(
    "body",
    [
        b"{}", b"[]", b'"text"', b"5", b"null", b"[1]", b'{"error": "no"}', b'{"results": [1]}', b'{"results": {}}',
        b'{"results": [{}]}', b'{"results": [1], "meta": 5}', b'{"results": [1], "meta": {}}',
        b'{"results": [{"mediaType": "html"}], "meta": {}}', b'{"results": [], "meta": {"status": "bad"}}',
        b'{"results": [], "meta": {"pagination": 5}}', b'{"@type": 1, "hasPart": 5, "mainEntityOfPage": 5}',
        b'{"@type": 1, "significantLink": [5], "relatedLink": [5]}', b'{"@type": 1, "significantLink": 5}',
        b'{"esearchresult": {"count": "1", "idlist": 5}}', b'{"esearchresult": {"count": "1", "idlist": [{}]}}',
        b'[{"type": "file"}]', b'[{"type": "file", "path": 5}]',
    ],
    ids=lambda body: body.decode(),
)  # fmt: skip
def test_json_of_another_shape_is_never_a_crash(tmp_path: Path, name: str, body: bytes) -> None:
    outcome = fetch(tmp_path, name, answers(body))
    if name == "cdc-table" and body.startswith(b'[{"type"'):
        assert outcome[0] == 0, "any object is a row of a table"
    else:
        refused(outcome)


def test_an_id_that_would_leave_the_folder(tmp_path: Path) -> None:
    media = {"meta": {}, "results": [{"id": "../../../out", "mediaType": "html"}]}
    refused(fetch(tmp_path, "cdc", answers(json.dumps(media).encode())), "no list of media")
    assert not list(tmp_path.rglob("out*"))


def test_truncated_xml_and_gzip(tmp_path: Path) -> None:
    whole = article_set(article(1))
    refused(fetch(tmp_path, "pubmed", batch(whole[:-30])), "malformed XML, or cut off", "batch-00000.xml")
    packed = gzip.compress(whole)
    refused(fetch(tmp_path, "baseline", answers(packed[:-12])), "not a whole gzip file", "pubmed26n0001.xml.gz")
    (tmp_path / "cut.xml.gz").write_bytes(packed[:-12])
    refused(collect(tmp_path, {"kind": "pubmed", "path": "cut.xml.gz"}), "not a whole gzip file", "cut.xml.gz")
    (tmp_path / "cut.xml").write_bytes(whole[:-30])
    refused(collect(tmp_path, {"kind": "pubmed", "path": "cut.xml"}), "malformed XML, or cut off", "cut.xml")


@pytest.mark.parametrize("start", [BOMB, OUTSIDE], ids=["bomb", "external entity"])
def test_xml_that_declares_entities(tmp_path: Path, start: bytes) -> None:
    text = start + article_set(article(1)).split(b"?>")[1].replace(b"Title 1", b"&b;" if start == BOMB else b"&x;")
    refused(fetch(tmp_path, "pubmed", batch(text)), "XML")
    (tmp_path / "a.xml").write_bytes(text)
    refused(collect(tmp_path, {"kind": "pubmed", "path": "a.xml"}), "declares entities", "a.xml")
    (tmp_path / "medquad").mkdir()
    (tmp_path / "medquad" / "a.xml").write_bytes(start + b"<Document><Focus>x</Focus></Document>")
    refused(collect(tmp_path, {"kind": "medquad", "path": "medquad"}), "1 unreadable")


def test_a_page_that_repeats_for_ever(tmp_path: Path) -> None:
    link = {"Link": '<https://x/?a=b>; rel="next"'}
    same = Answer(json.dumps({"results": [label(1)]}).encode(), headers=link)
    refused(fetch(tmp_path, "openfda", lambda _: same), "page-000002.json", "for ever", "limit")
    rows = json.dumps([{"a": "1"}] * 1000).encode()
    refused(fetch(tmp_path, "cdc-table", answers(rows)), "for ever")
    media = {"meta": {"pagination": {"totalPages": 9}}, "results": [{"id": 1, "mediaType": "Video"}]}
    refused(fetch(tmp_path, "cdc", answers(json.dumps(media).encode())), "for ever")
    listed = {"@type": "x", "significantLink": [], "relatedLink": [{"name": "Next Page", "url": "https://x/?page=2"}]}
    refused(fetch(tmp_path, "nhs-list", answers(json.dumps(listed).encode())), "for ever")


def test_a_clock_that_is_wrong_on_either_side(tmp_path: Path, waits: list[float]) -> None:
    late = {"Date": "Fri, 01 Jan 2100 00:00:00 GMT", "Retry-After": "Fri, 01 Jan 2100 00:00:09 GMT"}
    early = {"Date": "Thu, 01 Jan 1970 00:00:30 GMT", "Retry-After": "Thu, 01 Jan 1970 00:00:10 GMT"}
    broken = {0: Answer(b"", 429, late), 1: Answer(b"", 503, early)}
    code, said, run = fetch(tmp_path, "openfda", paged([label(1), label(2)], broken))
    assert code == 0, said
    assert waits == [9.0, 0.0]
    assert len(list(read_jsonl(run.stage("collect") / RECORDS))) == 2


@pytest.mark.parametrize(
    ("name", "answer", "variable"),
    [
        ("openfda", Answer(b'{"error": {"code": "API_KEY_INVALID"}}', 403), "OPENFDA_API_KEY"),
        ("pubmed", Answer(b'{"error":"API key invalid","api-key":"wrong","type":"client"}', 400), "NCBI_API_KEY"),
        ("cdc-table", Answer(b'{"code": "permission_denied", "message": "Invalid app_token"}', 403), "CDC_APP_TOKEN"),
        ("hub", Answer(b"gated", 401), "HF_TOKEN"),
    ],
)
def test_a_wrong_key_says_how_to_set_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, answer: Answer, variable: str
) -> None:
    monkeypatch.setenv(variable, "s3cret")
    outcome = fetch(tmp_path, name, lambda _: answer)
    refused(outcome, f"export {variable}=", "key is missing or wrong")
    assert "s3cret" not in outcome[1]
    assert all(b"s3cret" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_wrong_key_of_the_nhs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NHS_API_KEY", "s3cret")
    refused(fetch(tmp_path, "nhs", nhs_site), "export NHS_API_KEY=", "key is missing or wrong")


def test_a_query_that_finds_nothing(tmp_path: Path) -> None:
    none = Answer(b'{"error": {"code": "NOT_FOUND", "message": "No matches found!"}}', 404)
    refused(fetch(tmp_path, "openfda", lambda _: none), "knows no label for 'x'")
    refused(fetch(tmp_path, "pubmed", Ncbi(0)), "no article with an abstract")
    refused(fetch(tmp_path, "cdc", answers(b'{"meta": {}, "results": []}')), "nothing with text")
    refused(fetch(tmp_path, "cdc-table", answers(b"[]")), "nothing with text")
    refused(fetch(tmp_path, "nhs", answers(b"{}", 404)), "none of these pages holds text")
    refused(fetch(tmp_path, "hub", hub_of({"README.md": b"x"})), "no such data file")


def test_tables_with_formulas_long_rows_and_two_encodings(tmp_path: Path) -> None:
    rows = ["question,answer", "Q1,A1", 'Q2,"=HYPERLINK(""http://x"",""y"")"', "Q3,=cmd|calc", "Q4," + "a" * 5_000_000]
    (tmp_path / "rows.csv").write_text("\n".join(rows) + "\n")
    code, said, run = collect(tmp_path, {"kind": "files", "path": "rows.csv"})
    assert code == 0, said
    (facts,) = read_json(run.stage("collect") / SOURCES)
    assert facts["dropped"] == {"a cell holds a formula": 2, "row of more than a million characters": 1}
    left_out = [row for _, row in read_jsonl(run.stage("collect") / REJECTED)]
    assert left_out == [
        {"id": f"rows/rows.csv:{line}", "step": "collect", "reason": reason}
        for line, reason in ((3, "a cell holds a formula"), (4, "a cell holds a formula"),
                             (5, "row of more than a million characters"))
    ]  # fmt: skip
    (tmp_path / "mixed.csv").write_bytes("question,answer\nQ1,fièvre\n".encode() + "Q2,fièvre\n".encode("latin-1"))
    outcome = collect(tmp_path, {"kind": "files", "path": "mixed.csv"})
    assert outcome[0] == 2 and "not UTF-8" in outcome[1] and "mixed.csv:3" in outcome[1] and "iconv" in outcome[1]


def test_records_of_one_id_are_all_kept_and_named(tmp_path: Path) -> None:
    labels = [label(1), label(2), label(1, indications_and_usage=["Another use."])]
    code, said, run = fetch(tmp_path, "openfda", paged(labels))
    assert code == 0, said
    ids = [row["id"] for _, row in read_jsonl(run.stage("collect") / RECORDS)]
    assert ids == ["openfda/id-1", "openfda/id-2", "openfda/id-1~2"]
    warnings = read_json(run.stage("collect") / "manifest.json")["warnings"]
    assert warnings == ["openfda: 1 records had an id that was taken and got a suffix: openfda/id-1~2"]


def test_every_row_that_is_left_out_is_named(tmp_path: Path) -> None:
    rights = "All rights reserved, AI training among them."
    articles = article_set(article(1), article(2, rights=rights), article(3, kind="Retracted Publication"))
    (tmp_path / "a.xml").write_bytes(articles.replace(b"</PubmedArticleSet>", b"<PubmedArticle/></PubmedArticleSet>"))
    code, said, run = collect(tmp_path, {"kind": "pubmed", "path": "a.xml"})
    assert code == 0, said
    left_out = {row["id"]: row["reason"] for _, row in read_jsonl(run.stage("collect") / REJECTED)}
    assert left_out == {
        "pubmed/2": "its copyright notice reserves the training of AI",
        "pubmed/3": "retracted, or a notice of it",
        "pubmed/a.xml:4": "article without a PMID",
    }
    code, said, run = fetch(tmp_path, "openfda", paged([label(1), label(2, openfda={}), {"indications_and_usage": []}]))
    assert code == 0, said
    left_out = {row["id"]: row["reason"] for _, row in read_jsonl(run.stage("collect") / REJECTED)}
    assert left_out == {
        "openfda/id-2": "label without a drug's name",
        "openfda/page-000002.json:3": "label without an id",
    }
    for path in run.stage("collect").glob("*.json*"):
        assert path.stat().st_mode & 0o777 == 0o600
